"""The products that the observed track reads: whose they are, where to get them, where they lie."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import xarray as xr

from soilbook import data
from soilbook.data import (
    archive,
    awdb,
    conus412,
    download,
    fluxnet,
    giovanni,
    ismn,
    nldas,
    observed,
    power,
    scan,
    sites,
    smap,
    uscrn,
)
from soilbook.data import files as folder_of_data
from soilbook.errors import DataError, SoilbookError

Records = Iterable[tuple[str, Callable]]


@dataclass(frozen=True)
class Product:
    """One product: who owns it, its address, licence and citation, the files looked for in the data
    folder, and the chapters (beginnings of names) whose pages rest on it.

    ``records(base, files)`` gives the names of what can be read, each with a function that reads
    it; ``opens(file, base)`` tells whether a reader opens a file of this name at this place.
    """

    name: str
    what: str
    credit: str
    patterns: tuple[str, ...]
    address: str
    licence: str
    cite: str
    layout: str
    chapters: tuple[str, ...] = ()
    records: Callable[[Path, list[Path]], Records] = lambda base, files: ()
    opens: Callable[[Path, Path], bool] = lambda file, base: True

    @property
    def fetched(self) -> bool:
        """Whether ``soilbook data get`` fetches it; the others are asked for by hand."""
        return self.name in download.PLANS


def _archives(base: Path, archives: list[Path]) -> Iterator[tuple[str, Callable]]:
    for one in archives:
        try:
            for name in ismn.stations(one):
                yield name, partial(ismn.read, one, name)
        except SoilbookError:
            yield one.name, partial(ismn.stations, one)


def _is_of_its_year(file: Path, base: Path) -> bool:
    name = uscrn.NAME.fullmatch(file.name)
    return bool(name) and name[1] == file.parent.name


def _is_of_a_site(file: Path, base: Path) -> bool:
    """Whether POWER's file is that of a paper site or a station here, or was fetched for a site."""
    station = f"uscrn/daily01/*/CRND0103-*-{file.stem}.txt"
    names = {power.file_name(name) for name in (*sites.SITES, *awdb.stations(base))}
    fetched = download.Manifest(base, "power").files
    return (
        file.stem in names
        or file.relative_to(base).as_posix() in fetched
        or any(folder_of_data.matching(base, station))
    )


def _is_of_scan(file: Path, base: Path) -> bool:
    """Whether a file is an answer of AWDB that is read, or one of the two tables."""
    answers = f"{awdb.STATION}|{awdb.DAILY}|{awdb.HOURLY.format('[12][0-9]{3}')}"
    is_answer = re.fullmatch(answers, file.name) and awdb.TRIPLET.fullmatch(file.parent.name)
    tables = (folder_of_data.there(base / one) for one in (scan.FILE, scan.INVENTORY))
    return bool(is_answer) or file in tables


def _scan(base: Path, found: list[Path]) -> Iterator[tuple[str, Callable]]:
    for triplet in awdb.stations(base):
        yield triplet, partial(observed.load, triplet, base)
    for number in scan.stations(base):
        yield str(number), partial(scan.read, base, number)


def _granules(base: Path, found: list[Path]) -> Iterator[tuple[str, Callable]]:
    """The first and the last granule of each folder, which are read."""
    for pattern, read in ((smap.L3_NAME, smap.field_l3), (smap.L4_NAME, smap.field_l4)):
        yield from _ends([file for file in found if pattern.fullmatch(file.name)], read)


def _hours(base: Path, found: list[Path]) -> Iterator[tuple[str, Callable]]:
    """NLDAS-2: the first and the last file of each product, and all series at points."""
    for product in nldas.PRODUCTS.values():
        names = ((file, nldas.NAME.fullmatch(file.name)) for file in found)
        yield from _ends([file for file, name in names if name and file.name.startswith(product)],
                         nldas.check_file)  # fmt: skip
    series = [file for file in found if giovanni.named(file)]
    for folder in sorted({file.parent for file in series}):
        here = [file for file in series if file.parent == folder]
        yield folder.name, partial(_series, here)


def _ends(here: list[Path], read: Callable) -> Iterator[tuple[str, Callable]]:
    for file in here[:1] + here[1:][-1:]:
        yield file.name, partial(_granule, file, read)


def _granule(file: Path, read: Callable) -> xr.Dataset:
    read(file)
    return xr.Dataset(attrs={"told": f"{file.stat().st_size / 1e6:.1f} MB, can be read"})


def _series(here: list[Path]) -> xr.Dataset:
    hours = 0
    for file in here:
        product, name = giovanni.named(file)
        latitude, longitude = map(float, file.stem.split("_"))
        hours += giovanni.read_point(file, product, name, (latitude, longitude)).size
    return xr.Dataset(attrs={"told": f"{len(here)} places, {hours} hours"})


