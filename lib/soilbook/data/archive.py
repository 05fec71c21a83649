"""The authors' own station files of study 1 (Zenodo, doi 10.5281/zenodo.10060492): reader, and what
is fetched, all files of the record, checked by Zenodo's MD5.

``wang2024/**/STATION.csv``, or such files in ``wang2024/*.zip``: comma separated with a header, as
the released programs read them: ``p, ta, SW, LW, WS, RH`` and for each depth ``sm_D_D`` and
``ts_D_D``, D in m with six decimals. Rows are consecutive days; missing is an empty cell or at most
-998.

The files may say neither their days nor the units of radiation: what is concluded stands in the
attribute ``guesses``, which ``soilbook data check`` prints. Concluded is only what can be checked:
the first day from Table D2 where the number of rows is that of its period, W m-2 where the mean
short-wave is above 60. Anything else is refused.
"""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import files, ismn, quality, sites
from soilbook.data.files import File, Folder, Plan
from soilbook.errors import DataError, ParameterError

FOLDER = "wang2024"
MISSING = -998.0
COLUMNS = {
    "precipitation": "p",
    "air_temperature": "ta",
    "longwave": "LW",
    "shortwave": "SW",
    "relative_humidity": "RH",
    "wind_speed": "WS",
}
PROBE = re.compile(r"(sm|ts)_(\d+\.\d{6})_(\d+\.\d{6})")
DATES = ("date", "time", "datetime", "")
LEAST_SHORTWAVE = 60.0  # mean in W m-2; a mean in MJ m-2 d-1 is below 35 anywhere on Earth
RECORD = "https://zenodo.org/api/records/10060492"
PACE = 1.0  # s
SOURCE = "Wang et al. (2024), doi 10.5281/zenodo.10060492"


def stations(folder: Folder = None) -> dict[str, Path]:
    """The file, or archive, of every paper site that the data folder has, in the paper's order.

    Raises DataError for two files that may be the same site's.
    """
    found: dict[str, Path] = {}
    for path, name in _tables(files.product(folder, ".") / FOLDER):
        site = _site(name)
        if site is None:
            continue
        if site in found:
            raise DataError(
                f"{path}: {name} and {found[site].name} may both be {site}; one is needed"
            )
        found[site] = path
    return {name: found[name] for name in sites.SITES if name in found}


def read(folder: Folder, name: str) -> xr.Dataset:
    """Daily record of a paper site out of the authors' file; ``guesses`` says what it leaves open.

    Raises ParameterError for a name that the paper has not, DataError naming file, row and column
    for one that is absent or leaves open what cannot be concluded.
    """
    site = sites.find(name)
    there = stations(folder)
    if site.name not in there:
        known = ", ".join(there) or "none"
        raise DataError(
            f"{files.product(folder, '.') / FOLDER}: no file of {site.name}; there are: {known}"
        )
    where, text = _text(there[site.name], site.name)
    table = _table(text, where)
    names = [str(one) for one in table.columns]
    probes = {one: match for one in names if (match := PROBE.fullmatch(one))}
    held = {ours: theirs for ours, theirs in COLUMNS.items() if theirs in names}
    wanted = [*held.values(), *probes]
    values = files.numbers(table[wanted].to_numpy(dtype=str), wanted, where, table.index.to_numpy())
    values = pd.DataFrame(np.where(values <= MISSING, np.nan, values), columns=wanted)
    days, guesses = _days(table, names, site, where)
    guesses += _units(values, held, where)
    columns = {
        ours: (values[theirs].to_numpy(), f"authors' file, column {theirs}")
        for ours, theirs in held.items()
    }
    depths = sorted({_depth(match) for match in probes.values()})
    for short, ours in (("ts", "soil_temperature"), ("sm", "sm")):
        part = np.full((len(depths), len(table)), np.nan)
        for one, match in probes.items():
            if match[1] == short:
                part[depths.index(_depth(match))] = values[one].to_numpy()
        columns[ours] = part, f"authors' file, columns {short}_D_D"
    result = quality.dataset(
        columns, days, depths, site.name, (site.latitude, site.longitude), f"{SOURCE}, {where}"
    )
    result.attrs |= {"guesses": "; ".join(guesses), "track": "archive"}
    return schema.check(result, where)


def available(folder: Folder = None) -> list[str]:
    """Paper sites whose file the data folder has."""
    return list(stations(folder))


def files_of(name: str, folder: Folder = None) -> list[Path]:
    """The file that ``read`` reads, or the archive that holds it."""
    return [stations(folder)[sites.find(name).name]]


def _tables(root: Path) -> Iterator[tuple[Path, str]]:
    """Every CSV below a folder or in a zip there, with the name of its station."""
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() == ".csv":
            yield path, path.stem
        elif path.suffix.lower() == ".zip":
            for member in _members(path):
                yield path, Path(member).stem


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as opened:
            return sorted(name for name in opened.namelist() if name.lower().endswith(".csv"))
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: damaged archive ({error})") from None


