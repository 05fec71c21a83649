"""Means over sites and spread over repetitions."""

import numpy as np
import pytest
from scipy.stats import t

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def test_spread_is_students_interval_of_the_mean():
    scores = np.array([[0.90, 0.92, 0.91, 0.93, np.nan], [0.5, 0.5, 0.5, 0.5, 0.5]])
    found = metrics.spread(scores)
    half = t.ppf(0.975, 3) * scores[0, :4].std(ddof=1) / 2
    np.testing.assert_allclose(found.mean, [0.915, 0.5])
    np.testing.assert_allclose(found.high - found.mean, [half, 0], atol=1e-15)
    np.testing.assert_array_equal(found.n, [4, 5])


def test_one_repetition_has_a_mean_and_no_interval():
    found = metrics.spread(np.array([0.9]))
    assert found.mean == 0.9
    assert np.isnan([found.standard_deviation, found.low, found.high]).all()
    assert np.isnan(metrics.spread(np.full(3, np.nan)).mean)


@pytest.mark.parametrize("n_sites", [8, 16])
def test_two_level_interval_covers_the_mean_of_the_population(n_sites):
    # A site's score is 0.8 + between sites + within a site; its replicates repeat the last.
    generator = np.random.default_rng(0)
    between, within, cases = 0.05, 0.03, 400
    truth = 0.8 + between * generator.standard_normal((n_sites, cases))
    values = truth + within * generator.standard_normal((n_sites, cases))
    replicates = values + within * generator.standard_normal((500, n_sites, cases))
    covered = {}
    for name, options, target in (
        ("two levels", {"replicates": replicates}, 0.8),
        ("sites alone", {}, 0.8),
        ("these sites", {"replicates": replicates, "sites": "fixed"}, truth.mean(0)),
        ("these sites for all", {"replicates": replicates, "sites": "fixed"}, 0.8),
    ):
        found = metrics.mean_over_sites(values, n_replicates=500, **options)
        covered[name] = np.mean((found.low <= target) & (target <= found.high))
    assert 0.93 <= covered["two levels"] <= 1
    assert 0.90 <= covered["sites alone"] <= 0.98
    assert 0.90 <= covered["these sites"] <= 0.98
    assert covered["these sites for all"] < 0.80
    assert covered["two levels"] >= covered["sites alone"]


def test_all_cells_share_the_sites_drawn():
    generator = np.random.default_rng(1)
    a = generator.uniform(0.5, 0.9, 12)
    both = metrics.mean_over_sites(np.stack([a, a + 0.1], 1))
    assert both.low[1] - both.low[0] == pytest.approx(0.1)
    assert both.high[1] - both.high[0] == pytest.approx(0.1)


def test_sites_without_a_score_are_left_out_cell_by_cell():
    values = np.array([[0.8, np.nan, np.nan], [0.9, np.nan, 0.7], [0.7, 0.6, np.nan]])
    values = np.concatenate([values, values])
    values[3:, 1] = np.nan
    found = metrics.mean_over_sites(values)
    np.testing.assert_allclose(found.value, [0.8, 0.6, 0.7])
    assert found.low[0] < 0.8 < found.high[0]
    assert np.isnan([found.low[1], found.high[1]]).all()


def test_bad_input_is_one_line():
    with pytest.raises(ParameterError, match="unknown population of sites 'some'"):
        metrics.mean_over_sites(np.ones(4), sites="some")
    with pytest.raises(ParameterError, match="needs replicates"):
        metrics.mean_over_sites(np.ones(4), sites="fixed")
    with pytest.raises(ParameterError, match="do not fit"):
        metrics.mean_over_sites(np.ones(4), np.ones((10, 3)))
