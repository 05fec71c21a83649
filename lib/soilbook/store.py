"""Results kept by content: what was asked, of which data, by which code; and safe file writing."""

import dataclasses
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import platformdirs
import xarray as xr
from filelock import FileLock
from pydantic import BaseModel

from soilbook import __version__, fingerprint
from soilbook.errors import SoilbookError

TAG = "CACHEDIR.TAG"
RATES = "rates"  # folder of what ``costs`` measured
# Files of a store: results, sidecars, locks and unfinished ones; rates.
OWN = re.compile(
    r"[0-9a-f]{2}/([0-9a-f]{64}\.(json|lock)|[0-9a-f]{16}-[0-9a-f]{16}\.nc|\.[0-9a-f]{16}.*)"
    rf"|(?P<rate>{RATES}/[\w.-]+\.json)"
)
_locked = True  # see ``unlocked``
OPEN = 3600  # seconds after which a file without a sidecar is taken for that of a killed run


def cache() -> Path:
    """Folder of all that can be made again."""
    return Path(os.environ.get("SOILBOOK_CACHE") or platformdirs.user_cache_dir("soilbook"))


def compiled_steps() -> Path:
    """Folder of the cache for what the compiler made of the steps of trainings."""
    return cache() / "compiled"


def tagged_folder(folder: Path) -> Path:
    """The folder, made if need be with a tag that says its content can be made again,
    https://bford.info/cachedir; SoilbookError where that is not possible."""
    try:
        folder.mkdir(parents=True)
        (folder / TAG).write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    except OSError as error:
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise cannot_write(folder, error) from error
    return folder


