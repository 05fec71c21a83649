"""The book's own pages, built once with stand-ins for the executed chapters."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHAPTER_TEXT = "# Stand-in\n\nSee {cite}`wang2024`.\n\n$$f_t = \\sigma(W x_t + b)$$"


@dataclass(frozen=True)
class Book:
    """A build: exit status, what it printed, its pages, and the names of its chapters."""

    status: int
    log: str
    html: Path
    chapters: list[str]


def output(kind: str, text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={kind: text, "text/plain": "plain"})


def executed_chapter() -> nbformat.NotebookNode:
    """A notebook as papermill leaves it: streams, a widget, HTML and Markdown with math."""
    code = nbformat.v4.new_code_cell("print('hello')", execution_count=1)
    widget = {"model_id": "x", "version_major": 2, "version_minor": 0}
    bar = nbformat.v4.new_output("stream", name="stderr", text="PROGRESS 3/3")
    code.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="hello"),
        bar,
        nbformat.v4.new_output(
            "display_data", data={"application/vnd.jupyter.widget-view+json": widget}
        ),
        output("text/html", '<div class="soilbook-banner">Synthetic</div>'),
        output("text/markdown", "A line with $R^2$."),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(CHAPTER_TEXT), code],
        metadata={"kernelspec": kernel, "language_info": {"name": "python"}},
    )


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Book:
    """The project's configuration, contents and prose under ``-W -n --keep-going``."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    unwanted = shutil.ignore_patterns("executed", "reference")
    shutil.copytree(ROOT / "book", folder / "book", ignore=unwanted)
    # What a checkout also holds and the book must not pick up.
    for stray in (".venv/lib/readme.md", "chapters/source.md", "README.md", "results/note.md"):
        (folder / stray).parent.mkdir(parents=True, exist_ok=True)
        (folder / stray).write_text("# Stray\n\n{unknown-role}`x`\n")
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [
        entry["file"]
        for part in toc["parts"]
        for entry in part["chapters"]
        if entry["file"].startswith("book/executed/")
    ]
    for name in chapters:
        file = folder / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(executed_chapter(), file)
    program = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", program, "build", str(folder)]
    done = subprocess.run(
        [*command, "-W", "-n", "--keep-going"], capture_output=True, text=True, timeout=300
    )
    html = folder / "_build" / "html"
    return Book(done.returncode, done.stdout + done.stderr, html, chapters)
