"""USDA SCAN stations as the AWDB service gives them (wcc.sc.egov.usda.gov/awdbRestApi): reader, and
what is fetched, hours of the soil year by year and days of the weather.

``scan/2057_AL_SCAN/``: ``station.json``, the answer of ``stations``; ``hourly_YEAR.json`` and
``daily.json``, answers of ``data``: a list of one {stationTriplet, data: [{stationElement:
{elementCode, ordinal, heightDepth, storedUnitCode}, values: [{date, value, qcFlag}]}]}, depths in
inches and negative, times naive station time.

Daily SMS and STO of the service are values of 00:00, so days are means of at least
``ismn.MINIMUM_HOURS`` hours here; several sensors of a depth are treated as those of ISMN.
Precipitation and air temperature are the service's daily ones. Flags differ between stations and
years: they are counted and not judged; ISMN's upper limit of soil moisture (0.6, Dorigo et al.
2013) and the spike rule of ``quality`` are applied.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import BaseModel, TypeAdapter, ValidationError

from soilbook import schema
from soilbook.data import files, ismn, quality, sites
from soilbook.data.files import File, Folder, Plan
from soilbook.data.scan import HIGHEST
from soilbook.errors import DataError, ParameterError

FOLDER = "scan"
STATION, DAILY, HOURLY = "station.json", "daily.json", "hourly_{}.json"
# The paper's sites that are SCAN stations.
TRIPLETS = {
    "HubbardBrook": "2069:NH:SCAN",
    "ShadowMtns": "2186:CA:SCAN",
    "AAMU-jtg": "2057:AL:SCAN",
    "Cullman-NAHRC": "2113:AL:SCAN",
    "LittleRiver": "2027:GA:SCAN",
    "MahantangoCk": "2028:PA:SCAN",
    "GrouseCreek": "2160:UT:SCAN",
    "FortAssiniboine#1": "2019:MT:SCAN",
    "Cper": "2197:CO:SCAN",
    "Spickard": "2047:MO:SCAN",
    "Weslaco": "2205:TX:SCAN",
    "UpperBethlehem": "2123:VI:SCAN",
}
TRIPLET = re.compile(r"(\d{1,9})[:_]([A-Z]{2})[:_]SCAN")
INCH = 0.0254  # m
INCHES = (2, 4, 8, 20, 40)
BASE = "https://wcc.sc.egov.usda.gov/awdbRestApi/services/v1"
PACE, ANSWER = 1.0, 5.0  # s
BYTES_PER_VALUE = 60
# A part of code:depth:ordinal may be *; without the ordinal only the first sensor is meant.
SOIL = ",".join(f"{code}:-{depth}:*" for code in ("SMS", "STO") for depth in INCHES)
WEATHER = "PRCP,TAVG"


def _celsius(value: np.ndarray) -> np.ndarray:
    return (value - 32) / 1.8


# Our name, and what makes our units of the service's.
ELEMENTS: dict[str, tuple[str, dict[str, Callable]]] = {
    "SMS": ("sm", {"pct": lambda value: value / 100}),
    "STO": ("soil_temperature", {"degF": _celsius}),
    "PRCP": ("precipitation", {"in": lambda value: value * INCH * 1000}),
    "TAVG": ("air_temperature", {"degF": _celsius}),
}


class _Element(BaseModel):
    elementCode: str
    ordinal: int = 1
    heightDepth: float | None = None
    storedUnitCode: str


class _Value(BaseModel):
    date: str
    value: float | None = None
    qcFlag: str | None = None


class _Series(BaseModel):
    stationElement: _Element
    values: list[_Value] = []


class _Answer(BaseModel):
    stationTriplet: str
    data: list[_Series]


class _Place(BaseModel):
    stationTriplet: str
    name: str = ""
    latitude: float
    longitude: float


def stations(folder: Folder = None) -> list[str]:
    """Triplets of the stations in the data folder, such as ``2057:AL:SCAN``."""
    root = files.product(folder, ".") / FOLDER
    return sorted(path.parent.name.replace("_", ":") for path in root.glob(f"*_*_SCAN/{STATION}"))


def find(folder: Folder, name: str) -> str | None:
    """Triplet of a station in the folder, given so, with ``_``, or by its name; None without."""
    there = stations(folder)
    match = TRIPLET.fullmatch(TRIPLETS.get(name, name))
    if match:
        triplet = f"{match[1]}:{match[2]}:SCAN"
        return triplet if triplet in there else None
    for triplet in there:
        if place(path_of(folder, triplet, STATION)).name.casefold() == name.casefold():
            return triplet
    return None


def path_of(folder: Folder, triplet: str, name: str) -> Path:
    """A file of a station."""
    return files.product(folder, ".") / FOLDER / triplet.replace(":", "_") / name


def files_of(folder: Folder, triplet: str) -> list[Path]:
    """The files of a station that ``read`` reads; DataError if one of them is absent."""
    hourly = sorted(path_of(folder, triplet, STATION).parent.glob(HOURLY.format("[12]*")))
    years = [_year(path) for path in hourly]
    if not years or years != list(range(years[0], years[-1] + 1)):
        where = path_of(folder, triplet, HOURLY.format("YEAR"))
        raise DataError(f"{where}: the years {years or 'none'}; every year is needed")
    return [path_of(folder, triplet, STATION), path_of(folder, triplet, DAILY), *hourly]


def years(folder: Folder, triplet: str) -> range:
    """Calendar years of a station on file; DataError as ``files_of``."""
    _, _, *hourly = files_of(folder, triplet)
    return range(_year(hourly[0]), _year(hourly[-1]) + 1)


def place(path: Path) -> _Place:
    """The one station of an answer of ``stations``; DataError for none, several or no JSON."""
    found = _parsed(path, list[_Place])
    if len(found) != 1:
        raise DataError(f"{path}: {len(found)} stations; the one asked for is needed")
    return found[0]


def read(folder: Folder, triplet: str) -> xr.Dataset:
    """Daily record of a station: soil moisture and temperature at the depths of its probes, rain
    and air temperature; every day of the calendar years on file.

    Raises DataError naming file and element for an answer of another form, unit or station.
    """
    station, daily, *hourly = files_of(folder, triplet)
    here = place(station)
    sensors = _sensors([read_answer(path, triplet, "%Y-%m-%d %H:%M") for path in hourly], here)
    depths = sorted({one.depth for one in sensors if one.variable == "sm"})
    if not depths:
        raise DataError(f"{station.parent}: no soil moisture in its files")
    kept = years(folder, triplet)
    days = pd.date_range(f"{kept[0]}-01-01", f"{kept[-1]}-12-31")
    table = ismn.table(sensors, ismn.MINIMUM_HOURS).reindex(days)
    columns, spikes = {}, 0
    for name, value in _weather(daily, triplet, days).items():
        columns[name] = (value, f"measured: USDA SCAN {triplet}, daily")
    for name in ("soil_temperature", "sm"):
        if name in table:
            values = table[name].reindex(columns=depths).to_numpy().T
            if name == "sm":
                values, spikes = quality.without_spikes(values)
            columns[name] = (values, f"measured: USDA SCAN {triplet}, means of hours")
    result = quality.dataset(
        columns,
        days.to_numpy(),
        depths,
        here.name or triplet,
        (here.latitude, here.longitude),
        f"USDA SCAN, station {triplet}",
    )
    for name in ("soil_temperature", "sm"):
        if name in result:
            result[name].attrs |= ismn.provenance([s for s in sensors if s.variable == name])
    result["sm"].attrs["n_spikes"] = spikes
    return result


def read_answer(path: Path, triplet: str, pattern: str) -> dict[tuple, tuple[pd.Series, Counter]]:
    """Series in our units, and counts of their flags, by (variable, inches or None, ordinal).

    Raises DataError naming file and element; an answer without any value is one of another form.
    """
    answers = _parsed(path, list[_Answer])
    if [one.stationTriplet for one in answers] != [triplet]:
        found = ", ".join(one.stationTriplet for one in answers) or "no station"
        raise DataError(f"{path}: {found}; {triplet} is needed")
    series = {}
    for one in answers[0].data:
        element = one.stationElement
        code, depth = element.elementCode, element.heightDepth
        what = f"{path}, {code}:{depth}:{element.ordinal}"
        if code not in ELEMENTS:
            raise DataError(f"{what}: unknown element; allowed: {', '.join(ELEMENTS)}")
        name, units = ELEMENTS[code]
        if element.storedUnitCode not in units:
            allowed = ", ".join(units)
            raise DataError(f"{what} is in {element.storedUnitCode!r}; allowed: {allowed}")
        below = "depth" in schema.VARIABLES[name].dims
        if below and not (depth is not None and depth < 0):
            raise DataError(f"{what}: a depth in inches below zero is needed")
        rows = range(1, len(one.values) + 1)
        length = 16 if "%H" in pattern else 10  # a daily value may carry 00:00
        texts = [value.date[:length] if length == 10 else value.date for value in one.values]
        times = files.times(texts, pattern, what, rows, unit="m" if length == 16 else "D")
        numbers = np.array([np.nan if v.value is None else v.value for v in one.values], float)
        key = name, depth if below else None, element.ordinal
        if key in series:
            raise DataError(f"{what} stands twice; once is needed")
        flags = Counter(value.qcFlag or "none" for value in one.values)
        made = units[element.storedUnitCode](numbers)
        series[key] = pd.Series(made, pd.DatetimeIndex(times.astype("datetime64[ns]"))), flags
    if not any(values.size for values, _ in series.values()):
        raise DataError(f"{path}: no values of {triplet}")
    return series


def _sensors(answers: list[dict], here: _Place) -> list[ismn.Sensor]:
    """The sensors of all years; hours that two answers share count once."""
    parts: dict[tuple, list] = {}
    for answer in answers:
        for key, one in answer.items():
            parts.setdefault(key, []).append(one)
    sensors = []
    for (variable, inches, ordinal), found in sorted(parts.items()):
        hours = pd.concat([values for values, _ in found])
        hours = hours[~hours.index.duplicated()].dropna().sort_index()
        bounds = schema.VARIABLES[variable]
        high = HIGHEST if variable == "sm" else bounds.high
        kept = hours[(hours >= bounds.low) & (hours <= high)]
        exact = -inches * INCH
        sensors.append(
            ismn.Sensor(
                variable,
                ismn.nominal(exact),
                exact,
                f"{-inches:g} in, no. {ordinal}",
                here.latitude,
                here.longitude,
                kept[kept > 0] if variable == "sm" else kept,
                sum((flags for _, flags in found), Counter()),
            )
        )
    return sensors


def _weather(path: Path, triplet: str, days: pd.DatetimeIndex) -> dict:
    """Rain and air temperature of the days; the first sensor of each."""
    found: dict = {}
    series = read_answer(path, triplet, "%Y-%m-%d")
    for (name, depth, _), (values, _) in sorted(series.items(), key=str):
        if depth is None and name not in found:
            found[name] = values.reindex(days).to_numpy()
    return found


def _year(path: Path) -> int:
    return int(path.stem.rsplit("_", 1)[1])


def _parsed(path: Path, kind):
    try:
        return TypeAdapter(kind).validate_json(files.read_text(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(
            f"{path}: {f'{where}: ' if where else ''}{first['msg']}; an answer of AWDB is needed"
        ) from None


def plan(root: Path, names: Iterable[str], start, end, ask) -> Plan:
    """Stations of the paper (default: all twelve, over their records), or others by their triplet,
    which need ``start`` and ``end``; whole years.

    Raises ParameterError for a name that is neither.
    """
    made = []
    for name in list(names) or TRIPLETS:
        triplet, first, last = _station(name, start, end)
        folder = f"{FOLDER}/{triplet.replace(':', '_')}"
        asked = {"stationTriplets": triplet, "activeOnly": "false"}
        address = f"{BASE}/stations?{urlencode(asked, safe=':')}"
        made.append(File(f"{folder}/{STATION}", address, partial(_is, triplet=triplet), 1000))
        years = range(first.year, last.year + 1)
        today = pd.Timestamp.now().year
        spans = [(year, year + 1, SOIL, "HOURLY", HOURLY.format(year)) for year in years]
        spans.append((years[0], years[-1] + 1, WEATHER, "DAILY", DAILY))
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
            check = partial(read_answer, triplet=triplet, pattern=pattern)
            size = values * BYTES_PER_VALUE
            made.append(File(f"{folder}/{file}", address, check, size, changing=stop > today))
    return Plan("scan", tuple(made), PACE, ANSWER)


def _station(name: str, start, end) -> tuple[str, pd.Timestamp, pd.Timestamp]:
    match = TRIPLET.fullmatch(name)
    if match is None:
        site = sites.find(name)
        if site.name not in TRIPLETS:
            allowed = ", ".join(TRIPLETS)
            raise ParameterError(f"site {site.name!r} is no SCAN station; of the paper: {allowed}")
        return TRIPLETS[site.name], start or site.start, end or site.end
    if start is None or end is None:
        raise ParameterError(f"{name} is no site of the paper: --from and --to are needed")
    return f"{match[1]}:{match[2]}:SCAN", start, end


def _is(path: Path, triplet: str) -> None:
    found = place(path).stationTriplet
    if found != triplet:
        raise DataError(f"{path}: station {found}; {triplet} was asked for")
