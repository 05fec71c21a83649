"""Scores of a predicted against an observed series: one formula and source each.

The kernels take arrays with time on the last axis, broadcast over leading axes, leave out days on
which either value is missing, and return the leading shape; ``score`` is their xarray side. With o
observed, p predicted, e = p - o. A score that a series leaves undefined is NaN, without a warning:
no pair, a constant series, an observed mean of zero (``undefined`` tells which). Bias, RMSE and
skill need one pair, all others two. Constant and zero mean: within ``ROUNDING`` of the scale of the
series, since 32-bit numbers hold no more.

Six sums over time carry all scores but two: the number of pairs, the deviations of observed and
predicted from their means, the squares of both, and the squared deviation of their difference. A
bootstrap therefore needs only new sums.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import update_wrapper

import numpy as np
import xarray as xr

from soilbook.errors import DataError, ParameterError, unknown

UNDEFINED = (
    "", "fewer than 2 pairs", "observed is constant", "predicted is constant",
    "mean of observed is zero",
)  # fmt: skip
ROUNDING = 1e-6
DEFAULT = ("r2", "rmse", "ubrmse", "bias", "r")


@dataclass(frozen=True)
class Moments:
    """Number of pairs, means and population variances of observed, predicted and their difference.
    The arrays have the leading shape of the series; NaN where there is no pair."""

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

    @property
    def square_o(self) -> np.ndarray:
        """Mean square of the observed."""
        return self.var_o + self.mean_o**2

    @property
    def has_zero_mean(self) -> np.ndarray:
        """Whether the mean of the observed is zero, so that nothing can be told as a part of it."""
        return self.mean_o**2 <= ROUNDING**2 * self.square_o


@dataclass(frozen=True)
class Terms:
    """What is summed, (sum, ..., time), and the means it was centred on, (...)."""

    values: np.ndarray
    centre_o: np.ndarray
    centre_p: np.ndarray


def broadcast(observed, predicted) -> tuple[np.ndarray, np.ndarray]:
    """Both series in double precision and one shape, (..., time). Raises ParameterError where they
    have no common shape."""
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
    mean_o, mean_p = centre_o + o, centre_p + p
    variances = _variance(oo, o, mean_o), _variance(pp, p, mean_p), _variance(ee, p - o)
    return Moments(n, mean_o, mean_p, *variances)


def _variance(square: np.ndarray, mean: np.ndarray, level: np.ndarray | float = 0) -> np.ndarray:
    """Mean square minus squared mean of deviations from about ``level``; zero for a constant."""
    variance = square - mean**2
    return np.where(variance <= ROUNDING**2 * np.maximum(square, level**2), 0.0, variance)


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

    ubRMSE needs two pairs, R2 an observed series that varies, Pearson R and KGE need both to vary,
    and KGE a mean of the observed that is not zero.
    """
    m = moments(observed, predicted)
    reasons = [m.n < 2, m.var_o == 0, m.var_p == 0, m.has_zero_mean]
    return np.select(reasons, [1, 2, 3, 4], 0).astype(np.int8)


@dataclass(frozen=True)
class Metric:
    """A score: kernel, units, direction.

    ``direction`` is "higher", "lower" or "zero", whichever is better. ``needs`` names the third
    argument of the kernel. ``stable`` is the scale on which its sampling error is nearly normal.
    """

    function: Callable
    units: str
    direction: str
    long_name: str
    needs: str | None = None
    stable: str = "identity"

    @property
    def of_moments(self) -> Callable[[Moments], np.ndarray] | None:
        """The same score from Moments; None where six sums do not do."""
        return getattr(self.function, "of_moments", None)


def _kernel(formula: Callable[[Moments], np.ndarray]) -> Callable:
    """A score of two series from its formula on Moments, which stays at hand as ``of_moments``."""

    def kernel(observed, predicted) -> np.ndarray:
        return formula(moments(observed, predicted))

    update_wrapper(kernel, formula)
    del kernel.__wrapped__  # its signature is not the kernel's
    kernel.of_moments = formula
    return kernel


def mean_where(values, valid, axis: int = -1) -> np.ndarray:
    """Mean of the valid values along an axis, NaN where there is none."""
    n = valid.sum(axis)
    total = np.where(valid, values, 0.0).sum(axis)
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def _ratio(numerator, denominator) -> np.ndarray:
    """Quotient that is NaN where the denominator is zero."""
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, float), np.asarray(denominator, float)
    )
    out = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out[()]


