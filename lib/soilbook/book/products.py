"""The products that the observed track reads: whose they are, where to get them, where they lie."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from soilbook import data
from soilbook.data import conus412, fluxnet, ismn, observed, scan, uscrn
from soilbook.errors import SoilbookError


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


PRODUCTS = {
    product.name: product
    for product in (
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
}


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

    Raises DataError if there is no data folder.
    """
    base = folder or data.folder()
    data.available("observed", base)
    for name, read in _stations(base):
        try:
            yield name, _holds(read())
        except SoilbookError as error:
            yield name, error


def _stations(base: Path) -> Iterator[tuple[str, Callable]]:
    there = {product.name for product in present(base)}
    if "uscrn" in there:
        for name in uscrn.stations(base):
            yield f"uscrn {name}", lambda name=name: observed.load(name, base)
    for archive in files(PRODUCTS["ismn"], base):
        yield from _of_archive(archive)
    if "scan" in there:
        for number in scan.stations(base):
            yield f"scan {number}", lambda number=number: scan.read(base, number)
    if "fluxnet" in there:
        for name in fluxnet.SITES:
            yield f"fluxnet {name}", lambda name=name: fluxnet.read(base, name)
    if "smap" in there:
        yield "smap", lambda: conus412.read(base)


def _of_archive(archive: Path) -> Iterator[tuple[str, Callable]]:
    try:
        names = ismn.stations(archive)
    except SoilbookError:
        yield f"ismn {archive.name}", lambda: ismn.stations(archive)
        return
    for name in names:
        yield f"ismn {name}", lambda name=name: ismn.read(archive, name)


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
