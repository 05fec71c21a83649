"""Reader of archives of the International Soil Moisture Network ("header+values", as downloaded).

One sensor a file, ``NETWORK/STATION/..._VARIABLE_FROM_TO_SENSOR_START_END.stm``: a header line
(three names, latitude, longitude, elevation, depths from and to, sensor), then ``yyyy/mm/dd HH:MM
value flag [provider]`` in UTC; absent rows are gaps.

Only values whose flag is G (good) are kept; flags are those of Dorigo et al. (2013),
doi 10.2136/vzj2012.0097. Of several sensors of one depth, those whose good hours share half or more
of the shorter record lie beside one another and are averaged hour by hour; those that share less
follow one another, in the order of their first good hours, and each ends where the next begins.
Days are UTC days with at least ``minimum_hours``
good hours; soil and temperature are their means, precipitation their sum (not scaled up for absent
hours).
"""

import re
import unicodedata
import zipfile
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
# Folders, variable, depths from and to (m), sensor.
NUMBER = r"(-?\d+(?:\.\d+)?)"
FILE = re.compile(rf"(.+)/[^/]+_([a-z]+)_{NUMBER}_{NUMBER}_([^_/]+)_\d{{8}}_\d{{8}}\.stm")
DATE = re.compile(r"\d{4}/\d\d/\d\d")
FORMAT = "a 'header+values' archive of ISMN is needed"
CEOP = "CEOP; ask for header+values"
RULE = "parallel (+): mean by hour; then: from its first good hour"
LARGEST = 2**30  # bytes that all files of a station may unpack to
# Depths in names have six decimals, those in headers four.
SAME_DEPTH = 1e-3  # m


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
    ``n_flagged`` (hours not kept), ``flags`` (hours by flag), ``sensors``, and ``joined`` (which
    sensors of a depth were averaged or follow one another) where there are several. Raises
    DataError naming the file inside the archive and the row.
    """
    with _open(archive) as opened:
        members = _members(opened)
        full = _find(sorted(members), station, archive)
        _check_size(opened, members[full])
        sensors = [_read_sensor(opened, name) for name in members[full]]
    _check_one_place(sensors, f"{archive}: station {full}")
    depths = sorted({one.depth for one in sensors if one.variable == "sm"})
    if not depths:
        raise DataError(f"{archive}: station {full} has no soil moisture")
    daily = table(sensors, minimum_hours)
    if daily.empty:
        raise DataError(f"{archive}: station {full} has no day of {minimum_hours} good hours")
    columns = {}
    for name in (name for name in schema.FEATURES if name in daily):
        below = "depth" in schema.VARIABLES[name].dims
        values = daily[name].reindex(columns=depths if below else [0.0]).to_numpy().T
        columns[name] = (values if below else values[0], f"measured: ISMN {full}")
    result = quality.dataset(
        columns,
        daily.index.to_numpy(),
        depths,
        full.rsplit("/", 1)[1],
        (sensors[0].latitude, sensors[0].longitude),
        f"ISMN {full}, {Path(archive).name}",
    )
    for name in columns:
        result[name].attrs |= provenance([one for one in sensors if one.variable == name])
    return result


def table(sensors: list[Sensor], minimum_hours: int) -> pd.DataFrame:
    """Daily values of sensors: days by (variable, depth), every calendar day."""
    daily = {}
    for variable, depth in sorted({(one.variable, one.depth) for one in sensors}):
        here = [one for one in sensors if (one.variable, one.depth) == (variable, depth)]
        daily[variable, depth] = _daily(_join(_groups(here)), variable, minimum_hours)
    return pd.DataFrame(daily).asfreq("D")


def provenance(sensors: list[Sensor]) -> dict:
    """Attributes of a variable: what its sensors are and how they were joined, see ``read``."""
    flags = sum((one.flags for one in sensors), Counter())
    counts = ", ".join(f"{flag} {count}" for flag, count in sorted(flags.items()))
    found = {
        "n_flagged": sum(count for flag, count in flags.items() if flag != GOOD),
        "flags": counts,
        "sensors": ", ".join(f"{one.label} at {one.exact_depth:g} m" for one in sensors),
    }
    joined = []
    for depth in sorted({one.depth for one in sensors}):
        groups = _groups([one for one in sensors if one.depth == depth])
        if sum(map(len, groups)) > 1:
            order = ", then ".join(" + ".join(one.label for one in group) for group in groups)
            joined.append(f"{depth:g} m: {order}")
    return found | ({"joined": f"{'; '.join(joined)} ({RULE})"} if joined else {})


def _find(names: list[str], station: str, archive: Path | str) -> str:
    for name in names:
        if station in (name, name.rsplit("/", 1)[-1]):
            return name
    raise DataError(f"{archive}: no station {station!r}; there are: {', '.join(names)}")


def _groups(sensors: list[Sensor]) -> list[list[Sensor]]:
    """Sensors of one depth in the order of their first good hours, parallel ones in one group."""
    groups: list[list[Sensor]] = []
    present = [one for one in sensors if one.good.size]
    for one in sorted(present, key=lambda one: (one.good.index[0], one.label)):
        if groups and _is_parallel(groups[-1], one):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _is_parallel(group: list[Sensor], one: Sensor) -> bool:
    begin, end = group[0].good.index[0], max(other.good.index[-1] for other in group)
    first, last = one.good.index[[0, -1]]
    return min(end, last) - first >= min(end - begin, last - first) / 2


def _join(groups: list[list[Sensor]]) -> pd.Series:
    """One series of hours: means within a group, which ends where the next one begins."""
    parts = [pd.Series(dtype=float, index=pd.DatetimeIndex([]))]
    for k, group in enumerate(groups):
        hours = group[0].good
        if len(group) > 1:
            hours = pd.concat([one.good for one in group]).groupby(level=0).mean()
        if k + 1 < len(groups):
            hours = hours[hours.index < groups[k + 1][0].good.index[0]]
        parts.append(hours)
    return pd.concat([part for part in parts if part.size] or parts[:1])


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
    except Exception as error:  # zipfile has no one error for what it cannot read
        raise DataError(f"{path}: damaged archive ({error}); a whole zip is needed") from None


def _members(opened: zipfile.ZipFile) -> dict[str, list[str]]:
    """Names of the sensor files of each NETWORK/STATION, also below a folder of the archive.

    Raises DataError if there are none, naming the format where it is CEOP's.
    """
    names = [name for name in sorted(opened.namelist()) if not name.startswith("__MACOSX/")]
    found: dict[str, list[str]] = {}
    for name in names:
        match = FILE.fullmatch(name)
        if match and match.group(2) in VARIABLES and name.isprintable():
            station = "/".join(match.group(1).split("/")[-2:])
            found.setdefault(station, []).append(name)
    if not found:
        if any(name.endswith(".stm") and not FILE.fullmatch(name) for name in names):
            raise DataError(f"{opened.filename}: {CEOP}")
        raise DataError(f"{opened.filename}: no .stm files; {FORMAT}")
    return found


def _check_size(opened: zipfile.ZipFile, names: list[str]) -> None:
    size = sum(opened.getinfo(name).file_size for name in names)
    if size > LARGEST:
        raise DataError(
            f"{opened.filename}: a station unpacks to {size / 2**20:.0f} MB; "
            f"at most {LARGEST / 2**20:.0f} MB are read"
        )


def _read_sensor(opened: zipfile.ZipFile, name: str) -> Sensor:
    """One sensor file of the archive; DataError naming archive, file and row."""
    where = f"{Path(opened.filename).name}:{name}"
    header, _, body = _text(opened, name, where).partition("\n")
    words = header.split()
    if words and DATE.match(words[0]):
        raise DataError(f"{where}: {CEOP}")
    if len(words) < 8:
        raise DataError(f"{where}, row 1: header of {len(words)} words; 8 or more are needed")
    names = ["latitude", "longitude", "elevation", "depth from", "depth to"]
    cells = files.numbers(np.array([words[3:8]]), names, where, np.array([1]))[0]
    _check_header(name, words, cells[3:], where)
    latitude, longitude, _, top, bottom = cells.tolist()
    values, flags = _hours(body, where)
    _, short, _, _, label = FILE.fullmatch(name).groups()
    variable = VARIABLES[short]
    good = values[flags == GOOD].dropna()
    _check_plausible(good, variable, short, where)
    exact = (top + bottom) / 2
    below = "depth" in schema.VARIABLES[variable].dims
    return Sensor(
        variable,
        nominal(exact) if below else 0.0,
        exact,
        label,
        latitude,
        longitude,
        good,
        Counter(flags.value_counts().to_dict()),
    )


def _text(opened: zipfile.ZipFile, name: str, where: str) -> str:
    info = opened.getinfo(name)
    if info.flag_bits & 1:
        raise DataError(f"{where}: encrypted; an archive without a password is needed")
    try:
        content = opened.read(name)
    except NotImplementedError:
        raise DataError(
            f"{where}: compressed in a way ({info.compress_type}) that cannot be read; "
            "an archive as downloaded is needed"
        ) from None
    except Exception as error:  # each method of compression has errors of its own
        words = " ".join(repr(str(error)).split())
        raise DataError(f"{where}: damaged in the archive ({words})") from None
    return files.decode(content, where)


def _check_header(name: str, words: list[str], depths: np.ndarray, where: str) -> None:
    """Station, depths and sensor of the header are those of the file's name."""
    folders, _, top, bottom, label = FILE.fullmatch(name).groups()
    said = [float(top), float(bottom)]
    if not np.allclose(depths, said, rtol=0, atol=SAME_DEPTH):
        raise DataError(
            f"{where}, row 1: depth {depths[0]:g} to {depths[1]:g} m in the header, "
            f"{said[0]:g} to {said[1]:g} m in the name; both must be the same"
        )
    pairs = [("station", words[2], folders.rsplit("/", 1)[-1])]
    if len(words) > 8:
        pairs.append(("sensor", " ".join(words[8:]), label))
    for kind, header, named in pairs:
        # Blanks, hyphens and underscores differ between the two; what was no UTF-8 is not compared.
        if "\ufffd" not in header and _plain(header) != _plain(named):
            raise DataError(
                f"{where}, row 1: {kind} {header!r} in the header, {named!r} in the name; "
                "both must be the same"
            )


