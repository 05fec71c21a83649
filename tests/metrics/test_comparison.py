"""The table of paired differences across sites, and the test behind it."""

import itertools

import numpy as np
import pytest
import xarray as xr
from scipy.stats import rankdata
from statsmodels.stats.multitest import multipletests

from soilbook import metrics
from soilbook.errors import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("error")
SITES = [f"site {k}" for k in range(16)]


@pytest.fixture
def baseline():
    values = np.random.default_rng(0).uniform(0.7, 0.9, (16, 2))
    return xr.DataArray(values, {"site": SITES, "depth": [0.05, 1.0]}, ("site", "depth"))


def model(baseline, gain, noise, seed=1):
    return baseline + gain + noise * np.random.default_rng(seed).standard_normal(baseline.shape)


def test_a_constant_gain_under_noise_is_found(baseline):
    better, worse, same = (model(baseline, g, 0.01, s) for s, g in enumerate((0.03, -0.03, 0.0)))
    models = xr.concat([better, worse, same], "model").assign_coords(model=["up", "down", "same"])
    table = metrics.compare(models, baseline)
    assert list(table.columns[:2]) == ["model", "depth"]
    verdicts = table.groupby("model")["verdict"].unique().str[0].to_dict()
    assert verdicts == {"up": "better", "down": "worse", "same": "no difference shown"}
    up = table[table["model"] == "up"]
    assert ((up["low"] < 0.03) & (0.03 < up["high"])).all()
    assert (table["p_corrected"] >= table["p"]).all()
    np.testing.assert_allclose(table["p_corrected"], metrics.correct(table["p"]))
    assert (table["n_sites"] == 16).all()


def test_lower_is_better_for_rmse_and_nearer_zero_for_bias(baseline):
    up = model(baseline, 0.03, 0.005)
    assert (metrics.compare(up, baseline, "rmse")["verdict"] == "worse").all()
    assert (metrics.compare(up, baseline, "rmse")["n_better"] == 0).all()
    negative = -up
    assert (metrics.compare(negative, baseline, "bias")["verdict"] == "worse").all()
    assert (metrics.compare(baseline, negative, "bias")["verdict"] == "better").all()


def test_noise_alone_is_rarely_called_a_difference():
    generator = np.random.default_rng(0)
    a, b = (xr.DataArray(generator.random((16, 200)), dims=("site", "case")) for _ in range(2))
    plain = metrics.compare(a, b, correction="none")
    assert 0.01 <= (plain["p"] < 0.05).mean() <= 0.10
    assert (metrics.compare(a, b)["verdict"] == "no difference shown").all()


def several(n_sites: int, n_models: int = 4) -> tuple[xr.DataArray, xr.DataArray]:
    """Models by depth that all exceed a reference at every site by unlike amounts."""
    gain = 0.01 + 0.001 * np.arange(n_sites * n_models * 3).reshape(n_sites, n_models, 3)
    reference = xr.DataArray(np.zeros((n_sites, 3)), dims=("site", "depth"))
    return xr.DataArray(gain, dims=("site", "model", "depth")), reference


def test_p_is_corrected_within_the_family_that_is_named():
    ours, reference = several(12)
    whole = metrics.compare(ours, reference)
    within = metrics.compare(ours, reference, family=("depth",))
    assert whole["p_corrected"].to_numpy() == pytest.approx(12 * whole["p"].to_numpy())
    assert within["p_corrected"].to_numpy() == pytest.approx(4 * within["p"].to_numpy())
    with pytest.raises(ParameterError, match="unknown dimension of a family 'lead'; allowed: "):
        metrics.compare(ours, reference, family=("lead",))


def test_sites_that_are_too_few_for_the_level_give_no_verdict_but_the_smallest_p():
    """With 8 sites p cannot fall below 0.0078, times 12 tests is 0.094."""
    ours, reference = several(8)
    table = metrics.compare(ours, reference)
    assert set(table["verdict"]) == {"not testable"} and (table["n_better"] == 8).all()
    assert set(table["reason"]) == {"n too small: smallest possible p 0.094"}
    assert set(metrics.compare(ours, reference, family=("depth",))["verdict"]) == {"better"}
    alone = metrics.compare(ours.isel(model=0), reference)
    assert set(alone["verdict"]) == {"better"}


