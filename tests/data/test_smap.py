"""SPL3SMP and SPL4SMGP on small files in their documented layout."""

from functools import partial

import h5py
import numpy as np
import pytest
import xarray as xr

from soilbook.data import easegrid, smap
from soilbook.errors import DataError, ParameterError

ENGINE = "h5netcdf"
FILL, NO_INDEX = -9999.0, 65534
# Two rows and three columns of the 36 km grid, as NSIDC cuts them out.
ROWS, COLUMNS = np.meshgrid([60, 61], [200, 201, 202], indexing="ij")


def save(path, variables, group="/", mode="w"):
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = xr.Dataset({name: (("y", "x"), *rest) for name, rest in variables.items()})
    dataset.to_netcdf(path, mode=mode, group=None if group == "/" else group, engine=ENGINE)


def write_l3(root, day, moisture, flag=0, release="R18290_001", overpass="AM", rows=ROWS):
    group, ending = smap.GROUPS[overpass]
    moisture = np.broadcast_to(np.asarray(moisture, np.float32), ROWS.shape)
    index = {"_FillValue": np.uint16(NO_INDEX)}
    path = root / f"smap_l3/SMAP_L3_SM_P_{day}_{release}.h5"
    variables = {
        "soil_moisture": (moisture, {"_FillValue": np.float32(FILL), "units": "cm**3/cm**3"}),
        "retrieval_qual_flag": (np.broadcast_to(flag, ROWS.shape).astype(np.uint16), index),
        "EASE_row_index": (rows.astype(np.uint16), index),
        "EASE_column_index": (COLUMNS.astype(np.uint16), index),
    }
    save(path, {f"{name}{ending}": v for name, v in variables.items()}, group)
    return path


def test_values_come_to_their_cells_and_days(tmp_path):
    write_l3(tmp_path, 20150401, [[0.1, 0.2, 0.3], [0.4, FILL, 0.6]])
    write_l3(tmp_path, 20150403, 0.25)
    data = smap.read_l3(tmp_path, [61, 60, 61], [200, 202, 201])
    assert data["sm_smap"].dtype == np.float32 and data["sm_smap"].attrs["units"] == "m3 m-3"
    assert [str(day)[:10] for day in data["time"].values] == [
        "2015-04-01", "2015-04-02", "2015-04-03",
    ]  # fmt: skip
    assert data["sm_smap"].values == pytest.approx(
        np.array([[0.4, np.nan, 0.25], [0.3, np.nan, 0.25], [np.nan, np.nan, 0.25]]), nan_ok=True
    )
    assert data["latitude"].values == pytest.approx(easegrid.position([61, 60, 61], 200)[0])


