"""Intervals of any statistic over places: places drawn with replacement, neighbours together."""

import warnings
from collections.abc import Callable

import numpy as np

from soilbook.data import easegrid
from soilbook.studies.smap.prolongation_scores import blocks

LEAST_GROUPS = 3  # fewer hold too few different draws for an interval


def neighbours(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Number of the block of the 36 km grid (12 pixels, 430 km) in which each place lies."""
    return blocks(*easegrid.row_column(latitude, longitude))


def interval(
    statistic: Callable[[np.ndarray], float],
    values: np.ndarray,
    groups: np.ndarray | None = None,
    n_replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of ``statistic(values)`` with ``values`` (place, ...).

    Whole ``groups`` (place,) are drawn, by default every place on its own. A draw that leaves the
    statistic undefined (NaN) does not count. NaN for fewer than three groups.
    """
    values = np.asarray(values)
    groups = np.arange(len(values)) if groups is None else np.asarray(groups)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    if len(members) < LEAST_GROUPS:
        return np.nan, np.nan
    random = np.random.default_rng(seed)
    draws = random.integers(len(members), size=(n_replicates, len(members)))
    found = [statistic(values[np.concatenate([members[k] for k in draw])]) for draw in draws]
    tail = (1 - level) / 2
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "All-NaN slice", RuntimeWarning
        )  # gives NaN, as it should
        low, high = np.nanquantile(found, (tail, 1 - tail))
    return float(low), float(high)
