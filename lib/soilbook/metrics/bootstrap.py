"""Intervals of scores that respect autocorrelation: replicates over blocks of days.

Only scores that follow from six sums are resampled, so a replicate costs one weighted sum and all
series of a site (models, leads, repetitions) share the days drawn: differences are paired.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from soilbook.errors import ParameterError, unknown
from soilbook.metrics.blocks import day_weights
from soilbook.metrics.lengths import CHUNK, choose_length, flattened, named
from soilbook.metrics.moments import broadcast, moments, terms, weighted
from soilbook.metrics.scores import METRICS

METHODS = ("student", "percentile")

# Scales on which the sampling error of a score is nearly normal, and the way back.
_FORWARD = {
    "identity": lambda x: x,
    "log": lambda x: np.log(np.maximum(x, 1e-300)),
    "log_loss": lambda x: -np.log(np.maximum(1 - x, 1e-300)),
    "fisher": lambda x: np.arctanh(np.clip(x, -1 + 1e-15, 1 - 1e-15)),
}
_BACK = {
    "identity": lambda x: x,
    "log": np.exp,
    "log_loss": lambda x: 1 - np.exp(-x),
    "fisher": np.tanh,
}


@dataclass(frozen=True)
class Resampled:
    """A score (...) and its replicates (replicate, ...) over ``n_days`` in blocks of ``length``."""

    value: np.ndarray
    replicates: np.ndarray
    length: int
    n_days: int
    stable: str = "identity"

    @property
    def n_blocks(self) -> float:
        """Number of whole blocks the days hold: the size of the sample for Student's quantile."""
        return max(self.n_days / self.length, 2.0)


@dataclass(frozen=True)
class Interval:
    """A score with the bounds of its interval at ``level``; arrays of one shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float


def resample(
    observed, predicted, metric: str = "r2", length=None, n_replicates: int = 1000, seed: int = 0
) -> Resampled:
    """Replicates of a score over circular blocks of days (the last axis, calendar days in order).

    Missing days stay in place as NaN; days at either end on which no series has a pair are cut.
    ``length`` in days, by default from ``choose_length``; 1 is the plain bootstrap of independent
    days. Raises ParameterError for an unknown metric, series without a common shape or no days.
    """
    of_moments = named(metric).of_moments
    lead = broadcast(observed, predicted)[0].shape[:-1]
    observed, predicted = flattened(observed, predicted)
    present = np.flatnonzero((np.isfinite(observed) & np.isfinite(predicted)).any(0))
    if not present.size:
        raise ParameterError("no day has both an observed and a predicted value")
    cut = slice(present[0], present[-1] + 1)
    observed, predicted = observed[:, cut], predicted[:, cut]
    n_days = observed.shape[-1]
    if length is None:
        length = choose_length(observed, predicted, metric)
    weights = day_weights(n_days, length, n_replicates, seed)
    replicates = np.empty((n_replicates, len(observed)))
    for first in range(0, len(observed), CHUNK):
        part = slice(first, first + CHUNK)
        replicates[:, part] = of_moments(weighted(terms(observed[part], predicted[part]), weights))
    return Resampled(
        of_moments(moments(observed, predicted)).reshape(lead),
        replicates.reshape(n_replicates, *lead),
        length,
        n_days,
        METRICS[metric].stable,
    )


def recentred(resampled: Resampled) -> np.ndarray:
    """Replicates moved, on the metric's stable scale, so that they centre on the score itself.

    A replicate repeats the downward bias of R2 in short persistent records; in a mean over sites
    that bias would not average out and could push the score outside its own interval.
    """
    forward, back = _FORWARD[resampled.stable], _BACK[resampled.stable]
    replicates = forward(resampled.replicates)
    with np.errstate(invalid="ignore"):
        return back(replicates - replicates.mean(0) + forward(resampled.value))


def interval(resampled: Resampled, level: float = 0.95, method: str = "student") -> Interval:
    """Interval of each score, NaN where the score or any replicate is undefined.

    "student": on the stable scale, bias-corrected centre and bootstrap standard error with
    Student's quantile for the number of blocks (Davison and Hinkley 1997, Bootstrap Methods and
    their Application, section 5.2). "percentile": quantiles of the replicates (ibid., 5.3).
    Raises ParameterError for another method or a level outside 0 to 1.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    tail = tail_of(level)
    if method == "percentile":
        low, high = np.quantile(resampled.replicates, [tail, 1 - tail], axis=0)
        return Interval(resampled.value, low, high, level)
    forward, back = _FORWARD[resampled.stable], _BACK[resampled.stable]
    replicates = forward(resampled.replicates)
    n = resampled.n_blocks
    half = t.ppf(1 - tail, n - 1) * replicates.std(0) * np.sqrt(n / (n - 1))
    centre = 2 * forward(resampled.value) - replicates.mean(0)
    # A handful of days leaves a bound without limit.
    with np.errstate(over="ignore"):
        return Interval(resampled.value, back(centre - half), back(centre + half), level)


def difference(a: Resampled, b: Resampled) -> Resampled:
    """Paired difference a - b of two scores resampled with the same days.

    Raises ParameterError where the number of days, the blocks or the replicates differ.
    """
    for what in ("n_days", "length"):
        if getattr(a, what) != getattr(b, what):
            raise ParameterError(
                f"scores are not paired: {what} {getattr(a, what)} and {getattr(b, what)}; "
                "resample both with the same days, length and seed"
            )
    if len(a.replicates) != len(b.replicates):
        raise ParameterError(
            f"scores are not paired: {len(a.replicates)} and {len(b.replicates)} replicates"
        )
    return Resampled(a.value - b.value, recentred(a) - recentred(b), a.length, a.n_days)


def tail_of(level: float) -> float:
    """Probability outside one end of an interval. Raises ParameterError outside 0 to 1."""
    if not 0 < level < 1:
        raise ParameterError(f"level {level}; needs a value between 0 and 1")
    return (1 - level) / 2
