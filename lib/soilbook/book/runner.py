"""Execute a chapter with papermill: parameters first, results whole or not at all."""

import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from soilbook import progress
from soilbook.book import chapters, folders, kernel
from soilbook.book.checks import check
from soilbook.book.parameters import choose
from soilbook.errors import ParameterError, SoilbookError
from soilbook.store import cannot_write, write

WARNING = re.compile(r"\b\w*Warning: (.*)")
NOTEBOOK, LOG = "chapter.ipynb", "kernel.log"
NO_SPACE = "[Errno 28]"


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
    """
    given = dict(given)
    for name, value in options.items():
        if value is None:
            continue
        if given.get(name, value) != value:
            raise ParameterError(f"{name} is given twice: {given[name]!r} and {value!r}")
        given[name] = value
    values = choose(chapter.parameters, given, chapter.name)
    check(values)
    return values


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
) -> Run:
    """Run one chapter and leave its folder of results; an earlier one moves to ``.previous``.

    Raises SoilbookError for what a user can mend, also if it comes from inside a cell, and
    ChapterFailed for any other failing cell. Either way earlier results stay as they are.
    """
    base = chapters.root()
    found = chapters.find(chapter, base)
    values = prepare(found, parameters or {}, data=data, profile=profile, device=device)
    folder = results_folder(found.name, values, base, out)
    changed = {n: v for n, v in values.items() if v != found.parameters[n].default}
    start = time.monotonic()
    with folders.partial(folder) as partial:
        notebook = _execute(found, changed, partial, folder, base)
        folders.put_in_place(partial, folder)
    seconds = time.monotonic() - start
    return Run(found.name, folder, values, seconds, tuple(_warnings(notebook)))


def _execute(chapter, parameters: dict, partial: Path, folder: Path, base: Path):
    import papermill

    written = partial / NOTEBOOK
    variables = {
        chapters.OUT: str(partial),
        chapters.RUN: "1",
        progress.VARIABLE: progress.terminal_of_this_process(),
        "SOILBOOK_ROOT": str(base),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    for name in ("SOILBOOK_DATA", "SOILBOOK_CACHE"):
        if os.environ.get(name):  # the kernel works in the chapter's folder
            variables[name] = str(Path(os.environ[name]).resolve())
    shown = {"desc": chapter.name, "leave": False, "dynamic_ncols": True}
    log = partial / LOG
    try:
        with environment(variables), _stopped_cleanly(), log.open("wb") as stream:
            notebook = papermill.execute_notebook(
                str(chapter.file),
                str(written),
                parameters,
                kernel_name="python3",
                language="python",
                cwd=str(chapter.file.parent),
                progress_bar=shown if sys.stderr.isatty() else False,
                kernel_manager_class=kernel.manager(stream),
            )
        log.unlink()
        notebook.metadata.papermill.update(input_path=chapter.name, output_path=NOTEBOOK)
        write(written, nbformat.writes(notebook).encode())
    except papermill.PapermillExecutionError as error:
        _raise_for_input(error.ename, error.evalue)
        where = folders.keep_failed(partial, folder) / NOTEBOOK
        first = (error.evalue or "").strip().splitlines()[:1]
        raise ChapterFailed(
            f"{chapter.name} failed in cell [{error.exec_count}]: {error.ename}: "
            f"{' '.join(first)}; the notebook so far: {where}"
        ) from error
    except RuntimeError as error:  # the kernel died (out of memory?) or did not start in time
        where = folders.keep_failed(partial, folder)
        raise ChapterFailed(f"{chapter.name} failed: {error}; notebook and log: {where}") from error
    except OSError as error:
        raise cannot_write(written, error) from error
    return notebook


def _raise_for_input(name: str, message: str) -> None:
    """Raise again what a cell raised about its input, by the name of its class."""
    kinds = {kind.__name__: kind for kind in _subclasses(SoilbookError)}
    if name in kinds:
        raise kinds[name](" ".join(message.split()))
    if name == "OSError" and NO_SPACE in message:
        raise SoilbookError(f"the disk is full: {' '.join(message.split())}")


def _subclasses(kind: type) -> list[type]:
    return [kind, *(below for child in kind.__subclasses__() for below in _subclasses(child))]


def _warnings(notebook) -> Iterator[str]:
    """Warnings that the cells wrote to standard error, each once."""
    seen = set()
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stderr":
                for text in WARNING.findall(output.text):
                    if text not in seen:
                        seen.add(text)
                        yield text


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for a while, for the kernels started in it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
