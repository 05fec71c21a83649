"""Calibration of forecasts that are right, too sure or too wide; mixtures that are known."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from scipy.stats import norm

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")

WEIGHTS = np.array([0.6, 0.3, 0.1])
DEVIATION = np.array([0.02, 0.03, 0.05])


@pytest.fixture(scope="module")
def observed():
    return np.random.default_rng(0).standard_normal(20_000)


def test_coverage_counts_what_lies_inside():
    observed = [0.1, 0.2, np.nan, 0.4, 0.5]
    assert metrics.coverage(observed, 0.2, 0.4) == 0.5
    assert np.isnan(metrics.coverage([np.nan], 0, 1))


def test_coverage_of_the_true_interval_is_its_level(observed):
    assert metrics.coverage(observed, -1.96, 1.96) == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize("value", [-1.3, 0.0, 2.2])
def test_gaussian_crps_is_its_integral(value):
    mean, deviation = 0.4, 1.7
    below = quad(lambda x: norm.cdf(x, mean, deviation) ** 2, -30, value)[0]
    above = quad(lambda x: (1 - norm.cdf(x, mean, deviation)) ** 2, value, 30)[0]
    assert metrics.crps_gaussian([value], mean, deviation) == pytest.approx(below + above, rel=1e-6)


def test_crps_of_a_certain_forecast_is_the_absolute_error(observed):
    expected = np.abs(observed - 0.2).mean()
    assert metrics.crps_gaussian(observed, 0.2, 0.0) == pytest.approx(expected)


def test_pit_is_uniform_for_the_true_forecast(observed):
    pit = metrics.pit_gaussian(observed, 0, 1.0)
    np.testing.assert_allclose(np.histogram(pit, 10, (0, 1))[0] / pit.size, 0.1, atol=0.01)
    # A standard normal forecast of a standard normal has CRPS 1 / sqrt(pi).
    assert metrics.crps_gaussian(observed, 0, 1.0) == pytest.approx(1 / np.sqrt(np.pi), abs=0.01)


def test_gaps_are_left_out(observed):
    gappy, deviation = observed.copy(), np.full(observed.size, 1.5)
    gappy[:500], deviation[500:700] = np.nan, np.nan
    whole = metrics.crps_gaussian(observed[700:], 0, 1.5)
    assert metrics.crps_gaussian(gappy, 0, deviation) == pytest.approx(whole)
    pit = metrics.pit_gaussian(gappy, 0, deviation)
    assert np.isnan(pit[:700]).all() and np.isfinite(pit[700:]).all()
    np.testing.assert_allclose(metrics.reliability(pit)[1], metrics.reliability(pit[700:])[1])


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


def test_bad_input_is_one_line():
    with pytest.raises(ParameterError, match="deviation -1"):
        metrics.crps_gaussian([0.1], 0.0, -1.0)
    with pytest.raises(ParameterError, match="level 95"):
        metrics.reliability([0.5], [95])


def mixture(deviation, n_days=20_000, n_places=3, apart=0.1, seed=0):
    """Observed (place, day) and members (place, 3, day): each day one member, at random, is right
    up to a normal error."""
    random = np.random.default_rng(seed)
    members = 0.25 + apart * random.standard_normal((n_places, 3, n_days))
    right = random.choice(3, (n_places, 1, n_days), p=WEIGHTS)
    centre = np.take_along_axis(members, right, 1)[:, 0]
    error = np.broadcast_to(deviation, 3)[right[:, 0]] * random.standard_normal(centre.shape)
    return centre + error, members


def test_the_mixture_that_was_drawn_is_found():
    found = metrics.model_averaging(*mixture(0.03))
    np.testing.assert_allclose(found.weights, np.tile(WEIGHTS, (3, 1)), atol=0.015)
    np.testing.assert_allclose(found.deviation, 0.03, rtol=0.06)
    np.testing.assert_allclose(found.weights.sum(-1), 1)
    assert (found.reason == "").all() and (found.n == 20_000).all()


def test_expectation_maximisation_reaches_the_highest_likelihood():
    observed, members = mixture(0.03, n_days=300, n_places=1)
    found = metrics.model_averaging(observed, members, tolerance=1e-13, most=20_000)

    def loss(parameters):
        weights, spread = softmax(np.append(parameters[:2], 0)), np.exp(parameters[2])
        densities = norm.logpdf(observed[0], members[0], spread)
        return -logsumexp(densities + np.log(weights)[:, None], axis=0).mean()

    best = minimize(loss, [0.5, 0.2, np.log(0.05)], method="Nelder-Mead", tol=1e-10)
    assert found.log_likelihood[0] == pytest.approx(-best.fun, abs=1e-7)
    np.testing.assert_allclose(found.weights[0], softmax(np.append(best.x[:2], 0)), atol=1e-3)


def test_likelihood_never_falls_from_step_to_step():
    observed, members = mixture(DEVIATION, n_days=200, n_places=1, apart=0.03)
    reached = [
        metrics.model_averaging(observed, members, most=most).log_likelihood[0]
        for most in range(1, 30)
    ]
    assert (np.diff(reached) >= -1e-12).all()


def test_a_place_does_not_depend_on_its_neighbours_nor_on_the_order_of_members():
    observed, members = mixture(DEVIATION, n_days=400)
    members[1, :, 50:90] = np.nan
    observed[2, :100] = np.nan
    together = metrics.model_averaging(observed, members)
    for place in range(3):
        there = np.isfinite(observed[place]) & np.isfinite(members[place]).all(0)
        alone = metrics.model_averaging(observed[place, there], members[place][:, there])
        np.testing.assert_allclose(together.weights[place], alone.weights, atol=1e-10)
        assert together.iterations[place] == alone.iterations
        assert together.n[place] == there.sum()
    turned = metrics.model_averaging(observed, members[:, ::-1])
    np.testing.assert_allclose(turned.weights[:, ::-1], together.weights, atol=1e-6)


def test_only_the_member_that_is_right_is_kept_and_equals_share():
    random = np.random.default_rng(0)
    truth = 0.2 + 0.1 * random.standard_normal(2000)
    good = truth + 0.01 * random.standard_normal(2000)
    poor = 0.2 + 0.1 * random.standard_normal(2000)
    found = metrics.model_averaging(truth, np.stack([good, poor]))
    assert found.weights[0] > 0.99
    equal = metrics.model_averaging(truth, np.stack([good, good]))
    np.testing.assert_allclose(equal.weights, 0.5)


def test_the_forecast_of_the_right_mixture_is_calibrated():
    observed, members = mixture(DEVIATION)
    observed[0, :5], members[0, 1, 5:9] = np.nan, np.nan
    p = metrics.mixture_probability(observed, members, np.tile(WEIGHTS, (3, 1)), DEVIATION)
    assert np.isnan(p[0, :9]).all() and np.isfinite(p[0, 9:]).all()
    shares = np.histogram(p[np.isfinite(p)], 10, (0, 1))[0] / np.isfinite(p).sum()
    np.testing.assert_allclose(shares, 0.1, atol=0.006)


def test_no_average_comes_with_its_reason():
    observed, members = mixture(0.03, n_days=50, n_places=1)
    few = metrics.model_averaging(observed[:, :20], members[..., :20])
    assert few.reason[0] == "fewer than 30 days" and np.isnan(few.weights).all()
    members[:, 1] = observed
    exact = metrics.model_averaging(observed, members)
    assert exact.reason[0] == "a member has no error" and np.isnan(exact.deviation).all()


def test_members_of_another_shape_are_one_line():
    observed, members = mixture(0.03, n_days=50)
    with pytest.raises(ParameterError, match="members need the same axes"):
        metrics.model_averaging(observed, members[:, :, :40])