@_kernel
def rmse(m: Moments) -> np.ndarray:
    """Root mean square error, in the units of the series: sqrt(mean(e^2)). Equation 20 of Wang et
    al. (2024)."""
    return np.sqrt(m.mse)


@_kernel
def bias(m: Moments) -> np.ndarray:
    """Mean error, in the units of the series: mean(p) - mean(o)."""
    return m.bias


@_kernel
def ubrmse(m: Moments) -> np.ndarray:
    """Unbiased root mean square error, in the units of the series: sqrt(mean((e - mean(e))^2)).
    Entekhabi et al. (2010), doi 10.1175/2010JHM1223.1. NaN for fewer than two pairs."""
    return np.where(m.n < 2, np.nan, np.sqrt(m.var_e))[()]


@_kernel
def r2(m: Moments) -> np.ndarray:
    """Coefficient of determination: 1 - sum(e^2) / sum((o - mean(o))^2); 1 is best. Equation 19 of
    Wang et al. (2024), the same as Nash and Sutcliffe (1970), doi 10.1016/0022-1694(70)90255-6; not
    the square of R. NaN where the observed is constant, as a single pair is."""
    return 1 - _ratio(m.mse, m.var_o)


@_kernel
def r(m: Moments) -> np.ndarray:
    """Pearson's correlation: cov(o, p) / (sd(o) sd(p)). NaN where either series is constant."""
    return np.clip(_ratio(m.covariance, np.sqrt(m.var_o * m.var_p)), -1, 1)


@_kernel
def kge(m: Moments) -> np.ndarray:
    """Kling-Gupta efficiency: 1 - sqrt((R - 1)^2 + (sd(p)/sd(o) - 1)^2 + (mean(p)/mean(o) - 1)^2).
    Gupta et al. (2009), doi 10.1016/j.jhydrol.2009.08.003. NaN where either series is constant or
    the mean of the observed is zero; not meant for anomalies."""
    alpha = np.sqrt(_ratio(m.var_p, m.var_o))
    beta = _ratio(m.mean_p, np.where(m.has_zero_mean, 0, m.mean_o))
    return 1 - np.sqrt((r.of_moments(m) - 1) ** 2 + (alpha - 1) ** 2 + (beta - 1) ** 2)


def anomaly_r(observed, predicted, climatology, predicted_climatology=None) -> np.ndarray:
    """Anomaly correlation: Pearson's R of o - climatology and p - climatology.

    ``climatology`` has a value for each day: the mean of its calendar day in a training part, or
    ``moving_mean``. It is taken from both series, the usage of forecast verification,
    unless the predicted series has its own. Entekhabi et al. (2010), doi 10.1175/2010JHM1223.1.
    NaN where the anomalies of either series are constant.
    """
    if predicted_climatology is None:
        predicted_climatology = climatology
    observed, predicted = np.asarray(observed, float), np.asarray(predicted, float)
    whole = moments(observed, predicted)
    anomalies = moments(
        observed - np.asarray(climatology, float),
        predicted - np.asarray(predicted_climatology, float),
    )
    # Rounding of the series themselves, which are larger than their anomalies.
    constant = (anomalies.var_o <= ROUNDING**2 * whole.square_o) | (
        anomalies.var_p <= ROUNDING**2 * (whole.var_p + whole.mean_p**2)
    )
    return np.where(constant, np.nan, r.of_moments(anomalies))[()]


def skill(observed, predicted, reference) -> np.ndarray:
    """Mean-square skill against a reference forecast: 1 - MSE(p) / MSE(reference); 1 is best. All
    three must be present on a day. NaN where the reference is without error. Murphy (1988), doi
    10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2."""
    observed, predicted, reference = (
        np.asarray(a, float) for a in (observed, predicted, reference)
    )
    jointly = observed + 0 * (predicted + reference)
    m, of_reference = moments(jointly, predicted), moments(jointly, reference)
    exact = of_reference.mse <= ROUNDING**2 * of_reference.square_o
    return 1 - _ratio(m.mse, np.where(exact, 0, of_reference.mse))


