"""One chapter with every combination of several parameter values, in one folder.

Each combination, a cell of the sweep, has a folder of its own there, named by its values and laid
out as results are. A cell whose results rest on the present sources, data and parameters is not run
again, so that a sweep goes on where it stopped.
"""

import json
import re
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, as_completed
from itertools import product
from pathlib import Path

from soilbook.book import build, chapters, compare, dry_run, runner
from soilbook.errors import ParameterError, SoilbookError
from soilbook.store import write

RANGE = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*")
RECORD = "cell.json"  # in the folder of a cell: the fingerprint of what its results rest on


def sweep(
    chapter: str,
    axes: dict[str, str],
    out: str | Path | None = None,
    jobs: int | None = None,
    say: Callable[[str], None] = print,
    fixed: dict[str, str] | None = None,
    agreed: bool = False,
    dry: bool = False,
    **options,
) -> int:
    """Run all combinations of ``axes``, which ``values_of`` reads; exit code 0, else 1, or 2 if all
    that failed is input to mend.

    Results lie in ``out``, else in results/sweeps/<chapter> of the book. ``fixed`` parameters and
    ``options`` (data, profile, device) are those of every run. One cell that fails does not keep
    the others. ``dry`` only says what the cells would train; ``agreed`` does not ask about what
    ``dry_run.consent`` asks about. Raises SoilbookError before any work for a value that the
    chapter refuses.
    """
    runner.clear_killed()
    base = chapters.root()
    found = chapters.find(chapter, base)
    folder = Path(out).resolve() if out else base / "results/sweeps" / found.name
    cells = {name: (fixed or {}) | given for name, given in cells_of(axes).items()}
    asked = {name: value for name, value in options.items() if value is not None}
    values = {name: runner.prepare(found, given, **options) for name, given in cells.items()}
    stamps = {
        name: build.fingerprints(base, {found.name: of}, of.get("data", "twin"))[found.name]
        for name, of in values.items()
    }
    due = {
        name: (found.name, cells[name] | asked, folder / name, stamps[name])
        for name in cells
        if not _is_done(found.name, values[name], base, folder / name, stamps[name])
    }
    if dry:
        say("\n".join(dry_run.estimate((found, of) for of in values.values()).lines()))
        return 0
    if not agreed:
        dry_run.consent((found, values[name]) for name in due)
    record = {"chapter": found.name, "cells": cells}
    write(folder / compare.SWEEP, json.dumps(record, indent=1).encode())
    jobs = min(jobs or build.at_once(options.get("device")), max(1, len(due)))
    say(f"{len(cells) - len(due)} of {len(cells)} cells done before, {len(due)} to run")
    failed = {}
    for name, outcome in _run_all(due, jobs):
        if isinstance(outcome, Exception):
            failed[name] = outcome
            say(f"{name}: {outcome}")
        else:
            say(f"{name}: {outcome:.0f} s")
    say(f"{len(cells) - len(failed)} of {len(cells)} cells in {folder}")
    if not failed:
        return 0
    return 2 if all(isinstance(one, SoilbookError) for one in failed.values()) else 1


def cells_of(axes: dict[str, str]) -> dict[str, dict[str, str]]:
    """The parameters of each combination by the name of its folder.

    ParameterError if two have the same name, or an axis has no value.
    """
    lists = {name: values_of(name, text) for name, text in axes.items()}
    cells = {}
    for values in product(*lists.values()):
        given = dict(zip(lists, values, strict=True))
        name = ",".join(f"{axis}={_plain(value)}" for axis, value in given.items()) or "default"
        if name in cells:
            raise ParameterError(f"two cells of the sweep are named {name!r}; leave one value out")
        cells[name] = given
    return cells


def values_of(name: str, text: str) -> list[str]:
    """Values of one parameter: ``0..4`` counts, commas separate, brackets keep a list together."""
    counted = RANGE.fullmatch(text)
    if counted:
        first, last = map(int, counted.groups())
        if last < first:
            raise ParameterError(f"{name}={text}: the range is empty; allowed: {last}..{first}")
        return [str(value) for value in range(first, last + 1)]
    values = [part.strip() for part in re.split(r",(?![^\[]*\])", text)]
    if not all(values):
        raise ParameterError(f"{name}={text}: a value is missing")
    return values


def seeds(text: str | None) -> list[str]:
    """The seeds that a run is asked for: ``0..4`` and ``0,1,2``, in brackets or not."""
    return [] if text is None else values_of("seed", text.strip().strip("[]"))


def _plain(value: str) -> str:
    """A value as part of a folder's name."""
    return re.sub(r"[^\w.+-]+", "_", value.strip("[]").replace(",", "+").replace(" ", ""))


def _is_done(chapter: str, values: dict, base: Path, cell: Path, stamp: str) -> bool:
    results = runner.results_folder(chapter, values, base, cell)
    try:
        kept = json.loads((cell / RECORD).read_text())
    except (OSError, ValueError):
        return False
    return kept == {"fingerprint": stamp} and (results / compare.STAMP).is_file()


def _run_all(due: dict[str, tuple], jobs: int):
    """Yield (name, seconds or Exception) as cells finish."""
    if jobs <= 1:
        for name, call in due.items():
            yield name, _run_one(*call)
        return
    with build.pool(jobs) as submit:
        running = {submit(_run_one, *call): name for name, call in due.items()}
        for one in as_completed(running):
            try:
                yield running[one], one.result()
            except BrokenExecutor:
                yield running[one], runner.ChapterFailed("its process was killed (out of memory?)")


def _run_one(chapter: str, parameters: dict, cell: Path, stamp: str) -> float | Exception:
    try:
        run = runner.run(chapter, parameters, out=cell)
        write(cell / RECORD, json.dumps({"fingerprint": stamp}).encode())
    except (SoilbookError, runner.ChapterFailed) as problem:
        return problem
    return run.seconds
