"""USDA SCAN stations from the AWDB service: hours of the soil year by year, days of the weather."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd

from soilbook.data import awdb, sites
from soilbook.data.clients.download import File, Plan
from soilbook.errors import DataError, ParameterError

BASE = "https://wcc.sc.egov.usda.gov/awdbRestApi/services/v1"
PACE, ANSWER = 1.0, 5.0
BYTES_PER_VALUE = 60
# A part of code:depth:ordinal may be *; without the ordinal only the first sensor is meant.
SOIL = ",".join(f"{code}:-{depth}:*" for code in ("SMS", "STO") for depth in awdb.INCHES)
WEATHER = "PRCP,TAVG"


def plan(root: Path, names: Iterable[str], start=None, end=None) -> Plan:
    """Stations of the paper (default: all twelve, over their records), or others by their triplet,
    which need ``start`` and ``end``; whole years.

    Raises ParameterError for a name that is neither.
    """
    made = []
    for name in list(names) or awdb.TRIPLETS:
        triplet, first, last = _station(name, start, end)
        folder = f"{awdb.FOLDER}/{triplet.replace(':', '_')}"
        asked = {"stationTriplets": triplet, "activeOnly": "false"}
        address = f"{BASE}/stations?{urlencode(asked, safe=':')}"
        made.append(File(f"{folder}/{awdb.STATION}", address, partial(_is, triplet=triplet), 1000))
        years = range(first.year, last.year + 1)
        today = pd.Timestamp.now().year
        spans = [(year, year + 1, SOIL, "HOURLY", awdb.HOURLY.format(year)) for year in years]
        spans.append((years[0], years[-1] + 1, WEATHER, "DAILY", awdb.DAILY))
        for begin, stop, elements, duration, file in spans:
            # Into the next year, whichever hour of the last day the service takes for its end.
            asked = {
                "stationTriplets": triplet,
                "elements": elements,
                "duration": duration,
                "beginDate": f"{begin}-01-01",
                "endDate": f"{stop}-01-01",
            }
            address = f"{BASE}/data?{urlencode(asked, safe=':,*')}"
            hourly = duration == "HOURLY"
            values = 10 * 8760 if hourly else 2 * 365 * len(years)
            pattern = "%Y-%m-%d %H:%M" if hourly else "%Y-%m-%d"
            check = partial(awdb.read_answer, triplet=triplet, pattern=pattern)
            size = values * BYTES_PER_VALUE
            made.append(File(f"{folder}/{file}", address, check, size, changing=stop > today))
    return Plan("scan", tuple(made), PACE, ANSWER)


def _station(name: str, start, end) -> tuple[str, pd.Timestamp, pd.Timestamp]:
    match = awdb.TRIPLET.fullmatch(name)
    if match is None:
        site = sites.find(name)
        if site.name not in awdb.TRIPLETS:
            allowed = ", ".join(awdb.TRIPLETS)
            raise ParameterError(f"site {site.name!r} is no SCAN station; of the paper: {allowed}")
        return awdb.TRIPLETS[site.name], start or site.start, end or site.end
    if start is None or end is None:
        raise ParameterError(f"{name} is no site of the paper: --from and --to are needed")
    return f"{match[1]}:{match[2]}:SCAN", start, end


def _is(path: Path, triplet: str) -> None:
    found = awdb.place(path).stationTriplet
    if found != triplet:
        raise DataError(f"{path}: station {found}; {triplet} was asked for")
