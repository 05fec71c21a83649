"""Names and units of every variable, and the check at the border between rooms.

Every reader and the twin return one Dataset per site with the dimensions ``depth`` (m, rising)
and ``time`` (days, every calendar day once, rising). Missing values are NaN.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilbook.errors import DataError


@dataclass(frozen=True)
class Variable:
    """A variable of a site: its name in Datasets, the paper's symbol, units and plausible range."""

    name: str
    symbol: str
    units: str
    long_name: str
    dims: tuple[str, ...]
    low: float
    high: float


VARIABLES = {
    v.name: v
    for v in (
        Variable("precipitation", "P", "mm d-1", "precipitation", ("time",), 0, 2000),
        Variable("air_temperature", "AT", "degC", "air temperature", ("time",), -80, 60),
        Variable("longwave", "LR", "W m-2", "downward long-wave radiation", ("time",), 50, 600),
        Variable("shortwave", "SR", "W m-2", "downward short-wave radiation", ("time",), 0, 600),
        Variable("relative_humidity", "RH", "%", "relative humidity", ("time",), 0, 105),
        Variable("wind_speed", "WS", "m s-1", "wind speed", ("time",), 0, 80),
        Variable("soil_temperature", "ST", "degC", "soil temperature", ("depth", "time"), -60, 80),
        Variable("sm", "SM", "m3 m-3", "volumetric soil moisture", ("depth", "time"), 0, 1),
    )
}

# Order of the network inputs, section 2.1 of Wang et al. (2024). A site may lack some.
FEATURES = tuple(VARIABLES)
DEPTHS = (0.05, 0.10, 0.20, 0.50, 1.00)


def features(site: xr.Dataset) -> tuple[str, ...]:
    """Input features that this site has, in the order of the paper; the last is always ``sm``."""
    return tuple(name for name in FEATURES if name in site)


def symbols(names) -> list[str]:
    """The paper's symbols of variables, e.g. ``["P", "AT"]``."""
    return [VARIABLES[name].symbol for name in names]


def describe(site: xr.Dataset, source: str) -> xr.Dataset:
    """Set ``units``, ``long_name`` and ``symbol`` of known variables, and ``source`` of the set."""
    for name, variable in VARIABLES.items():
        if name in site:
            site[name].attrs.update(
                units=variable.units, long_name=variable.long_name, symbol=variable.symbol
            )
    site["depth"].attrs.update(units="m", long_name="depth below the surface", positive="down")
    site.attrs["source"] = source
    return site


def check(site: xr.Dataset, source: str) -> xr.Dataset:
    """Return the site's Dataset unchanged if it keeps the contract.

    Raises DataError naming the source (file), the variable and the first bad row.
    """
    for name in ("time", "depth"):
        if name not in site.coords:
            raise DataError(f"{source}: no coordinate {name!r}")
    for name in ("precipitation", "sm", "soil_temperature"):
        if name not in site:
            raise DataError(f"{source}: no variable {name!r}")
    _check_time(site["time"].values, source)
    if np.any(np.diff(site["depth"].values) <= 0):
        raise DataError(f"{source}: depths do not rise: {site['depth'].values.tolist()}")
    for name in site.data_vars:
        if name not in VARIABLES:
            raise DataError(f"{source}: unknown variable {name!r}; allowed: {', '.join(VARIABLES)}")
        _check_variable(site[name], VARIABLES[name], source)
    return site


def _check_time(time: np.ndarray, source: str) -> None:
    step = np.diff(time.astype("datetime64[D]")).astype(int)
    bad = np.flatnonzero(step != 1)
    if bad.size:
        row = int(bad[0]) + 1
        day = np.datetime_as_string(time[row], "D")
        kind = {0: "duplicated day"}.get(
            int(step[row - 1]), "days out of order" if step[row - 1] < 0 else "missing day before"
        )
        raise DataError(f"{source}: variable 'time', row {row}: {kind} {day}")


def _check_variable(array: xr.DataArray, variable: Variable, source: str) -> None:
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
        raise DataError(
            f"{source}: variable {variable.name!r}, row {int(where[-1])}: value "
            f"{values[tuple(where)]:g} outside {variable.low:g} to {variable.high:g} "
            f"{variable.units}"
        )
