"""What a run of a chapter would train, and what that takes, without training.

The statements of the chapter are executed as in a run, in a process of their own. One that would
train is counted and left, one that rests on it is passed over, and so are those that only show
something. Data that the chapter reads are prepared and kept in the store, where the run finds them.
"""

import ast
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from soilbook import costs, progress
from soilbook.book import chapters, runner
from soilbook.device import find as find_device
from soilbook.errors import ParameterError, SoilbookError
from soilbook.store import Store

COSTLY = "paper"  # the profile that a CPU is asked about first


Run = tuple[chapters.Chapter, dict]  # and its checked values


def estimate(runs: Iterable[Run]) -> costs.Estimate:
    """What runs would train and take on this machine; what several of them need counts once.

    Raises as a chapter does for what a user can mend, and ``runner.ChapterFailed`` for a statement
    that fails otherwise.
    """
    works = {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for chapter, values in runs:
            works |= pool.submit(works_of, chapter, values, chapters.root()).result()
    return costs.Estimate.of(works.values(), Store())


def works_of(chapter: chapters.Chapter, values: dict, base: Path) -> dict[str, costs.Work]:
    """Trainings of a run by their keys; in this process, whose directory and environment it changes
    meanwhile."""
    space = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory(prefix=f"soilbook-{os.getpid()}-") as out:
        variables = {
            **runner.variables(base),
            chapters.OUT: out,
            progress.VARIABLE: progress.terminal_of_this_process(),
        }
        with (
            runner.environment(variables),
            contextlib.chdir(chapter.file.parent),
            contextlib.redirect_stdout(io.StringIO()),
            costs.dry_run() as found,
        ):
            for cell in chapter.notebook["cells"]:
                if "parameters" in cell["metadata"].get("tags", ()):
                    space.update(values)
                elif cell["cell_type"] == "code":
                    for statement in ast.parse("".join(cell["source"])).body:
                        _try(statement, space, chapter.name)
    return found


def _try(statement: ast.stmt, space: dict, name: str) -> None:
    if _shows(statement):
        return
    code = compile(ast.Module([statement], []), f"<{name}>", "exec")
    try:
        exec(code, space)
    except (costs.NotMade, NameError, SoilbookError) as error:
        # What is not made has no name later on; the run itself finds a name that is wrong.
        if isinstance(error, SoilbookError):
            raise
    except Exception as error:
        line = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise runner.ChapterFailed(f"{name} failed in its dry run: {line}") from error


def _shows(statement: ast.stmt) -> bool:
    """Whether a statement is a call of the page, such as ``page.figure(...)``."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    owner = function.value if isinstance(function, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id == "page"


def consent(runs: Iterable[Run]) -> None:
    """Say what those runs of a chapter take that have the profile ``paper`` and would train on a
    CPU, and ask, as for several chapters; ParameterError for a no, or where nobody can answer."""
    costly = [(chapter, values) for chapter, values in runs if _is_costly(values)]
    if not costly:
        return
    names = {chapter.name for chapter, _ in costly}
    if len(names) == 1:
        what = f"{costly[0][0].name}{f', {len(costly)} runs' if len(costly) > 1 else ''}"
        said = f"{what} with profile {COSTLY} on a CPU: {estimate(costly).summary()}"
    else:  # a dry run of the whole book takes minutes
        how = f"soilbook run CHAPTER --profile {COSTLY} --dry-run"
        said = f"{len(names)} chapters with profile {COSTLY} on a CPU; what each takes: {how}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ParameterError(f"{said}; to run it all the same: --yes")
    print(said, file=sys.stderr)
    if input("Run it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise ParameterError("not run; see --dry-run, and the profiles smoke, quick and standard")


def _is_costly(values: dict) -> bool:
    device = values.get("device")
    return values.get("profile") == COSTLY and device is not None and find_device(device) == "cpu"
