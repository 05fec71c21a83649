"""Replicates and intervals of scores at one site."""

import time

import numpy as np
import pytest

from soilbook import metrics
from soilbook.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


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


def test_paired_differences_cover_and_are_narrower_than_unpaired(ar1):
    rho, lead = 0.8, 3
    o, p = persistence(ar1((200, 800), rho), lead)
    damped = rho**lead * p
    truth = rho ** (2 * lead) - (2 * rho**lead - 1)
    hits, narrower = 0, 0
    for k in range(200):
        both = [metrics.resample(o[k], q[k], length=40, n_replicates=300) for q in (damped, p)]
        found = metrics.interval(metrics.difference(*both))
        hits += found.low <= truth <= found.high
        spread = [one.replicates.std() for one in both]
        narrower += (found.high - found.low) < 2 * 1.96 * np.hypot(*spread)
    assert 0.88 <= hits / 200 <= 0.99
    assert narrower > 190


def test_percentile_and_student_agree_on_a_long_record(ar1):
    o, p = persistence(ar1((5000,), 0.5), 1)
    drawn = metrics.resample(o, p, "rmse")
    student, percentile = metrics.interval(drawn), metrics.interval(drawn, method="percentile")
    width = student.high - student.low
    assert percentile.low == pytest.approx(student.low, abs=0.15 * width)
    assert percentile.high == pytest.approx(student.high, abs=0.15 * width)


def test_intervals_stay_where_a_score_can_be(ar1):
    o = 0.2 + 0.05 * ar1((300,), 0.95)
    p = o + 0.005 * ar1((300,), 0.9, seed=1)
    for name, (least, most) in {"r2": (-np.inf, 1), "r": (-1, 1), "rmse": (0, np.inf)}.items():
        found = metrics.interval(metrics.resample(o, p, name))
        assert least < found.low < found.value < found.high < most


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


def test_a_thousand_replicates_of_a_thousand_days_cost_less_than_10_ms_a_series(ar1):
    o, p = ar1((1000,), 0.9), ar1((100, 1000), 0.9, seed=1)
    metrics.resample(o, p[:2], length=30)
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        metrics.resample(o, p, length=30)
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) / 100 < 0.010


def test_bad_input_is_one_line(ar1):
    x = ar1((100,), 0.5)
    with pytest.raises(ParameterError, match="unknown metric for resampling 'skill'"):
        metrics.resample(x, x, "skill")
    with pytest.raises(ParameterError, match="no day has both"):
        metrics.resample(x, np.full(100, np.nan))
    drawn = metrics.resample(x, x + 1, length=5)
    with pytest.raises(ParameterError, match="unknown method 'bca'"):
        metrics.interval(drawn, method="bca")
    with pytest.raises(ParameterError, match="level 95"):
        metrics.interval(drawn, level=95)
    with pytest.raises(ParameterError, match="not paired: length 5 and 6"):
        metrics.difference(drawn, metrics.resample(x, x + 1, length=6))
