"""How the C library treats memory that tensors give back."""

import ctypes
import sys
from functools import cache

# The numbers of mallopt(3) in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


@cache
def keep_freed_memory() -> None:
    """Let this process keep freed blocks of up to 32 MB for its next tensors.

    A step frees some megabytes that the next step takes again; asked of the system anew each time,
    their pages cost as much as the training itself. Of the C libraries only glibc does this.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 32 * 2**20)
        library.mallopt(_TRIM_THRESHOLD, 512 * 2**20)
