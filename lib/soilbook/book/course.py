"""The course: exercises of the chapters with their solutions, and labs that grade themselves.

An exercise stands in its chapter, under ``## Exercises``, as ``**Exercise 4.2-1** (10 min; what is
learnt). Text``. Its solution stands in ``course/solutions/<study>/<section>.ipynb``: words under
the same label and code that goes on from the executed chapter, with its names. A lab is one
notebook, ``course/labs/<lab>.ipynb``, with the markers of nbgrader: ``### BEGIN SOLUTION`` in what
students write, ``### BEGIN HIDDEN TESTS`` in what grades it. All that is handed out is made of
these; nothing is written twice.
"""

import os
import re
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten

import nbformat
from nbformat import NotebookNode, v4

from soilbook.book import chapters
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.store import write

VARIABLE = "SOILBOOK_SOLUTIONS"  # environment: "none" leaves them out of the book's pages
FORMS = ("student", "instructor", "nbgrader")
HEADING = "## Exercises"
EXERCISE = re.compile(r"^\*\*Exercise (\S+)\*\* \((\d+) min; ([^)]+)\)\. ", re.MULTILINE)
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n(.*?)### END SOLUTION\n?", re.M | re.S)
HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS\n?", re.M | re.S)
POINTS = re.compile(r"^# (\S+): (\d+) points?$", re.MULTILINE)
PAGE = re.compile(r"Page\(\"([\w/]+)\", (.+)\)$", re.MULTILINE)
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
WORDS = "*Your answer here.*"
CELL_SECONDS = 900  # the longest that a cell of a submission may take


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter; ``learnt`` says in a few words what for."""

    label: str
    minutes: int
    learnt: str
    text: str


def exercises(notebook: dict) -> dict[str, Exercise]:
    """The exercises of a chapter by label; DataError for a text under the heading without one."""
    text = _part(notebook)[1]
    if not text:
        return {}
    found = list(EXERCISE.finditer(text))
    if not found or text[: found[0].start()].strip():
        raise DataError(f"exercises: {text.strip().splitlines()[0]!r} has no label")
    ends = [*(one.start() for one in found[1:]), len(text)]
    return {
        one[1]: Exercise(one[1], int(one[2]), one[3], text[one.end() : end].strip())
        for one, end in zip(found, ends, strict=True)
    }


def _part(notebook: dict) -> tuple[int, str]:
    """Number of the cell with the exercises, and their text; (-1, "") if there are none."""
    for number, cell in enumerate(notebook["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and f"{HEADING}\n" in text:
            return number, re.split(r"^## ", text.partition(f"{HEADING}\n")[2], flags=re.M)[0]
    return -1, ""


def solutions(name: str, base: Path | None = None) -> dict[str, list[NotebookNode]]:
    """Cells of the solution of each exercise of a chapter, by label; words come first."""
    file = (base or chapters.root()) / "course/solutions" / f"{name}.ipynb"
    found: dict[str, list[NotebookNode]] = {}
    if not file.is_file():
        return found
    for cell in nbformat.read(file, 4).cells:
        label = re.match(r"\*\*(\S+)\*\*", cell.source) if cell.cell_type == "markdown" else None
        if label:
            found[label[1]] = []
        if not found:
            raise DataError(f"{file}: the first cell is not the label of a solution")
        next(reversed(found.values())).append(cell)
    return found


def code(cells: list[NotebookNode]) -> str:
    """The program of a solution."""
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def folded(notebook: NotebookNode, name: str, base: Path) -> NotebookNode:
    """A chapter whose exercises can be linked to, ``#exercise-4.2-1``, each with its solution
    folded in below it, unless the environment says to leave solutions out."""
    number, text = _part(notebook)
    if not text:
        return notebook
    there = shown(name, base)
    parts = []
    for one in exercises(notebook).values():
        parts.append(f'<span id="exercise-{one.label}"></span>\n\n{_worded(one)}')
        if one.label in there:
            parts.append(_details(there[one.label]))
    cell = notebook.cells[number]
    cell.source = cell.source.replace(text, "\n" + "\n\n".join(parts) + "\n\n")
    return notebook


def shown(name: str, base: Path) -> dict[str, list[NotebookNode]]:
    """The solutions that the book's page of a chapter shows."""
    return {} if os.environ.get(VARIABLE) == "none" else solutions(name, base)


def _worded(one: Exercise) -> str:
    return f"**Exercise {one.label}** ({one.minutes} min; {one.learnt}). {one.text}"


def _details(cells: list[NotebookNode]) -> str:
    words = re.sub(r"^\*\*\S+\*\*\s*", "", cells[0].source)
    program = f"```python\n{code(cells)}\n```"
    return f"<details>\n<summary>Solution</summary>\n\n{words}\n\n{program}\n\n</details>"


