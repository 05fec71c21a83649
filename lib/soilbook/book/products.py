"""The products that the observed track reads: whose they are, where to get them, where they lie."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from soilbook import data
from soilbook.data import conus412, fluxnet, ismn, observed, scan, sites, uscrn
from soilbook.data import files as folder_of_data
from soilbook.errors import DataError, SoilbookError

Records = Iterable[tuple[str, Callable]]


@dataclass(frozen=True)
class Product:
    """One product: who owns it, its address, the files looked for in the data folder, and the
    chapters (beginnings of names) whose pages rest on it.

    ``records(base, files)`` gives the names of what can be read, each with a function that reads
    it; ``opens(file, base)`` tells whether a reader opens a file of this name at this place.
    """

    name: str
    what: str
    credit: str
    pattern: str
    address: str
    layout: str
    chapters: tuple[str, ...] = ()
    records: Callable[[Path, list[Path]], Records] = lambda base, files: ()
    opens: Callable[[Path, Path], bool] = lambda file, base: True


def _archives(base: Path, archives: list[Path]) -> Iterator[tuple[str, Callable]]:
    for archive in archives:
        try:
            for name in ismn.stations(archive):
                yield name, partial(ismn.read, archive, name)
        except SoilbookError:
            yield archive.name, partial(ismn.stations, archive)


def _is_of_its_year(file: Path, base: Path) -> bool:
    name = uscrn.NAME.fullmatch(file.name)
    return bool(name) and name[1] == file.parent.name


def _is_of_a_site(file: Path, base: Path) -> bool:
    station = f"uscrn/daily01/*/CRND0103-*-{file.stem}.txt"
    return file.stem in sites.OBSERVED or any(base.glob(station))


def _is_column(file: Path, base: Path) -> bool:
    columns = conus412.FORCING | conus412.TARGET | conus412.CONSTANTS
    read = {"crd", "timeStr", *(one.file for one in columns.values())}
    return file.stem in read and file.is_relative_to(base / conus412.PRODUCT / "CONUSv4f1")


_ALL = (
    Product(
        "uscrn",
        "daily soil moisture, soil temperature and weather of U.S. stations",
        "NOAA U.S. Climate Reference Network",
        "uscrn/daily01/*/CRND0103-*.txt",
        "https://www.ncei.noaa.gov/pub/data/uscrn/products/daily01/ (public domain)",
        "one folder a year, one file a station: "
        "uscrn/daily01/2017/CRND0103-2017-WA_Darrington_21_NNE.txt",
        ("wang2024", "fang2019", "beyond"),
        lambda base, files: (
            (name, partial(observed.load, name, base)) for name in uscrn.stations(base)
        ),
        _is_of_its_year,
    ),
    Product(
        "ismn",
        "archives of the International Soil Moisture Network, header+values",
        "International Soil Moisture Network",
        "ismn/*.zip",
        "https://ismn.earth (free account; ask for 'header+values'; cite, do not redistribute)",
        "the archives as downloaded: ismn/NAME.zip",
        records=_archives,
    ),
    Product(
        "scan",
        "soil moisture of USDA SCAN stations in volume percent",
        "USDA NRCS Soil Climate Analysis Network",
        "scan*/*.csv",
        "https://www.nrcs.usda.gov/wps/portal/wcc/home/ (National Water and Climate Center)",
        f"all stations in one table, {scan.FILE}, with the columns Date, station (such as "
        f"2057:AL:SCAN) and {', '.join(scan.COLUMNS)}; NRCS's list of stations as "
        f"{scan.INVENTORY}",
        records=lambda base, files: (
            (str(number), partial(scan.read, base, number)) for number in scan.stations(base)
        ),
        opens=lambda file, base: file in (base / scan.FILE, base / scan.INVENTORY),
    ),
    Product(
        "fluxnet",
        "measured long-wave radiation, against which its estimate is checked",
        "FLUXNET2015",
        "fluxnet/*.csv",
        "https://fluxnet.org (free account, CC-BY-4.0)",
        f"daily rows of {', '.join(fluxnet.SITES)} in one table, {fluxnet.FILE}, with the columns "
        f"siteid, TIMESTAMP, VPD_F, {', '.join(fluxnet.COLUMNS.values())}",
        ("wang2024/s2_1",),
        lambda base, files: (
            (name, partial(fluxnet.read, base, name)) for name in fluxnet.stations(base)
        ),
        lambda file, base: file == base / fluxnet.FILE,
    ),
    Product(
        "power",
        "wind speed and long-wave radiation at a point",
        "NASA POWER",
        "power/*.json",
        "https://power.larc.nasa.gov (daily point JSON)",
        "one file a site, named after it: power/Kingston-1-W.json, or power/RI_Kingston_1_W.json "
        "for the station by its own name",
        ("wang2024", "beyond"),
        lambda base, files: ((file.stem, partial(observed.read_power, file)) for file in files),
        _is_of_a_site,
    ),
    Product(
        "smap",
        "SMAP L3 soil moisture, NLDAS-2 forcing and attributes of 412 pixels",
        "SMAP and NLDAS-2 for 412 pixels (Kuai Fang, geolearn)",
        "smap_conus412/**/*.csv",
        "https://github.com/fkwai/geolearn, folder example/SMAP/data (MIT)",
        "that folder as it stands, named smap_conus412",
        ("fang2019",),
        lambda base, files: [("", partial(conus412.read, base))],
        _is_column,
    ),
    Product(
        "nldas",
        "hourly soil moisture of Noah and VIC; without it this project's own models stand in",
        "NLDAS-2 Noah and VIC, NASA GES DISC",
        "nldas/**/NLDAS_NOAH0125_H.A*",
        "https://disc.gsfc.nasa.gov, NLDAS_NOAH0125_H and NLDAS_VIC0125_H version 2.0 (free "
        "account)",
        "the netCDF files of both models anywhere below nldas",
        ("fang2019/s3", "fang2019/s4"),
        opens=lambda file, base: file.suffix in (".nc", ".nc4"),
    ),
)
PRODUCTS = {product.name: product for product in _ALL}


def files(product: Product, folder: Path) -> list[Path]:
    """Files of a product in the data folder, sorted."""
    return sorted(folder.glob(product.pattern))


def present(folder: Path | None = None) -> list[Product]:
    """Products of which the data folder has a file that is read."""
    base = folder or data.folder()
    return [
        product
        for product in PRODUCTS.values()
        if any(product.opens(file, base) for file in base.glob(product.pattern))
    ]


def listing(folder: Path, times: bool = False) -> str:
    """Fingerprint of names and sizes of all files below a folder, also of linked folders; with
    ``times`` of dates as well.

    Dates differ between machines, but tell of any change on one without reading the files.
    """
    total = hashlib.sha256()
    walk = os.walk(folder, followlinks=True)
    found = [Path(place, name) for place, _, names in walk for name in names]
    for file in sorted(path for path in found if path.is_file()):
        status = file.stat()
        line = f"{file.relative_to(folder).as_posix()} {status.st_size}"
        total.update(f"{line} {status.st_mtime_ns if times else ''}\n".encode())
    return total.hexdigest()


def check_stations(folder: Path | None = None) -> Iterator[tuple[str, str | SoilbookError]]:
    """Read every station of the data folder; yield its name and what it holds, or its error.

    Files of a product that nothing reads follow in one line. Whatever is wrong with one station or
    product, the others are read. Raises DataError if there is no data folder.
    """
    base = folder or data.folder()
    folder_of_data.product(base, ".")
    for product in PRODUCTS.values():
        found = files(product, base)
        try:
            for name, read in product.records(base, found) if found else ():
                yield f"{product.name} {name}".strip(), _report(read)
        except Exception as error:  # of the list of stations
            yield product.name, _told(error)
        unused = [file for file in found if not product.opens(file, base)]
        if unused:
            names = ", ".join(file.relative_to(base).as_posix() for file in unused)
            yield f"{product.name} not used", names


def _holds(station) -> str:
    """Period, and per depth the share of days without soil moisture."""
    days = station["time"].values.astype("datetime64[D]")
    text = f"{days[0]} to {days[-1]}"
    if "sm_smap" in station:
        share = float(station["sm_smap"].isnull().mean())
        return f"{station.sizes['pixel']} pixels, {text}; values without SMAP: {share:.0%}"
    if "sm" not in station:
        return f"{text}; weather only"
    gaps = station["sm"].isnull().mean("time")
    listed = ", ".join(f"{depth:g} m {share:.0%}" for depth, share in gaps.to_series().items())
    return f"{text}; days without soil moisture: {listed}"


def _report(read: Callable) -> str | SoilbookError:
    try:
        return _holds(read())
    except Exception as error:
        return _told(error)


def _told(error: Exception) -> SoilbookError:
    """The error in one line, also one that no reader foresaw."""
    if isinstance(error, SoilbookError):
        return error
    return DataError(f"{type(error).__name__}: {' '.join(str(error).split())}")
