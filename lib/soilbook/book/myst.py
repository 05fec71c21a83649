"""What a page of the book shows, in MyST: numbered products in tabs, a tab a run; boxes and notes.

A chapter's own outputs are plain (PNG, HTML), so that its notebook reads well in JupyterLab. Beside
each stands what the book shows instead: both runs in tabs, pictures and data as files near the
page, captions that can be linked and listed.
"""

import copy
import html
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

REFERENCE = Path("book/reference/observed")  # committed results of the observed track
UP = "../../reference/observed"  # the same from a page, which is book/executed/<study>/<section>
TITLE = "Observed reference"
KEY = "soilbook"  # in an output's metadata: {"myst": text, "files": names in the folder of results}
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#$|~&^@])")
RAW = "`````"
WORDS = {".csv": "data (CSV)", ".svg": "picture (SVG)", ".png": "picture (PNG)"}
COLOURS = {"observed": "#0072B2", "archive": "#0072B2", "twin": "#D55E00"}  # of the tracks


@dataclass(frozen=True)
class Panel:
    """A product of one run: heading and colour of its tab (``observed`` or ``twin``), its text."""

    title: str
    track: str
    body: str


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
        """Anchor on the page: ``fig-9``, ``table-a1``."""
        return _slug({"Figure": "fig"}.get(self.kind, self.kind), self.number)

    def panel(
        self, title: str, track: str, markup: str | None, line: str = "", folder: str | None = None
    ) -> Panel:
        """The tab of one run: its table as HTML or its picture, with what it can be saved as."""
        folder = folder or self.chapter.split("/")[-1]
        heading = f"**{self.kind} {escape(self.number)}.** {escape(self.caption)}"
        saved = [download(WORDS[Path(one).suffix], f"{folder}/{one}") for one in self.files]
        line = " · ".join(filter(None, [*saved, line]))
        line = f":::{{div}} soilbook-line\n{line}\n:::"
        if markup is not None:
            parts = (heading if self.number else "", raw(markup), line)
            return Panel(title, track, "\n\n".join(parts))
        pictures = [f"{folder}/{one}" for one in self.files if not one.endswith(".csv")]
        if not pictures:
            return Panel(title, track, f"{heading}\n\n{line}")
        label = _slug(self.chapter, self.name) + ("-observed" if "/" in folder else "")
        alt = json.dumps(" ".join(self.alt.split()), ensure_ascii=False)
        body = f":name: {label}\n:alt: {alt}\n\n{heading}\n\n{line}"
        return Panel(title, track, f"::::{{figure}} {pictures[0]}\n{body}\n::::")

    def known(self, base: Path, markup: str) -> Panel | None:
        """The tab of the committed reference run, if that left this product; ``markup`` is its
        table, empty for a picture. A ``note`` in its provenance is told."""
        folder = base / REFERENCE / self.chapter
        stem = Path(self.files[0]).stem
        there = [end for end in (".csv", ".png", ".svg") if (folder / f"{stem}{end}").is_file()]
        files = tuple(f"{stem}{end}" for end in there[:2])  # a PNG is kept where the SVG is large
        if not files or (self.kind == "Figure" and there == [".csv"]):
            return None
        kept = recorded(folder)
        own = replace(self, files=files, **kept.get("products", {}).get(self.name, {}))
        where = f"{UP}/{self.chapter}"
        return own.panel(TITLE, "observed", markup or None, kept.get("note", ""), folder=where)


def recorded(folder: Path) -> dict:
    """The provenance of a run, empty if it left none."""
    file = folder / "provenance.json"
    return json.loads(file.read_text()) if file.is_file() else {}


def page_of(notebook: dict) -> tuple[dict, list[str]]:
    """The notebook as the book shows it, and the files that have to lie beside it.

    Outputs that carry MyST show that; all others stay.
    """
    page, files = copy.deepcopy(notebook), []
    for cell in page.get("cells", []):
        for output in cell.get("outputs", []):
            shown = output.get("metadata", {}).get(KEY)
            if shown:
                files += shown.get("files", [])
                output["data"] = {"text/markdown": shown["myst"]}
                output["metadata"] = {}
    return page, list(dict.fromkeys(files))


def tabs(anchor: str, panels: list[Panel]) -> str:
    """The panels as tabs that all turn together; a single one by itself, with its label."""
    start = raw(f'<span id="{anchor}" class="soilbook-anchor"></span>')
    if len(panels) == 1:
        (only,) = panels
        return f"{start}\n\n::::::{{div}} soilbook-only soilbook-{only.track}\n{only.body}\n::::::"
    items = [
        f"::::::{{tab-item}} {one.title}\n:sync: {'reference' if i == 0 else 'other'}\n"
        f":class-label: soilbook-{one.track}\n\n{one.body}\n::::::"
        for i, one in enumerate(panels)
    ]
    body = "\n".join(items)
    return f"{start}\n\n:::::::{{tab-set}}\n:sync-group: run\n\n{body}\n:::::::"


def escape(text: str) -> str:
    """Plain text that MyST shows as it is."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def raw(markup: str) -> str:
    """HTML as it is."""
    return f"{RAW}{{raw}} html\n{markup}\n{RAW}"


def download(words: str, path: str) -> str:
    """A link that saves a file of the book, named by its path from the page."""
    return f"{{download}}`{words} <{path}>`"


def _slug(*words: str) -> str:
    """Words as a name to refer to."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")


def banner(title: str, text: str, track: str, link: tuple[str, str] | None = None) -> str:
    """A box in HTML that says what kind of data the page shows; ``link`` is (address, words)."""
    more = f' <a href="{html.escape(link[0])}">{html.escape(link[1])}</a>.' if link else ""
    return (
        f'<div class="soilbook-banner soilbook-{track}" role="note" '
        f'style="border-left:0.4em solid {COLOURS[track]};'
        f'padding:0.6em 1em;margin:0.5em 0;background:rgba(128,128,128,0.05)">'
        f"<strong>{html.escape(title)}</strong> {html.escape(text)}{more}</div>"
    )


def note(text: str, lead: str = "") -> str:
    """A paragraph in HTML after a word in bold; blank lines part paragraphs."""
    first = f"<strong>{html.escape(lead)}</strong>" if lead else ""
    parts = html.escape(text).replace("\n\n", "</p><p>")
    return f"<p>{first}{parts}</p>"


def fold(what: str, body: str) -> str:
    """HTML of something long that opens at a click."""
    what = html.escape(what)
    return f'<details class="soilbook-fold"><summary>Show {what}</summary>{body}</details>'
