"""Geometry of the global EASE-Grid 2.0, the grid of SMAP, at 36 and 9 km.

A cylindrical equal-area projection of the WGS 84 ellipsoid, true at 30 degrees: Brodzik et al.
(2012), doi 10.3390/ijgi1010032, with the cell sizes of the correction (2014),
doi 10.3390/ijgi3031154, by which 4 x 4 cells of 9 km make up one of 36 km. Row 0 is the
northernmost and column 0 begins at 180 W.
"""

from dataclasses import dataclass

import numpy as np

from soilbook.errors import ParameterError, unknown

EQUATORIAL_RADIUS = 6378137.0  # m, WGS 84
ECCENTRICITY = np.sqrt(1 / 298.257223563 * (2 - 1 / 298.257223563))
TRUE_LATITUDE = np.deg2rad(30.0)
SCALE = np.cos(TRUE_LATITUDE) / np.sqrt(1 - (ECCENTRICITY * np.sin(TRUE_LATITUDE)) ** 2)


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


def thinned(rows, columns, offset: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """One 9 km cell of the 4 x 4 in each 36 km cell: section II-B takes "one pixel out of 4 x 4".

    The paper does not say which one; row and column ``offset`` (0..3) of the 4 are taken, by
    default the one south-east of the 36 km cell's centre.
    """
    if offset not in range(4):
        raise ParameterError(f"offset is {offset!r}; 0, 1, 2 or 3 is allowed")
    return 4 * np.asarray(rows) + offset, 4 * np.asarray(columns) + offset


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
