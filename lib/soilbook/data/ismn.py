"""Reader of archives of the International Soil Moisture Network ("header+values", as downloaded).

One sensor a file, ``NETWORK/STATION/..._VARIABLE_FROM_TO_SENSOR_START_END.stm``: a header line
(three names, latitude, longitude, elevation, depths from and to, sensor), then ``yyyy/mm/dd HH:MM
value flag [provider]`` in UTC; absent rows are gaps.

Only values whose flag is G (good) are kept; flags are those of Dorigo et al. (2013),
doi 10.2136/vzj2012.0097. Sensors of one depth follow one another: where two report at the same
hour the one installed later stands, so that a replaced sensor ends where its successor begins, and
is used again only where the successor is silent. Days are UTC days with at least ``minimum_hours``
good hours; soil and temperature are their means, precipitation their sum (not scaled up for absent
hours).
"""

import re
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import files, quality
from soilbook.errors import DataError

MINIMUM_HOURS = 18
VARIABLES = {
    "p": "precipitation",
    "ta": "air_temperature",
    "ts": "soil_temperature",
    "sm": "sm",
}
GOOD = "G"
# A probe within 2 cm of one of the paper's depths stands for it (SCAN's lie at 2, 4, 8, 20, 40 in).
NEAR = 0.02
FILE = re.compile(r"(.+)/.+_([a-z]+)_(-?[\d.]+)_(-?[\d.]+)_([^_]+)_\d{8}_\d{8}\.stm")


@dataclass(frozen=True)
class Sensor:
    """One sensor: variable, depth it stands for and lies at (m), good hours (UTC), flag counts."""

    variable: str
    depth: float
    exact_depth: float
    label: str
    latitude: float
    longitude: float
    good: pd.Series
    flags: Counter


def stations(archive: Path | str) -> list[str]:
    """Stations of an archive as ``NETWORK/STATION``; DataError if it is absent or damaged."""
    with _open(archive) as opened:
        return sorted(_members(opened))


def read(archive: Path | str, station: str, minimum_hours: int = MINIMUM_HOURS) -> xr.Dataset:
    """Daily record of one station, with or without its network, at the depths of its probes.

    Dimensions (depth, time); weather only where the station has it. Attributes of a variable:
    ``n_flagged`` (hours not kept), ``flags`` (hours by flag), ``sensors``. Raises DataError naming
    the file inside the archive and the row.
    """
    with _open(archive) as opened:
        members = _members(opened)
        full = _find(sorted(members), station, archive)
        sensors = [_read_sensor(opened, name) for name in members[full]]
    depths = sorted({one.depth for one in sensors if one.variable == "sm"})
    if not depths:
        raise DataError(f"{archive}: station {full} has no soil moisture")
    table = _table(sensors, minimum_hours)
    if table.empty:
        raise DataError(f"{archive}: station {full} has no day of {minimum_hours} good hours")
    origin = f"measured: ISMN {full}"
    measured = {one.variable for one in sensors}
    columns = {}
    for name in (name for name in schema.FEATURES if name in measured):
        if "depth" in schema.VARIABLES[name].dims:
            columns[name] = (table[name].reindex(columns=depths).to_numpy().T, origin)
        else:
            columns[name] = (table[name, 0.0].to_numpy(), origin)
    result = quality.dataset(
        columns,
        table.index.to_numpy(),
        depths,
        site=full.rsplit("/", 1)[1],
        latitude=sensors[0].latitude,
        longitude=sensors[0].longitude,
        source=f"ISMN {full}, {Path(archive).name}",
    )
    for name in columns:
        result[name].attrs |= _provenance([one for one in sensors if one.variable == name])
    return result


def _table(sensors: list[Sensor], minimum_hours: int) -> pd.DataFrame:
    """Days by (variable, depth), every calendar day."""
    daily = {}
    for variable, depth in sorted({(one.variable, one.depth) for one in sensors}):
        hours = [one.good for one in sensors if (one.variable, one.depth) == (variable, depth)]
        daily[variable, depth] = _daily(_join(hours), variable, minimum_hours)
    return pd.DataFrame(daily).asfreq("D")


def _provenance(sensors: list[Sensor]) -> dict:
    flags = sum((one.flags for one in sensors), Counter())
    counts = ", ".join(f"{flag} {count}" for flag, count in sorted(flags.items()))
    return {
        "n_flagged": sum(count for flag, count in flags.items() if flag != GOOD),
        "flags": counts,
        "sensors": ", ".join(f"{one.label} at {one.exact_depth:g} m" for one in sensors),
    }


