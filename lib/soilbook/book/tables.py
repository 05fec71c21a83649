"""Tables of scores in the papers' own shape: a row a depth, a column a model and lead.

The value of the run stands large, the printed one small beneath; the tint tells whether the run
lies above or below print and by how much; the interval shows on hover and stands in the CSV.
"""

import hashlib
import re
from html import escape

import numpy as np
import pandas as pd

from soilbook.book import html
from soilbook.plots.scores import as_printed

SCORES = {"model", "depth_m", "lead_d", "reading", "r2", "r2_low", "r2_high"}
FULL = 0.1  # a difference of R2 to print from which the tint no longer deepens
ABOVE, BELOW = "0,114,178", "213,94,0"  # blue and vermilion of Okabe and Ito
DEEPEST = 0.45
ABREAST = 4  # models beside persistence that a page has room for; more stand below
COLUMNS = {  # tables of scores of other data that stand beside, in this order
    "archive": "the authors' rows",
    "observed": "public observations",
    "twin": "twin",
}
LAST = "persistence"  # stands at the end of a row
UNSHOWN = "climatology"  # only in the long table: far below all others in deep soil
READINGS = {"pooled": "steps 1 to the lead", "at_lead": "the lead alone"}


def laid_out(frame: pd.DataFrame, shown=None) -> str:
    """HTML of a table: R2 in the papers' shape, others as ``shown`` has them, a table laid out for
    reading or the function that lays one out."""
    if is_scores(frame):
        return scores(frame)
    if callable(shown):
        try:
            return html.table(shown(frame))
        except KeyError:  # a reference run of older code has other columns: shown as it is
            return html.table(frame)
    return html.table(frame if shown is None else shown)


def side_by_side(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """R2 (pooled) as printed and of several kinds of data: a row a model, depth and lead.

    ``tables`` maps a name of COLUMNS to a table of ``plots.scores.tidy``. Columns: ``model``,
    ``depth_m``, ``lead_d``, ``r2_printed`` where any is printed, and for each table ``r2_<name>``
    and ``n_sites_<name>``; rows are those of the first table of COLUMNS that is there.
    """
    keys = ["model", "depth_m", "lead_d"]
    found = None
    for name in COLUMNS:
        if name not in tables:
            continue
        part = tables[name]
        part = part[part["reading"] == "pooled"].drop_duplicates(keys)
        part = part.assign(depth_m=part["depth_m"].round(3))
        names = {"r2": f"r2_{name}", "n_sites": f"n_sites_{name}"}
        values = part.rename(columns=names)[[*keys, *names.values()]]
        if found is None:
            printed = part[keys].assign(r2_printed=part["r2_published"])
            found = printed.merge(values, how="left", on=keys)
        else:
            found = found.merge(values, how="left", on=keys)
    return found.dropna(axis=1, how="all")


def beside(frame: pd.DataFrame) -> pd.DataFrame:
    """``side_by_side`` laid out for reading, values as the paper writes them."""
    shown = pd.DataFrame(
        {
            "depth": frame["depth_m"].map("{:.2f} m".format),
            "lead": frame["lead_d"].map("{} d".format),
            "model": frame["model"],
        }
    )
    words = {"printed": "print"} | COLUMNS
    for name, word in words.items():
        if f"r2_{name}" in frame:
            sites = frame.get(f"n_sites_{name}")
            n = "" if sites is None else f" ({_sites(sites)})"
            shown[f"{word}{n}"] = frame[f"r2_{name}"].map(as_printed)
    order = frame.sort_values(["depth_m", "lead_d"], kind="stable").index
    return shown.loc[order].reset_index(drop=True)


def _sites(numbers: pd.Series) -> str:
    """Number of sites that means rest on, its range where depths differ."""
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low} sites" if low == high else f"{low} to {high} sites"


def is_printed(frame: pd.DataFrame) -> bool:
    """Whether it is a table of scores of which the paper prints some."""
    return is_scores(frame) and bool(frame.get("r2_published", pd.Series()).notna().any())


def is_scores(frame: pd.DataFrame) -> bool:
    """Whether a table has the columns of ``plots.scores.tidy``, of one run and variant."""
    return SCORES <= set(frame.columns) and "variant" not in frame and len(frame) > 0


