"""How the C library treats memory that tensors give back."""

import ctypes
import sys
from functools import cache

# The numbers of mallopt(3) in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


@cache
def _library() -> ctypes.CDLL | None:
    """The C library where it is glibc: no other has these calls."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "mallopt") else None


@cache
def keep_freed_memory() -> None:
    """Let this process keep freed blocks of up to 32 MB for its next tensors.

    A step frees some megabytes that the next step takes again; asked of the system anew each time,
    their pages cost as much as the training itself.
    """
    if _library() is not None:
        _library().mallopt(_MMAP_THRESHOLD, 32 * 2**20)
        _library().mallopt(_TRIM_THRESHOLD, 512 * 2**20)


def give_back_free_memory() -> None:
    """Give the system back what lies free between blocks in use.

    Over thousands of steps holes that no new block fits into add up: to 11 GB in one training of
    convolutions and LSTM.
    """
    if _library() is not None:
        _library().malloc_trim(0)
