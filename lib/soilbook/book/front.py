"""Pages that no run makes: the front page, the lists of figures and tables, and chapters before
anything is computed.

The front page has the findings of the committed observed reference run and a picture of each
study; its parts and the lists are made at every build and stand in ``book/executed/front``. A first
look at a chapter is its own notebook, where below each cell that shows products stand those that
the reference run left; the page of this run replaces it as soon as that is there.
"""

import ast
import io
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from soilbook import published
from soilbook.book import myst, provenance, tables
from soilbook.book.chapters import Chapter
from soilbook.book.findings import (
    FINDINGS,
    LAYERS,
    PRODUCTS,
    TITLES,
    Reference,
    findings,
    median,
    networks,
)
from soilbook.book.myst import REFERENCE, Product, recorded
from soilbook.plots.scores import depth_and_lead
from soilbook.plots.style import colour, described, legible, style
from soilbook.store import write

FOLDER = Path("book/executed/front")
HEADING = re.compile(r"^\*\*(Figure|Table) (.+?)\.\*\* (.*)$", re.MULTILINE)
ANCHOR = re.compile(r'<span id="([a-z0-9-]+)" class="soilbook-anchor">')
LONGEST = 110  # characters of a caption in a list
CALL = re.compile(r"\bpage\.(table|figure|comparison|claims)\(")
KINDS = {"table": "Table", "fig": "Figure", "claims": "Claims"}


def write_front(base: Path) -> None:
    """Leave findings, pictures and the legend of verdicts for ``book/intro.md`` to include."""
    parts = [_study(base, one) for one in FINDINGS if (base / REFERENCE / one).is_dir()]
    write(base / FOLDER / "findings.md", "\n\n".join(parts).encode())
    words = (
        f'<span class="soilbook-verdict" style="background:{tint}">{sign} {escape(word)}</span>'
        for word, (sign, tint) in tables.VERDICTS.items()
    )
    write(base / FOLDER / "verdicts.md", f"<p>{' '.join(words)}</p>".encode())
    entry = provenance.bibtex(provenance.commit(base))
    write(base / FOLDER / "cite.md", f"```bibtex\n{entry}\n```\n".encode())


def _study(base: Path, study: str) -> str:
    name, draw, caption = PICTURES[study]
    figure = draw(Reference(base, study))
    legible(figure)
    alt = f"{described(figure)} {caption}".replace('"', "'")
    stream = io.BytesIO()
    with plt.rc_context({"svg.hashsalt": "soilbook"}):
        figure.savefig(stream, format="svg", metadata={"Date": None}, facecolor="white")
    plt.close(figure)
    write(base / FOLDER / f"{name}.svg", stream.getvalue())
    lines = [f"### {TITLES[study]}", ""]
    for one in findings(base, study):
        link = f"[more](executed/{study}/{one.chapter}.ipynb)"
        lines += [f"**{one.question}** {one.answer} {link}", ""]
    dates = [recorded(folder)["date"][:10] for folder in (base / REFERENCE / study).iterdir()]
    made = f"Observed reference run, computed {min(dates)} to {max(dates)}."
    lines += [
        f"```{{figure}} executed/front/{name}.svg", f":name: front-{name}", f':alt: "{alt}"', "",
        f"{caption} {made}", "```",
    ]  # fmt: skip
    return "\n".join(lines)


def draw_networks(read: Reference):
    """R2 of ten networks and persistence by depth and lead: as printed (a), reproduced (b)."""
    order = [*published.models("deep"), "persistence"]
    wide = networks(read).pivot(
        index="model", columns=["depth_m", "lead_d"], values=["r2_published", "r2"]
    )
    wide = wide.reindex(order).sort_index(axis=1)
    with style():
        figure, axes = plt.subplots(2, 1, figsize=(8.2, 7.4), sharex=True)
        titles = {"r2_published": "(a) printed", "r2": "(b) reproduced"}
        for axis, (name, title) in zip(axes, titles.items(), strict=True):
            values = wide[name]
            image = axis.imshow(values, cmap="YlGnBu", vmin=0.5, vmax=1.0, aspect="auto")
            for row, column in zip(*np.nonzero(values.notna().to_numpy()), strict=True):
                value = values.iat[row, column]
                dark = "white" if value > 0.85 else "black"
                text = f"{value:.3f}".removeprefix("0")
                axis.text(column, row, text, ha="center", va="center", color=dark, fontsize=8)
            axis.set_yticks(range(len(order)), order)
            axis.set_title(title, loc="left")
            axis.grid(False)
        depths, leads = (values.columns.get_level_values(i) for i in (0, 1))
        depth_and_lead(axes[-1], depths, leads)
        figure.colorbar(
            image, ax=axes, label="R$^2$", extend="min", location="bottom", shrink=0.5, aspect=40
        )
    return figure


