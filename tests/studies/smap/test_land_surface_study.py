"""Moisture of the land-surface models at in-situ places: whose it is, and that it is kept."""

import numpy as np
import pytest
import xarray as xr

from soilbook import landsurface
from soilbook.data import nldas
from soilbook.store import Store
from soilbook.studies.smap import land_surface

DAYS = np.arange("2014-01-01", "2014-03-01", dtype="datetime64[D]").astype("datetime64[ns]")


@pytest.fixture
def pixels():
    return xr.Dataset(
        coords={
            "pixel": [0, 1, 2], "row": ("pixel", [80, 81, 82]), "column": ("pixel", [200, 201, 202])
        }
    )  # fmt: skip


@pytest.fixture
def places():
    shape = 2, DAYS.size
    made = xr.Dataset(
        coords={
            "place": ["a", "b"], "time": DAYS, "latitude": ("place", [35.0, 36.0]),
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
            values = np.full((2, DAYS.size), value)
            return xr.Dataset(
                {name: (("place", "time"), values) for name in land_surface.VARIABLES},
                {"place": forcing["place"], "time": DAYS},
            )

        return run

    monkeypatch.setattr(landsurface, "noah", model(0.1))
    monkeypatch.setattr(landsurface, "vic", model(0.2))
    return calls


def test_own_models_run_once_and_are_labelled(places, pixels, asked, tmp_path):
    store = Store(tmp_path / "store")
    made = land_surface.moisture("observed", places, pixels, 4, store, tmp_path)
    again = land_surface.moisture("observed", places, pixels, 4, store, tmp_path)
    assert again.identical(made) and len(asked) == 2
    assert made["Noah"].dims == ("layer", "place", "time")
    assert float(made["VIC"].mean()) == pytest.approx(0.2)
    assert "stand in for those of NLDAS" in made.attrs["source"]
    land_surface.moisture("observed", places, pixels, 8, store, tmp_path)
    assert len(asked) == 4


def test_a_station_stands_on_grass_and_a_pixel_on_its_own_cover(places, pixels, asked, tmp_path):
    for data in ("observed", "twin"):
        land_surface.moisture(data, places, pixels, 4, Store(tmp_path), tmp_path)
    station, pixel = asked[0][1], asked[2][1]
    assert "flag_land_cover" not in station and "ndvi" not in station
    assert float(pixel["flag_land_cover"][0]) == 4
    assert np.isfinite(station["elevation"]).all()


def test_files_of_nldas_come_first_where_both_models_have_some(
    places, pixels, asked, tmp_path, monkeypatch
):
    def read(folder, model, rows, columns, start, end):
        values = np.repeat(np.asarray(rows, float)[:, None], DAYS.size - 1, axis=1) / 1000
        return xr.Dataset(
            {name: (("pixel", "time"), values) for name in land_surface.VARIABLES},
            {"pixel": range(len(rows)), "time": DAYS[1:]},
        )

    monkeypatch.setattr(nldas, "read_model", read)
    folder = tmp_path / "nldas" / "2014"
    folder.mkdir(parents=True)
    (folder / "NLDAS_NOAH0125_H.A20140101.0000.nc").touch()
    store = Store(tmp_path / "store")
    one = land_surface.moisture("observed", places, pixels, 4, store, tmp_path)
    assert one.attrs["source"] == land_surface.STAND_IN
    (folder / "NLDAS_VIC0125_H.A20140101.0000.nc").touch()
    both = land_surface.moisture("observed", places, pixels, 4, store, tmp_path)
    assert both.attrs["source"] == land_surface.NLDAS
    # Place a lies in pixel 2, whose row is 82, and place b in pixel 0.
    np.testing.assert_allclose(both["Noah"].isel(layer=0, time=1), [0.082, 0.080], rtol=1e-6)
    assert both["Noah"].isel(time=0).isnull().all()
    twin = land_surface.moisture("twin", places, pixels, 4, store, tmp_path)
    assert twin.attrs["source"] == land_surface.STAND_IN
    ours = land_surface.at_places("observed", places, 4, store)
    assert ours.identical(one)


def test_models_run_at_pixels_with_the_soil_of_the_median_pixel_where_there_is_none(
    places, asked, tmp_path
):
    pixels = places.drop_vars(["pixel", "elevation"]).assign_coords(place=[7, 9])
    pixels = pixels.rename(place="pixel")
    pixels["sand"] = "pixel", [40.0, np.nan]
    made = land_surface.at_pixels(pixels, 4, Store(tmp_path))
    assert made["Noah"].dims == ("layer", "pixel", "time")
    assert made["pixel"].values.tolist() == [7, 9]
    _, static, steps = asked[0]
    assert steps == 4 and static["sand"].values.tolist() == [40.0, 40.0]
    assert set(static) == {"sand", "clay", "flag_land_cover", "ndvi", "latitude", "elevation"}
    assert pixels["sand"].isnull().sum() == 1  # the pixels themselves stay as they are
