"""Work on the workers of a Dask scheduler instead of this machine's cores.

SOILBOOK_SCHEDULER names the scheduler. Results come back to the process that asked, which keeps
them; with SOILBOOK_SHARED workers see the same folders as that process and keep unfinished
trainings themselves. Dask gives the work of a lost worker to another one.
"""

import functools
import os
import re
import socket
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from soilbook import fingerprint
from soilbook.errors import ParameterError, SoilbookError

SCHEDULER, SHARED = "SOILBOOK_SCHEDULER", "SOILBOOK_SHARED"
ADDRESS = re.compile(r"((tcp|tls|wss?|ucxx?)://)?[^/\s]+:\d+")
PATIENCE = 10  # seconds for the scheduler to answer
EVERY = 0.5  # seconds between two reports of a worker


def address() -> str | None:
    """The scheduler to use, if any."""
    return os.environ.get(SCHEDULER) or None


def shared() -> bool:
    """Whether the workers see the same folders as this process."""
    return bool(os.environ.get(SHARED))


@contextmanager
def connected() -> Iterator:
    """A Dask client of the scheduler, which has at least one worker.

    Raises ParameterError for what is no address and without the extra ``cluster``, SoilbookError if
    no scheduler answers or it has no worker.
    """
    where = address()
    if not ADDRESS.fullmatch(where):
        raise ParameterError(f"scheduler {where!r}; allowed: an address such as tcp://host:8786")
    try:
        from distributed import Client
    except ImportError as error:
        raise ParameterError(
            f"scheduler {where!r} needs Dask: pip install 'soilbook[cluster]'"
        ) from error
    try:
        client = Client(where, timeout=PATIENCE, set_as_default=False)
    except Exception as error:  # of many kinds, by what is wrong with the address
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SoilbookError(f"no Dask scheduler answers at {where!r} ({reason})") from error
    with client:
        if not client.nthreads():
            raise SoilbookError(f"{where} has no worker; start some: dask worker {where}")
        yield client


@functools.cache
def size() -> int:
    """Threads of all workers, each of which takes one job at a time."""
    with connected() as client:
        return sum(client.nthreads().values())


def run(
    function: Callable, jobs: dict[int, dict], tell: Callable[[int], None]
) -> Iterator[tuple[int, object]]:
    """Yield (number of the job, function(**job, tell=...)) as workers finish.

    A job's ``store`` goes along only if its folder is shared. Raises SoilbookError, also for a
    worker with another version of the library, and what ``function`` raises.
    """
    stores = [job["store"] for job in jobs.values() if job.get("store") is not None]
    with connected() as client, _probe(stores[0].folder if stores and shared() else None) as probe:
        from distributed import KilledWorker, as_completed

        progress = _Progress(tell)
        topic = f"soilbook-{uuid.uuid4().hex}"
        client.subscribe_topic(topic, lambda event: progress.hear(*event[1]))
        terms = topic, versions(), probe
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            futures = {
                client.submit(_work, function, n, _sent(job), *terms, pure=False): n
                for n, job in jobs.items()
            }
        try:
            for future in as_completed(list(futures), loop=client.loop):
                number = futures.pop(future)
                result, done = future.result()
                future.release()
                progress.hear(number, done)
                yield number, result
        except KilledWorker as error:
            raise SoilbookError(
                "worker processes were killed from outside, again and again (out of memory?); "
                "what was finished is kept: run again to go on from there"
            ) from error
        except ModuleNotFoundError as error:
            raise SoilbookError(f"a worker of {address()} lacks {error.name!r}") from error
        finally:
            client.cancel(list(futures), force=True)


def on_worker(terms: tuple, variables: dict[str, str], function: Callable, *arguments):
    """``function(*arguments)`` on a worker that has the same library and folders, see ``terms``,
    with environment variables that all works of a worker share."""
    _hold(*terms)
    os.environ.pop(SCHEDULER, None)  # what it starts stays on its machine
    os.environ.update(variables)
    return function(*arguments)


@contextmanager
def terms_in(folder: Path) -> Iterator[tuple]:
    """What ``on_worker`` holds a worker to: the library, and that it sees this folder."""
    with _probe(folder) as probe:
        yield versions(), probe


@functools.cache
def versions() -> tuple[str, str]:
    """What must be the same everywhere for the same numbers: library and PyTorch."""
    return fingerprint.of_package(), metadata.version("torch")


def _hold(expected: tuple[str, str], probe: Path | None) -> None:
    for name, own, other in zip(("soilbook", "PyTorch"), versions(), expected, strict=True):
        if own != other:
            raise SoilbookError(
                f"worker on {socket.gethostname()} has another version of {name}: "
                f"{own[:12]} instead of {other[:12]}"
            )
    if probe is not None and not probe.is_file():
        raise ParameterError(
            f"{probe.parent} is no shared folder: the worker on {socket.gethostname()} does not "
            "see it; allowed: a folder of all machines, or no --shared"
        )


def _sent(job: dict) -> dict:
    return job if shared() or "store" not in job else job | {"store": None}


@contextmanager
def _probe(folder: Path | None) -> Iterator[Path | None]:
    """A file in the folder for a while, by which a worker sees that it is the same one."""
    if folder is None:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f".shared-{uuid.uuid4().hex}"
    file.touch()
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _work(function: Callable, number: int, job: dict, topic: str, expected, probe):
    """On a worker: the result, and how much it told."""
    import dask
    from distributed import get_worker

    _hold(expected, probe)
    worker, done, last = get_worker(), 0, 0.0

    def tell(n: int) -> None:
        nonlocal done, last
        done += n
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            worker.log_event(topic, (number, done))

    # xarray would ask the scheduler for a lock of each file that it opens on a worker.
    with dask.config.set(scheduler="threads"):
        return function(**job, tell=tell), done


class _Progress:
    """Tells how much all jobs have done; what was lost with a worker is not told twice."""

    def __init__(self, tell: Callable[[int], None]):
        self.tell, self.done, self.told = tell, {}, 0
        self.lock = threading.Lock()

    def hear(self, number: int, done: int) -> None:
        """A job has done so much since it began."""
        with self.lock:
            self.done[number] = done
            total = sum(self.done.values())
            if total > self.told:
                self.tell(total - self.told)
                self.told = total
