"""Readers of SMAP soil moisture as NSIDC serves it: SPL3SMP (36 km) and SPL4SMGP (9 km), HDF5.

``smap_l3/**/SMAP_L3_SM_P_YYYYMMDD_RVVVVV_NNN.h5``: a global day; groups of the morning and the
evening overpass (versions 4 to 9, doi 10.5067/OMHVSRGFX38O). ``smap_l4/**/SMAP_L4_SM_gph_
YYYYMMDDTHHMMSS_VvVVVV_NNN.h5``: means of three hours (doi 10.5067/EVKPQZ4AFC4D). Whole and cut-out
files are read alike: a value belongs to the row and column that the file names. Where a day or an
hour was released twice, the later release stands.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import schema_grid
from soilbook.data import easegrid, files, hdf5
from soilbook.errors import DataError, unknown

L3_NAME = re.compile(r"SMAP_L3_SM_P_(?P<stamp>\d{8})_(?P<release>R\d+_\d+)\.h5")
L4_NAME = re.compile(r"SMAP_L4_SM_gph_(?P<stamp>\d{8}T\d{6})_(?P<release>Vv\d+_\d+)\.h5")
# Overpass: group and the ending of its variables.
GROUPS = {
    "AM": ("Soil_Moisture_Retrieval_Data_AM", ""),
    "PM": ("Soil_Moisture_Retrieval_Data_PM", "_pm"),
}
# Bits of retrieval_qual_flag that must be 0: bit 0 "not recommended", 1 "skipped", 2 "failed".
QUALITY = {"any": 0b000, "retrieved": 0b110, "recommended": 0b111}
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
    group, ending = GROUPS[overpass]
    names = [
        f"{name}{ending}"
        for name in ("EASE_row_index", "EASE_column_index", "soil_moisture", "retrieval_qual_flag")
    ]

    def field(path: Path) -> np.ndarray:
        row, column, moisture, flag = hdf5.read(path, names, group).values()
        values = hdf5.numbers(moisture)
        values[(flag.values.astype(int) & QUALITY[quality]) != 0] = np.nan
        return _place(path, (row, column), values, "36km")

    cells = easegrid.coordinates(rows, columns)
    found = _find(folder, "smap_l3", L3_NAME, start, end)
    series = _series(found, cells, field, at_least=1)
    return _dataset(series, cells, "sm_smap", f"SMAP L3 (SPL3SMP), {overpass}")


def read_l4(
    folder: Path | str | None, rows, columns, *, start=None, end=None, at_least: int = L4_A_DAY
) -> xr.Dataset:
    """``sm_smap_rootzone`` (m3 m-3, 0-100 cm) of 9 km cells: Dataset (pixel, time), daily means.

    A UTC day with fewer than ``at_least`` of its 8 files is NaN. Raises DataError as ``read_l3``.
    """

    def field(path: Path) -> np.ndarray:
        index = hdf5.read(path, ("cell_row", "cell_column"))
        values = hdf5.read(path, ("sm_rootzone",), L4_GROUP)["sm_rootzone"]
        return _place(path, tuple(index.values()), hdf5.numbers(values), "9km")

    cells = easegrid.coordinates(rows, columns, "9km")
    found = _find(folder, "smap_l4", L4_NAME, start, end)
    series = _series(found, cells, field, at_least)
    return _dataset(series, cells, "sm_smap_rootzone", "SMAP L4 (SPL4SMGP)")


def _find(folder, product: str, pattern: re.Pattern, start, end) -> dict[str, Path]:
    """Newest file of every time stamp, in order of time."""
    root = files.product(folder, product)
    matches = [(pattern.fullmatch(path.name), path) for path in root.rglob("SMAP_*.h5")]
    matches = sorted((m["stamp"], m["release"], path) for m, path in matches if m)
    first = "0" if start is None else str(start)[:10].replace("-", "")
    last = "9" if end is None else str(end)[:10].replace("-", "")
    found = {stamp: path for stamp, _, path in matches if first <= stamp[:8] <= last}
    if not found:
        raise DataError(
            f"{root}: no files like {pattern.pattern.split('(')[0]}YYYYMMDD...h5"
            f"{'' if start is None and end is None else ' in the days asked for'}"
        )
    return found


def _series(
    found: dict[str, Path], cells: dict, field: Callable[[Path], np.ndarray], at_least: int
) -> tuple[np.ndarray, np.ndarray]:
    """Days, and the mean of each day's fields at the cells (cell, day)."""
    rows, columns = cells["row"][1], cells["column"][1]
    stamps = [np.datetime64(f"{s[:4]}-{s[4:6]}-{s[6:8]}", "D") for s in found]
    days = np.arange(stamps[0], stamps[-1] + 1)
    total = np.zeros((rows.size, days.size))
    count = np.zeros(days.size, dtype=int)
    for stamp, path in zip(stamps, found.values(), strict=True):
        day = int((stamp - days[0]).astype(int))
        total[:, day] += field(path)[rows, columns]
        count[day] += 1
    few = count < max(at_least, 1)
    return days, np.where(few, np.nan, total / np.maximum(count, 1))


def _place(path: Path, index, values: np.ndarray, grid: str) -> np.ndarray:
    """Global field (row, column) with the values at the rows and columns that the file names."""
    shape = easegrid.GRIDS[grid]
    inside = np.ones(values.shape, dtype=bool)
    for cell, size in zip(index, (shape.rows, shape.columns), strict=True):
        if cell.shape != values.shape:
            raise DataError(
                f"{path}: soil moisture has shape {values.shape} and its cell index {cell.shape}; "
                "both must be the same"
            )
        inside &= (cell.values >= 0) & (cell.values < size)
    inside &= np.isfinite(values)
    field = np.full((shape.rows, shape.columns), np.nan, np.float32)
    row, column = (cell.values[inside].astype(int) for cell in index)
    field[row, column] = values[inside]
    return field


def _dataset(series, cells: dict, name: str, source: str) -> xr.Dataset:
    days, values = series
    result = xr.Dataset(
        {name: (("pixel", "time"), values.astype(np.float32))},
        {**cells, "time": days.astype("datetime64[ns]")},
        {"track": "observed"},
    )
    return schema_grid.check(schema_grid.describe(result, source), source)
