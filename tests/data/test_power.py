"""NASA POWER files in NASA's layout, their units, and what they add to a station."""

import numpy as np
import pytest

from soilbook import schema
from soilbook.data import observed, power
from soilbook.errors import DataError

DAYS = ["20120101", "20120102", "20120104"]
UNITS = {"ALLSKY_SFC_LW_DWN": "MJ/m^2/day", "WS2M": "m/s", "T2M": "C"}


def series(**values):
    return {name: dict(zip(DAYS, column, strict=True)) for name, column in values.items()}


@pytest.fixture
def wind_and_longwave():
    return series(ALLSKY_SFC_LW_DWN=[25.92, -999.0, 30.0], WS2M=[2.0, 3.5, -999], T2M=[1, 2, 3])


def test_units_missing_and_absent_days(write_power, wind_and_longwave):
    made = power.read(write_power("Here", wind_and_longwave, UNITS))
    assert made.sizes["time"] == 4
    np.testing.assert_allclose(made["longwave"], [300, np.nan, np.nan, 30 / 0.0864])
    np.testing.assert_allclose(made["wind_speed"], [2, 3.5, np.nan, np.nan])
    assert made["longwave"].attrs["units"] == "W m-2"
    assert made["longwave"].attrs["source"] == ("model: NASA POWER ALLSKY_SFC_LW_DWN, days in LST")


@pytest.mark.parametrize(
    ("unit", "value"),
    [("MJ/m^2/day", 8.64), ("kW-hr/m^2/day", 2.4), ("kWh/m^2/day", 2.4), ("W/m^2", 100.0)],
)
def test_every_unit_of_radiation(write_power, unit, value):
    column = {"ALLSKY_SFC_SW_DWN": {"20120701": value}}
    made = power.read(write_power("Here", column, {"ALLSKY_SFC_SW_DWN": unit}))
    assert made["shortwave"].item() == pytest.approx(100)


def test_station_gains_wind_and_long_wave(station_files, write_power):
    days = np.arange("2011-06-01", "2013-04-01", dtype="datetime64[D]")
    names = [str(day).replace("-", "") for day in days]
    columns = {
        "ALLSKY_SFC_LW_DWN": dict.fromkeys(names, 320.0),
        "WS2M": dict.fromkeys(names, 3.0),
        "T2M": dict.fromkeys(names, 40.0),
    }
    write_power("RI_Kingston_1_W", columns, UNITS | {"ALLSKY_SFC_LW_DWN": "W/m^2"})
    made = observed.load("RI_Kingston_1_W", station_files)
    assert schema.features(made) == schema.FEATURES  # 8 of 8
    assert (made["longwave"] == 320).all() and (made["wind_speed"] == 3).all()
    assert (made["air_temperature"] == 7.5).all()  # the gauge's own stays
    assert "POWER" in made["longwave"].attrs["source"]
    assert made["site"].item() == "RI_Kingston_1_W"


def test_without_a_file_long_wave_is_estimated_and_wind_left_out(station_files):
    made = observed.load("RI_Kingston_1_W", station_files)
    assert "wind_speed" not in made and len(schema.features(made)) == 7
    assert made["longwave"].attrs["source"].startswith("estimated: Prata (1996)")
    assert np.isfinite(made["longwave"]).all()


def test_file_of_another_place_or_time(station_files, write_power, wind_and_longwave):
    path = write_power("RI_Kingston_1_W", wind_and_longwave, UNITS, position=(-100.0, 41.48))
    with pytest.raises(DataError, match=r"longitude is -100, the station's is -71\.54"):
        observed.load("RI_Kingston_1_W", station_files)
    write_power("RI_Kingston_1_W", {"WS2M": {"20200101": 1.0}}, UNITS)
    with pytest.raises(DataError, match=rf"{path.name}: no day between 2011-06-01 and 2013-03-31"):
        observed.load("RI_Kingston_1_W", station_files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("{\n 'a'", r"row 2: no JSON"),
        ("[1, 2]", r"no 'properties'; a NASA POWER daily point JSON is needed"),
        ('{"T2M": {"20120101": 1, "20120101": 2}}', "duplicated entry '20120101'; each day stands"),
        ('{"properties": {}}', r"no 'properties.parameter'"),
        ('{"properties": {"parameter": {}}, "parameters": {}}', "no 'header'"),
    ],
)
def test_files_of_another_layout(tmp_path, text, message):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        power.read(path)
    assert "\n" not in str(caught.value) and "x.json" in str(caught.value)


def test_bad_content(write_power):
    def read(columns, units=UNITS, **more):
        return power.read(write_power("Here", columns, units, **more))

    with pytest.raises(DataError, match=r"none of the parameters PRECTOTCORR, T2M"):
        read({"PS": {"20120101": 97.0}}, {"PS": "kPa"})
    with pytest.raises(DataError, match=r"T2M is in 'K'; allowed: C"):
        read({"T2M": {"20120101": 280.0}}, {"T2M": "K"})
    with pytest.raises(DataError, match=r"row 20120101: T2M is 'warm'; a number is needed"):
        read({"T2M": {"20120101": "warm"}})
    with pytest.raises(DataError, match=r"'201201' is no date"):
        read({"T2M": {"201201": 5.0}})
    with pytest.raises(DataError, match=r"no 'T2M'"):
        read({"T2M": {"20120101": 5.0}}, {})
    with pytest.raises(DataError, match=r"no days"):
        read({"T2M": {}})
    with pytest.raises(DataError, match=r"geometry.coordinates is 'east'"):
        read({"T2M": {"20120101": 5.0}}, position=("east", "north"))
    with pytest.raises(DataError, match=r"header.fill_value is 'none'"):
        read({"T2M": {"20120101": 5.0}}, fill="none")
