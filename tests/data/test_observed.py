"""Observations by the paper's names, POWER's files, the two doors, and fingerprints."""

from datetime import date

import numpy as np
import pytest

from soilbook import data, schema
from soilbook.data import observed, power, sites
from soilbook.errors import DataError, ParameterError
from soilbook.physics import air


@pytest.fixture
def joplin(station_writer, tmp_path):
    """A paper site with more than its record of Table D2 (2010-01-01 to 2020-12-30)."""
    station_writer("MO_Joplin_24_N", date(2009, 12, 1), date(2021, 1, 31))
    return tmp_path


def test_paper_site_is_limited_to_its_record(joplin):
    site = data.load("Joplin-24-N", "observed", joplin)
    days = site["time"].values.astype("datetime64[D]")
    assert (str(days[0]), str(days[-1])) == ("2010-01-01", "2020-12-30")
    assert site["site"].item() == "Joplin-24-N"
    assert site.attrs["track"] == "observed"
    assert schema.features(site) == tuple(n for n in schema.FEATURES if n != "wind_speed")
    assert data.available("observed", joplin) == ["Joplin-24-N"]


def test_a_station_with_its_state_is_whole(joplin):
    whole = observed.load("MO_Joplin_24_N", joplin)["time"].values.astype("datetime64[D]")
    assert (str(whole[0]), str(whole[-1])) == ("2009-12-01", "2021-01-31")


def test_record_must_be_covered(station_writer, tmp_path):
    station_writer("MO_Joplin_24_N", date(2010, 1, 2), date(2020, 12, 31))
    with pytest.raises(
        DataError, match=r"cover 2010-01-02 to 2020-12-30; site 'Joplin-24-N' needs"
    ):
        observed.load("Joplin-24-N", tmp_path)
    (tmp_path / "uscrn/daily01/2020/CRND0103-2020-MO_Joplin_24_N.txt").unlink()
    assert data.available("observed", tmp_path) == []
    with pytest.raises(DataError, match=r"needs 2010-01-01 to 2020-12-30"):
        observed.load("Joplin-24-N", tmp_path)


def test_sites_without_weather_or_without_observations(joplin):
    for name in ("AAMU-jtg", "Cullman-NAHRC"):
        with pytest.raises(
            DataError, match=f"{name}.*no weather for it; see: .*; observed: Joplin-24-N"
        ):
            observed.load(name, joplin)
    with pytest.raises(DataError, match=r"HubbardBrook.*no observations"):
        observed.load("HubbardBrook", joplin)


def test_site_not_in_the_folder_and_unknown_name(joplin):
    with pytest.raises(DataError, match=r"no station 'Kingston_1_W'"):
        observed.load("Kingston-1-W", joplin)
    says = r"unknown site 'Jopling_24'; allowed: .* or a station: .*closest: MO_Joplin_24_N"
    with pytest.raises(ParameterError, match=says):
        observed.load("Jopling_24", joplin)


def test_folder_from_the_environment(joplin, monkeypatch):
    monkeypatch.setenv("SOILBOOK_DATA", str(joplin))
    assert data.folder() == joplin
    assert data.available("observed") == ["Joplin-24-N"]
    monkeypatch.delenv("SOILBOOK_DATA")
    assert data.folder().parts[-2:] == ("soilbook", "data")


def test_no_folder_and_folder_without_uscrn(tmp_path):
    with pytest.raises(DataError, match="no such data folder; set SOILBOOK_DATA"):
        data.available("observed", tmp_path / "none")
    assert data.available("observed", tmp_path) == []


def test_tracks():
    assert data.available("twin") == list(sites.SITES)
    for call in (data.load, data.fingerprint):
        with pytest.raises(
            ParameterError, match="unknown data 'real'; allowed: twin, observed, archive"
        ):
            call("Joplin-24-N", "real") if call is data.load else call("real", [])
    with pytest.raises(ParameterError, match="allowed: twin, observed, archive"):
        data.available("real")


def test_twin_through_the_door(monkeypatch):
    """What is made of name and seed, tests/twin shows."""
    monkeypatch.setattr("soilbook.twin.sites.load", lambda name, seed: (name, seed))
    assert data.load("UpperBethlehem", seed=3) == ("UpperBethlehem", 3)
    assert data.load("Weslaco", "twin") == ("Weslaco", 0)


