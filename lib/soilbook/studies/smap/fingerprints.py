"""What identifies data that lie in memory, for keys of the store."""

import hashlib

import numpy as np
import xarray as xr


def digest(dataset: xr.Dataset) -> str:
    """sha256 of the names, values and labels of a Dataset."""
    names = sorted(map(str, dataset.variables))
    total = hashlib.sha256(",".join(names).encode())
    total.update(of_arrays(*(dataset[name].values for name in names)).encode())
    return total.hexdigest()


def of_arrays(*arrays: np.ndarray) -> str:
    """sha256 of arrays: kinds, shapes and values."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    return total.hexdigest()
