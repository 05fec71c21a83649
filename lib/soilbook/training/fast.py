"""What makes training faster, and which it can do without: a compiler, and processes side by side.

``benchmarks/speed_paths.py`` measures each against training without it.
"""

import hashlib
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import torch
from filelock import FileLock
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError
from torch import Tensor

from soilbook import cluster
from soilbook.errors import SoilbookError
from soilbook.store import compiled_steps, tagged_folder

EVERY = 0.5  # seconds between two looks at how far the workers are
# tanh by one exponential is five times faster on a CPU than the library's, and right to 1e-7.
QUICK_TANH = "cpp.use_decompose_tanh"
CACHE = "TORCHINDUCTOR_CACHE_DIR"


def compiler_there() -> bool:
    """Whether a C++ compiler is at hand, which torch.compile needs on a CPU."""
    return shutil.which(os.environ.get("CXX", "g++")) is not None


def compiled(*work: tuple[Callable, Sequence[Tensor]]) -> list[Callable]:
    """Each function compiled for arguments of the shapes, types and device of its examples.

    What was compiled is kept, see ``kept``: of processes that want the same at the same time one
    compiles and the others wait, to read it in a ninth (LSTM) to a quarter (1D-CNN) of the
    processor's time. Where the compiler fails, a warning says so and the function itself is
    returned.
    """
    torch.compiler.reset()  # each network has a step of its own; torch keeps few versions of one
    shapes = [(tuple(one.shape), str(one.dtype)) for _, examples in work for one in examples]
    lock = FileLock(kept() / f"{hashlib.sha256(repr(shapes).encode()).hexdigest()[:16]}.lock")
    with suppress(OSError):  # a folder that takes no lock: each process compiles for itself
        lock.acquire()
    try:
        return [_compiled(function, examples) for function, examples in work]
    finally:
        lock.release()


def kept() -> Path:
    """Folder in which torch keeps what it compiled, by graph, version and kind of processor:
    TORCHINDUCTOR_CACHE_DIR, which is in soilbook's cache if that takes files, else torch's own."""
    if not os.environ.get(CACHE):
        with suppress(SoilbookError):
            os.environ[CACHE] = str(tagged_folder(compiled_steps()).resolve())
    return Path(os.environ.get(CACHE) or tempfile.gettempdir())


def _compiled(function: Callable, examples: Sequence[Tensor]) -> Callable:
    try:
        fast = torch.compile(
            function, fullgraph=True, dynamic=False, options=_options(examples[0].device)
        )
        fast(*examples)
    except Exception as error:  # whatever the compiler trips over, training can do without it
        reason = str(error).strip().partition("\n")[0]
        warnings.warn(f"trained slowly, because the step does not compile: {reason}", stacklevel=3)
        return function
    return fast


def _options(device: torch.device) -> dict[str, bool]:
    with suppress(Exception):  # a torch that does not list its options compiles without them
        if device.type == "cpu" and QUICK_TANH in torch._inductor.list_options():
            return {QUICK_TANH: True}
    return {}


@contextmanager
def one_thread():
    """torch with one thread; the number there was is put back."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def run_all(
    function: Callable, jobs: dict[int, dict], workers: int, tell: Callable[[int], None]
) -> Iterator[tuple[int, object]]:
    """Yield (number of the job, function(**job, tell=...)) as they finish, with one thread each:
    in this process, or in ``workers`` processes if there are several of both."""
    if min(workers, len(jobs)) > 1:
        yield from side_by_side(function, jobs, workers, tell)
        return
    for number, job in jobs.items():
        yield number, _alone(function, **job, tell=tell)


def side_by_side(
    function: Callable, jobs: dict[int, dict], workers: int, tell: Callable[[int], None]
) -> Iterator[tuple[int, object]]:
    """``run_all`` in processes of joblib's loky: they take functions of notebooks and of scripts
    without a ``__main__`` guard, end with this process and on an interrupt. With a scheduler on its
    workers, see ``cluster``. SoilbookError if one is killed."""
    if cluster.address():
        yield from cluster.run(partial(_alone, function), jobs, tell)
        return
    # Under a name that ``book.runner.clear_killed`` knows.
    own = tempfile.TemporaryDirectory(prefix=f"soilbook-{os.getpid()}-", ignore_cleanup_errors=True)
    with own as folder:
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
                    "a worker process was killed from outside (out of memory?); what was "
                    "finished is kept: run again to go on from there"
                ) from error


def _work(function, number: int, job: dict, file: Path, place: int, n_jobs: int):
    done = np.memmap(file, np.int64, "r+", shape=n_jobs)

    def tell(n: int) -> None:
        done[place] += n

    return number, _alone(function, tell=tell, **job)


def _alone(function: Callable, **job):
    with one_thread():
        return function(**job)


def at_hand() -> int:
    """How many jobs can run at once: cores of this machine, or threads of the scheduler."""
    return cluster.size() if cluster.address() else joblib.cpu_count()


@contextmanager
def _watch(done: np.memmap, tell: Callable[[int], None]):
    """Tell what the workers have written, now and then."""
    finished = threading.Event()

    def look() -> None:
        told, last = 0, False
        while not last:
            last = finished.wait(EVERY)
            total = int(done.sum())
            tell(total - told)
            told = total

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
