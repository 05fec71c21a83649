"""The authors' own station files, of which nothing is concluded silently."""

import zipfile

import numpy as np
import pytest
from owners import archive_table

from soilbook import data, schema
from soilbook.data import archive, sites
from soilbook.errors import DataError, ParameterError

SITE = sites.find("Kingston-1-W")
N_DAYS = (SITE.end - SITE.start).days + 1


@pytest.fixture
def write(tmp_path):
    def function(text, name="Kingston-1-W"):
        path = tmp_path / f"wang2024/code/{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return function


@pytest.fixture
def text() -> str:
    return archive_table(N_DAYS).decode()


def dated(text: str, name: str, start=SITE.start) -> str:
    head, *rows = text.splitlines()
    days = np.arange(start, start + np.timedelta64(len(rows), "D"), dtype="datetime64[D]")
    made = [f"{day},{row}" for day, row in zip(days, rows, strict=True)]
    return "\n".join([f"{name},{head}", *made, ""])


def test_a_table_without_dates_takes_them_from_table_d2(write, text, tmp_path):
    write(text)
    made = data.load("Kingston-1-W", "archive", tmp_path)
    assert schema.features(made) == schema.FEATURES
    assert made["depth"].values.tolist() == [0.05, 1.0]
    assert made["time"].values[0] == np.datetime64(SITE.start)
    assert made["air_temperature"].values[:2].tolist() == [10, 11]
    assert made.attrs["track"] == "archive"
    told = made.attrs["guesses"]
    assert "taken from Table D2" in told and "SW in W m-2 (mean 180)" in told
    assert data.available("archive", tmp_path) == ["Kingston-1-W"]
    assert len(data.fingerprint("archive", ["Kingston-1-W"], tmp_path)) == 64


@pytest.mark.parametrize("name", ["date", "", "Time"])
def test_dates_are_read_where_there_are_some(write, text, tmp_path, name):
    start = SITE.start + np.timedelta64(7, "D")
    write("\n".join(dated(text, name, start).splitlines()[:400]) + "\n")
    made = archive.read(tmp_path, "Kingston-1-W")
    assert made["time"].values[0] == np.datetime64(start) and made.sizes["time"] == 399
    assert "days of column" in made.attrs["guesses"]


def test_a_running_number_is_no_date(write, text, tmp_path):
    head, *rows = text.splitlines()
    numbered = [f"{k},{row}" for k, row in enumerate(rows)]
    write("\n".join(["," + head, *numbered, ""]))
    assert "taken from Table D2" in archive.read(tmp_path, "Kingston-1-W").attrs["guesses"]


def test_missing_is_empty_or_at_most_998(write, text, tmp_path):
    head, first, second, *rows = text.splitlines()
    first = ",".join(["-998", "", *first.split(",")[2:]])
    write("\n".join([head, first, second, *rows, ""]))
    made = archive.read(tmp_path, "Kingston-1-W")
    assert np.isnan(made["precipitation"].values[0]) and np.isnan(made["air_temperature"].values[0])
    assert made["precipitation"].attrs["n_outside_range"] == 0  # missing is not wrong
    assert made["precipitation"].values[1] == 1


def swap(name, value):
    def how(text):
        head, *rows = text.splitlines()
        at = head.split(",").index(name)
        cells = [row.split(",") for row in rows]
        return "\n".join([head, *(",".join([*c[:at], value, *c[at + 1 :]]) for c in cells), ""])

    return how


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda t: t[: t.rstrip().rfind("\n") + 1], f"{N_DAYS - 1} rows without dates; the period"),
        (swap("SW", "15"), "the mean of SW is 15; above 60 it would be W m-2"),
        (swap("LW", "-999"), "the mean of LW is nan"),
        (swap("sm_0.050000_0.050000", "23"), "sm_0.050000_0.050000 reaches 23; m3 m-3 is needed"),
        (lambda t: t.replace("LW", "LWR", 1), "column 'LWR' is not one that the programs read"),
        (lambda t: t.replace("p,ta", "rain,ta", 1), "no column 'p'"),
        (lambda t: t.replace("0.050000", "5", 2).replace("1.000000", "100", 2).replace("sm_", "x_"),
         "no column sm_D_D"),
        (lambda t: t.replace("10.0", "warm", 1), "row 2: ta is 'warm'; a number is needed"),
    ],
)  # fmt: skip
def test_what_cannot_be_concluded_is_refused(write, text, tmp_path, how, says):
    write(how(text))
    with pytest.raises(DataError, match=says) as refusal:
        archive.read(tmp_path, "Kingston-1-W")
    assert "\n" not in str(refusal.value)


def test_days_must_follow_one_another(write, text, tmp_path):
    lines = dated(text, "date").splitlines()
    write("\n".join([*lines[:5], *lines[6:], ""]))
    with pytest.raises(DataError, match="row 6: rows must be consecutive days"):
        archive.read(tmp_path, "Kingston-1-W")


def test_names_are_matched_by_their_beginning_and_never_twice(write, text, tmp_path):
    write(text, "AAMU")
    write(text, "Kingston")
    write(text, "Atlantis")
    assert archive.available(tmp_path) == ["Kingston-1-W", "AAMU-jtg"]
    write(text, "Kingston_1_W")
    with pytest.raises(DataError, match=r"Kingston_1_W.* may both be Kingston-1-W"):
        archive.available(tmp_path)


def test_a_zip_need_not_be_unpacked(tmp_path, text):
    (tmp_path / "wang2024").mkdir()
    with zipfile.ZipFile(tmp_path / "wang2024/data.zip", "w") as opened:
        opened.writestr("repo/data/Kingston-1-W.csv", text)
    assert archive.read(tmp_path, "Kingston-1-W").sizes["time"] == N_DAYS
    (tmp_path / "wang2024/data.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"data\.zip: damaged archive"):
        archive.available(tmp_path)


def test_what_is_not_there_is_told(write, text, tmp_path):
    write(text)
    with pytest.raises(DataError, match="no file of AAMU-jtg; there are: Kingston-1-W"):
        data.load("AAMU-jtg", "archive", tmp_path)
    with pytest.raises(ParameterError, match="unknown site 'Atlantis'"):
        data.load("Atlantis", "archive", tmp_path)
    with pytest.raises(ParameterError, match="a site of one's own, which is observed"):
        data.find("my_site.csv", "archive", tmp_path)
