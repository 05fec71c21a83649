"""ISMN archives: the joining of sensors, flags and hours, a real archive, and damaged ones."""

import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from soilbook import schema
from soilbook.data import ismn
from soilbook.errors import DataError


def hours(start, n, value, flag="G"):
    stamps = pd.date_range(start, periods=n, freq="h").strftime("%Y/%m/%d %H:%M")
    return [f"{stamp} {value} {flag} M" for stamp in stamps]


def test_days_flags_and_minimum_hours(write_archive):
    moisture = [
        *hours("2010-01-01", 24, 0.2),
        *hours("2010-01-02", 18, 0.3),
        *hours("2010-01-02 18:00", 6, 0.9, "C02"),
        *hours("2010-01-03", 17, 0.3),
        *hours("2010-01-05", 24, 0.4),
    ]
    path = write_archive(
        {
            ("sm", 0.0508, "A"): moisture,
            ("ts", 0.0508, "A"): hours("2010-01-01", 120, 4.5),
            ("p", 0.0, "rain"): hours("2010-01-01", 120, 0.5),
        }
    )
    made = schema.check(ismn.read(path, "Here"), "test")
    assert made["depth"].values.tolist() == [0.05]
    np.testing.assert_allclose(made["sm"][0], [0.2, 0.3, np.nan, np.nan, 0.4])
    np.testing.assert_allclose(made["precipitation"], 12.0)
    assert made["sm"].attrs["n_flagged"] == 6
    assert made["sm"].attrs["flags"] == f"C02 6, G {24 + 18 + 17 + 24}"
    assert made["sm"].attrs["sensors"] == "A at 0.0508 m"
    assert float(made["latitude"]) == 40.5 and float(made["longitude"]) == -100.25
    loose = ismn.read(path, "NET/Here", minimum_hours=17)
    np.testing.assert_allclose(loose["sm"][0], [0.2, 0.3, 0.3, np.nan, 0.4])


def test_sensors_that_follow_one_another_end_where_the_next_begins(write_archive):
    path = write_archive(
        {
            ("sm", 0.508, "B"): hours("2010-01-01", 24 * 6, 0.1),
            ("sm", 0.508, "A"): hours("2010-01-05", 24 * 5, 0.2),
            ("sm", 0.508, "silent"): hours("2010-01-01", 24 * 9, 0.9, "D05"),
            ("sm", 0.3048, "A"): hours("2010-01-01", 24, 0.4),
        }
    )
    made = ismn.read(path, "Here")
    assert made["depth"].values.tolist() == [0.3, 0.5]
    np.testing.assert_allclose(made["sm"].sel(depth=0.5), [0.1] * 4 + [0.2] * 5)
    assert "precipitation" not in made
    assert made["sm"].attrs["joined"] == f"0.5 m: B, then A ({ismn.RULE})"


@pytest.mark.parametrize("flagged", [0, 1])
def test_sensors_that_lie_beside_one_another_are_averaged(write_archive, flagged):
    first = [*hours("2010-01-01", 1, 0.1, "D05"), *hours("2010-01-01 01:00", 71, 0.1)]
    path = write_archive(
        {
            ("sm", 0.05, "A"): first if flagged else hours("2010-01-01", 72, 0.1),
            ("sm", 0.05, "B"): hours("2010-01-01", 72, 0.3),
            ("ts", 0.05, "A"): hours("2010-01-01", 24, 5),
        }
    )
    made = ismn.read(path, "Here")
    # In the hour without A, B stands alone.
    beginning = 0.2 + 0.1 * flagged / 24
    np.testing.assert_allclose(made["sm"][0], [beginning, 0.2, 0.2])
    names = "B + A" if flagged else "A + B"
    assert made["sm"].attrs["joined"] == f"0.05 m: {names} ({ismn.RULE})"
    assert "joined" not in made["soil_temperature"].attrs


def test_a_pair_is_followed_by_its_successor(write_archive):
    path = write_archive(
        {
            ("sm", 0.05, "A"): hours("2010-01-01", 24 * 4, 0.1),
            ("sm", 0.05, "B"): hours("2010-01-02", 24 * 3, 0.3),
            ("sm", 0.05, "C"): hours("2010-01-04", 24 * 4, 0.5),
        }
    )
    made = ismn.read(path, "Here")
    np.testing.assert_allclose(made["sm"][0], [0.1, 0.2, 0.2, 0.5, 0.5, 0.5, 0.5])
    assert made["sm"].attrs["joined"].startswith("0.05 m: A + B, then C")


