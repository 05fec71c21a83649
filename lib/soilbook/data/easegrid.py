"""Geometry of places and pixels: the EASE-Grid 2.0 of SMAP, great circles, Thiessen weights.

The grid, global at 36 and 9 km, is a cylindrical equal-area projection of the WGS 84 ellipsoid,
true at 30 degrees: Brodzik et al. (2012), doi 10.3390/ijgi1010032, with the cell sizes of the
correction (2014), doi 10.3390/ijgi3031154, by which 4 x 4 cells of 9 km make up one of 36 km. Row 0
is the northernmost and column 0 begins at 180 W. The weights are those of section II-C of Fang et
al. (2019).
"""

from dataclasses import dataclass

import numpy as np

from soilbook.errors import ParameterError, unknown

EQUATORIAL_RADIUS = 6378137.0  # m, WGS 84
ECCENTRICITY = np.sqrt(1 / 298.257223563 * (2 - 1 / 298.257223563))
TRUE_LATITUDE = np.deg2rad(30.0)
SCALE = np.cos(TRUE_LATITUDE) / np.sqrt(1 - (ECCENTRICITY * np.sin(TRUE_LATITUDE)) ** 2)
RADIUS = 6371.0088  # km, mean radius of WGS 84
COVERAGE = 0.5  # share of the pixel that working sensors must stand for


@dataclass(frozen=True)
class Grid:
    """A grid by its number of rows and columns; ``cell`` is the side of a cell (m)."""

    rows: int
    columns: int

    @property
    def cell(self) -> float:
        return 2 * np.pi * EQUATORIAL_RADIUS * SCALE / self.columns


GRIDS = {"36km": Grid(406, 964), "9km": Grid(1624, 3856)}


def project(latitude, longitude) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x, y (m) of positions (degrees); areas in this plane are true (Brodzik eq 1)."""
    x = EQUATORIAL_RADIUS * SCALE * np.deg2rad(longitude)
    y = EQUATORIAL_RADIUS * _authalic(np.deg2rad(latitude)) / (2 * SCALE)
    return x, y


def unproject(x, y) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude (degrees) of plane coordinates (m); NaN beyond the poles."""
    longitude = np.rad2deg(np.asarray(x, float) / (EQUATORIAL_RADIUS * SCALE))
    q = 2 * np.asarray(y, float) * SCALE / EQUATORIAL_RADIUS
    ratio = q / _authalic(np.pi / 2)
    phi = np.arcsin(np.where(np.abs(ratio) <= 1, ratio, np.nan))
    # Newton's iteration of Snyder (1987), eq 3-16; it starts at the authalic latitude.
    for _ in range(4):
        sine = np.sin(phi)
        one = 1 - (ECCENTRICITY * sine) ** 2
        slope = 2 * (1 - ECCENTRICITY**2) * np.cos(phi) / one**2
        phi = phi + np.where(slope > 1e-6, (q - _authalic(phi)) / np.maximum(slope, 1e-6), 0)
    return np.rad2deg(phi), longitude


def row_column(latitude, longitude, grid: str = "36km") -> tuple[np.ndarray, np.ndarray]:
    """Row and column (integers from 0) of the cell that holds each position (degrees).

    Raises ParameterError for an unknown grid, or a position off it (beyond 85.04 degrees).
    """
    shape = _grid(grid)
    latitude, longitude = np.asarray(latitude, float), np.asarray(longitude, float)
    x, y = project(latitude, longitude)
    row = np.floor(shape.rows / 2 - y / shape.cell)
    column = np.floor(shape.columns / 2 + x / shape.cell)
    off = ~((row >= 0) & (row < shape.rows) & (column >= 0) & (column < shape.columns))
    off = off | (np.abs(latitude) > 90)  # the projection would fold them back
    if off.any():
        at = [float(np.broadcast_to(c, off.shape)[off].flat[0]) for c in (latitude, longitude)]
        raise ParameterError(
            f"position {at[0]:g}, {at[1]:g} is off the {grid} grid; latitudes from "
            f"-{_edge(shape):.2f} to {_edge(shape):.2f} and longitudes from -180 to 180 are on it"
        )
    return row.astype(int), column.astype(int)


