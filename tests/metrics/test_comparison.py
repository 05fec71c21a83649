"""The table of paired differences across sites."""

import numpy as np
import pytest
import xarray as xr

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


def test_one_wild_site_is_noted(baseline):
    up = model(baseline, 0.02, 0.001)
    up[3] = -5.0
    table = metrics.compare(up, baseline)
    assert (table["verdict"] == "better").all() and (table["difference"] < 0).all()
    assert table["reason"].str.contains("differ in sign").all()


def test_replicates_widen_the_interval_by_the_days(ar1):
    x = ar1((8, 300), 0.9)
    observed = xr.DataArray(x[:, 1:], {"site": SITES[:8]}, ("site", "time"))
    last = observed.copy(data=x[:, :-1])
    scores = [metrics.site_scores(observed, p, n_replicates=200) for p in (0.9 * last, last)]
    both = metrics.compare(*scores, n_replicates=500)
    alone = metrics.compare(*(s["value"] for s in scores), n_replicates=500)
    assert both["difference"].item() == pytest.approx(alone["difference"].item())
    width = [(t["high"] - t["low"]).item() for t in (both, alone)]
    assert width[0] > width[1]
    # Damping gains rho^2 - (2 rho - 1) = (1 - rho)^2 of R2.
    assert both["low"].item() < 0.1**2 < both["high"].item()
    assert both["verdict"].item() == "better"


def test_bad_input_is_one_line(baseline):
    with pytest.raises(ParameterError, match="unknown metric 'nse'"):
        metrics.compare(baseline, baseline, "nse")
    with pytest.raises(ParameterError, match="unknown test 't'"):
        metrics.compare(baseline, baseline, test="t")
    with pytest.raises(ParameterError, match="unknown dimension of scores_b 'site'"):
        metrics.compare(baseline, baseline.mean("site"))
    with pytest.raises(DataError, match="do not fit"):
        metrics.compare(baseline, baseline[:8])
