"""Calibration measures on forecasts that are right, too sure or too wide."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def observed():
    return np.random.default_rng(0).standard_normal(20_000)


def test_coverage_counts_what_lies_inside():
    observed = [0.1, 0.2, np.nan, 0.4, 0.5]
    assert metrics.coverage(observed, 0.2, 0.4) == 0.5
    assert np.isnan(metrics.coverage([np.nan], 0, 1))


def test_coverage_of_the_true_interval_is_its_level(observed):
    assert metrics.coverage(observed, -1.96, 1.96) == pytest.approx(0.95, abs=0.005)


def test_interval_score_is_least_for_the_true_quantiles(observed):
    scores = [metrics.interval_score(observed, -z, z) for z in (1.5, 1.96, 2.4)]
    assert scores[1] == min(scores)
    assert metrics.interval_score([3.0], 0.0, 1.0, level=0.9) == pytest.approx(1 + 2 / 0.1 * 2)


@pytest.mark.parametrize("value", [-1.3, 0.0, 2.2])
def test_gaussian_crps_is_its_integral(value):
    mean, deviation = 0.4, 1.7
    below = quad(lambda x: norm.cdf(x, mean, deviation) ** 2, -30, value)[0]
    above = quad(lambda x: (1 - norm.cdf(x, mean, deviation)) ** 2, value, 30)[0]
    assert metrics.crps_gaussian([value], mean, deviation) == pytest.approx(below + above, rel=1e-6)


def test_crps_of_a_certain_forecast_is_the_absolute_error(observed):
    expected = np.abs(observed - 0.2).mean()
    assert metrics.crps_gaussian(observed, 0.2, 0.0) == pytest.approx(expected)
    assert metrics.crps_ensemble(observed, np.full((1, observed.size), 0.2)) == pytest.approx(
        expected
    )


def test_ensemble_crps_equals_all_pairs(observed):
    members = np.random.default_rng(1).standard_normal((7, 40))
    o = observed[:40]
    error = np.abs(members - o).mean(0)
    pairs = np.abs(members[:, None] - members[None]).sum((0, 1))
    assert metrics.crps_ensemble(o, members) == pytest.approx((error - pairs / 2 / 49).mean())
    assert metrics.crps_ensemble(o, members, fair=True) == pytest.approx(
        (error - pairs / 2 / 42).mean()
    )


def test_fair_crps_of_a_small_ensemble_is_that_of_the_distribution(observed):
    # A standard normal forecast of a standard normal has CRPS 1 / sqrt(pi).
    members = np.random.default_rng(2).standard_normal((5, observed.size))
    assert metrics.crps_gaussian(observed, 0, 1.0) == pytest.approx(1 / np.sqrt(np.pi), abs=0.01)
    assert metrics.crps_ensemble(observed, members, True) == pytest.approx(
        1 / np.sqrt(np.pi), abs=0.01
    )
    assert metrics.crps_ensemble(observed, members) > 0.6


def test_pit_is_uniform_for_the_true_forecast(observed):
    members = np.random.default_rng(3).standard_normal((9, observed.size))
    for pit in (metrics.pit_gaussian(observed, 0, 1.0), metrics.pit_ensemble(observed, members)):
        share = np.histogram(pit, 10, (0, 1))[0] / observed.size
        np.testing.assert_allclose(share, 0.1, atol=0.01)


def test_reliability_shows_forecasts_too_sure_and_too_wide(observed):
    for deviation, sign in ((1.0, 0), (0.5, -1), (2.0, 1)):
        levels, share = metrics.reliability(metrics.pit_gaussian(observed, 0, deviation))
        assert share.shape == levels.shape
        if sign:
            assert (sign * (share - levels) > 0).all()
        else:
            np.testing.assert_allclose(share, levels, atol=0.015)
        exact = 2 * norm.cdf(deviation * norm.ppf((1 + levels) / 2)) - 1
        np.testing.assert_allclose(share, exact, atol=0.015)


def test_gaps_are_left_out(observed):
    gappy = observed.copy()
    gappy[:500] = np.nan
    members = np.random.default_rng(1).standard_normal((7, observed.size))
    members[2, 500:700] = np.nan
    assert metrics.crps_ensemble(gappy, members) == pytest.approx(
        metrics.crps_ensemble(observed[700:], members[:, 700:])
    )
    pit = metrics.pit_ensemble(gappy, members)
    assert np.isnan(pit[:700]).all() and np.isfinite(pit[700:]).all()
    assert np.isfinite(metrics.reliability(pit)[1]).all()


def test_bad_input_is_one_line():
    with pytest.raises(ParameterError, match="deviation -1"):
        metrics.crps_gaussian([0.1], 0.0, -1.0)
    with pytest.raises(ParameterError, match="at least 2"):
        metrics.crps_ensemble([0.1], [[0.2]], fair=True)
    with pytest.raises(ParameterError, match="level 95"):
        metrics.reliability([0.5], [95])
