"""NASA POWER's daily weather at sites: one request a site, its whole record."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from soilbook.data import files, observed, own, power, sites
from soilbook.data.clients.download import File, Plan
from soilbook.errors import DataError, ParameterError

BASE = "https://power.larc.nasa.gov/api/temporal/daily/point"
PACE, ANSWER = 2.5, 5.0  # s; about 30 requests a minute were once allowed
BYTES_PER_DAY = 150
FIRST = pd.Timestamp("1981-01-01")  # of its meteorology


def plan(root: Path, names: Iterable[str], start=None, end=None) -> Plan:
    """Weather at paper sites (default: all thirty), or at stations and own sites that the data
    folder has; over their records, or from ``start`` to ``end``.

    Raises DataError for a site without a position.
    """
    found = []
    for name in list(names) or sites.SITES:
        label, latitude, longitude, first, last = _place(name, root)
        first, last = max(start or first, FIRST), end or last
        asked = {
            "parameters": ",".join(parameter for parameter, _ in power.PARAMETERS.values()),
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
        path = f"power/{power.file_name(label)}.json"
        address = f"{BASE}?{urlencode(asked, safe=',')}"
        found.append(File(path, address, check, days * BYTES_PER_DAY))
    return Plan("power", tuple(found), PACE, ANSWER)


def _place(name: str, root: Path) -> tuple[str, float, float, pd.Timestamp, pd.Timestamp]:
    """Label, latitude, longitude, first and last day of a site."""
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
    made = power.read(path)
    for axis, asked in zip(("latitude", "longitude"), place, strict=True):
        if abs(float(made[axis]) - asked) > observed.POWER_DISTANCE:
            raise DataError(f"{path}: {axis} is {float(made[axis]):g}; {asked:g} was asked for")
    lacking = set(power.PARAMETERS) - set(made.data_vars)
    if lacking:
        raise DataError(f"{path}: no {', '.join(power.PARAMETERS[one][0] for one in lacking)}")
    days = made["time"].values.astype("datetime64[D]")
    if (days[0], days[-1]) != (files.day(first), files.day(last)):
        raise DataError(f"{path}: days {days[0]} to {days[-1]}; {first:%F} to {last:%F} needed")
