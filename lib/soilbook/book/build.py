"""Run what has to be run, then render the book; nothing at all where nothing changed."""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from graphlib import TopologicalSorter
from multiprocessing import get_context
from pathlib import Path

import joblib
import yaml

from soilbook import data as room
from soilbook import progress
from soilbook.book import chapters, provenance, runner
from soilbook.book.checks import check, on_gpu
from soilbook.book.render import EXECUTED, content_fingerprint, render
from soilbook.errors import DataError, SoilbookError
from soilbook.fingerprint import of_package
from soilbook.store import write


class BuildFailed(Exception):
    """Chapters failed, so the book was not rendered; ``code`` is the exit code."""

    def __init__(self, message: str, code: int):
        super().__init__(message, code)
        self.message, self.code = message, code


def build(
    data: str | None = None,
    profile: str | None = None,
    device: str | None = None,
    jobs: int | None = None,
    execute: bool = True,
    say=print,
) -> int:
    """Execute the chapters of _toc.yml that changed and render; the exit code of jupyter-book.

    ``data`` and ``profile`` are twin and quick unless given; ``jobs`` chapters run at the same
    time, as many as ``at_once`` says if None. Without ``execute`` the pages show what is executed
    already: the runs of that track and profile, else what the book showed last, else the latest
    run.

    A chapter that reads what others left starts once exactly those are finished. If one of them
    failed it still runs, with what that one left before if anything, and again in the next build.

    Raises SoilbookError before any work for a parameter that a chapter refuses or chapters that
    read each other in a circle, and BuildFailed after all others ran if a chapter failed.
    """
    base = chapters.root()
    listed = in_contents(base)
    if execute:
        _execute(base, listed, data or "twin", profile or "quick", device, jobs, say)
    else:
        _take_results(base, listed, data, profile)
    return render(base, say)


def _take_results(base: Path, listed: list[str], data: str | None, profile: str | None) -> None:
    for name in listed:
        runs = list(base.glob(f"results/{data or '*'}/{profile or '*'}/{name}/{runner.NOTEBOOK}"))
        if _page(base, name).is_file() and not (data or profile):
            continue
        if not runs:
            wanted = f"{data or 'any track'}, {profile or 'any profile'}"
            raise DataError(f"{name} has no run ({wanted}); run: soilbook build")
        latest = max(runs, key=lambda notebook: notebook.stat().st_mtime)
        write(_page(base, name), latest.read_bytes())


def in_contents(base: Path) -> list[str]:
    """Names of the chapters that _toc.yml shows, in its order; each must exist."""
    try:
        contents = yaml.safe_load((base / "_toc.yml").read_text())
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f"{base / '_toc.yml'}: not readable ({error})") from error
    folder = f"{EXECUTED.as_posix()}/"
    files = [file for file in _files(contents) if file.startswith(folder)]
    return [chapters.find(file.removeprefix(folder), base).name for file in files]


def _files(node) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key == "file":
            yield str(value)
        elif isinstance(value, dict | list):
            yield from _files(value)


def _page(base: Path, name: str) -> Path:
    return base / EXECUTED / f"{name}.ipynb"


def _execute(base, listed, data, profile, device, jobs, say) -> None:
    asked = {"data": data, "profile": profile, "device": device}
    check(asked)
    reads = chapters.reading(listed, base)
    wanted = {}
    for name in listed:
        chapter = chapters.find(name, base)
        known = {n: v for n, v in asked.items() if n in chapter.parameters and v is not None}
        wanted[name] = (runner.prepare(chapter, known), known)
    stamps = fingerprints(base, {name: values for name, (values, _) in wanted.items()}, data)
    changed = set()
    for name in TopologicalSorter(reads).static_order():
        current = _is_current(base, name, wanted[name][0], stamps[name])
        if not current or changed & set(reads[name]):
            changed.add(name)
    due = [name for name in listed if name in changed]
    jobs = jobs or (at_once(device) if due else 1)
    how = f"{data}, {profile}{f', {jobs} at a time' if due and jobs > 1 else ''}"
    say(f"{len(listed) - len(due)} chapters unchanged, {len(due)} to run ({how})")
    problems, partly = {}, set()  # partly: something that the chapter rests on failed
    parameters = {name: known for name, (_, known) in wanted.items()}
    for name, outcome in _run_all(due, parameters, reads, jobs):
        if (partly | set(problems)) & set(reads[name]):
            partly.add(name)
        if isinstance(outcome, Exception):
            problems[name] = outcome
            say(f"{name}: {outcome}")
            continue
        for warning in outcome.warnings:
            say(f"{name}: warning: {warning}")
        notebook = (outcome.folder / runner.NOTEBOOK).read_bytes()
        stamp = None if name in partly else stamps[name]
        record = {"fingerprint": stamp, "notebook": hashlib.sha256(notebook).hexdigest()}
        write(_page(base, name), notebook)
        write(_page(base, name).with_suffix(".json"), json.dumps(record, indent=1).encode())
        say(f"{name}: {outcome.seconds:.0f} s")
    if problems:
        mendable = all(isinstance(problem, SoilbookError) for problem in problems.values())
        raise BuildFailed(f"not rendered; failed: {', '.join(problems)}", 2 if mendable else 1)


