"""The one way in which files of their owners come into the data folder.

A ``Plan`` says what is fetched; ``fetch`` keeps the owner's pace, tries again after 429, 5xx and
time-outs only (``Retry-After`` is obeyed), looks at what came before it is put in place, and keeps
``manifests/PRODUCT.json``: address, time, bytes and SHA-256 of every file, and the owner's MD5
where there is one. A file that the manifest names and that is as it says is not asked for again;
one that is there without the manifest's knowledge is the user's own and stays.

A file is written below ``.incoming`` and renamed. An interrupted one goes on where it stopped if
its owner publishes a checksum, which proves that both parts belong together; else it starts anew.
Credentials travel in a header of the request and stand nowhere else.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import requests
from filelock import FileLock, Timeout
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from urllib3.util import Retry

from soilbook import __version__, progress
from soilbook.data import archive, awdb, giovanni, power, smap, uscrn
from soilbook.data.files import File, Plan
from soilbook.errors import DataError, ParameterError, SoilbookError, unknown
from soilbook.store import cannot_write, write

MIRROR = "SOILBOOK_MIRROR"  # environment: a server that has HOST/PATH of the owners' addresses
MANIFESTS, INCOMING = "manifests", ".incoming"
TIMEOUTS = (15, 180)  # s, to connect and between two pieces of an answer
TRIES = 4
LONGEST_WAIT = 600  # s; an owner who asks for more is asked again another day
FAILURES = 3  # files in a row, after which the others are not asked for
PIECE = 2**16
MEGABYTE = 1e6
BYTES_PER_SECOND = 1e6  # of the estimate
HTML = re.compile(rb"\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)
# What is to be fetched of a product: ``plan(root, names, start, end, ask)``; ``ask(address)`` reads
# an owner's list. Addresses, paces and forms are those of the owners' documents.
PLANS = {
    "uscrn": uscrn.plan,
    "power": power.plan,
    "scan": awdb.plan,
    "wang2024": archive.plan,
    "nldas": giovanni.plan,
    "smap": smap.plan,
}
LISTS = 0.5  # s between two lists
pause, clock = time.sleep, time.monotonic


class Passing(DataError):
    """A busy or broken server: worth another try, after ``wait`` seconds where it says so."""

    def __init__(self, message: str, wait: float | None = None):
        super().__init__(message)
        self.wait = wait


class Hopeless(DataError):
    """What the next file would meet as well: no network, no account."""


def plan(
    product: str, root: Path, names: list[str], start: str | None = None, end: str | None = None
) -> Plan:
    """What is to be fetched of a product; ``start`` and ``end`` are dates yyyy-mm-dd.

    Raises ParameterError for a product that cannot be fetched, a date or a name, DataError where
    its owner's list cannot be read.
    """
    if product not in PLANS:
        raise unknown("product that can be fetched", product, PLANS)
    first, last = (_day(text, option) for text, option in ((start, "--from"), (end, "--to")))
    if first is not None and last is not None and first > last:
        raise ParameterError(f"--from {start} is after --to {end}")
    return PLANS[product](root, names, first, last, Client(LISTS).read)


def _day(text: str | None, option: str) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        return pd.to_datetime(text, format="%Y-%m-%d")
    except ValueError:
        raise ParameterError(f"{option} is {text!r}; a date yyyy-mm-dd is needed") from None


def outlook(plan: Plan, root: Path, refresh: bool = False) -> str:
    """How many files of a plan are still to come, their size, and how long that takes."""
    todo = wanted(plan, root, refresh)
    size = sum(file.size for file in todo)
    seconds = len(todo) * max(plan.pace, plan.answer) + size / BYTES_PER_SECOND
    hosts = ", ".join(dict.fromkeys(urlsplit(file.address).netloc for file in plan.files))
    return (
        f"{len(todo)} files to fetch, {len(plan.files) - len(todo)} there; about "
        f"{size / MEGABYTE:.1f} MB and {max(1, round(seconds / 60))} min, one request in "
        f"{plan.pace:g} s at most, from {hosts}"
    )


class Client:
    """Requests to one owner, one after another and not faster than the pace."""

    def __init__(self, pace: float, headers: Mapping[str, str] = {}, account: str = ""):
        self.pace, self.account, self.last = pace, account, -pace
        self.session = requests.Session()
        self.session.headers["User-Agent"] = f"soilbook/{__version__}"
        self.session.headers["Accept-Encoding"] = "identity"  # so that lengths are those on disk
        self.secret = dict(headers)

    def read(self, address: str) -> bytes:
        """An answer to look at, such as a list of files; raises as ``save``."""
        return self._patiently(lambda: self._read(address))

    def save(self, address: str, part: Path, resume: bool = False) -> None:
        """Write an answer to ``part``, with ``resume`` after what it holds already.

        Raises DataError: a status of 400 or more, HTML in place of data, an answer cut short, a
        server that is not reached or stays busy. What can be tried again has been.
        """
        self._patiently(lambda: self._save(address, part, resume))

    def _patiently(self, attempt: Callable):
        retrying = Retrying(
            retry=retry_if_exception_type(Passing),
            stop=stop_after_attempt(TRIES),
            wait=self._wait,
            sleep=lambda seconds: pause(seconds),
            reraise=True,
        )
        return retrying(attempt)

    def _wait(self, state: RetryCallState) -> float:
        asked = state.outcome.exception().wait
        return max(self.pace, 2.0**state.attempt_number if asked is None else asked)

    def _read(self, address: str) -> bytes:
        with self._asked(address) as answer:
            return b"".join(answer.iter_content(PIECE))

    def _save(self, address: str, part: Path, resume: bool) -> None:
        begun = part.stat().st_size if resume and part.is_file() else 0
        span = {"Range": f"bytes={begun}-"} if begun else {}
        with self._asked(address, span) as answer:
            pieces = answer.iter_content(PIECE)
            first = next(pieces, b"")
            kind = answer.headers.get("Content-Type", "")
            goes_on = answer.status_code == 206
            if "html" in kind or (not goes_on and HTML.match(first)):
                raise self._page(address, answer)
            with part.open("ab" if goes_on else "wb") as stream:
                stream.write(first)
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())

    @contextmanager
    def _asked(self, address: str, headers: Mapping[str, str] = {}) -> Iterator:
        pause(max(0.0, self.last + self.pace - clock()))
        self.last = clock()
        host = urlsplit(address).netloc
        mirror = os.environ.get(MIRROR)
        secret = {} if mirror else self.secret  # a mirror is not the owner
        try:
            with self.session.get(
                _mirrored(address, mirror),
                headers={**headers, **secret},
                auth=_no_other,
                stream=True,
                timeout=TIMEOUTS,
            ) as answer:
                self._look(answer, address)
                yield answer
        except requests.Timeout:
            raise Passing(f"{host} does not answer; try again later") from None
        except requests.exceptions.ChunkedEncodingError:
            again = "the same command again goes on from here"
            raise DataError(f"{address}: the answer was cut short; {again}") from None
        except requests.TooManyRedirects:
            raise Hopeless(f"{host} sends from page to page: {self._login()}") from None
        except requests.ConnectionError as error:
            if "timed out" in str(error):
                raise Passing(f"{host} stopped in the middle of its answer") from None
            raise Hopeless(f"{host} cannot be reached; is there a network?") from None
        except requests.RequestException as error:
            raise DataError(f"{address}: {type(error).__name__}") from None

    def _look(self, answer: requests.Response, address: str) -> None:
        status, host = answer.status_code, urlsplit(address).netloc
        if status == 429 or status >= 500:
            wait = _retry_after(answer.headers.get("Retry-After"))
            if wait is not None and wait > LONGEST_WAIT:
                raise Hopeless(f"{host} asks to wait {wait / 60:.0f} min; try again after that")
            raise Passing(f"{host} answers {status} ({answer.reason}); try again later", wait)
        if status in (401, 403):
            raise Hopeless(f"{host} answers {status}: {self._login()}")
        if status >= 400:
            raise DataError(f"{address}: {status} ({answer.reason}){_said(answer)}")

    def _page(self, address: str, answer: requests.Response) -> DataError:
        """For a page to look at where data were asked for; its address may carry secrets."""
        asked, came = urlsplit(address), urlsplit(answer.url)
        if answer.history:
            return Hopeless(f"{asked.netloc} sends on to {came.netloc}: {self._login()}")
        return DataError(f"{address}: a web page (HTML) in place of the data")

    def _login(self) -> str:
        return self.account or "a login is asked for, where none was needed"


def _no_other(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from adding credentials of .netrc by itself."""
    return request