def position(row, column, grid: str = "36km") -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude (degrees) of cell centres; rows and columns may be fractions.

    Raises ParameterError for an unknown grid or a cell off it.
    """
    shape = _grid(grid)
    row, column = np.asarray(row, float), np.asarray(column, float)
    for name, index, size in (("row", row, shape.rows), ("column", column, shape.columns)):
        off = ~((index >= -0.5) & (index <= size - 0.5))
        if off.any():
            raise ParameterError(
                f"{name} {index[off].flat[0]:g} is off the {grid} grid; 0 to {size - 1} are on it"
            )
    x = (column + 0.5 - shape.columns / 2) * shape.cell
    y = (shape.rows / 2 - row - 0.5) * shape.cell
    return unproject(x, y)


def corners(row: int, column: int, grid: str = "36km") -> np.ndarray:
    """Plane coordinates (4 corners, x and y; m) of one cell, counter-clockwise from the SW."""
    shape = _grid(grid)
    west = (column - shape.columns / 2) * shape.cell
    north = (shape.rows / 2 - row) * shape.cell
    east, south = west + shape.cell, north - shape.cell
    return np.array([[west, south], [east, south], [east, north], [west, north]])


def coordinates(rows, columns, grid: str = "36km") -> dict:
    """Coordinates of a Dataset of these cells: pixel (from 0), row, column, latitude, longitude."""
    rows, columns = np.atleast_1d(rows), np.atleast_1d(columns)
    latitude, longitude = position(rows, columns, grid)
    return {
        "pixel": np.arange(rows.size),
        "latitude": ("pixel", latitude),
        "longitude": ("pixel", longitude),
        "row": ("pixel", rows),
        "column": ("pixel", columns),
    }


def great_circle(latitude, longitude, latitude_to, longitude_to) -> np.ndarray:
    """Distance (km) between positions (degrees) that broadcast, by the haversine formula."""
    phi, phi_to = np.deg2rad(latitude), np.deg2rad(latitude_to)
    step = np.deg2rad(np.asarray(longitude_to) - np.asarray(longitude))
    half = np.sin((phi_to - phi) / 2) ** 2 + np.cos(phi) * np.cos(phi_to) * np.sin(step / 2) ** 2
    return 2 * RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1)))


def nearest(latitude, longitude, latitudes, longitudes) -> tuple[np.ndarray, np.ndarray]:
    """Index of the nearest of some places for each position, and its distance (km)."""
    away = great_circle(
        np.asarray(latitude)[:, None], np.asarray(longitude)[:, None], latitudes, longitudes
    )
    at = away.argmin(axis=1)
    return at, away[np.arange(at.size), at]


def thiessen(points, polygon) -> np.ndarray:
    """Share of a polygon's area that is nearer to each point than to any other; sums to 1.

    ``points`` (n, 2) and the corners ``polygon`` (m, 2, in order around a convex shape) are plane
    coordinates in one unit; ``project`` and ``corners`` give some in which areas
    are true. Points may lie outside. Each share is the polygon cut along the perpendicular
    bisectors, so it is exact. Raises ParameterError for two points at one place.
    """
    points, polygon = np.asarray(points, float), np.asarray(polygon, float)
    whole = _area(polygon)
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    apart[np.diag_indices(len(points))] = np.inf
    if apart.min() == 0:
        first, second = np.argwhere(apart == 0)[0]
        raise ParameterError(f"points {first} and {second} are at one place; they must differ")
    shares = np.empty(len(points))
    for k, point in enumerate(points):
        cell = polygon
        for other in np.delete(points, k, axis=0):
            cell = _nearer_half(cell, point, other)
        shares[k] = _area(cell) / whole
    return shares


def average(values, weights) -> np.ndarray:
    """Weighted mean (time,) of the sensors (sensor, time) that report, NaN left out.

    A day on which those stand for less than ``COVERAGE`` of the pixel is NaN.
    """
    values, weights = np.asarray(values, float), np.asarray(weights, float)
    reports = np.isfinite(values)
    covered = weights @ reports
    total = weights @ np.where(reports, values, 0)
    # The shares add up to 1 only to the last digits: half of a pixel is still half.
    enough = covered >= COVERAGE - 1e-9
    return np.where(enough, total / np.where(enough, covered, 1), np.nan)


def _authalic(phi):
    """q of Snyder (1987), eq 3-12, for geodetic latitudes in radians."""
    sine = np.sin(phi)
    e_sine = ECCENTRICITY * sine
    return (1 - ECCENTRICITY**2) * (sine / (1 - e_sine**2) + np.arctanh(e_sine) / ECCENTRICITY)


def _edge(shape: Grid) -> float:
    return float(unproject(0.0, shape.rows / 2 * shape.cell)[0])


def _grid(name: str) -> Grid:
    if name not in GRIDS:
        raise unknown("grid", name, GRIDS)
    return GRIDS[name]


def _nearer_half(polygon: np.ndarray, point: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The part of a convex polygon nearer to ``point`` than to ``other`` (Sutherland-Hodgman)."""
    if not len(polygon):
        return polygon
    normal = other - point
    side = (polygon - (point + other) / 2) @ normal
    corners = []
    for k in range(len(polygon)):
        here, before = side[k], side[k - 1]
        if (here > 0) != (before > 0):
            at = before / (before - here)
            corners.append(polygon[k - 1] + at * (polygon[k] - polygon[k - 1]))
        if here <= 0:
            corners.append(polygon[k])
    return np.array(corners).reshape(-1, 2)


def _area(polygon: np.ndarray) -> float:
    if not len(polygon):
        return 0.0
    x, y = (polygon - polygon[0]).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
