"""Errors of three products without a truth, their intervals, and weights to merge products.

Each product i is taken as x_i = a_i + b_i truth + error_i with errors that are independent of each
other and of the truth. Stoffelen (1998), doi 10.1029/97JC03180; covariance form and correlation
with the truth: McColl et al. (2014), doi 10.1002/2014GL061322.
"""

from dataclasses import dataclass

import numpy as np

from soilbook.errors import ParameterError
from soilbook.metrics.bootstrap import Interval, block_length, day_weights, tail_of
from soilbook.threads import one_thread

LEAST_DAYS = 30
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))  # variances, then covariances
LEAST_SHARE = 0.9  # of the replicates that must have an answer


@dataclass(frozen=True)
class Collocation:
    """Triple collocation of three products; arrays are (..., product) unless said otherwise.

    ``error_variance`` in the product's own units squared, ``r_truth`` the correlation with the
    truth, ``n`` (...) the days shared, ``reason`` (...) why all is NaN, or "".
    """

    error_variance: np.ndarray
    r_truth: np.ndarray
    n: np.ndarray
    reason: np.ndarray


@one_thread
def triple_collocation(x, y, z, least_days: int = LEAST_DAYS) -> Collocation:
    """Triple collocation of three products, time on the last axis, over the days all three share.

    Error variance of x: var(x) - cov(x, y) cov(x, z) / cov(y, z), and so on round. NaN with a
    reason: fewer than ``least_days`` days; a constant product; covariances that are not all
    positive, so no common signal; a negative error variance, as small samples or dependent errors
    give. Raises ParameterError where the shapes do not fit.
    """
    products, valid = _shared(x, y, z)
    n = valid.sum(-1)
    products = np.where(valid[..., None, :], products, 0.0)
    count = np.maximum(n, 1)[..., None]
    deviation = products - (products.sum(-1) / count)[..., None]
    deviation = np.where(valid[..., None, :], deviation, 0.0)
    covariance = deviation @ np.swapaxes(deviation, -1, -2) / count[..., None]
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    error, signal = _estimate(covariance)
    crossed = np.stack([covariance[..., i, j] for i, j in PAIRS[3:]])
    # A constant's mean need not be exact: deviations of rounding size are none.
    square = (products**2).sum(-1) / count
    reason = np.select(
        [
            n < least_days,
            (variance <= 1e-24 * square).any(-1),
            (crossed <= 0).any(0),
            (error < 0).any(-1),
        ],
        [
            f"fewer than {least_days} shared days",
            "constant product",
            "covariances are not all positive",
            "negative error variance",
        ],
        "",
    )
    good = (reason == "")[..., None]
    error, signal, variance = (np.where(good, a, np.nan) for a in (error, signal, variance))
    return Collocation(error, np.sqrt(signal / variance), n, reason)


@dataclass(frozen=True)
class CollocationIntervals:
    """Error standard deviation (own units) and correlation with the truth, each (..., product),
    and the days of a block."""

    error: Interval
    r_truth: Interval
    length: int


@one_thread
def collocation_intervals(
    x, y, z, length: int | None = None, n_replicates: int = 1000, level: float = 0.95, seed: int = 0
) -> CollocationIntervals:
    """Triple collocation with percentile intervals over circular blocks of days (last axis).

    Calendar days in order, missing ones NaN. ``length`` in days, by default the block length of
    the products of deviations. In a replicate an error variance below zero counts as zero. NaN
    where the estimate itself has no answer (see ``triple_collocation``) or where less than 90 % of
    the replicates have positive covariances.
    """
    tail = tail_of(level)
    found = triple_collocation(x, y, z)
    products, valid = _shared(x, y, z)
    n_days = products.shape[-1]
    count = np.maximum(valid.sum(-1), 1)[..., None, None]
    mean = np.where(valid[..., None, :], products, 0.0).sum(-1, keepdims=True) / count
    deviation = np.where(valid[..., None, :], products - mean, 0.0)
    pairs = np.stack([deviation[..., i, :] * deviation[..., j, :] for i, j in PAIRS], -2)
    if length is None:
        length = min(block_length(np.where(valid[..., None, :], pairs, np.nan)), n_days)
    weights = day_weights(n_days, length, n_replicates, seed)
    sums = np.concatenate([valid[..., None, :].astype(float), deviation, pairs], -2) @ weights.T
    sums = np.moveaxis(sums, -1, 0)  # (replicate, ..., sum)
    means = sums[..., 1:] / np.maximum(sums[..., :1], 1)
    covariance = np.empty((*means.shape[:-1], 3, 3))
    for k, (i, j) in enumerate(PAIRS):
        covariance[..., i, j] = means[..., 3 + k] - means[..., i] * means[..., j]
        covariance[..., j, i] = covariance[..., i, j]
    positive = (covariance > 0).all((-1, -2))
    error, signal = _estimate(np.where(positive[..., None, None], covariance, np.nan))
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    enough = (positive.mean(0) >= LEAST_SHARE) & (found.reason == "")
    with np.errstate(divide="ignore", invalid="ignore"):
        r_truth = np.sqrt(np.clip(signal / variance, 0, 1))
    intervals = []
    for value, replicates in (
        (np.sqrt(found.error_variance), np.sqrt(np.maximum(error, 0))),
        (found.r_truth, r_truth),
    ):
        bounds = np.full((2, *value.shape), np.nan)
        if enough.any():
            bounds[:, enough] = np.nanquantile(replicates[:, enough], [tail, 1 - tail], axis=0)
        intervals.append(Interval(value, *bounds, level))
    return CollocationIntervals(*intervals, length)


def merge_weights(error_variance) -> np.ndarray:
    """Weights (..., product) of the mean with least error: inverse error variances, sum 1.

    A product without a variance (NaN) gets none. All NaN stays NaN. The variances must be in
    common units. Yilmaz et al. (2012), doi 10.1029/2011WR011682. Raises ParameterError for a
    variance that is not positive.
    """
    error_variance = np.asarray(error_variance, dtype=np.float64)
    if (error_variance <= 0).any():
        raise ParameterError(f"error variance {np.nanmin(error_variance):g}; needs to be positive")
    inverse = np.where(np.isfinite(error_variance), 1 / error_variance, 0.0)
    total = inverse.sum(-1, keepdims=True)
    return np.divide(inverse, total, out=np.full(inverse.shape, np.nan), where=total > 0)


def _shared(x, y, z) -> tuple[np.ndarray, np.ndarray]:
    """Three products as (..., product, time), and whether all three are there (..., time).

    Raises ParameterError where the shapes do not fit.
    """
    products = [np.asarray(a, dtype=np.float64) for a in (x, y, z)]
    try:
        products = np.stack(np.broadcast_arrays(*products), -2)
    except ValueError:
        shapes = ", ".join(str(p.shape) for p in products)
        raise ParameterError(f"products of shapes {shapes} do not broadcast") from None
    return products, np.isfinite(products).all(-2)


def _estimate(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances of errors and of the signal, of covariances (..., product, product).

    Each (..., product), whatever their signs; the covariance form of McColl et al. (2014).
    """
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    xy, xz, yz = covariance[..., 0, 1], covariance[..., 0, 2], covariance[..., 1, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        signal = np.stack([xy * xz / yz, xy * yz / xz, xz * yz / xy], -1)
    return variance - signal, signal
