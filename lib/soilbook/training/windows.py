"""From a site's record to windows: splits, the starts that count, and scaling.

Sections 2.1 and 4 of Wang et al. (2024), doi 10.5194/hess-28-917-2024: x_t holds the weather and
soil temperature of day t and the soil moisture of day t-1; the rows x_{t-3}..x_t predict SM_t.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from soilbook import fingerprint, schema
from soilbook.errors import DataError, unknown

N_STEPS = 4
N_LEADS = 7
PARTS = ("training", "validation", "test")
# Consecutive rows without a gap that a start needs in each part; the four days before the target,
# the target, and in validation and test the days of 3 and 7 further steps.
ROWS_NEEDED = {"training": 5, "validation": 8, "test": 12}
VARIANTS = ("paper", "released")
SCALINGS = ("training", "whole")  # part of the record whose range scales it


@dataclass(frozen=True)
class Series:
    """One site and depth, scaled and ready for windows.

    ``x`` (row, feature): x_t of the paper, scaled to [-1, 1], its last column the moisture of the
    day before; row 0 has no day before and NaN there. ``y`` (row): moisture of the day, on the same
    scale. ``starts`` gives for each part the rows s of samples; a sample from s reads the rows
    s+1..s+4 of x and predicts y of s+4, and at lead h y of s+3+h.
    """

    site: str
    depth: float
    x: np.ndarray
    y: np.ndarray
    starts: dict[str, np.ndarray]
    time: np.ndarray
    test_row: int
    minimum: np.ndarray
    maximum: np.ndarray

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of what networks learn from."""
        starts = (self.starts[part] for part in PARTS)
        return fingerprint.of_arrays(self.x, self.y, *starts)

    @property
    def n_features(self) -> int:
        """Number of input features."""
        return self.x.shape[1]

    def unscale(self, y) -> np.ndarray:
        """Scaled soil moisture back to m3 m-3."""
        low, high = self.minimum[-1], self.maximum[-1]
        return (np.asarray(y) + 1) / 2 * (high - low) + low

    def windows(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """All samples of a part: x (sample, step, feature) and y (sample), float32."""
        starts = self.starts[part]
        rows = starts[:, None] + 1 + np.arange(N_STEPS)
        return self.x[rows], self.y[starts + N_STEPS]


def split(n_rows: int) -> dict[str, slice]:
    """Rows of each part of a record: 60 % training, 20 % validation, 20 % test, in this order."""
    validation, test = int(0.6 * n_rows), int(0.8 * n_rows)
    edges = ((0, validation), (validation, test), (test, n_rows))
    return {part: slice(*rows) for part, rows in zip(PARTS, edges, strict=True)}


def series(site: xr.Dataset, depth: float, scaling: str = "training", least: int = 50) -> Series:
    """Cut a site's record at one depth into scaled windows.

    ``scaling`` by minimum and maximum of the ``training`` part, or of the ``whole`` record, test
    part included (the leak of the authors' programs). Raises ParameterError for another scaling,
    DataError naming site, depth and part where fewer than ``least`` training windows or no window
    of another part are free of gaps, or the depth is not there.
    """
    if scaling not in SCALINGS:
        raise unknown("scaling", scaling, SCALINGS)
    name = str(site["site"].item())
    if depth not in site["depth"].values:
        raise DataError(
            f"site {name!r} has no probe at {depth:g} m; "
            f"allowed: {', '.join(f'{d:g}' for d in site['depth'].values)}"
        )
    at_depth = site.sel(depth=depth)
    table = np.column_stack([at_depth[f].values for f in schema.features(site)]).astype(float)
    parts = split(len(table))
    starts = {part: _starts(np.isfinite(table).all(1), part, parts[part]) for part in PARTS}
    for part, needed in zip(PARTS, (least, 1, 1), strict=True):
        if len(starts[part]) < needed:
            raise DataError(
                f"site {name!r}, depth {depth:g} m: {len(starts[part])} windows without a gap in "
                f"the {part} part, at least {needed} needed"
            )
    reference = table[parts["training"]] if scaling == "training" else table
    low, high = np.nanmin(reference, 0), np.nanmax(reference, 0)
    width = np.where(high > low, high - low, 1.0)
    scaled = (2 * (table - low) / width - 1).astype(np.float32)
    x = scaled.copy()
    x[1:, -1], x[0, -1] = scaled[:-1, -1], np.nan
    time, test = site["time"].values, parts["test"].start
    return Series(name, float(depth), x, scaled[:, -1], starts, time, test, low, high)


def _starts(complete: np.ndarray, part: str, rows: slice) -> np.ndarray:
    """Rows s from which the number of complete rows that the part needs follow within ``rows``."""
    needed = ROWS_NEEDED[part]
    if rows.stop - rows.start < needed:
        return np.empty(0, dtype=np.int64)
    runs = np.lib.stride_tricks.sliding_window_view(complete[rows], needed).all(-1)
    return np.flatnonzero(runs).astype(np.int64) + rows.start
