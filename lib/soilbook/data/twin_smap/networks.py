"""Where the twin's probes stand: core sites with many of them, and a sparse network."""

from dataclasses import dataclass

import numpy as np

from soilbook.data import easegrid
from soilbook.data.easegrid import great_circle, nearest
from soilbook.data.twin import streams

STATIONS = 104
SHALLOW = 22  # of them have the two upper probes only: section II-C
DEPTHS = (0.05, 0.10, 0.20, 0.50, 1.0)  # m


@dataclass(frozen=True)
class Core:
    """A core site: position (degrees), number of probe sites and whether they have all depths.

    Positions and numbers after Colliander et al. (2017, doi:10.1016/j.rse.2017.01.021), rounded.
    """

    latitude: float
    longitude: float
    probes: int
    deep: bool = False


# The eight that the paper names; the ninth of its figures is taken to be Reynolds Creek.
CORE = {
    "Reynolds Creek": Core(43.2, -116.75, 20),
    "Carman": Core(49.6, -98.0, 20),
    "Walnut Gulch": Core(31.7, -110.0, 29),
    "Little Washita": Core(34.9, -98.0, 20, deep=True),
    "Fort Cobb": Core(35.4, -98.6, 15, deep=True),
    "Little River": Core(31.5, -83.55, 28, deep=True),
    "St. Josephs": Core(41.45, -85.0, 15),
    "South Fork": Core(42.4, -93.4, 20, deep=True),
    "TxSON": Core(30.3, -98.8, 40, deep=True),
}


def core_pixels(pixels: dict) -> dict[str, int]:
    """Pixel of every core site: the nearest of the 412 that is still free.

    On the twin the site lies in that pixel, since only these have weather.
    """
    latitude, longitude = pixels["latitude"][1], pixels["longitude"][1]
    taken: dict[str, int] = {}
    for name, site in CORE.items():
        away = great_circle(site.latitude, site.longitude, latitude, longitude)
        away[list(taken.values())] = np.inf
        taken[name] = int(away.argmin())
    return taken


def core_points(name: str, row: int, column: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Plane coordinates (m) of a site's probes (probe, 2) and of its pixel's corners (4, 2)."""
    corners = easegrid.corners(row, column)
    spots = streams.uniform(streams.stream(seed, "study 2", name, "spots"), 2 * CORE[name].probes)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return low + spots.reshape(-1, 2) * (high - low), corners


def stations(pixels: dict, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude, longitude (degrees) and pixel of the sparse network's stations, each (station,).

    Spread evenly as the reference network is: each next one in the pixel farthest from those
    taken; at a random place of its pixel. The pixel is the one whose centre is nearest.
    """
    latitude, longitude = pixels["latitude"][1], pixels["longitude"][1]
    bits = streams.stream(seed, "study 2", "stations")
    spots = streams.uniform(bits, 1 + 2 * STATIONS)
    chosen = [int(spots[0] * latitude.size)]
    away = np.full(latitude.size, np.inf)
    while len(chosen) < STATIONS:
        last = chosen[-1]
        away = np.minimum(away, great_circle(latitude[last], longitude[last], latitude, longitude))
        chosen.append(int(away.argmax()))
    chosen = np.sort(chosen)
    rows, columns = pixels["row"][1][chosen], pixels["column"][1][chosen]
    inner = spots[1:].reshape(2, -1) - 0.5
    at = easegrid.position(rows + 0.98 * inner[0], columns + 0.98 * inner[1])
    index, _ = nearest(*at, latitude, longitude)
    return *at, index
