"""SCAN stations as the AWDB service gives them."""

import json
from datetime import date

import numpy as np
import pytest
from owners import scan_data, scan_stations

from soilbook import schema
from soilbook.data import awdb, ismn, observed
from soilbook.errors import DataError, ParameterError

TRIPLET = "2057:AL:SCAN"
SOIL = "SMS:-2:*,SMS:-40:*,STO:-2:*,STO:-40:*"


def query(elements: str, first: str, last: str, duration: str) -> dict:
    asked = {"stationTriplets": TRIPLET, "elements": elements, "duration": duration}
    return {name: [text] for name, text in (asked | {"beginDate": first, "endDate": last}).items()}


@pytest.fixture
def station(tmp_path):
    """Folder of a station with one year of hours; its answers can be changed by ``change``."""
    folder = tmp_path / "scan/2057_AL_SCAN"
    folder.mkdir(parents=True)
    (folder / "station.json").write_bytes(scan_stations({"stationTriplets": [TRIPLET]}))
    hours = scan_data(query(SOIL, "2015-01-01", "2015-02-01", "HOURLY"))
    (folder / "hourly_2015.json").write_bytes(hours)
    days = scan_data(query("PRCP,TAVG", "2015-01-01", "2016-01-01", "DAILY"))
    (folder / "daily.json").write_bytes(days)
    return folder


def change(file, how):
    content = json.loads(file.read_text())
    how(content)
    file.write_text(json.dumps(content))


def values(content, code="SMS", depth=-2):
    elements = content[0]["data"]
    return next(
        one["values"]
        for one in elements
        if (one["stationElement"]["elementCode"], one["stationElement"]["heightDepth"])
        == (code, depth)
    )


def test_hours_become_days_and_units_are_ours(station, tmp_path):
    made = awdb.read(tmp_path, TRIPLET)
    assert made["depth"].values.tolist() == [0.05, 1.0]
    days = made["time"].values.astype("datetime64[D]")
    assert (str(days[0]), str(days[-1])) == ("2015-01-01", "2015-12-31")
    january = made.sel(time="2015-01-15")
    assert january["soil_temperature"].values == pytest.approx([10, 10])
    assert january["air_temperature"].item() == pytest.approx(15)
    assert set(np.unique(made["precipitation"])) == {0.0, 2.54}
    assert np.isnan(made["sm"].sel(time="2015-03-01")).all()
    assert "n_flagged" in made["sm"].attrs and "2 in, no. 1" in made["sm"].attrs["sensors"]
    assert made["precipitation"].attrs["source"] == "measured: USDA SCAN 2057:AL:SCAN, daily"
    assert schema.check(made, "test") is made


def test_a_day_is_the_mean_of_its_hours_not_the_value_of_midnight(station, tmp_path):
    def how(content):
        for value in values(content)[:24]:
            value["value"] = 30.0
        values(content)[0]["value"] = 6.0

    change(station / "hourly_2015.json", how)
    made = awdb.read(tmp_path, TRIPLET)["sm"].sel(depth=0.05).values
    hours = [v["value"] for v in values(json.loads((station / "hourly_2015.json").read_text()))]
    assert made[0] == pytest.approx(np.mean(hours[:24]) / 100)
    assert made[0] != pytest.approx(0.06)


def test_a_day_needs_as_many_hours_as_at_ismn(station, tmp_path):
    n = ismn.MINIMUM_HOURS
    change(station / "hourly_2015.json", lambda content: values(content).__delitem__(slice(n, 24)))
    assert np.isfinite(awdb.read(tmp_path, TRIPLET)["sm"].values[0, 0])
    change(station / "hourly_2015.json", lambda content: values(content).pop(0))
    assert np.isnan(awdb.read(tmp_path, TRIPLET)["sm"].values[0, 0])