def test_fingerprint_of_observations(joplin, station_writer, write_power):
    first = data.fingerprint("observed", ["Joplin-24-N"], joplin)
    station_writer("AK_Kenai_29_ENE", date(2012, 1, 1), date(2012, 1, 3))
    assert data.fingerprint("observed", ["Joplin-24-N"], joplin) == first  # not read
    write_power("Joplin-24-N", {"WS2M": {"20150101": 3.0}}, {"WS2M": "m/s"}, (-94.58, 37.43))
    with_power = data.fingerprint("observed", ["Joplin-24-N"], joplin)
    path = joplin / "uscrn/daily01/2015/CRND0103-2015-MO_Joplin_24_N.txt"
    path.write_text(path.read_text().replace("1.2", "1.3", 1))
    changed = data.fingerprint("observed", ["Joplin-24-N"], joplin)
    assert len({first, with_power, changed}) == 3
    # Contents matter, not where the folder lies.
    moved = joplin.rename(joplin.parent / "moved")
    assert data.fingerprint("observed", ["Joplin-24-N"], moved) == changed


def test_fingerprint_of_the_twin():
    assert data.fingerprint("twin", [], seed=1) == data.fingerprint("twin", ["Cper"], seed=1)
    assert data.fingerprint("twin", [], seed=1) != data.fingerprint("twin", [], seed=2)


@pytest.mark.observed
def test_real_sites_keep_the_schema_and_say_where_long_wave_comes_from(observed_folder):
    names = data.available("observed", observed_folder)
    assert names == sites.OBSERVED
    site = data.load("Monahans-6-ENE", "observed", observed_folder)
    schema.check(site, "test")
    assert site["longwave"].attrs["source"] == air.SOURCE
    assert 150 < float(site["longwave"].min()) < float(site["longwave"].max()) < 500
    assert np.isfinite(site["longwave"]).mean() > 0.98


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


def test_days_of_power_may_stand_in_any_order(write_power):
    days = {"20120104": 3.0, "20120101": 1.0, "20120102": 2.0}
    made = power.read(write_power("Here", {"WS2M": days}, {"WS2M": "m/s"}))
    assert made["wind_speed"].values == pytest.approx([1, 2, np.nan, 3], nan_ok=True)


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
    write_power("RI_Kingston_1_W", wind_and_longwave, UNITS, position=(-71.54, 42.28))
    with pytest.raises(DataError, match=r"latitude is 42.28, .* at most 0.7 degrees apart"):
        observed.load("RI_Kingston_1_W", station_files)
    write_power("RI_Kingston_1_W", wind_and_longwave, UNITS, position=(-71.54, 42.08))
    assert "wind_speed" in observed.load("RI_Kingston_1_W", station_files)
    write_power("RI_Kingston_1_W", {"WS2M": {"20200101": 1.0}}, UNITS)
    with pytest.raises(DataError, match=rf"{path.name}: no day between 2011-06-01 and 2013-03-31"):
        observed.load("RI_Kingston_1_W", station_files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("{\n 'a'", r"row 2: no JSON"),
        ("[1, 2]", r": Input should be .*; a NASA POWER daily point JSON is needed"),
        ('{"T2M": {"20120101": 1, "20120101": 2}}', "duplicated entry '20120101'; each day stands"),
        ("[" * 100_000, "maximum recursion depth|too deeply"),
        ("9" * 5000, "4300 digits"),
        ('{"properties": {}}', r"properties.parameter: Field required; a NASA POWER"),
        ('{"properties": {"parameter": {}}, "parameters": {}}', "header: Field required"),
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
    with pytest.raises(DataError, match=r"parameter.T2M.20120101: Input should be a valid number"):
        read({"T2M": {"20120101": "warm"}})
    with pytest.raises(DataError, match=r"row '201201': '201201' is no day"):
        read({"T2M": {"201201": 5.0}})
    with pytest.raises(DataError, match=r"T2M is in 'no units'; allowed: C"):
        read({"T2M": {"20120101": 5.0}}, {})
    with pytest.raises(DataError, match=r"no days"):
        read({"T2M": {}})
    with pytest.raises(DataError, match=r"geometry.coordinates.0: Input should be a valid number"):
        read({"T2M": {"20120101": 5.0}}, position=("east", "north"))
    with pytest.raises(DataError, match=r"parameters.T2M.units: Input should be a valid string"):
        path = write_power("Here", {"T2M": {"20120101": 5.0}}, UNITS)
        path.write_text(path.read_text().replace('"units": "C"', '"units": ["C"]'))
        power.read(path)
    with pytest.raises(DataError, match=r"T2M.20120101: Input should be a valid number"):
        read({"T2M": {"20120101": 10**400}})
    with pytest.raises(DataError, match=r"row '30120101': '30120101' is no day"):
        read({"T2M": {"20120101": 5.0, "30120101": 5.0}})
    with pytest.raises(DataError, match=r"Here.json, .*: position 91, 0; a latitude"):
        read({"T2M": {"20120101": 5.0}}, position=(0, 91))
    with pytest.raises(DataError, match=r"header.fill_value: Input should be a valid number"):
        read({"T2M": {"20120101": 5.0}}, fill="none")


def test_a_byte_order_mark_is_no_part_of_the_text(write_power, wind_and_longwave):
    path = write_power("Here", wind_and_longwave, UNITS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert power.read(path).sizes["time"] == 4
