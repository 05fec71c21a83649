"""A hindcast on a small continent made here: six pixels, three places, two years of SMAP."""

import numpy as np
import pytest
import xarray as xr

from soilbook import fingerprint, schema_grid
from soilbook.data import easegrid
from soilbook.errors import DataError, ParameterError
from soilbook.models.exponential_filter import exponential_filter
from soilbook.store import Store
from soilbook.studies.smap import hindcast, hindcast_products, land_surface
from soilbook.studies.smap.land_surface import MODELS
from soilbook.training.sequence_inputs import MODELLED

DAYS = np.arange("2014-03-01", "2016-03-01", dtype="datetime64[D]").astype("datetime64[ns]")
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
    }
    row, column = easegrid.row_column(35 + 0.5 * np.arange(n), -98 + 0.5 * np.arange(n))
    made = xr.Dataset(coords=easegrid.coordinates(row, column) | {"time": DAYS})
    for name, values in weather.items():
        made[name] = ("pixel", "time"), values.astype(np.float32)
    for name in schema_grid.ATTRIBUTES:
        made[name] = "pixel", np.full(n, 40.0 if name in ("sand", "silt") else 1.0, np.float32)
    made["clay"][:], made["flag_land_cover"][:], made["ndvi"][:] = 20, 10, 0.5
    made["soil"] = ("pixel", "time"), (0.1 + 0.2 * wet / wet.max()).astype(np.float32)
    made.attrs["source"] = "test"
    return schema_grid.describe(made, "test").rename(pixel=place)


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
    recorded[1, :400] = False
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

    def go(store, grid=grid, **settings):
        monkeypatch.setattr(hindcast.there, "grid", lambda *a: grid)
        monkeypatch.setattr(hindcast.there, "insitu", lambda *a: (places, {}))
        return hindcast.run(hindcast.Hindcast(**SMALL, **settings), store)

    return go


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def twin(run, store):
    return run(store, data="twin")


def test_shape_and_labels(twin):
    assert twin["sm"].dims == ("product", "layer", "place", "time")
    assert tuple(twin["product"].values) == hindcast.PRODUCTS
    assert tuple(twin["layer"].values) == hindcast.LAYERS
    assert twin["sm"].dtype == twin["insitu"].dtype == twin["spread"].dtype == np.float32
    assert twin.attrs["root_zone"] == "second network" and twin.attrs["left_out"] == "d: far away"
    assert twin["period"].sel(time="2015-03-31") == "PL"
    assert twin["period"].sel(time="2015-04-01") == "AL"