def test_parallel_sensors_of_a_depth_are_averaged(station, tmp_path):
    before = awdb.read(tmp_path, TRIPLET)["sm"].values

    def how(content):
        again = json.loads(json.dumps(content[0]["data"][0]))
        again["stationElement"]["ordinal"] = 2
        for value in again["values"]:
            value["value"] += 4.0
        content[0]["data"].append(again)

    change(station / "hourly_2015.json", how)
    made = awdb.read(tmp_path, TRIPLET)
    np.testing.assert_allclose(made["sm"].values[0, :30] - before[0, :30], 0.02, atol=1e-6)
    assert "+" in made["sm"].attrs["joined"]


def test_values_that_no_soil_has_are_left_out(station, tmp_path):
    def how(content):
        for value in values(content)[24:48]:
            value["value"] = 95.0
        for value in values(content)[48:72]:
            value["value"] = None
        for value in values(content)[96:120]:
            value["value"] = 0.0
        for k, value in enumerate(values(content)[120:144]):
            value["value"] = 0.0 if k < 6 else 30.0

    change(station / "hourly_2015.json", how)
    made = awdb.read(tmp_path, TRIPLET)["sm"].values[0]
    assert np.isnan(made[[1, 2, 4]]).all() and np.isfinite(made[[0, 3]]).all()
    assert made[5] == pytest.approx(0.3)  # hours of a dead sensor are not averaged


def test_a_year_that_overlaps_the_next_counts_once(station, tmp_path):
    hours = scan_data(query(SOIL, "2015-01-25", "2015-02-05", "HOURLY"))
    (station / "hourly_2016.json").write_bytes(hours)
    made = awdb.read(tmp_path, TRIPLET)["sm"].sel(depth=0.05)
    assert np.isfinite(made.sel(time=slice("2015-01-01", "2015-02-04"))).all()
    n = ismn.MINIMUM_HOURS - 1  # of one day, in both answers: no more hours than in one
    for name in ("hourly_2015.json", "hourly_2016.json"):

        def shorten(content):
            kept = values(content)
            kept[:] = [one for one in kept if one["date"][:10] != "2015-01-25"] + [
                {"date": f"2015-01-25 {hour:02d}:00", "value": 20.0} for hour in range(n)
            ]
            kept.sort(key=lambda one: one["date"])

        change(station / name, shorten)
    made = awdb.read(tmp_path, TRIPLET)["sm"].sel(depth=0.05)
    assert np.isnan(made.sel(time="2015-01-25").item())


def element(**changes):
    def how(content):
        content[0]["data"][0]["stationElement"] |= changes

    return how


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (element(storedUnitCode="frac"), r"SMS:-2\.0:1 is in 'frac'; allowed: pct"),
        (element(elementCode="WTEQ"), "unknown element; allowed: SMS, STO, PRCP, TAVG"),
        (element(heightDepth=2), "a depth in inches below zero is needed"),
        (element(heightDepth=None), "a depth in inches below zero is needed"),
        (element(heightDepth=-40), r"SMS:-40\.0:1 stands twice"),
        (lambda c: c[0].update(stationTriplet="1:AL:SCAN"), "1:AL:SCAN; 2057:AL:SCAN is needed"),
        (lambda c: c.clear(), "no station; 2057:AL:SCAN is needed"),
        (lambda c: c[0].pop("data"), "data: Field required; an answer of AWDB is needed"),
        (lambda c: values(c)[3].update(date="2015-01-01"), "'2015-01-01' is no hour"),
        (lambda c: values(c)[3].update(value="much"), "an answer of AWDB is needed"),
        (lambda c: values(c).reverse(), "hour out of order"),
        (lambda c: [one["values"].clear() for one in c[0]["data"]], "no values of 2057:AL:SCAN"),
    ],
)
def test_another_form_is_one_line(station, tmp_path, how, says):
    change(station / "hourly_2015.json", how)
    with pytest.raises(DataError, match=says) as refusal:
        awdb.read(tmp_path, TRIPLET)
    assert "\n" not in str(refusal.value) and "hourly_2015.json" in str(refusal.value)


