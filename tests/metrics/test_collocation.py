"""Triple collocation against errors that were put in, and merging."""

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
    np.testing.assert_allclose(found.snr_db, shape * 10 * np.log10(signal / ERROR**2), atol=0.4)
    np.testing.assert_allclose(found.scale, shape * GAIN[0] / GAIN, rtol=0.03)
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


def test_merged_by_collocation_beats_every_product_and_the_plain_mean(products):
    truth, x = products
    found = metrics.triple_collocation(*np.moveaxis(x, 1, 0))
    weights = metrics.merge_weights(found.common_error_variance)
    common = metrics.to_common_units(x, found.scale)
    np.testing.assert_allclose(common.mean(-1), np.broadcast_to(x[:, :1].mean(-1), (5, 3)))
    merged = metrics.merge(common, weights)
    error = metrics.ubrmse(truth[:, 0], merged)
    assert (error < metrics.ubrmse(truth, common).min(-1)).all()
    assert (error < metrics.ubrmse(truth[:, 0], common.mean(1))).all()
    best = 1 / np.sqrt((1 / (ERROR / GAIN) ** 2).sum())
    np.testing.assert_allclose(error, best, rtol=0.02)


def test_a_missing_product_is_made_up_for_by_the_others():
    products = np.array([[1.0, 1.0, np.nan], [4.0, np.nan, np.nan]])
    np.testing.assert_allclose(metrics.merge(products, [0.75, 0.25]), [1.75, 1.0, np.nan])


def test_shapes_that_do_not_fit_are_one_line():
    with pytest.raises(ParameterError, match="do not broadcast"):
        metrics.triple_collocation(np.zeros(40), np.zeros(41), np.zeros(40))
    with pytest.raises(ParameterError, match="weights"):
        metrics.merge(np.zeros((3, 10)), [0.5, 0.5])
