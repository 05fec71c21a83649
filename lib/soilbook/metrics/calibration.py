"""Is a stated uncertainty right? Coverage, CRPS, PIT values; and a forecast that states its own.

Arrays have time on the last axis, NaN days are left out. Bayesian model averaging after Raftery et
al. (2005), doi 10.1175/MWR2906.1, of members without bias: the observation of a day comes from
member k with probability w_k and lies around it with a normal error, the same for all members.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, logsumexp
from scipy.stats import norm

from soilbook.errors import ParameterError
from soilbook.metrics.scores import mean_where

LEAST_DAYS = 30
SMALLEST = 1e-12  # share of the members' error variance below which no deviation falls


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
    """Probability integral transform of each day, (..., time): Phi((o - mean) / sd).

    Uniform for calibrated forecasts. Dawid (1984), doi 10.2307/2981683. NaN where the deviation is
    not positive.
    """
    error, deviation = np.broadcast_arrays(
        np.asarray(observed, float) - np.asarray(mean, float), np.asarray(deviation, float)
    )
    z = np.full(error.shape, np.nan)
    return norm.cdf(np.divide(error, deviation, out=z, where=deviation > 0))


def reliability(pit, levels=None) -> tuple[np.ndarray, np.ndarray]:
    """Nominal levels and the share of days inside the central interval of each, (level, ...).

    On the diagonal for calibrated forecasts, below it for overconfident ones. Levels default to
    0.05, 0.10, ..., 0.95. Raises ParameterError for a level outside 0 to 1.
    """
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
    where the forecast is calibrated. NaN on days without the observation or a member.
    """
    observed, members = np.asarray(observed, float), np.asarray(members, float)
    scaled = (observed[..., None, :] - members) / np.asarray(deviation)[..., None]
    return (np.asarray(weights)[..., None] * np.exp(log_ndtr(scaled))).sum(-2)


def _log_densities(square, weights, spread) -> np.ndarray:
    """log(w_k) + log of the normal density of member k's error (place, member, time)."""
    with np.errstate(divide="ignore"):
        constant = np.log(weights) - 0.5 * np.log(2 * np.pi * spread)
    return constant[..., None] - 0.5 * square / spread[..., None]