def test_a_whole_global_file_is_read_like_a_cut_one(tmp_path):
    shape = easegrid.GRIDS["36km"]
    row, column = np.indices((shape.rows, shape.columns))
    moisture = np.full(row.shape, FILL, np.float32)
    moisture[60, 200] = 0.3
    # Outside the swath the product has no index either.
    row, column = (
        np.where(moisture == FILL, NO_INDEX, one).astype(np.uint16) for one in (row, column)
    )
    path = tmp_path / "smap_l3/2015/SMAP_L3_SM_P_20150401_R18290_001.h5"
    fill = {"_FillValue": np.float32(FILL)}
    save(
        path,
        {
            "soil_moisture": (moisture, fill),
            "retrieval_qual_flag": (np.zeros(row.shape, np.uint16),),
            "EASE_row_index": (row,),
            "EASE_column_index": (column,),
        },
        "Soil_Moisture_Retrieval_Data_AM",
    )
    data = smap.read_l3(tmp_path, [60, 60], [200, 201])
    assert data["sm_smap"].values.ravel() == pytest.approx([0.3, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("quality", "kept"),
    [("any", [1, 1, 1, 1]), ("retrieved", [1, 1, 0, 0]), ("recommended", [1, 0, 0, 0])],
)
def test_quality_bits(tmp_path, quality, kept):
    # Recommended; retrieved but not recommended; retrieval failed; retrieval skipped.
    write_l3(tmp_path, 20150401, 0.2, flag=[[0b0000, 0b0001, 0b0101], [0b0011, 0b0111, 0b1000]])
    data = smap.read_l3(tmp_path, [60, 60, 60, 61], [200, 201, 202, 200], quality=quality)
    assert data["sm_smap"].notnull().values.ravel().tolist() == list(map(bool, kept))


def test_the_evening_group_and_its_names(tmp_path):
    write_l3(tmp_path, 20150401, 0.2, overpass="PM")
    assert smap.read_l3(tmp_path, 60, 200, overpass="PM")["sm_smap"].item() == pytest.approx(0.2)
    with pytest.raises(DataError, match=r"SMAP_L3_SM_P_20150401.*no group 'Soil_Moist.*_AM'"):
        smap.read_l3(tmp_path, 60, 200)


def test_the_later_release_of_a_day_stands(tmp_path):
    write_l3(tmp_path, 20150401, 0.4, release="R19240_001")
    write_l3(tmp_path, 20150401, 0.2, release="R18290_002")
    assert smap.read_l3(tmp_path, 60, 200)["sm_smap"].item() == pytest.approx(0.4)


def test_days_are_chosen(tmp_path):
    for day in (20150401, 20150402, 20150403):
        write_l3(tmp_path, day, 0.2)
    data = smap.read_l3(tmp_path, 60, 200, start="2015-04-02", end="2015-04-02")
    assert data.sizes["time"] == 1
    with pytest.raises(DataError, match=r"no files like SMAP_L3_SM_P_.* in the days asked for"):
        smap.read_l3(tmp_path, 60, 200, start="2016-01-01")


def test_files_of_the_sister_products_are_named(tmp_path):
    path = tmp_path / "smap_l3/SMAP_L3_SM_P_E_20150401_R18290_001.h5"
    save(path, {"x": (np.zeros((2, 3), np.float32),)})
    with pytest.raises(DataError, match=r"no files like SMAP_L3_SM_P_YYYYMMDD.*; .*_P_E_20150401"):
        smap.read_l3(tmp_path, 60, 200)
    with pytest.raises(DataError, match=r"SPL3SMP_E \(9 km\), another product"):
        smap.read_l3(tmp_path, 60, 200)
    write_l3(tmp_path, 20150401, 0.2)
    assert smap.read_l3(tmp_path, 60, 200)["sm_smap"].item() == pytest.approx(0.2)
    save(tmp_path / "smap_l4/SMAP_L4_SM_aup_20150401T030000_Vv7032_001.h5", {})
    with pytest.raises(DataError, match=r"SMAP_L4_SM_aup_.* is SPL4SMAU, another product"):
        smap.read_l4(tmp_path, 240, 800)


def test_faults_name_the_file(tmp_path):
    with pytest.raises(DataError, match="smap_l3: not there"):
        smap.read_l3(tmp_path, 60, 200)
    path = write_l3(tmp_path, 20150401, 0.2)
    with pytest.raises(ParameterError, match="unknown quality 'best'; allowed: any, retrieved"):
        smap.read_l3(tmp_path, 60, 200, quality="best")
    with pytest.raises(ParameterError, match="unknown overpass 'noon'; allowed: AM, PM"):
        smap.read_l3(tmp_path, 60, 200, overpass="noon")
    with pytest.raises(ParameterError, match="row 500 is off"):
        smap.read_l3(tmp_path, 500, 200)
    save(path, {"soil_moisture": (np.zeros((2, 3), np.float32),)}, smap.GROUPS["AM"][0])
    with pytest.raises(DataError, match=r"20150401.*no variable 'EASE_row_index' in group 'Soil_"):
        smap.read_l3(tmp_path, 60, 200)
    write_l3(tmp_path, 20150401, 1.5)
    with pytest.raises(DataError, match=r"'sm_smap', pixel 0, 2015-04-01: value 1\.5 outside"):
        smap.read_l3(tmp_path, 60, 200)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"20150401_R18290_001\.h5: no HDF5 or netCDF-4 file, or"):
        smap.read_l3(tmp_path, 60, 200)


