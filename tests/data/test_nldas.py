"""NLDAS-2 forcing, Noah and VIC on small files in their documented layout."""

import h5py
import numpy as np
import pytest
import xarray as xr

from soilbook.data import easegrid, nldas
from soilbook.errors import DataError, ParameterError

ENGINE = "h5netcdf"
FILL = np.float32(-9999)
LATITUDES = 38 + 0.0625 + 0.125 * np.arange(12)
LONGITUDES = -100 + 0.0625 + 0.125 * np.arange(12)
ROW, COLUMN = (int(one) for one in easegrid.row_column(38.75, -99.25))
HOUR = {
    "Rainf": (0.5, "kg m-2"), "Tair": (283.15, "K"), "LWdown": (300, "W m-2"),
    "SWdown": (200, "W m-2"), "Qair": (0.006, "kg kg-1"), "PSurf": (9e4, "Pa"),
    "Wind_E": (3, "m s-1"), "Wind_N": (-4, "m s-1"),
}  # fmt: skip
CONVERTED = ("APCP", "TMP", "DLWRF", "DSWRF", "SPFH", "PRES", "UGRD", "VGRD")


def write(root, name, variables, axes=("lat", "lon"), time=True):
    """One file; a value may be a field (lat, lon)."""
    shape = (LATITUDES.size, LONGITUDES.size)
    dims = (("time",) if time else ()) + axes
    result = xr.Dataset(coords={axes[0]: LATITUDES, axes[1]: LONGITUDES})
    for one, (value, units) in variables.items():
        field = np.broadcast_to(np.asarray(value, np.float32), shape)
        attributes = {"units": units, "_FillValue": FILL, "missing_value": FILL}
        result[one] = dims, field[None] if time else field, attributes
    path = root / "nldas" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    result.to_netcdf(path, engine=ENGINE)
    return path


def write_day(root, day, hours=24, suffix="020.nc", **changes):
    for hour in range(hours):
        write(root, f"NLDAS_FORA0125_H.A{day}.{hour:02d}00.{suffix}", HOUR | changes)


def test_forcing_of_a_day_in_our_units(tmp_path):
    write_day(tmp_path, 20150401)
    data = nldas.read(tmp_path, "forcing", ROW, COLUMN)
    day = {name: data[name].item() for name in data}
    assert day == pytest.approx(
        {
            "precipitation": 12, "air_temperature": 10, "longwave": 300, "shortwave": 200,
            "specific_humidity": 0.006, "pressure": 9e4, "eastward_wind": 3,
            "northward_wind": -4, "wind_speed": 5,
        },
        rel=1e-5,
    )  # fmt: skip
    assert data["time"].values.astype("datetime64[D]").tolist()[0].isoformat() == "2015-04-01"
    assert data["precipitation"].attrs["units"] == "mm d-1"


def test_hours_are_averaged_and_a_short_day_is_missing(tmp_path):
    for hour in range(24):
        write(
            tmp_path, f"NLDAS_FORA0125_H.A20150401.{hour:02d}00.020.nc",
            HOUR | {"Tair": (280 + hour, "K")},
        )  # fmt: skip
    write_day(tmp_path, 20150403, hours=2)
    data = nldas.read(tmp_path, "forcing", ROW, COLUMN)["air_temperature"].values
    assert data == pytest.approx(np.array([[280 + 11.5 - 273.15, np.nan, np.nan]]), nan_ok=True)
    data = nldas.read(tmp_path, "forcing", ROW, COLUMN, start="2015-04-02", at_least=2)
    assert data["air_temperature"].values == pytest.approx(10)


def test_a_pixel_is_the_mean_of_the_cells_in_it(tmp_path):
    latitude, longitude = np.meshgrid(LATITUDES, LONGITUDES, indexing="ij")
    row, column = easegrid.row_column(latitude, longitude)
    mine = (row == ROW) & (column == COLUMN)
    field = np.where(mine, 280 + latitude, 0)
    assert mine.sum() >= 6
    field[tuple(np.argwhere(mine)[0])] = FILL
    rest = mine & (field > 0)
    write_day(tmp_path, 20150401, hours=1, Tair=(field, "K"))
    # The same pixel twice: two stations may share one.
    data = nldas.read(tmp_path, "forcing", [ROW, ROW], [COLUMN, COLUMN], at_least=1)
    expected = (280 + latitude)[rest].mean() - 273.15
    assert data["air_temperature"].values.ravel() == pytest.approx([expected] * 2, abs=1e-4)


