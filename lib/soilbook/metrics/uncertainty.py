"""Errors and uncertainty: are stated ones right, and what are they without a truth?

Coverage, CRPS and PIT values of a stated uncertainty; a forecast that states its own by Bayesian
model averaging after Raftery et al. (2005), doi 10.1175/MWR2906.1, of members without bias: the
observation of a day comes from member k with probability w_k and lies around it with a normal
error, the same for all members. Triple collocation takes each of three products as x_i = a_i + b_i
truth + error_i with errors that are independent of each other and of the truth: Stoffelen (1998),
doi 10.1029/97JC03180; covariance form and correlation with the truth: McColl et al. (2014), doi
10.1002/2014GL061322. Arrays have time on the last axis, NaN days are left out.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, logsumexp
from scipy.stats import norm

from soilbook.errors import ParameterError
from soilbook.metrics.bootstrap import Interval, block_length, day_weights, tail_of
from soilbook.metrics.scores import mean_where
from soilbook.threads import one_thread

LEAST_DAYS = 30
SMALLEST = 1e-12  # share of the members' error variance below which no deviation falls
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))  # variances, then covariances
LEAST_SHARE = 0.9  # of the replicates that must have an answer


def coverage(observed, low, high) -> np.ndarray:
    """Share of days on which the observed value lies in its interval, bounds included."""
    observed, low, high = np.broadcast_arrays(
        *(np.asarray(a, float) for a in (observed, low, high))
    )
    valid = np.isfinite(observed) & np.isfinite(low) & np.isfinite(high)
    return mean_where((observed >= low) & (observed <= high), valid)[()]


def crps_gaussian(observed, mean, deviation) -> np.ndarray:
    """Mean continuous ranked probability score of normal forecasts, in the units of the series.

    sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)), z = (o - mean) / sd; a deviation of zero gives
    the absolute error. Gneiting et al. (2005), doi 10.1175/MWR2904.1, equation 5. Raises
    ParameterError for a negative deviation.
    """
    error, deviation = np.broadcast_arrays(
        np.asarray(observed, float) - np.asarray(mean, float), np.asarray(deviation, float)
    )
    if (deviation < 0).any():
        raise ParameterError(f"deviation {np.nanmin(deviation):g}; needs to be at least 0")
    z = np.divide(error, deviation, out=np.zeros(error.shape), where=deviation > 0)
    spread = z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)
    score = np.where(deviation == 0, np.abs(error), deviation * spread)
    return mean_where(score, np.isfinite(score))[()]


def pit_gaussian(observed, mean, deviation) -> np.ndarray:
    """Probability integral transform of each day, (..., time): Phi((o - mean) / sd). Uniform for
    calibrated forecasts. Dawid (1984), doi 10.2307/2981683. NaN where the deviation is not
    positive."""
    error, deviation = np.broadcast_arrays(
        np.asarray(observed, float) - np.asarray(mean, float), np.asarray(deviation, float)
    )
    z = np.full(error.shape, np.nan)
    return norm.cdf(np.divide(error, deviation, out=z, where=deviation > 0))


def reliability(pit, levels=None) -> tuple[np.ndarray, np.ndarray]:
    """Nominal levels and the share of days inside the central interval of each, (level, ...). On
    the diagonal for calibrated forecasts, below it for overconfident ones. Levels default to 0.05,
    0.10, ..., 0.95. Raises ParameterError for a level outside 0 to 1."""
    levels = np.arange(1, 20) / 20 if levels is None else np.asarray(levels, float)
    for level in levels:
        if not 0 < level < 1:
            raise ParameterError(f"level {level}; needs a value between 0 and 1")
    pit = np.asarray(pit, float)
    inside = [mean_where(np.abs(pit - 0.5) <= level / 2, np.isfinite(pit)) for level in levels]
    return levels, np.stack(inside)


@dataclass(frozen=True)
class Averaging:
    """``weights`` and ``deviation`` (..., member; the latter in the units of the observations),
    ``log_likelihood`` of a day (...), ``n`` days, ``iterations``, ``reason`` (...) why NaN, or "".
    """

    weights: np.ndarray
    deviation: np.ndarray
    log_likelihood: np.ndarray
    n: np.ndarray
    iterations: np.ndarray
    reason: np.ndarray


def model_averaging(observed, members, tolerance: float = 1e-7, most: int = 1000) -> Averaging:
    """Weights and deviations of members (..., member, time) that explain ``observed`` (..., time).

    By expectation-maximisation. Days without the observation or without a member are left out.
    Stops when the mean log likelihood of a day rises by less than ``tolerance``, or after ``most``
    steps. NaN with a reason for fewer than 30 days, or a member without any error. Raises
    ParameterError for shapes that do not fit.
    """
    observed, members = np.asarray(observed, float), np.asarray(members, float)
    if members.ndim < 2 or np.delete(members.shape, -2).tolist() != list(observed.shape):
        raise ParameterError(
            f"observed {observed.shape} and members {members.shape}; members need the same axes "
            "and one of their own before time"
        )
    lead, (n_members, n_days) = observed.shape[:-1], members.shape[-2:]
    error = (members - observed[..., None, :]).reshape(-1, n_members, n_days)
    there = np.isfinite(error).all(1)
    n = there.sum(-1)
    square = np.where(there[:, None], error, 0.0) ** 2
    mean = square.sum(-1) / np.maximum(n, 1)[:, None]
    few, exact = n < LEAST_DAYS, (mean <= 0).any(-1)
    reason = np.select([few, exact], [f"fewer than {LEAST_DAYS} days", "a member has no error"], "")
    shape = len(square), n_members
    weights, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    likelihood, steps = np.full(len(square), np.nan), np.zeros(len(square), int)
    good = np.flatnonzero(reason == "")
    weights[good], spread[good] = 1 / n_members, mean.mean(-1, keepdims=True)[good]
    active, floor = good, SMALLEST * mean.min(-1, keepdims=True)
    for _ in range(most):
        if not active.size:
            break
        part, days = square[active], there[active]
        joint = _log_densities(part, weights[active], spread[active])
        total = logsumexp(joint, axis=1)
        now = np.where(days, total, 0.0).sum(-1) / n[active]
        share = np.where(days[:, None], np.exp(joint - total[:, None]), 0.0)
        settled = now - likelihood[active] < tolerance  # False for the NaN of the first step
        likelihood[active] = now
        weights[active] = share.sum(-1) / n[active][:, None]
        updated = (share * part).sum(-1).sum(-1, keepdims=True) / n[active][:, None]
        spread[active] = np.maximum(updated, floor[active])
        steps[active] += 1
        active = active[~settled]

    def back(array):
        return array.reshape((*lead, *array.shape[1:]))

    found = weights, np.sqrt(spread), likelihood, n, steps, reason
    return Averaging(*(back(array) for array in found))


def mixture_probability(observed, members, weights, deviation) -> np.ndarray:
    """Probability (..., time) that the averaged forecast gives to values up to the observed one.
    Sum of w_k Phi((observed - member_k) / deviation_k): the probability integral transform, uniform
    where the forecast is calibrated. NaN on days without the observation or a member."""
    observed, members = np.asarray(observed, float), np.asarray(members, float)
    scaled = (observed[..., None, :] - members) / np.asarray(deviation)[..., None]
    return (np.asarray(weights)[..., None] * np.exp(log_ndtr(scaled))).sum(-2)


def _log_densities(square, weights, spread) -> np.ndarray:
    """log(w_k) + log of the normal density of member k's error (place, member, time)."""
    with np.errstate(divide="ignore"):
        constant = np.log(weights) - 0.5 * np.log(2 * np.pi * spread)
    return constant[..., None] - 0.5 * square / spread[..., None]


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
    """Three products as (..., product, time), and whether all three are there (..., time). Raises
    ParameterError where the shapes do not fit."""
    products = [np.asarray(a, dtype=np.float64) for a in (x, y, z)]
    try:
        products = np.stack(np.broadcast_arrays(*products), -2)
    except ValueError:
        shapes = ", ".join(str(p.shape) for p in products)
        raise ParameterError(f"products of shapes {shapes} do not broadcast") from None
    return products, np.isfinite(products).all(-2)


def _estimate(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances of errors and of the signal, of covariances (..., product, product). Each (...,
    product), whatever their signs; the covariance form of McColl et al. (2014)."""
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    xy, xz, yz = covariance[..., 0, 1], covariance[..., 0, 2], covariance[..., 1, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        signal = np.stack([xy * xz / yz, xy * yz / xz, xz * yz / xy], -1)
    return variance - signal, signal
