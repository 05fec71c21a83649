"""Trends of moisture: the Mann-Kendall test and Sen's slope, with autocorrelation noted.

Mann (1945), doi 10.2307/1907187; Sen (1968), doi 10.1080/01621459.1968.10480934. The tests are
those of pymannkendall (Hussain and Mahmud 2019, doi 10.21105/joss.01556).
"""

import numpy as np
import pymannkendall
import xarray as xr
from scipy.stats import norm

from soilbook.errors import ParameterError, unknown
from soilbook.metrics.bootstrap import autocorrelation
from soilbook.threads import one_thread

# Steps in a year, and the NumPy unit of the step.
STEPS = {"day": (365.25, "D"), "month": (12.0, "M"), "year": (1.0, "Y")}
METHODS = ("plain", "hamed_rao", "pre_whitened")
# Below ten values the normal approximation of S is not good (Kendall 1975, Rank Correlation).
LEAST_STEPS = 10
NUMBERS = (
    "slope", "low", "high", "percent", "p", "z", "tau", "lag1", "n_steps", "years", "missing",
)  # fmt: skip


@one_thread
def steps(series, time, step: str = "month") -> np.ndarray:
    """Means (..., step) of a daily series over calendar months or years, or the days themselves. A
    mean needs half its days. ``time`` is datetime64, rising. Raises ParameterError for another
    step."""
    if step not in STEPS:
        raise unknown("step", step, STEPS)
    series = np.asarray(series, dtype=np.float64)
    days = np.asarray(time, dtype="datetime64[D]")
    unit = f"datetime64[{STEPS[step][1]}]"
    index = (days.astype(unit) - days[0].astype(unit)).astype(int)
    whole = np.arange(days[0].astype(unit), days[-1].astype(unit) + 2)
    in_step = np.diff(whole.astype("datetime64[D]")).astype(int)
    if step == "day":
        out = np.full((*series.shape[:-1], index[-1] + 1), np.nan)
        out[..., index] = series
        return out
    member = (index[:, None] == np.arange(index[-1] + 1)).astype(float)
    valid = np.isfinite(series)
    n = valid @ member
    total = np.where(valid, series, 0) @ member
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=(n > 0) & (n >= in_step / 2))


