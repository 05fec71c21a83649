"""A hindcast on a small continent made here, and scores of series with known answers."""

import numpy as np
import pytest
import xarray as xr

from soilbook import schema
from soilbook.data import easegrid
from soilbook.errors import DataError, ParameterError
from soilbook.fang2019 import hindcast
from soilbook.fang2019.hindcast import LEAST
from soilbook.fang2019.places import MODELS
from soilbook.models.classical import exponential_filter
from soilbook.training.sequences import MODELLED, fit_scaling

DAYS = np.arange("2014-09-01", "2015-12-10", dtype="datetime64[D]").astype("datetime64[ns]")
SMALL = {"networks": 2, "epochs": 1, "profile": "smoke", "device": "cpu"}
DRY = 2  # a pixel without a retrieval


def world(n: int, place: str, seed: int) -> xr.Dataset:
    """Weather with seasons and moisture that follows rain, at ``n`` places."""
    random = np.random.default_rng(seed)
    season = np.cos(2 * np.pi * (np.arange(DAYS.size) + 40) / 365)
    shape = n, DAYS.size
    rain = np.where(random.random(shape) < 0.3, random.exponential(8, shape), 0)
    wet = np.stack([np.convolve(row, 0.9 ** np.arange(60))[: DAYS.size] for row in rain])
    weather = {
        "precipitation": rain,
        "air_temperature": 14 - 10 * season + random.normal(0, 2, shape),
        "longwave": 320 - 40 * season + np.zeros(shape),
        "shortwave": np.clip(180 - 90 * season + random.normal(0, 20, shape), 20, 400),
        "specific_humidity": np.full(shape, 0.006),
        "eastward_wind": random.normal(2, 1, shape),
        "northward_wind": random.normal(0, 1, shape),
        "wind_speed": np.abs(random.normal(2, 1, shape)),
    }
    row, column = easegrid.row_column(35 + 0.5 * np.arange(n), -98 + 0.5 * np.arange(n))
    made = xr.Dataset(coords=easegrid.coordinates(row, column) | {"time": DAYS})
    for name, values in weather.items():
        made[name] = ("pixel", "time"), values.astype(np.float32)
    for name in schema.ATTRIBUTES:
        made[name] = "pixel", np.full(n, 40.0 if name in ("sand", "silt") else 1.0, np.float32)
    made["clay"][:], made["flag_land_cover"][:], made["ndvi"][:] = 20, 10, 0.5
    made["soil"] = ("pixel", "time"), (0.1 + 0.2 * wet / wet.max()).astype(np.float32)
    made.attrs["source"] = "test"
    return schema.describe_grid(made, "test").rename(pixel=place)


@pytest.fixture(scope="module")
def grid():
    made = world(6, "pixel", 0)
    for name in ("sm_smap", "sm_smap_rootzone"):
        made[name] = made["soil"].where(made["time"] >= np.datetime64("2015-04-01"))
        made[name] = made[name].where(made["time"].dt.dayofyear % 3 == 0)
    made["sm_smap"][DRY] = np.nan
    return made.drop_vars("soil")


@pytest.fixture(scope="module")
def places():
    made = world(3, "place", 1)
    made["sm_surface"] = made["sm_rootzone"] = made["soil"]
    recorded = np.ones((3, DAYS.size), bool)
    recorded[1, :100] = False
    made = made.drop_vars(["soil", "row", "column"]).assign_coords(
        place=["a", "b", "c"],
        pixel=("place", [0, DRY, 5]),
        elevation=("place", [300.0, np.nan, 10.0]),
        recorded=(("place", "time"), recorded),
    )
    return made.assign_attrs(left_out="d: far away", stand_in="", source="probes")


@pytest.fixture
def run(monkeypatch, grid, places):
    """Run with these data in place of either track's."""

    def go(grid=grid, **settings):
        monkeypatch.setattr(hindcast.there, "grid", lambda *a: grid)
        monkeypatch.setattr(hindcast.there, "insitu", lambda *a: places)
        return hindcast.run(hindcast.Hindcast(**SMALL, **settings))

    return go


@pytest.fixture
def twin(run):
    return run(data="twin")


def test_shape_and_labels(twin):
    assert twin["sm"].dims == ("product", "layer", "place", "time")
    assert tuple(twin["product"].values) == hindcast.PRODUCTS
    assert tuple(twin["layer"].values) == tuple(hindcast.LAYERS)
    assert twin["sm"].dtype == twin["insitu"].dtype == twin["spread"].dtype == np.float32
    assert twin.attrs["root_zone"] == "second network" and twin.attrs["left_out"] == "d: far away"
    assert twin["period"].sel(time="2015-03-31") == "PL"
    assert twin["period"].sel(time="2015-04-01") == "AL"