@pytest.mark.parametrize(
    ("names", "axes", "suffix"),
    [
        (CONVERTED, ("lat", "lon"), "002.grb.SUB.nc4"),
        (
            [nldas.FORCING[name].names[2] for name in nldas.FORCING],
            ("lat_110", "lon_110"),
            "002.nc",
        ),
    ],
)
def test_converted_grib_files_are_read(tmp_path, names, axes, suffix):
    values = dict(zip(names, HOUR.values(), strict=True))
    write(tmp_path, f"2015/091/NLDAS_FORA0125_H.A20150401.0000.{suffix}", values, axes, time=False)
    data = nldas.read(tmp_path, "forcing", ROW, COLUMN, at_least=1)
    assert data["precipitation"].item() == pytest.approx(12)
    assert data["northward_wind"].item() == pytest.approx(-4)


def test_noah_and_vic_layers_become_fractions(tmp_path):
    noah = {"SoilM_0_10cm": (25, "kg m-2"), "SoilM_0_100cm": (280, "kg m-2")}
    vic = {"SoilM_layer1": (31, "kg m-2"), "SoilM_0_100cm": (300, "kg m-2")}
    for hour in range(24):
        write(tmp_path, f"NLDAS_NOAH0125_H.A20150401.{hour:02d}00.020.nc", noah)
        write(tmp_path, f"NLDAS_VIC0125_H.A20150401.{hour:02d}00.020.nc", vic)
    data = nldas.read(tmp_path, "noah", ROW, COLUMN)
    assert (data["sm_surface"].item(), data["sm_rootzone"].item()) == pytest.approx((0.25, 0.28))
    data = nldas.read(tmp_path, "vic", ROW, COLUMN)
    assert (data["sm_surface"].item(), data["sm_rootzone"].item()) == pytest.approx((0.31, 0.30))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Tair": (10, "degC")}, r"A20150401.0000.020.nc: variable 'Tair' has units 'degC'; .*: K"),
        ({"Qair": (0.5, "kg kg-1")}, "'specific_humidity', pixel 0, 2015-04-01: value 0.5 outside"),
    ],
)
def test_units_and_ranges_are_checked(tmp_path, change, says):
    write_day(tmp_path, 20150401, hours=1, **change)
    with pytest.raises(DataError, match=says):
        nldas.read(tmp_path, "forcing", ROW, COLUMN, at_least=1)


def test_faults_name_file_and_variable(tmp_path):
    with pytest.raises(DataError, match="nldas: not there"):
        nldas.read(tmp_path, "forcing", ROW, COLUMN)
    name = "NLDAS_FORA0125_H.A20150401.0000.020.nc"
    write(tmp_path, name, {k: v for k, v in HOUR.items() if k != "LWdown"})
    with pytest.raises(DataError, match=r"no variable LWdown or DLWRF or DLWRF_110_SFC"):
        nldas.read(tmp_path, "forcing", ROW, COLUMN)
    with pytest.raises(DataError, match=r"no cell in the pixel of row 60, column 300; .* 38.06"):
        nldas.read(tmp_path, "forcing", 60, 300)
    with pytest.raises(DataError, match=r"no files NLDAS_VIC0125_H\.A"):
        nldas.read(tmp_path, "vic", ROW, COLUMN)
    with pytest.raises(ParameterError, match="unknown kind of NLDAS 'mosaic'; allowed: forc"):
        nldas.read(tmp_path, "mosaic", ROW, COLUMN)
    write(tmp_path, name, HOUR, axes=("y", "x"))
    with pytest.raises(DataError, match="no coordinates lat, lon or lat_110, lon_110"):
        nldas.read(tmp_path, "forcing", ROW, COLUMN)
    write(tmp_path, f"again/{name[:-6]}002.grb.SUB.nc4", HOUR)
    with pytest.raises(DataError, match="the same time as"):
        nldas.read(tmp_path, "forcing", ROW, COLUMN)


