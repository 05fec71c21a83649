"""The twin's 412 pixels: every 4th row and column of the 36 km EASE-Grid over land.

Fang et al. (2019), section II-A, work on the frame of NLDAS, 25 to 53 N and 67 to 125 W, that is
south Canada and north Mexico as well. Land is drawn here by hand with a few dozen corners; lakes
and mountains where the mission hardly retrieves are cut out of it.
"""

import numpy as np

from soilbook.data import easegrid

ROWS = np.arange(47, 116, 4)
COLUMNS = np.arange(151, 300, 4)
# Corners (longitude, latitude) around the land, from the north-west clockwise.
LAND = (
    (-124.2, 50.2), (-95.6, 50.2), (-95.6, 49.0), (-88.6, 48.6), (-90.2, 47.1), (-88.4, 46.6),
    (-88.0, 44.0), (-87.9, 41.4), (-86.6, 41.4), (-86.4, 43.9), (-85.2, 45.6), (-82.6, 45.4),
    (-82.4, 42.6), (-83.4, 41.3), (-79.2, 42.6), (-79.0, 43.2), (-81.9, 43.0), (-81.0, 44.6),
    (-76.3, 44.0), (-75.5, 45.8), (-70.0, 47.3), (-67.6, 47.3), (-68.6, 44.5), (-70.4, 43.4),
    (-70.6, 41.6), (-73.8, 40.6), (-74.8, 38.9), (-76.2, 36.9), (-77.2, 35.2), (-79.2, 33.2),
    (-81.2, 31.5), (-81.0, 29.2), (-80.2, 26.6), (-81.2, 25.3), (-82.6, 28.0), (-82.9, 29.5),
    (-83.8, 30.0), (-86.0, 30.2), (-89.5, 30.2), (-94.0, 29.6), (-97.2, 27.7), (-97.3, 25.2),
    (-108.8, 25.2), (-110.8, 28.0), (-113.2, 31.2), (-114.7, 31.8), (-113.1, 28.5), (-111.6, 25.9),
    (-112.4, 26.2), (-114.4, 28.4), (-116.2, 31.2), (-117.2, 32.9), (-120.6, 34.6), (-122.4, 37.2),
    (-124.0, 39.9), (-124.2, 43.0), (-124.0, 46.0), (-124.2, 48.0),
)  # fmt: skip
# Corners around what is cut out.
WITHOUT = {
    "Puget Sound": ((-124.3, 48.5), (-121.6, 48.5), (-121.6, 45.6), (-124.3, 45.6)),
    "Northern Rockies": ((-115.2, 47.2), (-113.8, 47.2), (-113.8, 44.2), (-115.2, 44.2)),
    "Lewis Range": ((-113.6, 48.6), (-112.4, 48.6), (-112.4, 47.8), (-113.6, 47.8)),
    "Yellowstone": ((-112.0, 45.4), (-109.4, 45.4), (-109.4, 42.8), (-112.0, 42.8)),
    "Great Salt Lake": ((-112.2, 42.2), (-110.8, 42.2), (-110.8, 41.2), (-112.2, 41.2)),
    "Colorado Rockies": ((-107.4, 40.9), (-105.1, 40.9), (-106.3, 36.9), (-107.4, 36.9)),
    "Sierra Nevada": ((-119.6, 38.2), (-118.3, 38.2), (-118.3, 36.9), (-119.6, 36.9)),
    "Lake Superior": ((-94.2, 47.0), (-88.4, 47.0), (-88.4, 46.0), (-94.2, 46.0)),
    "Lake Erie": ((-83.9, 42.3), (-80.9, 42.3), (-80.9, 41.3), (-83.9, 41.3)),
    "Lake Ontario": ((-79.3, 43.8), (-76.4, 43.8), (-76.4, 42.6), (-79.3, 42.6)),
    "Adirondacks": ((-74.8, 44.2), (-73.4, 44.2), (-73.4, 42.9), (-74.8, 42.9)),
    "White Mountains": ((-71.9, 45.4), (-70.4, 45.4), (-70.4, 42.9), (-71.9, 42.9)),
    "North Maine Woods": ((-70.3, 47.0), (-69.0, 47.0), (-69.0, 46.0), (-70.3, 46.0)),
    "Allegheny Mountains": ((-81.4, 43.2), (-78.2, 43.2), (-78.2, 42.2), (-81.4, 42.2)),
}


def coordinates() -> dict:
    """Coordinates of a Dataset of the pixels: pixel (from 0), row, column, latitude, longitude."""
    columns, rows = (one.ravel() for one in np.meshgrid(COLUMNS, ROWS, indexing="ij"))
    latitude, longitude = easegrid.position(rows, columns)
    land = inside(longitude, latitude, LAND)
    for corners in WITHOUT.values():
        land &= ~inside(longitude, latitude, corners)
    return easegrid.coordinates(rows[land], columns[land])


def inside(x: np.ndarray, y: np.ndarray, corners) -> np.ndarray:
    """Whether points (n,) lie in a polygon: a ray to the right crosses its sides an odd number of
    times."""
    result = np.zeros(x.shape, bool)
    for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y1 != y2:
            crosses = (y1 > y) != (y2 > y)
            result ^= crosses & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return result
