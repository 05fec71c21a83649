"""Scores of a hindcast on series with known answers."""

import numpy as np
import pytest
import xarray as xr

from soilbook.errors import ParameterError
from soilbook.studies.smap import hindcast
from soilbook.studies.smap.hindcast_scores import LEAST

N_PLACES = 12
TIME = np.arange("2014-10-01", "2015-10-01", dtype="datetime64[D]").astype("datetime64[ns]")


@pytest.fixture
def result():
    """Noah without error, LSTM 0.02 too wet, Comb noisy, SMAP every third day after launch."""
    random = np.random.default_rng(0)
    insitu = random.uniform(0.1, 0.4, (2, N_PLACES, TIME.size))
    noise = random.normal(0, 0.03, insitu.shape)
    sm = dict.fromkeys(hindcast.PRODUCTS, insitu) | {
        "LSTM": insitu + 0.02,
        "Comb": insitu + noise,
        "VIC": insitu + 3 * noise,
    }
    period = hindcast.period(TIME)
    sm["SMAP"] = np.where((period == "AL") & (np.arange(TIME.size) % 3 == 0), insitu, np.nan)
    dims = "layer", "place", "time"
    return xr.Dataset(
        {"sm": (("product", *dims), np.stack([sm[name] for name in hindcast.PRODUCTS])),
         "insitu": (dims, insitu)},
        coords={
            "product": list(hindcast.PRODUCTS), "layer": list(hindcast.LAYERS),
            "place": [f"p{k}" for k in range(N_PLACES)], "time": TIME, "period": ("time", period),
            "latitude": ("place", 30.0 + np.arange(N_PLACES)),
            "longitude": ("place", np.full(N_PLACES, -98.0)),
        },
        attrs={"data": "twin", "kind": "sparse"},
    )  # fmt: skip


def test_known_scores(result):
    scored = hindcast.scores(result)
    assert scored["r"].dims == ("product", "layer", "place", "period")
    np.testing.assert_allclose(scored["bias"].sel(product="LSTM"), 0.02)
    np.testing.assert_allclose(scored["ubrmse"].sel(product="LSTM"), 0, atol=1e-8)
    np.testing.assert_allclose(scored["r"].sel(product="Noah"), 1)
    np.testing.assert_allclose(scored["ubrmse"].sel(product="Comb"), 0.03, rtol=0.25)
    np.testing.assert_allclose(
        scored["rmse"] ** 2, scored["bias"] ** 2 + scored["ubrmse"] ** 2, atol=1e-12
    )
    assert scored.attrs["data"] == "twin"


def test_models_share_their_days_and_smap_has_its_own(result):
    result["sm"].loc[{"product": "VIC", "time": TIME[:50]}] = np.nan
    result["insitu"].loc[{"time": TIME[-10:]}] = np.nan
    days = hindcast.scores(result)["n_days"].isel(layer=0, place=0)
    before = (TIME < np.datetime64("2015-04-01")).sum()
    assert (days.sel(period="PL").drop_sel(product="SMAP") == before - 50).all()
    assert (days.sel(period="AL").drop_sel(product="SMAP") == TIME.size - before - 10).all()
    assert days.sel(product="SMAP", period="PL") == 0
    assert abs(int(days.sel(product="SMAP", period="AL")) - (TIME.size - before - 10) / 3) <= 1


def test_too_few_days_and_constant_series_are_nan_with_a_reason(result):
    result["insitu"].loc[{"place": "p0", "time": TIME[LEAST - 1 :]}] = np.nan
    result["sm"].loc[{"product": "VIC", "place": "p1"}] = 0.2
    result["insitu"].loc[{"place": "p2"}] = 0.3
    scored = hindcast.scores(result).isel(layer=0)
    few = scored.sel(place="p0", period="PL", product="Noah")
    assert few["n_days"] == LEAST - 1 and all(np.isnan(few[m]) for m in ("rmse", "r", "bias"))
    constant = scored.sel(place="p1", period="AL", product="VIC")
    assert np.isnan(constant["r"]) and constant["ubrmse"] > 0
    assert np.isnan(scored["r"].sel(place="p2")).all()
    reasons = scored.attrs["undefined"]
    for text in (
        f"surface, PL, Noah: fewer than {LEAST} days at p0",
        "surface, AL, VIC: product is constant at p1",
        "surface, AL, LSTM: in situ is constant at p2",
        f"surface, PL, SMAP: fewer than {LEAST} days at every place",
    ):
        assert text in reasons.split("\n")


def test_a_product_that_is_nowhere_takes_no_part(result):
    result["sm"].loc[{"product": "climatology", "layer": "rootzone"}] = np.nan
    scored = hindcast.scores(result)
    assert np.isnan(scored["r"].sel(product="climatology", layer="rootzone")).all()
    assert np.isfinite(scored["r"].sel(product="Noah", layer="rootzone")).all()


def test_paired_differences(result):
    scored = hindcast.scores(result)
    table = hindcast.paired(scored, "r", ["Comb", "VIC"], "Noah", n_replicates=50)
    assert set(table["verdict"]) == {"worse"} and (table["n_places"] == N_PLACES).all()
    assert (table["high"] < 0).all() and set(table["against"]) == {"Noah"}
    assert len(table) == 8 and (table["p_corrected"] >= table["p"]).all()
    better = hindcast.paired(scored, "ubrmse", "Comb", "VIC", n_replicates=50)
    assert set(better["verdict"]) == {"better"} and (better["difference"] < 0).all()
    with pytest.raises(ParameterError, match="product 'Mosaic'"):
        hindcast.paired(scored, "r", "Mosaic", "Noah")
    with pytest.raises(ParameterError, match="metric 'nse'"):
        hindcast.paired(scored, "nse", "LSTM", "Noah")


def test_summary_holds_medians_quartiles_and_intervals(result):
    scored = hindcast.scores(result)
    table = hindcast.summary(scored, n_replicates=50)
    row = table.query(
        "metric == 'r' and product == 'VIC' and layer == 'surface' and period == 'AL'"
    )
    values = scored["r"].sel(product="VIC", layer="surface", period="AL").values
    assert float(row["median"].iloc[0]) == pytest.approx(np.median(values))
    order = row[["low", "median", "high"]].to_numpy()[0]
    assert (np.diff(order) >= 0).all() and int(row["n_places"].iloc[0]) == N_PLACES
    one = result.isel(place=[0] * N_PLACES).assign_coords(place=result["place"])
    alike = hindcast.summary(hindcast.scores(one), n_replicates=50).dropna()
    np.testing.assert_allclose(alike["low"], alike["high"])
    smap = table.query("product == 'SMAP' and period == 'PL'")
    assert smap["median"].isna().all() and (smap["n_places"] == 0).all()


def test_a_line_tells_what_a_result_rests_on(result):
    result.attrs |= {
        "networks": 1, "epochs": 20, "root_zone": "exponential filter", "land_surface": "own",
        "stand_in": "five stations stand in", "left_out": "A: far\nB: short",
    }  # fmt: skip
    text = hindcast.in_words(result)
    assert text.startswith(f"{N_PLACES} places; 1 network of 20 epochs; root zone of LSTM")
    assert "five stations stand in" in text and text.endswith("Left out: A: far; B: short.")
