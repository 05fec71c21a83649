"""Names and units of study 2's variables, and the check of sets of pixels or stations.

A set has the dimension ``pixel`` (or ``station``) and, where anything varies, ``time`` (every
calendar day once, rising). Coordinates of each place: latitude and longitude. Missing is NaN.
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from soilbook import schema
from soilbook.errors import DataError
from soilbook.schema import Variable

DAILY, STATIC = ("time",), ()

_WEATHER = tuple(v for v in schema.VARIABLES.values() if v.dims == DAILY)
_MORE_WEATHER = (
    Variable("specific_humidity", "q", "kg kg-1", "specific humidity at 2 m", DAILY, 0, 0.04),
    Variable("pressure", "p", "Pa", "surface pressure", DAILY, 45_000, 110_000),
    Variable("eastward_wind", "U", "m s-1", "eastward wind at 10 m", DAILY, -60, 60),
    Variable("northward_wind", "V", "m s-1", "northward wind at 10 m", DAILY, -60, 60),
)
_SOIL = (
    Variable("sm_smap", "SMAP", "m3 m-3", "SMAP L3 soil moisture, surface", DAILY, 0, 1),
    Variable("sm_smap_rootzone", "SMAP L4", "m3 m-3", "SMAP L4, 0-100 cm", DAILY, 0, 1),
    Variable("sm_surface", "SM", "m3 m-3", "soil moisture, surface", DAILY, 0, 1),
    Variable("sm_rootzone", "RZSM", "m3 m-3", "soil moisture, 0-100 cm", DAILY, 0, 1),
    Variable("soil_temperature", "ST", "degC", "soil temperature at 5 cm", DAILY, -60, 80),
)
_ATTRIBUTES = (
    Variable("sand", "Sand", "%", "sand", STATIC, 0, 100),
    Variable("silt", "Silt", "%", "silt", STATIC, 0, 100),
    Variable("clay", "Clay", "%", "clay", STATIC, 0, 100),
    Variable("bulk_density", "Bulk", "g cm-3", "soil bulk density", STATIC, 0.2, 2.2),
    Variable("water_capacity", "Capa", "%", "available water capacity", STATIC, 0, 60),
    Variable("ndvi", "NDVI", "1", "normalised difference vegetation index", STATIC, -0.2, 1),
    Variable("flag_albedo", "albedo", "1", "single-scattering albedo", STATIC, 0, 1),
    Variable("flag_terrain", "extraOrd", "1", "flag: mountains, ice, towns", STATIC, 0, 255),
    Variable("flag_land_cover", "cover", "1", "land cover class (IGBP)", STATIC, 0, 17),
    Variable("flag_roughness", "roughness", "1", "surface roughness", STATIC, 0, 5),
    Variable("flag_vegetation", "vegDense", "1", "flag: dense vegetation", STATIC, 0, 1),
    Variable("flag_water", "water", "1", "water body fraction", STATIC, 0, 1),
)

VARIABLES = {v.name: v for v in (*_WEATHER, *_MORE_WEATHER, *_SOIL, *_ATTRIBUTES)}
ATTRIBUTES = tuple(v.name for v in _ATTRIBUTES)
# A class is a name, not a quantity: encode it one column per class, never scale it.
CLASSES = ("flag_land_cover",)
# Inputs of the network in section II-A of Fang et al. (2019); wind as its two components.
FORCING = (
    "precipitation",
    "air_temperature",
    "longwave",
    "shortwave",
    "specific_humidity",
    "eastward_wind",
    "northward_wind",
)


def describe(places: xr.Dataset, source: str) -> xr.Dataset:
    """Set ``units``, ``long_name`` and ``symbol`` of known variables, and ``source`` of the set."""
    for name, variable in VARIABLES.items():
        if name in places:
            places[name].attrs.update(
                units=variable.units, long_name=variable.long_name, symbol=variable.symbol
            )
    places["latitude"].attrs["units"] = "degrees_north"
    places["longitude"].attrs["units"] = "degrees_east"
    places.attrs["source"] = source
    return places


def check(places: xr.Dataset, source: str, place: str = "pixel") -> xr.Dataset:
    """Return the Dataset (``place``, time) unchanged if it keeps the contract.

    Raises DataError naming the source (file), the variable and the first bad place and day.
    """
    for name in (place, "latitude", "longitude"):
        if name not in places.coords:
            raise DataError(f"{source}: no coordinate {name!r}")
    _check_once(places[place].values, place, source)
    if "time" in places.dims:
        _check_days(places["time"].values, source)
    for name in places.data_vars:
        if name not in VARIABLES:
            raise DataError(f"{source}: unknown variable {name!r}; allowed: {', '.join(VARIABLES)}")
        variable = VARIABLES[name]
        _check_variable(
            places[name], replace(variable, dims=(place, *variable.dims)), source, place
        )
    return places


def _check_once(names: np.ndarray, place: str, source: str) -> None:
    seen, counts = np.unique(names, return_counts=True)
    if counts.size and counts.max() > 1:
        raise DataError(f"{source}: {place} {seen[counts.argmax()]} stands twice")


def _check_days(time: np.ndarray, source: str) -> None:
    days = time.astype("datetime64[D]")
    bad = np.flatnonzero(np.diff(days).astype(int) != 1)
    if bad.size:
        row = int(bad[0]) + 1
        raise DataError(
            f"{source}: variable 'time', row {row}: {days[row]} after {days[row - 1]}; "
            "every day once and in order is needed"
        )


def _check_variable(array: xr.DataArray, variable: Variable, source: str, place: str) -> None:
    if array.dims != variable.dims:
        raise DataError(
            f"{source}: variable {variable.name!r} has dimensions {array.dims}, "
            f"needs {variable.dims}"
        )
    units = array.attrs.get("units")
    if units != variable.units:
        raise DataError(
            f"{source}: variable {variable.name!r} has units {units!r}, needs {variable.units!r}"
        )
    values = array.values
    outside = (values < variable.low) | (values > variable.high)
    if outside.any():
        where = np.argwhere(outside)[0]
        at = f"{place} {array[place].values[where[0]]}"
        if "time" in array.dims:
            at += f", {np.datetime_as_string(array['time'].values[where[1]], 'D')}"
        raise DataError(
            f"{source}: variable {variable.name!r}, {at}: value {values[tuple(where)]:g} outside "
            f"{variable.low:g} to {variable.high:g} {variable.units}"
        )
