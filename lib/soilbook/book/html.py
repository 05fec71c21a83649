"""HTML of what a page shows: legible in light and dark, with no file or network beside it.

Colours are tints over whatever background there is; text keeps the reader's own colour. A verdict
is told by sign and word, not by colour alone.
"""

from html import escape

import numpy as np
import pandas as pd

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
COLOURS = {"observed": "#0072B2", "archive": "#0072B2", "twin": "#D55E00"}  # of the tracks
COUNTS = {f"n_{name}": name for name in ("sites", "places", "spells", "repetitions")}
SCORES = {"r2": "R²", "r": "R", "rmse": "RMSE", "ubrmse": "ubRMSE", "crps": "CRPS"}
UNITS = {"m": "m", "km": "km", "d": "d", "percent": "%"}  # with which a column's name may end
SMALL = 0.05  # errors of soil moisture (m3 m-3) and differences lie below, R and R2 above
# Columns of a comparison that a page leaves out, and the smallest p that is told.
HIDDEN = ("pseudomedian", "low", "high", "p", "p_corrected", "n_better", "reason")
SURE = 0.001
CLAIM = ("verdict", "claim", "published", "reproduced", "interval", "why")  # columns of a page
MANY, MOST = 6, 9  # columns beyond which a table is set smaller, and smaller still
LONG, WIDE = 40, 14  # rows and columns beyond which a table is folded
SENTENCE, ROOM = 40, "10em"  # letters of a cell beyond which its column has at least this width


def heading(column) -> str:
    """A column's name as a reader wants it: ``r2_low`` as R² low, ``depth_m`` as depth (m)."""
    *words, last = COUNTS.get(column, str(column).replace("_", " ")).split(" ")
    if words and last in UNITS and not words[-1].isdigit():
        last = f"({UNITS[last]})"
    return " ".join(SCORES.get(word, word) for word in (*words, last))


def banner(title: str, text: str, track: str, link: tuple[str, str] | None = None) -> str:
    """A box that says what kind of data the page shows; ``link`` is (address, words)."""
    more = f' <a href="{escape(link[0])}">{escape(link[1])}</a>.' if link else ""
    return (
        f'<div class="soilbook-banner soilbook-{track}" role="note" '
        f'style="border-left:0.4em solid {COLOURS[track]};'
        f'padding:0.6em 1em;margin:0.5em 0;background:rgba(128,128,128,0.05)">'
        f"<strong>{escape(title)}</strong> {escape(text)}{more}</div>"
    )


def note(text: str, lead: str = "") -> str:
    """A paragraph of plain text after a word in bold; blank lines part paragraphs."""
    first = f"<strong>{escape(lead)}</strong>" if lead else ""
    return f"<p>{first}{'</p><p>'.join(escape(part) for part in text.split(chr(10) * 2))}</p>"


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
    return fold(folded, wrapped(body)) if folded else wrapped(body)


def with_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns ``x``, ``x_low``, ``x_high`` as one, "value [low, high]"; ``low`` and ``high`` alone
    belong to the column before them."""
    made, names = frame.copy(), list(frame.columns)
    for name in names:
        low, high = (f"{name}_low", f"{name}_high")
        if names[names.index(name) + 1 : names.index(name) + 3] == ["low", "high"]:
            low, high = "low", "high"
        if {low, high} <= set(names) and pd.api.types.is_numeric_dtype(frame[name]):
            n = max(decimals(frame[one]) for one in (name, low, high))
            rows = frame[[name, low, high]].to_numpy(float)
            made[name] = [_interval(*row, n) for row in rows]
            made = made.drop(columns=[low, high])
    return made


def _interval(value: float, low: float, high: float, places: int) -> str:
    if np.isnan(low) or np.isnan(high):
        return number(value, places)
    return f"{number(value, places)} [{number(low, places)}, {number(high, places)}]"


def wrapped(body: str) -> str:
    """A table that scrolls within itself where the screen is too narrow for it."""
    return f'<div class="soilbook-wide" tabindex="0" role="group" aria-label="table">{body}</div>'


def fold(what: str, body: str) -> str:
    """Something long that opens at a click."""
    return f'<details class="soilbook-fold"><summary>Show {escape(what)}</summary>{body}</details>'


def decimals(column: pd.Series) -> int:
    """None for whole numbers, two where that is exact, else three, for small numbers four."""
    if not pd.api.types.is_float_dtype(column):
        return 3
    values = column.dropna().to_numpy()
    exact = [n for n in (0, 2) if np.array_equal(values.round(n), values)]
    if exact:
        return exact[0]
    return 4 if np.median(np.abs(values)) < SMALL else 3


def number(value, places: int = 3):
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
        "–" if difference != difference else f"{difference:+.{n}f} [{low:+.{n}f}, {high:+.{n}f}]"
        for difference, low, high in table[["difference", "low", "high"]].to_numpy()
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
    if value != value:
        return "–"
    return f"<{SURE}" if value < SURE else f"{value:.3f}"


def verdicts(frame: pd.DataFrame) -> str:
    """The table of claims, verdict first, each with sign, word and tint; cards on a phone."""
    head = "".join(f'<th scope="col">{name}</th>' for name in CLAIM)
    rows = "".join(_claim(row) for _, row in frame.iterrows())
    return wrapped(
        '<table class="dataframe soilbook-claims">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _claim(row: pd.Series) -> str:
    sign, tint = VERDICTS.get(row["verdict"], ("", "transparent"))
    bounds = [number(row[name]) for name in ("low", "high")]
    interval = "–" if bounds == ["–", "–"] else f"{bounds[0]} to {bounds[1]}"
    values = [number(row[name], _claimed(row[name])) for name in ("published", "reproduced")]
    cells = [f"{sign} {row['verdict']}", row["claim"], *values, interval, number(row["why"])]
    kind = row["verdict"].replace(" ", "-")  # "holds-on-the-twin": for the style sheet
    look = f' class="soilbook-verdict-{kind}" style="background:{tint}"'
    looks = [look, *[""] * (len(cells) - 1)]
    return "".join(
        [
            "<tr>",
            *(
                f'<td data-label="{name}"{look}>{escape(str(cell).strip())}</td>'
                for name, look, cell in zip(CLAIM, looks, cells, strict=True)
            ),
            "</tr>",
        ]
    )


def _claimed(value) -> int:
    """Decimals of a claim's value: none for a count."""
    return 0 if isinstance(value, float) and value.is_integer() else 3