def draw_hindcast(read: Reference):
    """Median correlation of each product with stations, before and after launch, both layers."""
    table = read("s3_b_sparse_network", "table_7.csv").query("metric == 'r'")
    with style():
        figure, axes = plt.subplots(1, 2, figsize=(8.2, 3.6), sharey=True)
        for axis, (layer, title) in zip(axes, LAYERS.items(), strict=True):
            for shift, (period, marker) in ((-0.14, ("PL", "o")), (0.14, ("AL", "s"))):
                for i, name in enumerate(PRODUCTS):
                    row = median(table, name, layer, period)
                    if np.isnan(row["median"]):
                        continue
                    bars = [[row["median"] - row["low"]], [row["high"] - row["median"]]]
                    axis.errorbar(
                        i + shift, row["median"], yerr=bars, marker=marker, capsize=2,
                        color=colour(name), mfc=colour(name) if period == "AL" else "white",
                    )  # fmt: skip
            axis.set_xticks(range(len(PRODUCTS)), PRODUCTS, rotation=30, ha="right")
            axis.set_title(title)
            axis.set_ylabel("median R with stations")
        marks = (("o", "white", "before launch"), ("s", "#333333", "after launch"))
        for marker, fill, words in marks:
            axes[0].plot([], [], marker, color="#333333", mfc=fill, label=words)
        axes[0].legend(loc="lower right")
    return figure


PICTURES = {
    "wang2024": (
        "networks",
        draw_networks,
        "R² of ten networks and persistence at five depths and three leads: as printed, mean of "
        "ten sites that the paper does not name (a), and reproduced, mean of the observed sites "
        "(b). Persistence is not in the paper.",
    ),
    "fang2019": (
        "hindcast",
        draw_hindcast,
        "Correlation R of daily soil moisture with the stations of the Climate Reference Network: "
        "median over the stations with its 95 % interval, 2010 to March 2015 (before launch of "
        "SMAP) and April 2015 to March 2017 (after).",
    ),
}


def write_lists(base: Path, pages: Path, names: list[str]) -> None:
    """Leave the list of figures and tables, made from the pages themselves, for ``book/lists.md``
    to include; ``pages`` holds ``<study>/<section>``."""
    rows = {"Figure": [], "Table": []}
    for name in names:
        file = base / pages / f"{name}.ipynb"
        if not file.is_file():
            continue
        title = Chapter(name, file).title
        for kind, number, caption, anchor in listed(json.loads(file.read_text())):
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


def listed(notebook: dict) -> list[tuple[str, str, str, str]]:
    """Kind, number, caption and anchor of what a page shows, each once."""
    found = []
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            text = "".join(output.get("data", {}).get("text/markdown", ""))
            heading, anchor = HEADING.search(text), ANCHOR.search(text)
            if heading and anchor:
                plain = (re.sub(r"\\(.)", r"\1", part) for part in heading.groups())
                found.append((*plain, anchor[1]))
    return found


def _short(caption: str) -> str:
    first = re.split(r"(?<=[a-z0-9)])[.:;] ", caption)[0].rstrip(".")
    return first if len(first) <= LONGEST else first[: first[:LONGEST].rindex(" ")] + " …"


def first_look(base: Path, name: str, notice: str) -> dict:
    """The chapter as a page that has the reference run's products and a ``notice`` on top."""
    notebook = json.loads((base / "chapters" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = notebook["cells"]
    top = next((i for i, cell in enumerate(cells) if cell["cell_type"] == "code"), len(cells))
    for i, products in _by_cell(cells, left_by(base, name)).items():
        outputs = [_output(base, one, cells[i]) for one in products]
        cells[i]["outputs"] = [one for one in outputs if one]
    box = myst.raw(myst.banner("Observed reference.", notice, "observed"))
    note = {"cell_type": "markdown", "id": "first-look", "metadata": {}, "source": box}
    cells.insert(top, note)
    return notebook


def left_by(base: Path, name: str) -> list[Product]:
    """Products of the committed reference run of a chapter, in the order in which it made them."""
    made = recorded(base / REFERENCE / name)
    found: dict[str, Product] = {}
    for file in made.get("files", {}):
        stem = Path(file).stem
        kind, _, number = stem.partition("_")
        if kind in KINDS and "/" not in file:
            alt = f"Figure {number} of the observed reference run"
            one = Product(name, KINDS[kind], number, "", (f"{stem}.csv",), alt)
            found[stem] = replace(one, **made.get("products", {}).get(one.name, {}))
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
            markup = tables.verdicts(frame)
        else:
            short = "page.comparison(" in "".join(cell["source"])
            markup = tables.laid_out(frame, tables.for_reading if short else None)
    panel = replace(one, caption=one.caption or _written(cell, one.number)).known(base, markup)
    if panel is None:
        return None
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
