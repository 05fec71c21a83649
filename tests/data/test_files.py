"""Text of tables as numbers, days and hours: what is taken, and what is refused in words."""

import numpy as np
import pandas as pd
import pytest

from soilbook.data import files
from soilbook.errors import DataError


def test_a_table_keeps_the_numbers_of_its_lines():
    made = files.table('a, b\n\n1,"2,5"\n,,\n3,4\n'.replace(",,", ","), ("a", "b"), "x.csv")
    assert made.index.tolist() == [3, 5] and made.columns.tolist() == ["a", "b"]
    assert made.to_numpy().tolist() == [["1", "2,5"], ["3", "4"]]
    assert files.table("a,b\n", ("b",), "x.csv").empty


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1\n", "x.csv, row 2: 1 fields; 2 are needed"),
        ("a,c\n", "x.csv: no column 'b'; needed: a, b"),
        ("a,b,b\n", "x.csv: more than one column 'b'; needed: a, b"),
        (",\n,\n", "x.csv: no column 'a'"),
        ('a,b\n1,"2\n3,4"\n', "x.csv, row 2: unexpected end of data"),
        ('a,b\n1,"2"3\n', "x.csv, row 2: ',' expected after"),
        ("a,b\n1," + "2" * 200_000, "x.csv, row 2: field larger than field limit"),
    ],
)
def test_a_table_of_another_form_is_refused(text, says):
    with pytest.raises(DataError, match=says) as caught:
        files.table(text, ("a", "b"), "x.csv")
    assert "\n" not in str(caught.value)


def test_zero_bytes_are_no_text(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-16")
    with pytest.raises(DataError, match=r"x\.csv, row 1: a zero byte; text in UTF-8 is needed"):
        files.read_text(path)
    path.write_bytes(b"a,b\r\n1\x00,2\n")
    with pytest.raises(DataError, match="row 2: a zero byte"):
        files.read_text(path)


def test_numbers():
    cells = np.array([["1", "", "-2.5e-1"], ["nan", " 3 ", "inf"]])
    made = files.numbers(cells, ["a", "b", "c"], "x.csv", [2, 3])
    np.testing.assert_array_equal(made, [[1, np.nan, -0.25], [np.nan, 3, np.inf]])


@pytest.mark.parametrize("cell", ["1_0", "٣", "１２", "0x1", "1,5", "--1", "1e", "x", " "])
def test_what_python_or_nobody_takes_for_a_number_is_refused(cell):
    with pytest.raises(DataError, match=r"x\.csv, row 3: b is .*; a number is needed"):
        files.numbers(np.array([["1", "2"], ["3", cell]]), ["a", "b"], "x.csv", [2, 3])
    assert not files.is_number(cell)


def test_times():
    days = files.times(["2012-02-28", "2012-03-01"], "%Y-%m-%d", "x.csv", [1, 2])
    assert days.tolist() == pd.to_datetime(["2012-02-28", "2012-03-01"]).date.tolist()
    hours = files.times(["2012/02/28 23:30"], "%Y/%m/%d %H:%M", "x.csv", [1], unit="m")
    assert hours == np.datetime64("2012-02-28T23:30")


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("2012-1-2", "row 5: '2012-1-2' is no day; %Y-%m-%d in the years 1900 to 2100 is needed"),
        ("3012-01-02", "row 5: '3012-01-02' is no day"),
        ("1812-01-02", "row 5: '1812-01-02' is no day"),
        ("2012-01-32", "row 5: '2012-01-32' is no day"),
        ("", "row 5: '' is no day"),
        ("2012-01-01", "row 5: duplicated day 2012-01-01; days must rise, each once"),
        ("2011-12-31", "row 5: day out of order 2011-12-31"),
    ],
)
def test_days_are_whole_and_rise(second, says):
    with pytest.raises(DataError, match=f"x.csv, {says}"):
        files.times(["2012-01-01", second], "%Y-%m-%d", "x.csv", [4, 5])


def test_places_are_on_earth():
    files.check_place(-90, 180, "x.csv")
    files.check_place(np.nan, np.nan, "x.csv")  # not known
    for place in ((90.1, 0), (0, -180.1), (-9999, -9999)):
        with pytest.raises(DataError, match=r"x\.csv: position .*; a latitude of -90 to 90"):
            files.check_place(*place, "x.csv")


@pytest.mark.parametrize("ending", ["csv", "CSV", "Csv"])
def test_the_case_of_an_ending_does_not_hide_a_file(tmp_path, ending):
    (tmp_path / "deep").mkdir()
    path = tmp_path / f"deep/a.{ending}"
    path.write_text("x\n")
    assert files.matching(tmp_path, "**/*.csv") == [path]
    assert files.there(tmp_path / "deep/a.csv") == path
    assert files.read_text(tmp_path / "deep/a.csv") == "x\n"
    assert files.product(tmp_path, "deep/a.csv") == path
    assert files.there(tmp_path / "deep/b.csv") == tmp_path / "deep/b.csv"
    assert files.matching(tmp_path, "**/*.txt") == []


def test_a_pattern_without_an_ending_is_taken_as_it_is(tmp_path):
    (tmp_path / "A").mkdir()
    assert files.matching(tmp_path, "*") == [tmp_path / "A"]
    assert files.there(tmp_path / "[A].csv") == tmp_path / "[A].csv"
