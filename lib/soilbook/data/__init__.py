"""Data of the sites: one door to all tracks, real observations and the twin made by the library.

A module of this room a product: its reader, and what of it is fetched from its owner by
``download``.
"""

import hashlib
from collections.abc import Iterable

import xarray as xr

from soilbook.data import archive, files, observed, own, sites
from soilbook.data.files import Folder, folder
from soilbook.errors import ParameterError, unknown
from soilbook.fingerprint import of_code

__all__ = ["TRACKS", "available", "find", "fingerprint", "folder", "load"]

TRACKS = ("twin", "observed", "archive")


def load(name: str, data: str = "twin", folder: Folder = None, seed: int = 0) -> xr.Dataset:
    """Daily Dataset of one site of a track, as ``schema.check`` wants it.

    ``observed``: real observations, see ``observed.load``; ``archive``: the authors' own files;
    ``twin``: made by the library, ``seed`` is that of its weather. ``folder`` is the data folder,
    by default ``files.folder()``. Raises ParameterError for an unknown track or site, DataError for
    files.
    """
    _check(data)
    if data == "observed":
        return observed.load(name, folder)
    if data == "archive":
        return archive.read(folder, name)
    from soilbook.twin import sites as twin

    return twin.load(name, seed=seed)


def available(data: str, folder: Folder = None) -> list[str]:
    """Paper sites that a track has, in the paper's order."""
    _check(data)
    if data == "twin":
        return list(sites.SITES)
    return (observed if data == "observed" else archive).available(folder)


def find(name: str, data: str, folder: Folder = None) -> str:
    """The one name under which a track loads a site; raises as ``load`` for one that it has not.

    The observed track knows any station of the data folder and files of one's own as well.
    """
    _check(data)
    if data == "observed":
        return observed.find(name, folder)
    if own.is_own(name):
        raise ParameterError(f"{name} is a site of one's own, which is observed: data=observed")
    return sites.find(name).name


def fingerprint(data: str, names: Iterable[str], folder: Folder = None, seed: int = 0) -> str:
    """SHA-256 of what the Datasets of these sites are made from.

    Observed and archive: names, sizes and contents of the files read. Twin: its code and the seed.
    """
    _check(data)
    if data != "twin":
        root = files.product(folder, ".")
        room = observed if data == "observed" else archive
        paths = [path for name in names for path in room.files_of(name, root)]
        return files.digest(paths, root)
    return hashlib.sha256(f"{of_code(load)} seed {seed}".encode()).hexdigest()


def _check(data: str) -> None:
    if data not in TRACKS:
        raise unknown("data", data, TRACKS)