def _find(names: list[str], station: str, archive: Path | str) -> str:
    for name in names:
        if station in (name, name.rsplit("/", 1)[1]):
            return name
    raise DataError(f"{archive}: no station {station!r}; there are: {', '.join(names)}")


def _join(sensors: list[pd.Series]) -> pd.Series:
    """One series of hours; where sensors overlap, the one that began later."""
    present = sorted((one for one in sensors if one.size), key=lambda one: one.index[0])
    if not present:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    joined = pd.concat(present)
    return joined[~joined.index.duplicated(keep="last")].sort_index()


def _daily(hours: pd.Series, variable: str, minimum_hours: int) -> pd.Series:
    days = hours.groupby(hours.index.floor("D"))
    total = days.sum() if variable == "precipitation" else days.mean()
    return total[days.count() >= minimum_hours]


def _open(archive: Path | str) -> zipfile.ZipFile:
    """The opened zip; DataError if it is absent or damaged."""
    path = Path(archive)
    if not path.is_file():
        raise DataError(f"{path}: no such file; an ISMN archive (zip) is needed")
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: damaged archive ({error}); a whole zip is needed") from None


def _members(opened: zipfile.ZipFile) -> dict[str, list[str]]:
    """Names of the sensor files of each NETWORK/STATION; DataError if there are none."""
    found: dict[str, list[str]] = {}
    for name in sorted(opened.namelist()):
        match = FILE.fullmatch(name)
        if match and match.group(2) in VARIABLES:
            found.setdefault(match.group(1), []).append(name)
    if not found:
        raise DataError(
            f"{opened.filename}: no .stm files; a 'header+values' archive of ISMN is needed"
        )
    return found


def _read_sensor(opened: zipfile.ZipFile, name: str) -> Sensor:
    """One sensor file of the archive; DataError naming archive, file and row."""
    where = f"{Path(opened.filename).name}:{name}"
    try:
        text = files.decode(opened.read(name))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(f"{where}: damaged in the archive ({error})") from None
    header, _, body = text.partition("\n")
    words = header.split()
    if len(words) < 8:
        raise DataError(f"{where}, row 1: header of {len(words)} words; 8 or more are needed")
    names = ["latitude", "longitude", "elevation", "depth from", "depth to"]
    cells = files.numbers(np.array([words[3:8]]), names, where, np.array([1]))[0]
    latitude, longitude, _, top, bottom = cells.tolist()
    values, flags = _hours(body, where)
    match = FILE.fullmatch(name)
    variable = VARIABLES[match.group(2)]
    exact = (top + bottom) / 2
    below = "depth" in schema.VARIABLES[variable].dims
    return Sensor(
        variable,
        _nominal(exact) if below else 0.0,
        exact,
        match.group(5),
        latitude,
        longitude,
        values[flags == GOOD],
        Counter(flags.value_counts().to_dict()),
    )


def _hours(body: str, where: str) -> tuple[pd.Series, pd.Series]:
    """Values and flags of all rows, by hour (UTC)."""
    fields = [line.split(None, 4)[:4] for line in body.rstrip().splitlines()]
    rows = np.arange(2, len(fields) + 2)
    short = next((row for row, one in zip(rows, fields, strict=True) if len(one) < 4), None)
    if short is not None:
        raise DataError(f"{where}, row {short}: date, hour, value and flag are needed")
    if not fields:
        raise DataError(f"{where}: no rows below the header")
    hours = pd.to_datetime(
        pd.Series([f"{date} {hour}" for date, hour, *_ in fields]),
        format="%Y/%m/%d %H:%M",
        errors="coerce",
    )
    bad = np.flatnonzero(hours.isna())
    if bad.size:
        raise DataError(
            f"{where}, row {rows[bad[0]]}: {' '.join(fields[bad[0]][:2])!r} is no hour; "
            "yyyy/mm/dd HH:MM is needed"
        )
    late = np.flatnonzero(np.diff(hours.to_numpy()).astype(int) <= 0)
    if late.size:
        raise DataError(
            f"{where}, row {rows[late[0] + 1]}: hour {hours[late[0] + 1]} stands twice or is out "
            "of order; hours must rise"
        )
    index = pd.DatetimeIndex(hours)
    values = files.numbers(np.array([[one[2]] for one in fields]), ["value"], where, rows)[:, 0]
    return pd.Series(values, index), pd.Series([one[3] for one in fields], index)


def _nominal(depth: float) -> float:
    """The paper's depth near this one, or the depth itself to the centimetre."""
    nearest = min(schema.DEPTHS, key=lambda one: abs(one - depth))
    return nearest if abs(nearest - depth) <= NEAR else round(depth, 2)
