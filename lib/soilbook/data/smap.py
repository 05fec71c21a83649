"""SMAP soil moisture as NSIDC serves it: reader, and what is fetched through earthaccess.

SPL3SMP (36 km): ``smap_l3/**/SMAP_L3_SM_P_YYYYMMDD_RVVVVV_NNN.h5``, a global day; groups of the
morning and the evening overpass (versions 4 to 9, doi 10.5067/OMHVSRGFX38O). SPL4SMGP (9 km):
``smap_l4/**/SMAP_L4_SM_gph_YYYYMMDDTHHMMSS_VvVVVV_NNN.h5``, means of three hours (doi
10.5067/EVKPQZ4AFC4D). Whole and cut-out files are read alike: a value belongs to the row and
column that the file names. Where a day or an hour was released twice, the later release stands.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import earthdata, easegrid, files, hdf5
from soilbook.data.files import File, Folder, Plan
from soilbook.errors import DataError, unknown

L3_NAME = re.compile(r"SMAP_L3_SM_P_(?P<stamp>\d{8})_(?P<release>R\d+_\d+)\.(?i:h5)")
L4_NAME = re.compile(r"SMAP_L4_SM_gph_(?P<stamp>\d{8}T\d{6})_(?P<release>Vv\d+_\d+)\.(?i:h5)")
PATTERNS = {"smap_l3": L3_NAME, "smap_l4": L4_NAME}
# Units of a volume fraction as the versions of both products write it.
FRACTION = ("cm**3/cm**3", "m3 m-3", "m3/m3", "m**3/m**3", "m^3/m^3", "cm^3/cm^3")
SINGLE_CHANNEL = "_scav"  # in names: the retrieval of vertical polarisation
EPOCH = pd.Timestamp("2000-01-01T11:58:55.816")  # from which both products count seconds
DAY = timedelta(days=1)
# Overpass: group and the ending of its variables.
GROUPS = {
    "AM": ("Soil_Moisture_Retrieval_Data_AM", ""),
    "PM": ("Soil_Moisture_Retrieval_Data_PM", "_pm"),
}
# Bits of retrieval_qual_flag that must be 0: bit 0 "not recommended", 1 "skipped", 2 "failed".
QUALITY = {"any": 0b000, "retrieved": 0b110, "recommended": 0b111}
# Products of the same family that are easily taken for these, by the beginnings of their names.
SISTERS = {
    "SMAP_L3_SM_P_E_": "SPL3SMP_E (9 km)",
    "SMAP_L3_SM_AP_": "SPL3SMAP",
    "SMAP_L3_SM_A_": "SPL3SMA",
    "SMAP_L4_SM_aup_": "SPL4SMAU",
    "SMAP_L4_SM_lmc_": "SPL4SMLM",
}
L4_GROUP = "Geophysical_Data"
L4_A_DAY = 8
# Folder, version and pattern of names of each product that is fetched.
FETCHED = {
    "SPL3SMP": ("smap_l3", "009", L3_NAME),
    "SPL4SMGP": ("smap_l4", "008", L4_NAME),
}
BOX = (-125.0, 24.5, -66.5, 50.0)  # degrees: west, south, east, north
START, END = pd.Timestamp("2015-04-01"), pd.Timestamp("2017-03-31")
PACE, MEGABYTE = 0.5, 2**20


def read_l3(
    folder: Folder,
    rows,
    columns,
    *,
    start=None,
    end=None,
    overpass: str = "AM",
    quality: str = "retrieved",
) -> xr.Dataset:
    """``sm_smap`` (m3 m-3) of 36 km cells: Dataset (pixel, time), NaN on days without a file.

    ``rows`` and ``columns`` choose the cells, ``start`` and ``end`` (dates) the days. ``quality``:
    "any" value, "retrieved" (attempted and successful) or "recommended" as well. Raises
    ParameterError for an option, DataError naming file and group or variable.
    """
    if overpass not in GROUPS:
        raise unknown("overpass", overpass, GROUPS)
    if quality not in QUALITY:
        raise unknown("quality", quality, QUALITY)
    cells = easegrid.coordinates(rows, columns)
    found = _find(folder, "smap_l3", start, end)
    of_day = partial(field_l3, overpass=overpass, quality=quality)
    return _series(found, cells, "sm_smap", of_day, 1, f"SMAP L3 (SPL3SMP), {overpass}")


def field_l3(path: Path, overpass: str = "AM", quality: str = "retrieved") -> np.ndarray:
    """Soil moisture (row, column) of the 36 km grid, m3 m-3, of one granule of SPL3SMP.

    By the single-channel algorithm of vertical polarisation, which is the paper's, where the file
    has it by that name; elsewhere the product's own, which was that one up to version 7. Raises
    DataError naming the file for damage, another unit, or times of another day than its name.
    """
    group, ending = GROUPS[overpass]
    with hdf5.opened(path, group) as inner:
        _check_time(path, inner, f"tb_time_seconds{ending}", DAY)
        kind = SINGLE_CHANNEL if f"soil_moisture{SINGLE_CHANNEL}{ending}" in inner else ""
        flags = f"retrieval_qual_flag{kind}{ending}"
        flags = flags if flags in inner else f"retrieval_qual_flag{ending}"
    moisture = f"soil_moisture{kind}{ending}"
    index = (f"EASE_row_index{ending}", f"EASE_column_index{ending}")
    found = hdf5.read(path, (*index, moisture, flags), group)
    values = _moisture(path, moisture, found.pop(moisture))
    row, column, flag = (_whole(path, name, one, values) for name, one in found.items())
    values[(flag & QUALITY[quality]) != 0] = np.nan
    return _place(path, row, column, values, "36km")


def read_l4(
    folder: Folder, rows, columns, *, start=None, end=None, at_least: int = L4_A_DAY
) -> xr.Dataset:
    """``sm_smap_rootzone`` (m3 m-3, 0-100 cm) of 9 km cells: Dataset (pixel, time), daily means.

    A UTC day with fewer than ``at_least`` of its 8 files is NaN. Raises DataError as ``read_l3``.
    """
    cells = easegrid.coordinates(rows, columns, "9km")
    found = _find(folder, "smap_l4", start, end)
    return _series(found, cells, "sm_smap_rootzone", field_l4, at_least, "SMAP L4 (SPL4SMGP)")


def field_l4(path: Path) -> np.ndarray:
    """Root-zone moisture (row, column) of the 9 km grid, m3 m-3, of one granule of SPL4SMGP.

    Raises DataError naming the file for damage, another unit, or another time than its name's.
    """
    with hdf5.opened(path) as inner:
        _check_time(path, inner, "time", timedelta(0))
    found = hdf5.read(path, ("sm_rootzone",), L4_GROUP)
    values = _moisture(path, "sm_rootzone", found["sm_rootzone"])
    index = hdf5.read(path, ("cell_row", "cell_column"))
    row, column = (_whole(path, name, one, values) for name, one in index.items())
    return _place(path, row, column, values, "9km")


def granules(folder: Folder, product: str) -> dict[str, Path]:
    """Newest file of every time stamp below ``smap_l3`` or ``smap_l4``, in order of time.

    Raises DataError if the folder is absent, or there are only files of a product that is easily
    taken for this one.
    """
    root = files.product(folder, product)
    there = files.matching(root, "**/SMAP_*.h5")
    matches = [(PATTERNS[product].fullmatch(path.name), path) for path in there]
    matches = sorted((m["stamp"], m["release"], path) for m, path in matches if m)
    found = {stamp: path for stamp, _, path in matches}
    for path in () if found else there:
        for beginning, sister in SISTERS.items():
            if path.name.startswith(beginning):
                none = _none(folder, product)
                raise DataError(f"{none}; {path.name} is {sister}, another product")
    return found


def _find(folder, product: str, start, end) -> dict[str, Path]:
    return hdf5.within(granules(folder, product), start, end, _none(folder, product))


def _none(folder, product: str) -> str:
    beginning = PATTERNS[product].pattern.split("(")[0]
    return f"{files.product(folder, product)}: no files like {beginning}YYYYMMDD...h5"


def _moisture(path: Path, name: str, field: hdf5.Field) -> np.ndarray:
    """Numbers of a volume fraction; DataError for another unit."""
    if field.units is not None and field.units not in FRACTION:
        raise DataError(
            f"{path}: variable {name!r} has units {field.units!r}; allowed: {', '.join(FRACTION)}"
        )
    return hdf5.numbers(field)


def _check_time(path: Path, group: h5py.Group, name: str, span: timedelta) -> None:
    """The times of a granule, if it has them, are those of its name: within ``span`` after it."""
    if name in group:
        seconds = hdf5.numbers(hdf5.read_field(path, group, name), np.float64)
        stamp = next(match["stamp"] for one in PATTERNS.values() if (match := one.match(path.name)))
        times = EPOCH + pd.to_timedelta(seconds.ravel(), unit="s")
        hdf5.check_times(path, name, times, stamp, span)


def _series(found, cells: dict, name: str, field, at_least: int, source: str) -> xr.Dataset:
    at = cells["row"][1], cells["column"][1]
    result = hdf5.means(found, lambda path: {name: field(path)[at]}, at_least, cells)
    return schema.check_grid(schema.describe_grid(result, source), source)


def _whole(path: Path, name: str, field: hdf5.Field, values: np.ndarray) -> np.ndarray:
    """Index or flag of each of the values: whole numbers of the same shape."""
    if field.values.dtype.kind not in "iu" or field.values.shape != values.shape:
        raise DataError(
            f"{path}: variable {name!r} is {field.values.dtype} of shape {field.values.shape}; "
            f"whole numbers of shape {values.shape}, as of the soil moisture, are needed"
        )
    return field.values.astype(int)


def _place(path: Path, row, column, values: np.ndarray, grid: str) -> np.ndarray:
    """Global field (row, column) with the values at the rows and columns that the file names."""
    shape = easegrid.GRIDS[grid]
    inside = (row >= 0) & (row < shape.rows) & (column >= 0) & (column < shape.columns)
    field = np.full((shape.rows, shape.columns), np.nan, np.float32)
    row, column = row[inside], column[inside]
    twice = np.bincount(row * shape.columns + column).max(initial=0) > 1
    if twice:
        raise DataError(f"{path}: a cell stands twice in its index of rows and columns")
    field[row, column] = values[inside]
    return field


def plan(root: Path, names: Iterable[str], start, end, ask) -> Plan:
    """Granules over the conterminous USA of SPL3SMP (default) or SPL4SMGP, which ``names`` choose,
    of the two years of study 2 or from ``start`` to ``end``. The search needs the account already.

    Raises ParameterError for another product, DataError without package, account or granules.
    """
    token = earthdata.login("smap")
    made = []
    for name in list(names) or ["SPL3SMP"]:
        if name not in FETCHED:
            raise unknown("product of SMAP", name, FETCHED)
        folder, version, pattern = FETCHED[name]
        days = f"{start or START:%Y-%m-%d}", f"{end or END:%Y-%m-%d}"
        asked = {"short_name": name, "version": version, "temporal": days, "bounding_box": BOX}
        for granule in earthdata.granules("smap", **asked):
            links = [link for link in granule.data_links() if link.startswith("https://")]
            file = links[0].rsplit("/", 1)[-1] if links else "no address"
            if not pattern.fullmatch(file):
                raise DataError(f"smap: {name} offers {file}; a name like {pattern.pattern} needed")
            size = int(granule.size() * MEGABYTE)
            made.append(File(f"{folder}/{file}", links[0], _check, size))
    secret = {"Authorization": f"Bearer {token}"}
    return Plan("smap", tuple(made), PACE, 1.0, lambda: secret, earthdata.ACCOUNT)


def _check(path: Path) -> None:
    """A whole HDF5 file with the variable that is read."""
    if L3_NAME.fullmatch(path.name):
        group, ending = GROUPS["AM"]
        hdf5.read(path, (f"soil_moisture{ending}",), group)
    else:
        hdf5.read(path, ("sm_rootzone",), L4_GROUP)