def test_means_of_products_and_days_without_weather(twin):
    sm = twin["sm"]
    for name, parts in {"Comb": ("LSTM", "Noah"), "Noah+VIC": ("Noah", "VIC")}.items():
        mean = sm.sel(product=list(parts)).mean("product", skipna=False)
        np.testing.assert_allclose(sm.sel(product=name), mean, atol=1e-6)
    modelled = sm.drop_sel(product=["SMAP", "climatology"])
    there = np.isfinite(modelled.values)
    assert not there[:, :, 1, :100].any() and there[:, :, 1, 100:].all() and there[:, :, 0].all()


def test_smap_is_the_pixel_s_and_a_pixel_without_it_is_predicted_all_the_same(twin, grid):
    smap = twin["sm"].sel(product="SMAP", layer="surface")
    np.testing.assert_array_equal(smap[0], grid["sm_smap"][0])
    assert smap[1].isnull().all()
    assert twin["sm"].sel(product="LSTM", layer="surface")[1, 100:].notnull().all()
    assert not smap.sel(time=slice(None, "2015-03-31")).notnull().any()


def test_networks_differ_and_their_spread_is_told(twin):
    spread = twin["spread"].sel(layer="surface")[0].values
    assert (spread > 0).all() and (spread < 0.2).all()
    two = np.array([[[0.1, 0.2]], [[0.3, 0.2]]])  # an estimate from a sample: n - 1
    np.testing.assert_allclose(hindcast._spread(two), [[0.1 * 2**0.5, 0.0]], atol=1e-12)
    assert np.isnan(hindcast._spread(two[:1])).all()


def test_each_product_is_of_its_method_and_only_a_guided_network_sees_our_models(
    twin, grid, places
):
    settings = hindcast.Hindcast(**SMALL).resolve()
    guides = hindcast.guides(settings, grid, places)
    blind = [one * 0 + 0.2 for one in guides]

    def moisture(method, modelled):
        one = settings.but(method=method)
        return hindcast.networks(one, grid, places, "sm_smap", modelled).mean(0)

    surface, there = twin["sm"].sel(layer="surface"), places["recorded"].values
    for method, name in {"paper": "LSTM", **hindcast.EXTENSIONS}.items():
        made, misled = moisture(method, guides), moisture(method, blind)
        np.testing.assert_allclose(surface.sel(product=name).values[there], made[there])
        assert (abs(made - misled).max() > 1e-4) == (method == "guided")


