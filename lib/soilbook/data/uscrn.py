"""The U.S. Climate Reference Network, daily product: reader of NCEI's layout, and what is fetched.

``uscrn/daily01/YEAR/CRND0103-YEAR-ST_Name.txt``: 28 fields separated by spaces, no header, local
standard days. Missing is the lowest number of a format: -9999 or, for soil moisture, -99. Derived
values are good unless missing (NCEI's README, note E); the rules of ``quality`` come on top.

Air temperature is T_DAILY_AVG, the mean of all 5-minute values, and not T_DAILY_MEAN, which is
(max + min) / 2 "by the typical historical approach" (README, field 8). Against the means of
Table D2 of Wang et al. (2024) T_DAILY_AVG is off by at most 0.23 degC at the 16 stations and
T_DAILY_MEAN by up to 0.65.
"""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import files, quality, sites
from soilbook.data.files import File, Folder, Plan
from soilbook.errors import DataError, ParameterError
from soilbook.physics.air import WATT_PER_MEGAJOULE_DAY

N_FIELDS = 28
MISSING = (-9999.0, -99.0)
# Position in a row (from 0), name in the README, variable of ours.
POSITION = {"longitude": (3, "LONGITUDE"), "latitude": (4, "LATITUDE")}
WEATHER = {
    "precipitation": (9, "P_DAILY_CALC"),
    "air_temperature": (8, "T_DAILY_AVG"),
    "shortwave": (10, "SOLARAD_DAILY"),
    "relative_humidity": (17, "RH_DAILY_AVG"),
}
# The first of five, one a depth.
SOIL = {"sm": (18, "SOIL_MOISTURE"), "soil_temperature": (23, "SOIL_TEMP")}
FIELDS = dict([*POSITION.values(), *WEATHER.values()]) | {
    first + k: f"{field}_{depth * 100:.0f}_DAILY"
    for first, field in SOIL.values()
    for k, depth in enumerate(schema.DEPTHS)
}
PREFIX = "CRND0103"
NAME = re.compile(PREFIX + r"-(\d{4})-(.+)\.(?i:txt)")
# NCEI's list of stations, tab-separated; ELEVATION is in feet, or one of UNKNOWN.
LIST = "stations.tsv"
LISTED = ("STATE", "LOCATION", "VECTOR", "ELEVATION")
UNKNOWN = ("UN", "-9999")
FOOT = 0.3048  # m
LOWEST, HIGHEST = -450.0, 9000.0  # m, of the Earth's land
BASE = "https://www.ncei.noaa.gov/pub/data/uscrn/products"
PACE, SIZE, SIZE_OF_LIST = 0.5, 79_000, 60_000  # s, bytes
ALL = "all"
YEAR = re.compile(r'href="(\d{4})/"')
LINK = re.compile(rf'href="{NAME.pattern}"')


def stations(folder: Folder = None) -> list[str]:
    """Names of all stations in the data folder, with their state, e.g. ``RI_Kingston_1_W``."""
    return sorted(years(folder))


def years(folder: Folder = None) -> dict[str, list[int]]:
    """Years on file of every station, rising; DataError if there is no station."""
    root = files.product(folder, "uscrn/daily01")
    there: dict[str, list[int]] = {}
    for path in files.matching(root, f"[12]*/{PREFIX}-*.txt"):
        if match := NAME.fullmatch(path.name):
            there.setdefault(match.group(2), []).append(int(match.group(1)))
    if not there:
        raise DataError(f"{root}: no station files; YEAR/{PREFIX}-YEAR-ST_Name.txt are needed")
    return {station: sorted(one) for station, one in there.items()}


def path_of(folder: Folder, station: str, year: int) -> Path:
    """File of one year of a station given by its full name."""
    root = files.product(folder, "uscrn/daily01")
    return files.there(root / str(year) / f"{PREFIX}-{year}-{station}.txt")


def find(folder: Folder, name: str) -> str:
    """Full name of a station given with or without state, blanks and hyphens as underscores.

    Raises DataError that lists the closest names if there is no such station, or several.
    """
    return find_in(stations(folder), name, files.product(folder, "uscrn/daily01"))


def files_of(folder: Folder, station: str, start=None, end=None) -> list[Path]:
    """Year files of a station, oldest first, limited to the years of start..end where given.

    Raises DataError naming the year if one is missing between the first and the last.
    """
    catalogue = years(folder)
    root = files.product(folder, "uscrn/daily01")
    full = find_in(sorted(catalogue), station, root)
    there = catalogue[full]
    first, last = (int(str(one)[:4]) for one in (start or there[0], end or there[-1]))
    chosen = [year for year in there if first <= year <= last]
    if not chosen:
        raise DataError(
            f"{root}: station {full} has the years {there[0]} to {there[-1]}, "
            f"none of {start or there[0]} to {end or there[-1]}"
        )
    absent = set(range(chosen[0], chosen[-1])) - set(chosen)
    if absent:
        raise DataError(
            f"{root}: station {full} has no file of the year {min(absent)}; "
            f"every year from {chosen[0]} to {chosen[-1]} is needed"
        )
    return [path_of(folder, full, year) for year in chosen]


