"""The 412 pixels: every trap of the layout on a small copy of it, and the real files."""

import numpy as np
import pandas as pd
import pytest

from soilbook.data import conus412, easegrid
from soilbook.errors import DataError, ParameterError

ROWS, COLUMNS = np.array([60, 60, 64]), np.array([200, 204, 204])
# What a file holds everywhere unless a test says otherwise.
VALUES = {
    "APCP_FORA": 0.5, "TMP_2_FORA": 283.15, "DLWRF_FORA": 300, "DSWRF_FORA": 200,
    "SPFH_2_FORA": 0.006, "UGRD_10_FORA": 3, "VGRD_10_FORA": -4, "SMAP_AM": 0.25,
}  # fmt: skip
CONSTANTS = {column.file: 1.0 for column in conus412.CONSTANTS.values()}


def write(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(f"{cell:.8g}" for cell in row) + "\n" for row in table))


@pytest.fixture
def base(tmp_path):
    """Folder CONUSv4f1 of three pixels and three years; SMAP ends before the third."""
    root = tmp_path / "smap_conus412/CONUSv4f1"
    write(root / "crd.csv", np.column_stack(easegrid.position(ROWS, COLUMNS)))
    for file, value in CONSTANTS.items():
        write(root / f"const/{file}.csv", [[value]] * 3)
    for year in (2015, 2016, 2017):
        days = pd.date_range(f"{year}-04-01", f"{year + 1}-03-31")
        (root / str(year)).mkdir()
        (root / f"{year}/timeStr.csv").write_text("".join(f"{day:%Y-%m-%d}\n" for day in days))
        for file, value in VALUES.items():
            if file != "SMAP_AM" or year < 2017:
                write(root / f"{year}/{file}.csv", np.full((3, len(days)), value))
    return root


@pytest.fixture
def change(base):
    """Function that changes one line (from 1) of a file below the base."""

    def edit(name, number, how):
        lines = (base / name).read_text().splitlines()
        lines[number - 1] = how(lines[number - 1])
        (base / name).write_text("\n".join(line for line in lines if line is not None) + "\n")

    return edit


def test_years_run_from_april_to_march_and_join(base, tmp_path):
    data = conus412.read(tmp_path)
    days = data["time"].values
    assert (str(days[0])[:10], str(days[-1])[:10], days.size) == ("2015-04-01", "2018-03-31", 1096)
    assert data.sizes == {"pixel": 3, "time": 1096}
    assert np.array_equal(data["row"], ROWS) and np.array_equal(data["column"], COLUMNS)
    assert all(data[name].dtype == np.float32 for name in data)
    # 8 files and the days in each of three years but one SMAP, 12 constants, positions.
    assert len(conus412.files_of(tmp_path)) == 3 * 9 - 1 + 12 + 1


def test_units_are_ours(base, tmp_path):
    data = conus412.read(tmp_path, years=[2016]).isel(pixel=0, time=0)
    assert data["precipitation"] == pytest.approx(12)  # 0.5 mm h-1 over 24 hours
    assert data["precipitation"].attrs["units"] == "mm d-1"
    assert data["air_temperature"] == pytest.approx(10, abs=1e-4)
    assert data["wind_speed"] == pytest.approx(5)
    assert (data["eastward_wind"], data["northward_wind"]) == (3, -4)


def test_missing_is_nan_in_series_and_attributes(base, tmp_path, change):
    change("2015/SMAP_AM.csv", 2, lambda line: line.replace("0.25", "-9999", 3))
    for name in ("Sand", "Silt", "Clay"):
        change(f"const/{name}.csv", 3, lambda line: "-9999")
    data = conus412.read(tmp_path, ["sm_smap", "sand"], [2015])
    assert data["sm_smap"].isnull().sum("time").values.tolist() == [0, 3, 0]
    assert data["sand"].isnull().values.tolist() == [False, False, True]


def test_the_last_year_has_no_smap(base, tmp_path):
    data = conus412.read(tmp_path)
    assert data["sm_smap"].sel(time=slice("2017-04-01", None)).isnull().all()
    assert not data["sm_smap"].sel(time=slice(None, "2017-03-31")).isnull().any()
    with pytest.raises(DataError, match=r"2017/SMAP_AM\.csv: no such file"):
        conus412.read(tmp_path, ["sm_smap"], [2017])