def test_a_station_is_found_by_triplet_number_and_name(station, tmp_path):
    assert awdb.stations(tmp_path) == [TRIPLET]
    for name in (TRIPLET, "2057_AL_SCAN", "here", "AAMU-jtg"):
        assert awdb.find(tmp_path, name) == TRIPLET
    assert awdb.find(tmp_path, "2058:AL:SCAN") is None
    assert observed.find("Here", tmp_path) == TRIPLET
    assert observed.load("2057_AL_SCAN", tmp_path)["site"].item() == TRIPLET
    with pytest.raises(ParameterError, match="unknown site 'There'"):
        observed.find("There", tmp_path)


def test_years_and_files_are_told(station, tmp_path):
    assert awdb.years(tmp_path, TRIPLET) == range(2015, 2016)
    (station / "hourly_2017.json").write_text("[]")
    with pytest.raises(DataError, match=r"\[2015, 2017\]; every year is needed"):
        awdb.files_of(tmp_path, TRIPLET)
    (station / "hourly_2017.json").unlink()
    (station / "daily.json").unlink()
    with pytest.raises(DataError, match=r"daily\.json: no such file"):
        awdb.read(tmp_path, TRIPLET)


def test_a_paper_site_takes_the_rest_of_its_weather_from_power(station, tmp_path, write_power):
    """Over the days of Table D2, where the files have all of its years."""
    site = observed.sites.find("AAMU-jtg")
    years = range(site.start.year, site.end.year + 1)
    with pytest.raises(DataError, match=r"files cover 2015-01-01 .*; site 'AAMU-jtg' needs"):
        observed.load("AAMU-jtg", tmp_path)
    for year in years:
        (station / f"hourly_{year}.json").write_bytes(
            scan_data(query(SOIL, f"{year}-03-01", f"{year}-03-03", "HOURLY"))
        )
    days = [f"{day:%Y%m%d}" for day in (date(2015, 3, 1), date(2015, 3, 2))]
    units = {"WS2M": "m/s", "T2M": "C", "RH2M": "%", "ALLSKY_SFC_SW_DWN": "W/m^2"}
    units["ALLSKY_SFC_LW_DWN"] = "W/m^2"
    series = {name: dict.fromkeys(days, 60.0) for name in units}
    write_power("AAMU-jtg", series, units, (-86.55, 34.78))
    made = observed.load("AAMU-jtg", tmp_path)
    assert schema.features(made) == schema.FEATURES
    span = made["time"].values[[0, -1]].astype("datetime64[D]").astype(str).tolist()
    assert span == [f"{site.start:%Y-%m-%d}", f"{site.end:%Y-%m-%d}"]
    assert made["site"].item() == "AAMU-jtg"
    told = observed.sources(made)
    assert told == ("P, AT, ST, SM: USDA SCAN 2057:AL:SCAN; LR, SR, RH, WS: NASA POWER")
    assert observed.available(tmp_path) == ["AAMU-jtg"]
    table = observed.coverage(made)
    assert table["depth_m"].tolist() == [0.05, 1.0]
    n = len([year for year in years if f"{year}-03-03" <= span[1]])
    assert table["days_with_moisture"].iloc[0] in (2 * n, 2 * n + 1)
    assert table["days_complete"].iloc[0] == 2


def test_an_archive_of_ismn_takes_the_place_of_a_site_without_other_files(tmp_path, write_archive):
    lines = [f"{day:%Y/%m/%d} {h:02d}:00 0.25 G M" for day in (date(2015, 3, 1), date(2015, 3, 2))
             for h in range(24)]  # fmt: skip
    archive = write_archive({(v, 0.05, "s"): lines for v in ("sm", "ts")}, station="Falkenberg")
    (tmp_path / "ismn").mkdir()
    archive.rename(tmp_path / "ismn/a.zip")
    assert observed.available(tmp_path) == ["Falkenberg"]
    with pytest.raises(DataError, match="site 'Falkenberg' needs"):
        observed.load("Falkenberg", tmp_path)
    made = observed.load("NET/Falkenberg", tmp_path)
    assert made.sizes["time"] == 2 and made["site"].item() == "NET/Falkenberg"
    assert schema.features(made) == ("soil_temperature", "sm")
