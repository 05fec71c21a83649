"""Scores on series whose scores are known, and their xarray side."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import pearsonr
from sklearn.metrics import mean_squared_error, r2_score

from soilbook import metrics
from soilbook.errors import DataError, ParameterError
from soilbook.metrics.scores import UNDEFINED, undefined

pytestmark = pytest.mark.filterwarnings("error")

TWO = [name for name, metric in metrics.METRICS.items() if metric.needs is None]


@pytest.fixture
def pair():
    generator = np.random.default_rng(3)
    observed = 0.25 + 0.05 * generator.standard_normal((4, 500))
    return observed, 0.1 + 0.7 * observed + 0.02 * generator.standard_normal((4, 500))


def test_scores_equal_independent_programs(pair):
    o, p = pair
    for k in range(4):
        assert metrics.r2(o, p)[k] == pytest.approx(r2_score(o[k], p[k]), rel=1e-12)
        assert metrics.rmse(o, p)[k] == pytest.approx(
            np.sqrt(mean_squared_error(o[k], p[k])), rel=1e-12
        )
        assert metrics.r(o, p)[k] == pytest.approx(pearsonr(o[k], p[k])[0], rel=1e-12)


def test_scores_equal_their_formulas(pair):
    o, p = pair[0][0], pair[1][0]
    e = p - o
    rho, alpha, beta = np.corrcoef(o, p)[0, 1], p.std() / o.std(), p.mean() / o.mean()
    expected = {
        "bias": e.mean(),
        "ubrmse": (e - e.mean()).std(),
        "kge": 1 - np.sqrt((rho - 1) ** 2 + (alpha - 1) ** 2 + (beta - 1) ** 2),
    }
    for name, value in expected.items():
        assert metrics.METRICS[name].function(o, p) == pytest.approx(value, rel=1e-12), name


def test_persistence_on_ar1_has_r2_of_two_rho_minus_one(ar1):
    rho = 0.9
    x = ar1((400_000,), rho)
    for lead in (1, 3, 7):
        expected = 2 * rho**lead - 1
        assert metrics.r2(x[lead:], x[:-lead]) == pytest.approx(expected, abs=0.01)
        damped = rho**lead * x[:-lead]
        assert metrics.r2(x[lead:], damped) == pytest.approx(rho ** (2 * lead), abs=0.01)
        # Skill of the damped forecast over persistence: 1 - (1 - rho^2h) / (2 (1 - rho^h)).
        gain = 1 - (1 + rho**lead) / 2
        assert metrics.skill(x[lead:], damped, x[:-lead]) == pytest.approx(gain, abs=0.01)


def test_white_noise_mean_and_persistence():
    x = np.random.default_rng(0).standard_normal(200_000)
    assert metrics.r2(x, np.full(x.size, x.mean())) == pytest.approx(0, abs=1e-12)
    assert metrics.r2(x[1:], x[:-1]) == pytest.approx(-1, abs=0.02)
    assert metrics.r(x[1:], x[:-1]) == pytest.approx(0, abs=0.01)
    assert metrics.rmse(x[1:], x[:-1]) == pytest.approx(np.sqrt(2), abs=0.01)


def test_perfect_and_shifted_forecasts():
    o = np.random.default_rng(1).uniform(0.1, 0.4, 300)
    assert metrics.rmse(o, o) == 0
    assert (metrics.r2(o, o), metrics.r(o, o), metrics.kge(o, o)) == pytest.approx((1, 1, 1))
    shifted = o + 0.05
    assert metrics.bias(o, shifted) == pytest.approx(0.05)
    assert metrics.rmse(o, shifted) == pytest.approx(0.05)
    assert metrics.ubrmse(o, shifted) == pytest.approx(0, abs=1e-12)
    assert metrics.r(o, shifted) == pytest.approx(1)


def test_rmse_splits_into_bias_and_ubrmse(pair):
    split = metrics.bias(*pair) ** 2 + metrics.ubrmse(*pair) ** 2
    np.testing.assert_allclose(metrics.rmse(*pair) ** 2, split, rtol=1e-12)


def test_a_gap_in_either_series_is_left_out_of_both(pair):
    o, p = (a.copy() for a in pair)
    o[:, 10:50] = np.nan
    p[:, 40:90] = np.nan
    kept = np.r_[0:10, 90:500]
    for name in TWO:
        function = metrics.METRICS[name].function
        np.testing.assert_allclose(function(o, p), function(pair[0][:, kept], pair[1][:, kept]))


@pytest.mark.parametrize("name", TWO)
def test_float32_with_a_large_mean_loses_nothing(pair, name):
    o, p = (np.float32(1000 + a) for a in pair)
    function = metrics.METRICS[name].function
    np.testing.assert_allclose(function(o, p), function(np.float64(o), np.float64(p)), rtol=1e-12)
    if name in ("r2", "rmse", "ubrmse", "bias", "r"):
        exact = (np.float64(o) - 1000, np.float64(p) - 1000)
        np.testing.assert_allclose(function(o, p), function(*exact), rtol=1e-9)


def test_leading_axes_broadcast(pair):
    o, p = pair
    table = metrics.rmse(o[:, None], p[None])
    assert table.shape == (4, 4)
    assert table[1, 2] == pytest.approx(metrics.rmse(o[1], p[2]))


@pytest.mark.parametrize("constant", [0.0, 0.3, 1e-9])
def test_constants_are_nan_with_a_reason(constant):
    varying = np.random.default_rng(0).random(97)
    flat = np.full(97, constant)
    for name in ("r2", "r", "kge"):
        assert np.isnan(metrics.METRICS[name].function(flat, varying)), name
    for name in ("r", "kge"):
        assert np.isnan(metrics.METRICS[name].function(varying, flat)), name
    assert metrics.r2(varying, flat) < 0
    assert metrics.rmse(flat, flat) == 0
    assert UNDEFINED[undefined(flat, varying)] == "observed is constant"
    assert UNDEFINED[undefined(varying, flat)] == "predicted is constant"
    assert UNDEFINED[undefined(varying, varying)] == ""
    assert UNDEFINED[undefined(varying[:2], varying[2:4])] == ""
    assert UNDEFINED[undefined(varying[:1], varying[2:3])] == "fewer than 2 pairs"


@pytest.mark.parametrize("name", TWO)
def test_no_pair_and_no_day_are_nan(name):
    function = metrics.METRICS[name].function
    gap = np.full(5, np.nan)
    assert np.isnan(function(gap, np.arange(5.0)))
    assert np.isnan(function(np.empty(0), np.empty(0)))
    assert UNDEFINED[undefined(gap, gap)] == "fewer than 2 pairs"


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_rounding_makes_no_score_of_what_is_undefined(kind):
    """A constant and a mean of zero are told on the scale of the series."""
    generator = np.random.default_rng(0)
    varying = generator.uniform(0.1, 0.4, 50)
    digits = np.finfo(kind).eps * np.where(np.arange(50) % 2, 1, -1)
    for level in (0.3, -7.0, 280.0):
        flat = kind(level * (1 + digits))
        assert np.ptp(flat) > 0
        for name in ("r2", "r", "kge"):
            assert np.isnan(metrics.METRICS[name].function(flat, varying)), (name, level)
        for name in ("r", "kge"):
            assert np.isnan(metrics.METRICS[name].function(varying, flat)), (name, level)
        assert UNDEFINED[undefined(flat, varying)] == "observed is constant"
        assert UNDEFINED[undefined(varying, flat)] == "predicted is constant"
    for scale in (1e-3, 1, 1e5):
        anomaly = kind(scale * (varying - varying.mean()))
        assert anomaly.mean() != 0
        assert np.isnan(metrics.kge(anomaly, anomaly + scale)), scale
        assert UNDEFINED[undefined(anomaly, anomaly + scale)] == "mean of observed is zero"
        assert metrics.r2(anomaly, anomaly) == 1
    o = np.array([0.21, 0.22, 0.26])
    assert np.isnan(metrics.kge(o - o.mean(), o - 0.2))
    assert np.isfinite(metrics.kge(o - o.mean() + 1e-4, o - 0.2))
    # A forecast that is the observed up to rounding, and anomalies that are none.
    exact = kind(varying) * (1 + digits)
    assert np.isnan(metrics.skill(kind(varying), varying + 0.01, exact))
    assert np.isnan(metrics.anomaly_r(kind(varying), varying[::-1], exact))
    assert np.isnan(metrics.anomaly_r(varying[::-1], kind(varying), varying, exact))


def test_small_variations_keep_their_scores():
    o = 0.3 + 1e-5 * np.random.default_rng(0).standard_normal(200)
    assert (metrics.r2(o, o), metrics.r(o, o), metrics.kge(o, o)) == pytest.approx((1, 1, 1))
    assert UNDEFINED[undefined(o, o)] == ""


def test_one_pair_has_an_error_but_no_spread():
    o, p = np.array([0.2, np.nan]), np.array([0.3, 0.4])
    assert (metrics.bias(o, p), metrics.rmse(o, p)) == pytest.approx((0.1, 0.1))
    assert metrics.skill(o, p, p + 0.1) == pytest.approx(0.75)
    for name in ("ubrmse", "r2", "r", "kge"):
        assert np.isnan(metrics.METRICS[name].function(o, p)), name
    assert np.isnan(metrics.anomaly_r(o, p, 0 * p))
    assert UNDEFINED[undefined(o, p)] == "fewer than 2 pairs"
    assert metrics.ubrmse([0.2, 0.4], [0.3, 0.4]) == pytest.approx(0.05)


def test_kge_of_zero_mean_is_nan():
    o = np.array([-1.0, 1.0, -1.0, 1.0])
    assert np.isnan(metrics.kge(o, o + 1))


def test_skill_needs_all_three_and_a_reference_with_error(pair):
    o, p = pair
    reference = np.roll(o, 1, -1)
    assert metrics.skill(o, reference, reference) == pytest.approx(np.zeros(4))
    gappy = reference.copy()
    gappy[:, :100] = np.nan
    np.testing.assert_allclose(
        metrics.skill(o, p, gappy), metrics.skill(o[:, 100:], p[:, 100:], reference[:, 100:])
    )
    assert np.isnan(metrics.skill(o, p, o)).all()


def test_anomaly_correlation_sees_through_a_shared_cycle():
    generator = np.random.default_rng(0)
    day = np.arange(20_000)
    cycle = 5 * np.sin(2 * np.pi * day / 365.25)
    o, p = generator.standard_normal((2, day.size))
    assert metrics.r(o + cycle, p + cycle) > 0.9
    assert metrics.anomaly_r(o + cycle, p + cycle, cycle) == pytest.approx(0, abs=0.03)
    # A predicted cycle that is wrong counts against the shared climatology, not against its own.
    assert metrics.anomaly_r(o + cycle, o + 2 * cycle, cycle, 2 * cycle) == pytest.approx(1)
    assert metrics.anomaly_r(o + cycle, o + 2 * cycle, cycle) < 0.5


def test_moving_mean_leaves_a_line_and_removes_its_window():
    line = np.linspace(0, 1, 100)
    np.testing.assert_allclose(metrics.moving_mean(line)[15:-15], line[15:-15])
    wave = np.sin(2 * np.pi * np.arange(310) / 31)
    np.testing.assert_allclose(metrics.moving_mean(wave)[15:-15], 0, atol=1e-12)
    gappy = np.where(np.arange(100) < 60, np.nan, 1.0)
    assert np.isnan(metrics.moving_mean(gappy)[:54]).all()
    assert (metrics.moving_mean(gappy)[55:] == 1).all()
    with pytest.raises(ParameterError, match="odd"):
        metrics.moving_mean(line, 30)


def test_series_that_do_not_fit_are_one_line():
    with pytest.raises(ParameterError, match="differ along time"):
        metrics.rmse(np.zeros(4), np.zeros(5))
    with pytest.raises(ParameterError, match="do not broadcast"):
        metrics.rmse(np.zeros((2, 4)), np.zeros((3, 4)))


@pytest.fixture
def observed():
    values = np.random.default_rng(0).uniform(0.1, 0.4, (2, 3, 50))
    values[1, 2] = 0.2
    values[0, 0, :5] = np.nan
    coords = {"site": ["A", "B"], "depth": [0.05, 0.1, 0.2], "time": np.arange(50)}
    return xr.DataArray(values, coords, ("site", "depth", "time"), attrs={"units": "m3 m-3"})


@pytest.fixture
def predicted(observed):
    return xr.concat([observed + 0.01, observed * 0.9 + 0.02], "model").assign_coords(
        model=["x", "y"]
    )


def test_labels_units_and_values_are_kept(observed, predicted):
    found = metrics.score(observed, predicted.transpose("time", ...), metrics=["rmse", "r2"])
    assert set(found["rmse"].dims) == {"site", "depth", "model"}
    assert found["rmse"].attrs["units"] == "m3 m-3"
    assert found["r2"].attrs["units"] == "1"
    one = found.sel(site="B", depth=0.1, model="y")
    expected = metrics.rmse(
        observed.sel(site="B", depth=0.1), predicted.sel(site="B", depth=0.1, model="y")
    )
    assert float(one["rmse"]) == pytest.approx(expected)
    assert int(found["n_pairs"].sel(site="A", depth=0.05, model="x")) == 45


def test_every_metric_runs_with_its_argument(observed, predicted):
    found = metrics.score(
        observed,
        predicted,
        metrics=metrics.METRICS,
        reference=observed.shift(time=1),
        climatology=observed.mean("time").expand_dims(time=observed["time"]),
    )
    assert set(metrics.METRICS) < set(found)
    np.testing.assert_allclose(found["anomaly_r"], found["r"])


def test_why_a_score_is_nan_is_told(observed, predicted):
    found = metrics.score(observed, predicted)
    flat = found.sel(site="B", depth=0.2, model="x")
    assert np.isnan(flat["r2"]) and np.isnan(flat["r"]) and float(flat["rmse"]) > 0
    names = found["undefined"].attrs["flag_meanings"].split()
    assert names[int(flat["undefined"])] == "observed_is_constant"
    assert names[int(found["undefined"].sel(site="A", depth=0.05, model="x"))] == "defined"


def test_labels_and_names_that_do_not_fit_are_one_line(observed, predicted):
    with pytest.raises(ParameterError, match="unknown metric 'nse'; allowed: r2"):
        metrics.score(observed, predicted, metrics=["nse"])
    with pytest.raises(ParameterError, match="needs the argument 'reference'"):
        metrics.score(observed, predicted, metrics=["skill"])
    with pytest.raises(ParameterError, match="unknown dimension of observed 'day'"):
        metrics.score(observed, predicted, dim="day")
    with pytest.raises(DataError, match="do not fit") as caught:
        metrics.score(observed, predicted.isel(site=[1, 0]))
    assert "\n" not in str(caught.value)