@pytest.fixture
def real_archive(observed_folder, tmp_path):
    """The real archive with the files of one station above 0.2 m and at 0.508 m: faster to read."""
    path = tmp_path / "part.zip"
    with (
        zipfile.ZipFile(observed_folder / "ismn/ismn_archive.zip") as whole,
        zipfile.ZipFile(path, "w") as part,
    ):
        for name in whole.namelist():
            if re.search("PuaAkala_(sm_0.10|sm_0.50|ts_0.10|p_)", name):
                part.writestr(name, whole.read(name))
    return path


@pytest.mark.observed
def test_real_archive(observed_folder, real_archive):
    assert ismn.stations(observed_folder / "ismn/ismn_archive.zip") == [
        "SCAN/ManaHouse",
        "SCAN/PuaAkala",
        "SCAN/WaimeaPlain",
    ]
    made = schema.check(ismn.read(real_archive, "PuaAkala"), "test")
    assert made["depth"].values.tolist() == [0.10, 0.50]
    with zipfile.ZipFile(real_archive) as opened:
        rows = {
            name: [line.split() for line in opened.read(name).decode().splitlines()[1:]]
            for name in opened.namelist()
            if "_sm_" in name
        }
    # One day by hand, from the rows of the file itself.
    shallow = next(lines for name, lines in rows.items() if "0.101600" in name)
    kept = [float(row[2]) for row in shallow if row[0] == "2010/05/17" and row[3] == "G"]
    assert len(kept) >= ismn.MINIMUM_HOURS
    assert made["sm"].sel(depth=0.10, time="2010-05-17").item() == pytest.approx(np.mean(kept))
    flagged = sum(row[3] != "G" for lines in rows.values() for row in lines)
    assert made["sm"].attrs["n_flagged"] == flagged > 0
    # Flag C02 (above 0.6) is gone; three sensors follow one another at 0.508 m.
    assert float(made["sm"].max()) <= 0.6
    assert made["sm"].attrs["sensors"].count("at 0.508 m") == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2010/01/02 00:00 0.2", r"row 26: date, hour, value and flag are needed"),
        ("2010/01/02 00:00 wet G M", r"row 26: value is 'wet'; a number is needed"),
        ("2010-01-02 00:00 0.2 G M", r"row 26: '2010-01-02 00:00' is no hour"),
        ("2010/01/01 23:00 0.2 G M", r"row 26: duplicated hour 2010-01-01T23:00"),
        ("2009/01/01 23:00 0.2 G M", r"row 26: hour out of order 2009-01-01T23:00"),
    ],
)
def test_bad_row(write_archive, line, message):
    path = write_archive({("sm", 0.05, "A"): [*hours("2010-01-01", 24, 0.2), line]})
    with pytest.raises(DataError, match=message) as caught:
        ismn.read(path, "Here")
    assert "archive.zip:NET/Here/NET_NET_Here_sm_0.050000" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_archive(write_archive, tmp_path):
    with pytest.raises(DataError, match=r"none\.zip: no such file"):
        ismn.stations(tmp_path / "none.zip")
    path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 48, 0.2)})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"archive\.zip: damaged archive .*; a whole zip is needed"):
        ismn.stations(path)
    middle = whole.index(b".stm") + 60
    path.write_bytes(whole[:middle] + b"\x00" * 20 + whole[middle + 20 :])
    with pytest.raises(DataError, match=r"\.stm: damaged in the archive"):
        ismn.read(path, "Here")


def test_archive_of_something_else(write_archive, tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("Readme.txt", "nothing")
    with pytest.raises(DataError, match=r"other\.zip: no \.stm files"):
        ismn.stations(path)
    path = write_archive({("p", 0.0, "rain"): hours("2010-01-01", 24, 0.2)})
    with pytest.raises(DataError, match="no soil moisture"):
        ismn.read(path, "Here")
    with pytest.raises(DataError, match="no station 'There'; there are: NET/Here"):
        ismn.read(path, "There")
    path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 5, 0.2)})
    with pytest.raises(DataError, match="no day of 18 good hours"):
        ismn.read(path, "Here")
    path = write_archive({("sm", 0.05, "A"): []})
    with pytest.raises(DataError, match="no rows below the header"):
        ismn.read(path, "Here")


def rewrite(path, change, **options):
    """Write an archive anew with ``change`` (name, content) -> (name, content) of each member."""
    with zipfile.ZipFile(path) as opened:
        members = [change(name, opened.read(name).decode()) for name in opened.namelist()]
    with zipfile.ZipFile(path, "w", **options) as opened:
        for name, content in members:
            opened.writestr(name, content)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("0.05 0.05 A", "0.1 0.1 A", "depth 0.1 to 0.1 m in the header, 0.05 to 0.05 m in the nam"),
        ("0.05 A", "0.05 Other probe", "sensor 'Other probe' in the header, 'A' in the name"),
        ("NET Here", "NET There", "station 'There' in the header, 'Here' in the name"),
    ],
)
def test_a_header_that_names_another_sensor_is_refused(write_archive, old, new, says):
    path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 24, 0.2)})
    rewrite(path, lambda name, text: (name, text.replace(old, new, 1)))
    with pytest.raises(DataError, match=says) as caught:
        ismn.read(path, "Here")
    assert "_sm_0.050000" in str(caught.value) and "\n" not in str(caught.value)


