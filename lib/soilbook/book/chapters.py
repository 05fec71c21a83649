"""The chapters of the book: notebooks ``chapters/<study>/<section>.ipynb`` under its root."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from soilbook.book.parameters import Parameter, declared
from soilbook.errors import DataError, ParameterError, unknown

OUT = "SOILBOOK_OUT"  # environment: folder into which a chapter's page writes; set by the runner
RUN = "SOILBOOK_RUN"  # environment: set where the executed notebook may become a page of the book


@dataclass(frozen=True)
class Chapter:
    """One notebook; ``name`` is ``<study>/<section>``."""

    name: str
    file: Path

    @cached_property
    def notebook(self) -> dict:
        """The notebook's JSON; DataError if the file holds none."""
        try:
            return json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{self.file}: not a notebook ({error})") from error

    @cached_property
    def title(self) -> str:
        """First heading."""
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "markdown":
                for line in "".join(cell["source"]).splitlines():
                    if line.startswith("# "):
                        return line[2:].strip()
        return self.name

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What the cell tagged ``parameters`` declares, in its order."""
        for cell in self.notebook["cells"]:
            if "parameters" in cell["metadata"].get("tags", ()):
                return declared("".join(cell["source"]), str(self.file))
        return {}

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Beginnings of the names of chapters whose results this one shows, itself left out:
        ``soilbook: {reads: [...]}`` of its metadata."""
        return tuple(self.notebook["metadata"].get("soilbook", {}).get("reads", ()))


def root() -> Path:
    """Folder of the book: SOILBOOK_ROOT, else the nearest above with _toc.yml and chapters/."""
    named = os.environ.get("SOILBOOK_ROOT")
    for folder in [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]:
        if (folder / "_toc.yml").is_file() and (folder / "chapters").is_dir():
            return folder.resolve()
    raise ParameterError(
        f"no book here: {named or Path.cwd()} has no _toc.yml and chapters/; "
        "go to its folder or set SOILBOOK_ROOT"
    )


def all_chapters(base: Path | None = None) -> dict[str, Chapter]:
    """All chapters by name, sorted."""
    folder = (base or root()) / "chapters"
    files = sorted(folder.glob("*/*.ipynb"))
    names = {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}
    return {name: Chapter(name, file) for name, file in names.items()}


def find(name: str, base: Path | None = None) -> Chapter:
    """The chapter of that name or unique beginning of a name; ParameterError lists the others."""
    chapters = all_chapters(base)
    name = name.removeprefix("chapters/").removesuffix(".ipynb")
    if name in chapters:
        return chapters[name]
    matching = [full for full in chapters if full.startswith(name)]
    if len(matching) == 1:
        return chapters[matching[0]]
    if matching:
        raise ParameterError(f"chapter {name!r} may be any of: {', '.join(matching)}")
    raise unknown("chapter", name, chapters)


def reading(names: list[str], base: Path | None = None) -> dict[str, list[str]]:
    """For each of these chapters the others of them that it reads, in the order of ``names``.

    DataError names chapters that read each other in a circle, of which none can be the first.
    """
    known = all_chapters(base)
    reads = {
        name: [one for one in names if one != name and one.startswith(known[name].reads)]
        for name in names
    }
    try:
        TopologicalSorter(reads).prepare()
    except CycleError as error:
        circle = " reads ".join(reversed(error.args[1]))
        raise DataError(f"chapters read each other in a circle: {circle}") from error
    return reads
