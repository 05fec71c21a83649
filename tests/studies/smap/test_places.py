"""Pixels and in-situ places of both tracks."""

import numpy as np
import pytest
import xarray as xr

from soilbook import schema
from soilbook.data import easegrid, twin_smap
from soilbook.errors import DataError, ParameterError
from soilbook.store import Store
from soilbook.studies.smap import places

WEATHER = places.INPUTS["observed"]
DAYS = np.arange("2013-01-01", "2015-01-01", dtype="datetime64[D]").astype("datetime64[ns]")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("moon", "sparse"), "data 'moon'; allowed: twin, observed"),
        (("twin", "dense"), "'dense'; allowed: core, sparse"),
    ],
)
def test_unknown_names_are_refused_before_anything_is_read(arguments, words):
    with pytest.raises(ParameterError, match=words):
        places.insitu(*arguments)


def test_no_station_at_all_is_refused():
    with pytest.raises(ParameterError, match="0 stations; allowed: 1 or more"):
        places.insitu("twin", "sparse", n=0)


def pixels():
    """Three pixels in Oklahoma, the last one without soil data."""
    row, column = easegrid.row_column([35.0, 36.3, 35.0], [-98.0, -98.0, -99.5])
    made = xr.Dataset(coords=easegrid.coordinates(row, column))
    for name in schema.ATTRIBUTES:
        made[name] = "pixel", np.array([1.0, 1.0, 1.0 if "flag" in name else np.nan])
    # Of the days with any retrieval pixel 1 lacks four in five; the last 100 days have none.
    smap = np.full((3, DAYS.size), 0.2)
    smap[1, np.arange(DAYS.size) % 5 > 0] = np.nan
    smap[:, -100:] = np.nan
    made["sm_smap"] = ("pixel", "time"), smap
    made = made.assign_coords(time=DAYS)
    return schema.describe_grid(made, "test")


def stations(latitude, longitude):
    """Stations with weather of two years, named A, B, ..."""
    names = [chr(ord("A") + k) for k in range(len(latitude))]
    random = np.random.default_rng(0)
    made = xr.Dataset(
        coords={
            "station": names, "time": DAYS, "latitude": ("station", latitude),
            "longitude": ("station", longitude),
        }
    )  # fmt: skip
    for name in (*WEATHER, "relative_humidity", "sm_surface", "sm_rootzone", "soil_temperature"):
        values = random.uniform(0, 0.03, (len(names), DAYS.size))
        made[name] = ("station", "time"), values
    return schema.describe_grid(made, "test")


@pytest.fixture
def read(monkeypatch):
    """Let the readers give these stations, and places make a set of them."""

    def run(made):
        monkeypatch.setattr(places.network, "read", lambda folder, names: made)
        monkeypatch.setattr(places.conus412, "read", lambda folder, names: pixels())
        return places._stations(made["station"].values.tolist(), None)

    return run


def test_a_station_outside_the_grid_is_named_and_left_out(read):
    made = read(stations([35.1, 47.0], [-98.1, -98.0]))
    assert made["place"].values.tolist() == ["A"] and made["pixel"].values.tolist() == [0]
    reasons = places.lines(made.attrs["left_out"])
    assert list(reasons) == ["B"] and "km from the nearest pixel; at most 144" in reasons["B"]


def test_all_stations_outside_the_grid_is_an_error(read):
    with pytest.raises(DataError, match=r"no station left of 1; A: \d+ km from the nearest pixel"):
        read(stations([47.0], [-98.0]))


def test_gaps_are_filled_and_what_is_not_measured_does_not_count(read):
    made = stations([35.1], [-98.1])
    made["shortwave"][0, 500:505] = np.nan
    made["shortwave"][0, 250:300] = np.nan
    made["specific_humidity"][0, :200] = np.nan
    filled = read(made)
    recorded = filled["recorded"].values[0]
    assert not recorded[:200].any() and not recorded[250:300].any()
    assert recorded[200:250].all() and recorded[300:].all()
    for name in WEATHER:
        assert np.isfinite(filled[name].values).all()
    np.testing.assert_array_equal(
        filled["specific_humidity"].values[0, :100], made["specific_humidity"].values[0, 365:465]
    )


def test_a_record_too_short_for_a_year_is_named_and_left_out(read):
    made = stations([35.1, 35.0], [-98.1, -98.0])
    made["air_temperature"][1, 90:] = np.nan
    left = read(made)
    assert left["place"].values.tolist() == ["A"]
    assert places.lines(left.attrs["left_out"]) == {
        "B": "a record too short to fill a year of weather"
    }


def test_a_station_whose_pixel_hardly_has_smap_is_named_and_left_out(read):
    made = read(stations([35.1, 36.3], [-98.1, -98.0]))
    assert made["place"].values.tolist() == ["A"]
    assert places.lines(made.attrs["left_out"]) == {
        "B": "its pixel has no SMAP on 80% of the days; at most 75% allowed"
    }


def test_a_pixel_without_soil_is_no_station_s_pixel(read):
    made = read(stations([35.0], [-99.3]))
    assert made["pixel"].values.tolist() == [0] and np.isfinite(made["sand"]).all()


def test_the_twin_is_kept_and_thinned(monkeypatch, store):
    calls = []

    def insitu(kind, seed=0):
        calls.append((kind, seed))
        made = stations([35.0, 35.1, 35.2, 35.3], [-98.0] * 4).rename(station="place")
        return made.assign_coords(pixel=("place", np.arange(4)))

    monkeypatch.setattr(twin_smap, "insitu", insitu)
    two, left_out = places.insitu("twin", "sparse", seed=3, n=2, store=store)
    assert two["place"].values.tolist() == ["B", "D"] and left_out == {}
    assert two["recorded"].values.all() and two.attrs["stand_in"] == ""
    every, _ = places.insitu("twin", "sparse", seed=3, store=store)
    assert every.sizes["place"] == 4 and calls == [("sparse", 3)]


@pytest.mark.observed
def test_five_stations_stand_in_for_the_core_sites(observed_folder, store):
    made, left_out = places.insitu("observed", "core", folder=observed_folder, store=store)
    assert sorted(made["place"].values) == sorted(places.STAND_INS) and left_out == {}
    assert made["inside"].all() and "stand in" in made.attrs["stand_in"]
    assert (made["distance_km"] < 26).all()
    for name in WEATHER:
        assert np.isfinite(made[name].values).all()


@pytest.mark.observed
def test_some_stations_of_the_sparse_network(observed_folder, store):
    made, left_out = places.insitu("observed", "sparse", folder=observed_folder, n=3, store=store)
    assert made.sizes["place"] + len(left_out) == 3
    assert not made.attrs["stand_in"]
    again, _ = places.insitu("observed", "sparse", folder=observed_folder, n=3, store=store)
    assert again.identical(made)
