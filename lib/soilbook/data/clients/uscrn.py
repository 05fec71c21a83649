"""USCRN daily files from NOAA NCEI: one file a station and year, and NCEI's list of stations."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from soilbook.data import files, network, sites, uscrn
from soilbook.data.clients.download import Client, File, Plan
from soilbook.errors import DataError, ParameterError

BASE = "https://www.ncei.noaa.gov/pub/data/uscrn/products"
PACE, SIZE, SIZE_OF_LIST = 0.5, 79_000, 60_000
ALL = "all"
YEAR = re.compile(r'href="(\d{4})/"')
FILE = re.compile(rf'href="{uscrn.NAME.pattern}"')


def plan(root: Path, names: Iterable[str], start=None, end=None) -> Plan:
    """Files of paper sites (default: all sixteen, over their records), of stations by their names,
    or of ``all``; whole years from ``start`` to ``end``.

    What is not in the paper is looked up in NCEI's listings. Raises DataError for a station that
    they have not.
    """
    names = list(names) or sites.OBSERVED
    wanted: dict[tuple[str, int], None] = {}
    others = []
    for name in names:
        site = _site(name)
        if site is None:
            others.append(name)
            continue
        first, last = start or site.start, end or site.end
        station = f"{sites.STATIONS[site.name]}_{site.uscrn}"
        wanted |= {(station, year): None for year in range(first.year, last.year + 1)}
    if others:
        wanted |= dict.fromkeys(_listed(others, start, end))
    today = pd.Timestamp.now()
    made = [_file(station, year, year == today.year) for station, year in wanted]
    listed = File(f"uscrn/{network.LIST}", f"{BASE}/{network.LIST}", _stations, SIZE_OF_LIST)
    return Plan("uscrn", (listed, *made), PACE)


def _site(name: str) -> sites.Site | None:
    """The paper's site of that name, if it is a USCRN station and its whole record is not asked."""
    if re.match(r"[A-Z]{2}_", name) or name == ALL:
        return None
    try:
        site = sites.find(name)
    except ParameterError:
        return None
    if site.uscrn is None:
        allowed = ", ".join(sites.OBSERVED)
        raise ParameterError(f"site {site.name!r} is no USCRN station; of the paper: {allowed}")
    return site


def _listed(names: list[str], start, end) -> list[tuple[str, int]]:
    """Station and year of every file that NCEI's listings have of these stations."""
    client = Client(PACE)
    index = client.read(f"{BASE}/daily01/").decode(errors="replace")
    first, last = (start.year if start else 0), (end.year if end else 9999)
    years = [year for year in map(int, YEAR.findall(index)) if first <= year <= last]
    if not years:
        raise DataError(f"{BASE}/daily01/: no years {first or ''} to {last} in NCEI's listing")
    there: dict[str, list[int]] = {}
    for year in years:
        page = client.read(f"{BASE}/daily01/{year}/").decode(errors="replace")
        for _, station in FILE.findall(page):
            there.setdefault(station, []).append(year)
    if not there:
        raise DataError(f"{BASE}/daily01/: no files of stations in NCEI's listing")
    known = sorted(there)
    found = known if ALL in names else [uscrn.find_in(known, name, BASE) for name in names]
    return [(station, year) for station in dict.fromkeys(found) for year in there[station]]


def _file(station: str, year: int, changing: bool) -> File:
    name = f"{uscrn.PREFIX}-{year}-{station}.txt"
    path = f"daily01/{year}/{name}"
    return File(f"uscrn/{path}", f"{BASE}/{path}", uscrn.read_year, SIZE, changing=changing)


def _stations(path: Path) -> None:
    """The list has the columns that are read, and stations."""
    needed = ["STATE", "LOCATION", "VECTOR", "ELEVATION"]
    if files.table(files.read_text(path), needed, path, delimiter="\t").empty:
        raise DataError(f"{path}: no stations")
