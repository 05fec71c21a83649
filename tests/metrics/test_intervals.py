"""Scores of sites with intervals as Datasets."""

import numpy as np
import pytest
import xarray as xr

from soilbook import metrics
from soilbook.errors import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("error")
LEADS = 3


@pytest.fixture(scope="module")
def series(ar1):
    """Observed and predicted of 8 sites: persistence and its damped form, three repetitions."""
    x = 0.3 + 0.05 * ar1((8, 400 + LEADS), 0.9)
    names = [f"site {k}" for k in range(8)]
    observed = xr.DataArray(x[:, LEADS:], {"site": names}, ("site", "time"))
    observed[2, 350:] = np.nan
    leads = range(1, LEADS + 1)
    last = np.stack([x[:, LEADS - h : -h] for h in leads], 1)
    damped = 0.3 + 0.9 ** np.arange(1, LEADS + 1)[:, None] * (last - 0.3)
    noise = 0.002 * np.random.default_rng(0).standard_normal((2, 3, *last.shape))
    predicted = xr.DataArray(
        np.stack([last, damped])[:, None] + noise,
        {"model": ["persistence", "damped"], "site": names, "lead": list(leads)},
        ("model", "repetition", "site", "lead", "time"),
    )
    return observed, predicted


@pytest.fixture(scope="module")
def scores(series):
    return metrics.site_scores(*series, n_replicates=200)


def test_values_are_the_mean_of_repetitions(series, scores):
    each = metrics.score(*series, metrics=["r2"])["r2"]
    xr.testing.assert_allclose(
        scores["value"], each.mean("repetition").transpose(*scores.value.dims)
    )
    spread = each.std("repetition", ddof=1).transpose(*scores.value.dims)
    xr.testing.assert_allclose(scores["repetition_spread"], spread)
    assert (scores["low"] < scores["value"]).all() and (scores["value"] < scores["high"]).all()
    assert int(scores["n_days"].sel(site="site 2")) == 350


def test_a_site_does_not_depend_on_the_others(series, scores):
    observed, predicted = (a.sel(site=["site 5", "site 1"]) for a in series)
    alone = metrics.site_scores(observed, predicted, n_replicates=200)
    xr.testing.assert_allclose(alone, scores.sel(site=["site 5", "site 1"]))


def test_pooled_is_the_mean_of_the_leads_up_to_it(scores):
    pooled = metrics.pooled(scores)
    for name in ("value", "replicate"):
        expected = scores[name].sel(lead=[1, 2, 3]).mean("lead")
        np.testing.assert_allclose(pooled[name].sel(lead=3), expected)
        np.testing.assert_allclose(pooled[name].sel(lead=1), scores[name].sel(lead=1))
    assert (pooled["low"] < pooled["value"]).all() and (pooled["value"] < pooled["high"]).all()


def test_averages_speak_of_these_sites_or_of_sites_like_them(scores):
    like, these = (metrics.average_sites(scores, s) for s in ("resampled", "fixed"))
    np.testing.assert_allclose(like["value"], scores["value"].mean("site"))
    assert (like["n_sites"] == 8).all()
    assert ((like["high"] - like["low"]) > (these["high"] - these["low"])).all()
    assert (like["low"] < like["value"]).all() and (like["value"] < like["high"]).all()
    assert like.attrs == {"metric": "r2", "level": 0.95, "sites": "resampled"}


def test_a_site_without_pairs_is_nan_and_left_out(series):
    observed = series[0].copy()
    observed[4] = np.nan
    found = metrics.site_scores(observed, series[1], n_replicates=50)
    assert np.isnan(found["value"].isel(site=4)).all()
    assert np.isnan(found["low"].isel(site=4)).all()
    mean = metrics.average_sites(found)
    assert (mean["n_sites"] == 7).all()
    assert np.isfinite(mean["low"]).all()


def test_a_missing_depth_of_one_site_is_left_out_of_that_cell(series):
    observed, predicted = series
    deep = xr.concat([observed, observed.where(observed["site"] != "site 3")], "depth")
    found = metrics.site_scores(deep, predicted.isel(repetition=0), n_replicates=50)
    mean = metrics.average_sites(found)
    np.testing.assert_array_equal(mean["n_sites"].isel(model=0, lead=0), [8, 7])
    assert np.isfinite(mean["low"]).all()


def test_bad_input_is_one_line(series, scores):
    observed, predicted = series
    with pytest.raises(ParameterError, match="unknown dimension of observed 'site'"):
        metrics.site_scores(observed.isel(site=0), predicted)
    with pytest.raises(DataError, match="do not fit") as caught:
        metrics.site_scores(observed.isel(site=slice(0, 3)), predicted)
    assert "\n" not in str(caught.value)
    with pytest.raises(ParameterError, match="leads 1, 3; pooling needs every lead"):
        metrics.pooled(scores.sel(lead=[1, 3]))
