"""A small book of its own for each test: a root, a contents file, chapters that the test writes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from soilbook.models import NETWORKS
from soilbook.training import own

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PARAMETERS = """data: str = "twin"  # track, e.g. data=observed
profile: str = "quick"  # how much
sites: list[str] = []  # names
depths: list[float] = [0.05, 1.0]  # m
repetitions: int = 1  # trainings
noise: float = 0.5
fast: bool = False
"""


def cell(source: str, tag: str | None = None):
    metadata = {"tags": [tag]} if tag else {}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


class Project:
    """A book in a folder of the test."""

    def __init__(self, root: Path):
        self.root = root

    def add(self, name: str, *sources: str, parameters: str = PARAMETERS, **metadata) -> Path:
        """Write a chapter with a title, a parameters cell and code cells."""
        title = nbformat.v4.new_markdown_cell(f"# About {name}\n\nText.")
        cells = [title, cell(parameters, "parameters"), *map(cell, sources)]
        book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL} | metadata)
        file = self.root / "chapters" / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, file)
        return file

    def contents(self, *names: str) -> None:
        """Write _toc.yml with these chapters."""
        lines = ["format: jb-book", "root: book/intro", "chapters:"]
        lines += [f"  - file: book/executed/{name}" for name in names]
        (self.root / "_toc.yml").write_text("\n".join(lines if names else lines[:2]) + "\n")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    """An empty book, found through SOILBOOK_ROOT, with a store of its own."""
    root = tmp_path / "book"
    (root / "chapters").mkdir(parents=True)
    monkeypatch.setenv("SOILBOOK_ROOT", str(root))
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "cache"))
    for name in ("SOILBOOK_OUT", "SOILBOOK_RUN", "SOILBOOK_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    made = Project(root)
    made.contents()
    return made


@pytest.fixture
def model_file(tmp_path) -> Iterator[Path]:
    """A reader's file with a network ``Mine``, whose name is gone after the test."""
    file = tmp_path / f"of_{tmp_path.name}.py"
    file.write_text("""from torch import nn


class Mine(nn.Module):
    def __init__(self, n_features, n_steps=4):
        super().__init__()
        self.out = nn.Linear(n_features * n_steps, 1)

    def forward(self, x):
        return self.out(x.flatten(1)).squeeze(-1)
""")
    yield file
    sys.modules.pop(file.stem, None)
    NETWORKS.pop("Mine", None)
    own.OWN.pop("Mine", None)