def test_only_what_is_wanted_is_trained_and_no_method_twice(run):
    alone = run(data="twin", beside=())
    names = ["SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "climatology"]
    assert alone["product"].values.tolist() == names and not hindcast.extensions(alone)
    ours = run(data="twin", method="ours", beside=("ours",))
    assert ours["product"].values.tolist() == names
    both = run(data="twin")
    assert hindcast.extensions(both) == ["LSTM (ours)", "LSTM (guided)"]
    sm = both["sm"]
    xr.testing.assert_equal(alone["sm"], sm.sel(product=names))
    np.testing.assert_array_equal(ours["sm"].sel(product="LSTM"), sm.sel(product="LSTM (ours)"))
    assert ours.attrs["method"] == "ours"


def test_the_papers_hindcast_never_sees_a_moisture(grid, places):
    """SMAP is its target alone: what SMAP said of the pixel of a place reaches ours, not it."""
    settings = hindcast.Hindcast(**SMALL).resolve()
    given = places.assign_coords(pixel=("place", [0, 1, 5]))
    other = places.assign_coords(pixel=("place", [3, 4, 2]))
    for method, same in (("paper", True), ("ours", False)):
        one = settings.but(method=method)
        made = [hindcast.networks(one, grid, at, "sm_smap") for at in (given, other)]
        assert np.array_equal(*made) == same


def test_a_guided_network_meets_at_places_what_it_learnt_at_pixels(grid, places, monkeypatch):
    """Also where the Noah that it is compared with is NLDAS-2's, another model."""

    def ours(nature, places, steps):
        shape = 2, places.sizes["place"], places.sizes["time"]
        labels = {"layer": list(hindcast.LAYERS), "place": places["place"], "time": places["time"]}
        values = ("layer", "place", "time"), np.full(shape, steps / 10)
        return xr.Dataset({name: values for name in MODELS}, labels)

    monkeypatch.setattr(hindcast.there, "_of_nldas", lambda *a: pytest.fail("NLDAS was asked"))
    monkeypatch.setattr(hindcast.there, "_of_ours", ours)
    settings = hindcast.Hindcast(**SMALL, data="observed").resolve()
    pixels, stations = hindcast.guides(settings, grid, places)
    assert str(pixels["time"].values[0])[:10] == "2015-04-01"
    assert stations["noah_surface"].shape == (3, DAYS.size)
    assert set(pixels) == set(stations) == {*MODELLED}


def test_networks_see_the_first_year_twice(grid, places, monkeypatch):
    seen = []

    def predict(trained, settings, scaling, x, device):
        seen.append(x)
        return np.zeros((1, *x.shape[:2]))

    monkeypatch.setattr(
        hindcast.runs, "learn", lambda training, inputs, *a: (None, fit_scaling(training, inputs))
    )
    monkeypatch.setattr(hindcast, "predict", predict)
    settings = hindcast.Hindcast(**SMALL).resolve()
    made = hindcast.networks(settings, grid, places, "sm_smap", None)
    assert made.shape == (1, 3, DAYS.size) and seen[0].shape[1] == DAYS.size + 365
    np.testing.assert_array_equal(seen[0][:, :365], seen[0][:, 365:730])


def test_a_hindcast_is_made_once(run, twin, monkeypatch):
    monkeypatch.setattr(hindcast, "networks", None)
    kept = run(data="twin")
    assert kept.identical(twin)
    assert hindcast.in_words(kept) == hindcast.in_words(twin)
    assert hindcast.in_words(kept).startswith(
        "3 places, 3 with a root zone; LSTM: 2 networks of 1 epoch by method=paper;"
    )


def test_the_filter_makes_the_root_zone_where_there_is_no_product(run, grid, monkeypatch):
    models = xr.Dataset(
        {name: (("layer", "place", "time"), np.full((2, 3, DAYS.size), 0.2)) for name in MODELS},
        {"layer": list(hindcast.LAYERS)},
        {"source": "constants"},
    )
    monkeypatch.setattr(hindcast.there, "land_surface", lambda *a: models)
    made = run(grid=grid.drop_vars("sm_smap_rootzone"), data="observed")
    assert made.attrs["root_zone"] == "exponential filter"
    surface, deep = (made["sm"].sel(layer=layer, product="SMAP")[0] for layer in hindcast.LAYERS)
    np.testing.assert_allclose(deep, exponential_filter(surface.values), atol=1e-6)
    lstm = made["sm"].sel(product="LSTM")[:, 0]
    assert float(lstm[1].std()) < float(lstm[0].std())


def test_a_product_of_the_root_zone_makes_it_on_the_observed_track_too(run, grid, monkeypatch):
    """And a network sees all the weather that both pixels and places have."""
    models = xr.Dataset(
        {name: (("layer", "place", "time"), np.full((2, 3, DAYS.size), 0.2)) for name in MODELS},
        {"layer": list(hindcast.LAYERS)},
        {"source": "constants"},
    )
    monkeypatch.setattr(hindcast.there, "land_surface", lambda *a: models)
    seen, learn = [], hindcast.runs.learn
    monkeypatch.setattr(
        hindcast.runs, "learn", lambda *a: (seen.append((a[1].forcing, a[4])), learn(*a))[1]
    )
    made = run(grid=grid, data="observed", beside=())
    assert made.attrs["root_zone"] == "second network"
    assert [name for _, name in seen] == ["sm_smap", "sm_smap_rootzone"]
    assert {forcing for forcing, _ in seen} == {hindcast.there.FORCING}
    seen.clear()
    few = grid.drop_vars(["longwave", "wind_speed", "sm_smap_rootzone"])
    run(grid=few, data="observed", beside=())
    assert seen == [(hindcast.there.INPUTS["observed"], "sm_smap")]


def test_a_grid_without_any_retrieval_is_an_error(run, grid):
    empty = grid.assign(sm_smap=grid["sm_smap"] * np.nan)
    with pytest.raises(DataError, match="'sm_smap' has no observation to learn from"):
        run(grid=empty, data="twin")


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"data": "moon"}, "data 'moon'; allowed: twin, observed"),
        ({"profile": "huge"}, "profile 'huge'"),
        ({"kind": "dense"}, "kind 'dense'; allowed: core, sparse"),
        ({"networks": 0}, "networks is 0; allowed: 1 or more"),
        ({"epochs": -1}, "epochs is -1"),
        ({"method": "adam"}, "method 'adam'; allowed: paper, ours, guided"),
        ({"seed": -1}, "seed is -1; allowed: 0 or more"),
    ],
)
def test_bad_settings_are_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        hindcast.Hindcast(**wrong)