def test_the_smallest_p_is_that_of_differences_all_on_one_side():
    for n in (6, 8, 12):
        least = metrics.signed_rank(np.arange(1, n + 1)).p
        assert metrics.smallest_p([n]) == pytest.approx([least])
        assert metrics.smallest_p([n] * 5) == pytest.approx([5 * least] * 5)
    assert metrics.smallest_p([8, 3])[0] == pytest.approx(2**-7)  # three sites are no test
    assert metrics.smallest_p([8] * 5, "none")[0] == pytest.approx(2**-7)


def test_fewer_than_six_sites_decide_nothing():
    assert metrics.too_few(6) == "" and metrics.smallest_p([6])[0] < 0.05
    assert metrics.too_few(5) == "n too small: smallest possible p 0.062 at 5 sites"


def test_few_sites_ties_and_gaps(baseline):
    up = model(baseline, 0.03, 0.005)
    up[:11, 1] = np.nan
    table = metrics.compare(up, baseline)
    assert list(table["verdict"]) == ["better", "not testable"]
    assert table["reason"][1] == "5 sites; needs at least 6"
    assert table["p_corrected"][0] == table["p"][0]
    equal = metrics.compare(baseline, baseline)
    assert (equal["p"] == 1).all() and (equal["verdict"] == "no difference shown").all()
    rounded = metrics.compare(baseline.round(1) + 0.1, baseline.round(1))
    assert (rounded["verdict"] == "better").all()


def test_a_verdict_needs_p_below_its_level_and_equal_sites_are_not_better():
    values = xr.DataArray([0.03, 0.04, 0.05, 0.06, 0.07, -0.01, -0.02], dims="site")
    table = metrics.compare(values, 0 * values)
    assert table["p"][0] == pytest.approx(10 / 128)
    assert table["verdict"][0] == "no difference shown"
    assert metrics.compare(values, 0 * values, level=0.9)["verdict"][0] == "better"
    equal = metrics.compare(values.where(values > 0.035, 0), 0 * values)
    assert equal["n_better"][0] == 4 and equal["n_sites"][0] == 7


def test_one_wild_site_is_noted(baseline):
    up = model(baseline, 0.02, 0.001)
    up[3] = -5.0
    table = metrics.compare(up, baseline)
    assert (table["verdict"] == "better").all() and (table["difference"] < 0).all()
    assert table["reason"].str.contains("differ in sign").all()


def test_bad_input_is_one_line(baseline):
    with pytest.raises(ParameterError, match="unknown metric 'nse'"):
        metrics.compare(baseline, baseline, "nse")
    with pytest.raises(ParameterError, match="unknown dimension of scores_b 'site'"):
        metrics.compare(baseline, baseline.mean("site"))
    with pytest.raises(DataError, match="do not fit"):
        metrics.compare(baseline, baseline[:8])


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


def test_too_few_sites_have_no_p_and_equal_models_have_p_one():
    found = metrics.signed_rank([1, 2, 3, 4, 5])
    assert np.isnan(found.p)
    assert found.reason == "5 sites; needs at least 6"
    assert metrics.signed_rank(np.zeros(8)).p == 1


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


@pytest.mark.parametrize(("name", "theirs"), [("holm", "holm"), ("benjamini-hochberg", "fdr_bh")])
def test_corrected_p_is_that_of_statsmodels(name, theirs):
    random = np.random.default_rng(0)
    for k in (1, 2, 7, 60):
        p = random.random(k) ** 3
        p[k // 2] = p[0]  # a tie
        wanted = multipletests(p, method=theirs)[1]
        np.testing.assert_allclose(metrics.correct(p, name), wanted, rtol=1e-12)


def test_pseudomedian_of_a_small_sample():
    assert metrics.pseudomedian([1, 2, 6]) == 2.75
    assert np.isnan(metrics.pseudomedian([np.nan]))