def _is_of_nldas(file: Path, base: Path) -> bool:
    return bool(nldas.NAME.fullmatch(file.name)) or (
        giovanni.named(file) is not None and file.is_relative_to(base / giovanni.FOLDER)
    )


def _is_column(file: Path, base: Path) -> bool:
    columns = conus412.FORCING | conus412.TARGET | conus412.CONSTANTS
    read = {"crd", "timeStr", *(one.file for one in columns.values())}
    return file.stem in read and file.is_relative_to(base / conus412.PRODUCT / "CONUSv4f1")


NASA_OPEN = "open to all users (NASA Earth Science data); free Earthdata account"
_ALL = (
    Product(
        "uscrn",
        "daily soil moisture, soil temperature and weather of U.S. stations",
        "NOAA U.S. Climate Reference Network",
        ("uscrn/daily01/*/CRND0103-*.txt",),
        "https://www.ncei.noaa.gov/pub/data/uscrn/products/daily01/",
        "public domain (U.S. Government), no account",
        "Diamond et al. (2013), doi 10.1175/BAMS-D-12-00170.1; Bell et al. (2013), doi "
        "10.1175/JHM-D-12-0146.1",
        "one folder a year, one file a station: "
        "uscrn/daily01/2017/CRND0103-2017-WA_Darrington_21_NNE.txt; NCEI's list of stations as "
        "uscrn/stations.tsv",
        ("wang2024", "fang2019", "beyond"),
        lambda base, files: (
            (name, partial(observed.load, name, base)) for name in uscrn.stations(base)
        ),
        _is_of_its_year,
    ),
    Product(
        "scan",
        "soil moisture, soil temperature, rain and air temperature of USDA SCAN stations",
        "USDA NRCS Soil Climate Analysis Network",
        ("scan*/*.csv", "scan/*/*.json"),
        "https://wcc.sc.egov.usda.gov/awdbRestApi/services/v1/",
        "public domain (U.S. Government), no account",
        "Schaefer et al. (2007), doi 10.1175/2007JTECHA930.1",
        "a folder a station with the answers of AWDB: scan/2057_AL_SCAN/station.json, "
        "scan/2057_AL_SCAN/daily.json and, a year, scan/2057_AL_SCAN/hourly_2015.json; or soil "
        f"moisture alone, all stations in one table, {scan.FILE}, with the columns Date, station "
        f"(such as 2057:AL:SCAN) and {', '.join(scan.COLUMNS)}; NRCS's list of stations as "
        f"{scan.INVENTORY}",
        ("wang2024", "beyond"),
        records=_scan,
        opens=_is_of_scan,
    ),
    Product(
        "power",
        "weather at a site: what its station does not measure",
        "NASA POWER",
        ("power/*.json",),
        "https://power.larc.nasa.gov/api/temporal/daily/point",
        "open, no account; NASA POWER asks to be acknowledged",
        "NASA Langley Research Center (LaRC), POWER Project, https://power.larc.nasa.gov",
        "one file a site, named after it: power/Kingston-1-W.json, or power/RI_Kingston_1_W.json "
        "for the station by its own name",
        ("wang2024", "beyond"),
        lambda base, files: ((file.stem, partial(power.read, file)) for file in files),
        _is_of_a_site,
    ),
    Product(
        "ismn",
        "any station of the International Soil Moisture Network, header+values",
        "International Soil Moisture Network",
        ("ismn/*.zip",),
        "https://ismn.earth (asked for in the browser: choose 'header+values')",
        "free account; cite, do not redistribute",
        "Dorigo et al. (2021), doi 10.5194/hess-25-5749-2021, and the networks used",
        "the archives as downloaded: ismn/NAME.zip",
        ("wang2024", "beyond"),
        records=_archives,
    ),
    Product(
        "wang2024",
        "the authors' own station files and programs of study 1, for data=archive",
        "Wang et al. (2024), the authors' archive",
        ("wang2024/**/*",),
        "https://zenodo.org/api/records/10060492 (doi 10.5281/zenodo.10060492)",
        "as its record on Zenodo says",
        "doi 10.5281/zenodo.10060492",
        "the files of the record as they are, zips need not be unpacked: wang2024/Kingston-1-W.csv",
        records=lambda base, files: (
            (name, partial(archive.read, base, name)) for name in archive.available(base)
        ),
        opens=lambda file, base: file.is_dir() or file in archive.stations(base).values(),
    ),
    Product(
        "fluxnet",
        "measured long-wave radiation, against which its estimate is checked",
        "FLUXNET2015",
        ("fluxnet/*.csv",),
        "https://fluxnet.org/data/fluxnet2015-dataset/ (by hand)",
        "free account, CC-BY-4.0",
        "Pastorello et al. (2020), doi 10.1038/s41597-020-0534-3",
        f"daily rows of {', '.join(fluxnet.SITES)} in one table, {fluxnet.FILE}, with the columns "
        f"siteid, TIMESTAMP, VPD_F, {', '.join(fluxnet.COLUMNS.values())}",
        ("wang2024/s2_1",),
        lambda base, files: (
            (name, partial(fluxnet.read, base, name)) for name in fluxnet.stations(base)
        ),
        lambda file, base: file == folder_of_data.there(base / fluxnet.FILE),
    ),
    Product(
        "conus412",
        "SMAP L3 soil moisture, NLDAS-2 forcing and attributes of 412 pixels",
        "SMAP and NLDAS-2 for 412 pixels (Kuai Fang, geolearn)",
        ("smap_conus412/**/*.csv",),
        "https://github.com/fkwai/geolearn, folder example/SMAP/data (by hand)",
        "MIT",
        "Fang et al. (2017), doi 10.1002/2017GL075619",
        "that folder as it stands, named smap_conus412",
        ("fang2019",),
        lambda base, files: [("", partial(conus412.read, base))],
        _is_column,
    ),
    Product(
        "smap",
        "SMAP L3 (SPL3SMP) and L4 (SPL4SMGP) soil moisture, granules",
        "SMAP L3 and L4, NASA NSIDC DAAC",
        ("smap_l3/**/*.h5", "smap_l4/**/*.h5"),
        "https://nsidc.org/data/spl3smp/versions/9, https://nsidc.org/data/spl4smgp/versions/8",
        NASA_OPEN,
        "doi 10.5067/OMHVSRGFX38O (SPL3SMP), doi 10.5067/EVKPQZ4AFC4D (SPL4SMGP)",
        "granules anywhere below smap_l3 and smap_l4",
        ("fang2019",),
        records=_granules,
        opens=lambda file, base: bool(
            smap.L3_NAME.fullmatch(file.name) or smap.L4_NAME.fullmatch(file.name)
        ),
    ),
    Product(
        "nldas",
        "hourly forcing, Noah and VIC of NLDAS-2; without it this project's own models stand in",
        "NLDAS-2 forcing, Noah and VIC, NASA GES DISC",
        ("nldas/**/NLDAS_*0125_H.A*", "nldas/points/*/*.csv"),
        "https://api.giovanni.earthdata.nasa.gov/timeseries (points); granules of "
        "NLDAS_FORA0125_H, NLDAS_NOAH0125_H and NLDAS_VIC0125_H version 2.0 at "
        "https://data.gesdisc.earthdata.nasa.gov",
        f"{NASA_OPEN}, with approval of NASA GESDISC DATA ARCHIVE",
        "Xia et al. (2012), doi 10.1029/2011JD016048",
        "series at points below nldas/points, or the netCDF files of both models anywhere below "
        "nldas",
        ("fang2019/s2_a", "fang2019/s3", "fang2019/s4"),
        records=_hours,
        opens=_is_of_nldas,
    ),
)
PRODUCTS = {product.name: product for product in _ALL}