def scores(frame: pd.DataFrame) -> str:
    """R2 of ``plots.scores.tidy`` in the papers' shape, with a legend and the long table folded."""
    reading = next(one for one in READINGS if (frame["reading"] == one).any())
    part = frame[frame["reading"] == reading]
    models = [one for one in part["model"].unique() if one not in (LAST, UNSHOWN)]
    models += [LAST] if LAST in part["model"].values else []
    networks = [one for one in models if one != LAST]
    parts = [networks[i : i + ABREAST] for i in range(0, len(networks), ABREAST)] or [[]]
    body = "".join(_body(part, [*some, *models[len(networks) :]]) for some in parts)
    printed = "r2_published" in part and part["r2_published"].notna().any()
    legend = "Large: R² of the run. "
    if printed:
        legend += (
            f"Small: R² as printed. Blue: above print, orange: below, full colour at {FULL:g}. "
        )
    legend += "Bold: best of its depth and lead, persistence included. Pointer: 95 % interval."
    long = html.table(_long(part), folded=f"the same as a long table of {len(part)} rows")
    return f'{body}<p class="soilbook-legend">{escape(legend)}</p>{long}'


def _body(part: pd.DataFrame, models: list[str]) -> str:
    keys = ["depth_m", "model", "lead_d"]
    rows = part[part["model"].isin(models)].drop_duplicates(keys).set_index(keys)
    if "r2_published" not in rows:
        rows = rows.assign(r2_published=np.nan)
    wide = rows["r2"].unstack(["model", "lead_d"])
    leads = sorted(part["lead_d"].unique())
    wide = wide.reindex(columns=pd.MultiIndex.from_product([models, leads])).sort_index()
    best = wide.T.groupby(level=1).transform("max").T == wide
    texts, looks = wide.astype(object), wide.astype(object)
    for place in np.ndindex(wide.shape):
        depth, (model, lead) = wide.index[place[0]], wide.columns[place[1]]
        row = rows.loc[(depth, model, lead)] if (depth, model, lead) in rows.index else None
        texts.iloc[place] = "–" if row is None else _cell(row)
        looks.iloc[place] = "" if row is None else _look(row, best.iloc[place])
    texts.index = [f"{depth:.2f} m" for depth in wide.index]
    looks.index = texts.index
    heads = pd.MultiIndex.from_product([models, [f"{lead} d" for lead in leads]])
    texts.columns = looks.columns = heads
    styler = texts.style.apply(lambda _: looks, axis=None).format(escape=None)
    styler = styler.format_index(escape="html", axis=1)
    name = hashlib.sha256(texts.to_csv().encode()).hexdigest()[:8]  # two tables of a page differ
    styler = styler.set_uuid(name)
    look = 'class="dataframe soilbook-scores"'
    markup = styler.to_html(table_attributes=look, sparse_columns=True)
    for level, word in enumerate(("depth", "lead")):  # what stands in the first column, and above
        blank = rf'(<th class="blank level{level}"[^>]*>)&nbsp;'
        markup = re.sub(blank, rf"\g<1>{word}", markup)
    return html.wrapped(markup)


def _cell(row: pd.Series) -> str:
    interval = f"95 % interval {as_printed(row['r2_low'])} to {as_printed(row['r2_high'])}"
    printed = row["r2_published"]
    small = "" if np.isnan(printed) else f"<small>{as_printed(printed)}</small>"
    return f'<span title="{escape(interval)}">{as_printed(row["r2"])}</span>{small}'


def _look(row: pd.Series, best: bool) -> str:
    difference = row["r2"] - row["r2_published"]
    look = "font-weight: bold;" if best else ""
    if not np.isnan(difference):
        depth = DEEPEST * min(abs(difference) / FULL, 1)
        look += f"background-color: rgba({ABOVE if difference > 0 else BELOW},{depth:.2f});"
    return look


def _long(part: pd.DataFrame) -> pd.DataFrame:
    """A row a depth, lead and model, with the interval as text."""
    part = part.sort_values(["depth_m", "lead_d"], kind="stable")
    bounds = zip(part["r2_low"], part["r2_high"], strict=True)
    long = pd.DataFrame(
        {
            "depth": part["depth_m"].map("{:.2f} m".format),
            "lead": part["lead_d"].map("{} d".format),
            "model": part["model"],
            "R²": part["r2"].map(as_printed),
            "95 % interval": [f"{as_printed(low)} to {as_printed(high)}" for low, high in bounds],
        }
    )
    if "r2_published" in part and part["r2_published"].notna().any():
        long["printed"] = part["r2_published"].map(as_printed)
        long["verdict"] = part["verdict"].fillna("") if "verdict" in part else ""
    return long.reset_index(drop=True)
