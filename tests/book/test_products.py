"""What the data folder is said to hold."""

import os
import re
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from soilbook.book import products, provenance
from soilbook.data import giovanni
from soilbook.errors import DataError, SoilbookError

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from owners import giovanni as answer
from valid import READERS


@pytest.mark.observed
def test_the_satellite_pixels_are_checked_as_well(tmp_path, observed_folder):
    (tmp_path / "smap_conus412").symlink_to(observed_folder / "smap_conus412")
    found = dict(products.check_stations(tmp_path))
    assert found["conus412"] == "412 pixels, 2015-04-01 to 2018-03-31; values without SMAP: 72%"
    assert "CONUSv4f1/2015/time.csv" in found["conus412 not used"]
    assert "timeStr.csv" not in found["conus412 not used"]


@pytest.mark.observed
def test_a_damaged_table_of_pixels_is_named(tmp_path, observed_folder):
    source = observed_folder / "smap_conus412/CONUSv4f1"
    folder = tmp_path / "smap_conus412/CONUSv4f1"
    folder.mkdir(parents=True)
    for entry in source.iterdir():
        (folder / entry.name).symlink_to(entry)
    (folder / "crd.csv").unlink()
    (folder / "crd.csv").write_text("40,-100\n")
    error = dict(products.check_stations(tmp_path))["conus412"]
    assert isinstance(error, SoilbookError)
    assert "crd.csv, row 1" in str(error)


def by_name(folder) -> dict:
    return {name: str(report) for name, report in products.check_stations(folder)}


