"""Execute a chapter with papermill: parameters first, results whole or not at all."""

import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import IO

import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from psutil import pid_exists

from soilbook import progress, settings
from soilbook.book import chapters, course
from soilbook.errors import ParameterError, SoilbookError
from soilbook.store import cannot_write, write

WARNING = re.compile(r"\b\w*Warning: (.*)")
NOTEBOOK, LOG = "chapter.ipynb", "kernel.log"
NO_SPACE = "[Errno 28]"
# Cells take a moment or an hour: how many are left says nothing of the time.
CELLS = "{desc}: cell {n_fmt} of {total_fmt} {bar} {elapsed}"
SHARED = "/dev/shm"  # where joblib shares arrays between processes, if it is there


class ChapterFailed(Exception):
    """A cell failed for another reason than its input; one line with cell, error and notebook."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder of results, all parameter values, what the kernel warned of."""

    chapter: str
    folder: Path
    values: dict
    seconds: float
    warnings: tuple[str, ...]


def prepare(chapter: chapters.Chapter, given: dict, **options) -> dict:
    """All parameter values of a run, checked; ``options`` (data, profile, device) that are not None
    count like ``given``. Raises ParameterError, DataError or DeviceError; starts nothing.

    Records are read only where the values may leave nothing to forecast: sites asked for by name,
    or another window or split than the paper's.
    """
    options = {name: value for name, value in options.items() if value is not None}
    for name in options.keys() & given.keys():
        if given[name] != options[name]:
            raise ParameterError(f"{name} is given twice: {given[name]!r} and {options[name]!r}")
    values = chapter.values(given | options)
    chosen = bool(values.get("sites")) and values.get("data") != "twin"
    if "window" in values and (chosen or not _as_in_the_paper(values)):
        from soilbook.wang2024.experiment import Experiment, load  # torch takes seconds

        known = {name: values[name] for name in Experiment.model_fields if name in values}
        load(Experiment(**known).resolve())
    return values


def _as_in_the_paper(values: dict) -> bool:
    """Whether windows are cut as the paper's."""
    there = values["window"], values.get("split")
    return there == (settings.N_STEPS, settings.TRAINING_SHARE)


def results_folder(chapter: str, values: dict, base: Path, out: Path | None = None) -> Path:
    """<out, else results under the root>/<data>/<profile>/<study>/<section>."""
    track, profile = values.get("data", "twin"), values.get("profile", "quick")
    return (Path(out).resolve() if out else base / "results") / track / profile / chapter


def run(
    chapter: str,
    parameters: dict | None = None,
    data: str | None = None,
    profile: str | None = None,
    device: str | None = None,
    out: str | Path | None = None,
    model_file: str | Path | None = None,
) -> Run:
    """Run one chapter and leave its folder of results; an earlier one moves to ``.previous``.

    ``model_file`` is executed, here and in the chapter: its networks are names for ``models``.

    Raises SoilbookError for what a user can mend, also if it comes from inside a cell, and
    ChapterFailed for any other failing cell. Either way earlier results stay as they are.
    """
    base = chapters.root()
    found = chapters.find(chapter, base)
    with own_models(model_file):
        values = prepare(found, parameters or {}, data=data, profile=profile, device=device)
        folder = results_folder(found.name, values, base, out)
        changed = {n: v for n, v in values.items() if v != found.parameters[n].default}
        clear_killed()
        start = time.monotonic()
        with partial(folder) as made:
            notebook = _execute(found, changed, made, folder, base)
            put_in_place(made, folder)
        outputs = [one for cell in notebook.cells for one in cell.get("outputs", ())]
        said = [one.text for one in outputs if one.get("name") == "stderr"]
        warned = dict.fromkeys(text for one in said for text in WARNING.findall(one))
        return Run(found.name, folder, values, time.monotonic() - start, tuple(warned))


@contextmanager
def own_models(file: str | Path | None) -> Iterator[dict]:
    """The networks of a reader's file, else of the one that the environment names, tried out here
    and known to the kernels; yields what is recorded of each by name, nothing without a file."""
    asked = file or os.environ.get(settings.MODEL_FILE)
    if not asked:
        yield {}
        return
    from soilbook.training import own

    added = own.load(asked)
    with environment({settings.MODEL_FILE: str(Path(asked).expanduser().resolve())}):
        yield added


