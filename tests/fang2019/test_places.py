"""Pixels and in-situ places of both tracks, and the moisture of the models there."""

import os

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import landsurface, schema
from soilbook.data import easegrid, nldas
from soilbook.errors import DataError
from soilbook.fang2019 import places
from soilbook.twin import continent as twin_smap

WEATHER = places.INPUTS["observed"]
DAYS = np.arange("2013-01-01", "2015-01-01", dtype="datetime64[D]").astype("datetime64[ns]")


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """A store and a data folder in which nothing is, unless real data are asked for."""
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "store"))
    if "SOILBOOK_DATA" not in os.environ:
        monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))


def left_out(made) -> dict[str, str]:
    """Why places are left out, by name."""
    lines = made.attrs["left_out"].split("\n")
    return dict(line.split(": ", 1) for line in lines if line)


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
        return places._stations(made["station"].values.tolist())

    return run


def test_the_weather_of_nldas_takes_the_place_of_the_stations_own(read, monkeypatch):
    """All that section II-A names; single days that it lacks are filled as a station's are."""
    made = stations([35.1], [-98.1])
    own = read(made)
    assert "longwave" not in own and "replaced" not in own.attrs and own["recorded"].all()
    asked, known = [], dict.fromkeys(places.FORCING, 0.01) | {"longwave": 300.0}

    def weather(table, time, names):
        asked.append((table.index.tolist(), names))
        gaps = np.isin(np.arange(time.size), (3, 4))
        parts = {
            name: (("station", "time"), np.where(gaps, np.nan, known[name])[None].astype("f4"))
            for name in names
        }
        found = xr.Dataset(parts, {"station": ["A"], "time": time})
        return schema.describe_grid(
            found.assign_coords(latitude=0, longitude=0), "NLDAS"
        ).drop_vars(["latitude", "longitude"])

    monkeypatch.setattr(places.stand_ins, "weather", weather)
    table = pd.DataFrame({"latitude": [35.1], "longitude": [-98.1]}, index=["A"])
    forced = places._stations(["A"], table)
    assert asked == [(["A"], places.FORCING)]
    assert set(places.FORCING) <= set(forced.data_vars)
    for name in places.FORCING:
        values = np.delete(forced[name].values, (3, 4), axis=1)
        assert values == pytest.approx(known[name], rel=1e-6)
        assert forced[name].notnull().all()
    assert forced.attrs["replaced"].startswith("NLDAS-2 at the stations in place of")
    assert forced["recorded"].all()
    assert forced["sm_surface"].identical(own["sm_surface"])


def test_a_station_outside_the_grid_is_named_and_left_out(read):
    made = read(stations([35.1, 47.0], [-98.1, -98.0]))
    assert made["place"].values.tolist() == ["A"] and made["pixel"].values.tolist() == [0]
    reasons = left_out(made)
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
    assert left_out(left) == {"B": "a record too short to fill a year of weather"}


def test_a_station_whose_pixel_hardly_has_smap_is_named_and_left_out(read):
    made = read(stations([35.1, 36.3], [-98.1, -98.0]))
    assert made["place"].values.tolist() == ["A"]
    assert left_out(made) == {"B": "its pixel has no SMAP on 80% of the days; at most 75% allowed"}


def test_a_pixel_without_soil_is_no_station_s_pixel(read):
    made = read(stations([35.0], [-99.3]))
    assert made["pixel"].values.tolist() == [0] and np.isfinite(made["sand"]).all()


def test_the_twin_is_kept_and_thinned(monkeypatch):
    calls = []

    def insitu(kind, seed=0):
        calls.append((kind, seed))
        made = stations([35.0, 35.1, 35.2, 35.3], [-98.0] * 4).rename(station="place")
        return made.assign_coords(pixel=("place", np.arange(4)))

    monkeypatch.setattr(twin_smap, "insitu", insitu)
    two = places.insitu("twin", "sparse", seed=3, n=2)
    assert two["place"].values.tolist() == ["B", "D"] and left_out(two) == {}
    assert two["recorded"].values.all() and two.attrs["stand_in"] == ""
    every = places.insitu("twin", "sparse", seed=3)
    assert every.sizes["place"] == 4 and calls == [("sparse", 3)]


@pytest.mark.observed
def test_five_stations_stand_in_for_the_core_sites(observed_folder):
    made = places.insitu("observed", "core")
    assert sorted(made["place"].values) == sorted(places.STAND_INS) and left_out(made) == {}
    assert made["inside"].all() and "stand in" in made.attrs["stand_in"]
    assert (made["distance_km"] < 26).all()
    for name in WEATHER:
        assert np.isfinite(made[name].values).all()


@pytest.mark.observed
def test_some_stations_of_the_sparse_network(observed_folder):
    made = places.insitu("observed", "sparse", n=3)
    assert made.sizes["place"] + len(left_out(made)) == 3
    assert not made.attrs["stand_in"]
    again = places.insitu("observed", "sparse", n=3)
    assert again.identical(made)


WINTER = np.arange("2014-01-01", "2014-03-01", dtype="datetime64[D]").astype("datetime64[ns]")


@pytest.fixture
def cells():
    return xr.Dataset(
        coords={
            "pixel": [0, 1, 2], "row": ("pixel", [80, 81, 82]), "column": ("pixel", [200, 201, 202])
        }
    )  # fmt: skip