def _mirrored(address: str, mirror: str | None) -> str:
    return f"{mirror.rstrip('/')}/{address.partition('://')[2]}" if mirror else address


def _retry_after(text: str | None) -> float | None:
    """Seconds of the header, a number or a date; None where it is absent or says nothing."""
    try:
        return Retry().parse_retry_after(text) if text else None
    except Exception:  # urllib3's own error for neither a number nor a date
        return None


def _said(answer: requests.Response) -> str:
    """What an owner's JSON of an error says, such as POWER's ``message``."""
    try:
        said = answer.json()
    except (ValueError, requests.RequestException):
        return ""
    text = said.get("message") or said.get("messages") if isinstance(said, dict) else None
    return f": {' '.join(str(text).split())[:200]}" if text else ""


class Manifest:
    """What was fetched of a product, by path below the data folder."""

    def __init__(self, root: Path, product: str):
        self.root, self.product = root, product
        self.path = root / MANIFESTS / f"{product}.json"
        self.files: dict[str, dict] = {}
        if self.path.is_file():
            try:
                self.files = dict(json.loads(self.path.read_bytes())["files"])
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(
                    f"{self.path}: damaged ({type(error).__name__}); without it, all files count "
                    "as your own"
                ) from None

    def verified(self, file: File) -> bool:
        """Whether the file is there as it was fetched from this address."""
        entry, path = self.files.get(file.path), self.root / file.path
        if entry is None or entry["address"] != file.address or not path.is_file():
            return False
        return path.stat().st_size == entry["bytes"] and _hash(path) == entry["sha256"]

    def keep(self, path: str, **entry) -> None:
        """Write down a file before it is put in place, so that none is there unknown."""
        self.files[path] = entry
        kept = {"product": self.product, "files": dict(sorted(self.files.items()))}
        write(self.path, json.dumps(kept, indent=1).encode())