def moving_mean(series, window: int = 31, least: int | None = None) -> np.ndarray:
    """Centred moving mean over ``window`` days along the last axis, shorter at the ends.

    NaN where fewer than ``least`` days are present (default a third of the window). A 31-day
    window is that of Entekhabi et al. (2010), doi 10.1175/2010JHM1223.1.
    Raises ParameterError for an even or non-positive window.
    """
    if window < 1 or window % 2 == 0:
        raise ParameterError(f"window of {window} days; needs an odd number of at least 1")
    least = -(-window // 3) if least is None else least
    series = np.asarray(series, dtype=np.float64)
    valid = np.isfinite(series)
    total = _window_sum(np.where(valid, series, 0.0), window)
    n = _window_sum(valid.astype(float), window)
    mean = np.full(series.shape, np.nan)
    return np.divide(total, n, out=mean, where=n >= max(least, 1))


def _window_sum(values: np.ndarray, window: int) -> np.ndarray:
    edge = [(0, 0)] * (values.ndim - 1) + [(window // 2, window // 2)]
    padded = np.pad(values, edge)
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=-1).sum(-1)


SM = "m3 m-3"
METRICS: dict[str, Metric] = {
    "r2": Metric(r2, "1", "higher", "coefficient of determination", stable="log_loss"),
    "rmse": Metric(rmse, SM, "lower", "root mean square error", stable="log"),
    "ubrmse": Metric(ubrmse, SM, "lower", "unbiased root mean square error", stable="log"),
    "bias": Metric(bias, SM, "zero", "bias, predicted minus observed"),
    "r": Metric(r, "1", "higher", "Pearson correlation", stable="fisher"),
    "kge": Metric(kge, "1", "higher", "Kling-Gupta efficiency (2009)", stable="log_loss"),
    "anomaly_r": Metric(
        anomaly_r, "1", "higher", "anomaly correlation", "climatology", stable="fisher"
    ),
    "skill": Metric(
        skill, "1", "higher", "mean-square skill against a reference", "reference", "log_loss"
    ),
}


def score(
    observed: xr.DataArray,
    predicted: xr.DataArray,
    dim: str = "time",
    metrics: Iterable[str] = DEFAULT,
    reference: xr.DataArray | None = None,
    climatology: xr.DataArray | None = None,
) -> xr.Dataset:
    """Scores along ``dim`` as a Dataset with one variable per metric over the other dimensions.

    Adds ``n_pairs`` and ``undefined`` (CF flags: why a score is NaN). ``reference`` is needed by
    "skill", ``climatology`` by "anomaly_r". Raises ParameterError for an unknown metric, dimension
    or missing argument, DataError where the labels of a shared dimension differ.
    """
    extra = {"reference": reference, "climatology": climatology}
    metrics = list(metrics)
    for name in metrics:
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
        needed = METRICS[name].needs
        if needed and extra[needed] is None:
            raise ParameterError(f"metric {name!r} needs the argument {needed!r}")
    arrays = {"observed": observed, "predicted": predicted, **extra}
    for name, array in arrays.items():
        if array is not None and dim not in array.dims:
            raise unknown(f"dimension of {name}", dim, array.dims)

    def apply(function, *inputs):
        try:
            return xr.apply_ufunc(
                function, *inputs, input_core_dims=[[dim]] * len(inputs), join="exact"
            )
        except ValueError as error:
            line = str(error).splitlines()[0]
            raise DataError(f"observed and predicted do not fit: {line}") from None

    scores = xr.Dataset()
    for name in metrics:
        metric = METRICS[name]
        inputs = [observed, predicted] + ([extra[metric.needs]] if metric.needs else [])
        scores[name] = apply(metric.function, *inputs)
        units = metric.units if metric.units == "1" else observed.attrs.get("units", metric.units)
        scores[name].attrs = {"units": units, "long_name": metric.long_name}
    scores["n_pairs"] = apply(lambda o, p: moments(o, p).n.astype(int), observed, predicted)
    scores["n_pairs"].attrs = {"units": "1", "long_name": "number of days with both values"}
    scores["undefined"] = apply(undefined, observed, predicted)
    scores["undefined"].attrs = {
        "long_name": "why a score is NaN",
        "flag_values": list(range(len(UNDEFINED))),
        "flag_meanings": " ".join((t or "defined").replace(" ", "_") for t in UNDEFINED),
    }
    return scores