def _execute(chapter, parameters: dict, partial: Path, folder: Path, base: Path):
    import papermill

    written, log = partial / NOTEBOOK, partial / LOG
    told = variables(base) | {
        chapters.OUT: str(partial),
        chapters.RUN: "1",
        progress.VARIABLE: progress.terminal_of_this_process(),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    shown = {"desc": chapter.name, "leave": False, "dynamic_ncols": True}
    shown |= progress.width(sys.stderr) | {"bar_format": CELLS}
    try:
        with environment(told), _stopped_cleanly(), _scratch() as own, log.open("wb") as said:
            notebook = papermill.execute_notebook(
                str(chapter.file),
                str(written),
                parameters,
                kernel_name="python3",
                language="python",
                cwd=str(chapter.file.parent),
                progress_bar=shown if sys.stderr.isatty() else False,
                kernel_manager_class=manager(said, own),
            )
        log.unlink()
        notebook.metadata.papermill.update(input_path=chapter.name, output_path=NOTEBOOK)
        notebook = course.folded(notebook, chapter.name, base)
        write(written, nbformat.writes(notebook).encode())
    except papermill.PapermillExecutionError as error:
        _raise_for_input(error.ename, error.evalue)
        where = keep_failed(partial, folder) / NOTEBOOK
        first = (error.evalue or "").strip().splitlines()[:1]
        raise ChapterFailed(
            f"{chapter.name} failed in cell [{error.exec_count}]: {error.ename}: "
            f"{' '.join(first)}; the notebook so far: {where}"
        ) from error
    except RuntimeError as error:  # the kernel died (out of memory?) or did not start in time
        where = keep_failed(partial, folder)
        raise ChapterFailed(f"{chapter.name} failed: {error}; notebook and log: {where}") from error
    except OSError as error:
        raise cannot_write(written, error) from error
    return notebook


def variables(base: Path) -> dict[str, str]:
    """Environment in which a chapter finds the book, data, store and a reader's networks."""
    names = ("SOILBOOK_DATA", "SOILBOOK_CACHE", settings.MODEL_FILE)
    given = {n: os.environ[n] for n in names if os.environ.get(n)}
    whole = {name: str(Path(folder).resolve()) for name, folder in given.items()}
    return {"SOILBOOK_ROOT": str(base), **whole}


def _raise_for_input(name: str, message: str) -> None:
    """Raise again what a cell raised about its input, by the name of its class."""
    kinds = {kind.__name__: kind for kind in (SoilbookError, *SoilbookError.__subclasses__())}
    if name in kinds:
        raise kinds[name](" ".join(message.split()))
    if name == "OSError" and NO_SPACE in message:
        raise SoilbookError(f"the disk is full: {' '.join(message.split())}")


def manager(log: IO, own: Path) -> type[AsyncKernelManager]:
    """Class of kernel managers for papermill; what a kernel prints outside cells goes to ``log``.

    Whatever other kernel is installed under the name python3, this one is the running interpreter.
    The folder ``own`` takes its connection file, and a file named by the number of its process.
    """

    class ThisInterpreter(AsyncKernelManager):
        kernel_spec = KernelSpec(**get_kernel_dict())
        transport_encryption = "auto"

        async def start_kernel(self, **options):
            self.connection_file = str(own / "kernel.json")
            await super().start_kernel(stdout=log, stderr=log, **options)
            (own / str(self.provisioner.pid)).touch()

        async def shutdown_kernel(self, now: bool = False, restart: bool = False):
            # Taking torch down in good order lasts seconds, and every file is already whole.
            await super().shutdown_kernel(now=True, restart=restart)

    return ThisInterpreter


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for a while, for the kernels started in it."""
    before = {name: os.environ[name] for name in values if name in os.environ}
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            os.environ.pop(name, None)
        os.environ.update(before)


@contextmanager
def _stopped_cleanly() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C, so that the kernel and the partial folder go away."""
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what matters is raised
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        # The kernel dies under the hands of asyncio, which would tell so with a traceback.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A temporary folder of this process, which tells the next run what to clear if this one is
    killed."""
    own = Path(tempfile.mkdtemp(prefix=f"soilbook-{os.getpid()}-"))
    try:
        yield own
    finally:
        _clear(own)


def clear_killed() -> None:
    """Remove what killed runs of this user left in the temporary folder and in shared memory."""
    for folder in Path(tempfile.gettempdir()).glob("soilbook-*-*"):
        process = folder.name.split("-")[1]
        with suppress(OSError):  # another run clears it at the same time
            mine = folder.stat().st_uid == os.getuid() and process.isdigit()
            if mine and not pid_exists(int(process)):
                _clear(folder)


def _clear(own: Path) -> None:
    """Remove a folder of ``_scratch``, end the workers of its kernels, which outlive them, and
    remove what joblib left in their name; nothing as long as one of the kernels lives."""
    kernels = [int(file.name) for file in own.iterdir() if file.name.isdigit()]
    if any(map(pid_exists, kernels)):
        return
    for kernel in kernels:
        with suppress(ProcessLookupError):
            os.killpg(kernel, signal.SIGKILL)
    places = {SHARED, tempfile.gettempdir(), os.environ.get("JOBLIB_TEMP_FOLDER", SHARED)}
    for place, kernel in product(map(Path, places), kernels):
        for folder in place.glob(f"joblib_memmapping_folder_{kernel}_*"):
            shutil.rmtree(folder, ignore_errors=True)
        for semaphore in place.glob(f"sem.loky-{kernel}-*"):
            semaphore.unlink(missing_ok=True)
    shutil.rmtree(own, ignore_errors=True)


@contextmanager
def partial(folder: Path) -> Iterator[Path]:
    """A folder beside the results, gone again afterwards unless it was put in place.

    What a killed run left is removed. SoilbookError if the place takes no folder.
    """
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not folder.is_dir():
            raise SoilbookError(f"{folder} is a file where the folder of results has to be")
        for left in folder.parent.glob(f".{folder.name}.*.partial"):
            if not pid_exists(int(left.name.split(".")[-2])):
                shutil.rmtree(left, ignore_errors=True)
        beside.mkdir()
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def put_in_place(made: Path, folder: Path) -> None:
    """Make a whole folder the result; the one before moves to ``.previous``."""
    previous, replaced = folder.with_name(f"{folder.name}.previous"), folder.exists()
    try:
        if replaced:
            shutil.rmtree(previous, ignore_errors=True)
            folder.rename(previous)
        made.rename(folder)
    except OSError as error:
        if replaced and not folder.exists():
            previous.rename(folder)
        raise cannot_write(folder, error) from error
    shutil.rmtree(folder.with_name(f"{folder.name}.failed"), ignore_errors=True)


def keep_failed(made: Path, folder: Path) -> Path:
    """Keep what a failed run made as ``.failed`` beside the results, to be looked at."""
    failed = folder.with_name(f"{folder.name}.failed")
    shutil.rmtree(failed, ignore_errors=True)
    made.rename(failed)
    return failed
