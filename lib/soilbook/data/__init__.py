"""Data of the sites: one door to both tracks, real observations and the twin made by the library.

Readers of real observations stand in the modules of this room, one a product.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import xarray as xr

from soilbook.data import files, observed, sites
from soilbook.data.files import folder
from soilbook.errors import unknown
from soilbook.fingerprint import of_code

__all__ = ["TRACKS", "available", "fingerprint", "folder", "load"]

TRACKS = ("twin", "observed")


def load(
    name: str, data: str = "twin", folder: Path | str | None = None, seed: int = 0
) -> xr.Dataset:
    """Daily Dataset of one site of a track, as ``schema.check`` wants it.

    ``folder`` (observed) is the data folder, by default ``files.folder()``; ``seed`` (twin) is the
    seed of its weather. Raises ParameterError for an unknown track or site, DataError for files.
    """
    _check(data)
    if data == "observed":
        return observed.load(name, folder)
    from soilbook.twin import sites as twin

    return twin.load(name, seed=seed)


def available(data: str, folder: Path | str | None = None) -> list[str]:
    """Paper sites that a track has, in the paper's order."""
    _check(data)
    return observed.available(folder) if data == "observed" else list(sites.SITES)


def fingerprint(
    data: str, names: Iterable[str], folder: Path | str | None = None, seed: int = 0
) -> str:
    """SHA-256 of what the Datasets of these sites are made from.

    Observed: names, sizes and contents of the files read. Twin: its code and the seed.
    """
    _check(data)
    if data == "observed":
        root = files.product(folder, ".")
        paths = [path for name in names for path in observed.files_of(name, root)]
        return files.digest(paths, root)
    return hashlib.sha256(f"{of_code(load)} seed {seed}".encode()).hexdigest()


def _check(data: str) -> None:
    if data not in TRACKS:
        raise unknown("data", data, TRACKS)
