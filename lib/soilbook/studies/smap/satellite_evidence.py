"""What the claims of Fang et al. (2019) are held against, and what becomes of one."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilbook.fang2019 import runs as place_draws


@dataclass(frozen=True)
class Evidence:
    """Scores, slopes and series of a run; None is what has not been run.

    ``core`` and ``sparse``: ``hindcast.scores``; ``trends``: ``trend_slopes.slopes`` of both kinds
    together; ``one_year`` (place): R of the one-year test with SMAP at the core sites' pixels;
    ``core_result``: ``hindcast.run``, for intervals at single sites.
    """

    core: xr.Dataset | None = None
    sparse: xr.Dataset | None = None
    trends: xr.Dataset | None = None
    one_year: xr.DataArray | None = None
    core_result: xr.Dataset | None = None
    n_replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Found:
    """What became of a claim; ``published`` is NaN where the paper compares and prints nothing."""

    verdict: str
    why: str
    reproduced: float = np.nan
    low: float = np.nan
    high: float = np.nan
    published: float = np.nan


def untestable(why: str) -> Found:
    """A claim that this run cannot decide."""
    return Found("not testable", why)


def interval(
    statistic: Callable[[np.ndarray], float], array: np.ndarray, scores: xr.Dataset, known: Evidence
) -> tuple[float, float]:
    """Interval of a statistic of ``array`` (place, ...): stations of a neighbourhood are drawn
    together, core sites singly."""
    groups = None
    if scores.attrs.get("kind") == "sparse":
        groups = place_draws.neighbours(scores["latitude"].values, scores["longitude"].values)
    return place_draws.interval(
        statistic, array, groups, n_replicates=known.n_replicates, seed=known.seed
    )


def quantile(array: np.ndarray, share: float = 0.5) -> float:
    """Quantile over places; NaN places are left out."""
    with warnings.catch_warnings():
        # A draw without a value gives NaN, as it should.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return float(np.nanquantile(array, share))