def test_a_chosen_variable_alone_is_read(base, tmp_path):
    (base / "2015/APCP_FORA.csv").unlink()
    data = conus412.read(tmp_path, ["shortwave", "flag_land_cover"], [2015])
    assert list(data) == ["shortwave", "flag_land_cover"]
    assert "time" not in conus412.read(tmp_path, ["clay"]).dims
    with pytest.raises(ParameterError, match="unknown variable of conus412 'rain'; allowed: prec"):
        conus412.read(tmp_path, ["rain"])


@pytest.mark.parametrize(
    ("name", "row", "how", "says"),
    [
        ("2015/DSWRF_FORA.csv", 2, lambda x: x[:-4], r"DSWRF_FORA.csv, row 2: 365 columns; 366"),
        ("2016/DSWRF_FORA.csv", 3, lambda x: x + ",1", r"row 3: 366 columns; 365 are needed"),
        ("2016/TMP_2_FORA.csv", 1, lambda x: "2o" + x[2:], r"row 1, column 1: '2o3.15'; a number"),
        ("2016/TMP_2_FORA.csv", 2, lambda x: "nan" + x[6:], "row 2, column 1: 'nan'"),
        ("2016/TMP_2_FORA.csv", 3, lambda x: None, r"TMP_2_FORA.csv: 2 rows; 3 are needed"),
        ("2016/TMP_2_FORA.csv", 1, lambda x: "999" + x[6:], "air_temperature.*pixel 0, 2016-04-01"),
        ("const/Clay.csv", 2, lambda x: "1,2", r"Clay.csv, row 2: 2 columns; 1 are needed"),
        ("crd.csv", 2, lambda x: "40.1,-100.2", r"crd.csv, row 2: 40.1, -100.2 is no pixel centre"),
        ("2016/timeStr.csv", 1, lambda x: None, "timeStr.csv, row 1: 2016-04-02; 2016-04-01 is"),
        ("2016/timeStr.csv", 365, lambda x: None, "row 365: nothing; 2017-03-31 is needed"),
        ("2016/timeStr.csv", 9, lambda x: "2016-04-08", "row 9: 2016-04-08; 2016-04-09 is needed"),
        ("2016/timeStr.csv", 9, lambda x: "9 April", "row 9: 9 April; 2016-04-09 is needed"),
    ],
)
def test_a_damaged_file_is_named_with_its_row(tmp_path, change, name, row, how, says):
    change(name, row, how)
    with pytest.raises(DataError, match=says) as error:
        conus412.read(tmp_path)
    assert "\n" not in str(error.value)


def test_absent_folders_and_years_are_named(base, tmp_path):
    with pytest.raises(DataError, match="no folder of year 2018; there are 2015, 2016, 2017"):
        conus412.read(tmp_path, years=[2017, 2018])
    with pytest.raises(DataError, match="year 2016 is left out between 2015 and 2017"):
        conus412.read(tmp_path, years=[2015, 2017])
    with pytest.raises(DataError, match="no folder of year asked for"):
        conus412.read(tmp_path, years=[])
    with pytest.raises(DataError, match=r"smap_conus412/CONUSv4f1: not there"):
        conus412.read(base)
    (base / "2016/APCP_FORA.csv").unlink()
    with pytest.raises(DataError, match=r"2016/APCP_FORA\.csv: no such file"):
        conus412.read(tmp_path)


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ([2, 1, 0], "crd.csv, row 2: out of order; columns from west to east"),
        ([1, 0, 2], "crd.csv, row 2: out of order"),
        ([0, 2, 1], "crd.csv, row 3: out of order"),
        ([0, 1, 1], "crd.csv, row 3: out of order"),
        ([0, 1], r"crd.csv: 2 rows; const/Bulk.csv has 3"),
    ],
)
def test_rows_of_the_pixels_stand_in_order(base, tmp_path, order, says):
    lines = (base / "crd.csv").read_text().splitlines(keepends=True)
    (base / "crd.csv").write_text("".join(lines[k] for k in order))
    with pytest.raises(DataError, match=says):
        conus412.read(tmp_path, [])


