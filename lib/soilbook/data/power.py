"""NASA POWER's daily weather at a point, ``power/NAME.json``: reader, and what is fetched.

Layout (power.larc.nasa.gov/docs/services/api/temporal/daily): ``properties.parameter`` maps each
parameter to {YYYYMMDD: value}, ``header.fill_value`` is missing, ``parameters`` gives units and
``geometry.coordinates`` is [longitude, latitude, elevation]. Radiation comes in MJ m-2 or kW h m-2
a day, or in W m-2, depending on the community asked for.
"""

import json
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import BaseModel, Field, ValidationError

from soilbook.data import files, own, quality, sites
from soilbook.data.files import File, Plan
from soilbook.errors import DataError, ParameterError
from soilbook.physics.air import WATT_PER_MEGAJOULE_DAY

MEGAJOULE_PER_KILOWATT_HOUR = 3.6
RADIATION = {
    "MJ/m^2/day": WATT_PER_MEGAJOULE_DAY,
    "kW-hr/m^2/day": MEGAJOULE_PER_KILOWATT_HOUR * WATT_PER_MEGAJOULE_DAY,
    "kWh/m^2/day": MEGAJOULE_PER_KILOWATT_HOUR * WATT_PER_MEGAJOULE_DAY,
    "W/m^2": 1.0,
}
# Our name: parameter, and factor to our units by POWER's units.
PARAMETERS = {
    "precipitation": ("PRECTOTCORR", {"mm/day": 1.0}),
    "air_temperature": ("T2M", {"C": 1.0}),
    "longwave": ("ALLSKY_SFC_LW_DWN", RADIATION),
    "shortwave": ("ALLSKY_SFC_SW_DWN", RADIATION),
    "relative_humidity": ("RH2M", {"%": 1.0}),
    "wind_speed": ("WS2M", {"m/s": 1.0}),
}
# A cell is 0.5 x 0.625 degrees; a file for a point farther off belongs to another site.
FARTHEST = 0.7  # degrees
BASE = "https://power.larc.nasa.gov/api/temporal/daily/point"
PACE, ANSWER = 2.5, 5.0  # s; about 30 requests a minute were once allowed
BYTES_PER_DAY = 150
FIRST = pd.Timestamp("1981-01-01")  # of its meteorology


class _Header(BaseModel, strict=True):
    fill_value: float
    time_standard: str = "unknown"


class _Units(BaseModel, strict=True):
    units: str = "no units"


class _Parts(BaseModel, strict=True):
    parameter: dict[str, dict[str, float]]


class _Point(BaseModel, strict=True):
    coordinates: Annotated[list[float], Field(min_length=2)]


class _Power(BaseModel, strict=True):
    """The parts of POWER's file that are read."""

    properties: _Parts
    parameters: dict[str, _Units]
    header: _Header
    geometry: _Point


def read(path: Path) -> xr.Dataset:
    """Daily weather of one point of POWER (time), in our names and units, as far as it is held.

    No soil, so the dimension ``depth`` is empty. Raises DataError for a file that is absent, no
    JSON, of another layout, or in units that are not known.
    """
    content = _parsed(path)
    series = content.properties.parameter
    held = {name: entry for name, entry in PARAMETERS.items() if entry[0] in series}
    if not held:
        known = ", ".join(parameter for parameter, _ in PARAMETERS.values())
        raise DataError(f"{path}: none of the parameters {known}")
    table = pd.DataFrame(
        {name: pd.Series(series[one], dtype=float) for name, (one, _) in held.items()}
    )
    table = table.sort_index()
    if table.empty:
        raise DataError(f"{path}: no days in properties.parameter")
    days = files.times(table.index, "%Y%m%d", path, table.index.map(repr))
    days, values = files.calendar(
        days, table.where(table != content.header.fill_value).to_numpy().T
    )
    columns = {}
    clock = content.header.time_standard
    for (name, (parameter, factors)), column in zip(held.items(), values, strict=True):
        unit = content.parameters.get(parameter, _Units()).units
        if unit not in factors:
            raise DataError(f"{path}: {parameter} is in {unit!r}; allowed: {', '.join(factors)}")
        source = f"model: NASA POWER {parameter}, days in {clock}"
        columns[name] = (column * factors[unit], source)
    longitude, latitude, *_ = content.geometry.coordinates
    return quality.dataset(
        columns,
        days,
        [],
        path.stem,
        (latitude, longitude),
        f"NASA POWER, {path.name}, days in {clock}",
    )


