"""Real observations of a site: the station's own record, completed from other sources.

A site is a name of the paper, any station of the data folder (USCRN, SCAN or ISMN), or the path of
a file of one's own. A paper site takes the first of USCRN, SCAN and ISMN that the folder has. Rain
and air temperature, and whatever else a station measures, stay the station's; weather that it
lacks comes from NASA POWER where ``power/NAME.json`` is there. Without it long-wave is estimated
(see ``longwave``) and the others are left out. The ``source`` of each variable says which.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import awdb, files, ismn, own, power, scan, sites, uscrn
from soilbook.data.files import Folder
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.physics import air

# A record of hours may lack its first and last days, where a day needs 18 of them.
EDGE = 31  # days
ESTIMATE = ("air_temperature", "relative_humidity", "shortwave")


@dataclass(frozen=True)
class Source:
    """Where a site's record comes from: its name there, the paper's site if it is one, the function
    that reads it, and the files that this reads."""

    name: str
    site: sites.Site | None
    read: Callable[[], xr.Dataset]
    files: Callable[[], list[Path]]
    exact: bool = True


def find(name: str, folder: Folder = None) -> str:
    """The one name under which a site is loaded: the paper's, the station's, or a file's path.

    Raises ParameterError for a name that neither the paper nor the data folder has, DataError for a
    paper site without data.
    """
    return _source(str(name), folder).name


def load(name: str, folder: Folder = None) -> xr.Dataset:
    """Daily Dataset of a paper site (over its record of Table D2), a station or a file.

    A station's name with its state ("RI_Kingston_1_W", as ``uscrn.stations`` lists it) always means
    the station and its whole record, also where the paper has a site there. Raises as ``find``, and
    DataError, in one line, for files that do not cover the record or are damaged.
    """
    source = _source(str(name), folder)
    record = source.read()
    if source.site is not None:
        record = _of_the_paper(record, source)
    record = _with_longwave(_with_power(record, folder))
    _check(record)
    return record


def available(folder: Folder = None) -> list[str]:
    """Paper sites, in the paper's order, whose files cover all years of their record.

    Raises DataError if there is no data folder; a folder without any gives an empty list.
    """
    root = files.product(folder, ".")
    uscrn_years = uscrn.years(folder) if (root / "uscrn/daily01").is_dir() else {}
    scan_years = {one: awdb.years(folder, one) for one in awdb.stations(folder)}
    found = []
    for name, site in sites.SITES.items():
        needed = set(range(site.start.year, site.end.year + 1))
        there = uscrn_years.get(f"{sites.STATIONS.get(name)}_{site.uscrn}", ())
        there = there or scan_years.get(awdb.TRIPLETS.get(name), ())
        if needed <= set(there) or (not there and _in_archives(name, root)):
            found.append(name)
    return found


def files_of(name: str, folder: Folder = None) -> list[Path]:
    """The files that ``load(name, folder)`` reads."""
    source = _source(str(name), folder)
    extra = _power_file(folder, own.label(source.name))
    return [*source.files(), extra] if extra.is_file() else source.files()


def sources(record: xr.Dataset) -> str:
    """Which source gave which variable, in the words of a caption: "P, AT: USCRN daily; ..."."""
    given: dict[str, list[str]] = {}
    for name in schema.features(record):
        given.setdefault(_short(record[name].attrs.get("source", "twin")), []).append(
            schema.VARIABLES[name].symbol
        )
    return "; ".join(f"{', '.join(symbols)}: {source}" for source, symbols in given.items())


def coverage(record: xr.Dataset) -> pd.DataFrame:
    """Days with all inputs and soil moisture at each depth: a row a depth, of one site."""
    rows = []
    for depth in record["depth"].values:
        table = record.sel(depth=depth)
        there = np.all([np.isfinite(table[n].values) for n in schema.features(record)], axis=0)
        moisture = np.isfinite(table["sm"].values)
        rows.append(
            {
                "site": str(record["site"].item()),
                "depth_m": float(depth),
                "first": str(record["time"].values[0])[:10],
                "last": str(record["time"].values[-1])[:10],
                "days": there.size,
                "days_with_moisture": int(moisture.sum()),
                "days_complete": int(there.sum()),
            }
        )
    return pd.DataFrame(rows)


def _short(source: str) -> str:
    """The source of a variable without the names of single fields."""
    kind, _, text = source.partition(": ")
    if "POWER" in text:
        return "NASA POWER"
    return f"{kind} ({text.split(',')[0]})" if kind == "estimated" else text.split(",")[0] or kind


def _source(name: str, folder: Folder) -> Source:
    if own.is_own(name):
        path = Path(name)
        return Source(name, None, lambda: own.read(path), lambda: [path])
    site = sites.meant(name)
    return _of_a_station(name, folder) if site is None else _of_a_paper_site(site, folder)


def _of_a_paper_site(site: sites.Site, folder: Folder) -> Source:
    root = files.product(folder, ".")
    triplet = awdb.TRIPLETS.get(site.name)
    if site.uscrn and files.matching(root, f"uscrn/daily01/*/*_{site.uscrn}.txt"):
        return _uscrn(site.uscrn, folder, site)
    if triplet in awdb.stations(folder):
        return _awdb(triplet, folder, site)
    if there := _in_archives(site.name, root):
        return _ismn(*there, site)
    if site.uscrn:
        return _uscrn(site.uscrn, folder, site)
    if site.name in scan.STATIONS:
        why = "SCAN soil moisture only, there is no weather for it"
    else:
        why = "there are no observations that can be read"
    how = f"soilbook data get {'scan' if triplet else 'ismn'}"
    raise DataError(
        f"site {site.name!r}: {why}; see: {how}; observed: {', '.join(available(folder)) or 'none'}"
    )


def _of_a_station(name: str, folder: Folder) -> Source:
    root = files.product(folder, ".")
    why = ""
    if (root / "uscrn/daily01").is_dir():
        try:
            return _uscrn(uscrn.find(folder, name), folder, None)
        except DataError as error:
            why = f", or a station: {error}"
    if triplet := awdb.find(folder, name):
        return _awdb(triplet, folder, None)
    if there := _in_archives(name, root):
        return _ismn(*there, None)
    raise ParameterError(f"{unknown('site', name, sites.SITES)}{why}")


def _uscrn(station: str, folder, site: sites.Site | None) -> Source:
    span = (site.start, site.end) if site else ()
    read = partial(uscrn.read, folder, station, *span)
    return _under(station, site, read, partial(uscrn.files_of, folder, station, *span))


def _awdb(triplet: str, folder, site: sites.Site | None) -> Source:
    read, files_of = (partial(one, folder, triplet) for one in (awdb.read, awdb.files_of))
    return _under(triplet, site, read, files_of)


def _ismn(archive: Path, station: str, site: sites.Site | None) -> Source:
    read = partial(ismn.read, archive, station)
    return _under(station, site, read, lambda: [archive], exact=False)


def _under(label: str, site: sites.Site | None, read, files_of, exact: bool = True) -> Source:
    """A source whose record bears the paper's name, or the station's."""
    name = site.name if site else label
    return Source(name, site, lambda: read().assign_coords(site=name), files_of, exact)


def _in_archives(name: str, root: Path) -> tuple[Path, str] | None:
    """Archive and NETWORK/STATION of a station, given so, by its own name or by the paper's."""
    wanted = {sites.key(name)}
    site = sites.meant(name)
    if site is not None:
        wanted |= {sites.key(one) for one in (site.name, *site.aliases)}
    for archive in files.matching(root, "ismn/*.zip"):
        for full in ismn.stations(archive):
            if wanted & {sites.key(full), sites.key(full.rsplit("/", 1)[1])}:
                return archive, full
    return None


