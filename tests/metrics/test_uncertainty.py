"""Coverage, CRPS, averaging and triple collocation with known answers."""

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


GAIN = np.array([1.0, 0.7, 1.4])
OFFSET = np.array([0.0, 0.1, -0.05])
ERROR = np.array([0.02, 0.03, 0.04])
SIGNAL = 0.06


@pytest.fixture(scope="module")
def products(ar1):
    """Three products (5, product, time) of one truth (5, 1, time)."""
    truth = 0.25 + SIGNAL * ar1((5, 1, 40_000), 0.9)
    noise = ERROR[:, None] * np.random.default_rng(1).standard_normal((5, 3, 40_000))
    return truth, OFFSET[:, None] + GAIN[:, None] * truth + noise


def test_errors_put_in_are_found(products):
    found = metrics.triple_collocation(*np.moveaxis(products[1], 1, 0))
    signal = (GAIN * SIGNAL) ** 2
    shape = np.ones((5, 1))
    np.testing.assert_allclose(found.error_variance, shape * ERROR**2, rtol=0.06)
    np.testing.assert_allclose(
        found.r_truth, shape * np.sqrt(signal / (signal + ERROR**2)), atol=0.01
    )
    assert (found.n == 40_000).all() and (found.reason == "").all()


def test_r_truth_is_the_correlation_with_the_truth(products):
    truth, x = products
    found = metrics.triple_collocation(*np.moveaxis(x, 1, 0))
    np.testing.assert_allclose(found.r_truth, metrics.r(truth, x), atol=0.01)


def test_gaps_are_left_out_of_all_three(products):
    x, y, z = (a.copy() for a in products[1][0])
    x[:1000], y[500:2000], z[39_000:] = np.nan, np.nan, np.nan
    kept = slice(2000, 39_000)
    gappy = metrics.triple_collocation(x, y, z)
    whole = metrics.triple_collocation(*products[1][0][:, kept])
    np.testing.assert_allclose(gappy.error_variance, whole.error_variance)
    assert gappy.n == 37_000


def test_no_answer_comes_with_its_reason(products):
    x, y, z = products[1][0]
    cases = {
        "fewer than 30 shared days": (x[:20], y[:20], z[:20]),
        "constant product": (x, y, np.full(x.size, 0.3)),
        "covariances are not all positive": (x, y, -z),
        # Two products that share their error look better than they are, one below zero.
        "negative error variance": (x, x + 0.001 * (y - y.mean()), z),
    }
    for reason, products_of_case in cases.items():
        found = metrics.triple_collocation(*products_of_case)
        assert found.reason == reason
        assert np.isnan(found.error_variance).all() and np.isnan(found.r_truth).all()


def test_weights_are_inverse_variances():
    np.testing.assert_allclose(metrics.merge_weights([1.0, 2.0, 4.0]), np.array([4, 2, 1]) / 7)
    np.testing.assert_allclose(
        metrics.merge_weights([[1.0, np.nan], [3.0, 1.0]]), [[1, 0], [0.25, 0.75]]
    )
    assert np.isnan(metrics.merge_weights([np.nan, np.nan])).all()
    with pytest.raises(ParameterError, match="needs to be positive"):
        metrics.merge_weights([1.0, 0.0])


def test_shapes_that_do_not_fit_are_one_line():
    with pytest.raises(ParameterError, match="do not broadcast"):
        metrics.triple_collocation(np.zeros(40), np.zeros(41), np.zeros(40))


@pytest.fixture(scope="module")
def short(ar1):
    """Three products (80, product, time) of as many truths."""
    truth = 0.25 + SIGNAL * ar1((80, 1, 700), 0.8)
    return truth + ERROR[:, None] * np.random.default_rng(1).standard_normal((80, 3, 700))


def test_intervals_hold_the_errors_put_in(short):
    found = metrics.collocation_intervals(*np.moveaxis(short, 1, 0), n_replicates=300)
    held = (found.error.low <= ERROR) & (found.error.high >= ERROR)
    assert (np.abs(held.mean(0) - 0.95) < 0.06).all()
    r_truth = SIGNAL / np.sqrt(SIGNAL**2 + ERROR**2)
    assert ((found.r_truth.low <= r_truth) & (found.r_truth.high >= r_truth)).mean() > 0.85


def test_estimate_is_that_of_the_plain_collocation_with_gaps(short):
    x, y, z = short[0].copy()
    x[::3] = np.nan
    plain = metrics.triple_collocation(x, y, z)
    found = metrics.collocation_intervals(x, y, z, n_replicates=100)
    np.testing.assert_allclose(found.error.value, np.sqrt(plain.error_variance))
    np.testing.assert_allclose(found.r_truth.value, plain.r_truth)
    for one in (found.error, found.r_truth):
        assert ((one.low < one.value) & (one.value < one.high)).all()
    whole = metrics.collocation_intervals(*short[0], n_replicates=100)
    assert (found.error.high - found.error.low > 0.9 * (whole.error.high - whole.error.low)).all()


def test_replicates_are_the_collocation_of_the_days_drawn(short):
    x, y, z = short[0]
    weights = metrics.day_weights(x.size, 20, 3, seed=5).astype(int)
    direct = [
        np.sqrt(metrics.triple_collocation(*(np.repeat(a, w) for a in (x, y, z))).error_variance)
        for w in weights
    ]
    found = metrics.collocation_intervals(x, y, z, length=20, n_replicates=3, level=1e-9, seed=5)
    np.testing.assert_allclose(found.error.low, np.median(direct, axis=0), rtol=1e-6)


def test_no_answer_has_no_interval_and_leaves_the_others(short):
    x, y, z = np.moveaxis(short[:3].copy(), 1, 0)
    z[1] = -z[1]
    x[2, 20:] = np.nan
    found = metrics.collocation_intervals(x, y, z, n_replicates=100)
    assert np.isnan(found.error.low[1:]).all() and np.isnan(found.r_truth.high[1:]).all()
    assert np.isfinite(found.error.low[0]).all()
    with pytest.raises(ParameterError, match="between 0 and 1"):
        metrics.collocation_intervals(x, y, z, level=1.0)


def test_a_signal_that_few_replicates_have_gets_no_interval():
    random = np.random.default_rng(41)
    truth = random.normal(size=60)
    products = [0.35 * truth + random.normal(size=60) for _ in range(3)]
    found = metrics.collocation_intervals(*products, length=1, n_replicates=200)
    assert np.isfinite(found.error.value).all() and np.isfinite(found.r_truth.value).all()
    assert np.isnan(found.error.low).all() and np.isnan(found.r_truth.high).all()
