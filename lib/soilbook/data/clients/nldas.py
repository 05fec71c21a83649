"""NLDAS-2 at points, from NASA's Giovanni service: forcing, and moisture of Noah and VIC."""

import os
from collections.abc import Iterable
from functools import partial
from netrc import NetrcParseError, netrc
from pathlib import Path

import pandas as pd

from soilbook.data import giovanni, network, observed
from soilbook.data.clients.download import File, Plan
from soilbook.errors import DataError, ParameterError

BASE = "https://api.giovanni.earthdata.nasa.gov/timeseries"
TOKEN = "EARTHDATA_TOKEN"
LOGIN = "urs.earthdata.nasa.gov"
PACE, ANSWER = 1.0, 11.0
BYTES_PER_HOUR = 30
START, END = pd.Timestamp("2009-01-01"), pd.Timestamp("2018-12-31")
ACCOUNT = (
    f"a free NASA Earthdata account is needed, its token in {TOKEN} (or {LOGIN} in .netrc and "
    "pip install 'soilbook[nasa]'), and its approval of NASA GESDISC DATA ARCHIVE"
)


def plan(root: Path, names: Iterable[str], start=None, end=None) -> Plan:
    """Series at stations of the data folder (default: all of USCRN's in study 2), which say where
    they lie; 2009 to 2018, or from ``start`` to ``end``.

    Raises DataError where a station is not there or there are no credentials.
    """
    start, end = start or START, end or END
    hours = ((end - start).days + 1) * 24
    made = []
    for latitude, longitude in _points(root, list(names)):
        for product, names_of in giovanni.SERIES.items():
            for name in names_of:
                # Written out, as the service does not read commas and slashes of an encoded query.
                address = (
                    f"{BASE}?data={product}_2_0_{name}&location=[{latitude},{longitude}]"
                    f"&time={start:%Y-%m-%d}T00:00:00/{end:%Y-%m-%d}T23:59:59"
                )
                path = giovanni.path_of(product, name, latitude, longitude)
                asked = {"product": product, "name": name, "place": (latitude, longitude)}
                check = partial(_check, hours=hours, **asked)
                made.append(File(path, address, check, hours * BYTES_PER_HOUR))
    return Plan("nldas", tuple(made), PACE, ANSWER, _headers, ACCOUNT)


def _check(path: Path, hours: int, **asked) -> None:
    found = giovanni.read_point(path, **asked).size
    if found != hours:
        raise DataError(f"{path}: {found} hours; {hours} were asked for")


def _points(root: Path, names: list[str]) -> list[tuple[float, float]]:
    """Latitude and longitude of the stations, to three digits."""
    if not names:
        table = network.stations(root)
        table = table[table["conus"]]
        return list(zip(table["latitude"].round(3), table["longitude"].round(3), strict=True))
    found = []
    for name in names:
        record = observed.load(name, root)
        place = float(record["latitude"]), float(record["longitude"])
        if place != place:
            raise ParameterError(f"{name}: no position")
        found.append((round(place[0], 3), round(place[1], 3)))
    return found


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {token()}"}


def token() -> str:
    """The token of the environment, else that of the account in .netrc, by earthaccess.

    Raises DataError that says which account and approval are needed where there is neither.
    """
    if given := os.environ.get(TOKEN):
        return given
    try:
        known = netrc().authenticators(LOGIN)
    except (OSError, NetrcParseError):
        known = None
    if known is None:
        raise DataError(f"nldas: {ACCOUNT}")
    from soilbook.data.clients.earthdata import login

    return login("nldas")
