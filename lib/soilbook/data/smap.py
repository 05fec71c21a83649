"""HDF5 and netCDF files by time, and SMAP soil moisture as NSIDC serves it in them.

SPL3SMP (36 km): ``smap_l3/**/SMAP_L3_SM_P_YYYYMMDD_RVVVVV_NNN.h5``, a global day; groups of the
morning and the evening overpass (versions 4 to 9, doi 10.5067/OMHVSRGFX38O). SPL4SMGP (9 km):
``smap_l4/**/SMAP_L4_SM_gph_YYYYMMDDTHHMMSS_VvVVVV_NNN.h5``, means of three hours (doi
10.5067/EVKPQZ4AFC4D). Whole and cut-out files are read alike: a value belongs to the row and
column that the file names. Where a day or an hour was released twice, the later release stands.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import easegrid, files
from soilbook.data.look import look
from soilbook.errors import DataError, unknown

# Time stamps in names of files by their length.
STAMPS = {8: "%Y%m%d", 13: "%Y%m%d.%H%M", 15: "%Y%m%dT%H%M%S"}
FILLS = ("_FillValue", "missing_value")
PACKED = {"scale_factor": 1, "add_offset": 0}
LARGEST = 2**26  # numbers in a dataset; a field of 9 km has 6 million
L3_NAME = re.compile(r"SMAP_L3_SM_P_(?P<stamp>\d{8})_(?P<release>R\d+_\d+)\.(?i:h5)")
L4_NAME = re.compile(r"SMAP_L4_SM_gph_(?P<stamp>\d{8}T\d{6})_(?P<release>Vv\d+_\d+)\.(?i:h5)")
PATTERNS = {"smap_l3": L3_NAME, "smap_l4": L4_NAME}
# Units of a volume fraction as the versions of both products write it.
FRACTION = ("cm**3/cm**3", "m3 m-3", "m3/m3", "m**3/m**3", "m^3/m^3", "cm^3/cm^3")
SINGLE_CHANNEL = "_scav"  # in names: the retrieval of vertical polarisation
EPOCH = pd.Timestamp("2000-01-01T11:58:55.816")  # from which both products count seconds
DAY, SLACK = timedelta(days=1), timedelta(hours=3)
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


def read_l3(
    folder: Path | str | None,
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
    found = within(granules(folder, "smap_l3"), start, end, _none(folder, "smap_l3"))
    of_day = partial(field_l3, overpass=overpass, quality=quality)
    return _series(found, cells, "sm_smap", of_day, 1, f"SMAP L3 (SPL3SMP), {overpass}")


def field_l3(path: Path, overpass: str = "AM", quality: str = "retrieved") -> np.ndarray:
    """Soil moisture (row, column) of the 36 km grid, m3 m-3, of one granule of SPL3SMP.

    By the single-channel algorithm of vertical polarisation, which is the paper's, where the file
    has it by that name; elsewhere the product's own, which was that one up to version 7. Raises
    DataError naming the file for damage, another unit, or times of another day than its name.
    """
    group, ending = GROUPS[overpass]
    with opened(path, group) as inner:
        _check_time(path, inner, f"tb_time_seconds{ending}", DAY)
        kind = SINGLE_CHANNEL if f"soil_moisture{SINGLE_CHANNEL}{ending}" in inner else ""
        flags = f"retrieval_qual_flag{kind}{ending}"
        flags = flags if flags in inner else f"retrieval_qual_flag{ending}"
    moisture = f"soil_moisture{kind}{ending}"
    index = (f"EASE_row_index{ending}", f"EASE_column_index{ending}")
    found = read(path, (*index, moisture, flags), group)
    values = _moisture(path, moisture, found.pop(moisture))
    row, column, flag = (_whole(path, name, one, values) for name, one in found.items())
    values[(flag & QUALITY[quality]) != 0] = np.nan
    return _place(path, row, column, values, "36km")


def read_l4(
    folder: Path | str | None, rows, columns, *, start=None, end=None, at_least: int = L4_A_DAY
) -> xr.Dataset:
    """``sm_smap_rootzone`` (m3 m-3, 0-100 cm) of 9 km cells: Dataset (pixel, time), daily means.

    A UTC day with fewer than ``at_least`` of its 8 files is NaN. Raises DataError as ``read_l3``.
    """

    cells = easegrid.coordinates(rows, columns, "9km")
    found = within(granules(folder, "smap_l4"), start, end, _none(folder, "smap_l4"))
    return _series(found, cells, "sm_smap_rootzone", field_l4, at_least, "SMAP L4 (SPL4SMGP)")


def field_l4(path: Path) -> np.ndarray:
    """Root-zone moisture (row, column) of the 9 km grid, m3 m-3, of one granule of SPL4SMGP.

    Raises DataError naming the file for damage, another unit, or another time than its name's.
    """
    with opened(path) as inner:
        _check_time(path, inner, "time", timedelta(0))
    found = read(path, ("sm_rootzone",), L4_GROUP)
    values = _moisture(path, "sm_rootzone", found["sm_rootzone"])
    index = read(path, ("cell_row", "cell_column"))
    row, column = (_whole(path, name, one, values) for name, one in index.items())
    return _place(path, row, column, values, "9km")


def granules(folder: Path | str | None, product: str) -> dict[str, Path]:
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


@dataclass(frozen=True)
class Field:
    """Numbers of one dataset as they stand in its file, and the attributes that were asked for."""

    values: np.ndarray
    units: str | None
    fills: tuple[float, ...]


@contextmanager
def opened(path: Path, group: str = "/") -> Iterator[h5py.Group]:
    """A group of an HDF5 or netCDF-4 file, read where it is used.

    Raises DataError naming the file, and the group where it lacks it; also if it ends too early.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    look(path)
    try:
        file = h5py.File(path, "r")
    except OSError:
        raise DataError(f"{path}: no HDF5 or netCDF-4 file, or damaged") from None
    with file:
        try:
            inner = file.get(group)
            if not isinstance(inner, h5py.Group):
                raise DataError(f"{path}: no group {group!r}; it is needed")
            yield inner
        except (OSError, RuntimeError):
            raise DataError(f"{path}: damaged; group {group!r} cannot be read to its end") from None


