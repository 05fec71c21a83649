"""From a site's record to windows: splits, the starts that count, and scaling.

Sections 2.1 and 4 of Wang et al. (2024), doi 10.5194/hess-28-917-2024: x_t holds the weather and
soil temperature of day t and the soil moisture of day t-1; the rows x_{t-3}..x_t predict SM_t, or
as many of them as a window has.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from soilbook import fingerprint, schema
from soilbook.errors import DataError, unknown
from soilbook.settings import N_STEPS, TRAINING_SHARE

N_LEADS = 7
PARTS = ("training", "validation", "test")
FURTHER = {"training": 0, "validation": 3, "test": 7}  # steps beyond the target that must be there
VARIANTS = ("paper", "released")
SCALINGS = ("training", "whole")  # part of the record whose range scales it


@dataclass(frozen=True)
class Series:
    """One site and depth, scaled and ready for windows.

    ``x`` (row, feature): x_t of the paper, scaled to [-1, 1], its last column the moisture of the
    day before; row 0 has no day before and NaN there. ``y`` (row): moisture of the day, on the same
    scale. ``starts`` gives for each part the rows s of samples; a sample from s reads the rows
    s+1..s+n of x, n being ``n_steps``, and predicts y of s+n, and at lead h y of s+n-1+h. The
    training part are the rows before ``validation_row``.
    """

    site: str
    depth: float
    x: np.ndarray
    y: np.ndarray
    starts: dict[str, np.ndarray]
    time: np.ndarray
    validation_row: int
    test_row: int
    minimum: np.ndarray
    maximum: np.ndarray
    n_steps: int = N_STEPS

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of what networks learn from."""
        starts = (self.starts[part] for part in PARTS)
        return fingerprint.of_arrays(self.x, self.y, *starts, np.array(self.n_steps))

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
        rows = starts[:, None] + 1 + np.arange(self.n_steps)
        return self.x[rows], self.y[starts + self.n_steps]


def rows_needed(part: str, n_steps: int = N_STEPS) -> int:
    """Consecutive rows without a gap that a start needs: the days before the target, the target,
    and in validation and test the days of 3 and 7 further steps."""
    return n_steps + 1 + FURTHER[part]


def split(n_rows: int, training: float = TRAINING_SHARE) -> dict[str, slice]:
    """Rows of each part of a record in their order: the share that trains, 60 % in the paper, and
    half of the others for validation and for test each."""
    validation, test = int(training * n_rows), int((training + 1) / 2 * n_rows)
    edges = ((0, validation), (validation, test), (test, n_rows))
    return {part: slice(*rows) for part, rows in zip(PARTS, edges, strict=True)}


def series(
    site: xr.Dataset,
    depth: float,
    scaling: str = "training",
    least: int = 50,
    training: float = TRAINING_SHARE,
    n_steps: int = N_STEPS,
) -> Series:
    """Cut a site's record at one depth into scaled windows of ``n_steps`` days; ``training`` is the
    share of its days that trains.

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
    parts = split(len(table), training)
    complete = np.isfinite(table).all(1)
    starts = {part: _starts(complete, rows_needed(part, n_steps), parts[part]) for part in PARTS}
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
    edges = (parts[part].start for part in PARTS[1:])
    time = site["time"].values
    return Series(name, float(depth), x, scaled[:, -1], starts, time, *edges, low, high, n_steps)


def _starts(complete: np.ndarray, needed: int, rows: slice) -> np.ndarray:
    """Rows s from which ``needed`` complete rows follow within ``rows``."""
    if rows.stop - rows.start < needed:
        return np.empty(0, dtype=np.int64)
    runs = np.lib.stride_tricks.sliding_window_view(complete[rows], needed).all(-1)
    return np.flatnonzero(runs).astype(np.int64) + rows.start
