"""Real observations of a site: the station's own record, completed from other sources.

Precipitation, air temperature, short-wave, humidity and soil come from the USCRN station. It has
no wind and no long-wave: both come from NASA POWER where ``power/NAME.json`` is in the data
folder, else long-wave is estimated (see ``longwave``) and wind is left out. The ``source`` of each
variable says which.

Layout of POWER's daily point JSON (power.larc.nasa.gov/docs/services/api/temporal/daily):
``properties.parameter`` maps each parameter to {YYYYMMDD: value}, ``header.fill_value`` is missing,
``parameters`` gives units and ``geometry.coordinates`` is [longitude, latitude, elevation].
Radiation comes in MJ m-2 or kW h m-2 a day, or in W m-2, depending on the community asked for.
"""

import json
import re
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import BaseModel, Field, ValidationError

from soilbook import schema
from soilbook.data import files, quality, scan, sites, uscrn
from soilbook.errors import DataError, ParameterError
from soilbook.physics import air
from soilbook.physics.air import WATT_PER_MEGAJOULE_DAY

# A POWER cell is 0.5 x 0.625 degrees; a file for a point farther off belongs to another site.
POWER_DISTANCE = 0.7  # degrees
FROM_POWER = ("longwave", "wind_speed")

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


def load(name: str, folder: Path | str | None = None) -> xr.Dataset:
    """Daily Dataset of a paper site (over its record of Table D2) or of any USCRN station.

    A station's name with its state ("RI_Kingston_1_W", as ``uscrn.stations`` lists it) always means
    the station and its whole record, also where the paper has a site there.
    Raises DataError, in one line, if there is
    no such station, no weather for it, or its files do not cover the record or are damaged.
    """
    site = _paper_site(name)
    if site is None:
        record = uscrn.read(folder, name)
    else:
        record = uscrn.read(folder, _station(site), site.start, site.end)
        _check_covers(record, site)
        record = record.assign_coords(site=site.name)
    record = _with_longwave(_with_power(record, folder))
    return schema.check(record, record.attrs["source"])


def available(folder: Path | str | None = None) -> list[str]:
    """Paper sites, in the paper's order, whose station files cover all years of their record.

    Raises DataError if there is no data folder; a folder without USCRN gives an empty list.
    """
    root = files.product(folder, ".")
    if not (root / "uscrn/daily01").is_dir():
        return []
    years = uscrn.years(folder)
    return [
        name
        for name, state in sites.STATIONS.items()
        if set(range(sites.SITES[name].start.year, sites.SITES[name].end.year + 1))
        <= set(years.get(f"{state}_{sites.SITES[name].uscrn}", ()))
    ]


def files_of(name: str, folder: Path | str | None = None) -> list[Path]:
    """The files that ``load(name, folder)`` reads."""
    site = _paper_site(name)
    if site is None:
        paths = uscrn.files_of(folder, name)
    else:
        paths = uscrn.files_of(folder, _station(site), site.start, site.end)
    extra = _power_file(folder, site.name if site else uscrn.find(folder, name))
    return [*paths, extra] if extra.is_file() else paths


def read_power(path: Path) -> xr.Dataset:
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


def _paper_site(name: str) -> sites.Site | None:
    if re.match(r"[A-Z]{2}_", name):
        return None
    try:
        return sites.find(name)
    except ParameterError:
        return None


def _station(site: sites.Site) -> str:
    if site.uscrn:
        return site.uscrn
    if site.name in scan.STATIONS:
        why = "SCAN soil moisture only, there is no weather for it"
    else:
        why = "there are no observations that can be read"
    raise DataError(f"site {site.name!r}: {why}; observed: {', '.join(sites.OBSERVED)}")


def _check_covers(record: xr.Dataset, site: sites.Site) -> None:
    days = record["time"].values.astype("datetime64[D]")
    start, end = files.day(site.start), files.day(site.end)
    if days[0] > start or days[-1] < end:
        raise DataError(
            f"{record.attrs['source']}: files cover {days[0]} to {days[-1]}; "
            f"site {site.name!r} needs {start} to {end}"
        )


def _power_file(folder: Path | str | None, name: str) -> Path:
    """Where POWER's file of a site belongs, whether it is there or not."""
    root = files.folder() if folder is None else Path(folder)
    return root / "power" / f"{name}.json"


def _with_power(record: xr.Dataset, folder: Path | str | None) -> xr.Dataset:
    path = _power_file(folder, record["site"].item())
    if not path.is_file():
        return record
    extra = read_power(path)
    for axis in ("latitude", "longitude"):
        if abs(float(extra[axis]) - float(record[axis])) > POWER_DISTANCE:
            raise DataError(
                f"{path}: {axis} is {float(extra[axis]):g}, the station's is "
                f"{float(record[axis]):g}; at most {POWER_DISTANCE} degrees apart are allowed"
            )
    overlap = np.intersect1d(extra["time"].values, record["time"].values)
    if overlap.size == 0:
        raise DataError(
            f"{path}: no day between {str(record['time'].values[0])[:10]} and "
            f"{str(record['time'].values[-1])[:10]}, the record of the station"
        )
    held = [name for name in FROM_POWER if name in extra]
    return record.assign(
        {
            name: extra[name]
            .drop_vars(["site", "latitude", "longitude"])
            .reindex(time=record["time"])
            for name in held
        }
    )


def _with_longwave(record: xr.Dataset) -> xr.Dataset:
    if "longwave" in record:
        return record
    values = air.estimate(
        record["air_temperature"].values,
        record["relative_humidity"].values,
        record["shortwave"].values,
        float(record["latitude"]),
        record["time"].dt.dayofyear.values,
    )
    record["longwave"] = ("time", values, {"source": air.SOURCE})
    return schema.describe(record, record.attrs["source"])


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
