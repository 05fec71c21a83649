"""Checks of forcing and static attributes before any work starts."""

import numpy as np
import xarray as xr

from soilbook.errors import DataError
from soilbook.schema import GRID_VARIABLES as VARIABLES
from soilbook.schema import Variable

# Static attributes that study 2's schema does not know.
MORE = {
    "latitude": Variable("latitude", "", "degrees_north", "latitude", (), -90, 90),
    "elevation": Variable("elevation", "", "m", "height above the sea", (), -500, 9000),
    "green_fraction": Variable("green_fraction", "", "1", "green part of the ground", (), 0, 1),
}


def place(forcing: xr.Dataset, needed: tuple[str, ...]) -> str:
    """Name of the first dimension; DataError unless needed variables and every day are there."""
    for name in needed:
        if name not in forcing:
            raise DataError(f"forcing: no variable {name!r}; needed: {', '.join(needed)}")
    dims = forcing[needed[0]].dims
    if len(dims) != 2 or dims[1] != "time":
        raise DataError(
            f"forcing: variable {needed[0]!r} has dimensions {dims}, needs ('site', 'time')"
        )
    if dims[0] not in forcing.coords:
        raise DataError(f"forcing: no coordinate {dims[0]!r}")
    days = forcing["time"].values.astype("datetime64[D]")
    bad = np.flatnonzero(np.diff(days).astype(int) != 1)
    if bad.size:
        row = int(bad[0]) + 1
        raise DataError(
            f"forcing: variable 'time', row {row}: {days[row]} after {days[row - 1]}; "
            "every day once and in order is needed"
        )
    return dims[0]


def daily(array: xr.DataArray, place: str) -> np.ndarray:
    """Values (day, site); DataError at the first day that is missing or out of range."""
    variable = VARIABLES[array.name]
    if array.dims != (place, "time"):
        raise DataError(
            f"forcing: variable {array.name!r} has dimensions {array.dims}, needs {(place, 'time')}"
        )
    _check_units(array, variable, "forcing")
    values = array.values.T.astype(float)
    bad = ~((values >= variable.low) & (values <= variable.high))
    if bad.any():
        day, site = np.argwhere(bad)[0]
        raise DataError(
            f"forcing: variable {array.name!r}, {place} {array[place].values[site]}, "
            f"{np.datetime_as_string(array['time'].values[day], 'D')}: "
            f"{_what(values[day, site], variable)}; no gap is allowed"
        )
    return values


def nature(
    static: xr.Dataset,
    forcing: xr.Dataset,
    place: str,
    needed: tuple[str, ...],
    optional: tuple[str, ...],
) -> dict[str, np.ndarray]:
    """Static attributes (site,) in the order of the forcing; what is not given is left out.

    Latitude may stand with the forcing. DataError names what is missing or out of range.
    """
    labels = forcing[place].values
    if place in static.indexes:
        absent = ~np.isin(labels, static[place].values)
        if absent.any():
            raise DataError(f"static: no {place} {labels[absent][0]}; the forcing has it")
        static = static.sel({place: labels})
    elif static.sizes.get(place) != labels.size:
        raise DataError(
            f"static: {static.sizes.get(place)} of dimension {place!r}; "
            f"the forcing has {labels.size}"
        )
    found = {}
    for name in (*needed, *optional):
        source = static if name in static.variables else forcing
        if name not in source.variables:
            if name in needed:
                raise DataError(f"static: no variable {name!r}; needed: {', '.join(needed)}")
            continue
        variable = (VARIABLES | MORE)[name]
        _check_units(source[name], variable, "static")
        values = np.broadcast_to(source[name].values.astype(float), labels.shape)
        bad = ~((values >= variable.low) & (values <= variable.high))
        if bad.any():
            site = int(np.flatnonzero(bad)[0])
            what = _what(values[site], variable)
            raise DataError(f"static: variable {name!r}, {place} {labels[site]}: {what}")
        found[name] = values
    return found


def _check_units(array: xr.DataArray, variable: Variable, source: str) -> None:
    units = array.attrs.get("units", variable.units)
    if units != variable.units:
        raise DataError(
            f"{source}: variable {array.name!r} has units {units!r}, needs {variable.units!r}"
        )


def _what(value: float, variable: Variable) -> str:
    if np.isnan(value):
        return "missing"
    return f"value {value:g} outside {variable.low:g} to {variable.high:g} {variable.units}"
