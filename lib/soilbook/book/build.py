"""Run what has to be run, then render the book; nothing at all where nothing changed."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from graphlib import TopologicalSorter
from multiprocessing import get_context
from pathlib import Path

import joblib
import yaml

from soilbook import cluster, progress
from soilbook import data as room
from soilbook.book import (
    chapters,
    cite,
    course,
    dry_run,
    first_look,
    front,
    links,
    lists,
    myst,
    products,
    runner,
)
from soilbook.book.product import REFERENCE
from soilbook.device import find as find_device
from soilbook.errors import DataError, SoilbookError
from soilbook.fingerprint import of_package
from soilbook.store import Store, write

EXECUTED = Path("book/executed")
SETTINGS = ("_toc.yml", "_config.yml")
RECORD = Path("_build/soilbook.json")
PROGRAM = "from jupyter_book.cli.main import main; main()"
COMMAND = ("-c", PROGRAM, "build", ".", "--all", "-W", "-n", "--keep-going")


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
    agreed: bool = False,
) -> int:
    """Execute the chapters of _toc.yml that changed and render; the exit code of jupyter-book.

    ``data`` and ``profile`` are twin and quick unless given; ``jobs`` chapters run at the same
    time, as many as ``at_once`` says if None. Without ``execute`` the pages show what is executed
    already: the runs of that track and profile, else what the book showed last, else the latest
    run.

    A chapter that reads what others left starts once exactly those are finished. If one of them
    failed it still runs, with what that one left before if anything, and again in the next build.

    Networks of a reader's file, see ``runner.own_models``, join the ``models`` of every chapter
    that takes them.

    Raises SoilbookError before any work for a parameter that a chapter refuses, chapters that read
    each other in a circle, or a no to what ``dry_run.consent`` asks unless ``agreed``; BuildFailed
    after all others ran if a chapter failed.
    """
    runner.clear_killed()
    base = chapters.root()
    listed = in_contents(base)
    if execute:
        asked = {"data": data or "twin", "profile": profile or "quick", "device": device}
        with runner.own_models(None) as mine:
            _execute(base, listed, asked, list(mine), jobs, say, agreed)
    else:
        _take_results(base, listed, data, profile)
    return render(base, say)


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


def _take_results(base: Path, listed: list[str], data: str | None, profile: str | None) -> None:
    for name in listed:
        if _page(base, name).is_file() and not (data or profile):
            continue
        runs = list(base.glob(f"results/{data or '*'}/{profile or '*'}/{name}/{runner.NOTEBOOK}"))
        if not runs:
            wanted = f"{data or 'any track'}, {profile or 'any profile'}"
            raise DataError(f"{name} has no run ({wanted}); run: soilbook build")
        latest = max(runs, key=lambda notebook: notebook.stat().st_mtime)
        place(base, name, latest.parent)


def _execute(
    base: Path, listed: list[str], asked: dict, mine: list[str], jobs, say, agreed: bool
) -> None:
    chapters.check(asked)
    reads = chapters.reading(listed, base)
    given, values = {}, {}
    for name in listed:
        chapter = chapters.find(name, base)
        given[name] = {n: v for n, v in asked.items() if n in chapter.parameters and v is not None}
        if mine and chapter.takes_own:
            given[name]["models"] = [*chapter.parameters["models"].default, *mine]
        values[name] = runner.prepare(chapter, given[name])
    stamps = fingerprints(base, values, asked["data"])
    due = _due(base, values, stamps, reads)
    if not agreed:
        dry_run.consent((chapters.find(name, base), values[name]) for name in due)
    jobs = jobs or (at_once(asked["device"]) if due else 1)
    how = f"{asked['data']}, {asked['profile']}{f', {jobs} at a time' if due and jobs > 1 else ''}"
    say(f"{len(listed) - len(due)} chapters unchanged, {len(due)} to run ({how})")
    costs = {one: first_look.cost(base, one, asked["data"], asked["profile"]) for one in due}
    look = FirstLook(base, due, how, say) if due else None
    problems, partly, took = {}, set(), {}  # partly: something that the chapter rests on failed
    for name, outcome in _run_all(due, given, reads, jobs):
        if (partly | set(problems)) & set(reads[name]):
            partly.add(name)
        if isinstance(outcome, Exception):
            problems[name] = outcome
            say(f"{name}: {outcome}")
            continue
        for warning in outcome.warnings:
            say(f"{name}: warning: {warning}")
        _show(base, name, outcome.folder, None if name in partly else stamps[name])
        took[name] = outcome.seconds
        left = first_look.in_words(first_look.time_left(costs, took, jobs))
        n = len(due) - len(took) - len(problems)
        say(f"{name}: {outcome.seconds:.0f} s" + (f"; {n} to run, {left}" if n and left else ""))
        look.replaced(left)
    if look:
        look.finished()
    if problems:
        mendable = all(isinstance(problem, SoilbookError) for problem in problems.values())
        raise BuildFailed(f"not rendered; failed: {', '.join(problems)}", 2 if mendable else 1)


class FirstLook:
    """Pages of the observed reference run in place of those that are still being computed.

    Where chapters have no page yet the book is rendered at once; later it is rendered again, in
    the background, as chapters finish.
    """

    def __init__(self, base: Path, due: list[str], how: str, say):
        self.base, self.how, self.running = base, how, None
        there = (base / REFERENCE).is_dir()
        self.waiting = [name for name in due if there and not _page(base, name).is_file()]
        if self.waiting:
            self._write("")
            render(base, say)

    def replaced(self, left: str) -> None:
        """A chapter has its page now: say how long the others take, and render if idle."""
        made = [one for one in self.waiting if _page(self.base, one).with_suffix(".json").is_file()]
        if made and not (self.running and self.running.poll() is None):
            self.waiting = [one for one in self.waiting if one not in made]
            self._write(left)
            prepare(self.base)
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            again = [sys.executable, *(one for one in COMMAND if one not in ("--all", "-W"))]
            self.running = subprocess.Popen(again, cwd=self.base, **quiet)

    def finished(self) -> None:
        """Wait for a rendering in the background; the whole book is rendered after it."""
        if self.running:
            self.running.wait()

    def _write(self, left: str) -> None:
        words = f"This run ({self.how}) of the chapter is still being computed"
        notice = f"{words}; {left} for all chapters." if left else f"{words}."
        for name in self.waiting:
            page = first_look.page_of(self.base, name, notice)
            write(_page(self.base, name), json.dumps(page, indent=1, ensure_ascii=False).encode())


def _due(base: Path, values: dict, stamps: dict, reads: dict[str, list[str]]) -> list[str]:
    """Chapters that changed or read one that did."""
    changed = set()
    for name in TopologicalSorter(reads).static_order():
        current = _is_current(base, name, values[name], stamps[name])
        if not current or changed & set(reads[name]):
            changed.add(name)
    return [name for name in values if name in changed]


def place(base: Path, name: str, folder: Path) -> bytes:
    """Make the notebook in a folder of results a page of the book, its pictures and data beside it;
    returns the page."""
    page, files = myst.page_of(json.loads((folder / runner.NOTEBOOK).read_text()))
    beside = _page(base, name).with_suffix("")
    for file in files:
        write(beside / file, (folder / file).read_bytes())
    content = json.dumps(page, indent=1, ensure_ascii=False).encode()
    write(_page(base, name), content)
    return content


def _show(base: Path, name: str, folder: Path, stamp: str | None) -> None:
    """Make an executed notebook the page, and record what it rests on."""
    record = {"fingerprint": stamp, "notebook": _digest(folder / runner.NOTEBOOK)}
    record["page"] = hashlib.sha256(place(base, name, folder)).hexdigest()
    write(_page(base, name).with_suffix(".json"), json.dumps(record, indent=1).encode())


def _is_current(base: Path, name: str, values: dict, fingerprint: str) -> bool:
    page = _page(base, name)
    result = runner.results_folder(name, values, base) / runner.NOTEBOOK
    kept = _recorded(page.with_suffix(".json"))
    pairs = ((page, "page"), (result, "notebook"))
    whole = all(file.is_file() and _digest(file) == kept.get(key) for file, key in pairs)
    return whole and kept.get("fingerprint") == fingerprint


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def at_once(device: str | None) -> int:
    """How many chapters run at the same time: two, so that one trains while another draws or
    compiles; one on a single core, and on a GPU, whose memory one training may fill. Where they
    run on the workers of a scheduler, as many as these have threads."""
    if cluster.address() and cluster.shared():
        return cluster.size()
    return 1 if on_gpu(device or "auto") else min(2, joblib.cpu_count())


def on_gpu(device: str) -> bool:
    """Whether a run with this device takes place on a GPU; raises as ``device.find``."""
    return find_device(device) != "cpu"


def fingerprints(base: Path, values: dict[str, dict], data: str) -> dict[str, str]:
    """Per chapter what its page rests on: source, solutions shown, library, parameters, a reader's
    networks, data, its committed reference run, chapters it reads with all that those rest on.

    The device is left out: it changes the time, and the last digits, but no conclusion.
    """
    from soilbook.training.own import OWN

    library = of_package()
    measured = products.listing(room.folder(), times=True) if data == "observed" else ""
    reads = chapters.reading(list(values), base)
    whole = {}
    for name in TopologicalSorter(reads).static_order():
        source = _digest(chapters.find(name, base).file)
        kept = {n: v for n, v in values[name].items() if n != "device"}
        folders = sorted(base.glob(f"book/reference/*/{name}"))
        references = [content_fingerprint(folder) for folder in folders]
        others = [whole[one] for one in reads[name]]
        solved = json.dumps(course.shown(name, base))
        own = [OWN[one].sha256 for one in kept.get("models") or () if one in OWN]
        parts = [source, library, measured, kept, own, references, others, solved]
        whole[name] = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return whole


def _run_all(names: list[str], parameters: dict[str, dict], reads: dict[str, list[str]], jobs: int):
    """Yield (name, Run or Exception) as chapters finish; each starts once those it reads have,
    failed ones too; of several that may start the first in ``names`` does."""
    sorter = TopologicalSorter({n: [one for one in reads[n] if one in names] for n in names})
    sorter.prepare()
    ready = []

    def take() -> str | None:
        ready.extend(sorter.get_ready())
        ready.sort(key=names.index)
        return ready.pop(0) if ready else None

    if jobs <= 1 or len(names) <= 1:
        while name := take():
            yield name, _run_one(name, parameters[name])
            sorter.done(name)
        return
    with pool(jobs) as submit:
        running = {}
        while sorter.is_active():
            while len(running) < jobs and (name := take()):
                running[submit(_run_one, name, parameters[name])] = name
            for one in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(one)
                sorter.done(name)
                yield name, one.result()


@contextmanager
def pool(jobs: int) -> Iterator[Callable]:
    """Yield ``submit(function, *arguments)``, which gives a future of concurrent.futures, for so
    many runs at once: in processes of this machine, or on the workers of a scheduler that see the
    folders of this book and of its store."""
    if not (cluster.address() and cluster.shared()):
        with _quiet_children(jobs), ProcessPoolExecutor(jobs, get_context("spawn")) as processes:
            yield processes.submit
        return
    base = chapters.root()
    cache = str(Store().folder.parent.resolve())
    told = runner.variables(base) | {"SOILBOOK_CACHE": cache, progress.VARIABLE: "off"}
    with cluster.connected() as client, cluster.terms_in(base / "results") as terms:
        workers = client.get_executor(pure=False)
        yield partial(workers.submit, cluster.on_worker, terms, told)


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


def prepare(base: Path) -> None:
    """Leave what pages include: findings, verdicts, lists, how to cite, answers to the labs."""
    write(base / front.FOLDER / "answers.md", course.answers(base).encode())
    if (base / REFERENCE).is_dir():
        front.write_front(base)
        lists.write_lists(base, EXECUTED, in_contents(base))


def render(base: Path, say=print) -> int:
    """Render with warnings as errors from a clean _build, unless the last pages still stand."""
    prepare(base)
    pages = base / "_build/html"
    index = pages / "index.html"
    own = [_digest(base / name) for name in SETTINGS if (base / name).is_file()]
    own += [os.environ.get(name, "") for name in (cite.REPOSITORY, links.BRANCH, *links.LAUNCH)]
    sources = content_fingerprint(base / "book", str(own), leave_out=base / EXECUTED)
    standing = {"sources": sources, "pages": products.listing(pages)}
    if _recorded(base / RECORD) == standing:
        say(f"nothing changed: {index}")
        return 0
    shutil.rmtree(base / "_build", ignore_errors=True)
    code = subprocess.run([sys.executable, *COMMAND], cwd=base).returncode
    if code == 0:
        record = {"sources": sources, "pages": products.listing(pages)}
        write(base / RECORD, json.dumps(record).encode())
        say(f"the book: {index}")
    return code


def content_fingerprint(folder: Path, start: str = "", leave_out: Path | None = None) -> str:
    """Fingerprint of all files below a folder; without the records of runs in ``leave_out``."""
    total = hashlib.sha256(start.encode())
    for file in sorted(folder.rglob("*")):
        record = file.suffix == ".json" and leave_out in file.parents
        if file.is_file() and not record:
            total.update(f"{file.relative_to(folder).as_posix()} {_digest(file)}\n".encode())
    return total.hexdigest()


def _recorded(file: Path) -> dict:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
