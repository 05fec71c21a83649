"""The contracts of sites and of sets of pixels: what passes, and what each breach says."""

import numpy as np
import pytest
import xarray as xr

from soilbook import schema
from soilbook.errors import DataError


@pytest.fixture
def pixels():
    days = np.arange("2015-04-01", "2015-04-05", dtype="datetime64[D]").astype("datetime64[ns]")
    data = xr.Dataset(
        {
            "sm_smap": (("pixel", "time"), np.full((2, 4), 0.2)),
            "sand": ("pixel", [50.0, np.nan]),
        },
        {
            "pixel": [7, 9],
            "time": days,
            "latitude": ("pixel", [40.0, 41.0]),
            "longitude": ("pixel", [-100.0, -101.0]),
        },
    )
    return schema.describe_grid(data, "made here")


def test_a_good_set_passes_unchanged(pixels):
    assert schema.check_grid(pixels, "made here") is pixels
    assert pixels["sm_smap"].attrs["units"] == "m3 m-3"
    assert pixels.attrs["source"] == "made here"
    stations = pixels.rename(pixel="station")
    assert schema.check_grid(stations, "made here", place="station") is stations
    static = pixels[["sand"]]
    assert schema.check_grid(static, "made here") is static


def test_names_of_attributes_and_inputs_are_variables():
    assert set(schema.ATTRIBUTES) | set(schema.FORCING) <= set(schema.GRID_VARIABLES)
    assert len(schema.ATTRIBUTES) == 12
    assert set(schema.CLASSES) <= set(schema.ATTRIBUTES)


def breach(data, name, value):
    data[name].values[tuple(np.array(data[name].shape) - 1)] = value
    return data


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda d: breach(d, "sm_smap", 1.2),
            "'sm_smap', pixel 9, 2015-04-04: value 1.2 outside 0",
        ),
        (
            lambda d: breach(d, "sand", -9999.0),
            "variable 'sand', pixel 9: value -9999 outside 0 to",
        ),
        (lambda d: d.drop_vars("latitude"), "file.csv: no coordinate 'latitude'"),
        (lambda d: d.drop_vars("pixel"), "no coordinate 'pixel'"),
        (lambda d: d.assign_coords(pixel=[7, 7]), "pixel 7 stands twice"),
        (lambda d: d.isel(time=[0, 1, 3]), "row 2: 2015-04-04 after 2015-04-02; every day once"),
        (lambda d: d.isel(time=[0, 0, 1]), "row 1: 2015-04-01 after 2015-04-01"),
        (lambda d: d.rename(sand="chalk"), "unknown variable 'chalk'; allowed: precipitation, air"),
        (lambda d: d.transpose(), r"'sm_smap' has dimensions \('time', 'pixel'\), needs \('pixel'"),
        (lambda d: d.drop_attrs(), "'sm_smap' has units None, needs 'm3 m-3'"),
    ],
)
def test_a_breach_is_named(pixels, change, says):
    with pytest.raises(DataError, match=says) as error:
        schema.check_grid(change(pixels), "file.csv")
    assert "\n" not in str(error.value)


@pytest.fixture
def site():
    days = np.arange("2015-04-01", "2015-04-05", dtype="datetime64[D]").astype("datetime64[ns]")
    probes = ("depth", "time")
    data = xr.Dataset(
        {
            "precipitation": ("time", np.zeros(4)),
            "sm": (probes, np.full((2, 4), 1.0)),
            "soil_temperature": (probes, np.full((2, 4), np.nan)),
        },
        {"time": days, "depth": [0.05, 0.1]},
    )
    return schema.describe(data, "made here")


def test_a_good_site_passes_unchanged(site):
    assert schema.check(site, "made here") is site
    assert schema.features(site) == ("precipitation", "soil_temperature", "sm")
    assert schema.symbols(["sm"]) == ["SM"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: breach(d, "sm", 1.01), "'sm', row 3: value 1.01 outside 0 to 1 m3 m-3"),
        (lambda d: d.drop_vars("depth"), "no coordinate 'depth'"),
        (lambda d: d.drop_vars("sm"), "no variable 'sm'"),
        (lambda d: d.isel(depth=[0, 0]), r"depths do not rise: \[0.05, 0.05\]"),
        (lambda d: d.isel(time=[0, 0, 1]), "row 1: duplicated day 2015-04-01"),
        (lambda d: d.isel(time=[0, 2]), "row 1: missing day before 2015-04-03"),
        (lambda d: d.isel(time=[1, 0]), "row 1: days out of order 2015-04-01"),
        (lambda d: d.assign(sand=1), "unknown variable 'sand'; allowed: precipitation, air"),
    ],
)
def test_a_breach_of_a_site_is_named(site, change, says):
    with pytest.raises(DataError, match=f"file.csv: .*{says}"):
        schema.check(change(site), "file.csv")