def labs(base: Path | None = None) -> dict[str, Path]:
    """The labs by name, in their order."""
    folder = (base or chapters.root()) / "course/labs"
    return {file.stem: file for file in sorted(folder.glob("*.ipynb"))}


def answers(base: Path) -> str:
    """The lecturer's answers to each lab, folded, for the guide to include: those of
    ``course/answers.md`` and the model answers in the words of the lab itself; one sentence where
    solutions are left out."""
    file = base / "course/answers.md"
    if os.environ.get(VARIABLE) == "none" or not file.is_file():
        return "The answers are not part of this edition."
    texts = re.split(r"^# Lab \d+\n", file.read_text(), flags=re.M)[1:]
    parts = []
    for text, lab_file in zip(texts, labs(base).values(), strict=True):
        cells = nbformat.read(lab_file, 4).cells
        title = cells[0].source.splitlines()[0].removeprefix("# ")
        words = [SOLUTION.search(one.source) for one in cells if one.cell_type == "markdown"]
        given = "\n\n".join(f"**Model answer.** {one[2].strip()}" for one in words if one)
        whole = f"{text.strip()}\n\n{given}".strip()
        parts.append(f"<details>\n<summary>{title}</summary>\n\n{whole}\n\n</details>")
    return "\n\n".join(parts)


def build(out: Path, form: str = "student", base: Path | None = None) -> list[Path]:
    """Write what is handed out in one of FORMS below ``out``, which must be empty or absent.

    ``student``: labs and chapters without solutions, with cells to write in; ``instructor``: with
    solutions and tests; ``nbgrader``: the labs as its source folder has them, from which it makes
    and grades assignments. Returns the files written.
    """
    if form not in FORMS:
        raise unknown("form", form, FORMS)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ParameterError(f"{out} is not empty; allowed: a new folder")
    base = base or chapters.root()
    made = {}
    for name, file in labs(base).items():
        place = f"source/{name}/{name}.ipynb" if form == "nbgrader" else f"labs/{name}.ipynb"
        made[place] = lab(nbformat.read(file, 4), form)
    for name, chapter in chapters.all_chapters(base).items() if form != "nbgrader" else ():
        if exercises(chapter.notebook):
            made[f"chapters/{name}.ipynb"] = handout(chapter, form, base)
    for place, notebook in made.items():
        nbformat.validate(notebook)
        write(out / place, nbformat.writes(notebook).encode())
    return [out / place for place in made]


def lab(source: NotebookNode, form: str) -> NotebookNode:
    """A lab in one of FORMS, without outputs."""
    cells = [_cell(cell, form) for cell in source.cells]
    metadata = {"kernelspec": deepcopy(source.metadata["kernelspec"])}
    return v4.new_notebook(cells=cells, metadata=metadata)


def _cell(cell: NotebookNode, form: str) -> NotebookNode:
    text = cell.source
    if form == "student":
        text = HIDDEN.sub("", SOLUTION.sub(_stub(cell.cell_type), text))
    make = v4.new_code_cell if cell.cell_type == "code" else v4.new_markdown_cell
    metadata = {"nbgrader": _nbgrader(cell)} if form == "nbgrader" else {}
    return make(text.rstrip(), id=cell.id, metadata=metadata)


def _stub(kind: str):
    def stub(match: re.Match) -> str:
        lines = STUB.splitlines() if kind == "code" else [WORDS]
        return "".join(f"{match[1]}{line}\n" for line in lines)

    return stub


def _nbgrader(cell: NotebookNode) -> dict:
    """Metadata of schema 3, nbgrader's own since version 0.6."""
    kind, points = question(cell)
    written_answer = kind == "answer" and cell.cell_type == "markdown"
    made = {
        "grade": kind == "test" or written_answer,
        "grade_id": cell.id,
        "locked": kind != "answer",
        "schema_version": 3,
        "solution": kind == "answer",
        "task": False,
    }
    return made | ({"points": points} if made["grade"] else {})


def question(cell: NotebookNode) -> tuple[str, int]:
    """What a cell of a lab is, ``answer``, ``test`` or ``given``, and its points."""
    points = POINTS.search(cell.source)
    if HIDDEN.search(cell.source):
        return "test", int(points[2]) if points else 1
    return ("answer", 0) if SOLUTION.search(cell.source) else ("given", 0)