def test_spelling_may_differ_between_header_and_name(write_archive):
    path = write_archive({("sm", 0.05, "Hydra-Probe-A"): hours("2010-01-01", 24, 0.2)})
    rewrite(path, lambda name, text: (name, text.replace("Hydra-Probe-A", "Hydra Probe_A")))
    assert ismn.read(path, "Here")["sm"].attrs["sensors"] == "Hydra-Probe-A at 0.05 m"


def test_swapped_files_of_one_probe_are_told_by_their_values(write_archive):
    path = write_archive(
        {
            ("ts", 0.05, "A"): hours("2010-01-01", 24, 0.2),
            ("sm", 0.05, "A"): hours("2010-01-01", 24, 14.5),
        }
    )
    with pytest.raises(DataError, match="'sm' in the name, but 24 of 24 good values are outside 0"):
        ismn.read(path, "Here")


def test_a_folder_around_the_networks_and_mac_entries_do_no_harm(write_archive):
    path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 24, 0.2)})
    rewrite(path, lambda name, text: (f"download/{name}", text))
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(f"__MACOSX/{opened.namelist()[0]}", "junk")
    assert ismn.stations(path) == ["NET/Here"]
    assert ismn.read(path, "Here").sizes["time"] == 1


def test_archives_of_the_other_format_are_named(write_archive, tmp_path):
    path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 24, 0.2)})
    rewrite(path, lambda name, text: ("NET/Here/NET_NET_Here_20100101_20101231.stm", text))
    with pytest.raises(DataError, match=r"archive\.zip: CEOP; ask for header\+values"):
        ismn.stations(path)
    path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 24, 0.2)})
    rewrite(path, lambda name, text: (name, text.split("\n", 1)[1]))
    with pytest.raises(DataError, match=r"_20250617\.stm: CEOP; ask for header\+values"):
        ismn.read(path, "Here")


def test_members_that_cannot_be_unpacked_are_named(write_archive):
    def read(damage, **options):
        path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 240, 0.2)})
        rewrite(path, lambda *member: member, **options)
        content = bytearray(path.read_bytes())
        damage(content, content.index(b"PK\x01\x02"))
        path.write_bytes(content)
        with pytest.raises(DataError) as caught:
            ismn.read(path, "Here")
        assert ".stm: " in str(caught.value) and "\n" not in str(caught.value)
        return str(caught.value)

    def put(offset, value, both=0):
        def damage(content, central):
            content[central + offset] = value
            content[both] = value if both else content[both]

        return damage

    assert "encrypted" in read(put(8, 1, 6))
    assert "compressed in a way (99)" in read(put(10, 99, 8))

    def scramble(content, central):
        start = content.index(b".stm") + 4 + 30
        content[start : start + 40] = b"\xff" * 40

    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED):
        assert "damaged in the archive" in read(scramble, compression=method)


def test_archives_that_unpack_to_too_much_are_refused(write_archive, monkeypatch):
    path = write_archive({("sm", 0.05, one): hours("2010-01-01", 900, 0.2) for one in "ABC"})
    monkeypatch.setattr(ismn, "LARGEST", 2**16)
    with pytest.raises(DataError, match=r"a station unpacks to \d+ MB; at most 0 MB are read"):
        ismn.read(path, "Here")


def test_a_station_has_one_place(write_archive):
    lines = hours("2010-01-01", 24, 0.2)
    path = write_archive({("sm", 0.05, "A"): lines, ("sm", 0.1, "B"): lines})
    move = {"A": "40.55 -100.25", "B": "40.5 -100.25"}
    for change, refused in (("40.55", False), ("50.5", True), ("nan", True)):
        move["A"] = f"{change} -100.25"
        path = write_archive({("sm", 0.05, "A"): lines, ("sm", 0.1, "B"): lines})
        rewrite(
            path, lambda name, text: (name, text.replace("40.5 -100.25", move["AB"["_B_" in name]]))
        )
        if refused:
            with pytest.raises(
                DataError, match=r"NET/Here: headers give latitudes .* one place is"
            ):
                ismn.read(path, "Here")
        else:
            assert ismn.read(path, "Here").sizes["depth"] == 2


def test_an_archive_of_a_version_to_come_is_named(write_archive):
    path = write_archive({("sm", 0.05, "A"): hours("2010-01-01", 24, 0.2)})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 94
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"archive\.zip: damaged archive \(zip file version 9\.4\)"):
        ismn.stations(path)
