"""Gaps in the weather of stations: a network that runs day by day needs every day.

Short gaps: precipitation is taken as zero (most days are dry; sums come out low by the rain that
fell), everything else is interpolated linearly in time. Long gaps: the station is left out, or
takes the same dates of the nearest year that has them, or it is an error.
"""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from soilbook.errors import DataError, ParameterError, unknown

DRY = ("precipitation",)
LONGER = ("leave out", "nearest year", "error")
YEAR = 365.25


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