def remove_tagged(folder: Path) -> int:
    """Remove a folder with such a tag; the bytes freed, 0 for any other folder."""
    if not (folder / TAG).is_file():
        return 0
    freed = size_of(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return freed


@contextmanager
def unlocked() -> Iterator[None]:
    """In here no process waits for another that makes a result: for a dry run, which makes none."""
    global _locked
    _locked = False
    try:
        yield
    finally:
        _locked = True


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class Store:
    """xarray Datasets by key; a key is a dict of settings and of fingerprints of data and code.

    ``<sha256 of the key>.json`` names the netCDF file, which carries the sha256 of its content in
    its name. The sidecar is renamed into place last, so a result is either whole or absent, and
    workers that finish the same result at the same time do not disturb each other.
    """

    def __init__(self, folder: str | Path | None = None):
        """Keep results in ``folder``, else in the folder ``results`` of the cache, which
        SOILBOOK_CACHE names or the user's system has for soilbook."""
        self.folder = Path(folder) if folder else cache() / "results"

    def has(self, key: dict) -> bool:
        """Whether a whole, undamaged result is there."""
        return self._content(key) is not None

    def get(self, key: dict) -> xr.Dataset | None:
        """The result in memory; None if there is none, or (with a warning) if it is damaged."""
        content = self._content(key)
        if content is None:
            return None
        return unpack(content)

    def made(self, key: dict, make: Callable[[], xr.Dataset]) -> xr.Dataset:
        """The result that is there, else ``make()``, kept under the key and the code of ``make``.

        The code is the import closure of its module, see ``fingerprint.of_code``. Of processes
        that want the same result at the same time one makes it and the others wait.
        """
        key = {**key, "code": fingerprint.of_code(make)}
        found = self.get(key)
        if found is None:
            with self.alone(key):
                found = self.get(key)
                if found is None:
                    # What was written, so that a first run gives the same bytes as a second one:
                    # the memory order of an array changes the last digits of its sums.
                    self.put(key, make())
                    found = self.get(key)
        return found

    @contextmanager
    def alone(self, key: dict) -> Iterator[None]:
        """Wait until no other process is in here with this key; one that died leaves it free.
        Within ``unlocked`` nobody waits."""
        if not _locked:
            yield
            return
        file = self._sidecar(_name(key)).with_suffix(".lock")
        lock = FileLock(file)
        with suppress(OSError):  # a folder that takes no lock takes no result either: put says so
            file.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def put(self, key: dict, dataset: xr.Dataset) -> Path:
        """Write a result and return its netCDF file; SoilbookError if the folder takes no file."""
        name = _name(key)
        content = pack(dataset)
        digest = hashlib.sha256(content).hexdigest()
        file = self._sidecar(name).with_name(f"{name[:16]}-{digest[:16]}.nc")
        sidecar = {
            "file": file.name,
            "sha256": digest,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "soilbook": __version__,
            "key": json.loads(canonical(key)),
        }
        write(file, content)
        write(self._sidecar(name), json.dumps(sidecar, indent=1).encode())
        return file

    def entries(self) -> list["Entry"]:
        """What is kept, the oldest first; a damaged sidecar is of the kind "damaged"."""
        files = sorted(self.folder.glob(f"??/{'?' * 64}.json"))
        return sorted(map(_entry, files), key=lambda entry: entry.created)

    def remove(self, before: datetime | None = None) -> tuple[int, int]:
        """Remove the results made before that moment, or all results and rates, and what killed
        runs left: the number of results and all bytes freed.

        Files that a store does not make stay, and so do young ones that a run may have open.
        """
        entries = self.entries()
        gone = [one for one in entries if before is None or one.created < before]
        known = {file: one in gone for one in entries for file in one.files}
        freed = 0
        for file in [*self.folder.glob("??/*"), *self.folder.glob(f"{RATES}/*.json")]:
            own = OWN.fullmatch(file.relative_to(self.folder).as_posix())
            if not own or not known.get(file, True) or (own["rate"] and before):
                continue
            in_use = file not in known and not own["rate"]
            with suppress(FileNotFoundError):  # another process removed it
                state = file.stat()
                if in_use and time.time() - state.st_mtime < OPEN:
                    continue
                file.unlink()
                freed += state.st_size
        for folder in [*self.folder.glob("*/"), self.folder]:
            with suppress(OSError):  # holds something, or is not there
                folder.rmdir()
        return len(gone), freed

    def _sidecar(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.json"

    def _content(self, key: dict) -> bytes | None:
        sidecar = self._sidecar(_name(key))
        if not sidecar.exists():
            return None
        try:
            entry = json.loads(sidecar.read_text())
            file = sidecar.with_name(entry["file"])
            content = file.read_bytes()
            if hashlib.sha256(content).hexdigest() == entry["sha256"]:
                return content
            problem = f"{len(content)} bytes that are not those written"
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = f"{type(error).__name__}: {error}"
        warnings.warn(
            f"damaged result in the store, made again: {sidecar} ({problem})", stacklevel=3
        )
        return None


@dataclasses.dataclass(frozen=True)
class Entry:
    """A result in the store: its kind, when it was made, its files, and their bytes."""

    kind: str
    created: datetime
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        return sum(file.stat().st_size for file in self.files if file.exists())


def _entry(sidecar: Path) -> Entry:
    try:
        told = json.loads(sidecar.read_text())
        created = datetime.fromisoformat(told["created"])
        kind = str(told["key"].get("kind", "result"))
        return Entry(kind, created, (sidecar, sidecar.with_name(told["file"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        made = datetime.fromtimestamp(sidecar.stat().st_mtime, UTC)
        return Entry("damaged", made, (sidecar,))


def pack(dataset: xr.Dataset) -> bytes:
    """A Dataset as the content of a netCDF file, compressed; made in memory, so that a full disk
    is met by ``write`` alone.
    """
    numbers = [name for name, array in dataset.data_vars.items() if array.ndim and _number(array)]
    compressed = {name: {"zlib": True, "complevel": 1} for name in numbers}
    return bytes(dataset.to_netcdf(engine="h5netcdf", encoding=compressed))


def unpack(content: bytes) -> xr.Dataset:
    """The Dataset of ``pack``, loaded."""
    with xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as dataset:
        return dataset.load()


def _number(array: xr.DataArray) -> bool:
    return array.dtype.kind in "fiu"


def canonical(key: dict) -> str:
    """A key as JSON with sorted names: equal keys give equal text; TypeError for other objects."""
    return json.dumps(key, sort_keys=True, separators=(",", ":"), default=_plain)


def _name(key: dict) -> str:
    return hashlib.sha256(canonical(key).encode()).hexdigest()


def _plain(value):
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"a key of the store cannot hold {type(value).__name__}: {value!r}")


def write(file: str | Path, content: bytes) -> None:
    """Write a whole file or nothing: beside it, flushed to the disk, then renamed.

    Raises SoilbookError naming the file where the folder is read-only or the disk is full.
    """
    file = Path(file)
    beside = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{file.name[:40]}-", dir=file.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, file)
    except BaseException as error:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise cannot_write(file, error) from error
        raise


def cannot_write(file: str | Path, error: OSError) -> SoilbookError:
    """The one line for a file that cannot be written."""
    return SoilbookError(f"cannot write {file}: {error.strerror or error}")
