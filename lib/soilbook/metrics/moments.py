"""Sums over time from which every score follows, so that a bootstrap needs only new sums.

Six sums carry all scores of this room: the number of pairs, the deviations of observed and
predicted from their means, the squares of both, and the squared deviation of their difference.
"""

from dataclasses import dataclass

import numpy as np

from soilbook.errors import ParameterError

UNDEFINED = ("", "fewer than 2 pairs", "observed is constant", "predicted is constant")


@dataclass(frozen=True)
class Moments:
    """Number of pairs, means and population variances of observed, predicted and their difference.

    The arrays have the leading shape of the series; NaN where there is no pair.
    """

    n: np.ndarray
    mean_o: np.ndarray
    mean_p: np.ndarray
    var_o: np.ndarray
    var_p: np.ndarray
    var_e: np.ndarray

    @property
    def bias(self) -> np.ndarray:
        """Mean difference, predicted minus observed."""
        return self.mean_p - self.mean_o

    @property
    def mse(self) -> np.ndarray:
        """Mean squared difference."""
        return self.var_e + self.bias**2

    @property
    def covariance(self) -> np.ndarray:
        """Population covariance of observed and predicted."""
        return (self.var_o + self.var_p - self.var_e) / 2


@dataclass(frozen=True)
class Terms:
    """What is summed, (sum, ..., time), and the means it was centred on, (...)."""

    values: np.ndarray
    centre_o: np.ndarray
    centre_p: np.ndarray


def broadcast(observed, predicted) -> tuple[np.ndarray, np.ndarray]:
    """Both series in double precision and one shape, (..., time).

    Raises ParameterError where they have no common shape.
    """
    observed = np.asarray(observed, dtype=np.float64)
    predicted = np.asarray(predicted, dtype=np.float64)
    if observed.ndim == 0 or predicted.ndim == 0 or observed.shape[-1] != predicted.shape[-1]:
        raise ParameterError(
            f"observed {observed.shape} and predicted {predicted.shape} differ along time; "
            "both need the same number of days on the last axis"
        )
    try:
        return np.broadcast_arrays(observed, predicted)
    except ValueError:
        raise ParameterError(
            f"leading axes of observed {observed.shape} and predicted {predicted.shape} "
            "do not broadcast"
        ) from None


def terms(observed, predicted) -> Terms:
    """Terms of two series (..., time); leading axes broadcast, NaN pairs count nowhere."""
    observed, predicted = broadcast(observed, predicted)
    valid = np.isfinite(observed) & np.isfinite(predicted)
    o, centre_o = _centred(observed, valid)
    p, centre_p = _centred(predicted, valid)
    return Terms(
        np.stack([valid.astype(float), o, p, o * o, p * p, (p - o) ** 2]), centre_o, centre_p
    )


def _centred(series: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Deviations from the mean of valid days, zero elsewhere; exactly zero for a constant."""
    if series.shape[-1] == 0:
        return np.zeros(series.shape), np.zeros(series.shape[:-1])
    first = np.take_along_axis(series, valid.argmax(-1)[..., None], -1)
    first = np.where(valid.any(-1, keepdims=True), first, 0.0)
    shifted = np.where(valid, series, first) - first
    mean = shifted.sum(-1, keepdims=True) / np.maximum(valid.sum(-1, keepdims=True), 1)
    return np.where(valid, shifted - mean, 0.0), (first + mean)[..., 0]


def from_sums(sums: np.ndarray, centre_o, centre_p) -> Moments:
    """Moments from the six sums on the first axis; remaining axes are free."""
    n = sums[0]
    mean = np.full(sums[1:].shape, np.nan)
    np.divide(sums[1:], n, out=mean, where=n > 0)
    o, p, oo, pp, ee = mean
    return Moments(
        n,
        centre_o + o,
        centre_p + p,
        _variance(oo, o),
        _variance(pp, p),
        _variance(ee, p - o),
    )


def _variance(square: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Mean square minus squared mean; what rounding alone can leave of a constant is zero."""
    variance = square - mean**2
    return np.where(variance <= 1e-12 * square, 0.0, variance)


def moments(observed, predicted) -> Moments:
    """Moments of two series, time on the last axis, over the days on which both are present."""
    t = terms(observed, predicted)
    return from_sums(t.values.sum(-1), t.centre_o, t.centre_p)


def weighted(t: Terms, weights: np.ndarray) -> Moments:
    """Moments under (replicate, time) weights of the days; the result leads with replicate."""
    n_days = t.values.shape[-1]
    lead = t.values.shape[:-1]
    sums = weights @ t.values.reshape(-1, n_days).T
    sums = np.moveaxis(sums.reshape(len(weights), *lead), 1, 0)
    return from_sums(sums, t.centre_o, t.centre_p)


def undefined(observed, predicted) -> np.ndarray:
    """Why a score is NaN, as an index into ``UNDEFINED`` (0 where every score is defined).

    R2 and skill of climatology need an observed series that varies; Pearson R and KGE need both.
    """
    m = moments(observed, predicted)
    return np.select([m.n < 2, m.var_o == 0, m.var_p == 0], [1, 2, 3], 0).astype(np.int8)
