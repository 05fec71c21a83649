"""Bayesian model averaging on mixtures that are known."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from scipy.stats import norm

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")

WEIGHTS = np.array([0.6, 0.3, 0.1])
DEVIATION = np.array([0.02, 0.03, 0.05])


def mixture(deviation, n_days=20_000, n_places=3, apart=0.1, seed=0):
    """Observed (place, day) and members (place, 3, day): each day one member, at random, is right
    up to a normal error."""
    random = np.random.default_rng(seed)
    members = 0.25 + apart * random.standard_normal((n_places, 3, n_days))
    right = random.choice(3, (n_places, 1, n_days), p=WEIGHTS)
    centre = np.take_along_axis(members, right, 1)[:, 0]
    error = np.broadcast_to(deviation, 3)[right[:, 0]] * random.standard_normal(centre.shape)
    return centre + error, members


@pytest.mark.parametrize(("variance", "deviation"), [("common", 0.03), ("own", DEVIATION)])
def test_the_mixture_that_was_drawn_is_found(variance, deviation):
    found = metrics.model_averaging(*mixture(deviation), variance=variance)
    np.testing.assert_allclose(found.weights, np.tile(WEIGHTS, (3, 1)), atol=0.015)
    wanted = np.tile(np.broadcast_to(deviation, 3), (3, 1))
    np.testing.assert_allclose(found.deviation, wanted, rtol=0.06)
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
    for variance in ("common", "own"):
        reached = [
            metrics.model_averaging(observed, members, variance, most=most).log_likelihood[0]
            for most in range(1, 30)
        ]
        assert (np.diff(reached) >= -1e-12).all()


def test_a_place_does_not_depend_on_its_neighbours_nor_on_the_order_of_members():
    observed, members = mixture(DEVIATION, n_days=400)
    members[1, :, 50:90] = np.nan
    observed[2, :100] = np.nan
    together = metrics.model_averaging(observed, members, "own")
    for place in range(3):
        there = np.isfinite(observed[place]) & np.isfinite(members[place]).all(0)
        alone = metrics.model_averaging(observed[place, there], members[place][:, there], "own")
        np.testing.assert_allclose(together.weights[place], alone.weights, atol=1e-10)
        assert together.iterations[place] == alone.iterations
        assert together.n[place] == there.sum()
    turned = metrics.model_averaging(observed, members[:, ::-1], "own")
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


def test_no_answer_comes_with_its_reason():
    observed, members = mixture(0.03, n_days=50, n_places=1)
    few = metrics.model_averaging(observed[:, :20], members[..., :20])
    assert few.reason[0] == "fewer than 30 days" and np.isnan(few.weights).all()
    members[:, 1] = observed
    exact = metrics.model_averaging(observed, members)
    assert exact.reason[0] == "a member has no error" and np.isnan(exact.deviation).all()


def test_bad_input_is_one_line():
    observed, members = mixture(0.03, n_days=50)
    with pytest.raises(ParameterError, match="members need the same axes"):
        metrics.model_averaging(observed, members[:, :, :40])
    with pytest.raises(ParameterError, match="allowed: common, own"):
        metrics.model_averaging(observed, members, variance="each")