def _parsed(path: Path) -> _Power:
    try:
        content = json.loads(files.read_text(path), object_pairs_hook=_once)
        return _Power.model_validate(content)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, row {error.lineno}: no JSON ({error.msg})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(".".join(map(str, first["loc"])).split())
        raise DataError(
            f"{path}: {where}: {first['msg']}; a NASA POWER daily point JSON is needed"
        ) from None
    except (RecursionError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None


def _once(pairs: list[tuple[str, object]]) -> dict:
    """A JSON object whose names stand once each, so that no day is taken twice."""
    if len(dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"duplicated entry {twice!r}; each day stands once")
    return dict(pairs)


def file_name(site: str) -> str:
    """The name of a site as that of a file: "2057:AL:SCAN" and "NET/Here" hold signs of paths."""
    return re.sub(r"[:/\\]", "_", site)


def plan(root: Path, names: Iterable[str], start, end, ask) -> Plan:
    """Weather at paper sites (default: all thirty), or at stations and own sites that the data
    folder has; over their records, or from ``start`` to ``end``.

    Raises DataError for a site without a position.
    """
    found = []
    for name in list(names) or sites.SITES:
        label, latitude, longitude, first, last = _place(name, root)
        first, last = max(start or first, FIRST), end or last
        asked = {
            "parameters": ",".join(parameter for parameter, _ in PARAMETERS.values()),
            "community": "ag",
            "longitude": f"{longitude:.4f}",
            "latitude": f"{latitude:.4f}",
            "start": f"{first:%Y%m%d}",
            "end": f"{last:%Y%m%d}",
            "format": "json",
            "time-standard": "LST",
        }
        days = (last - first).days + 1
        check = partial(_check, place=(latitude, longitude), first=first, last=last)
        path = f"power/{file_name(label)}.json"
        address = f"{BASE}?{urlencode(asked, safe=',')}"
        found.append(File(path, address, check, days * BYTES_PER_DAY))
    return Plan("power", tuple(found), PACE, ANSWER)


def _place(name: str, root: Path) -> tuple[str, float, float, pd.Timestamp, pd.Timestamp]:
    """Label, latitude, longitude, first and last day of a site."""
    from soilbook.data import observed  # which reads POWER's files itself

    if not own.is_own(name):
        try:
            site = sites.find(name)
            return site.name, site.latitude, site.longitude, site.start, site.end
        except ParameterError:
            pass  # a station of the folder, whose record says where it lies
    record = observed.load(name, root)
    latitude, longitude = float(record["latitude"]), float(record["longitude"])
    if not np.isfinite([latitude, longitude]).all():
        raise DataError(f"{name}: no position; write # latitude: and # longitude: into the file")
    first, last = (pd.Timestamp(record["time"].values[k]) for k in (0, -1))
    return str(record["site"].item()), latitude, longitude, first, last


def _check(path: Path, place: tuple[float, float], first, last) -> None:
    """The answer is of this place, and has every parameter on every day asked for."""
    made = read(path)
    for axis, asked in zip(("latitude", "longitude"), place, strict=True):
        if abs(float(made[axis]) - asked) > FARTHEST:
            raise DataError(f"{path}: {axis} is {float(made[axis]):g}; {asked:g} was asked for")
    lacking = set(PARAMETERS) - set(made.data_vars)
    if lacking:
        raise DataError(f"{path}: no {', '.join(PARAMETERS[one][0] for one in lacking)}")
    days = made["time"].values.astype("datetime64[D]")
    if (days[0], days[-1]) != (files.day(first), files.day(last)):
        raise DataError(f"{path}: days {days[0]} to {days[-1]}; {first:%F} to {last:%F} needed")