def test_pixels_are_every_fourth_of_the_grid(base, tmp_path):
    write(base / "crd.csv", np.column_stack(easegrid.position(ROWS, [200, 204, 205])))
    with pytest.raises(DataError, match="row 3: row 64, column 205 of the grid; every 4th from"):
        conus412.read(tmp_path, [])


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("Sand", "-9999", "const, row 2: sand, silt and clay are not missing together"),
        ("Clay", "99", "const, row 2: sand, silt and clay add up to 107 %"),
        ("flag_landcover", "7.5", "flag_landcover.csv, row 2: 7.5; a class is a whole number"),
        ("Bulk", "9", "'bulk_density', pixel 1: value 9 outside 0.2 to 2.2"),
    ],
)
def test_attributes_belong_together(base, tmp_path, change, name, line, says):
    for other in ("Sand", "Silt"):
        write(base / f"const/{other}.csv", [[4]] * 3)
    change(f"const/{name}.csv", 2, lambda _: line)
    with pytest.raises(DataError, match=says):
        conus412.read(tmp_path, [*conus412.CONSTANTS])


@pytest.mark.observed
@pytest.mark.parametrize(
    ("file", "name"),
    [
        *[(f"2016/{column.file}.csv", n) for n, column in conus412.FORCING.items()],
        ("2016/SMAP_AM.csv", "sm_smap"),
        *[(f"const/{column.file}.csv", n) for n, column in conus412.CONSTANTS.items()],
    ],
)
def test_reversed_rows_of_the_real_files_show(observed_folder, tmp_path, file, name):
    real, root = observed_folder / "smap_conus412/CONUSv4f1", tmp_path / "smap_conus412/CONUSv4f1"
    for path in {real / "crd.csv", real / file, *real.glob("const/*"), real / "2016/timeStr.csv"}:
        target = root / path.relative_to(real)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    lines = (real / file).read_text().splitlines(keepends=True)
    (root / file).unlink()
    (root / file).write_text("".join(reversed(lines)))
    if name in (*conus412.GRADIENTS, *conus412.TEXTURE):
        with pytest.raises(DataError, match=r"crd\.csv"):
            conus412.read(tmp_path, [name])
    else:
        conus412.read(tmp_path, [name])  # no pattern over the country tells


@pytest.mark.observed
def test_real_files(observed_folder):
    data = conus412.read(observed_folder)
    assert data.sizes == {"pixel": 412, "time": 1096}
    # 58 % of SMAP's days are missing, most in winter.
    smap = data["sm_smap"].sel(time=slice(None, "2017-03-31"))
    missing = smap.isnull().groupby("time.month").mean(...)
    assert float(smap.isnull().mean()) == pytest.approx(0.58, abs=0.01)
    assert set(missing["month"].values[np.argsort(missing.values)[-3:]]) <= {12, 1, 2}
    # Row 57 lacks the five soil attributes; nothing else is missing.
    soil = ["sand", "silt", "clay", "bulk_density", "water_capacity"]
    for name in (*conus412.FORCING, *conus412.CONSTANTS):
        empty = np.unique(np.argwhere(data[name].isnull().values)[:, 0]).tolist()
        assert empty == ([57] if name in soil else []), name
    # A year of rain: mm per day, not per hour.
    rain = data["precipitation"].mean("time") * 365
    assert 700 < float(rain.mean()) < 800
    # Texture adds up, but for pixels partly without soil: the authors averaged zeros in.
    texture = (data["sand"] + data["silt"] + data["clay"]).values
    assert np.nanmax(texture) < 103 and np.nanmedian(texture) == pytest.approx(100, abs=0.01)
    assert 20 < np.sum(texture < 99) < 40
    cover = data["flag_land_cover"].values
    assert np.array_equal(cover, np.round(cover)) and np.unique(cover).size == 12


@pytest.mark.parametrize("name", ["crd.csv", "const/Sand.csv", "2015/timeStr.csv"])
def test_a_byte_order_mark_is_no_part_of_the_text(base, tmp_path, name):
    plain = conus412.read(tmp_path, years=[2015])
    (base / name).write_bytes(b"\xef\xbb\xbf" + (base / name).read_bytes())
    assert conus412.read(tmp_path, years=[2015]).identical(plain)