@pytest.mark.parametrize(
    ("units", "says"),
    [
        (None, "'Tair' has units None; allowed: K"),
        (["K", "K"], r"'Tair' has units .*'K'.*; one text is needed"),
        (273.15, "'Tair' has units '273.15'; one text is needed"),
        (np.bytes_("degC"), "'Tair' has units 'degC'; allowed: K"),
    ],
)
def test_units_are_a_text(tmp_path, units, says):
    path = write(tmp_path, "NLDAS_FORA0125_H.A20150401.0000.020.nc", HOUR)
    with h5py.File(path, "a") as file:
        del file["Tair"].attrs["units"]
        if units is not None:
            file["Tair"].attrs["units"] = units
    with pytest.raises(DataError, match=says) as error:
        nldas.read(tmp_path, "forcing", ROW, COLUMN)
    assert path.name in str(error.value) and "\n" not in str(error.value)
    with h5py.File(path, "a") as file:
        file["Tair"].attrs["units"] = np.bytes_("K")
    assert nldas.read(tmp_path, "forcing", ROW, COLUMN, at_least=1)["air_temperature"].item() < 11


@pytest.mark.parametrize(
    ("axis", "says"),
    [
        (np.zeros((12, 12)), r"'lat' has shape \(12, 12\); one dimension is needed"),
        (np.zeros(0), r"'lat' has shape \(0,\)"),
        (np.float32(38), "'lat' is a single value"),
        (np.arange(12) - 9999.0, r"position -9999, 0 is off the 36km grid"),
        (np.full(12, 38.0), "'lat' has no even steps"),
        (np.r_[LATITUDES[:3], 39.9, LATITUDES[4:]], "'lat' has no even steps"),
        (np.r_[LATITUDES[:11], np.nan], "'lat' has no even steps"),
    ],
)
def test_odd_axes_are_named(tmp_path, axis, says):
    path = write(tmp_path, "NLDAS_FORA0125_H.A20150401.0000.020.nc", HOUR)
    with h5py.File(path, "a") as file:
        del file["lat"]
        file["lat"] = axis
    with pytest.raises(DataError, match=rf"{path.name}: .*{says}"):
        nldas.read(tmp_path, "forcing", ROW, COLUMN)


@pytest.mark.parametrize("stamp", ["20151301.0000", "20150231.0000", "20150401.2500"])
def test_a_name_without_a_date_is_named(tmp_path, stamp):
    write(tmp_path, f"NLDAS_FORA0125_H.A{stamp}.020.nc", HOUR)
    with pytest.raises(DataError, match=rf"A{stamp}.020.nc: {stamp} in the name is no date"):
        nldas.read(tmp_path, "forcing", ROW, COLUMN)


@pytest.mark.parametrize(
    ("units", "value", "good"),
    [
        ("minutes since 2015-04-01 00:00:00", 180, True),
        ("hours since 1979-01-01 00:00:0.0", 317739, True),
        ("days since 2015-04-01", 0.125, True),
        ("seconds since 2015-04-01T00:00:00Z", 3 * 3600, True),
        ("minutes since 2015-04-02 00:00:00", 180, False),
        ("hours since 2015-04-01 00:00:00", 15, False),
    ],
)
def test_a_file_under_the_name_of_another_hour_is_refused(tmp_path, units, value, good):
    path = write(tmp_path, "NLDAS_FORA0125_H.A20150401.0300.020.nc", HOUR, time=False)
    with h5py.File(path, "a") as file:
        file["time"] = np.array([float(value)])
        file["time"].attrs["units"] = units
    if good:
        nldas.check_file(path)
        assert nldas.read(tmp_path, "forcing", ROW, COLUMN, at_least=1).sizes["time"] == 1
        return
    says = r"'time' says .*; its name says 2015-04-01 03:00"
    with pytest.raises(DataError, match=says):
        nldas.check_file(path)
    with pytest.raises(DataError, match=says):
        nldas.read(tmp_path, "forcing", ROW, COLUMN)


@pytest.mark.parametrize("units", ["hours", "fortnights since 2015-04-01", "hours since then"])
def test_a_time_that_counts_from_nowhere_is_refused(tmp_path, units):
    path = write(tmp_path, "NLDAS_FORA0125_H.A20150401.0300.020.nc", HOUR, time=False)
    with h5py.File(path, "a") as file:
        file["time"] = np.array([3.0])
        file["time"].attrs["units"] = units
    with pytest.raises(DataError, match=f"variable 'time' has units '{units}'"):
        nldas.check_file(path)


def test_an_ending_in_capitals_hides_no_hour(tmp_path):
    for hour in range(24):
        write(tmp_path, f"NLDAS_FORA0125_H.A20150401.{hour:02d}00.020.NC", HOUR)
    data = nldas.read(tmp_path, "forcing", ROW, COLUMN)
    assert data["air_temperature"].item() == pytest.approx(10)