def test_a_longer_record_has_fewer_epochs_of_the_same_days():
    settings = hindcast.Hindcast(profile="standard")
    of_a_year = settings.sequence.epochs
    assert settings.members_on(731)[0].epochs == round(of_a_year * 365.25 / 731)
    assert settings.members_on(100_000)[0].epochs == 1
    assert settings.but(epochs=7).members_on(731)[0].epochs == 7
    assert settings.but(method="ours").members_on(731)[0].epochs < of_a_year / 2


N_PLACES = 12
YEAR = np.arange("2014-10-01", "2015-10-01", dtype="datetime64[D]").astype("datetime64[ns]")


@pytest.fixture
def result():
    """Noah without error, LSTM 0.02 too wet, Comb noisy, SMAP every third day after launch."""
    random = np.random.default_rng(0)
    insitu = random.uniform(0.1, 0.4, (2, N_PLACES, YEAR.size))
    noise = random.normal(0, 0.03, insitu.shape)
    sm = dict.fromkeys(hindcast.PRODUCTS, insitu) | {
        "LSTM": insitu + 0.02,
        "Comb": insitu + noise,
        "VIC": insitu + 3 * noise,
    }
    period = hindcast.period(YEAR)
    sm["SMAP"] = np.where((period == "AL") & (np.arange(YEAR.size) % 3 == 0), insitu, np.nan)
    dims = "layer", "place", "time"
    return xr.Dataset(
        {"sm": (("product", *dims), np.stack([sm[name] for name in hindcast.PRODUCTS])),
         "insitu": (dims, insitu)},
        coords={
            "product": list(hindcast.PRODUCTS), "layer": list(hindcast.LAYERS),
            "place": [f"p{k}" for k in range(N_PLACES)], "time": YEAR, "period": ("time", period),
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
    result["sm"].loc[{"product": "VIC", "time": YEAR[:50]}] = np.nan
    result["insitu"].loc[{"time": YEAR[-10:]}] = np.nan
    days = hindcast.scores(result)["n_days"].isel(layer=0, place=0)
    before = (YEAR < np.datetime64("2015-04-01")).sum()
    assert (days.sel(period="PL").drop_sel(product="SMAP") == before - 50).all()
    assert (days.sel(period="AL").drop_sel(product="SMAP") == YEAR.size - before - 10).all()
    assert days.sel(product="SMAP", period="PL") == 0
    assert abs(int(days.sel(product="SMAP", period="AL")) - (YEAR.size - before - 10) / 3) <= 1


def test_too_few_days_and_constant_series_are_nan(result):
    result["insitu"].loc[{"place": "p0", "time": YEAR[LEAST - 1 :]}] = np.nan
    result["insitu"].loc[{"place": "p3", "time": YEAR[LEAST:]}] = np.nan
    result["sm"].loc[{"product": "VIC", "place": "p1"}] = 0.2
    result["insitu"].loc[{"place": "p2"}] = 0.3
    scored = hindcast.scores(result).isel(layer=0)
    few = scored.sel(place="p0", period="PL", product="Noah")
    assert few["n_days"] == LEAST - 1 and all(np.isnan(few[m]) for m in ("rmse", "r", "bias"))
    enough = scored.sel(place="p3", period="PL", product="Noah")
    assert enough["n_days"] == LEAST and np.isfinite(enough["r"])
    constant = scored.sel(place="p1", period="AL", product="VIC")
    assert np.isnan(constant["r"]) and constant["ubrmse"] > 0
    assert np.isnan(scored["r"].sel(place="p2")).all()


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
        "networks": 1, "epochs": 20, "method": "ours", "root_zone": "exponential filter",
        "land_surface": "own", "stand_in": "five stations stand in", "left_out": "A: far\nB: short",
    }  # fmt: skip
    text = hindcast.in_words(result)
    assert text.startswith(
        f"{N_PLACES} places, {N_PLACES} with a root zone; LSTM: 1 network of 20 epochs by "
        "method=ours; root zone of LSTM"
    )
    assert "five stations stand in" in text and text.endswith("Left out: A: far; B: short.")