ODD = {
    "a single value": {"data": np.float32(0.2)},
    "empty": {"data": h5py.Empty("f")},
    "of the type text or references": {"data": np.array(["wet"] * 6, dtype=object)},
    "of the type [('x', '<f4')]": {"data": np.zeros((2, 3), [("x", "f4")])},
    "of the type |V4": {"data": np.zeros((2, 3), "V4")},
    "of the type complex": {"data": np.zeros((2, 3), "c8")},
    "no dataset": None,
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_dataset_is_named(tmp_path, kind):
    path = write_l3(tmp_path, 20150401, 0.2)
    with h5py.File(path, "a") as file:
        group = file[smap.GROUPS["AM"][0]]
        del group["soil_moisture"]
        if ODD[kind] is None:
            group.create_group("soil_moisture")
        else:
            group.create_dataset("soil_moisture", **ODD[kind])
    with pytest.raises(DataError) as error:
        smap.read_l3(tmp_path, 60, 200)
    assert f"{path.name}: variable 'soil_moisture' is {kind}" in str(error.value)
    assert "\n" not in str(error.value)


def test_references_broken_links_and_other_shapes_are_named(tmp_path):
    path = write_l3(tmp_path, 20150401, 0.2)
    group, name = smap.GROUPS["AM"][0], "retrieval_qual_flag"
    with h5py.File(path, "a") as file:
        del file[group][name]
        file[group][name] = np.zeros((3, 3), np.uint16)
    with pytest.raises(DataError, match=r"_flag' is uint16 of shape \(3, 3\); whole"):
        smap.read_l3(tmp_path, 60, 200)
    with h5py.File(path, "a") as file:
        del file[group][name]
        file[group].create_dataset(name, (2, 3), h5py.ref_dtype)
    with pytest.raises(DataError, match=f"'{name}' is of the type text or references"):
        smap.read_l3(tmp_path, 60, 200)
    with h5py.File(path, "a") as file:
        del file[group][name]
        file[group][name] = h5py.SoftLink("/nowhere")
    with pytest.raises(DataError, match=f"variable '{name}'"):
        smap.read_l3(tmp_path, 60, 200)


@pytest.mark.parametrize("fill", ["none", [1.0, 2.0]])
def test_a_fill_value_is_one_number(tmp_path, fill):
    path = write_l3(tmp_path, 20150401, 0.2)
    with h5py.File(path, "a") as file:
        file[smap.GROUPS["AM"][0]]["soil_moisture"].attrs["_FillValue"] = fill
    with pytest.raises(DataError, match=r"'soil_moisture' has the fill value .*; one number is"):
        smap.read_l3(tmp_path, 60, 200)


def test_values_without_a_place_on_the_grid_are_left_out(tmp_path):
    shape = easegrid.GRIDS["36km"]
    write_l3(tmp_path, 20150401, 0.2, rows=np.where(ROWS == 60, shape.rows, ROWS))
    data = smap.read_l3(tmp_path, [60, 61], [200, 200])["sm_smap"].values.ravel()
    assert data == pytest.approx([np.nan, 0.2], nan_ok=True)


def test_a_month_13_in_a_name_is_named(tmp_path):
    write_l3(tmp_path, 20150401, 0.2)
    write_l3(tmp_path, 20151301, 0.2)
    with pytest.raises(DataError, match=r"_20151301_R18290_001.h5: 20151301 in the name is no dat"):
        smap.read_l3(tmp_path, 60, 200)


def write_l4(root, stamp, moisture):
    path = root / f"smap_l4/SMAP_L4_SM_gph_{stamp}_Vv7032_001.h5"
    rows, columns = np.meshgrid([240, 241], [800, 801, 802], indexing="ij")
    save(path, {"cell_row": (rows.astype(np.uint32),), "cell_column": (columns.astype(np.uint32),)})
    fill = {"_FillValue": np.float32(FILL)}
    values = np.broadcast_to(np.asarray(moisture, np.float32), rows.shape)
    save(path, {"sm_rootzone": (values, fill)}, smap.L4_GROUP, mode="a")
    return path


def test_l4_days_are_means_of_eight_files(tmp_path):
    for hour in range(8):
        write_l4(tmp_path, f"20150401T{3 * hour + 1:02d}3000", 0.1 + 0.02 * hour)
    write_l4(tmp_path, "20150402T013000", [[0.5, FILL, 0.5], [0.5, 0.5, 0.5]])
    data = smap.read_l4(tmp_path, [240, 241], [801, 800])
    moisture = data["sm_smap_rootzone"]
    assert moisture.values == pytest.approx(np.array([[0.17, np.nan]] * 2), nan_ok=True, abs=1e-6)
    lenient = smap.read_l4(tmp_path, [240, 241], [801, 800], at_least=1)
    assert lenient["sm_smap_rootzone"].values[:, 1] == pytest.approx([np.nan, 0.5], nan_ok=True)
    assert data["latitude"].values == pytest.approx(easegrid.position([240, 241], 0, "9km")[0])


def test_l4_faults_name_group_and_file(tmp_path):
    path = tmp_path / "smap_l4/SMAP_L4_SM_gph_20150401T013000_Vv7032_001.h5"
    save(path, {name: (np.zeros((2, 3), np.uint32),) for name in ("cell_row", "cell_column")})
    with pytest.raises(DataError, match=r"gph_20150401T013000.*no group 'Geophysical_Data'"):
        smap.read_l4(tmp_path, 240, 800)
    save(path, {"sm_rootzone": (np.zeros((2, 4), np.float32),)}, "Geophysical_Data", mode="a")
    with pytest.raises(
        DataError, match=r"'cell_row' is .* \(2, 3\); whole numbers of shape \(2, 4\)"
    ):
        smap.read_l4(tmp_path, 240, 800)


def change(path, name, values, **options):
    with h5py.File(path, "a") as file:
        group = file[smap.GROUPS["AM"][0]]
        attributes = dict(group[name].attrs)
        del group[name]
        group.create_dataset(name, data=values, **options).attrs.update(attributes)


def test_a_cell_stands_once_in_the_index(tmp_path):
    path = write_l3(tmp_path, 20150401, 0.2)
    change(path, "EASE_row_index", np.uint16([[60, 60, 60], [60, 61, 61]]))
    with pytest.raises(DataError, match=r"20150401.*a cell stands twice in its index"):
        smap.read_l3(tmp_path, 60, 200)


def test_index_and_flag_are_whole_numbers(tmp_path):
    path = write_l3(tmp_path, 20150401, 0.2)
    change(path, "EASE_row_index", ROWS + 0.5)
    with pytest.raises(DataError, match=r"'EASE_row_index' is float64 of .*; whole numbers of"):
        smap.read_l3(tmp_path, 60, 200)


def test_a_field_that_no_memory_holds_is_named(tmp_path):
    path = write_l3(tmp_path, 20150401, 0.2)
    change(path, "soil_moisture", None, shape=(10**6, 10**6), dtype="f4", chunks=(64, 64))
    with pytest.raises(DataError, match=r"is of shape \(1000000, 1000000\), too large"):
        smap.read_l3(tmp_path, 60, 200)


@pytest.mark.parametrize(("name", "plain"), [("scale_factor", 1), ("add_offset", 0)])
def test_packed_numbers_are_named(tmp_path, name, plain):
    path = write_l3(tmp_path, 20150401, 0.2)
    for value in (plain, 0.5):
        with h5py.File(path, "a") as file:
            file[smap.GROUPS["AM"][0]]["soil_moisture"].attrs[name] = np.float32(value)
        if value == plain:
            assert smap.read_l3(tmp_path, 60, 200)["sm_smap"].item() == pytest.approx(0.2)
    with pytest.raises(DataError, match=f"'soil_moisture' is packed; {name} of {plain} is needed"):
        smap.read_l3(tmp_path, 60, 200)


def put(path, group, name, values=None, **attributes):
    """Give a dataset of a file other values (None: its own) and attributes."""
    with h5py.File(path, "a") as file:
        inner = file[group]
        if values is not None:
            if name in inner:
                del inner[name]
            inner[name] = values
        inner[name].attrs.update(attributes)


def test_the_retrieval_of_the_paper_is_taken_where_the_file_has_it(tmp_path):
    """From version 8 the product's own is the dual-channel one."""
    path = write_l3(tmp_path, 20150401, 0.2, flag=0b0111)
    group = smap.GROUPS["AM"][0]
    mine = np.array([[0.3, 0.31, 0.32], [0.33, FILL, 0.35]], np.float32)
    put(path, group, "soil_moisture_scav", mine, _FillValue=np.float32(FILL))
    cells = [60, 60, 61, 61], [200, 201, 200, 201]
    assert smap.read_l3(tmp_path, *cells)["sm_smap"].isnull().all()  # its flag is the common one
    flags = np.array([[0, 0b0111, 0], [0, 0, 0]], np.uint16)
    put(path, group, "retrieval_qual_flag_scav", flags)
    found = smap.read_l3(tmp_path, *cells)["sm_smap"].values.ravel()
    assert found == pytest.approx([0.3, np.nan, 0.33, np.nan], nan_ok=True)


@pytest.mark.parametrize("units", ["percent", "m3", "kg m-2", ""])
def test_another_unit_is_refused_in_one_line(tmp_path, units):
    path = write_l3(tmp_path, 20150401, 0.2)
    put(path, smap.GROUPS["AM"][0], "soil_moisture", units=units)
    with pytest.raises(DataError, match=r"20150401.*'soil_moisture' has units") as refusal:
        smap.read_l3(tmp_path, 60, 200)
    assert f"{units!r}; allowed: cm**3/cm**3, m3 m-3" in str(refusal.value)
    assert "\n" not in str(refusal.value)


# Seconds since 2000-01-01 11:58:55.816 UTC at noon of 1 April 2015.
NOON = (np.datetime64("2015-04-01T12:00") - np.datetime64("2000-01-01T11:58:55.816")) / (
    np.timedelta64(1, "s")
)


@pytest.mark.parametrize(("days", "good"), [(0, True), (-1, False), (1, False), (31, False)])
def test_a_day_under_the_name_of_another_is_refused(tmp_path, days, good):
    path = write_l3(tmp_path, 20150401, 0.2)
    seconds = np.full(ROWS.shape, NOON + 86400 * days + 3600)
    seconds[0, 0] = FILL
    put(path, smap.GROUPS["AM"][0], "tb_time_seconds", seconds, _FillValue=FILL)
    if good:
        assert smap.read_l3(tmp_path, 60, 200)["sm_smap"].item() == pytest.approx(0.2)
        return
    with pytest.raises(
        DataError, match=r"'tb_time_seconds' says 2015-\d\d-\d\d 13:00; "
    ) as refusal:
        smap.read_l3(tmp_path, 60, 200)
    assert str(refusal.value).endswith("its name says 2015-04-01 00:00")


def test_a_mean_of_three_hours_under_another_time_is_refused(tmp_path):
    path = write_l4(tmp_path, "20150401T133000", 0.2)
    read = partial(smap.read_l4, tmp_path, 240, 800, at_least=1)
    put(path, "/", "time", np.array([NOON + 90 * 60]))
    assert read()["sm_smap_rootzone"].item() == pytest.approx(0.2)
    put(path, "/", "time", np.array([NOON + 90 * 60 + 86400]))
    with pytest.raises(DataError, match=r"'time' says 2015-04-02 13:30; its name says 2015-04-01"):
        read()
    put(path, smap.L4_GROUP, "sm_rootzone", units="percent")
    put(path, "/", "time", np.array([NOON + 90 * 60]))
    with pytest.raises(DataError, match="'sm_rootzone' has units 'percent'; allowed"):
        read()


def test_an_ending_in_capitals_hides_no_granule(tmp_path):
    path = write_l3(tmp_path, 20150401, 0.2)
    path.rename(path.with_suffix(".H5"))
    assert smap.read_l3(tmp_path, 60, 200)["sm_smap"].item() == pytest.approx(0.2)
