"""The products that the observed track reads: whose they are, where to get them, where they lie."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from soilbook import data
from soilbook.data import conus412, fluxnet, ismn, observed, scan, sites, uscrn
from soilbook.data import files as folder_of_data
from soilbook.errors import DataError, SoilbookError


@dataclass(frozen=True)
class Product:
    """One product: who owns it, its address, the files looked for in the data folder, and the
    chapters (beginnings of names) whose pages rest on it.
    """

    name: str
    what: str
    credit: str
    pattern: str
    address: str
    layout: str
    chapters: tuple[str, ...] = ()


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
    ),
    Product(
        "ismn",
        "archives of the International Soil Moisture Network, header+values",
        "International Soil Moisture Network",
        "ismn/*.zip",
        "https://ismn.earth (free account; ask for 'header+values'; cite, do not redistribute)",
        "the archives as downloaded: ismn/NAME.zip",
    ),
    Product(
        "scan",
        "soil moisture of USDA SCAN stations in volume percent",
        "USDA NRCS Soil Climate Analysis Network",
        "scan*/*.csv",
        "https://www.nrcs.usda.gov/wps/portal/wcc/home/ (National Water and Climate Center)",
        "CSV files in one folder whose name starts with scan",
    ),
    Product(
        "fluxnet",
        "measured long-wave radiation, against which its estimate is checked",
        "FLUXNET2015",
        "fluxnet/*.csv",
        "https://fluxnet.org (free account, CC-BY-4.0)",
        "daily CSV: fluxnet/NAME.csv",
        ("wang2024/s2_1",),
    ),
    Product(
        "power",
        "wind speed and long-wave radiation at a point",
        "NASA POWER",
        "power/*.json",
        "https://power.larc.nasa.gov (daily point JSON)",
        "one file a site: power/NAME.json",
        ("wang2024", "beyond"),
    ),
    Product(
        "smap",
        "SMAP L3 soil moisture, NLDAS-2 forcing and attributes of 412 pixels",
        "SMAP and NLDAS-2 for 412 pixels (Kuai Fang, geolearn)",
        "smap_conus412/**/*.csv",
        "https://github.com/fkwai/geolearn, folder example/SMAP/data (MIT)",
        "that folder as it stands, named smap_conus412",
        ("fang2019",),
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
    ),
)
PRODUCTS = {product.name: product for product in _ALL}


def files(product: Product, folder: Path) -> list[Path]:
    """Files of a product in the data folder, sorted."""
    return sorted(folder.glob(product.pattern))


def present(folder: Path | None = None) -> list[Product]:
    """Products of which the data folder has a file."""
    base = folder or data.folder()
    return [product for product in PRODUCTS.values() if any(base.glob(product.pattern))]


def listing(folder: Path, times: bool = False) -> str:
    """Fingerprint of names and sizes of all files below a folder; with ``times`` of dates as well.

    Dates differ between machines, but tell of any change on one without reading the files.
    """
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
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
    for product in present(base):
        found = files(product, base)
        try:
            for name, read in _stations(product.name, base, found):
                yield name, _report(read)
        except Exception as error:  # of the list of stations
            yield product.name, _told(error)
        unused = [file for file in found if not _is_used(product.name, file, base)]
        if unused:
            names = ", ".join(file.relative_to(base).as_posix() for file in unused)
            yield f"{product.name} not used", names


def _stations(product: str, base: Path, found: list[Path]) -> Iterator[tuple[str, Callable]]:
    if product == "uscrn":
        for name in uscrn.stations(base):
            yield f"uscrn {name}", partial(observed.load, name, base)
    elif product == "ismn":
        for archive in found:
            try:
                names = ismn.stations(archive)
            except SoilbookError:
                yield f"ismn {archive.name}", partial(ismn.stations, archive)
                continue
            for name in names:
                yield f"ismn {name}", partial(ismn.read, archive, name)
    elif product == "scan":
        for number in scan.stations(base):
            yield f"scan {number}", partial(scan.read, base, number)
    elif product == "fluxnet":
        for name in fluxnet.SITES:
            yield f"fluxnet {name}", partial(fluxnet.read, base, name)
    elif product == "power":
        for file in found:
            yield f"power {file.stem}", partial(observed.read_power, file)
    elif product == "smap":
        yield "smap", partial(conus412.read, base)


def _is_used(product: str, file: Path, base: Path) -> bool:
    """Whether a reader of the product opens a file of this name at this place."""
    if product == "uscrn":
        name = uscrn.NAME.fullmatch(file.name)
        return bool(name) and name[1] == file.parent.name
    if product == "scan":
        return file in (base / scan.FILE, base / scan.INVENTORY)
    if product == "fluxnet":
        return file == base / fluxnet.FILE
    if product == "power":
        station = f"CRND0103-*-{file.stem}.txt"
        return file.stem in sites.OBSERVED or any(base.glob(f"uscrn/daily01/*/{station}"))
    if product == "smap":
        columns = conus412.FORCING | conus412.TARGET | conus412.CONSTANTS
        read = {"crd", "timeStr", *(one.file for one in columns.values())}
        return file in conus412.files_of(base) and file.stem in read
    return product != "nldas" or file.suffix in (".nc", ".nc4")


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
    listed = [
        f"{float(depth):g} m {share:.0%}"
        for depth, share in zip(gaps["depth"], gaps.values, strict=True)
    ]
    return f"{text}; days without soil moisture: {', '.join(listed)}"


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