def _check_one_place(sensors: list[Sensor], where: str) -> None:
    places = np.array([(one.latitude, one.longitude) for one in sensors])
    if not (np.ptp(places, axis=0) <= files.SAME_PLACE).all():
        raise DataError(
            f"{where}: headers give latitudes {places[:, 0].min():g} to {places[:, 0].max():g} and "
            f"longitudes {places[:, 1].min():g} to {places[:, 1].max():g}; one place is needed"
        )


def _check_plausible(good: pd.Series, variable: str, short: str, where: str) -> None:
    """Headers do not name the variable: values of another one tell of a file under a wrong name."""
    bounds = schema.VARIABLES[variable]
    outside = int(((good < bounds.low) | (good > bounds.high)).sum())
    if outside > good.size / 2:
        raise DataError(
            f"{where}: {short!r} in the name, but {outside} of {good.size} good values are outside "
            f"{bounds.low:g} to {bounds.high:g} {bounds.units}; is it another variable's file?"
        )


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).casefold())


def _hours(body: str, where: str) -> tuple[pd.Series, pd.Series]:
    """Values and flags of all rows, by hour (UTC)."""
    fields = [line.split(None, 4)[:4] for line in body.rstrip().splitlines()]
    rows = np.arange(2, len(fields) + 2)
    needed = "date, hour, value and flag are needed"
    files.refuse([len(one) < 4 for one in fields], where, lambda k: needed, rows)
    if not fields:
        raise DataError(f"{where}: no rows below the header")
    stamps = [f"{date} {hour}" for date, hour, *_ in fields]
    index = pd.DatetimeIndex(files.times(stamps, "%Y/%m/%d %H:%M", where, rows, unit="m"))
    cells = np.array([[one[2]] for one in fields])
    values = files.numbers(cells, ["value"], where, rows)[:, 0]
    return pd.Series(values, index), pd.Series([one[3] for one in fields], index)


def nominal(depth: float) -> float:
    """The paper's depth near this one, or the depth itself to the centimetre."""
    nearest = min(schema.DEPTHS, key=lambda one: abs(one - depth))
    return nearest if abs(nearest - depth) <= NEAR else round(depth, 2)