def handout(chapter: chapters.Chapter, form: str, base: Path) -> NotebookNode:
    """A chapter's notebook with a cell below each exercise: to write in, or with the solution.

    Results go to a folder beside the handout.
    """
    source = nbformat.read(chapter.file, 4)
    number, text = _part(source)
    there = solutions(chapter.name, base)
    for cell in source.cells:
        cell.metadata = {key: cell.metadata[key] for key in ("tags",) if key in cell.metadata}
        if cell.cell_type == "code":
            cell.source = PAGE.sub(r'Page("\1", \2, "results/\1")', cell.source)
    cell = source.cells[number]
    before, _, after = cell.source.partition(text)
    made = [v4.new_markdown_cell(before.strip(), id=cell.id)]
    for count, one in enumerate(exercises(chapter.notebook).values(), 1):
        made.append(v4.new_markdown_cell(_worded(one), id=f"exercise-{count}"))
        if form == "student":
            made.append(v4.new_code_cell(f"# your answer to {one.label}", id=f"answer-{count}"))
        for part, solved in enumerate(there.get(one.label, ()) if form == "instructor" else ()):
            made.append(NotebookNode({**deepcopy(solved), "id": f"solution-{count}-{part}"}))
    made.append(v4.new_markdown_cell(after.strip(), id="after-exercises"))
    source.cells[number : number + 1] = made
    source.metadata = {"kernelspec": source.metadata["kernelspec"]}
    return source


@dataclass(frozen=True)
class Grade:
    """A graded question of a submission; ``error`` is empty where all tests passed."""

    question: str
    points: int
    of: int
    error: str


def grade(submission: Path, base: Path | None = None) -> list[Grade]:
    """Execute a student's lab with the tests put back, and count.

    The file is named as the lab is, or begins with its name. Cells of the lab that are not to be
    written in are taken from the source, so that what was changed there does not count. DataError
    for a file that is no notebook of a lab.
    """
    there = labs(base)
    names = [name for name in there if submission.stem.startswith(name)]
    if not names:
        raise unknown("lab", submission.stem, there)
    try:
        handed_in = nbformat.read(submission, 4)
    except Exception as error:  # nbformat raises what the JSON library and its schema raise
        raise DataError(f"{submission}: not a notebook ({type(error).__name__})") from error
    notebook = with_tests(handed_in, nbformat.read(there[names[0]], 4))
    executed = run(notebook)
    return [_graded(cell) for cell in executed.cells if question(cell)[0] == "test"]


def with_tests(handed_in: NotebookNode, source: NotebookNode) -> NotebookNode:
    """A submission in which every cell of the lab but the answers is that of the source.

    Cells are known by their id. Where a program dropped all ids, as Colab does, their order counts;
    DataError if their number differs then.
    """
    own = {cell.id: cell for cell in source.cells}
    if not any(cell.get("id") in own for cell in handed_in.cells):
        if len(handed_in.cells) != len(own):
            raise DataError("the cells have lost their ids and are not as many as in the lab")
        for cell, key in zip(handed_in.cells, own, strict=True):
            cell["id"] = key
    answers = {key for key, cell in own.items() if question(cell)[0] == "answer"}
    kept = {cell.get("id") for cell in handed_in.cells}
    cells = [
        deepcopy(own[cell.id]) if cell.get("id") in own.keys() - answers else cell
        for cell in handed_in.cells
    ]
    # What was deleted comes last: a test then finds no answer, and fails.
    cells += [deepcopy(own[key]) for key in own if key not in kept and key not in answers]
    return v4.new_notebook(cells=cells, metadata=deepcopy(source.metadata))


def run(notebook: NotebookNode) -> NotebookNode:
    """Execute all cells, those after a failing one too, with this interpreter.

    A cell that takes longer than CELL_SECONDS is interrupted. Where the kernel dies, the cells
    after it have no ``execution_count``.
    """
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    class ThisInterpreter(AsyncKernelManager):
        kernel_spec = KernelSpec(**get_kernel_dict())
        transport_encryption = "auto"

    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None  # those of the student's own run
    with TemporaryDirectory(prefix="soilbook-lab-") as folder, suppress(DeadKernelError):
        NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            interrupt_on_timeout=True,
            allow_errors=True,
            kernel_manager_class=ThisInterpreter,
            resources={"metadata": {"path": folder}},
        ).execute()
    return notebook


def _graded(cell: NotebookNode) -> Grade:
    name, (_, points) = POINTS.search(cell.source)[1], question(cell)
    failed = [one for one in cell.outputs if one.output_type == "error"]
    error = _said(failed[0]) if failed else ""
    if cell.execution_count is None:
        error = "not executed: a cell before it ended the kernel"
    return Grade(name, 0 if error else points, points, error)


def _said(output: NotebookNode) -> str:
    """The message of a test in the words of the lab; other errors with their kind."""
    words = " ".join(output.evalue.split())
    if output.ename == "AssertionError" and words:
        return words
    return shorten(f"{output.ename}: {words}".rstrip(": "), 150)