def test_what_is_wrong_with_one_product_does_not_end_the_check(tmp_path, monkeypatch):
    """Neither files of which no station can be told, nor an error that no reader foresaw."""
    for name in (
        "uscrn/daily01/2017/CRND0103-2017-.txt",
        "ismn/bad.zip",
        "power/Kingston-1-W.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("x")
    shutil.copytree(tmp_path / "ismn", tmp_path / "scan_alabama")
    (tmp_path / "scan_alabama/SCAN_AL_SMS_only.csv").write_text("x")

    def fails(*_):
        raise KeyError("station")

    monkeypatch.setattr(products.scan, "stations", fails)
    found = by_name(tmp_path)
    assert "no station files" in found["uscrn"] and "bad.zip" in found["ismn bad.zip"]
    assert found["scan"] == "KeyError: 'station'"
    assert "no JSON" in found["power Kingston-1-W"]
    with pytest.raises(DataError, match="no such data folder"):
        by_name(tmp_path / "nowhere")


def test_files_that_are_counted_but_not_used_are_named(tmp_path):
    names = {
        "uscrn": ["2017/CRND0103-2017-RI_A.txt", "2018/CRND0103-2017-RI_A.txt"],
        "power": ["Kingston-1-W.json", "RI_A.json", "Atlantis.json"],
        "fluxnet": ["fluxnet2015_daily_4sites.csv", "DE-Tha.csv"],
        "scan_alabama": ["SCAN_AL_SMS_only.csv", "nwcc_inventory.csv", "meta.csv"],
        "nldas": ["NLDAS_NOAH0125_H.A20160101.0000.020.nc", "NLDAS_NOAH0125_H.A20160101.grb"],
        "ismn": ["any.zip"],
        "smap_conus412/CONUSv4f1": ["crd.csv", "2015/SMAP_AM.csv", "2015/time.csv"],
    }
    for folder, files in names.items():
        folder = "uscrn/daily01" if folder == "uscrn" else folder
        for name in files:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text("x")
    unused = {k: v for k, v in by_name(tmp_path).items() if k.endswith("not used")}
    assert unused == {
        "uscrn not used": "uscrn/daily01/2018/CRND0103-2017-RI_A.txt",
        "fluxnet not used": "fluxnet/DE-Tha.csv",
        "power not used": "power/Atlantis.json",
        "conus412 not used": "smap_conus412/CONUSv4f1/2015/time.csv",
        "nldas not used": "nldas/NLDAS_NOAH0125_H.A20160101.grb",
        "scan not used": "scan_alabama/meta.csv",
    }


@pytest.mark.parametrize("product", products.PRODUCTS.values(), ids=lambda one: one.name)
def test_files_laid_out_as_promised_are_those_that_the_readers_open(tmp_path, product):
    promised = {
        tmp_path / name for name in re.findall(r"[\w/-]+\.(?:csv|json|txt|zip)", product.layout)
    }
    assert promised or product.name in ("conus412", "smap", "nldas")
    for file in promised:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    if product.name == "power":  # a station that the paper has not counts where it has a record
        record = tmp_path / "uscrn/daily01/2017/CRND0103-2017-RI_Kingston_1_W.txt"
        record.parent.mkdir(parents=True)
        record.touch()
    assert set(products.files(product, tmp_path)) == promised
    assert all(product.opens(file, tmp_path) for file in promised)


def test_a_table_under_another_name_is_told_and_ends_nothing(tmp_path):
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan/2057.csv").write_text("Date,SMS-2.0in\n2017-01-01,20\n")
    (tmp_path / "fluxnet").mkdir()
    (tmp_path / "fluxnet/DE-Tha.csv").write_text("siteid,TIMESTAMP\n")
    (tmp_path / "power").mkdir()
    (tmp_path / "power/Kingston-1-W.json").write_text("x")
    found = by_name(tmp_path)
    assert "scan" not in found  # no table, so no station to read
    assert found["scan not used"] == "scan/2057.csv"
    assert [line for name, line in found.items() if "fluxnet" in name] == ["fluxnet/DE-Tha.csv"]
    assert "no JSON" in found["power Kingston-1-W"]
    assert {one.name for one in products.present(tmp_path)} == {"power"}


def test_the_listing_of_a_folder_tells_of_changes(tmp_path):
    """Of names and sizes, and of dates where they count; observed data are named by it."""
    file = tmp_path / "a.csv"
    file.write_text("x")
    os.utime(file, (1, 1))
    before = [products.listing(tmp_path, times) for times in (False, True)]
    os.utime(file, (2, 2))
    assert products.listing(tmp_path) == before[0] != before[1]
    assert products.listing(tmp_path, times=True) != before[1]
    file.write_text("xy")
    assert products.listing(tmp_path) != before[0]


def test_the_listing_of_a_folder_tells_of_changes_behind_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/uscrn").symlink_to(tmp_path / "disk")
    before = products.listing(tmp_path / "data")
    (tmp_path / "disk/a.txt").write_text("x")
    assert products.listing(tmp_path / "data") != before


def test_a_chapter_without_sites_rests_on_the_whole_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    (tmp_path / "a.csv").write_text("x")
    assert provenance.of_data({"data": "observed"}) == products.listing(tmp_path)
    assert provenance.of_data({"data": "observed", "sites": []}) != products.listing(tmp_path)
    assert provenance.of_data({"seed": 1}) == provenance.of_data({"data": "twin", "seed": 1})
    assert provenance.of_data({"seed": 1}) != provenance.of_data({"seed": 2})


def test_the_models_of_nldas_are_found_wherever_they_lie(tmp_path):
    assert "nldas" not in {one.name for one in products.present(tmp_path)}
    deep = tmp_path / "nldas/noah/2016"
    deep.mkdir(parents=True)
    (deep / "NLDAS_NOAH0125_H.A20160101.0000.020.nc").touch()
    assert [one.name for one in products.present(tmp_path)] == ["nldas"]


def test_granules_and_hours_are_read_and_their_damage_told(tmp_path):
    for name in ("smap_l3", "smap_l4", "nldas_forcing", "nldas_noah"):
        READERS[name].write(tmp_path)
    found = by_name(tmp_path)
    assert len(found) == 2 + 1 + 2 + 2
    assert all(text.endswith("can be read") for text in found.values())
    with h5py.File(tmp_path / "nldas/NLDAS_NOAH0125_H.A20150401.0100.020.nc", "a") as file:
        file["SoilM_0_10cm"].attrs["units"] = "inch"
    with h5py.File(tmp_path / "nldas/NLDAS_FORA0125_H.A20150401.0000.020.nc", "a") as file:
        file["time"] = np.array([5.0])
        file["time"].attrs["units"] = "days since 2015-04-01"
    with h5py.File(tmp_path / "smap_l3/SMAP_L3_SM_P_20150401_R18290_001.h5", "a") as file:
        file["Soil_Moisture_Retrieval_Data_AM/soil_moisture"].attrs["units"] = "percent"
    damaged = {k: v for k, v in by_name(tmp_path).items() if not v.endswith("can be read")}
    assert list(damaged) == [
        "smap SMAP_L3_SM_P_20150401_R18290_001.h5",
        "nldas NLDAS_FORA0125_H.A20150401.0000.020.nc",
        "nldas NLDAS_NOAH0125_H.A20150401.0100.020.nc",
    ]
    assert all("\n" not in text for text in damaged.values())
    for text, says in zip(damaged.values(), ("'percent'", "2015-04-06", "'inch'"), strict=True):
        assert says in text


def test_every_series_at_a_point_is_read(tmp_path):
    for place in ((41.48, -71.54), (33.787, -83.39)):
        path = tmp_path / giovanni.path_of("NLDAS_NOAH0125_H", "SoilM_0_10cm", *place)
        path.parent.mkdir(parents=True, exist_ok=True)
        asked = {"data": "NLDAS_NOAH0125_H_2_0_SoilM_0_10cm", "location": str(list(place))}
        asked["time"] = "2015-04-01T00:00:00/2015-04-01T23:59:59"
        path.write_bytes(answer({key: [value] for key, value in asked.items()}))
    name = "nldas NLDAS_NOAH0125_H_SoilM_0_10cm"
    assert by_name(tmp_path) == {name: "2 places, 48 hours"}
    path.write_text(path.read_text().replace("unit,kg m-2", "unit,inch"))
    assert "33.787_-83.390.csv: unit is 'inch'" in by_name(tmp_path)[name]


@pytest.mark.parametrize("name", [name for name in READERS if name != "ismn"])
def test_endings_in_capitals_are_found_and_counted(tmp_path, name):
    """Every reader gives the same of files that another system named in capitals."""
    reader = READERS[name]
    reader.write(tmp_path)
    before = reader.read(tmp_path)
    there = [path for path in tmp_path.rglob("*.*") if path.is_file()]
    counted = count(tmp_path)
    for path in there:
        if path.suffix != ".json" and path.suffix != ".tsv":
            path.rename(path.with_suffix(path.suffix.upper()))
    if name not in ("own", "ismn_zip"):  # named by whoever asks for them
        after = reader.read(tmp_path)
        assert before.keys() == after.keys()
        for key, value in before.items():
            np.testing.assert_array_equal(value, after[key])
    assert count(tmp_path) == counted


def count(folder) -> dict[str, int]:
    """Files of each product that are read."""
    return {
        one.name: sum(one.opens(file, folder) for file in products.files(one, folder))
        for one in products.PRODUCTS.values()
    }
