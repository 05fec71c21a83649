"""Triple collocation against errors that were put in, its intervals, and weights to merge."""

import numpy as np
import pytest

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")

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
