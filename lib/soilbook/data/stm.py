"""Files of an ISMN archive: one sensor each, hourly values with flags.

``NETWORK/STATION/..._VARIABLE_FROM_TO_SENSOR_START_END.stm``: a header line (three names, latitude,
longitude, elevation, depths from and to, sensor), then ``yyyy/mm/dd HH:MM value flag [provider]``
in UTC; absent rows are gaps.
"""

import re
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook import schema
from soilbook.data import parse
from soilbook.errors import DataError

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


def open_archive(archive: Path | str) -> zipfile.ZipFile:
    """The opened zip; DataError if it is absent or damaged."""
    path = Path(archive)
    if not path.is_file():
        raise DataError(f"{path}: no such file; an ISMN archive (zip) is needed")
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: damaged archive ({error}); a whole zip is needed") from None


def members(opened: zipfile.ZipFile) -> dict[str, list[str]]:
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


def read_sensor(opened: zipfile.ZipFile, name: str) -> Sensor:
    """One sensor file of the archive; DataError naming archive, file and row."""
    where = f"{Path(opened.filename).name}:{name}"
    try:
        text = opened.read(name).decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(f"{where}: damaged in the archive ({error})") from None
    header, _, body = text.partition("\n")
    words = header.split()
    if len(words) < 8:
        raise DataError(f"{where}, row 1: header of {len(words)} words; 8 or more are needed")
    names = ["latitude", "longitude", "elevation", "depth from", "depth to"]
    cells = parse.numbers(np.array([words[3:8]]), names, where, np.array([1]))[0]
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
    values = parse.numbers(np.array([[one[2]] for one in fields]), ["value"], where, rows)[:, 0]
    return pd.Series(values, index), pd.Series([one[3] for one in fields], index)


def _nominal(depth: float) -> float:
    """The paper's depth near this one, or the depth itself to the centimetre."""
    nearest = min(schema.DEPTHS, key=lambda one: abs(one - depth))
    return nearest if abs(nearest - depth) <= NEAR else round(depth, 2)
