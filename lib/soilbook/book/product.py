"""A numbered table, figure or list of claims, as a tab of the book shows it, of either run."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from soilbook.book import myst

REFERENCE = Path("book/reference/observed")  # committed results of the observed track
TITLE = "Observed reference"
# From a page, which is book/executed/<study>/<section>.
UP = "../../reference/observed"


@dataclass(frozen=True)
class Product:
    """What a chapter shows under one number: ``kind`` is Table, Figure or Claims; ``files`` are
    names in the folder of results, a figure's picture last; ``alt`` says what is to be seen.
    """

    chapter: str
    kind: str
    number: str
    caption: str
    files: tuple[str, ...]
    alt: str = ""

    @property
    def name(self) -> str:
        """Anchor on the page, as ``fig-9``."""
        return myst.name_of({"Figure": "fig"}.get(self.kind, self.kind), self.number)

    def panel(
        self, title: str, track: str, markup: str | None, line: str = "", folder: str | None = None
    ) -> myst.Panel:
        """The tab of one run: its table as HTML or its picture, with what it can be saved as."""
        folder = folder or self.chapter.split("/")[-1]
        heading = myst.titled(self.kind, self.number, self.caption) if self.number else ""
        words = {".csv": "data (CSV)", ".svg": "picture (SVG)", ".png": "picture (PNG)"}
        saved = [myst.download(words[Path(one).suffix], f"{folder}/{one}") for one in self.files]
        line = " · ".join(filter(None, [*saved, line]))
        if markup is not None:
            return myst.Panel(title, track, myst.table(heading, markup, line))
        pictures = [f"{folder}/{one}" for one in self.files if not one.endswith(".csv")]
        label = myst.label_of(self.chapter, self.name)
        if "/" in folder:
            label += "-observed"
        picture = pictures[0] if pictures else None
        return myst.Panel(title, track, myst.figure(heading, picture, self.alt, label, line))

    def known(self, base: Path, markup: str) -> myst.Panel | None:
        """The tab of the committed reference run, if that left this product; ``markup`` is its
        table, empty for a picture. A ``note`` in its provenance is told."""
        folder = base / REFERENCE / self.chapter
        stem = Path(self.files[0]).stem
        there = [end for end in (".csv", ".png", ".svg") if (folder / f"{stem}{end}").is_file()]
        files = tuple(f"{stem}{end}" for end in there[:2])  # a PNG is kept where the SVG is large
        if not files or (self.kind == "Figure" and there == [".csv"]):
            return None
        kept = recorded(folder)
        told = kept.get("products", {}).get(self.name, {})
        own = replace(
            self, files=files, caption=told.get("caption", self.caption),
            alt=told.get("alt", self.alt),
        )  # fmt: skip
        where = f"{UP}/{self.chapter}"
        return own.panel(TITLE, "observed", markup or None, kept.get("note", ""), folder=where)


def recorded(folder: Path) -> dict:
    """The provenance of a run, empty if it left none."""
    file = folder / "provenance.json"
    return json.loads(file.read_text()) if file.is_file() else {}
