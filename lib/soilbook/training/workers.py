"""Shards side by side: one process a core with one thread each, as long as there are shards."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from soilbook.errors import SoilbookError

EVERY = 0.5  # seconds between two looks at how far the workers are


@contextmanager
def one_thread():
    """torch with one thread; the number there was is put back."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def side_by_side(
    function: Callable, jobs: dict[int, dict], workers: int, tell: Callable[[int], None]
) -> Iterator[tuple[int, object]]:
    """Yield (number of the job, function(**job, tell=...)) as they finish.

    Workers of joblib's loky: they take functions of notebooks and of scripts without a
    ``__main__`` guard, end with this process and on an interrupt. SoilbookError if one is killed.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "progress"
        done = np.memmap(file, np.int64, "w+", shape=len(jobs))
        calls = [
            delayed(_work)(function, number, job, file, place, len(jobs))
            for place, (number, job) in enumerate(jobs.items())
        ]
        pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
        with _watch(done, tell):
            try:
                yield from pool(calls)
            except TerminatedWorkerError as error:
                raise SoilbookError(
                    "a training process was killed from outside (out of memory?); what was "
                    "finished is kept: run again to go on from there"
                ) from error


def _work(function, number: int, job: dict, file: Path, place: int, n_jobs: int):
    done = np.memmap(file, np.int64, "r+", shape=n_jobs)

    def tell(n: int) -> None:
        done[place] += n

    with one_thread():
        return number, function(**job, tell=tell)


@contextmanager
def _watch(done: np.memmap, tell: Callable[[int], None]):
    """Tell what the workers have written, now and then."""
    finished = threading.Event()

    def look() -> None:
        told = 0
        while not (last := finished.wait(EVERY)) or told < done.sum():
            total = int(done.sum())
            tell(total - told)
            told = total
            if last:
                return

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
