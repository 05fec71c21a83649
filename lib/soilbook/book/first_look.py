"""The book before anything is computed: chapters with the products of the observed reference run.

A page is the chapter's own notebook; below each cell that shows products stand those that the
reference run left. It is replaced by the page of this run as soon as that is there.
"""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from soilbook.book import html, myst, tables
from soilbook.book.product import REFERENCE, Product, recorded

CALL = re.compile(r"\bpage\.(table|figure|comparison|claims)\(")
KINDS = {"table": "Table", "fig": "Figure", "claims": "Claims"}


def page_of(base: Path, name: str, notice: str) -> dict:
    """The chapter as a page that has the reference run's products and a ``notice`` on top."""
    notebook = json.loads((base / "chapters" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = notebook["cells"]
    top = next((i for i, cell in enumerate(cells) if cell["cell_type"] == "code"), len(cells))
    for i, products in _by_cell(cells, left_by(base, name)).items():
        outputs = [_output(base, one, cells[i]) for one in products]
        cells[i]["outputs"] = [one for one in outputs if one]
    box = myst.raw(html.banner("Observed reference.", notice, "observed"))
    note = {"cell_type": "markdown", "id": "first-look", "metadata": {}, "source": box}
    cells.insert(top, note)
    return notebook


def left_by(base: Path, name: str) -> list[Product]:
    """Products of the committed reference run of a chapter, in the order in which it made them."""
    folder = base / REFERENCE / name
    made = recorded(folder)
    told = made.get("products", {})
    found: dict[str, Product] = {}
    for file in made.get("files", {}):
        stem = Path(file).stem
        kind, _, number = stem.partition("_")
        if kind not in KINDS or "/" in file:
            continue
        one = Product(name, KINDS[kind], number, "", (f"{stem}.csv",))
        known = told.get(one.name, {})
        found[stem] = Product(
            name, KINDS[kind], number, known.get("caption", ""), (f"{stem}.csv",),
            known.get("alt") or f"Figure {number} of the observed reference run",
        )  # fmt: skip
    return list(found.values())


def _by_cell(cells: list[dict], products: Iterable[Product]) -> dict[int, list[Product]]:
    """Which cell shows which product: the one that names it, else the next that shows any."""
    sources = {
        i: "".join(cell["source"]) for i, cell in enumerate(cells) if cell["cell_type"] == "code"
    }
    sources = {i: source for i, source in sources.items() if CALL.search(source)}
    found: dict[int, list[Product]] = {}
    for one in products:
        naming = [i for i, source in sources.items() if _names(source, one)]
        free = [i for i in sources if i not in found]
        for i in (naming or free)[:1]:
            found.setdefault(i, []).append(one)
    return found


def _names(source: str, one: Product) -> bool:
    if one.kind == "Claims":
        return "page.claims(" in source
    kind = "fig" if one.kind == "Figure" else "table"
    call = re.search(rf"\b{kind}_{re.escape(one.number.lower())}\(", source)
    return bool(call) or (f'"{one.number}"' in source and (kind == "fig") == ("figure(" in source))


def _output(base: Path, one: Product, cell: dict) -> dict | None:
    file = base / REFERENCE / one.chapter / one.files[0]
    markup = ""
    if one.kind != "Figure" and file.is_file():
        frame = pd.read_csv(file)
        if one.kind == "Claims":
            markup = html.verdicts(frame)
        else:
            short = "page.comparison(" in "".join(cell["source"])
            markup = tables.laid_out(frame, html.for_reading if short else None)
    panel = one.known(base, markup)
    if panel is None:
        return None
    if not one.caption:
        one = replace(one, caption=_written(cell, one.number))
        panel = one.known(base, markup)
    text = myst.tabs(one.name, [panel])
    return {"output_type": "display_data", "data": {"text/markdown": text}, "metadata": {}}


def _written(cell: dict, number: str) -> str:
    """The caption as the cell has it, for reference runs that did not keep theirs; empty where the
    cell takes it from elsewhere."""
    for node in ast.walk(ast.parse("".join(cell["source"]))):
        if not isinstance(node, ast.Call) or len(node.args) < 3:
            continue
        first, texts = node.args[0], [one for one in node.args[2:] if isinstance(one, ast.Constant)]
        if isinstance(first, ast.Constant) and first.value == number and texts:
            return str(texts[-1].value)
    return ""


def cost(base: Path, name: str, data: str, profile: str) -> float | None:
    """Seconds that a chapter's last run of this track and profile took here, if there is one."""
    seconds = recorded(base / "results" / data / profile / name).get("duration_s")
    return None if seconds is None else float(seconds)


def time_left(costs: dict, done: dict[str, float], jobs: int) -> float | None:
    """Seconds until the chapters of ``costs`` that are not ``done`` are finished, ``jobs`` at a
    time; None where nothing was measured on this machine yet.

    ``costs`` are those of ``cost`` by chapter, ``done`` the seconds that finished ones took.
    A chapter of unknown cost is taken to cost what the finished ones did on average, once these
    are a quarter of all: what a chapter costs at one profile says little of another.
    """
    left = [costs[name] for name in costs if name not in done]
    if None in left and len(done) < len(costs) / 4:
        return None
    mean = sum(done.values()) / len(done) if done else 0.0
    return sum(mean if seconds is None else seconds for seconds in left) / max(jobs, 1)


def in_words(seconds: float | None) -> str:
    """``about 3 min left``, empty where it is not known."""
    if seconds is None:
        return ""
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
