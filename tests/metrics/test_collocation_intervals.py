"""Intervals of triple collocation hold what was put in as often as they say."""

import numpy as np
import pytest

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")

ERROR = np.array([0.02, 0.03, 0.04])
SIGNAL = 0.06


@pytest.fixture(scope="module")
def products(ar1):
    """Three products (80, product, time) of as many truths."""
    truth = 0.25 + SIGNAL * ar1((80, 1, 700), 0.8)
    return truth + ERROR[:, None] * np.random.default_rng(1).standard_normal((80, 3, 700))


def test_intervals_hold_the_errors_put_in(products):
    found = metrics.collocation_intervals(*np.moveaxis(products, 1, 0), n_replicates=300)
    held = (found.error.low <= ERROR) & (found.error.high >= ERROR)
    assert (np.abs(held.mean(0) - 0.95) < 0.06).all()
    r_truth = SIGNAL / np.sqrt(SIGNAL**2 + ERROR**2)
    assert ((found.r_truth.low <= r_truth) & (found.r_truth.high >= r_truth)).mean() > 0.85


def test_estimate_is_that_of_the_plain_collocation_with_gaps(products):
    x, y, z = products[0].copy()
    x[::3] = np.nan
    plain = metrics.triple_collocation(x, y, z)
    found = metrics.collocation_intervals(x, y, z, n_replicates=100)
    np.testing.assert_allclose(found.error.value, np.sqrt(plain.error_variance))
    np.testing.assert_allclose(found.r_truth.value, plain.r_truth)
    for one in (found.error, found.r_truth):
        assert ((one.low < one.value) & (one.value < one.high)).all()
    whole = metrics.collocation_intervals(*products[0], n_replicates=100)
    assert (found.error.high - found.error.low > 0.9 * (whole.error.high - whole.error.low)).all()


def test_replicates_are_the_collocation_of_the_days_drawn(products):
    x, y, z = products[0]
    weights = metrics.day_weights(x.size, 20, 3, seed=5).astype(int)
    direct = [
        np.sqrt(metrics.triple_collocation(*(np.repeat(a, w) for a in (x, y, z))).error_variance)
        for w in weights
    ]
    found = metrics.collocation_intervals(x, y, z, length=20, n_replicates=3, level=1e-9, seed=5)
    np.testing.assert_allclose(found.error.low, np.median(direct, axis=0), rtol=1e-6)


def test_no_answer_has_no_interval_and_leaves_the_others(products):
    x, y, z = np.moveaxis(products[:3].copy(), 1, 0)
    z[1] = -z[1]
    x[2, 20:] = np.nan
    found = metrics.collocation_intervals(x, y, z, n_replicates=100)
    assert np.isnan(found.error.low[1:]).all() and np.isnan(found.r_truth.high[1:]).all()
    assert np.isfinite(found.error.low[0]).all()
    with pytest.raises(ParameterError, match="between 0 and 1"):
        metrics.collocation_intervals(x, y, z, level=1.0)
