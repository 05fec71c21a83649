"""USDA SCAN tables: units, mixed dates, spikes, and bad rows."""

import numpy as np
import pytest

from soilbook import schema
from soilbook.data import scan
from soilbook.errors import DataError

HEADER = "Date,station," + ",".join(scan.COLUMNS)
INVENTORY = "network,station id, lat,lon\nscan,2057, 34.78,-86.55\nsntl,9,1,2\n"


@pytest.fixture
def table(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / scan.FILE
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([header, *rows, ""]))
        (tmp_path / scan.INVENTORY).write_text(INVENTORY)
        return tmp_path

    return write


def test_percent_becomes_fraction_and_both_date_formats_are_read(table):
    folder = table(
        "2023-02-01,2057:AL:SCAN,10,20,30,40,50",
        "2023-02-01,2113:AL:SCAN,1,1,1,1,1",
        "2023-02-02 00:00:00,2057:AL:SCAN,11,21,31,,51",
        "2023-02-04,2057:AL:SCAN,12,22,32,42,52",
    )
    made = scan.read(folder, "AAMU-jtg")
    assert made["depth"].values.tolist() == list(schema.DEPTHS)
    np.testing.assert_allclose(made["sm"].isel(time=0), [0.1, 0.2, 0.3, 0.4, 0.5])
    assert np.isnan(made["sm"].sel(depth=0.5)).values.tolist() == [False, True, True, False]
    assert list(made.data_vars) == ["sm"] and made["sm"].attrs["units"] == "m3 m-3"
    assert float(made["latitude"]) == 34.78
    assert made["site"].item() == "AAMU-jtg"
    assert scan.stations(folder) == [2057, 2113]
    assert np.isnan(scan.read(folder, 2113)["latitude"])


def test_spikes_zeros_and_values_above_saturation_go(table):
    wet = [20, 218.6, 20, 40, 20, 0, 20]
    rows = [f"2023-02-{k + 1:02d},2057:AL:SCAN,{v},20,20,20,20" for k, v in enumerate(wet)]
    made = scan.read(table(*rows), 2057)
    assert np.isnan(made["sm"][0]).values.nonzero()[0].tolist() == [1, 3, 5]
    # 40 % between two days of 20 % is a spike; 218.6 % and 0 % are out of range.
    attributes = made["sm"].attrs
    assert attributes["n_outside_range"] + attributes["n_spikes"] == 3
    assert attributes["n_spikes"] >= 1


@pytest.mark.observed
@pytest.mark.parametrize(("name", "number"), [("AAMU-jtg", 2057), ("Cullman-NAHRC", 2113)])
def test_paper_sites(observed_folder, name, number):
    made = scan.read(observed_folder, name)
    assert made["sm"].shape[0] == 5 and made.sizes["time"] > 6000
    assert np.isfinite(made["sm"]).mean() > 0.7
    assert 0 < float(made["sm"].min()) < float(made["sm"].max()) <= scan.HIGHEST
    assert made.attrs["source"].endswith(str(number))
    assert abs(float(made["latitude"]) - 34.5) < 0.5


@pytest.mark.observed
def test_station_with_readings_above_100_percent(observed_folder):
    made = scan.read(observed_folder, 2179)
    assert made["sm"].attrs["n_outside_range"] >= 24
    assert float(made["sm"].max()) <= scan.HIGHEST


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["2023-02-01,2057:AL:SCAN,10,2O,30,40,50"], r"row 2: SMS-4.0in is '2O'; a number"),
        (["2/1/2023,2057:AL:SCAN,10,20,30,40,50"], r"row 2: '2/1/2023' is no day"),
        (["2023-02-02,2057:AL:SCAN,1,2,3"], r"row 2: 5 fields; 7 are needed"),
        (["", "2023-02-02,2057:AL:SCAN,1,2,3,4,x"], r"row 3: SMS-40.0in is 'x'; a number"),
        (["2023-02-02,2057:AL:SCAN,1,2,3,4,5"] * 2, r"row 3: duplicated day 2023-02-02"),
        (["2023-02-02,2113:AL:SCAN,1,2,3,4,5"], r"no station '2057'; there are: 2113"),
        ([], r"no station '2057'"),
    ],
)
def test_bad_rows(table, rows, message):
    with pytest.raises(DataError, match=message) as caught:
        scan.read(table(*rows), "2057")
    assert "SCAN_AL_SMS_only.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_column(table):
    with pytest.raises(DataError, match=r"no column 'SMS-2\.0in'; needed: Date, station, SMS"):
        scan.read(table("2023-02-01,2057:AL:SCAN", header="Date,station"), 2057)


def test_byte_order_marks_are_no_part_of_the_text(table):
    folder = table("2023-02-01,2057:AL:SCAN,10,20,30,40,50")
    for name in (scan.FILE, scan.INVENTORY):
        path = folder / name
        path.write_bytes(2 * b"\xef\xbb\xbf" + path.read_bytes())
    assert scan.read(folder, 2057)["sm"].values.ravel().tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_soil_is_never_wetter_than_its_pores(table):
    rows = [f"2023-02-{k + 1:02d},2057:AL:SCAN,{60 + k},20,20,20,20" for k in range(3)]
    made = scan.read(table(*rows), 2057)["sm"]
    assert np.isnan(made[0]).values.tolist() == [False, True, True]
    assert made.attrs["n_outside_range"] == 2


def test_other_tables_stop_nothing(tmp_path):
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan/2057.csv").write_text("Date,SMS.I-1:-2\n2023-02-01,10\n")
    assert scan.stations(tmp_path) == []
    with pytest.raises(DataError, match=r"SCAN_AL_SMS_only\.csv: not there"):
        scan.read(tmp_path, 2057)


def test_a_table_that_cannot_be_opened_is_not_taken_for_none(tmp_path):
    path = tmp_path / scan.FILE
    path.parent.mkdir()
    path.symlink_to("/nowhere")
    with pytest.raises(DataError, match=r"SCAN_AL_SMS_only\.csv: not there"):
        scan.stations(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=r"SCAN_AL_SMS_only\.csv: no such file"):
        scan.stations(tmp_path)


def test_a_station_is_a_number(table):
    folder = table("2023-02-01,AL:2057:SCAN,10,20,30,40,50")
    with pytest.raises(DataError, match="row 2: station is 'AL:2057:SCAN'; NUMBER:STATE:SCAN"):
        scan.stations(folder)