def read(path: Path, names: Iterable[str], group: str = "/") -> dict[str, Field]:
    """Datasets by name; numbers that mean "missing" are left as they are.

    Raises DataError naming the file, and the group or variable that it lacks or cannot be read.
    """
    names = list(names)
    with opened(path, group) as inner:
        absent = [name for name in names if name not in inner]
        if absent:
            raise DataError(
                f"{path}: no variable {absent[0]!r} in group {group!r}; needed: {', '.join(names)}"
            )
        return {name: read_field(path, inner, name) for name in names}


def read_field(path: Path, group: h5py.Group, name: str) -> Field:
    """One dataset of an opened group; DataError naming file and variable unless it is numbers in
    one or more dimensions whose fill value is a number.
    """
    what = f"{path}: variable {name!r}"
    try:
        found = group[name]
        odd = _odd(found)
        if odd:
            raise DataError(f"{what} is {odd}; a field of numbers is needed")
        for one, plain in PACKED.items():
            if not np.all(found.attrs.get(one, plain) == plain):
                raise DataError(f"{what} is packed; {one} of {plain} is needed")
        units = found.attrs.get("units")
        fills = [found.attrs[one] for one in FILLS if one in found.attrs]
        values = found[...]
    except (KeyError, TypeError, ValueError, NotImplementedError):
        raise DataError(f"{what} cannot be read; a field of numbers is needed") from None
    if isinstance(units, bytes):
        units = units.decode("utf-8", errors="replace")
    if not isinstance(units, str | None):
        words = " ".join(str(units).split())[:60]
        raise DataError(f"{what} has units {words!r}; one text is needed")
    for fill in fills:
        if np.size(fill) != 1 or np.asarray(fill).dtype.kind not in "iuf":
            words = " ".join(str(fill).split())[:60]
            raise DataError(f"{what} has the fill value {words!r}; one number is needed")
    return Field(values, units, tuple(np.asarray(fill).item() for fill in fills))


def numbers(field: Field, kind: type = np.float32) -> np.ndarray:
    """Values as numbers of a kind (32-bit), NaN where the file's attributes say "missing"."""
    missing = np.zeros(field.values.shape, dtype=bool)
    for fill in field.fills:
        missing |= field.values == np.asarray(fill).astype(field.values.dtype)
    return np.where(missing, kind(np.nan), field.values.astype(kind))