def position(path: Path) -> tuple[float, float]:
    """Longitude and latitude in the first row of a file; DataError naming file and row."""
    cells = files.read_text(path).split("\n", 1)[0].split()
    if len(cells) != N_FIELDS:
        raise DataError(f"{path}, row 1: {len(cells)} fields; {N_FIELDS} are needed")
    at, names = zip(*POSITION.values(), strict=True)
    longitude, latitude = files.numbers(np.array([cells])[:, at], names, path, [1])[0]
    files.check_place(latitude, longitude, f"{path}, row 1")
    return longitude, latitude


def read(folder: Folder, station: str, start=None, end=None) -> xr.Dataset:
    """Daily record of one station: weather, and soil moisture and temperature at five depths.

    Dimensions (depth 5, time); every day from the first to the last row, limited to start..end
    (dates) where given. A depth without probes is kept, all NaN. Raises DataError naming file and
    row for a file that is absent, empty, cut short or damaged.
    """
    paths = files_of(folder, station, start, end)
    parts = [read_year(path) for path in paths]
    longitude, latitude = place = parts[0][1][:2, 0]
    for k, (path, (days, values)) in enumerate(zip(paths, parts, strict=True)):
        _check_place(path, values[:2], place)
        _check_whole(path, days, first=k == 0, last=k == len(paths) - 1)
    days = np.concatenate([days for days, _ in parts])
    days, values = files.calendar(days, np.concatenate([table for _, table in parts], axis=1))
    keep = (days >= files.day(start or days[0])) & (days <= files.day(end or days[-1]))
    full = NAME.fullmatch(paths[0].name).group(2)
    if not keep.any():
        raise DataError(
            f"{paths[0].parent.parent}: station {full} has days from {days[0]} to {days[-1]}, "
            f"none of {start or days[0]} to {end or days[-1]}"
        )
    return quality.dataset(
        _columns(values[:, keep]),
        days[keep],
        schema.DEPTHS,
        full,
        (latitude, longitude),
        f"NOAA USCRN daily ({PREFIX}), station {full}",
    )


def _columns(values: np.ndarray) -> dict[str, tuple[np.ndarray, str]]:
    """Variables out of the rows of ``read_year``, which stand in the order of ``FIELDS``."""
    values = np.where(np.isin(values, MISSING), np.nan, values)
    row = list(FIELDS).index
    parts = {name: (values[row(at)], field) for name, (at, field) in WEATHER.items()}
    for name, (at, field) in SOIL.items():
        parts[name] = values[row(at) : row(at) + len(schema.DEPTHS)], field
    energy, field = parts["shortwave"]
    parts["shortwave"] = energy * WATT_PER_MEGAJOULE_DAY, field
    return {
        name: (part, f"measured: USCRN daily, {field}") for name, (part, field) in parts.items()
    }


