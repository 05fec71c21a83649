"""Run what has to be run, then render the book; nothing at all where nothing changed."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from graphlib import TopologicalSorter
from multiprocessing import get_context
from pathlib import Path

import joblib

from soilbook import cluster, progress
from soilbook import data as room
from soilbook.book import chapters, course, dry_run, products, render, runner
from soilbook.book.myst import recorded
from soilbook.book.render import page_file
from soilbook.device import find as find_device
from soilbook.errors import DataError, SoilbookError
from soilbook.fingerprint import of_package
from soilbook.settings import OWN
from soilbook.store import Store, write


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
    listed = render.in_contents(base)
    if execute:
        asked = {"data": data or "twin", "profile": profile or "quick", "device": device}
        with runner.own_models(None) as mine:
            _execute(base, listed, asked, list(mine), jobs, say, agreed)
    else:
        _take_results(base, listed, data, profile)
    return render.render(base, say)


def _take_results(base: Path, listed: list[str], data: str | None, profile: str | None) -> None:
    for name in listed:
        if page_file(base, name).is_file() and not (data or profile):
            continue
        runs = list(base.glob(f"results/{data or '*'}/{profile or '*'}/{name}/{runner.NOTEBOOK}"))
        if not runs:
            wanted = f"{data or 'any track'}, {profile or 'any profile'}"
            raise DataError(f"{name} has no run ({wanted}); run: soilbook build")
        latest = max(runs, key=lambda notebook: notebook.stat().st_mtime)
        render.place(base, name, latest.parent)


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
    costs = {one: cost(base, one, asked["data"], asked["profile"]) for one in due}
    look = render.FirstLook(base, due, how, say) if due else None
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
        left = in_words(time_left(costs, took, jobs))
        n = len(due) - len(took) - len(problems)
        say(f"{name}: {outcome.seconds:.0f} s" + (f"; {n} to run, {left}" if n and left else ""))
        look.replaced(left)
    if look:
        look.finished()
    if problems:
        mendable = all(isinstance(problem, SoilbookError) for problem in problems.values())
        raise BuildFailed(f"not rendered; failed: {', '.join(problems)}", 2 if mendable else 1)


def cost(base: Path, name: str, data: str, profile: str) -> float | None:
    """Seconds that a chapter's last run of this track and profile took here, if there is one."""
    seconds = recorded(base / "results" / data / profile / name).get("duration_s")
    return None if seconds is None else float(seconds)


def time_left(costs: dict, done: dict[str, float], jobs: int) -> float | None:
    """Seconds until the chapters of ``costs`` that are not ``done`` are finished, ``jobs`` at a
    time; None where nothing was measured on this machine yet.

    ``costs`` are those of ``cost`` by chapter, ``done`` the seconds that finished ones took.
    A chapter of unknown cost is taken to cost what the finished ones did on average, once these
    are a quarter of all: what a chapter costs at one profile says little of another.
    """
    left = [costs[name] for name in costs if name not in done]
    if None in left and len(done) < len(costs) / 4:
        return None
    mean = sum(done.values()) / len(done) if done else 0.0
    return sum(mean if seconds is None else seconds for seconds in left) / max(jobs, 1)


def in_words(seconds: float | None) -> str:
    """``about 3 min left``, empty where it is not known."""
    if seconds is None:
        return ""
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


def _due(base: Path, values: dict, stamps: dict, reads: dict[str, list[str]]) -> list[str]:
    """Chapters that changed or read one that did."""
    changed = set()
    for name in TopologicalSorter(reads).static_order():
        current = _is_current(base, name, values[name], stamps[name])
        if not current or changed & set(reads[name]):
            changed.add(name)
    return [name for name in values if name in changed]


def _show(base: Path, name: str, folder: Path, stamp: str | None) -> None:
    """Make an executed notebook the page, and record what it rests on."""
    record = {"fingerprint": stamp, "notebook": render.digest(folder / runner.NOTEBOOK)}
    record["page"] = hashlib.sha256(render.place(base, name, folder)).hexdigest()
    write(page_file(base, name).with_suffix(".json"), json.dumps(record, indent=1).encode())


def _is_current(base: Path, name: str, values: dict, fingerprint: str) -> bool:
    page = page_file(base, name)
    result = runner.results_folder(name, values, base) / runner.NOTEBOOK
    kept = render.record(page.with_suffix(".json"))
    pairs = ((page, "page"), (result, "notebook"))
    whole = all(file.is_file() and render.digest(file) == kept.get(key) for file, key in pairs)
    return whole and kept.get("fingerprint") == fingerprint


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
    library = of_package()
    measured = products.listing(room.folder(), times=True) if data == "observed" else ""
    reads = chapters.reading(list(values), base)
    whole = {}
    for name in TopologicalSorter(reads).static_order():
        source = render.digest(chapters.find(name, base).file)
        kept = {n: v for n, v in values[name].items() if n != "device"}
        folders = sorted(base.glob(f"book/reference/*/{name}"))
        references = [render.content_fingerprint(folder) for folder in folders]
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
