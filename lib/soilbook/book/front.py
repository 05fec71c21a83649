"""The front page: findings of the committed observed reference run and a picture of each study.

Text and pictures are made at every build and stand in ``book/executed/front``.
"""

import io
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from soilbook.book import cite, html
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
from soilbook.book.product import REFERENCE, recorded
from soilbook.book.provenance import commit
from soilbook.models import NETWORKS
from soilbook.plots.scores import depth_and_lead
from soilbook.plots.style import colour, described, legible, style
from soilbook.store import write

FOLDER = Path("book/executed/front")


def draw_networks(read: Reference):
    """R2 of ten networks and persistence by depth and lead: as printed (a), reproduced (b)."""
    table = networks(read)
    order = [*NETWORKS, "persistence"]
    wide = table.pivot(index="model", columns=["depth_m", "lead_d"], values=["r2_published", "r2"])
    wide = wide.reindex(order).sort_index(axis=1)
    with style():
        figure, axes = plt.subplots(2, 1, figsize=(8.2, 7.4), sharex=True)
        for axis, name, title in zip(
            axes, ("r2_published", "r2"), ("(a) printed", "(b) reproduced"), strict=True
        ):
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
                for i, product in enumerate(PRODUCTS):
                    row = median(table, product, layer, period)
                    if np.isnan(row["median"]):
                        continue
                    bars = [[row["median"] - row["low"]], [row["high"] - row["median"]]]
                    axis.errorbar(
                        i + shift, row["median"], yerr=bars, marker=marker, capsize=2,
                        color=colour(product), mfc=colour(product) if period == "AL" else "white",
                    )  # fmt: skip
            axis.set_xticks(range(len(PRODUCTS)), PRODUCTS, rotation=30, ha="right")
            axis.set_title(title)
            axis.set_ylabel("median R with stations")
        for marker, fill, words in (
            ("o", "white", "before launch"),
            ("s", "#333333", "after launch"),
        ):
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


def write_front(base: Path) -> None:
    """Leave findings, pictures and the legend of verdicts for ``book/intro.md`` to include."""
    parts = []
    for study in FINDINGS:
        if (base / REFERENCE / study).is_dir():
            parts.append(_study(base, study))
    write(base / FOLDER / "findings.md", "\n\n".join(parts).encode())
    write(base / FOLDER / "verdicts.md", _verdicts().encode())
    entry = cite.bibtex(commit(base))
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
    lines += [
        f"```{{figure}} executed/front/{name}.svg", f":name: front-{name}", f':alt: "{alt}"', "",
        f"{caption} {_made(base, study)}", "```",
    ]  # fmt: skip
    return "\n".join(lines)


def _made(base: Path, study: str) -> str:
    dates = [
        recorded(folder)["date"][:10] for folder in sorted((base / REFERENCE / study).iterdir())
    ]
    return f"Observed reference run, computed {min(dates)} to {max(dates)}."


def _verdicts() -> str:
    """The words of a verdict in the colours of the tables."""
    words = (
        f'<span class="soilbook-verdict" style="background:{tint}">{sign} {escape(word)}</span>'
        for word, (sign, tint) in html.VERDICTS.items()
    )
    return f"<p>{' '.join(words)}</p>"