def read_year(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Days and fields (field, day) of one file, named as NCEI names it, missing values as in it.

    Raises DataError naming file and row for one that is cut short or damaged.
    """
    text = files.read_text(path)
    rows = [line.split() for line in text.rstrip().splitlines()]
    wrong = [len(row) != N_FIELDS for row in rows]
    files.refuse(wrong, path, lambda k: f"{len(rows[k])} fields; {N_FIELDS} are needed")
    if not text.endswith("\n"):
        raise DataError(f"{path}, row {len(rows)}: cut short; a row ends with a line break")
    table = np.array(rows)
    numbers = np.arange(1, len(rows) + 1)
    days = files.times(table[:, 1], "%Y%m%d", path, numbers)
    year = int(NAME.fullmatch(path.name).group(1))
    strange = days.astype("datetime64[Y]") != np.datetime64(str(year), "Y")
    files.refuse(strange, path, lambda k: f"day {days[k]}; only days of {year} belong here")
    return days, files.numbers(table[:, list(FIELDS)], list(FIELDS.values()), path, numbers).T


def _check_place(path: Path, positions: np.ndarray, place: np.ndarray) -> None:
    """Every row (longitude and latitude, day) lies where the record begins."""
    near = (np.abs(positions - place[:, None]) <= files.SAME_PLACE).all(axis=0)
    begins = f"the record begins at {place.tolist()}"
    files.refuse(
        ~near, path, lambda k: f"longitude and latitude {positions[:, k].tolist()}; {begins}"
    )


def _check_whole(path: Path, days: np.ndarray, first: bool, last: bool) -> None:
    """A year between others begins on 1 January and ends on 31 December."""
    year = days[0].astype("datetime64[Y]")
    start, end = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]") - 1
    if not first and days[0] != start:
        raise DataError(f"{path}, row 1: begins on {days[0]}; {start} is needed")
    if not last and days[-1] != end:
        raise DataError(
            f"{path}, row {days.size}: ends on {days[-1]}; {end} is needed (is it cut short?)"
        )


def find_in(names: list[str], name: str, where: object) -> str:
    """The one of these full names that is meant; DataError as ``find``, naming ``where``."""
    wanted = re.sub(r"[\s-]+", "_", name.strip()).lower()
    exact = [one for one in names if wanted in (one.lower(), one[3:].lower())]
    if len(exact) == 1:
        return exact[0]
    by_key = {one[3:].lower(): one for one in names}
    near = exact or [by_key[key] for key in difflib.get_close_matches(wanted[:60], by_key, 4, 0.5)]
    hint = f"closest: {', '.join(near)}" if near else f"there are {names[0]} to {names[-1]}"
    kind = "several stations" if exact else "no station"
    raise DataError(f"{where}: {kind} {name!r}; {hint}")


def elevations(folder: Folder) -> dict[str, float]:
    """Elevation (m) of the stations in NCEI's list; empty without it."""
    path = files.product(folder, "uscrn") / LIST
    if not path.is_file():
        return {}
    listed = _list(path)
    cells = listed.map(str.strip).to_numpy(dtype=str)
    names = ["_".join(" ".join(row[:3]).split()) for row in cells]
    feet = np.where(np.isin(np.char.upper(cells[:, 3:]), UNKNOWN), "", cells[:, 3:])
    height = files.numbers(feet, ["ELEVATION"], path, listed.index)[:, 0] * FOOT
    allowed = f"{LOWEST / FOOT:.0f} to {HIGHEST / FOOT:.0f} are allowed"
    odd = (height < LOWEST) | (height > HIGHEST)
    files.refuse(odd, path, lambda k: f"ELEVATION is {cells[k, 3]} feet; {allowed}", listed.index)
    return dict(zip(names, height, strict=True))


def _list(path: Path) -> pd.DataFrame:
    return files.table(files.read_text(path), LISTED, path, delimiter="\t")[list(LISTED)]


def _check_list(path: Path) -> None:
    """The list has the columns that are read, and stations."""
    if _list(path).empty:
        raise DataError(f"{path}: no stations")


def plan(root: Path, names: Iterable[str], start, end, ask) -> Plan:
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
        wanted |= dict.fromkeys(_listed(others, start, end, ask))
    today = pd.Timestamp.now()
    made = [_file(station, year, year == today.year) for station, year in wanted]
    listed = File(f"uscrn/{LIST}", f"{BASE}/{LIST}", _check_list, SIZE_OF_LIST)
    return Plan("uscrn", (listed, *made), PACE)


def _site(name: str) -> sites.Site | None:
    """The paper's site of that name, if it is a USCRN station and its whole record is not asked."""
    site = None if name == ALL else sites.meant(name)
    if site and site.uscrn is None:
        allowed = ", ".join(sites.OBSERVED)
        raise ParameterError(f"site {site.name!r} is no USCRN station; of the paper: {allowed}")
    return site


def _listed(names: list[str], start, end, ask) -> list[tuple[str, int]]:
    """Station and year of every file that NCEI's listings have of these stations."""
    index = ask(f"{BASE}/daily01/").decode(errors="replace")
    first, last = (start.year if start else 0), (end.year if end else 9999)
    years = [year for year in map(int, YEAR.findall(index)) if first <= year <= last]
    if not years:
        raise DataError(f"{BASE}/daily01/: no years {first or ''} to {last} in NCEI's listing")
    there: dict[str, list[int]] = {}
    for year in years:
        page = ask(f"{BASE}/daily01/{year}/").decode(errors="replace")
        for _, station in LINK.findall(page):
            there.setdefault(station, []).append(year)
    if not there:
        raise DataError(f"{BASE}/daily01/: no files of stations in NCEI's listing")
    known = sorted(there)
    found = known if ALL in names else [find_in(known, name, BASE) for name in names]
    return [(station, year) for station in dict.fromkeys(found) for year in there[station]]


def _file(station: str, year: int, changing: bool) -> File:
    name = f"{PREFIX}-{year}-{station}.txt"
    path = f"daily01/{year}/{name}"
    return File(f"uscrn/{path}", f"{BASE}/{path}", read_year, SIZE, changing=changing)
