"""Scores of a predicted against an observed series: NumPy kernels, one formula and source each.

All take arrays with time on the last axis, broadcast over leading axes, leave out days on which
either value is missing, and return the leading shape. With o observed, p predicted, e = p - o.
A score that a series leaves undefined is NaN, without a warning: no pair, or a constant series
(see ``moments.undefined`` for the reason).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from soilbook.metrics.moments import Moments, moments


@dataclass(frozen=True)
class Metric:
    """A score: kernel, the same from Moments (None where six sums do not do), units, direction.

    ``direction`` is "higher", "lower" or "zero", whichever is better. ``needs`` names the third
    argument of the kernel. ``stable`` is the scale on which its sampling error is nearly normal.
    """

    function: Callable
    of_moments: Callable[[Moments], np.ndarray] | None
    units: str
    direction: str
    long_name: str
    needs: str | None = None
    stable: str = "identity"


def _ratio(numerator, denominator) -> np.ndarray:
    """Quotient that is NaN where the denominator is zero."""
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, float), np.asarray(denominator, float)
    )
    out = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out[()]


def _rmse(m: Moments):
    return np.sqrt(m.mse)


def _bias(m: Moments):
    return m.bias


def _ubrmse(m: Moments):
    return np.sqrt(m.var_e)


def _r2(m: Moments):
    return 1 - _ratio(m.mse, m.var_o)


def _r(m: Moments):
    return np.clip(_ratio(m.covariance, np.sqrt(m.var_o * m.var_p)), -1, 1)


def _kge(m: Moments):
    return _kge_of(m, np.sqrt(_ratio(m.var_p, m.var_o)))


def _kge_modified(m: Moments):
    return _kge_of(m, np.sqrt(_ratio(m.var_p, m.var_o)) * _ratio(m.mean_o, m.mean_p))


def _kge_of(m: Moments, variability):
    beta = _ratio(m.mean_p, m.mean_o)
    return 1 - np.sqrt((_r(m) - 1) ** 2 + (variability - 1) ** 2 + (beta - 1) ** 2)


def rmse(observed, predicted) -> np.ndarray:
    """Root mean square error, in the units of the series: sqrt(mean(e^2)).

    Equation 20 of Wang et al. (2024).
    """
    return _rmse(moments(observed, predicted))


def bias(observed, predicted) -> np.ndarray:
    """Mean error, in the units of the series: mean(p) - mean(o)."""
    return _bias(moments(observed, predicted))


def ubrmse(observed, predicted) -> np.ndarray:
    """Unbiased root mean square error, in the units of the series: sqrt(mean((e - mean(e))^2)).

    Entekhabi et al. (2010), doi 10.1175/2010JHM1223.1.
    """
    return _ubrmse(moments(observed, predicted))


def r2(observed, predicted) -> np.ndarray:
    """Coefficient of determination: 1 - sum(e^2) / sum((o - mean(o))^2); 1 is best.

    Equation 19 of Wang et al. (2024), the same as Nash and Sutcliffe (1970),
    doi 10.1016/0022-1694(70)90255-6; not the square of R. NaN where the observed is constant.
    """
    return _r2(moments(observed, predicted))


def r(observed, predicted) -> np.ndarray:
    """Pearson's correlation: cov(o, p) / (sd(o) sd(p)). NaN where either series is constant."""
    return _r(moments(observed, predicted))


def kge(observed, predicted) -> np.ndarray:
    """Kling-Gupta efficiency: 1 - sqrt((R - 1)^2 + (sd(p)/sd(o) - 1)^2 + (mean(p)/mean(o) - 1)^2).

    Gupta et al. (2009), doi 10.1016/j.jhydrol.2009.08.003. NaN where either series is constant or
    the mean of the observed is zero; not meant for anomalies.
    """
    return _kge(moments(observed, predicted))


def kge_modified(observed, predicted) -> np.ndarray:
    """Kling-Gupta efficiency with the ratio of the coefficients of variation in place of sd's.

    Kling et al. (2012), doi 10.1016/j.jhydrol.2012.01.011. NaN as for ``kge``.
    """
    return _kge_modified(moments(observed, predicted))


def anomaly_r(observed, predicted, climatology, predicted_climatology=None) -> np.ndarray:
    """Anomaly correlation: Pearson's R of o - climatology and p - climatology.

    ``climatology`` has a value for each day: the mean of its calendar day in a training part, or
    ``anomalies.moving_mean``. It is taken from both series, the usage of forecast verification,
    unless the predicted series has its own. Entekhabi et al. (2010), doi 10.1175/2010JHM1223.1.
    """
    if predicted_climatology is None:
        predicted_climatology = climatology
    return r(
        np.asarray(observed, float) - np.asarray(climatology, float),
        np.asarray(predicted, float) - np.asarray(predicted_climatology, float),
    )


def skill(observed, predicted, reference) -> np.ndarray:
    """Mean-square skill against a reference forecast: 1 - MSE(p) / MSE(reference); 1 is best.

    All three must be present on a day. NaN where the reference is without error.
    Murphy (1988), doi 10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2.
    """
    observed, predicted, reference = (
        np.asarray(a, float) for a in (observed, predicted, reference)
    )
    jointly = observed + 0 * (predicted + reference)
    return 1 - _ratio(moments(jointly, predicted).mse, moments(jointly, reference).mse)


SM = "m3 m-3"
METRICS: dict[str, Metric] = {
    "r2": Metric(r2, _r2, "1", "higher", "coefficient of determination", stable="log_loss"),
    "rmse": Metric(rmse, _rmse, SM, "lower", "root mean square error", stable="log"),
    "ubrmse": Metric(ubrmse, _ubrmse, SM, "lower", "unbiased root mean square error", stable="log"),
    "bias": Metric(bias, _bias, SM, "zero", "bias, predicted minus observed"),
    "r": Metric(r, _r, "1", "higher", "Pearson correlation", stable="fisher"),
    "kge": Metric(kge, _kge, "1", "higher", "Kling-Gupta efficiency (2009)", stable="log_loss"),
    "kge_modified": Metric(
        kge_modified,
        _kge_modified,
        "1",
        "higher",
        "Kling-Gupta efficiency (2012)",
        stable="log_loss",
    ),
    "anomaly_r": Metric(
        anomaly_r, None, "1", "higher", "anomaly correlation", "climatology", stable="fisher"
    ),
    "skill": Metric(
        skill, None, "1", "higher", "mean-square skill against a reference", "reference", "log_loss"
    ),
}
