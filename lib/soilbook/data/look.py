"""A first look at an HDF5 or netCDF-4 file, in another process.

In some damaged files, one wrong byte in a heap of texts for instance, libhdf5 loops for ever or
ends the process. One child process looks at every file first, and the system ends it when a look
takes longer than ``LIMIT``, in seconds of the processor, which other work on the machine does not
lengthen (on Windows, which does not count them, there is no limit). A look takes milliseconds; it
leaves out the numbers, in which there is nothing to loop over.
"""

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

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
