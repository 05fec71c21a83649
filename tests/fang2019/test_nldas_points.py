"""Noah and VIC of NLDAS-2 as series at the places take the place of the project's own models."""

import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from soilbook.data import giovanni
from soilbook.errors import DataError
from soilbook.fang2019 import places

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from owners import giovanni as answer

AT = {"here": (41.48, -71.54), "there": (33.787, -83.39)}
SERIES = [
    (product, name)
    for product, names in giovanni.SERIES.items()
    if "FORA" not in product
    for name in names
]


@pytest.fixture
def sites() -> xr.Dataset:
    """Two places over three days."""
    days = np.arange("2015-04-01", "2015-04-04", dtype="datetime64[D]").astype("datetime64[ns]")
    latitude, longitude = np.array(list(AT.values())).T
    return xr.Dataset(
        coords={
            "place": list(AT), "time": days, "latitude": ("place", latitude),
            "longitude": ("place", longitude),
        }
    )  # fmt: skip


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write the series of a place into the data folder as the service answers."""
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))

    def function(product, name, place, last="2015-04-02"):
        path = tmp_path / giovanni.path_of(product, name, *place)
        path.parent.mkdir(parents=True, exist_ok=True)
        asked = {"data": f"{product}_2_0_{name}", "location": f"[{place[0]},{place[1]}]"}
        asked["time"] = f"2015-04-01T00:00:00/{last}T23:59:59"
        path.write_bytes(answer({key: [value] for key, value in asked.items()}))
        return path

    return function


def all_but(write, *left_out):
    return [write(*series, place) for place in AT.values() for series in SERIES[len(left_out) :]]


def test_all_series_take_the_place_of_our_models(sites, write, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "at_places", lambda *_: "our own")
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "cache"))

    def made(data="observed"):
        return places.land_surface(data, sites, xr.Dataset(), 4)

    paths = all_but(write, "the first")
    assert made() == "our own"  # not one of them may be absent
    paths += [write(*SERIES[0], place) for place in AT.values()]
    found = made()
    assert found.attrs["source"] == places.NLDAS
    assert found["Noah"].sel(layer="surface", place="there").values[:2] == pytest.approx(0.2)
    assert found["VIC"].sel(layer="rootzone", place="here").values[:2] == pytest.approx(0.02)
    assert np.isnan(found["Noah"].isel(time=2)).all()  # no hours of that day
    assert made("twin") == "our own"
    paths[0].write_text(paths[0].read_text().replace(",20.0", ",30.0"))
    assert not made().identical(found)


def test_a_series_of_another_form_is_one_line(sites, write, tmp_path, monkeypatch):
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "cache"))
    (path, *_) = all_but(write)
    text = path.read_text()
    for change, says in (
        (("unit,kg m-2", "unit,inch"), "unit is 'inch'; allowed: kg m-2"),
        (("Timestamp (UTC),Data", "time,value"), r"no line 'Timestamp \(UTC\),Data'"),
        (("lat,41.48", "lat,10.0"), "at 10, -71.54; 41.48, -71.54 needed"),
        (("T03:00:00,20.0", "T03:00:00,much"), "row 11: Data is 'much'; a number is needed"),
        (("T03:00:00,20.0", "T02:00:00,20.0"), "duplicated hour"),
        (("SoilM_0_10cm", "Rainf"), "prod_name is 'NLDAS_NOAH0125_H_2_0_Rainf'"),
    ):
        path.write_text(text.replace(*change, 1))
        with pytest.raises(DataError, match=says) as refusal:
            places.land_surface("observed", sites, xr.Dataset(), 4)
        assert "\n" not in str(refusal.value)