@pytest.fixture
def sites():
    shape = 2, WINTER.size
    made = xr.Dataset(
        coords={
            "place": ["a", "b"], "time": WINTER, "latitude": ("place", [35.0, 36.0]),
            "elevation": ("place", [np.nan, 100.0]), "pixel": ("place", [2, 0]),
        }
    )  # fmt: skip
    weather = {"precipitation": 2, "air_temperature": 12, "shortwave": 150}
    for name, value in {**weather, "specific_humidity": 0.006}.items():
        made[name] = ("place", "time"), np.full(shape, value, float)
    for name, value in {"sand": 40, "clay": 20, "flag_land_cover": 4, "ndvi": 0.6}.items():
        made[name] = "place", np.full(2, value, float)
    return made


@pytest.fixture
def asked(monkeypatch):
    """Let the models tell what they were asked, and answer with moisture of 0.1 and 0.2."""
    calls = []

    def model(value):
        def run(forcing, static, steps_per_day):
            calls.append((forcing, static, steps_per_day))
            values = np.full((2, WINTER.size), value)
            return xr.Dataset(
                {name: (("place", "time"), values) for name in places.VARIABLES},
                {"place": forcing["place"], "time": WINTER},
            )

        return run

    monkeypatch.setattr(landsurface, "noah", model(0.1))
    monkeypatch.setattr(landsurface, "vic", model(0.2))
    return calls


def test_own_models_run_once_and_are_labelled(sites, cells, asked):
    made = places.land_surface("observed", sites, cells, 4)
    again = places.land_surface("observed", sites, cells, 4)
    assert again.identical(made) and len(asked) == 2
    assert made["Noah"].dims == ("layer", "place", "time")
    assert float(made["VIC"].mean()) == pytest.approx(0.2)
    assert "stand in for those of NLDAS" in made.attrs["source"]
    places.land_surface("observed", sites, cells, 8)
    assert len(asked) == 4


def test_a_station_stands_on_grass_and_a_pixel_on_its_own_cover(sites, cells, asked):
    for data in ("observed", "twin"):
        places.land_surface(data, sites, cells, 4)
    station, pixel = asked[0][1], asked[2][1]
    assert "flag_land_cover" not in station and "ndvi" not in station
    assert float(pixel["flag_land_cover"][0]) == 4
    assert np.isfinite(station["elevation"]).all()


def test_files_of_nldas_come_first_where_both_models_have_some(
    sites, cells, asked, tmp_path, monkeypatch
):
    def read(folder, model, rows, columns, start, end):
        values = np.repeat(np.asarray(rows, float)[:, None], WINTER.size - 1, axis=1) / 1000
        return xr.Dataset(
            {name: (("pixel", "time"), values) for name in places.VARIABLES},
            {"pixel": range(len(rows)), "time": WINTER[1:]},
        )

    monkeypatch.setattr(nldas, "read", read)
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    folder = tmp_path / "nldas" / "2014"
    folder.mkdir(parents=True)
    (folder / "NLDAS_NOAH0125_H.A20140101.0000.nc").touch()
    one = places.land_surface("observed", sites, cells, 4)
    assert one.attrs["source"] == places.OWN_MODELS
    (folder / "NLDAS_VIC0125_H.A20140101.0000.nc").touch()
    both = places.land_surface("observed", sites, cells, 4)
    assert both.attrs["source"] == places.NLDAS
    # Place a lies in pixel 2, whose row is 82, and place b in pixel 0.
    np.testing.assert_allclose(both["Noah"].isel(layer=0, time=1), [0.082, 0.080], rtol=1e-6)
    assert both["Noah"].isel(time=0).isnull().all()
    twin = places.land_surface("twin", sites, cells, 4)
    assert twin.attrs["source"] == places.OWN_MODELS
    ours = places.at_places("observed", sites, 4)
    assert ours.identical(one)


def test_models_run_at_pixels_with_the_soil_of_the_median_pixel_where_there_is_none(sites, asked):
    pixels = sites.drop_vars(["pixel", "elevation"]).assign_coords(place=[7, 9])
    pixels = pixels.rename(place="pixel")
    pixels["sand"] = "pixel", [40.0, np.nan]
    made = places.at_pixels(pixels, 4)
    assert made["Noah"].dims == ("layer", "pixel", "time")
    assert made["pixel"].values.tolist() == [7, 9]
    _, static, steps = asked[0]
    assert steps == 4 and static["sand"].values.tolist() == [40.0, 40.0]
    assert set(static) == {"sand", "clay", "flag_land_cover", "ndvi", "latitude", "elevation"}
    assert pixels["sand"].isnull().sum() == 1  # the pixels themselves stay as they are


def test_truth_is_that_of_the_pixels_and_unknown_elsewhere(monkeypatch):
    at = np.array([0, 6, 3])
    pixels = xr.Dataset(coords={"pixel": np.arange(9), "time": DAYS})
    for name, shift in (("sm_surface", 0.0), ("sm_rootzone", 0.5)):
        pixels[name] = ("pixel", "time"), np.arange(9)[:, None] + np.full(DAYS.size, shift)
    monkeypatch.setattr(twin_smap, "truth", lambda seed: pixels)
    result = xr.Dataset(
        coords={"place": list("abc"), "pixel": ("place", at), "time": DAYS[5:]},
        attrs={"data": "twin"},
    )
    truth = places.truth(result)
    assert truth.dims == ("layer", "place", "time") and truth.sizes["time"] == DAYS.size - 5
    np.testing.assert_array_equal(truth.sel(layer="rootzone").isel(time=7), at + 0.5)
    assert places.truth(result.assign_attrs(data="observed")) is None
