"""Means over sites, and the spread of repetitions, with their intervals.

Sites are the clusters: days within a site depend on each other, sites are taken as independent.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from soilbook.errors import ParameterError, unknown
from soilbook.metrics.bootstrap import Interval, tail_of

POPULATIONS = ("resampled", "fixed")


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over repetitions, with Student's interval of the mean."""

    mean: np.ndarray
    standard_deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


def spread(scores, axis: int = -1, level: float = 0.95) -> Spread:
    """Spread of scores over repetitions along ``axis``; NaN repetitions are left out.

    One repetition has a mean and neither deviation nor interval (NaN).
    """
    scores = np.asarray(scores, dtype=np.float64)
    valid = np.isfinite(scores)
    n = valid.sum(axis)
    total = np.where(valid, scores, 0).sum(axis)
    mean = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    square = np.where(valid, scores - np.expand_dims(mean, axis), 0) ** 2
    variance = np.full(total.shape, np.nan)
    np.divide(square.sum(axis), n - 1, out=variance, where=n > 1)
    deviation = np.sqrt(variance)
    half = t.ppf(1 - tail_of(level), np.maximum(n - 1, 1)) * deviation / np.sqrt(np.maximum(n, 1))
    return Spread(mean, deviation, mean - half, mean + half, n)


def mean_over_sites(
    values,
    replicates=None,
    sites: str = "resampled",
    n_replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Mean score over sites with its interval; NaN sites are left out of each cell.

    ``values`` (site, ...) and ``replicates`` (replicate, site, ...), recentred
    (``bootstrap.recentred``), each site resampled on its own. "resampled" answers for sites like
    these: sites are drawn with replacement and each brings a replicate of its own days, the
    two-level bootstrap of Davison and Hinkley (1997), section 3.8, which errs to the wide side.
    "fixed" answers for these very sites over other days. Without replicates only sites are drawn.
    Both speak of scores of records as long as these: R2 of a short persistent record is biased low.
    Percentiles, for drawn sites expanded for their small number. Fewer than two sites leave
    "resampled" undefined (NaN).
    Raises ParameterError for another population or level, or "fixed" without replicates.
    """
    if sites not in POPULATIONS:
        raise unknown("population of sites", sites, POPULATIONS)
    if sites == "fixed" and replicates is None:
        raise ParameterError("sites='fixed' needs replicates of the sites' days")
    values = np.asarray(values, dtype=np.float64)
    if replicates is not None:
        replicates = np.asarray(replicates, dtype=np.float64)
        if replicates.shape[1:] != values.shape:
            raise ParameterError(f"replicates {replicates.shape} do not fit values {values.shape}")
    tail = tail_of(level)
    means = _site_replicates(values, replicates, sites, n_replicates, seed)
    n_sites = np.isfinite(values).sum(0)
    value = _nan_mean(values, 0)
    low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    for n in np.unique(n_sites):
        if n == 0 or (sites == "resampled" and n < 2):
            continue
        end = _expanded(tail, n) if sites == "resampled" else tail
        cell = n_sites == n
        low[cell], high[cell] = np.nanquantile(means[:, cell], [end, 1 - end], axis=0)
    return Interval(value, low, high, level)


def _expanded(tail: float, n: int) -> float:
    """Tail for percentiles of a bootstrap over only ``n`` units, wider as Student's is than normal.

    Hesterberg (2015), doi 10.1080/00031305.2015.1089789.
    """
    return float(norm.cdf(np.sqrt(n / (n - 1)) * t.ppf(tail, n - 1)))


def _site_replicates(values, replicates, sites, n_replicates, seed) -> np.ndarray:
    """Replicates (replicate, ...) of the mean over sites."""
    generator = np.random.default_rng(seed)
    n_sites = len(values)
    total, n = np.zeros((n_replicates, *values.shape[1:])), 0
    drawn = np.tile(np.arange(n_sites), (n_replicates, 1))
    if sites == "resampled":
        drawn = generator.integers(n_sites, size=drawn.shape)
    for j in range(n_sites):
        if replicates is None:
            one = values[drawn[:, j]]
        else:
            # Any replicate of the site: one drawn twice must not bring the same days twice.
            one = replicates[generator.integers(len(replicates), size=n_replicates), drawn[:, j]]
        valid = np.isfinite(one)
        total += np.where(valid, one, 0)
        n = n + valid
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def _nan_mean(values: np.ndarray, axis: int) -> np.ndarray:
    valid = np.isfinite(values)
    n = valid.sum(axis)
    total = np.where(valid, values, 0).sum(axis)
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