def _site(name: str) -> str | None:
    """The paper's site of a station's name: itself, an alias, or the only one that begins so."""
    try:
        return sites.find(name).name
    except ParameterError:
        key = sites.key(name)
        near = [one for one in sites.SITES if len(key) > 3 and sites.key(one).startswith(key)]
        return near[0] if len(near) == 1 else None


def _text(path: Path, site: str) -> tuple[str, str]:
    """Where a table stands, in words, and its text."""
    if path.suffix.lower() != ".zip":
        return str(path), files.read_text(path)
    member = next(one for one in _members(path) if _site(Path(one).stem) == site)
    where = f"{path}:{member}"
    try:
        with zipfile.ZipFile(path) as opened:
            return where, files.decode(opened.read(member), where)
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataError(f"{where}: damaged in the archive ({error})") from None


def _table(text: str, where: str) -> pd.DataFrame:
    table = files.table(text, ("p", "ta"), where)
    names = [str(name) for name in table.columns]
    if not any(name.startswith("sm_") and PROBE.fullmatch(name) for name in names):
        raise DataError(f"{where}: no column sm_D_D with D in m and six decimals; it is needed")
    strange = [
        one for one in names
        if one not in COLUMNS.values() and one.lower() not in DATES and not PROBE.fullmatch(one)
    ]  # fmt: skip
    if strange:
        raise DataError(f"{where}: column {strange[0]!r} is not one that the programs read")
    return table


def _depth(match: re.Match) -> float:
    return ismn.nominal((float(match[2]) + float(match[3])) / 2)


def _days(table: pd.DataFrame, names: list[str], site: sites.Site, where: str) -> tuple:
    """The days of the rows, and what was concluded about them."""
    dated = [name for name in names if name.lower() in DATES]
    if dated:
        texts = table[dated[0]].str.strip().str[:10].tolist()
        if not all(text.isdigit() for text in texts):
            days = files.times(texts, "%Y-%m-%d", where, table.index)
            steps = np.diff(days).astype(int)
            says = "rows must be consecutive days"
            files.refuse(np.append(False, steps != 1), where, lambda k: says, table.index)
            return days, [f"days of column {dated[0]!r}"]
    period = np.arange(files.day(site.start), files.day(site.end) + 1)
    if len(table) != period.size:
        raise DataError(
            f"{where}: {len(table)} rows without dates; the period of Table D2, {period[0]} to "
            f"{period[-1]}, has {period.size} days"
        )
    return period, [f"no dates; {period[0]} taken from Table D2, whose number of days fits"]


def _units(values: pd.DataFrame, held: dict[str, str], where: str) -> list[str]:
    """What was concluded about units, of which the files say nothing."""
    guesses = []
    for name in ("shortwave", "longwave"):
        if name in held:
            mean = float(values[held[name]].mean())
            if not mean > LEAST_SHORTWAVE:
                raise DataError(
                    f"{where}: the mean of {held[name]} is {mean:.3g}; above "
                    f"{LEAST_SHORTWAVE:g} it would be W m-2, so its unit is not known"
                )
            guesses.append(f"{held[name]} in W m-2 (mean {mean:.0f})")
    for name in (one for one in values if one.startswith("sm_")):
        if values[name].max() > 1:
            raise DataError(f"{where}: {name} reaches {values[name].max():g}; m3 m-3 is needed")
    if "wind_speed" in held:
        guesses.append(f"WS in m s-1 (mean {float(values[held['wind_speed']].mean()):.1f})")
    return guesses


def plan(root: Path, names: Iterable[str], start, end, ask) -> Plan:
    """All files of the record, which is asked for its list first.

    Raises ParameterError where a choice is asked for, DataError for a list of another form.
    """
    if list(names) or start or end:
        raise ParameterError("wang2024 comes whole: no --sites, --from and --to")
    content = ask(RECORD)
    try:
        listed = json.loads(content)["files"]
        made = tuple(_file(entry) for entry in listed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{RECORD}: not the list of files that was expected ({type(error).__name__})"
        ) from None
    if not made:
        raise DataError(f"{RECORD}: no files")
    return Plan("wang2024", made, PACE)


def _file(entry: dict) -> File:
    """One entry; Zenodo has two spellings of its fields."""
    name = entry.get("key") or entry["filename"]
    if Path(name).name != name or name.startswith("."):
        raise ValueError(name)
    size = int(entry["size"] if "size" in entry else entry["filesize"])
    md5 = entry["checksum"].removeprefix("md5:")
    # The address of the content, so that none that an answer names is followed.
    return File(f"{FOLDER}/{name}", f"{RECORD}/files/{name}/content", _check, size, md5)


def _check(path: Path) -> None:
    """A zip can be opened and a table is text; what else the record has is kept as it is."""
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        raise DataError(f"{path}: no zip")
    if path.suffix == ".csv":
        files.read_text(path)
