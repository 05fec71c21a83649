"""Reader of the authors' public example data base: 412 pixels of the 36 km grid, 2015 to 2018.

``smap_conus412/CONUSv4f1``: tables without header, a row a pixel (as in ``crd.csv``) and a column
a day; folder Y runs from 1 April Y to 31 March Y+1 and names its days in ``timeStr.csv``. Missing
is -9999. SMAP (L3 passive, morning overpass) ends a year before the forcing (NLDAS-2, daily
means). Every 4th row and column of Fang et al. (2019), section II-A.

Soil attributes are as in the files: where part of a pixel has no soil (coast, lake, rock) zeros
were averaged in, so that sand, silt and clay add up to less than 100 (68.9 at least).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import schema
from soilbook.data import easegrid, files
from soilbook.data.files import Folder
from soilbook.errors import DataError, ParameterError, unknown

PRODUCT = "smap_conus412"
MISSING = -9999.0
HOURS = 24
KELVIN = 273.15
# crd.csv is rounded to 32-bit numbers of an older map scale; this is a hundredth of a pixel.
NEAR = 0.004  # degrees


@dataclass(frozen=True)
class Column:
    """A file of the data base: ours is ``factor`` times theirs plus ``offset``."""

    file: str
    factor: float = 1.0
    offset: float = 0.0


# APCP is the daily mean in mm per hour.
FORCING = {
    "precipitation": Column("APCP_FORA", factor=HOURS),
    "air_temperature": Column("TMP_2_FORA", offset=-KELVIN),
    "longwave": Column("DLWRF_FORA"),
    "shortwave": Column("DSWRF_FORA"),
    "specific_humidity": Column("SPFH_2_FORA"),
    "eastward_wind": Column("UGRD_10_FORA"),
    "northward_wind": Column("VGRD_10_FORA"),
}
TARGET = {"sm_smap": Column("SMAP_AM")}
CONSTANTS = {
    "sand": Column("Sand"),
    "silt": Column("Silt"),
    "clay": Column("Clay"),
    "bulk_density": Column("Bulk"),
    "water_capacity": Column("Capa"),
    "ndvi": Column("NDVI"),
    "flag_albedo": Column("flag_albedo"),
    "flag_terrain": Column("flag_extraOrd"),
    "flag_land_cover": Column("flag_landcover"),
    "flag_roughness": Column("flag_roughness"),
    "flag_vegetation": Column("flag_vegDense"),
    "flag_water": Column("flag_waterbody"),
}
# How the mean of a variable changes over the conterminous USA: a table whose rows were reversed or
# mixed up shows another pattern. Where the data base is whole, the correlation is 0.33 to 0.89.
GRADIENTS = {
    "precipitation": ("longitude", 1),
    "air_temperature": ("latitude", -1),
    "longwave": ("latitude", -1),
    "shortwave": ("latitude", -1),
    "specific_humidity": ("latitude", -1),
    "eastward_wind": ("latitude", 1),
    "sm_smap": ("longitude", 1),
    "silt": ("latitude", 1),
    "bulk_density": ("latitude", -1),
    "water_capacity": ("longitude", 1),
    "ndvi": ("longitude", 1),
    "flag_albedo": ("longitude", 1),
    "flag_vegetation": ("longitude", 1),
}
LEAST_CORRELATION, LEAST_PIXELS = 0.2, 100
TEXTURE = ("sand", "silt", "clay")
LARGEST_TEXTURE = 105.0  # %; the files' largest is 102.8
EVERY = 4  # rows and columns of the 36 km grid
# Speed of the daily mean wind vector: at most the mean speed.
DERIVED = {"wind_speed": ("eastward_wind", "northward_wind")}
NAMES = (*FORCING, *DERIVED, *TARGET, *CONSTANTS)


def years(folder: Folder = None) -> list[int]:
    """Years Y whose folder (1 April Y to 31 March Y+1) is there; DataError if there is none."""
    root = _root(folder)
    there = sorted(int(path.name) for path in root.glob("[12][0-9][0-9][0-9]") if path.is_dir())
    if not there:
        raise DataError(f"{root}: no year folders; 2015, 2016 and 2017 are needed")
    return there


def files_of(folder: Folder = None) -> list[Path]:
    """All files of the data base, for ``files.digest``."""
    return files.matching(_root(folder), "**/*.csv")


def read(
    folder: Folder = None,
    variables: Iterable[str] | None = None,
    years: Iterable[int] | None = None,
) -> xr.Dataset:
    """Forcing, SMAP and static attributes: Dataset (pixel 412, time), 32-bit.

    ``variables`` are names of ``NAMES`` (default all), ``years`` the folders (default all there);
    coordinates row, column (of the 36 km grid), latitude, longitude. A year without SMAP is NaN
    unless ``sm_smap`` and the year are both asked for by name. Raises ParameterError for a name,
    DataError naming file and row for what is absent, of the wrong shape or no number.
    """
    root = _root(folder)
    wanted = list(NAMES) if variables is None else list(variables)
    for name in wanted:
        if name not in NAMES:
            raise unknown("variable of conus412", name, NAMES)
    chosen = _chosen(folder, years)
    result = xr.Dataset(coords=_pixels(root / "crd.csv"))
    if set(wanted) - set(CONSTANTS):
        days = {root / str(year): _days(root / str(year) / "timeStr.csv", year) for year in chosen}
        time = np.concatenate(list(days.values())).astype("datetime64[ns]")
        result = result.assign_coords(time=time)
    if set(wanted) & set(CONSTANTS):
        # Texture as well: its three files tell whether their rows belong together.
        names = [name for name in CONSTANTS if name in (*TEXTURE, *wanted)]
        constants = {name: _constant(root, name, result) for name in names}
        _check_texture(root, [constants[name] for name in TEXTURE])
    strict = variables is not None and years is not None
    for name in wanted:
        if name in CONSTANTS:
            result[name] = "pixel", constants[name]
            continue
        parts = [
            [_year(path, one, len(found), strict, result) for path, found in days.items()]
            for one in DERIVED.get(name, (name,))
        ]
        parts = [np.concatenate(years, axis=1) for years in parts]
        result[name] = ("pixel", "time"), parts[0] if len(parts) == 1 else np.hypot(*parts)
    source = f"SMAP L3 and NLDAS-2, example data base of Fang et al. ({root.name})"
    result.attrs["track"] = "observed"
    return schema.check_grid(schema.describe_grid(result, source), str(root))


def _root(folder: Folder) -> Path:
    return files.product(folder, f"{PRODUCT}/CONUSv4f1")


def _chosen(folder: Folder, asked: Iterable[int] | None) -> list[int]:
    there = years(folder)
    chosen = there if asked is None else sorted(set(asked))
    absent = [year for year in chosen if year not in there]
    if absent or not chosen:
        raise DataError(
            f"{_root(folder)}: no folder of year {absent[0] if absent else 'asked for'}; "
            f"there are {', '.join(map(str, there))}"
        )
    missing = set(range(chosen[0], chosen[-1])) - set(chosen)
    if missing:
        raise DataError(
            f"{_root(folder)}: year {min(missing)} is left out between {chosen[0]} and "
            f"{chosen[-1]}; years must follow one another"
        )
    return chosen


def _year(folder: Path, name: str, n_days: int, strict: bool, places: xr.Dataset) -> np.ndarray:
    column = (FORCING | TARGET)[name]
    path = folder / f"{column.file}.csv"
    shape = places.sizes["pixel"], n_days
    if name in TARGET and not files.there(path).is_file():
        if strict:
            raise DataError(f"{path}: no such file; {name} ends on 31 March of an earlier year")
        return np.full(shape, np.nan, np.float32)
    values = _table(path, *shape)
    _check_gradient(path, name, values, places)
    return values * np.float32(column.factor) + np.float32(column.offset)


def _constant(root: Path, name: str, places: xr.Dataset) -> np.ndarray:
    path = root / "const" / f"{CONSTANTS[name].file}.csv"
    values = _table(path, places.sizes["pixel"], 1)
    _check_gradient(path, name, values, places)
    values = values[:, 0]
    if name in schema.CLASSES:
        files.refuse(values % 1 > 0, path, lambda k: f"{values[k]:g}; a class is a whole number")
    return values


def _check_texture(root: Path, parts: list[np.ndarray]) -> None:
    """Sand, silt and clay are missing together and add up to no more than a whole."""
    missing, total = np.isnan(parts), np.sum(parts, axis=0)
    belong = "rows of their files must be those of crd.csv"
    files.refuse(
        missing.any(axis=0) != missing.all(axis=0),
        f"{root}/const",
        lambda k: f"sand, silt and clay are not missing together; {belong}",
    )
    files.refuse(
        total > LARGEST_TEXTURE,
        f"{root}/const",
        lambda k: f"sand, silt and clay add up to {total[k]:.0f} %; {belong}",
    )


def _check_gradient(path: Path, name: str, values: np.ndarray, places: xr.Dataset) -> None:
    """The mean of each pixel (pixel, day) changes over the country as it should."""
    known = np.isfinite(values)
    there = known.any(axis=1)
    if name not in GRADIENTS or there.sum() < LEAST_PIXELS:
        return
    axis, sign = GRADIENTS[name]
    mean = np.where(known, values, 0).sum(axis=1, dtype=float)[there] / known.sum(axis=1)[there]
    if np.ptp(mean) == 0:
        return
    found = np.corrcoef(mean, places[axis].values[there])[0, 1]
    if found * sign < LEAST_CORRELATION:
        raise DataError(
            f"{path}: {name} {'rises' if found > 0 else 'falls'} with {axis} (r = {found:.2f}); "
            f"r of {LEAST_CORRELATION * sign:g} or {'more' if sign > 0 else 'less'} is needed: "
            "are its rows those of crd.csv?"
        )


def _pixels(path: Path) -> dict:
    """Coordinates of the pixels; DataError if one is no centre of the thinned 36 km grid, or out of
    order: columns from west to east, in each the rows from north to south.
    """
    latitude, longitude = _table(path, None, 2, dtype=float).T
    try:
        rows, columns = easegrid.row_column(latitude, longitude)
    except ParameterError as error:
        raise DataError(f"{path}: {error}") from None
    exact = easegrid.position(rows, columns)
    files.refuse(
        np.maximum(np.abs(exact[0] - latitude), np.abs(exact[1] - longitude)) > NEAR,
        path,
        lambda k: (
            f"{latitude[k]:g}, {longitude[k]:g} is no pixel centre; the nearest is "
            f"{exact[0][k]:.4f}, {exact[1][k]:.4f}"
        ),
    )
    files.refuse(
        (rows % EVERY != rows[0] % EVERY) | (columns % EVERY != columns[0] % EVERY),
        path,
        lambda k: (
            f"row {rows[k]}, column {columns[k]} of the grid; every {EVERY}th from row "
            f"{rows[0]}, column {columns[0]} is needed"
        ),
    )
    order = columns * easegrid.GRIDS["36km"].rows + rows
    files.refuse(
        np.diff(order, prepend=-1) <= 0,
        path,
        lambda k: (
            "out of order; columns from west to east are needed, in each the rows from north "
            "to south"
        ),
    )
    for other in files.matching(path.parent / "const", "*.csv"):
        n_rows = len(files.read_text(other).splitlines())
        if n_rows != rows.size:
            raise DataError(f"{path}: {rows.size} rows; const/{other.name} has {n_rows}")
    return easegrid.coordinates(rows, columns) | {
        "latitude": ("pixel", latitude),
        "longitude": ("pixel", longitude),
    }


def _table(path: Path, rows: int | None, columns: int, dtype=np.float32) -> np.ndarray:
    """Numbers (row, column) of a CSV file without header, NaN where missing; ``rows`` None takes
    any number.

    Raises DataError naming file and row (from 1) where the shape is another or a cell is no
    finite number.
    """
    lines = files.read_text(path).splitlines()
    if rows is not None and len(lines) != rows:
        raise DataError(f"{path}: {len(lines)} rows; {rows} are needed")
    try:
        values = np.loadtxt(lines, delimiter=",", dtype=dtype, ndmin=2, comments=None)
    except ValueError:
        raise _first_fault(path, lines, columns) from None
    if values.shape != (len(lines), columns) or not np.isfinite(values).all():
        raise _first_fault(path, lines, columns)
    return np.where(values == MISSING, np.float32(np.nan), values)


def _days(path: Path, year: int) -> np.ndarray:
    """The dates in a file, one a row (yyyy-mm-dd): all days from 1 April to 31 March.

    Raises DataError naming file and row of the first that is another.
    """
    found = [line.strip() for line in files.read_text(path).splitlines()]
    needed = np.arange(f"{year}-04-01", f"{year + 1}-04-01", dtype="datetime64[D]")
    pairs = zip_longest(found, needed.astype(str), fillvalue="nothing")
    for row, (given, due) in enumerate(pairs, start=1):
        if given != due:
            raise DataError(
                f"{path}, row {row}: {given:.20}; {due} is needed (1 April to 31 March, "
                f"{needed.size} days)"
            )
    return needed


def _first_fault(path: Path, lines: list[str], columns: int) -> DataError:
    for number, line in enumerate(lines, start=1):
        cells = line.split(",")
        if len(cells) != columns:
            return DataError(f"{path}, row {number}: {len(cells)} columns; {columns} are needed")
        for position, cell in enumerate(cells, start=1):
            if not (files.is_number(cell) and np.isfinite(float(cell))):
                return DataError(
                    f"{path}, row {number}, column {position}: {cell.strip()!r}; a number is needed"
                )
    return DataError(f"{path}: no table of numbers with {columns} columns")