def test_means_of_products_and_days_without_weather(twin):
    sm = twin["sm"]
    for name, parts in {"Comb": ("LSTM", "Noah"), "Noah+VIC": ("Noah", "VIC")}.items():
        mean = sm.sel(product=list(parts)).mean("product", skipna=False)
        np.testing.assert_allclose(sm.sel(product=name), mean, atol=1e-6)
    modelled = sm.sel(product=["LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "guided LSTM"])
    there = np.isfinite(modelled.values)
    assert not there[:, :, 1, :400].any() and there[:, :, 1, 400:].all() and there[:, :, 0].all()


def test_smap_is_the_pixel_s_and_a_pixel_without_it_is_predicted_all_the_same(twin, grid):
    smap = twin["sm"].sel(product="SMAP", layer="surface")
    np.testing.assert_array_equal(smap[0], grid["sm_smap"][0])
    assert smap[1].isnull().all()
    assert twin["sm"].sel(product="LSTM", layer="surface")[1, 400:].notnull().all()
    assert twin.attrs["no_training_data"] == str(DRY)
    assert not smap.sel(time=slice(None, "2015-03-31")).notnull().any()


def test_networks_differ_and_their_spread_is_told(twin):
    spread = twin["spread"].sel(layer="surface")[0].values
    assert (spread > 0).all() and (spread < 0.2).all()


def test_a_guided_network_sees_our_models_and_the_others_do_not(run, store, twin, monkeypatch):
    given = land_surface.as_inputs
    monkeypatch.setattr(land_surface, "as_inputs", lambda made: given(made) * 0 + 0.2)
    monkeypatch.setattr(fingerprint, "of_code", lambda *makers: "other code")  # another key
    blind = run(store, data="twin")["sm"]
    for name in ("LSTM", "Comb", "Noah"):
        assert blind.sel(product=name).identical(twin["sm"].sel(product=name))
    for layer in hindcast.LAYERS:
        one, other = (made.sel(product="guided LSTM", layer=layer) for made in (blind, twin["sm"]))
        assert float(abs(one - other).max()) > 1e-4


def test_a_guided_network_meets_at_places_what_it_learnt_at_pixels(
    grid, places, store, monkeypatch
):
    """Also where the Noah that it is compared with is NLDAS-2's, another model."""
    monkeypatch.setattr(land_surface, "_files", lambda root: pytest.fail("NLDAS was asked"))
    settings = hindcast.Hindcast(**SMALL, data="observed").resolve()
    pixels, stations = hindcast_products.guides(settings, grid, places, store)
    assert str(pixels["time"].values[0])[:10] == "2015-04-01"
    assert (
        stations["noah_surface"].dims == ("place", "time") and stations.sizes["time"] == DAYS.size
    )
    assert set(pixels) == set(stations) == {*MODELLED}


def test_a_hindcast_is_made_once(run, store, twin, monkeypatch):
    monkeypatch.setattr(hindcast_products, "networks", None)
    kept = run(store, data="twin")
    assert kept.identical(twin)
    assert hindcast.in_words(kept) == hindcast.in_words(twin)
    assert hindcast.in_words(kept).startswith("3 places; 2 networks of 1 epoch;")


def test_the_filter_makes_the_root_zone_where_there_is_no_product(run, store, grid, monkeypatch):
    models = xr.Dataset(
        {name: (("layer", "place", "time"), np.full((2, 3, DAYS.size), 0.2)) for name in MODELS},
        {"layer": list(hindcast.LAYERS)},
        {"source": "constants"},
    )
    monkeypatch.setattr(land_surface, "moisture", lambda *a: models)
    made = run(store, grid=grid.drop_vars("sm_smap_rootzone"), data="observed")
    assert made.attrs["root_zone"] == "exponential filter"
    surface, deep = (made["sm"].sel(layer=layer, product="SMAP")[0] for layer in hindcast.LAYERS)
    np.testing.assert_allclose(deep, exponential_filter(surface.values), atol=1e-6)
    lstm = made["sm"].sel(product="LSTM")[:, 0]
    assert float(lstm[1].std()) < float(lstm[0].std())


def test_a_grid_without_any_retrieval_is_an_error(run, store, grid):
    empty = grid.assign(sm_smap=grid["sm_smap"] * np.nan)
    with pytest.raises(DataError, match="'sm_smap' has no observation to learn from"):
        run(store, grid=empty, data="twin")


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"data": "moon"}, "data 'moon'; allowed: twin, observed"),
        ({"profile": "huge"}, "profile 'huge'"),
        ({"kind": "dense"}, "kind 'dense'; allowed: core, sparse"),
        ({"networks": 0}, "networks is 0; allowed: 1 or more"),
        ({"epochs": -1}, "epochs is -1"),
        ({"seed": -1}, "seed is -1; allowed: 0 or more"),
        ({"root_zone": "deep"}, "root_zone 'deep'; allowed: auto, network, filter"),
        ({"root_zone": "network", "data": "observed"}, "no root-zone product of SMAP"),
    ],
)
def test_bad_settings_are_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        hindcast.Hindcast(**wrong)


def test_a_longer_record_has_fewer_epochs_of_the_same_days(grid):
    n_days = int((grid["time"] >= np.datetime64("2015-04-01")).sum())
    of_a_year = 40
    made = hindcast_products.epochs(of_a_year, grid)
    assert made == round(of_a_year * 365.25 / (n_days - 1)) and made > of_a_year
    assert hindcast_products.epochs(1, grid) == 1
