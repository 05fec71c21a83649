"""Tables in HTML: any frame, the verdicts on claims, and scores in the papers' own shape.

Legible in light and dark: colours are tints over whatever background there is. A verdict is told by
sign and word, not by colour alone. Of scores the value of the run stands large, the printed one
small beneath; the tint tells whether the run lies above or below print and by how much; the
interval shows on hover and stands in the CSV.
"""

import hashlib
import re
from html import escape

import numpy as np
import pandas as pd

from soilbook.book.myst import fold
from soilbook.plots.scores import as_printed

VERDICTS = {
    "exceeded": ("▲", "rgba(0,114,178,0.22)"),
    "reproduced": ("●", "rgba(0,158,115,0.22)"),
    "partly": ("◐", "rgba(230,159,0,0.25)"),
    "not": ("✕", "rgba(213,94,0,0.25)"),
    "holds on the twin": ("◇", "rgba(86,180,233,0.20)"),
    "does not hold on the twin": ("◈", "rgba(204,121,167,0.25)"),
    "cannot tell": ("?", "rgba(128,128,128,0.28)"),
    "not testable": ("–", "rgba(128,128,128,0.20)"),
    "by construction": ("=", "rgba(128,128,128,0.10)"),
    "note": ("i", "rgba(128,128,128,0.10)"),
}
CLAIM = ("verdict", "claim", "published", "reproduced", "interval", "why")  # columns of a page
COUNTS = {f"n_{name}": name for name in ("sites", "places", "spells", "repetitions")}
NAMES = {"r2": "R²", "r": "R", "rmse": "RMSE", "ubrmse": "ubRMSE", "crps": "CRPS"}
UNITS = {"m": "m", "km": "km", "d": "d", "percent": "%"}  # with which a column's name may end
SMALL = 0.05  # errors of soil moisture (m3 m-3) and differences lie below, R and R2 above
# Columns of a comparison that a page leaves out, and the smallest p that is told.
HIDDEN = ("pseudomedian", "low", "high", "p", "p_corrected", "n_better", "reason")
SURE = 0.001
MANY, MOST = 6, 9  # columns beyond which a table is set smaller, and smaller still
LONG, WIDE = 40, 14  # rows and columns beyond which a table is folded
SENTENCE, ROOM = 40, "10em"  # letters of a cell beyond which its column has at least this width
# Of tables of scores.
SCORES = {"model", "depth_m", "lead_d", "reading", "r2", "r2_low", "r2_high"}
FULL = 0.1  # a difference of R2 to print from which the tint no longer deepens
ABOVE, BELOW = "0,114,178", "213,94,0"  # blue and vermilion of Okabe and Ito
DEEPEST = 0.45
ABREAST = 4  # models beside persistence that a page has room for; more stand below
COLUMNS = {  # scores of other data that stand beside, in this order
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
            shown = shown(frame)
        except KeyError:  # a reference run of older code has other columns: shown as it is
            shown = None
    return table(frame if shown is None else shown)


def table(frame: pd.DataFrame, folded: str | None = None) -> str:
    """A DataFrame; floats with as many decimals as their column needs, missing values as a dash,
    readable headings; a long one, or one with a word for it, ``folded``."""
    frame = with_intervals(frame)
    cells = {}
    for i in range(frame.shape[1]):
        places = decimals(frame.iloc[:, i])
        column = frame.iloc[:, i].map(lambda value, n=places: number(value, n))
        cells[i] = column.astype(object)
    shown, headings = pd.DataFrame(cells, index=frame.index), frame.columns
    shown.columns = [heading(column) for column in headings] if headings.nlevels == 1 else headings
    sizes = (("soilbook-many", MANY), ("soilbook-most", MOST))
    look = ["dataframe", *(name for name, n in sizes if frame.shape[1] > n)]
    # On a phone sentences would be squeezed into tall columns of single words.
    long = shown.map(lambda cell: len(str(cell)) > SENTENCE).any().to_numpy()
    room = dict.fromkeys(shown.columns[long], ROOM) if headings.nlevels == 1 else None
    with pd.option_context("display.max_colwidth", None):
        body = shown.to_html(
            index=has_names(frame), border=0, classes=look, justify="left", col_space=room
        )
    if folded is None and (len(frame) > LONG or frame.shape[1] > WIDE):
        folded = f"the table of {len(frame)} rows and {frame.shape[1]} columns"
    return fold(folded, _scrolling(body)) if folded else _scrolling(body)


def _scrolling(body: str) -> str:
    """A table that scrolls within itself where the screen is too narrow for it."""
    return f'<div class="soilbook-wide" tabindex="0" role="group" aria-label="table">{body}</div>'


def heading(column) -> str:
    """A column's name as a reader wants it: ``r2_low`` as R² low, ``depth_m`` as depth (m)."""
    *words, last = COUNTS.get(column, str(column).replace("_", " ")).split(" ")
    if words and last in UNITS and not words[-1].isdigit():
        last = f"({UNITS[last]})"
    return " ".join(NAMES.get(word, word) for word in (*words, last))


def with_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns ``x``, ``x_low``, ``x_high`` as one, "value [low, high]"; ``low`` and ``high`` alone
    belong to the column before them."""
    made, names = frame.copy(), list(frame.columns)
    for i, name in enumerate(names):
        low, high = (f"{name}_low", f"{name}_high")
        if names[i + 1 : i + 3] == ["low", "high"]:
            low, high = "low", "high"
        if {low, high} <= set(names) and pd.api.types.is_numeric_dtype(frame[name]):
            n = max(decimals(frame[one]) for one in (name, low, high))
            rows = frame[[name, low, high]].to_numpy(float)
            made[name] = [_interval(*row, n) for row in rows]
            made = made.drop(columns=[low, high])
    return made


def _interval(value: float, low: float, high: float, places: int) -> str:
    value, *ends = (number(one, places) for one in (value, low, high))
    return value if "–" in ends else f"{value} [{', '.join(ends)}]"


def decimals(column: pd.Series) -> int:
    """None for whole numbers, two where that is exact, else three, for small numbers four."""
    if not pd.api.types.is_float_dtype(column):
        return 3
    values = column.dropna().to_numpy()
    exact = [n for n in (0, 2) if np.array_equal(values.round(n), values)]
    if exact:
        return exact[0]
    return 4 if np.median(np.abs(values)) < SMALL else 3


def number(value, places: int = 3) -> str:
    """One cell as text: a float rounded for reading, a missing value as a dash, the rest as is."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if not isinstance(value, float | np.floating):
        return str(value)
    if value and (abs(value) < 0.5 * 10**-places or abs(value) >= 1e6):
        return f"{value:.2g}"
    return f"{value:.{places if abs(value) < 100 else min(places, 1)}f}"


def has_names(frame: pd.DataFrame) -> bool:
    """Whether the index says something: it is named, or no plain numbering."""
    named = any(name is not None for name in frame.index.names)
    return named or not pd.api.types.is_integer_dtype(frame.index)


def for_reading(table: pd.DataFrame) -> pd.DataFrame:
    """``metrics.compare``'s columns, few enough for a page: what is compared, the difference with
    its interval, corrected p, at how many of the sites or places it is better, and the verdict
    with its reason.
    """
    counted = next(name for name in ("n_sites", "n_places") if name in table)
    n = max(3, decimals(table["difference"]))
    texts = [
        "–" if np.isnan(difference) else f"{difference:+.{n}f} [{low:+.{n}f}, {high:+.{n}f}]"
        for difference, low, high in table[["difference", "low", "high"]].to_numpy(float)
    ]
    made = table.drop(columns=[name for name in HIDDEN if name in table]).assign(difference=texts)
    made.insert(made.columns.get_loc("difference") + 1, "p", table["p_corrected"].map(_p))
    made[counted] = table["n_better"].astype(str) + " of " + table[counted].astype(str)
    made = made.rename(columns={"difference": "difference [95 %]", counted: "better at"})
    if "reason" in table:
        reasons = table["reason"].astype(object).fillna("")
        made["verdict"] = table["verdict"] + reasons.map(lambda text: f" ({text})" if text else "")
    if "against" in table:
        made["product"] = table["product"] + " − " + table["against"]
        made = made.drop(columns="against")
    return made


def _p(value: float) -> str:
    return f"<{SURE}" if value < SURE else number(float(value))


def verdicts(frame: pd.DataFrame) -> str:
    """The table of claims, verdict first, each with sign, word and tint; cards on a phone."""
    head = "".join(f'<th scope="col">{name}</th>' for name in CLAIM)
    rows = "".join(_claim(row) for _, row in frame.iterrows())
    return _scrolling(
        '<table class="dataframe soilbook-claims">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _claim(row: pd.Series) -> str:
    sign, tint = VERDICTS.get(row["verdict"], ("", "transparent"))
    bounds = [number(row[name]) for name in ("low", "high")]
    interval = "–" if bounds == ["–", "–"] else " to ".join(bounds)
    values = [number(row[name], _claimed(row[name])) for name in ("published", "reproduced")]
    cells = [f"{sign} {row['verdict']}", row["claim"], *values, interval, number(row["why"])]
    kind = row["verdict"].replace(" ", "-")  # "holds-on-the-twin": for the style sheet
    look = f' class="soilbook-verdict-{kind}" style="background:{tint}"'
    texts = (
        f'<td data-label="{name}"{look if name == "verdict" else ""}>{escape(str(cell).strip())}'
        for name, cell in zip(CLAIM, cells, strict=True)
    )
    return f"<tr>{'</td>'.join(texts)}</td></tr>"


def _claimed(value) -> int:
    """Decimals of a claim's value: none for a count."""
    return 0 if isinstance(value, float) and value.is_integer() else 3


def is_scores(frame: pd.DataFrame) -> bool:
    """Whether a table has the columns of ``plots.scores.tidy``, of one run and variant."""
    return SCORES <= set(frame.columns) and "variant" not in frame and len(frame) > 0


def is_printed(frame: pd.DataFrame) -> bool:
    """Whether it is a table of scores of which the paper prints some."""
    return (
        is_scores(frame) and "r2_published" in frame and bool(frame["r2_published"].notna().any())
    )


def side_by_side(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """R2 (pooled) as printed and of several kinds of data: a row a model, depth and lead.

    ``tables`` maps a name of COLUMNS to a table of ``plots.scores.tidy``. Columns: ``model``,
    ``depth_m``, ``lead_d``, ``r2_printed`` where any is printed, and for each table ``r2_<name>``
    and ``n_sites_<name>``; rows are those of the first table of COLUMNS that is there.
    """
    keys = ["model", "depth_m", "lead_d"]
    found = None
    for name in (one for one in COLUMNS if one in tables):
        part = tables[name].query("reading == 'pooled'").drop_duplicates(keys)
        part = part.assign(depth_m=part["depth_m"].round(3))
        if found is None:
            found = part[keys].assign(r2_printed=part["r2_published"])
        names = {"r2": f"r2_{name}", "n_sites": f"n_sites_{name}"}
        values = part.rename(columns=names)[[*keys, *names.values()]]
        found = found.merge(values, how="left", on=keys)
    return found.dropna(axis=1, how="all")


def beside(frame: pd.DataFrame) -> pd.DataFrame:
    """``side_by_side`` laid out for reading, values as the paper writes them."""
    shown = _rows(frame)
    for name, word in ({"printed": "print"} | COLUMNS).items():
        if f"r2_{name}" in frame:
            sites = frame.get(f"n_sites_{name}")
            n = "" if sites is None else f" ({_sites(sites)})"
            shown[f"{word}{n}"] = frame[f"r2_{name}"].map(as_printed)
    return shown.reset_index(drop=True)


def _rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Depth, lead and model of scores as a reader wants them, by depth and lead."""
    frame = frame.sort_values(["depth_m", "lead_d"], kind="stable")
    depth, lead = frame["depth_m"].map("{:.2f} m".format), frame["lead_d"].map("{} d".format)
    return pd.DataFrame({"depth": depth, "lead": lead, "model": frame["model"]})


def _sites(numbers: pd.Series) -> str:
    """Number of sites that means rest on, its range where depths differ."""
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low} sites" if low == high else f"{low} to {high} sites"


def scores(frame: pd.DataFrame) -> str:
    """R2 of ``plots.scores.tidy`` in the papers' shape, with a legend and the long table folded."""
    reading = next(one for one in READINGS if (frame["reading"] == one).any())
    part = frame[frame["reading"] == reading]
    networks = [one for one in part["model"].unique() if one not in (LAST, UNSHOWN)]
    last = [LAST] if LAST in part["model"].values else []
    parts = [networks[i : i + ABREAST] for i in range(0, len(networks), ABREAST)] or [[]]
    body = "".join(_body(part, [*some, *last]) for some in parts)
    legend = "Large: R² of the run. "
    if is_printed(part):
        legend += (
            f"Small: R² as printed. Blue: above print, orange: below, full colour at {FULL:g}. "
        )
    legend += "Bold: best of its depth and lead, persistence included. Pointer: 95 % interval."
    long = table(_long(part), folded=f"the same as a long table of {len(part)} rows")
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
    texts.index = looks.index = [f"{depth:.2f} m" for depth in wide.index]
    heads = pd.MultiIndex.from_product([models, [f"{lead} d" for lead in leads]])
    texts.columns = looks.columns = heads
    styler = texts.style.apply(lambda _: looks, axis=None).format(escape=None)
    styler = styler.format_index(escape="html", axis=1)
    name = hashlib.sha256(texts.to_csv().encode()).hexdigest()[:8]  # two tables of a page differ
    look = 'class="dataframe soilbook-scores"'
    markup = styler.set_uuid(name).to_html(table_attributes=look, sparse_columns=True)
    for level, word in enumerate(("depth", "lead")):  # what stands in the first column, and above
        blank = rf'(<th class="blank level{level}"[^>]*>)&nbsp;'
        markup = re.sub(blank, rf"\g<1>{word}", markup)
    return _scrolling(markup)


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
    part = part.reset_index(drop=True)
    long = _rows(part)
    low, high = (part[name].map(as_printed) for name in ("r2_low", "r2_high"))
    long = long.assign(**{"R²": part["r2"].map(as_printed), "95 % interval": low + " to " + high})
    if is_printed(part):
        long["printed"] = part["r2_published"].map(as_printed)
        long["verdict"] = part["verdict"].fillna("") if "verdict" in part else ""
    return long.reset_index(drop=True)
