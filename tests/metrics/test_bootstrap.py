"""Intervals with known answers and coverage; one thread."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import t

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


def persistence(x, lead):
    """Observed and persistence forecast of an AR(1) series, (..., time)."""
    return x[..., lead:], x[..., :-lead]


def test_a_replicate_is_the_score_of_the_days_drawn(ar1):
    o = 0.3 + 0.05 * ar1((200,), 0.7)
    p = o + 0.02 * ar1((200,), 0.5, seed=1)
    o[50:60] = np.nan
    weights = metrics.day_weights(200, 9, 20, seed=5).astype(int)
    for name in metrics.RESAMPLED:
        found = metrics.resample(o, p, name, length=9, n_replicates=20, seed=5)
        for k in range(20):
            days = np.repeat(np.arange(200), weights[k])
            expected = metrics.METRICS[name].function(o[days], p[days])
            assert found.replicates[k] == pytest.approx(expected, rel=1e-9), name


def test_influence_is_what_a_score_loses_without_a_day(ar1):
    n = 5000
    o, p = ar1((2, n), 0.5)
    for name in ("r2", "rmse", "ubrmse", "bias", "r"):
        score = metrics.METRICS[name].function
        lost = [n * (score(o, p) - score(np.delete(o, k), np.delete(p, k))) for k in range(20)]
        np.testing.assert_allclose(metrics.influence(o, p, name)[:20], lost, atol=0.02)


@pytest.mark.parametrize(
    ("metric", "lead", "truth"),
    [("r2", 1, 2 * 0.9 - 1), ("rmse", 7, np.sqrt(2 * (1 - 0.9**7)))],
)
def test_coverage_on_ar1_is_near_its_level_and_that_of_independent_days_is_not(
    ar1, metric, lead, truth
):
    o, p = persistence(ar1((200, 800), 0.9), lead)
    hits = {"blocks": 0, "independent": 0}
    for k in range(200):
        for name, length in (("blocks", None), ("independent", 1)):
            drawn = metrics.resample(o[k], p[k], metric, length, n_replicates=300, seed=k)
            found = metrics.interval(drawn)
            hits[name] += found.low <= truth <= found.high
    assert 0.88 <= hits["blocks"] / 200 <= 0.99
    assert hits["independent"] / 200 < 0.80


def test_intervals_stay_where_a_score_can_be(ar1):
    o = 0.2 + 0.05 * ar1((300,), 0.95)
    p = o + 0.005 * ar1((300,), 0.9, seed=1)
    for name, (least, most) in {"r2": (-np.inf, 1), "r": (-1, 1), "rmse": (0, np.inf)}.items():
        found = metrics.interval(metrics.resample(o, p, name))
        assert least < found.low < found.value < found.high < most


def test_an_interval_takes_the_bias_of_the_replicates_off_and_has_students_width():
    replicates = 0.4 + 0.1 * np.random.default_rng(0).standard_normal(20_000)
    drawn = metrics.Resampled(np.array(0.5), replicates, length=25, n_days=250)
    found = metrics.interval(drawn, level=0.9)
    assert (found.low + found.high) / 2 == pytest.approx(0.6, abs=0.005)
    half = t.ppf(0.95, 9) * 0.1 * np.sqrt(10 / 9)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.02)


def test_blocks_of_a_score_are_twice_those_of_a_mean_up_to_a_sixth(ar1):
    o, p = persistence(ar1((2000,), 0.9), 3)
    of_mean = metrics.block_length(metrics.influence(o, p))
    assert metrics.choose_length(o, p) == 2 * of_mean
    assert metrics.choose_length(o[:24], p[:24]) == 4


def test_recentred_replicates_centre_on_the_score(ar1):
    o, p = persistence(ar1((400,), 0.95), 3)
    drawn = metrics.resample(o, p)
    scale = np.log(1 - metrics.recentred(drawn)).mean()
    assert scale == pytest.approx(np.log(1 - drawn.value))
    assert drawn.replicates.mean() < drawn.value


def test_ends_without_a_pair_change_nothing(ar1):
    o, p = persistence(ar1((400,), 0.8), 1)
    padded = [np.concatenate([np.full(30, np.nan), a, np.full(90, np.nan)]) for a in (o, p)]
    a, b = metrics.resample(o, p), metrics.resample(*padded)
    assert (a.n_days, a.length) == (b.n_days, b.length)
    np.testing.assert_allclose(a.replicates, b.replicates)


def test_many_series_equal_one_by_one(ar1):
    o = ar1((600,), 0.9)
    p = o + ar1((300, 2, 600), 0.5)
    together = metrics.resample(o, p, length=20, n_replicates=50)
    assert together.replicates.shape == (50, 300, 2)
    one = metrics.resample(o, p[257, 1], length=20, n_replicates=50)
    np.testing.assert_allclose(together.replicates[:, 257, 1], one.replicates, rtol=1e-10)


def test_constants_have_no_interval_and_do_no_harm(ar1):
    o = np.stack([np.full(200, 0.3), ar1((200,), 0.5)])
    found = metrics.interval(metrics.resample(o, o + ar1((2, 200), 0.5, seed=1), length=10))
    assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()
    assert found.low[1] < found.value[1] < found.high[1]


@pytest.mark.parametrize("n_days", [1, 2, 3, 5, 12])
def test_a_handful_of_days_is_no_crash(n_days):
    o, p = np.random.default_rng(0).random((2, n_days))
    for name in metrics.RESAMPLED:
        drawn = metrics.resample(o, p, name, n_replicates=50)
        assert drawn.length == max(n_days // 6, 1) or drawn.length == 1
        found = metrics.interval(drawn)
        assert not found.high < found.low
    assert np.isnan(metrics.r2(o[:1], p[:1]))


def test_bad_input_is_one_line(ar1):
    x = ar1((100,), 0.5)
    with pytest.raises(ParameterError, match="unknown metric for resampling 'skill'"):
        metrics.resample(x, x, "skill")
    with pytest.raises(ParameterError, match="no day has both"):
        metrics.resample(x, np.full(100, np.nan))
    drawn = metrics.resample(x, x + 1, length=5)
    with pytest.raises(ParameterError, match="level 95"):
        metrics.interval(drawn, level=95)


@pytest.mark.parametrize("n_sites", [8, 16])
def test_two_level_interval_covers_the_mean_of_the_population(n_sites):
    # A site's score is 0.8 + between sites + within a site; its replicates repeat the last.
    generator = np.random.default_rng(0)
    between, within, cases = 0.05, 0.03, 400
    truth = 0.8 + between * generator.standard_normal((n_sites, cases))
    values = truth + within * generator.standard_normal((n_sites, cases))
    replicates = values + within * generator.standard_normal((500, n_sites, cases))
    covered = {}
    for name, of_days in (("two levels", replicates), ("sites alone", None)):
        found = metrics.mean_over_sites(values, of_days, n_replicates=500)
        covered[name] = np.mean((found.low <= 0.8) & (0.8 <= found.high))
    assert 0.93 <= covered["two levels"] <= 1
    assert 0.90 <= covered["sites alone"] <= 0.98
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


def test_a_cell_of_one_site_has_a_mean_and_no_interval():
    found = metrics.mean_over_sites(np.array([0.8]))
    assert found.value == 0.8 and np.isnan([found.low, found.high]).all()
    found = metrics.mean_over_sites(np.array([0.7, 0.8, 0.9]))
    assert found.low < found.value < found.high
    found = metrics.mean_over_sites(np.array([0.7, 0.9]))
    assert found.low == 0.7 and found.high == 0.9


def test_replicates_that_do_not_fit_are_one_line():
    with pytest.raises(ParameterError, match="do not fit"):
        metrics.mean_over_sites(np.ones(4), np.ones((10, 3)))


MAKE = """
import numpy as np
from soilbook.metrics import bootstrap, uncertainty
from soilbook.metrics.trends import steps

def show(name, *arrays):
    print(name, *(array.tobytes().hex() for array in arrays))

random = np.random.default_rng(0)
o, p, q = random.normal(size=(7, 1001)) + 0.5 * random.normal(size=(3, 7, 1001))
show("resample", bootstrap.resample(o, p, length=20).replicates)
found = uncertainty.collocation_intervals(o, p, q, length=20)
show("intervals", found.error.low, found.error.high, found.r_truth.low, found.r_truth.high)
found = uncertainty.triple_collocation(o, p, q)
show("collocation", found.error_variance, found.r_truth)
time = np.arange("2000-01-01", "2010-01-01", dtype="M8[D]")
show("steps", steps(random.normal(size=(300, time.size)), time, "month"))
"""


def test_the_number_of_threads_changes_nothing():
    made = []
    for threads in ("1", "4"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        found = subprocess.run(
            [sys.executable, "-c", MAKE], env=environment, capture_output=True, text=True
        )
        assert found.returncode == 0, found.stderr
        made.append(dict(line.split(" ", 1) for line in found.stdout.splitlines()))
    assert len(made[0]) == 4
    assert [name for name in made[0] if len({one[name] for one in made}) > 1] == []
