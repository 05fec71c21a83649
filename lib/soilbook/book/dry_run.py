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
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from soilbook import costs, progress
from soilbook.book import chapters, runner
from soilbook.device import find as find_device
from soilbook.errors import ParameterError, SoilbookError
from soilbook.store import Store

COSTLY = "paper"  # the profile that a CPU is asked about first


def estimate(chapter: chapters.Chapter, values: dict) -> costs.Estimate:
    """What a run with these checked values would train and take on this machine.

    Raises as the chapter does for what a user can mend, and ``runner.ChapterFailed`` for a
    statement that fails otherwise.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        works = pool.submit(works_of, chapter, values, chapters.root()).result()
    return costs.Estimate.of(works, Store())


def prepared(name: str, given: dict, options: dict) -> tuple[chapters.Chapter, dict]:
    """The chapter of that name and its values, checked as ``runner.run`` does."""
    chapter = chapters.find(name)
    where = {name: options[name] for name in ("data", "profile", "device")}
    return chapter, runner.prepare(chapter, given, **where)


def works_of(chapter: chapters.Chapter, values: dict, base: Path) -> list[costs.Work]:
    """Trainings of a run; in this process, whose directory and environment it changes meanwhile."""
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
                if cell["cell_type"] != "code":
                    continue
                if "parameters" in cell["metadata"].get("tags", ()):
                    space.update(values)
                    continue
                for statement in ast.parse("".join(cell["source"])).body:
                    _try(statement, space, chapter.name)
    return list(found.values())


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


def consent(chapter: chapters.Chapter, values: dict) -> None:
    """Say what the profile ``paper`` takes on a CPU, and ask; ParameterError for a no, or where
    nobody can answer."""
    device = values.get("device")
    if values.get("profile") != COSTLY or device is None or find_device(device) != "cpu":
        return
    said = f"{chapter.name} with profile {COSTLY} on a CPU: {estimate(chapter, values).summary()}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ParameterError(f"{said}; to run it all the same: --yes")
    print(said, file=sys.stderr)
    if input("Run it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise ParameterError("not run; see --dry-run, and the profiles smoke, quick and standard")
