"""Variables of one group of an HDF5 or netCDF-4 file, as they stand in the file."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook.errors import DataError

# Products without named dimensions (SMAP) open in both; h5netcdf must be told how to number them.
ENGINE = {"engine": "netcdf4"}
if find_spec("netCDF4") is None:
    ENGINE = {"engine": "h5netcdf", "phony_dims": "access"}
FILLS = ("_FillValue", "missing_value")


@contextmanager
def opened(path: Path, group: str = "/") -> Iterator[xr.Dataset]:
    """The group's variables, read when they are used.

    Raises DataError naming the file, and the group where it lacks it; also if it ends too early.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        dataset = _open(path, group)
    except (OSError, KeyError, ValueError):
        raise DataError(f"{path}: {_fault(path, group)}") from None
    with dataset:
        try:
            yield dataset
        except (OSError, RuntimeError):
            raise DataError(f"{path}: damaged; group {group!r} cannot be read to its end") from None


def read(path: Path, names: Iterable[str], group: str = "/") -> dict[str, xr.Variable]:
    """Variables by name, with their attributes; numbers that mean "missing" are left as they are.

    Raises DataError naming the file, and the group or variable that it lacks.
    """
    names = list(names)
    with opened(path, group) as dataset:
        absent = [name for name in names if name not in dataset.variables]
        if absent:
            raise DataError(
                f"{path}: no variable {absent[0]!r} in group {group!r}; needed: {', '.join(names)}"
            )
        return {name: dataset.variables[name].load() for name in names}


def numbers(variable: xr.Variable) -> np.ndarray:
    """Values as 32-bit numbers, NaN where the file's attributes say "missing"."""
    values = np.asarray(variable.values)
    missing = np.zeros(values.shape, dtype=bool)
    for name in FILLS:
        if name in variable.attrs:
            missing |= values == np.asarray(variable.attrs[name]).astype(values.dtype)
    return np.where(missing, np.float32(np.nan), values.astype(np.float32))


def _open(path: Path, group: str) -> xr.Dataset:
    return xr.open_dataset(
        path, group=group, mask_and_scale=False, decode_times=False, decode_coords=False, **ENGINE
    )


def _fault(path: Path, group: str) -> str:
    try:
        _open(path, "/").close()
    except (OSError, KeyError, ValueError):
        return "no HDF5 or netCDF-4 file, or damaged"
    return f"no group {group!r}; it is needed"
