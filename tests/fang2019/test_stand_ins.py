"""Granules of SMAP and the forcing of NLDAS-2 take the place of study 2's stand-ins."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import fingerprint, schema
from soilbook.data import easegrid, giovanni
from soilbook.errors import DataError
from soilbook.fang2019 import hindcast, places, runs, stand_ins

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from owners import giovanni as answer
from valid import write_field, write_l3

ROWS, COLUMNS = np.array([60, 60]), np.array([200, 201])
DAYS = pd.date_range("2015-04-01", periods=4)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """A data folder and a store in which nothing is; a few days are enough."""
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "store"))
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(stand_ins, "LEAST_DAYS", 2)
    return tmp_path / "data"


def pixels(value: float = 0.4) -> xr.Dataset:
    """Two pixels over four days, with retrievals of the example data base."""
    made = xr.Dataset(coords=easegrid.coordinates(ROWS, COLUMNS)).assign_coords(time=DAYS)
    made["sm_smap"] = ("pixel", "time"), np.full((2, 4), value, np.float32)
    made["precipitation"] = ("pixel", "time"), np.ones((2, 4), np.float32)
    return schema.describe_grid(made, "example data base")


def write_root_zone(folder, day: int, hours: int = 8, value: float = 0.2) -> None:
    """Granules of a day; 9 km cells of both pixels and of the column before them."""
    rows, columns = np.meshgrid(np.arange(240, 244), np.arange(799, 808), indexing="ij")
    moisture = np.where(columns == 799, 0.9, value + (columns % 4) / 100).astype(np.float32)
    fill = {"_FillValue": np.float32(-9999), "units": "m3 m-3"}
    for hour in range(hours):
        name = f"SMAP_L4_SM_gph_201504{day:02d}T{3 * hour + 1:02d}3000_Vv8010_001.h5"
        path = folder / "smap_l4" / name
        write_field(path, {"sm_rootzone": (moisture, fill)}, "Geophysical_Data")
        index = {"cell_row": (rows.astype(np.uint32), {})}
        write_field(path, index | {"cell_column": (columns.astype(np.uint32), {})})


def test_without_files_nothing_changes_neither_values_nor_keys(folder):
    made = pixels()
    same = stand_ins.at_pixels(made)
    assert same is made and "replaced" not in same.attrs
    assert fingerprint.of_dataset(same) == fingerprint.of_dataset(pixels())
    stations = pd.DataFrame({"latitude": [41.48], "longitude": [-71.54]}, index=["here"])
    assert stand_ins.weather_files(stations) == [] and stand_ins.granules("smap_l3") == {}


def test_the_example_data_base_is_read_as_before_without_files(folder, monkeypatch):
    monkeypatch.setattr(runs.conus412, "read", lambda *_: pixels())
    settings = runs.YearAhead(data="observed", profile="smoke")
    assert runs.read(settings).identical(pixels())
    monkeypatch.setattr(places.conus412, "read", lambda *_: pixels())
    assert places.grid("observed").identical(pixels())


def test_retrievals_of_granules_take_the_place_of_those_of_the_data_base(folder, monkeypatch):
    write_l3(folder)
    made = stand_ins.at_pixels(pixels())
    # write_l3: 0.2 + cell / 50 + the last digit of the day / 100, of two days.
    expected = [[0.21, 0.22, np.nan, np.nan], [0.23, 0.24, np.nan, np.nan]]
    assert made["sm_smap"].values == pytest.approx(np.array(expected), nan_ok=True)
    assert made["precipitation"].identical(pixels()["precipitation"])
    said = "SPL3SMP (2 days) in place of the retrievals of the authors' example data base"
    assert made.attrs["replaced"] == said and "sm_smap_rootzone" not in made
    schema.check_grid(made, "with granules")
    monkeypatch.setattr(runs.conus412, "read", lambda *_: pixels())
    monkeypatch.setattr(places.conus412, "read", lambda *_: pixels())
    settings = runs.YearAhead(data="observed", profile="smoke")
    for read in (runs.read(settings), places.grid("observed")):
        assert read["sm_smap"].identical(made["sm_smap"])


def test_too_few_days_change_nothing_and_are_told(folder, monkeypatch):
    write_l3(folder)
    monkeypatch.setattr(stand_ins, "LEAST_DAYS", 3)
    made = stand_ins.at_pixels(pixels())
    assert made["sm_smap"].identical(pixels()["sm_smap"])
    assert made.attrs["replaced"] == "SPL3SMP: 2 days with a value are too few (3 needed)"


def test_the_root_zone_of_a_pixel_is_the_mean_of_its_own_cells(folder):
    write_root_zone(folder, 1)
    write_root_zone(folder, 2, value=0.3)
    write_root_zone(folder, 3, hours=7)
    made = stand_ins.at_pixels(pixels())
    means = [[0.215, 0.315, np.nan, np.nan]] * 2
    assert made["sm_smap_rootzone"].values == pytest.approx(np.array(means), nan_ok=True)
    assert made["sm_smap"].identical(pixels()["sm_smap"])
    assert made.attrs["replaced"].endswith("(2 days) in place of the exponential filter")
    schema.check_grid(made, "with granules")


def test_a_changed_granule_is_read_again_and_an_unchanged_one_is_not(folder, monkeypatch):
    write_l3(folder)
    first = stand_ins.at_pixels(pixels())
    monkeypatch.setattr(stand_ins.smap, "read_l3", lambda *_: pytest.fail("read again"))
    assert stand_ins.at_pixels(pixels()).identical(first)
    monkeypatch.undo()
    monkeypatch.setenv("SOILBOOK_CACHE", str(folder.parent / "store"))
    monkeypatch.setenv("SOILBOOK_DATA", str(folder))
    monkeypatch.setattr(stand_ins, "LEAST_DAYS", 1)
    (folder / "smap_l3/SMAP_L3_SM_P_20150402_R18290_001.h5").unlink()
    assert stand_ins.at_pixels(pixels())["sm_smap"].notnull().sum() == 2


def test_only_another_product_is_refused_in_one_line(folder):
    (folder / "smap_l3").mkdir()
    (folder / "smap_l3/SMAP_L3_SM_P_E_20150401_R18290_001.h5").write_bytes(b"x")
    with pytest.raises(DataError, match=r"is SPL3SMP_E \(9 km\), another product") as refusal:
        stand_ins.at_pixels(pixels())
    assert "\n" not in str(refusal.value)


# The weather of NLDAS-2 at stations.

AT = {"here": (41.48, -71.54), "there": (33.787, -83.39)}
TABLE = pd.DataFrame(AT, index=["latitude", "longitude"]).T


def write_weather(folder, place, names=giovanni.SERIES["NLDAS_FORA0125_H"]):
    for name in names:
        path = folder / giovanni.path_of("NLDAS_FORA0125_H", name, *place)
        path.parent.mkdir(parents=True, exist_ok=True)
        asked = {"data": f"NLDAS_FORA0125_H_2_0_{name}", "location": f"[{place[0]},{place[1]}]"}
        asked["time"] = "2015-04-01T00:00:00/2015-04-02T23:59:59"
        path.write_bytes(answer({key: [value] for key, value in asked.items()}))


def test_weather_is_taken_where_the_files_of_all_stations_are_there(folder):
    write_weather(folder, AT["here"])
    write_weather(folder, AT["there"], giovanni.SERIES["NLDAS_FORA0125_H"][1:])
    assert stand_ins.weather_files(TABLE) == []
    write_weather(folder, AT["there"])
    assert len(stand_ins.weather_files(TABLE)) == 16
    time = xr.DataArray(DAYS, dims="time")
    made = stand_ins.weather(TABLE, time, places.FORCING)
    assert tuple(made) == places.FORCING and made["longwave"].dims == ("station", "time")
    known = made["air_temperature"].notnull().values
    assert known.tolist() == [[True, True, False, False]] * 2
    east, north = (
        giovanni.read(None, "forcing", AT)[f"{name}_wind"] for name in ("eastward", "northward")
    )
    speed = np.hypot(east, north).values
    assert made["wind_speed"].values[:, :2] == pytest.approx(speed)


def test_a_table_says_what_replaced_which_stand_in(folder):
    core = xr.Dataset(attrs={"stand_in": places.STAND_IN, "left_out": ""})
    sparse = xr.Dataset(attrs={"stand_in": "", "left_out": ""})
    plain = stand_ins.told(pixels(), {"core": core, "sparse": sparse}, places.OWN_MODELS)
    plain = plain.set_index("part")["source"]
    assert plain["surface moisture to learn"] == "example data base"
    assert plain["root zone to learn"] == "exponential filter of the surface"
    assert plain["weather of the stations"] == "the stations' own instruments"
    assert plain["core sites"] == places.STAND_IN
    write_l3(folder)
    write_root_zone(folder, 1)
    write_root_zone(folder, 2)
    told = f"{stand_ins.NLDAS} in place of their own weather"
    insitu = {"core": core, "sparse": sparse.assign_attrs(replaced=told)}
    made = stand_ins.told(stand_ins.at_pixels(pixels()), insitu, places.NLDAS)
    made = made.set_index("part")["source"]
    assert made["surface moisture to learn"].startswith("SPL3SMP (2 days) in place of")
    assert made["root zone to learn"].startswith("SPL4SMGP, mean of the 9 km cells")
    assert made["weather of the stations"] == told and made["Noah and VIC"] == places.NLDAS


def test_the_second_network_makes_the_root_zone_where_there_is_a_product():
    assert hindcast.ROOT_ZONES == {"twin": "second network", "observed": "exponential filter"}