def trend(
    series,
    time,
    method: str = "pre_whitened",
    step: str = "month",
    without_cycle: bool = False,
    least_years: float = 3,
    most_missing: float = 0.10,
    level: float = 0.95,
) -> dict:
    """Trend of one daily series (time): numbers named in ``NUMBERS`` and ``reason``.

    ``slope`` with ``low`` and ``high`` per year, ``percent`` per year of the series' mean, ``p``,
    ``z`` and Kendall's ``tau`` of the test, ``lag1`` autocorrelation of the detrended steps,
    ``years`` from the first to the last value and ``missing``, the share of days missing between.
    "plain" takes steps as independent; "hamed_rao" enlarges the variance by the autocorrelation of
    the ranks up to lag sqrt(n) (Hamed and Rao 1998, doi 10.1016/S0022-1694(97)00125-X);
    "pre_whitened" tests x_t - lag1 x_{t-1} (Yue and Wang 2002, doi 10.1029/2001WR000861) and comes
    nearest to its nominal level on AR(1) steps. ``without_cycle`` first takes the mean of each
    calendar month or day off the steps. The slope is Sen's of the steps; its interval is that of
    Gilbert (1987), Statistical Methods for Environmental Pollution Monitoring, section 16.4.2, with
    Hamed and Rao's variance unless "plain". A short, patchy or constant series gives NaN and its
    reason. Defaults of ``least_years`` and ``most_missing``: Fang et al. (2019), section II-C.
    Daily steps of 15 years take seconds. Raises ParameterError for unknown names.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    series = np.asarray(series, dtype=np.float64)
    if series.ndim != 1 or series.shape != np.shape(time):
        raise ParameterError(f"series {series.shape} and time {np.shape(time)} differ")
    out = dict.fromkeys(NUMBERS, np.nan) | {"reason": ""}
    present = np.flatnonzero(np.isfinite(series))
    if not present.size:
        return out | {"reason": "no value"}
    days = np.asarray(time, dtype="datetime64[D]")[present[[0, -1]]]
    n_days = int((days[1] - days[0]).astype(int)) + 1
    out |= {"years": n_days / 365.25, "missing": 1 - present.size / n_days}
    if out["years"] < least_years:
        return out | {"reason": f"{out['years']:.1f} years; needs {least_years}"}
    if out["missing"] > most_missing:
        return out | {"reason": f"{out['missing']:.0%} missing; allowed {most_missing:.0%}"}
    inside = slice(present[0], present[-1] + 1)
    x = steps(series[inside], np.asarray(time)[inside], step)
    out["n_steps"] = n = int(np.isfinite(x).sum())
    if n < LEAST_STEPS:
        return out | {"reason": f"{n} {step}s; needs {LEAST_STEPS}"}
    mean = np.nanmean(x)
    if without_cycle:
        x = x - _cycle(x, STEPS[step][0])
    # Means of equal days differ by rounding.
    if np.nanmax(x) - np.nanmin(x) <= 1e-12 * abs(mean):
        return out | {"reason": "constant series"}
    out |= _tested(x, method, STEPS[step][0], level)
    out["percent"] = 100 * out["slope"] / mean if mean > 0 else np.nan
    return out


def _cycle(x: np.ndarray, per_year: float) -> np.ndarray:
    """Mean over the years of the place in the year of each step."""
    place = (np.arange(x.size) % per_year).astype(int)
    valid = np.isfinite(x)
    n = np.bincount(place, valid)
    total = np.bincount(place, np.where(valid, x, 0))
    return np.divide(total, n, out=np.zeros(n.size), where=n > 0)[place]


def _tested(x: np.ndarray, method: str, per_year: float, level: float) -> dict:
    plain = pymannkendall.original_test(x)
    detrended = x - plain.slope * np.arange(x.size)
    lag1 = float(autocorrelation(detrended, 1)[1])
    out = {"slope": plain.slope * per_year, "lag1": 0.0 if np.isnan(lag1) else lag1}
    variance, test = plain.var_s, plain
    if method != "plain" and not np.isnan(lag1):
        with np.errstate(invalid="ignore"):
            lag = int(np.sqrt(np.isfinite(x).sum()))
            corrected = pymannkendall.hamed_rao_modification_test(x, lag=lag)
        variance = corrected.var_s
        test = corrected
        if method == "pre_whitened":
            test = pymannkendall.pre_whitening_modification_test(x)
    out["tau"] = float(plain.Tau)
    if variance <= 0:
        out["reason"] = "corrected variance is not positive"
    else:
        out["low"], out["high"] = _slope_bounds(x, variance, level) * per_year
    if variance > 0 or method == "pre_whitened":
        out |= {"p": float(test.p), "z": float(test.z)}
    return out


def _slope_bounds(x: np.ndarray, variance: float, level: float) -> np.ndarray:
    """Interval of Sen's slope from the variance of S: quantiles of the pairwise slopes."""
    i, j = np.triu_indices(x.size, 1)
    slopes = (x[j] - x[i]) / (j - i)
    slopes = np.sort(slopes[np.isfinite(slopes)])
    half = norm.ppf((1 + level) / 2) * np.sqrt(variance)
    rank = np.array([(slopes.size - half) / 2 - 1, (slopes.size + half) / 2])
    return np.interp(rank, np.arange(slopes.size), slopes)


def trends(series: xr.DataArray, **settings) -> xr.Dataset:
    """``trend`` of every series of an array with the dimension ``time``, as a Dataset. One variable
    per number over the other dimensions, and ``reason`` as text. ``settings`` are the arguments of
    ``trend``. Raises ParameterError where there is no ``time``."""
    if "time" not in series.dims:
        raise unknown("dimension of series", "time", series.dims)
    series = series.transpose(..., "time")
    shape = series.shape[:-1]
    found = [trend(series.values[i], series["time"].values, **settings) for i in np.ndindex(*shape)]
    like = series.isel(time=0, drop=True)
    out = xr.Dataset(
        {
            name: like.copy(data=np.array([one[name] for one in found]).reshape(shape))
            for name in (*NUMBERS, "reason")
        }
    )
    units = series.attrs.get("units", "m3 m-3")
    per_year = dict.fromkeys(("slope", "low", "high"), f"{units} yr-1") | {"percent": "% yr-1"}
    for name in out:
        out[name].attrs = {"units": per_year.get(name, "1")} if name != "reason" else {}
    return out