def files(product: Product, folder: Path) -> list[Path]:
    """Files of a product in the data folder, sorted."""
    like = (folder_of_data.matching(folder, pattern) for pattern in product.patterns)
    return sorted({file for found in like for file in found if file.is_file()})


def present(folder: Path | None = None) -> list[Product]:
    """Products of which the data folder has a file that is read."""
    base = folder or data.folder()
    return [
        product
        for product in PRODUCTS.values()
        if any(product.opens(file, base) for file in files(product, base))
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


def check_stations(
    folder: Path | None = None, only: str | None = None
) -> Iterator[tuple[str, str | SoilbookError]]:
    """Read every station of the data folder, or of ``only`` one product; yield its name and what it
    holds, or its error.

    Files of a product that nothing reads follow in one line. Whatever is wrong with one station or
    product, the others are read. Raises DataError if there is no data folder.
    """
    base = folder or data.folder()
    folder_of_data.product(base, ".")
    for product in PRODUCTS.values():
        if only not in (None, product.name):
            continue
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
    if "told" in station.attrs:
        return station.attrs["told"]
    days = station["time"].values.astype("datetime64[D]")
    text = f"{days[0]} to {days[-1]}"
    if "sm_smap" in station:
        share = float(station["sm_smap"].isnull().mean())
        return f"{station.sizes['pixel']} pixels, {text}; values without SMAP: {share:.0%}"
    if "sm" not in station:
        return f"{text}; weather only"
    gaps = station["sm"].isnull().mean("time")
    listed = ", ".join(f"{depth:g} m {share:.0%}" for depth, share in gaps.to_series().items())
    told = f"{text}; days without soil moisture: {listed}"
    return f"{told}; {station.attrs['guesses']}" if station.attrs.get("guesses") else told


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
