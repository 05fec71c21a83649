"""Block length and day weights."""

import numpy as np
import pytest

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.9])
def test_block_length_on_ar1_is_that_of_theory(ar1, rho):
    n = 4000
    theory = (6 * rho**2 / (1 - rho**2) ** 2 * n) ** (1 / 3)
    lengths = [metrics.block_length(x) for x in ar1((30, n), rho)]
    assert np.median(lengths) == pytest.approx(theory, rel=0.25)


def test_white_noise_needs_no_blocks(ar1):
    assert np.median([metrics.block_length(x) for x in ar1((40, 1000), 0.0)]) <= 3


def test_block_length_survives_gaps_and_constants(ar1):
    x = ar1((3000,), 0.8)
    gappy = x.copy()
    gappy[np.random.default_rng(0).random(3000) < 0.05] = np.nan
    assert metrics.block_length(gappy) == pytest.approx(metrics.block_length(x), rel=0.35)
    assert metrics.block_length(np.full(100, 0.3)) == 1
    assert metrics.block_length(np.full(100, np.nan)) == 1


def test_series_share_a_length_between_the_shortest_and_the_longest(ar1):
    series = np.concatenate([ar1((3, 1000), 0.2), ar1((1, 1000), 0.9)])
    each = [metrics.block_length(x) for x in series]
    assert min(each) < metrics.block_length(series) < max(each)


def test_autocorrelation_of_ar1(ar1):
    found = metrics.autocorrelation(ar1((200_000,), 0.8), 5)
    np.testing.assert_allclose(found, 0.8 ** np.arange(6), atol=0.01)
    assert np.isnan(metrics.autocorrelation(np.full(50, 0.3), 2)).all()


def test_day_weights_equal_blocks_laid_out_one_by_one():
    n_days, length, n_replicates = 23, 5, 40
    weights = metrics.day_weights(n_days, length, n_replicates, seed=4)
    starts = np.random.default_rng(4).integers(n_days, size=(n_replicates, 5))
    for row, begin in zip(weights, starts, strict=True):
        days = ((begin[:, None] + np.arange(length)) % n_days).ravel()[:n_days]
        np.testing.assert_array_equal(row, np.bincount(days, minlength=n_days))


@pytest.mark.parametrize("length", [1, 7, 50])
def test_day_weights_favour_no_day(length):
    weights = metrics.day_weights(50, length, 20_000)
    assert (weights.sum(1) == 50).all()
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.06)


def test_whole_record_as_one_block_is_the_record():
    assert (metrics.day_weights(30, 30, 10) == 1).all()


def test_bad_lengths_are_one_line():
    with pytest.raises(ParameterError, match="block length 31; allowed: 1 to 30 days"):
        metrics.day_weights(30, 31)
    with pytest.raises(ParameterError, match="n_replicates 0"):
        metrics.day_weights(30, 3, 0)
