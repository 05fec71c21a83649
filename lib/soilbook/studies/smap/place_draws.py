"""Intervals of any statistic over places: places drawn with replacement, neighbours together."""

import warnings
from collections.abc import Callable, Iterator

import numpy as np

from soilbook.data import easegrid

# Pixels of the data base lie 4 apart; blocks of 3 by 3 of them share weather and are drawn as one.
BLOCK = 12  # pixels of the 36 km grid, 430 km
LEAST_GROUPS = 3  # fewer hold too few different draws for an interval


def blocks(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Number of the block of the 36 km grid in which each pixel lies."""
    pairs = np.stack([row // BLOCK, column // BLOCK], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].ravel()


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
    if len(np.unique(groups)) < LEAST_GROUPS:
        return np.nan, np.nan
    found = [statistic(values[drawn]) for drawn in _draws(groups, n_replicates, seed)]
    low, high = _bounds(found, level)
    return float(low), float(high)


def median_interval(
    values: np.ndarray, groups: np.ndarray, n_replicates: int = 1000, level: float = 0.95, seed=0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Median over pixels (..., pixel) and its interval: median, low, high (...).

    Whole groups of pixels are drawn with replacement, since neighbours err alike; percentiles of
    the replicates. The same draws serve all leading axes. NaN pixels are left out.
    """
    with warnings.catch_warnings():
        # Nothing but NaN gives NaN, as it should.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        median = np.nanmedian(values, -1)
        found = [
            np.nanmedian(values[..., drawn], -1) for drawn in _draws(groups, n_replicates, seed)
        ]
    return median, *_bounds(found, level)


def _draws(groups: np.ndarray, n_replicates: int, seed: int) -> Iterator[np.ndarray]:
    """Positions of the members of as many groups as there are, drawn with replacement."""
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    random = np.random.default_rng(seed)
    for draw in random.integers(len(members), size=(n_replicates, len(members))):
        yield np.concatenate([members[k] for k in draw])


def _bounds(replicates: list, level: float) -> np.ndarray:
    """Percentiles of replicates, NaN left out: low and high."""
    tail = (1 - level) / 2
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.nanquantile(replicates, (tail, 1 - tail), axis=0)
