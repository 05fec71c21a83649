"""Every damage to a station's files is one line that names file, row and what is allowed."""

from datetime import date

import pytest

from soilbook.data import uscrn
from soilbook.errors import DataError

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
        (2012, 9, lambda line: line.replace("20120109", "20120199"), ["'20120199' is no date"]),
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
