"""The list of figures and tables, made from the pages of the book themselves."""

import json
import re
from html import escape
from pathlib import Path

from soilbook.book import myst
from soilbook.book.chapters import Chapter
from soilbook.book.front import FOLDER
from soilbook.store import write

HEADING = re.compile(r"^\*\*(Figure|Table) (.+?)\.\*\* (.*)$", re.MULTILINE)
ANCHOR = re.compile(r'<span id="([a-z0-9-]+)" class="soilbook-anchor">')
LONGEST = 110  # characters of a caption in a list


def products(notebook: dict) -> list[tuple[str, str, str, str]]:
    """Kind, number, caption and anchor of what a page shows, each once."""
    found = []
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/markdown", "")
            text = text if isinstance(text, str) else "".join(text)
            heading, anchor = HEADING.search(text), ANCHOR.search(text)
            if heading and anchor:
                plain = (re.sub(r"\\(.)", r"\1", part) for part in heading.groups())
                found.append((*plain, anchor[1]))
    return found


def write_lists(base: Path, pages: Path, names: list[str]) -> None:
    """Leave the list for ``book/lists.md`` to include; ``pages`` holds ``<study>/<section>``."""
    rows = {"Figure": [], "Table": []}
    for name in names:
        file = base / pages / f"{name}.ipynb"
        if not file.is_file():
            continue
        title = Chapter(name, file).title
        for kind, number, caption, anchor in products(json.loads(file.read_text())):
            link = f'<a href="executed/{name}.html#{anchor}">{kind} {escape(number)}</a>'
            rows[kind].append((link, escape(_short(caption)), escape(title)))
    parts = []
    for kind, found in rows.items():
        body = "".join(f"<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>" for a, b, c in found)
        head = "<thead><tr><th>number</th><th>what</th><th>chapter</th></tr></thead>"
        table = f'<table class="dataframe">{head}<tbody>{body}</tbody></table>'
        shown = myst.raw(f'<div class="soilbook-wide" tabindex="0">{table}</div>')
        parts += [f"## {kind}s", shown if found else "None yet: the chapters have not been run."]
    write(base / FOLDER / "lists.md", "\n\n".join(parts).encode())


def _short(caption: str) -> str:
    first = re.split(r"(?<=[a-z0-9)])[.:;] ", caption)[0].rstrip(".")
    return first if len(first) <= LONGEST else first[: first[:LONGEST].rindex(" ")] + " …"
