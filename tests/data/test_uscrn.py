"""Real USCRN files against Table D2 and their own fixed columns, synthetic ones, damaged ones."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from soilbook import published, schema
from soilbook.data import observed, uscrn
from soilbook.errors import DataError

# Largest differences that were measured at the 16 stations, rounded up. The paper takes UTC days
# of hourly values and the files have local days, so a day's extreme differs more than a mean.
TOLERANCE = {
    "P": {"mean": 0.12, "std": 0.45},
    "TA": {"mean": 0.24, "std": 0.10, "min": 1.4, "max": 0.8},
}
HIGHEST_RAIN = (0.75, 1.55)  # ours over Table D2's


@pytest.fixture(scope="module")
def records(observed_folder):
    """All 16 paper sites with a station."""
    return {
        name: observed.load(name, observed_folder) for name in observed.available(observed_folder)
    }


@pytest.mark.observed
def test_table_d2_is_reproduced(records):
    printed = published.weather().set_index(["site", "variable"])
    assert len(records) == 16
    for name, record in records.items():
        for symbol, variable in (("P", "precipitation"), ("TA", "air_temperature")):
            ours = record[variable].to_series().agg(["min", "max", "mean", "std"])
            theirs = printed.loc[(name, symbol)]
            for key, allowed in TOLERANCE[symbol].items():
                assert abs(ours[key] - theirs[key]) < allowed, (name, symbol, key)
        low, high = HIGHEST_RAIN
        ratio = float(record["precipitation"].max()) / printed.loc[(name, "P"), "max"]
        assert low < ratio < high, name


@pytest.mark.observed
def test_split_falls_on_the_days_of_table_d2(records):
    splits = published.splits().set_index("site")
    for name, record in records.items():
        days = pd.DatetimeIndex(record["time"].values)
        assert days[0] == splits.loc[name, "training_start"]
        assert days[-1] == splits.loc[name, "test_end"]
        for share, column in ((0.6, "validation_start"), (0.8, "test_start")):
            assert abs((days[int(share * len(days))] - splits.loc[name, column]).days) <= 1, name


@pytest.mark.observed
def test_average_of_the_day_is_nearer_to_table_d2_than_middle_of_extremes(records, observed_folder):
    printed = published.weather().set_index(["site", "variable"])["mean"]
    average, middle = [], []
    for name, record in records.items():
        rows = [
            line.split()
            for path in observed.files_of(name, observed_folder)
            for line in path.read_text().splitlines()
            if line
        ]
        other = pd.Series(
            [float(row[7]) for row in rows], pd.to_datetime([row[1] for row in rows])
        ).reindex(record["time"].values)
        average.append(abs(float(record["air_temperature"].mean()) - printed[name, "TA"]))
        middle.append(abs(other[other > -99].mean() - printed[name, "TA"]))
    assert max(average) < 0.24 < max(middle)
    assert np.mean(average) < 0.5 * np.mean(middle)


@pytest.mark.observed
def test_values_are_those_of_the_fixed_columns(observed_folder):
    record = uscrn.read(observed_folder, "Kingston_1_W", "2019-01-01", "2019-12-31")
    path = observed_folder / "uscrn/daily01/2019/CRND0103-2019-RI_Kingston_1_W.txt"
    lines = path.read_text().splitlines()[:365]
    # Columns (from 1) of the README: field 9, 10, 11, 18, 19-23, 24-28.
    cut = lambda first, last: np.array([float(line[first - 1 : last]) for line in lines])  # noqa: E731
    expected = {
        "air_temperature": cut(63, 69),
        "precipitation": cut(71, 77),
        "shortwave": cut(79, 86) * 1e6 / 86400,
        "relative_humidity": cut(130, 136),
        "sm": np.array([cut(138 + 8 * k, 144 + 8 * k) for k in range(5)]),
        "soil_temperature": np.array([cut(178 + 8 * k, 184 + 8 * k) for k in range(5)]),
    }
    for name, values in expected.items():
        present = values > -99
        np.testing.assert_allclose(record[name].values[present], values[present], rtol=1e-12)
        assert np.isnan(record[name].values[~present]).all()


@pytest.mark.observed
def test_stations_without_deep_probes_keep_their_depths(observed_folder):
    assert "AZ_Tucson_11_W" in uscrn.stations(observed_folder)
    record = uscrn.read(observed_folder, "AZ_Tucson_11_W", "2020-01-01", "2020-12-31")
    assert record["depth"].values.tolist() == list(schema.DEPTHS)
    has = np.isfinite(record["sm"].values).any(axis=1)
    assert has.tolist() == [True, True, False, False, False]


@pytest.mark.observed
def test_short_wave_above_the_sun_is_removed_and_counted(observed_folder):
    record = uscrn.read(observed_folder, "MT_St._Mary_1_SSW")
    assert record["shortwave"].attrs["n_above_extraterrestrial"] > 100
    assert float(record["shortwave"].max()) < 520


def test_fields_and_units(station_files):
    record = schema.check(uscrn.read(station_files, "Kingston_1_W"), "test")
    first = record.isel(time=0)
    assert first["air_temperature"] == 7.5  # T_DAILY_AVG, not T_DAILY_MEAN
    assert first["precipitation"] == 1.2
    assert first["shortwave"] == pytest.approx(100.0)  # 8.64 MJ m-2 in a day
    assert first["relative_humidity"] == 70
    np.testing.assert_allclose(first["sm"], [0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(first["soil_temperature"], [6, 7, 8, 9, 10])
    assert (record["latitude"], record["longitude"]) == (41.48, -71.54)
    assert record["air_temperature"].attrs["source"] == "measured: USCRN daily, T_DAILY_AVG"
    assert "wind_speed" not in record


def test_record_is_limited_to_the_period(station_files):
    whole = uscrn.read(station_files, "RI_Kingston_1_W")
    assert whole.sizes["time"] == (date(2013, 3, 31) - date(2011, 6, 1)).days + 1
    part = uscrn.read(station_files, "kingston-1-w", "2012-02-28", np.datetime64("2012-03-01"))
    assert part["time"].dt.day.values.tolist() == [28, 29, 1]


def test_missing_codes_and_impossible_values(station_files, edit):
    path = "uscrn/daily01/2011/CRND0103-2011-RI_Kingston_1_W.txt"
    edit(path, 1, lambda row: row.replace("    7.5", "-9999.0").replace("  0.100", "-99.000"))
    edit(path, 2, lambda row: row.replace("    8.64", "   86.40").replace("  0.200", "  0.000"))
    edit(path, 3, lambda row: row.replace("   70.0", "  170.0"))
    record = uscrn.read(station_files, "Kingston_1_W")
    assert np.isnan(record["air_temperature"].values).nonzero()[0].tolist() == [0]
    assert np.argwhere(np.isnan(record["sm"].values)).tolist() == [[0, 0], [1, 1]]
    assert np.isnan(record["shortwave"].values).nonzero()[0].tolist() == [1]
    assert np.isnan(record["relative_humidity"].values).nonzero()[0].tolist() == [2]
    assert record["air_temperature"].attrs["n_outside_range"] == 0
    assert record["sm"].attrs["n_outside_range"] == 1
    assert record["relative_humidity"].attrs["n_outside_range"] == 1


def test_absent_days_inside_a_file_become_missing(station_files, edit):
    path = "uscrn/daily01/2012/CRND0103-2012-RI_Kingston_1_W.txt"
    edit(path, 100, lambda row: "")
    record = schema.check(uscrn.read(station_files, "Kingston_1_W"), "test")
    gone = np.isnan(record["precipitation"].values).nonzero()[0]
    assert [str(day)[:10] for day in record["time"].values[gone]] == ["2012-04-09"]


FILE = "uscrn/daily01/{0}/CRND0103-{0}-RI_Kingston_1_W.txt"


def error(folder, *words, station="Kingston_1_W", **period):
    """The message of reading that station, checked to be one line with all words in it."""
    with pytest.raises(DataError) as caught:
        uscrn.read(folder, station, **period)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


def test_no_data_folder(tmp_path):
    error(tmp_path / "absent", "absent: no such data folder", "SOILBOOK_DATA")


def test_folder_without_the_product(tmp_path):
    error(tmp_path, "uscrn/daily01: not there")


def test_folder_without_files(tmp_path):
    (tmp_path / "uscrn/daily01/2012").mkdir(parents=True)
    error(tmp_path, "no station files", "CRND0103-YEAR-ST_Name.txt")


def test_unknown_station_lists_the_closest(station_files, station_writer):
    station_writer("NC_Durham_11_W", date(2012, 1, 1), date(2012, 1, 3))
    message = error(station_files, "no station 'Kingstown_1_W'", station="Kingstown_1_W")
    assert message.endswith("closest: RI_Kingston_1_W")
    error(station_files, "there are NC_Durham_11_W to RI_Kingston_1_W", station="Zzz")


def test_name_in_two_states(station_files, station_writer):
    station_writer("NY_Kingston_1_W", date(2012, 1, 1), date(2012, 1, 3))
    error(station_files, "several stations 'Kingston_1_W'", "NY_Kingston_1_W, RI_Kingston_1_W")
    assert uscrn.read(station_files, "RI_Kingston_1_W").sizes["time"] > 3


def test_year_missing_in_the_middle(station_files):
    (station_files / FILE.format(2012)).unlink()
    error(station_files, "no file of the year 2012", "2011 to 2013")


def test_period_outside_the_record(station_files):
    error(station_files, "2011 to 2013", "none of 1999-01-01", start="1999-01-01", end="2000-01-01")
    error(station_files, "2011-06-01", "none of", start="2011-01-01", end="2011-02-01")


@pytest.mark.parametrize(
    ("year", "row", "how", "words"),
    [
        (2012, 7, lambda line: line.rsplit(None, 1)[0] + "\n", ["27 fields; 28 are needed"]),
        (2012, 7, lambda line: line[:-1] + " 1\n", ["29 fields; 28 are needed"]),
        (2012, 9, lambda line: line.replace("  7.5", " 7,5x"), ["T_DAILY_AVG is '7,5x'", "number"]),
        (2012, 9, lambda line: line.replace("0.300", "0.3O0"), ["SOIL_MOISTURE_20_DAILY"]),
        (2012, 3, lambda line: line.replace("20120103", "20120102"), ["duplicated day 2012-01-02"]),
        (2012, 9, lambda line: line.replace("20120109", "20120105"), ["out of order 2012-01-05"]),
        (2012, 9, lambda line: line.replace("20120109", "20120199"), ["'20120199' is no day"]),
        (2013, 90, lambda line: line.replace("20130331", "20140331"), ["only days of 2013"]),
    ],
)
def test_bad_row(station_files, edit, year, row, how, words):
    edit(FILE.format(year), row, how)
    error(station_files, f"{FILE.format(year)}, row {row}: ", *words)


@pytest.mark.parametrize(("cut", "words"), [(3, "cut short"), (60, "fields; 28 are needed")])
def test_last_line_cut(station_files, cut, words):
    path = station_files / FILE.format(2013)
    path.write_text(path.read_text()[:-cut])
    error(station_files, f"{FILE.format(2013)}, row 90: ", words)


def test_rows_lost_at_the_end_or_start_of_a_year_between_others(station_files):
    path = station_files / FILE.format(2012)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:300]))
    error(station_files, "row 300: ends on 2012-10-26; 2012-12-31 is needed")
    path.write_text("".join(lines[2:]))
    error(station_files, "row 1: begins on 2012-01-03; 2012-01-01 is needed")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_empty_file(station_files, content):
    (station_files / FILE.format(2012)).write_text(content)
    error(station_files, f"{FILE.format(2012)}: empty file")


def test_binary_file(station_files):
    (station_files / FILE.format(2012)).write_bytes(b"\xff\xfe\x00\x01" * 50)
    error(station_files, f"{FILE.format(2012)}, row 1: ")


@pytest.mark.parametrize("place", ["  -71.54   42.48", "  -71.54     nan", "   71.54   41.48"])
def test_a_station_stays_where_it_is(station_files, edit, place):
    edit(FILE.format(2012), 7, lambda line: line.replace("  -71.54   41.48", place))
    error(station_files, f"{FILE.format(2012)}, row 7: longitude and latitude ", "[-71.54, 41.48]")


def test_a_station_is_on_earth(station_files):
    for year in (2011, 2012, 2013):
        path = station_files / FILE.format(year)
        path.write_text(path.read_text().replace("   41.48", " 9999.00"))
    error(station_files, "position 9999, -71.54; a latitude of -90 to 90")
    with pytest.raises(DataError, match="row 1: position 9999"):
        uscrn.position(path)
