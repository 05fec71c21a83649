"""From the 0.125 degree grid of NLDAS to the pixels of the 36 km EASE-Grid."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook.data import easegrid
from soilbook.errors import DataError

AXES = (("lat", "lon"), ("lat_110", "lon_110"))
WIDTH = easegrid.GRIDS["36km"].columns


@dataclass(frozen=True)
class LatLon:
    """Axes of a file (degrees)."""

    latitude: np.ndarray
    longitude: np.ndarray


def axes_of(file: xr.Dataset, path: Path) -> LatLon:
    """Axes of an opened NLDAS file; DataError if it has none of the pairs in ``AXES``."""
    for pair in AXES:
        if set(pair) <= set(file.variables):
            return LatLon(*(np.asarray(file.variables[axis].values, float) for axis in pair))
    wanted = " or ".join(", ".join(pair) for pair in AXES)
    raise DataError(f"{path}: no coordinates {wanted}; one of these pairs is needed")


class Averages:
    """Means of the cells in each pixel; the cells of a pixel are found once for all files."""

    def __init__(self, rows, columns):
        """Pixels by row and column of the 36 km grid."""
        self.coordinates = easegrid.coordinates(rows, columns)
        numbers = self.coordinates["row"][1] * WIDTH + self.coordinates["column"][1]
        self._pixels, self._place = np.unique(numbers, return_inverse=True)
        self._axes: tuple[bytes, bytes] | None = None
        self._pixel_of_cell = np.empty(0, dtype=int)

    def of(self, path: Path, axes: LatLon, values: np.ndarray) -> np.ndarray:
        """Mean of ``values`` (latitude, longitude) in every pixel, missing cells left out.

        Raises DataError naming the first pixel without a cell in the file.
        """
        key = (axes.latitude.tobytes(), axes.longitude.tobytes())
        if key != self._axes:
            self._pixel_of_cell = self._find(path, axes)
            self._axes = key
        n_pixels = self._pixels.size
        flat = values.ravel()
        known = (self._pixel_of_cell >= 0) & np.isfinite(flat)
        pixel = self._pixel_of_cell[known]
        total = np.bincount(pixel, flat[known], n_pixels)
        count = np.bincount(pixel, minlength=n_pixels)
        means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return means[self._place]

    def _find(self, path: Path, axes: LatLon) -> np.ndarray:
        """Number of the pixel that holds each cell's centre, -1 for none."""
        row, _ = easegrid.row_column(axes.latitude, np.zeros_like(axes.latitude))
        _, column = easegrid.row_column(np.zeros_like(axes.longitude), axes.longitude)
        cell = (row[:, None] * WIDTH + column[None, :]).ravel()
        at = np.searchsorted(self._pixels, cell).clip(max=self._pixels.size - 1)
        found = np.where(self._pixels[at] == cell, at, -1)
        empty = np.setdiff1d(np.arange(self._pixels.size), found)
        if empty.size:
            row, column = divmod(int(self._pixels[empty[0]]), WIDTH)
            raise DataError(
                f"{path}: no cell in the pixel of row {row}, column {column}; the file covers "
                f"latitudes {axes.latitude.min():g} to {axes.latitude.max():g} and longitudes "
                f"{axes.longitude.min():g} to {axes.longitude.max():g}"
            )
        return found
