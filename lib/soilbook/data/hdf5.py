"""HDF5 and netCDF-4 files: their numbers, looked at first in another process, and means by day.

In some damaged files, one wrong byte in a heap of texts for instance, libhdf5 loops for ever or
ends the process. One child process looks at every file first, and the system ends it when a look
takes longer than ``LIMIT``, in seconds of the processor, which other work on the machine does not
lengthen (on Windows, which does not count them, there is no limit). A look takes milliseconds; it
leaves out the numbers, in which there is nothing to loop over.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from soilbook.errors import DataError

LIMIT = 8  # s of the processor for one look
# Run with -c: as part of the package it would first import all of it.
CHILD = """
import contextlib
import os
import sys
import time
import h5py

def allow(seconds):
    with contextlib.suppress(ImportError):
        import resource
        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        limit = int(time.process_time()) + 1 + seconds
        within = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(resource.RLIMIT_CPU, (within, most))

def look(name, one):
    list(one.attrs.values())
    if isinstance(one, h5py.Dataset) and one.chunks:
        one.id.get_num_chunks()

print("ready", flush=True)
for line in sys.stdin:
    allow(int(sys.argv[1]))
    with contextlib.suppress(Exception):  # the reader itself says what is wrong
        with h5py.File(os.fsdecode(bytes.fromhex(line))) as file:
            look("/", file)
            file.visititems(look)
    print("seen", flush=True)
"""
_seen: set[tuple[str, int, int]] = set()
# Time stamps in names of files by their length.
STAMPS = {8: "%Y%m%d", 13: "%Y%m%d.%H%M", 15: "%Y%m%dT%H%M%S"}
FILLS = ("_FillValue", "missing_value")
PACKED = {"scale_factor": 1, "add_offset": 0}
LARGEST = 2**26  # numbers in a dataset; a field of 9 km has 6 million
SLACK = timedelta(hours=3)


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


def _odd(found: object) -> str:
    """What else than a field of numbers an HDF5 object is, in words; nothing if it is one."""
    if not isinstance(found, h5py.Dataset):
        return "no dataset"
    if found.dtype.kind not in "iufb":
        return f"of the type {'text or references' if found.dtype.kind in 'OSU' else found.dtype}"
    if not found.shape:
        return "empty" if found.shape is None else "a single value"
    return f"of shape {found.shape}, too large" if found.size > LARGEST else ""


def look(path: Path) -> None:
    """Look at a file once in a process, and again if it has changed.

    Raises DataError naming a file that libhdf5 does not get through.
    """
    status = path.stat()
    absolute = str(path.absolute())
    key = (absolute, status.st_size, status.st_mtime_ns)
    if key in _seen:
        return
    child = _child(os.getpid())
    if child.poll() is not None:  # an interrupt reaches it as well
        _child.cache_clear()
        child = _child(os.getpid())
    child.stdin.write(f"{os.fsencode(absolute).hex()}\n")
    child.stdin.flush()
    answer = child.stdout.readline()
    if not answer:
        _child.cache_clear()
        child.communicate()
        raise DataError(f"{path}: damaged; it cannot be read to its end in {LIMIT} s, or at all")
    _seen.add(key)


@lru_cache(maxsize=1)
def _child(parent: int) -> subprocess.Popen:
    """The child of this process, ready; it ends with its parent."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", CHILD, str(LIMIT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    if not child.stdout.readline():
        raise RuntimeError(f"{sys.executable} cannot import h5py in a process of its own")
    return child
