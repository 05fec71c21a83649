"""Tests of paired differences."""

import itertools

import numpy as np
import pytest
from scipy.stats import rankdata, ttest_1samp

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def enumerated(d) -> float:
    """Two-sided p of the signed-rank sum over every pattern of signs, zeros keeping their ranks."""
    d = np.asarray(d)
    ranks = rankdata(np.abs(d)) * (d != 0)
    sums = np.array([np.dot(s, ranks) for s in itertools.product((-1, 1), repeat=d.size)])
    return np.mean(np.abs(sums) >= abs(np.dot(np.sign(d), ranks)) - 1e-9)


@pytest.mark.parametrize(
    "differences",
    [
        [0.01, 0.03, 0.02, 0.05, -0.04, 0.06, 0.07],
        [0.01, 0.01, 0.01, 0.02, -0.02, 0.03, 0.03, -0.01],
        [0.0, 0.0, 0.01, 0.02, 0.03, 0.04, -0.05, 0.06, 0.02],
        [1, 2, 3, 4, 5, 6],
    ],
)
def test_signed_rank_is_exact_with_ties_and_zeros(differences):
    found = metrics.signed_rank(differences)
    assert found.p == pytest.approx(enumerated(differences), abs=1e-9)
    assert found.n == len(differences)
    assert found.reason == ""


def test_signed_rank_of_six_like_signs_is_two_in_sixty_four():
    assert metrics.signed_rank([1, 2, 3, 4, 5, 6]).p == pytest.approx(2 / 64)
    assert metrics.signed_rank([1, 2, 3, 4, 5, 6, np.nan]).n == 6


def test_many_tied_sites_use_the_corrected_approximation():
    d = np.repeat([0.01, 0.02, -0.01], [4, 5, 6])
    assert metrics.signed_rank(d).p == pytest.approx(enumerated(d), rel=0.1)


@pytest.mark.parametrize("test", [metrics.signed_rank, metrics.sign_test])
def test_too_few_sites_have_no_p_and_equal_models_have_p_one(test):
    found = test([1, 2, 3, 4, 5])
    assert np.isnan(found.p)
    assert found.reason == "5 sites; needs at least 6"
    assert test(np.zeros(8)).p == 1


def test_sign_test_is_binomial():
    assert metrics.sign_test([1, 1, 1, 1, 1, 1, 1, 1, 1, -1]).p == pytest.approx(22 / 1024)
    assert metrics.sign_test([1] * 9 + [-1] + [0] * 5).p == pytest.approx(22 / 1024)


def test_diebold_mariano_on_independent_losses_is_nearly_a_t_test():
    a, b = np.random.default_rng(0).standard_normal((2, 400))
    found = metrics.diebold_mariano(a, b, n_lags=0)
    expected = ttest_1samp(a**2 - b**2, 0)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-6)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-4)


def test_harvey_factor_scales_the_statistic():
    a, b = np.random.default_rng(0).standard_normal((2, 50))
    one, seven = (metrics.diebold_mariano(a, b, lead=h, n_lags=6).statistic for h in (1, 7))
    factor = np.sqrt((50 + 1 - 14 + 42 / 50) / 50) / np.sqrt((50 + 1 - 2) / 50)
    assert seven / one == pytest.approx(factor)


def test_diebold_mariano_keeps_its_level_on_dependent_losses(ar1):
    # Two forecasts of the same accuracy; errors of a lead-5 forecast depend on each other.
    a, b = ar1((2, 400, 600), 0.7)
    pairs = list(zip(a, b, strict=True))
    allowed = np.mean([metrics.diebold_mariano(x, y, lead=5).p < 0.05 for x, y in pairs])
    naive = np.mean([metrics.diebold_mariano(x, y, n_lags=0).p < 0.05 for x, y in pairs])
    assert 0.02 <= allowed <= 0.10
    assert naive > 0.13


def test_diebold_mariano_sees_a_better_forecast_through_gaps(ar1):
    a, b = ar1((2, 600), 0.7)
    b = 0.7 * b
    b[100:160] = np.nan
    found = metrics.diebold_mariano(a, b)
    assert found.n == 540
    assert found.p < 0.01 and found.statistic > 0
    swapped = metrics.diebold_mariano(b, a)
    assert (swapped.p, swapped.statistic) == pytest.approx((found.p, -found.statistic))


def test_diebold_mariano_without_an_answer_says_why(ar1):
    x = ar1((100,), 0.5)
    assert metrics.diebold_mariano(x, x).reason == "loss differences are constant"
    assert metrics.diebold_mariano(x[:8], x[1:9]).reason == "8 pairs; needs at least 10"
    with pytest.raises(ParameterError, match="lead 0"):
        metrics.diebold_mariano(x, x, lead=0)
    with pytest.raises(ParameterError, match="shapes"):
        metrics.diebold_mariano(x, x[1:])


def test_corrections_against_known_answers():
    p = np.array([[0.01, 0.04], [0.03, np.nan]])
    np.testing.assert_allclose(metrics.correct(p), [[0.03, 0.06], [0.06, np.nan]])
    np.testing.assert_allclose(
        metrics.correct(p, "benjamini-hochberg"), [[0.03, 0.04], [0.04, np.nan]]
    )
    np.testing.assert_array_equal(metrics.correct(p, "none"), p)
    assert np.isnan(metrics.correct([np.nan])).all()
    with pytest.raises(ParameterError, match="unknown correction 'bonferroni'"):
        metrics.correct(p, "bonferroni")


def test_pseudomedian_of_a_small_sample():
    assert metrics.pseudomedian([1, 2, 6]) == 2.75
    assert np.isnan(metrics.pseudomedian([np.nan]))