def within(found: dict[str, Path], start, end, none: str) -> dict[str, Path]:
    """Files by time stamp (YYYYMMDD and the hour), in order, in the days start..end.

    Raises DataError with the words ``none`` if there are none, or naming one that is no date.
    """
    for stamp, path in found.items():
        try:
            datetime.strptime(stamp, STAMPS[len(stamp)])
        except ValueError:
            raise DataError(f"{path}: {stamp} in the name is no date and hour") from None
    first = "" if start is None else str(start)[:10].replace("-", "")
    last = "9" if end is None else str(end)[:10].replace("-", "")
    chosen = {stamp: found[stamp] for stamp in sorted(found) if first <= stamp[:8] <= last}
    if not chosen:
        asked = "" if start is None and end is None else " in the days asked for"
        raise DataError(f"{none}{asked}")
    return chosen


def means(
    found: dict[str, Path],
    fields: Callable[[Path], dict[str, np.ndarray]],
    at_least: int,
    cells: dict,
) -> xr.Dataset:
    """Dataset (pixel, time), 32-bit: every day from first to last, and the mean of each field over
    the day's files; NaN where there are fewer than ``at_least``. ``cells`` are its coordinates.
    """
    days = [datetime.strptime(stamp[:8], "%Y%m%d").date() for stamp in found]
    time = np.arange(days[0], days[-1] + timedelta(days=1), dtype="datetime64[D]")
    total: dict[str, np.ndarray] = {}
    count = np.zeros(time.size, dtype=int)
    for day, path in zip(days, found.values(), strict=True):
        at = (day - days[0]).days
        count[at] += 1
        for name, values in fields(path).items():
            total.setdefault(name, np.zeros((values.size, time.size)))[:, at] += values
    few, count = count < max(at_least, 1), np.maximum(count, 1)
    means = {name: np.where(few, np.nan, one / count) for name, one in total.items()}
    return xr.Dataset(
        {name: (("pixel", "time"), one.astype(np.float32)) for name, one in means.items()},
        {**cells, "time": time.astype("datetime64[ns]")},
        {"track": "observed"},
    )


def _none(folder, product: str) -> str:
    beginning = PATTERNS[product].pattern.split("(")[0]
    return f"{files.product(folder, product)}: no files like {beginning}YYYYMMDD...h5"


def _moisture(path: Path, name: str, field: Field) -> np.ndarray:
    """Numbers of a volume fraction; DataError for another unit."""
    if field.units is not None and field.units not in FRACTION:
        raise DataError(
            f"{path}: variable {name!r} has units {field.units!r}; allowed: {', '.join(FRACTION)}"
        )
    return numbers(field)


def _check_time(path: Path, group: h5py.Group, name: str, span: timedelta) -> None:
    """The times of a granule, if it has them, are those of its name: within ``span`` after it."""
    if name in group:
        seconds = numbers(read_field(path, group, name), np.float64)
        stamp = next(match["stamp"] for one in PATTERNS.values() if (match := one.match(path.name)))
        check_times(path, name, EPOCH + pd.to_timedelta(seconds.ravel(), unit="s"), stamp, span)


def check_times(path: Path, name: str, times, stamp: str, span: timedelta) -> None:
    """Raise DataError where the middle of the ``times`` (UTC) in a file's variable ``name`` is not
    that of the time ``stamp`` in its name, or within ``span`` after it; missing ones are left out.
    """
    times = pd.DatetimeIndex(times).dropna().sort_values()
    if not times.size:
        return
    first = pd.Timestamp(datetime.strptime(stamp, STAMPS[len(stamp)]))
    middle = times[times.size // 2]
    if not first - SLACK <= middle <= first + span + SLACK:
        raise DataError(
            f"{path}: its variable {name!r} says {middle:%Y-%m-%d %H:%M}; its name says "
            f"{first:%Y-%m-%d %H:%M}"
        )


def _series(found, cells: dict, name: str, field, at_least: int, source: str) -> xr.Dataset:
    at = cells["row"][1], cells["column"][1]
    result = means(found, lambda path: {name: field(path)[at]}, at_least, cells)
    return schema.check_grid(schema.describe_grid(result, source), source)


def _whole(path: Path, name: str, field: Field, values: np.ndarray) -> np.ndarray:
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


def _odd(found: object) -> str:
    """What else than a field of numbers an HDF5 object is, in words; nothing if it is one."""
    if not isinstance(found, h5py.Dataset):
        return "no dataset"
    if found.dtype.kind not in "iufb":
        return f"of the type {'text or references' if found.dtype.kind in 'OSU' else found.dtype}"
    if not found.shape:
        return "empty" if found.shape is None else "a single value"
    return f"of shape {found.shape}, too large" if found.size > LARGEST else ""
