"""Intervals of triple collocation: the days are drawn again in blocks."""

from dataclasses import dataclass

import numpy as np

from soilbook.metrics.blocks import block_length, day_weights
from soilbook.metrics.bootstrap import Interval, tail_of
from soilbook.metrics.collocation import estimate, shared, triple_collocation

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
LEAST_SHARE = 0.9  # of the replicates that must have an answer


@dataclass(frozen=True)
class CollocationIntervals:
    """Error standard deviation (own units) and correlation with the truth, each (..., product),
    and the days of a block."""

    error: Interval
    r_truth: Interval
    length: int


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
    products, valid = shared(x, y, z)
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
    error, signal, _ = estimate(np.where(positive[..., None, None], covariance, np.nan))
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
