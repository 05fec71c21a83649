"""Names and units of every variable, and the checks at the borders between rooms.

A site (``check``) is a Dataset with the dimensions ``depth`` (m, rising) and ``time``. A set of
pixels or stations (``check_grid``, study 2) has the dimension ``pixel`` (or ``station``), the
coordinates latitude and longitude of each, and ``time`` where anything varies. Time is every
calendar day once, rising; missing values are NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from soilbook.errors import DataError


@dataclass(frozen=True)
class Variable:
    """A variable: its name in Datasets, the paper's symbol, units and plausible range."""

    name: str
    symbol: str
    units: str
    long_name: str
    dims: tuple[str, ...]
    low: float
    high: float


DAILY, STATIC = ("time",), ()
_PROBES = ("depth", "time")
_WEATHER = (
    Variable("precipitation", "P", "mm d-1", "precipitation", DAILY, 0, 2000),
    Variable("air_temperature", "AT", "degC", "air temperature", DAILY, -80, 60),
    Variable("longwave", "LR", "W m-2", "downward long-wave radiation", DAILY, 50, 600),
    Variable("shortwave", "SR", "W m-2", "downward short-wave radiation", DAILY, 0, 600),
    Variable("relative_humidity", "RH", "%", "relative humidity", DAILY, 0, 105),
    Variable("wind_speed", "WS", "m s-1", "wind speed", DAILY, 0, 80),
)
_MORE_WEATHER = (
    Variable("specific_humidity", "q", "kg kg-1", "specific humidity at 2 m", DAILY, 0, 0.04),
    Variable("pressure", "p", "Pa", "surface pressure", DAILY, 45_000, 110_000),
    Variable("eastward_wind", "U", "m s-1", "eastward wind at 10 m", DAILY, -60, 60),
    Variable("northward_wind", "V", "m s-1", "northward wind at 10 m", DAILY, -60, 60),
)
_SOIL = (
    Variable("soil_temperature", "ST", "degC", "soil temperature", _PROBES, -60, 80),
    Variable("sm", "SM", "m3 m-3", "volumetric soil moisture", _PROBES, 0, 1),
)
_GRID_SOIL = (
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

# Of a site, and of a set of pixels or stations; dimensions are those of one place.
VARIABLES = {v.name: v for v in (*_WEATHER, *_SOIL)}
GRID_VARIABLES = {v.name: v for v in (*_WEATHER, *_MORE_WEATHER, *_GRID_SOIL, *_ATTRIBUTES)}
# Order of the network inputs, section 2.1 of Wang et al. (2024). A site may lack some.
FEATURES = tuple(VARIABLES)
DEPTHS = (0.05, 0.10, 0.20, 0.50, 1.00)
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
ATTRIBUTES = tuple(v.name for v in _ATTRIBUTES)
# A class is a name, not a quantity: encode it one column per class, never scale it.
CLASSES = ("flag_land_cover",)


def features(site: xr.Dataset) -> tuple[str, ...]:
    """Input features that this site has, in the order of the paper; the last is always ``sm``."""
    return tuple(name for name in FEATURES if name in site)


def symbols(names) -> list[str]:
    """The paper's symbols of variables, e.g. ``["P", "AT"]``."""
    return [VARIABLES[name].symbol for name in names]


def describe(site: xr.Dataset, source: str) -> xr.Dataset:
    """Set ``units``, ``long_name`` and ``symbol`` of known variables, and ``source`` of the set."""
    site["depth"].attrs.update(units="m", long_name="depth below the surface", positive="down")
    return _describe(site, VARIABLES, source)


def describe_grid(places: xr.Dataset, source: str) -> xr.Dataset:
    """The same for a set of pixels or stations, and units of their positions."""
    places["latitude"].attrs["units"] = "degrees_north"
    places["longitude"].attrs["units"] = "degrees_east"
    return _describe(places, GRID_VARIABLES, source)


def check(site: xr.Dataset, source: str) -> xr.Dataset:
    """Return the site's Dataset unchanged if it keeps the contract.

    Raises DataError naming the source (file), the variable and the first bad row.
    """
    _check_coordinates(site, ("time", "depth"), source)
    for name in ("precipitation", "sm", "soil_temperature"):
        if name not in site:
            raise DataError(f"{source}: no variable {name!r}")
    _check_days(site["time"].values, source, _site_step)
    if np.any(np.diff(site["depth"].values) <= 0):
        raise DataError(f"{source}: depths do not rise: {site['depth'].values.tolist()}")
    for name in site.data_vars:
        variable = _known(name, VARIABLES, source)
        _check_variable(site[name], variable, source, lambda array, at: f"row {int(at[-1])}")
    return site


def check_grid(places: xr.Dataset, source: str, place: str = "pixel") -> xr.Dataset:
    """Return the Dataset (``place``, time) unchanged if it keeps the contract.

    Raises DataError naming the source (file), the variable and the first bad place and day.
    """
    _check_coordinates(places, (place, "latitude", "longitude"), source)
    seen, counts = np.unique(places[place].values, return_counts=True)
    if counts.size and counts.max() > 1:
        raise DataError(f"{source}: {place} {seen[counts.argmax()]} stands twice")
    if "time" in places.dims:
        _check_days(places["time"].values, source, _grid_step)

    def spot(array: xr.DataArray, at: np.ndarray) -> str:
        text = f"{place} {array[place].values[at[0]]}"
        if "time" in array.dims:
            text += f", {np.datetime_as_string(array['time'].values[at[1]], 'D')}"
        return text

    for name in places.data_vars:
        variable = _known(name, GRID_VARIABLES, source)
        variable = replace(variable, dims=(place, *variable.dims))
        _check_variable(places[name], variable, source, spot)
    return places


def _describe(data: xr.Dataset, variables: dict[str, Variable], source: str) -> xr.Dataset:
    for name, variable in variables.items():
        if name in data:
            data[name].attrs.update(
                units=variable.units, long_name=variable.long_name, symbol=variable.symbol
            )
    data.attrs["source"] = source
    return data


def _check_coordinates(data: xr.Dataset, names: tuple[str, ...], source: str) -> None:
    for name in names:
        if name not in data.coords:
            raise DataError(f"{source}: no coordinate {name!r}")


def _check_days(time: np.ndarray, source: str, says: Callable[..., str]) -> None:
    days = time.astype("datetime64[D]")
    bad = np.flatnonzero(np.diff(days).astype(int) != 1)
    if bad.size:
        row = int(bad[0]) + 1
        said = says(days[row - 1], days[row])
        raise DataError(f"{source}: variable 'time', row {row}: {said}")


def _site_step(before: np.datetime64, day: np.datetime64) -> str:
    if day == before:
        return f"duplicated day {day}"
    return f"{'days out of order' if day < before else 'missing day before'} {day}"


def _grid_step(before: np.datetime64, day: np.datetime64) -> str:
    return f"{day} after {before}; every day once and in order is needed"


def _known(name: str, variables: dict[str, Variable], source: str) -> Variable:
    if name not in variables:
        raise DataError(f"{source}: unknown variable {name!r}; allowed: {', '.join(variables)}")
    return variables[name]


def _check_variable(
    array: xr.DataArray, variable: Variable, source: str, spot: Callable[..., str]
) -> None:
    """Dimensions, units and range; ``spot`` says in words where an index (n,) lies."""
    what = f"{source}: variable {variable.name!r}"
    if array.dims != variable.dims:
        raise DataError(f"{what} has dimensions {array.dims}, needs {variable.dims}")
    units = array.attrs.get("units")
    if units != variable.units:
        raise DataError(f"{what} has units {units!r}, needs {variable.units!r}")
    values = array.values
    outside = (values < variable.low) | (values > variable.high)
    if outside.any():
        at = np.argwhere(outside)[0]
        raise DataError(
            f"{what}, {spot(array, at)}: value {values[tuple(at)]:g} outside "
            f"{variable.low:g} to {variable.high:g} {variable.units}"
        )
