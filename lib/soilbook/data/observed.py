"""Real observations of a site: the station's own record, completed from other sources.

Precipitation, air temperature, short-wave, humidity and soil come from the USCRN station. It has
no wind and no long-wave: both come from NASA POWER where ``power/NAME.json`` is in the data
folder, else long-wave is estimated (see ``longwave``) and wind is left out. The ``source`` of each
variable says which.
"""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import schema
from soilbook.data import files, longwave, power, scan, sites, uscrn
from soilbook.errors import DataError, ParameterError

# A POWER cell is 0.5 x 0.625 degrees; a file for a point farther off belongs to another site.
POWER_DISTANCE = 0.7  # degrees
FROM_POWER = ("longwave", "wind_speed")


def load(name: str, folder: Path | str | None = None, start=None, end=None) -> xr.Dataset:
    """Daily Dataset of a paper site (over its record of Table D2) or of any USCRN station.

    A station's name with its state ("RI_Kingston_1_W", as ``uscrn.stations`` lists it) always means
    the station and its whole record, also where the paper has a site there.
    ``start`` and ``end`` (dates) choose another period. Raises DataError, in one line, if there is
    no such station, no weather for it, or its files do not cover the record or are damaged.
    """
    site = _paper_site(name)
    if site is None:
        record = uscrn.read(folder, name, start, end)
    else:
        start, end = start or site.start, end or site.end
        record = uscrn.read(folder, _station(site), start, end)
        _check_covers(record, site.name, start, end)
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
        site.name
        for site in sites.SITES.values()
        if site.uscrn
        and set(range(site.start.year, site.end.year + 1)) <= years.get(site.uscrn, set())
    ]


def files_of(name: str, folder: Path | str | None = None) -> list[Path]:
    """The files that ``load(name, folder)`` reads."""
    site = _paper_site(name)
    if site is None:
        paths = uscrn.files_of(folder, name)
    else:
        paths = uscrn.files_of(folder, _station(site), site.start, site.end)
    extra = power.path_of(folder, site.name if site else uscrn.find(folder, name))
    return [*paths, extra] if extra.is_file() else paths


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


def _check_covers(record: xr.Dataset, name: str, start, end) -> None:
    days = record["time"].values.astype("datetime64[D]")
    wanted = [np.datetime64(str(date)[:10], "D") for date in (start, end)]
    if days[0] > wanted[0] or days[-1] < wanted[1]:
        raise DataError(
            f"{record.attrs['source']}: files cover {days[0]} to {days[-1]}; "
            f"site {name!r} needs {wanted[0]} to {wanted[1]}"
        )


def _with_power(record: xr.Dataset, folder: Path | str | None) -> xr.Dataset:
    path = power.path_of(folder, str(record["site"].item()))
    if not path.is_file():
        return record
    extra = power.read(path)
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
    values = longwave.estimate(
        record["air_temperature"].values,
        record["relative_humidity"].values,
        record["shortwave"].values,
        float(record["latitude"]),
        record["time"].dt.dayofyear.values,
    )
    record["longwave"] = ("time", values, {"source": longwave.SOURCE})
    return schema.describe(record, record.attrs["source"])
