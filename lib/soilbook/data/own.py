"""A site of one's own: a table of days that a spreadsheet can write.

First lines ``# name: value`` (latitude, longitude; sand, silt, clay in percent), then the names of
the columns, then their units, then one row a day:

    # latitude: 52.17
    date,precipitation,air_temperature,sm_0.05,st_0.05
    dd.mm.yyyy,mm,degC,%,degC
    01.05.2019,0.2,11.5,23.1,10.9

``sm_D`` and ``st_D`` are soil moisture and temperature at D m. The unit of ``date`` is the order of
its parts, so that no day is taken for a month; where it is empty only yyyy-mm-dd is read. Columns
are separated by commas, or by semicolons or tabs, in which a comma may be the decimal mark: a file
with both marks in its numbers is refused. An empty cell is missing, and so is an absent day.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import files, quality, sites
from soilbook.errors import DataError
from soilbook.physics.air import WATT_PER_MEGAJOULE_DAY

ENDING = ".csv"
# Factor and offset to our units, by the units that a column may have.
_RADIATION = {"W m-2": (1.0, 0.0), "MJ m-2 d-1": (WATT_PER_MEGAJOULE_DAY, 0.0)}
_CELSIUS = {"degC": (1.0, 0.0), "K": (1.0, -273.15), "degF": (1 / 1.8, -32 / 1.8)}
UNITS = {
    "precipitation": {"mm d-1": (1.0, 0.0), "mm": (1.0, 0.0)},
    "air_temperature": _CELSIUS,
    "longwave": _RADIATION,
    "shortwave": _RADIATION,
    "relative_humidity": {"%": (1.0, 0.0)},
    "wind_speed": {"m s-1": (1.0, 0.0), "km/h": (1 / 3.6, 0.0)},
    "sm": {"m3 m-3": (1.0, 0.0), "%": (0.01, 0.0)},
    "soil_temperature": _CELSIUS,
}
SPELLINGS = {
    "mm/d": "mm d-1", "mm/day": "mm d-1", "°C": "degC", "C": "degC", "°F": "degF", "W/m2": "W m-2",
    "W/m^2": "W m-2", "MJ/m2/d": "MJ m-2 d-1", "MJ/m^2/day": "MJ m-2 d-1", "m/s": "m s-1",
    "m3/m3": "m3 m-3", "m^3/m^3": "m3 m-3", "vol%": "%", "percent": "%",
}  # fmt: skip
ORDERS = {
    "yyyy-mm-dd": "%Y-%m-%d",
    "dd.mm.yyyy": "%d.%m.%Y",
    "dd/mm/yyyy": "%d/%m/%Y",
    "mm/dd/yyyy": "%m/%d/%Y",
}
ISO = "yyyy-mm-dd"
PROBE = re.compile(r"(sm|st)_(\d+(?:\.\d+)?)")
DEEPEST = 10.0  # m
ABOUT = ("latitude", "longitude", "sand", "silt", "clay")
MISSING = ("", "nan", "na", "n/a", "null")
TOLD = 20  # faults of one column that are told


@dataclass(frozen=True)
class Column:
    """A column: its name in the file, variable, depth (m; None for weather) and unit."""

    name: str
    variable: str
    depth: float | None
    unit: str


@dataclass
class Table:
    """What a file holds: days, values (column, day) in our units, and all that is wrong with it.

    ``gaps`` tells of days that the file leaves out, which count as missing.
    """

    about: dict[str, float]
    columns: list[Column]
    days: np.ndarray
    values: np.ndarray
    faults: list[str]
    gaps: list[str]


def is_own(name: str) -> bool:
    """Whether the name of a site is the path of such a file."""
    return str(name).lower().endswith(ENDING)


def label(name: str) -> str:
    """What a site is called in results: a file by its name without the ending, others as named."""
    return Path(name).stem if is_own(name) else name


def template(name: str) -> str:
    """A commented file to be filled in."""
    header = ["date", *UNITS][:-2]
    units = [ISO, *(next(iter(UNITS[one])) for one in header[1:])]
    for depth in schema.DEPTHS:
        header += [f"sm_{depth:g}", f"st_{depth:g}"]
        units += ["m3 m-3", "degC"]
    allowed = [f"#   {one}: {', '.join(units_of)}" for one, units_of in UNITS.items()]
    lines = [
        f"# Site {name}: one row a day, in any spreadsheet or editor.",
        "# Lines that begin with # are read only where they hold one of these:",
        "# latitude: ",
        "# longitude: ",
        "# sand: ",
        "# silt: ",
        "# clay: ",
        "# (degrees; percent by mass, of use where a chapter tells its models of the place)",
        "# The first row names the columns, the second their units. Leave out what you do not",
        "# have: only date and one sm_DEPTH are needed. Depths are in m, any number of them.",
        "# An empty cell is missing. Units that are read:",
        *allowed,
        f"# The unit of date is the order of its parts: {', '.join(ORDERS)}.",
        f"# When filled in: soilbook site check {name}{ENDING}",
        ",".join(header),
        ",".join(units),
        "",
    ]
    return "\n".join(lines)


def table(path: Path) -> Table:
    """The content of a file with all its faults; DataError for one that is no such table at all."""
    text = files.read_text(path)
    lines = {n: line for n, line in enumerate(text.splitlines(), start=1)}
    comments = {n: line for n, line in lines.items() if line.strip().strip('"').startswith("#")}
    rows = {n: line for n, line in lines.items() if n not in comments and line.strip(' ,;\t"')}
    if len(rows) < 2:
        raise DataError(f"{path}: a row of names and a row of units are needed; see: site new")
    delimiter = max(",;\t", key=next(iter(rows.values())).count)
    blank = [rows.get(n, "") for n in range(1, max(rows) + 1)]
    cells = _cells("\n".join(blank), delimiter, path)
    names = [str(name) for name in cells.columns]
    units = cells.iloc[0].str.strip()
    made = Table(_about(comments, path), [], np.array([], "datetime64[D]"), np.empty(0), [], [])
    made.columns = _columns(names, units, path, cells.index[0])
    body = cells.iloc[1:]
    if body.empty:
        raise DataError(f"{path}: no day below the rows of names and units")
    days, good = _days(body["date"].str.strip(), units["date"], path, made)
    values = [
        _numbers(body[one.name].str.strip(), one, delimiter, path, made) for one in made.columns
    ]
    _mixed_marks(body, delimiter, path, made)
    made.days, made.values = days[good], np.array(values)[:, good]
    return made


def read(path: Path | str) -> xr.Dataset:
    """Daily Dataset of a file, named after it; DataError with its first fault and their number."""
    path = Path(path)
    found = table(path)
    if found.faults:
        more = len(found.faults) - 1
        rest = f"; {more} more faults: soilbook site check {path}" if more else ""
        raise DataError(f"{found.faults[0]}{rest}")
    check_name(path)
    days, values = files.calendar(found.days, found.values)
    depths = sorted({one.depth for one in found.columns if one.variable == "sm"})
    columns = {}
    for name in schema.FEATURES:
        here = [k for k, one in enumerate(found.columns) if one.variable == name]
        if not here:
            continue
        if found.columns[here[0]].depth is None:
            part = values[here[0]]
        else:
            part = np.full((len(depths), days.size), np.nan)
            for k in here:
                if found.columns[k].depth in depths:
                    part[depths.index(found.columns[k].depth)] = values[k]
        columns[name] = part, f"measured: {path.name}"
    place = tuple(found.about.get(axis, np.nan) for axis in ("latitude", "longitude"))
    result = quality.dataset(columns, days, depths, path.stem, place, f"own site, {path.name}")
    result.attrs |= {one: found.about[one] for one in ABOUT[2:] if one in found.about}
    return result


def check_name(path: Path) -> None:
    """DataError where the paper has a site of the name that the file gives to its own."""
    if sites.key(path.stem) in {sites.key(name) for name in sites.SITES}:
        raise DataError(f"{path}: the paper has a site of this name; choose another")


def _about(comments: dict[int, str], path: Path) -> dict[str, float]:
    found = {}
    for n, line in comments.items():
        match = re.fullmatch(r'[\s"]*#\s*(\w+)\s*:\s*(.*?)[\s,;"]*', line)
        if not match or match[1].lower() not in ABOUT or not match[2]:
            continue
        number = match[2].replace(",", ".")
        if not files.is_number(number):
            raise DataError(f"{path}, row {n}: {match[1]} is {match[2]!r}; a number is needed")
        found[match[1].lower()] = float(number)
    files.check_place(found.get("latitude", 0.0), found.get("longitude", 0.0), path)
    return found


def _cells(text: str, delimiter: str, path: Path) -> pd.DataFrame:
    """Cells of the rows by line number; spreadsheets pad rows with empty cells at their ends."""
    first = next(line for line in text.splitlines() if line)
    width = len(first.rstrip(delimiter + " ").split(delimiter))

    def cut(line: str) -> str:
        extra = line.count(delimiter) - (width - 1)
        tail = delimiter * extra if extra > 0 else ""
        return line.removesuffix(tail)

    return files.table("\n".join(map(cut, text.splitlines())), ("date",), path, delimiter)


def _columns(names: list[str], units: pd.Series, path: Path, row: int) -> list[Column]:
    """Columns of a file in its order, ``date`` left out; DataError for a name or unit not known."""
    made, seen = [], set()
    for name in names:
        if name == "date":
            continue
        match = PROBE.fullmatch(name)
        variable = {"sm": "sm", "st": "soil_temperature"}[match[1]] if match else name
        depth = float(match[2]) if match else None
        if variable not in UNITS or (match is None and name in ("sm", "soil_temperature")):
            weather = [one for one in UNITS if "depth" not in schema.VARIABLES[one].dims]
            allowed = ", ".join(["date", *weather, "sm_DEPTH", "st_DEPTH"])
            raise DataError(f"{path}: unknown column {name!r}; allowed: {allowed}")
        if depth is not None and not 0 < depth <= DEEPEST:
            raise DataError(f"{path}, column {name}: depths above 0 and to {DEEPEST:g} m; in m")
        if (variable, depth) in seen or names.count(name) > 1:
            raise DataError(f"{path}: more than one column {name!r}")
        seen.add((variable, depth))
        unit = SPELLINGS.get(units[name], units[name])
        if unit not in UNITS[variable]:
            raise DataError(
                f"{path}, row {row}, column {name}: the unit is {units[name]!r}; "
                f"allowed: {', '.join(UNITS[variable])}"
            )
        made.append(Column(name, variable, depth, unit))
    if not any(one.variable == "sm" for one in made):
        raise DataError(f"{path}: no column of soil moisture, such as sm_0.05 (depth in m)")
    return made


def _days(texts: pd.Series, order: str, path: Path, made: Table) -> tuple[np.ndarray, np.ndarray]:
    """Days, and which rows hold one that rises; faults and gaps are told."""
    order = order.lower() or ISO
    if order not in ORDERS:
        raise DataError(
            f"{path}, column date: the unit is {order!r}; it is the order of the parts of a date: "
            f"{', '.join(ORDERS)}"
        )
    parsed = pd.to_datetime(texts, format=ORDERS[order], errors="coerce")
    known = (parsed.dt.year.between(*files.YEARS) & (texts.str.len() == len(ISO))).to_numpy()
    for row in texts.index[~known][:TOLD]:
        hint = "" if order != ISO else "; another order is declared in the second row of the table"
        made.faults.append(
            f"{path}, row {row}, column date: {texts[row]!r} is no day {order}{hint}"
        )
    days = parsed.to_numpy().astype("datetime64[D]")
    good, last = known.copy(), None
    for k in np.flatnonzero(known).tolist():
        if last is not None and days[k] <= days[last]:
            kind = "stands twice" if days[k] == days[last] else "is out of order"
            if kind == "is out of order" and days[k] in days[:k]:
                kind = "stands twice, and out of order"
            where = f"{path}, row {texts.index[k]}, column date"
            made.faults.append(f"{where}: {days[k]} {kind}; days must rise, each once")
            good[k] = False
            continue
        if last is not None and days[k] - days[last] > np.timedelta64(1, "D"):
            n = int((days[k] - days[last]).astype(int)) - 1
            made.gaps.append(f"{path}, row {texts.index[k]}: {n} days are absent before {days[k]}")
        last = k
    return days, good


def _numbers(
    texts: pd.Series, column: Column, delimiter: str, path: Path, made: Table
) -> np.ndarray:
    """Values of a column in our units; NaN where a cell is empty or at fault."""
    plain = texts.str.replace(",", ".", regex=False) if delimiter != "," else texts
    missing = texts.str.lower().isin(MISSING)
    number = plain.map(files.is_number) & ~missing
    where = f"{path}, row {{}}, column {column.name}"
    wrong = texts.index[~number & ~missing]
    for row in wrong[:TOLD]:
        made.faults.append(f"{where.format(row)}: {texts[row]!r} is no number")
    values = plain.where(number, "nan").astype(float).to_numpy()
    factor, offset = UNITS[column.variable][column.unit]
    result = values * factor + offset
    variable = schema.VARIABLES[column.variable]
    known = np.isfinite(result)
    low, high = variable.low, variable.high
    outside = known & ((result < low) | (result > high))
    if column.variable == "sm" and known.any():
        percent = column.unit == "m3 m-3" and np.median(result[known]) > high
        fraction = column.unit == "%" and values[known].max() <= 1
        if percent or fraction:
            row, other = texts.index[known.argmax()], "%" if percent else "m3 m-3"
            made.faults.append(
                f"{where.format(row)}: {texts[row]} {column.unit}; most values look like {other}, "
                f"which then stands in the row of units"
            )
            return result
    for k in np.flatnonzero(outside)[:TOLD].tolist():
        made.faults.append(
            f"{where.format(texts.index[k])}: {texts.iloc[k]} {column.unit} is outside "
            f"{low:g} to {high:g} {variable.units}; a missing value is an empty cell"
        )
    return np.where(outside, np.nan, result)


def _mixed_marks(body: pd.DataFrame, delimiter: str, path: Path, made: Table) -> None:
    """A comma is the decimal mark only where no number of the file has a point."""
    if delimiter == ",":
        return
    cells = body.drop(columns="date")
    comma = cells.apply(lambda one: one.str.contains(",", regex=False))
    point = cells.apply(lambda one: one.str.contains(".", regex=False))
    if comma.any(axis=None) and point.any(axis=None):
        row = comma.index[comma.any(axis=1)][0]
        column = comma.columns[comma.loc[row]][0]
        made.faults.append(
            f"{path}, row {row}, column {column}: {cells.loc[row, column]!r} has a comma where "
            "other numbers of the file have a point; one decimal mark is needed"
        )
