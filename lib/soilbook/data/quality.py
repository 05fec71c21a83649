"""Quality control of measured series, their gaps, and the Dataset that readers return.

Readers apply these rules, each with its count in the attributes of the variable it touched; they
fill, smooth and move nothing:

- ``n_outside_range``: values outside the range that ``schema.VARIABLES`` allows become missing.
  Soil moisture of exactly zero is a dead sensor, not a dry soil, and counts as outside.
- ``n_above_extraterrestrial``: short-wave above the radiation at the top of the atmosphere of
  that latitude and day, by more than the 5 W m-2 of a thermopile's offset, becomes missing.
- ``n_spikes`` (networks without flags): a single day that departs from both its neighbours to
  the same side by more than ``SPIKE`` becomes missing.

A network that runs day by day needs every day of its weather, and asks for ``complete`` records.
Short gaps: precipitation is taken as zero (most days are dry; sums come out low by the rain that
fell), everything else is interpolated linearly in time. Long gaps: the station is left out, or
takes the same dates of the nearest year that has them, or it is an error.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import files
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.physics.air import extraterrestrial

SPIKE = 0.15  # m3 m-3 from one day to the next and back
SHORTWAVE_OFFSET = 5.0  # W m-2
DRY = ("precipitation",)
LONGER = ("leave out", "nearest year", "error")
YEAR = 365.25


def within_range(values: np.ndarray, name: str) -> tuple[np.ndarray, int]:
    """Values of a variable (any shape) with those out of range made NaN, and how many those are."""
    variable = schema.VARIABLES[name]
    outside = (values < variable.low) | (values > variable.high)
    if name == "sm":
        outside |= values == 0
    return np.where(outside, np.nan, values), int(outside.sum())


def possible_shortwave(
    values: np.ndarray, latitude: float, days: np.ndarray
) -> tuple[np.ndarray, int]:
    """Short-wave (W m-2, day) without values that the sun cannot reach, and how many those are."""
    highest = extraterrestrial(latitude, pd.DatetimeIndex(days).day_of_year.to_numpy())
    impossible = values > highest + SHORTWAVE_OFFSET
    return np.where(impossible, np.nan, values), int(impossible.sum())


def without_spikes(values: np.ndarray, threshold: float = SPIKE) -> tuple[np.ndarray, int]:
    """Series (last axis: days) without isolated one-day spikes, and how many those are."""
    back = values[..., 1:-1] - values[..., :-2]
    ahead = values[..., 1:-1] - values[..., 2:]
    spike = np.zeros(values.shape, dtype=bool)
    spike[..., 1:-1] = (np.minimum(np.abs(back), np.abs(ahead)) > threshold) & (back * ahead > 0)
    return np.where(spike, np.nan, values), int(spike.sum())


def dataset(
    columns: Mapping[str, tuple[np.ndarray, str]],
    days,
    depths,
    site: str,
    place: tuple[float, float],
    source: str,
) -> xr.Dataset:
    """A site's Dataset out of ``columns``: name -> (values (day,) or (depth, day), source text).

    ``place`` is its latitude and longitude (degrees).

    Applies the range rules above, sets units, names and sources, and leaves out what is absent.
    Raises DataError for a place that is not on Earth, and for weather of which more than half is
    out of range: it is in other units.
    """
    latitude, longitude = place
    files.check_place(latitude, longitude, source)
    result = xr.Dataset(
        coords={
            "time": np.asarray(days, dtype="datetime64[ns]"),
            "depth": np.asarray(depths, dtype=float),
            "site": site,
            "latitude": ((), latitude, {"units": "degrees_north"}),
            "longitude": ((), longitude, {"units": "degrees_east"}),
        }
    )
    for name, (values, origin) in columns.items():
        values, outside = within_range(np.asarray(values, dtype=float), name)
        _check_units(name, outside, outside + int(np.isfinite(values).sum()), source)
        attributes = {"source": origin, "n_outside_range": outside}
        if name == "shortwave":
            values, above = possible_shortwave(values, latitude, days)
            attributes["n_above_extraterrestrial"] = above
        result[name] = (schema.VARIABLES[name].dims, values, attributes)
    result.attrs["track"] = "observed"
    return schema.describe(result, source)


def _check_units(name: str, outside: int, known: int, source: str) -> None:
    """Sensors in the soil may be broken for years; weather out of range is no weather."""
    variable = schema.VARIABLES[name]
    if "depth" not in variable.dims and outside > known / 2:
        raise DataError(
            f"{source}: {name}: {outside} of {known} values are outside {variable.low:g} to "
            f"{variable.high:g} {variable.units}; is it in other units?"
        )


def longest(values: np.ndarray) -> int:
    """Length of the longest run of NaN between the first and the last value of a series."""
    starts, ends = _runs(np.isnan(values))
    inner = (starts > 0) & (ends < values.size)
    return int((ends - starts)[inner].max(initial=0))


def fill(values: np.ndarray, max_gap: int, dry: bool = False) -> np.ndarray:
    """Series with runs of at most ``max_gap`` NaN filled: linearly, or with 0 where ``dry``.

    Longer runs, and those before the first and after the last value, stay.
    """
    if max_gap < 0:
        raise ParameterError(f"max_gap is {max_gap}; 0 or more days are allowed")
    starts, ends = _runs(np.isnan(values))
    short = (starts > 0) & (ends < values.size) & (ends - starts <= max_gap)
    result = values.copy()
    for start, end in zip(starts[short], ends[short], strict=True):
        steps = np.linspace(values[start - 1], values[end], end - start + 2)[1:-1]
        result[start:end] = 0 if dry else steps
    return result


def from_other_years(values: np.ndarray, outer: bool = False) -> np.ndarray:
    """Series whose inner NaN take the value of the same date in the nearest year that has one;
    with ``outer`` also those before the first and after the last value."""
    result = values.copy()
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return result
    todo = np.flatnonzero(np.isnan(values))
    if not outer:
        todo = todo[(todo > known[0]) & (todo < known[-1])]
    for years in range(1, int(values.size // YEAR) + 2):
        for sign in (1, -1):
            source = todo + sign * round(years * YEAR)
            there = (source >= 0) & (source < values.size)
            there[there] = np.isfinite(values[source[there]])
            result[todo[there]] = values[source[there]]
            todo = todo[~there]
    return result


def complete(
    stations: xr.Dataset, names: Iterable[str], max_gap: int, longer: str = "leave out"
) -> tuple[xr.Dataset, dict[str, str]]:
    """Stations whose variables ``names`` have no gap, and why the others are left out, by name.

    A record runs from the first to the last day on which all variables are there; outside of it
    they are NaN. Coordinates ``start``, ``end`` (station) and ``filled`` (station, time; True
    where a variable was filled). ``longer`` says what becomes of gaps beyond ``max_gap`` days.
    Raises ParameterError for an unknown way, DataError (for "error") naming station and variable.
    """
    names = list(names)
    if longer not in LONGER:
        raise unknown("way with longer gaps", longer, LONGER)
    values = {name: stations[name].values.copy() for name in names}
    filled = np.zeros(values[names[0]].shape, dtype=bool)
    left_out: dict[str, str] = {}
    span = np.zeros((stations.sizes["station"], 2), dtype=int)
    for k, station in enumerate(stations["station"].values.tolist()):
        there = np.flatnonzero(np.all([np.isfinite(v[k]) for v in values.values()], axis=0))
        if not there.size:
            left_out[station] = f"no day with all of {', '.join(names)}"
            continue
        span[k] = there[0], there[-1]
        record = slice(there[0], there[-1] + 1)
        for name, array in values.items():
            before = array[k, record].copy()
            after = fill(before, max_gap, name in DRY)
            if np.isnan(after).any() and longer == "nearest year":
                after = from_other_years(after)
            if np.isnan(after).any():
                left_out[station] = (
                    f"{name}: a gap of {longest(after)} days; at most {max_gap} are filled"
                )
                break
            filled[k, record] |= np.isnan(before)
            array[k] = np.nan
            array[k, record] = after
    if left_out and longer == "error":
        station, why = next(iter(left_out.items()))
        raise DataError(f"station {station}: {why}")
    result = stations.assign(
        {name: (("station", "time"), array, stations[name].attrs) for name, array in values.items()}
    )
    days = stations["time"].values
    result = result.assign_coords(
        start=("station", days[span[:, 0]]),
        end=("station", days[span[:, 1]]),
        filled=(("station", "time"), filled),
    )
    keep = [name not in left_out for name in stations["station"].values.tolist()]
    return result.isel(station=keep), left_out


def _runs(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First index of every run of True, and the index after its last."""
    steps = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