def at_once(device: str | None) -> int:
    """How many chapters run at the same time: two, so that one trains while another draws or
    compiles; one on a single core, and on a GPU, whose memory one training may fill."""
    return 1 if on_gpu(device or "auto") else min(2, joblib.cpu_count())


def fingerprints(base: Path, values: dict[str, dict], data: str) -> dict[str, str]:
    """Per chapter what its page rests on: source, library, parameters, data, its committed
    reference run, chapters it reads with all that those rest on.

    The device is left out: it changes the time, and the last digits, but no conclusion.
    """
    library = of_package()
    measured = provenance.listing(room.folder(), times=True) if data == "observed" else ""
    own = {}
    for name, chosen in values.items():
        source = hashlib.sha256(chapters.find(name, base).file.read_bytes()).hexdigest()
        kept = {n: v for n, v in chosen.items() if n != "device"}
        references = [
            content_fingerprint(folder) for folder in sorted(base.glob(f"book/reference/*/{name}"))
        ]
        own[name] = json.dumps([source, library, measured, kept, references], sort_keys=True)
    reads = chapters.reading(list(values), base)
    whole = {}
    for name in TopologicalSorter(reads).static_order():
        others = [whole[one] for one in reads[name]]
        whole[name] = hashlib.sha256("".join([own[name], *others]).encode()).hexdigest()
    return whole


def _is_current(base: Path, name: str, values: dict, fingerprint: str) -> bool:
    record = _page(base, name).with_suffix(".json")
    result = runner.results_folder(name, values, base) / runner.NOTEBOOK
    try:
        kept = json.loads(record.read_text())
        same = [
            hashlib.sha256(file.read_bytes()).hexdigest() == kept["notebook"]
            for file in (_page(base, name), result)
        ]
        return kept["fingerprint"] == fingerprint and all(same)
    except (OSError, ValueError, KeyError):
        return False


def _run_all(names: list[str], parameters: dict[str, dict], reads: dict[str, list[str]], jobs: int):
    """Yield (name, Run or Exception) as chapters finish; each starts once those it reads have,
    failed ones too."""
    queue = _Queue(names, reads)
    if jobs <= 1 or len(names) <= 1:
        while name := queue.take():
            yield name, _run_one(name, parameters[name])
            queue.finished(name)
        return
    with _quiet_children(jobs), ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running = {}
        while True:
            outcomes = {running.pop(one): one.result() for one in _finished(running)}
            queue.finished(*outcomes)
            while len(running) < jobs and (name := queue.take()):
                running[pool.submit(_run_one, name, parameters[name])] = name
            yield from outcomes.items()
            if not running:
                return


def _finished(running: dict) -> set:
    return wait(running, return_when=FIRST_COMPLETED).done if running else set()


class _Queue:
    """Chapters in the order of ``names``, each only after all of ``names`` that it reads."""

    def __init__(self, names: list[str], reads: dict[str, list[str]]):
        self._names, self._ready = names, []
        self._sorter = TopologicalSorter(
            {name: [one for one in reads[name] if one in names] for name in names}
        )
        self._sorter.prepare()

    def take(self) -> str | None:
        """The first that may start now; None if there is none before another has finished."""
        self._ready = sorted([*self._ready, *self._sorter.get_ready()], key=self._names.index)
        return self._ready.pop(0) if self._ready else None

    def finished(self, *names: str) -> None:
        """These need not be waited for any longer."""
        self._sorter.done(*names)


def _quiet_children(jobs: int):
    """Several kernels at once share the cores, and show no bars, which would mix."""
    share = {progress.VARIABLE: "off"}
    for name in ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT"):  # threads, and workers of joblib
        share[name] = os.environ.get(name) or str(max(1, joblib.cpu_count() // jobs))
    return runner.environment(share)


def _run_one(name: str, parameters: dict):
    try:
        return runner.run(name, parameters)
    except (SoilbookError, runner.ChapterFailed) as problem:
        return problem