def manifests(root: Path) -> dict[str, str]:
    """SHA-256 of the manifest of every product that was fetched, for the provenance of a page."""
    return {path.stem: _hash(path) for path in sorted((root / MANIFESTS).glob("*.json"))}


def wanted(plan: Plan, root: Path, refresh: bool = False) -> list[File]:
    """Files of a plan that are still to be fetched; with ``refresh`` also those that are there."""
    manifest = Manifest(root, plan.product)

    def there(file: File) -> bool:
        if refresh or file.changing:
            return False
        if file.path in manifest.files:
            return manifest.verified(file)
        return (root / file.path).is_file()

    return [file for file in plan.files if not there(file)]


def fetch(plan: Plan, root: Path, refresh: bool = False) -> str:
    """Fetch what a plan still lacks and tell in one line what came and what changed.

    Raises SoilbookError in one line; what came before it stays, and the same call goes on there.
    """
    with _alone(root, plan.product):
        client = Client(plan.pace, plan.headers(), plan.account)
        manifest, todo = Manifest(root, plan.product), wanted(plan, root, refresh)
        came, changed, failed, in_a_row = 0, [], [], 0
        with progress.bar(len(todo), plan.product, "file") as bar:
            for file in todo:
                try:
                    changed += [file.path] if _one(client, manifest, file) else []
                    came, in_a_row = came + 1, 0
                except Hopeless:
                    raise
                except DataError as error:
                    failed, in_a_row = [*failed, str(error)], in_a_row + 1
                    if in_a_row == FAILURES:
                        break
                bar.update(1)
    if failed:
        rest = len(todo) - came
        raise DataError(f"{plan.product}: {rest} of {len(todo)} files did not come; {failed[0]}")
    said = f"{came} files fetched, {len(plan.files) - len(todo)} were there"
    return f"{said}; changed at their owner: {', '.join(changed)}" if changed else said


def _one(client: Client, manifest: Manifest, file: File) -> bool:
    """Fetch one file, look at it and put it in place; whether it took the place of another."""
    part, place = manifest.root / INCOMING / file.path, manifest.root / file.path
    resumable = file.md5 is not None
    keep = False
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        if not (resumable and part.is_file() and part.stat().st_size >= file.size):
            keep = resumable
            client.save(file.address, part, resume=resumable)
            keep = False
        _check(part, file)
        digest = _hash(part)
        changed = place.is_file() and _hash(place) != digest
        owner = {"md5": file.md5} if file.md5 else {}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"address": file.address, "time": now, "bytes": part.stat().st_size}
        place.parent.mkdir(parents=True, exist_ok=True)
        manifest.keep(file.path, **entry, sha256=digest, **owner)
        os.replace(part, place)
        return changed
    except OSError as error:
        raise SoilbookError(str(cannot_write(place, error))) from error
    finally:
        if not keep:
            part.unlink(missing_ok=True)
        _clear(part.parent, manifest.root / INCOMING)


def _check(part: Path, file: File) -> None:
    if file.md5 is not None:
        size = part.stat().st_size
        if size != file.size:
            raise DataError(f"{file.address}: {size} bytes; its owner says {file.size}")
        if _hash(part, "md5") != file.md5:
            raise DataError(f"{file.address}: its MD5 is not the one that its owner publishes")
    try:
        file.check(part)
    except DataError as error:
        said = str(error).replace(f"{part}", file.address)
        raise DataError(f"{said} (is its form another one now?)") from None


def _hash(path: Path, kind: str = "sha256") -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()


def _clear(folder: Path, top: Path) -> None:
    """Remove folders that hold nothing, up to ``top``."""
    while folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


@contextmanager
def _alone(root: Path, product: str) -> Iterator[None]:
    """Only one process at a time fetches a product into a folder."""
    lock = root / MANIFESTS / f".{product}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise DataError(f"{root}: {product} is being fetched by another process") from None
    except OSError as error:
        raise cannot_write(lock, error) from error
