"""Bayesian model averaging of Gaussian members by expectation-maximisation.

Raftery et al. (2005), doi 10.1175/MWR2906.1, of members without bias: the observation of a day
comes from member k with probability w_k and lies around it with a normal error.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, logsumexp

from soilbook.errors import ParameterError, unknown

LEAST_DAYS = 30
VARIANCES = ("common", "own")
SMALLEST = 1e-12  # share of the members' error variance below which no deviation falls


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


def model_averaging(
    observed, members, variance: str = "common", tolerance: float = 1e-7, most: int = 1000
) -> Averaging:
    """Weights and deviations of members (..., member, time) that explain ``observed`` (..., time).

    ``variance``: "common" to all members as in Raftery et al. (2005), or each its "own".
    Days without the observation or without a member are left out. Stops when the mean log
    likelihood of a day rises by less than ``tolerance``, or after ``most`` steps. NaN with a reason
    for fewer than 30 days, or a member without any error. Raises ParameterError for shapes that do
    not fit or another variance.
    """
    if variance not in VARIANCES:
        raise unknown("variance", variance, VARIANCES)
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
    weights[good], spread[good] = 1 / n_members, _pooled(mean, variance)[good]
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
        # The M step: the variance over all members, or member by member.
        count, errors = share.sum(-1), (share * part).sum(-1)
        weights[active] = count / n[active][:, None]
        if variance == "common":
            updated = np.repeat(errors.sum(-1, keepdims=True), n_members, 1) / n[active][:, None]
        else:
            updated = errors / np.maximum(count, np.finfo(float).tiny)
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


def _pooled(mean: np.ndarray, variance: str) -> np.ndarray:
    """Variances to start from: the mean square errors, or their mean for all members."""
    return mean if variance == "own" else np.repeat(mean.mean(-1, keepdims=True), mean.shape[1], 1)


def _log_densities(square, weights, spread) -> np.ndarray:
    """log(w_k) + log of the normal density of member k's error (place, member, time)."""
    with np.errstate(divide="ignore"):
        constant = np.log(weights) - 0.5 * np.log(2 * np.pi * spread)
    return constant[..., None] - 0.5 * square / spread[..., None]
