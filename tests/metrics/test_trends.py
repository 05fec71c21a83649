"""Mann-Kendall and Sen's slope on series with known trends."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import kendalltau, norm, theilslopes

from soilbook import metrics
from soilbook.errors import ParameterError
from soilbook.metrics.trends import METHODS, _slope_bounds, steps

pytestmark = pytest.mark.filterwarnings("error")
DAYS = np.arange("2005-01-01", "2020-01-01", dtype="datetime64[D]")
YEARS = np.arange(DAYS.size) / 365.25


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", ["month", "year"])
def test_a_line_is_found_in_percent_of_its_mean(method, step):
    noise = 0.002 * np.random.default_rng(2).standard_normal(DAYS.size)
    found = metrics.trend(0.2 + 0.002 * YEARS + noise, DAYS, method, step)
    assert found["slope"] == pytest.approx(0.002, rel=0.01)
    assert found["percent"] == pytest.approx(100 * 0.002 / (0.2 + 0.002 * YEARS.mean()), rel=0.01)
    assert found["tau"] == pytest.approx(1, abs=0.05)
    assert found["p"] < 1e-4
    assert found["low"] <= found["slope"] <= found["high"]


def test_plain_test_and_slope_equal_scipy(ar1):
    series = 0.3 + 0.02 * ar1((DAYS.size,), 0.98) + 0.001 * YEARS
    x = steps(series, DAYS)
    found = metrics.trend(series, DAYS, "plain")
    assert found["n_steps"] == 180
    assert found["tau"] == pytest.approx(kendalltau(np.arange(180), x).statistic)
    # SciPy leaves out the continuity correction of S by one.
    assert found["p"] == pytest.approx(
        kendalltau(np.arange(180), x, method="asymptotic").pvalue, rel=0.05
    )
    slope, _, low, high = theilslopes(x)
    assert found["slope"] == pytest.approx(12 * slope)
    assert (found["low"], found["high"]) == pytest.approx((12 * low, 12 * high), rel=0.02)


def test_autocorrelation_fools_the_plain_test_and_hardly_the_pre_whitened(ar1):
    rho, n = 0.6, 80
    months = DAYS.astype("datetime64[M]").astype(int) - DAYS[0].astype("datetime64[M]").astype(int)
    noise = ar1((n, 180), rho)
    false = {}
    for method in METHODS:
        p = [metrics.trend(0.3 + 0.01 * x[months], DAYS, method)["p"] for x in noise]
        false[method] = np.mean(np.array(p) < 0.05)
    assert false["plain"] > 0.2
    assert false["hamed_rao"] < false["plain"]
    assert false["pre_whitened"] < 0.12


def test_lag_one_is_noted(ar1):
    months = DAYS.astype("datetime64[M]").astype(int) - DAYS[0].astype("datetime64[M]").astype(int)
    found = metrics.trend(0.3 + 0.01 * ar1((180,), 0.6)[months] + 0.02 * YEARS, DAYS)
    assert found["lag1"] == pytest.approx(0.6, abs=0.15)


def test_taking_off_the_cycle_narrows_the_interval(ar1):
    cycle = 0.08 * np.cos(2 * np.pi * YEARS)
    series = 0.3 + cycle + 0.01 * ar1((DAYS.size,), 0.9) + 0.001 * YEARS
    kept = metrics.trend(series, DAYS, "plain")
    taken = metrics.trend(series, DAYS, "plain", without_cycle=True)
    assert taken["high"] - taken["low"] < 0.5 * (kept["high"] - kept["low"])
    assert taken["slope"] == pytest.approx(0.001, abs=0.0003)
    assert taken["percent"] == pytest.approx(100 * taken["slope"] / series.mean(), rel=0.01)


def test_daily_steps(ar1):
    series = 0.3 + 0.01 * ar1((1200,), 0.5) + 0.05 * YEARS[:1200]
    series[100:150] = np.nan
    found = metrics.trend(series, DAYS[:1200], step="day")
    assert found["slope"] == pytest.approx(0.05, rel=0.05)
    assert found["n_steps"] == 1150
    assert found["missing"] == pytest.approx(50 / 1200)


def test_steps_need_half_their_days():
    series = np.ones(90)
    series[31:46] = np.nan
    series[59:75] = np.nan
    np.testing.assert_array_equal(steps(series, DAYS[:90]), [1, np.nan, np.nan])
    series[45] = 1  # 14 of the 28 days of February
    np.testing.assert_array_equal(steps(series, DAYS[:90])[1], 1)
    np.testing.assert_array_equal(steps(series, DAYS[:90], "day"), series)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda x: np.full(x.size, 0.3), "constant series"),
        (lambda x: np.full(x.size, np.nan), "no value"),
        (lambda x: np.where(YEARS < 2.5, x, np.nan), "2.5 years; needs 3"),
        (lambda x: np.where((YEARS > 5) & (YEARS < 9), np.nan, x), "27% missing; allowed 10%"),
    ],
)
def test_series_without_a_trend_to_test_say_why(ar1, method, change, reason):
    found = metrics.trend(change(0.3 + 0.01 * ar1((DAYS.size,), 0.9)), DAYS, method)
    assert found["reason"] == reason
    assert np.isnan([found["p"], found["slope"], found["percent"]]).all()


def test_few_steps_and_a_pure_cycle_say_why():
    assert metrics.trend(YEARS[:1500], DAYS[:1500], step="year")["reason"] == "4 years; needs 10"
    months = DAYS.astype("datetime64[M]").astype(int) % 12
    found = metrics.trend(0.3 + 0.01 * months, DAYS, without_cycle=True)
    assert found["reason"] == "constant series"


def test_a_corrected_variance_below_zero_is_no_answer():
    # What leap years leave of a line alternates, and Hamed and Rao's sum falls below zero.
    found = metrics.trend(0.2 + 0.002 * YEARS, DAYS, "hamed_rao", "year")
    assert found["reason"] == "corrected variance is not positive"
    assert np.isnan([found["p"], found["low"], found["high"]]).all()
    assert found["slope"] == pytest.approx(0.002, rel=1e-3)


def test_percent_of_a_mean_that_is_not_positive_is_nan():
    assert np.isnan(metrics.trend(YEARS - 20, DAYS)["percent"])


def test_sites_at_once(ar1):
    values = 0.3 + 0.01 * ar1((3, DAYS.size), 0.9) + np.array([[0], [0.01], [0]]) * YEARS
    values[2] = 0.3
    array = xr.DataArray(
        values, {"site": ["a", "b", "c"], "time": DAYS.astype("datetime64[ns]")}, ("site", "time")
    )
    found = metrics.trends(array, method="hamed_rao")
    for k in range(3):
        one = metrics.trend(values[k], DAYS, "hamed_rao")
        np.testing.assert_allclose(found["percent"].values[k], one["percent"])
    assert float(found["p"].sel(site="b")) < 0.001
    assert list(found["reason"].values) == ["", "", "constant series"]
    assert found["slope"].attrs["units"] == "m3 m-3 yr-1"


def test_bad_input_is_one_line():
    with pytest.raises(ParameterError, match="unknown method 'theil'"):
        metrics.trend(YEARS, DAYS, "theil")
    with pytest.raises(ParameterError, match="unknown step 'week'"):
        metrics.trend(YEARS, DAYS, step="week")
    with pytest.raises(ParameterError, match="differ"):
        metrics.trend(YEARS[1:], DAYS)
    with pytest.raises(ParameterError, match="unknown dimension of series 'time'"):
        metrics.trends(xr.DataArray(YEARS, dims="day"))


def test_bounds_of_a_slope_are_the_ranks_of_gilbert():
    """Of 45 slopes and C = 25 the 10th and the 36th (M1 = 10, M2 + 1 = 36): 9 lie beyond each."""
    x = np.random.default_rng(0).standard_normal(10)
    i, j = np.triu_indices(10, 1)
    ranked = np.sort((x[j] - x[i]) / (j - i))
    low, high = _slope_bounds(x, (25 / norm.ppf(0.975)) ** 2, 0.95)
    assert (low, high) == (pytest.approx(ranked[9]), pytest.approx(ranked[35]))