def _of_the_paper(record: xr.Dataset, source: Source) -> xr.Dataset:
    """The record over the days of Table D2."""
    site = source.site
    days = record["time"].values.astype("datetime64[D]")
    start, end = files.day(site.start), files.day(site.end)
    edge = 0 if source.exact else EDGE
    if days[0] > start + edge or days[-1] < end - edge:
        raise DataError(
            f"{record.attrs['source']}: files cover {days[0]} to {days[-1]}; "
            f"site {site.name!r} needs {start} to {end}"
        )
    if days[0] == start and days[-1] == end:
        return record
    period = np.arange(start, end + 1).astype("datetime64[ns]")
    return record.reindex(time=period)


def _power_file(folder: Folder, name: str) -> Path:
    """Where POWER's file of a site belongs, whether it is there or not."""
    root = files.folder() if folder is None else Path(folder)
    return root / "power" / f"{power.file_name(name)}.json"


def _with_power(record: xr.Dataset, folder: Folder) -> xr.Dataset:
    """The record with the weather that it lacks from POWER's file of the site, if that is there."""
    path = _power_file(folder, record["site"].item())
    if not path.is_file():
        return record
    extra = power.read(path)
    for axis in ("latitude", "longitude"):
        if abs(float(extra[axis]) - float(record[axis])) > power.FARTHEST:
            raise DataError(
                f"{path}: {axis} is {float(extra[axis]):g}, the station's is "
                f"{float(record[axis]):g}; at most {power.FARTHEST} degrees apart are allowed"
            )
    overlap = np.intersect1d(extra["time"].values, record["time"].values)
    if overlap.size == 0:
        raise DataError(
            f"{path}: no day between {str(record['time'].values[0])[:10]} and "
            f"{str(record['time'].values[-1])[:10]}, the record of the station"
        )
    lacking = [name for name in extra.data_vars if name not in record]
    return record.assign(
        {
            name: extra[name]
            .drop_vars(["site", "latitude", "longitude"])
            .reindex(time=record["time"])
            for name in lacking
        }
    )


def _with_longwave(record: xr.Dataset) -> xr.Dataset:
    """The record with an estimate of long-wave, where it lacks it and has what that needs."""
    if "longwave" in record or not set(ESTIMATE) <= set(record):
        return record
    if not np.isfinite(float(record["latitude"])):
        return record
    values = air.estimate(
        *(record[name].values for name in ESTIMATE),
        float(record["latitude"]),
        record["time"].dt.dayofyear.values,
    )
    record["longwave"] = ("time", values, {"source": air.SOURCE})
    return schema.describe(record, record.attrs["source"])


def _check(record: xr.Dataset) -> None:
    """Hold a record against the contract; a site of one's own may lack rain or soil temperature."""
    lacking = {"precipitation": ("time",), "soil_temperature": ("depth", "time")}
    filled = {
        name: (dims, np.full([record.sizes[dim] for dim in dims], np.nan))
        for name, dims in lacking.items()
        if name not in record
    }
    whole = schema.describe(record.assign(filled), record.attrs["source"])
    schema.check(whole, record.attrs["source"])
