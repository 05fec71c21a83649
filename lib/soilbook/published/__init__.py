"""The papers' own numbers, as printed: tables, settings, claims and statements.

Wang et al. (2024), doi 10.5194/hess-28-917-2024: the tables, slips included. Fang et al. (2019),
doi 10.1109/TGRS.2018.2872131: every number in its text and captions.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.errors import unknown

FOLDER = Path(__file__).parent / "csv"
SCORE_TABLES = (2, 3, 4, 5, 6)
UNPRINTED = "(-)"
PARTS = ("training", "validation", "test")


def scores() -> pd.DataFrame:
    """R2 of Tables 2-6: columns table, model, depth_m (m), lead_d (d), r2, text.

    ``text`` is the cell as printed; where that is "(-)", an R2 too poor to print, ``r2`` is NaN.
    LSTM stands in Tables 3 and 6.
    """
    return _scores().copy()


def models(kind: str) -> tuple[str, ...]:
    """Names of the ``machine`` (Table 2) or ``deep`` learning models (Tables 3-6), in order."""
    table = _scores()
    return tuple(
        table.loc[(table["table"] == SCORE_TABLES[0]) == (kind == "machine"), "model"].unique()
    )


def r2(model: str, depth_m: float, lead_d: int) -> float:
    """Printed R2 of one model, depth (m) and lead (d), NaN for "(-)"; Tables 2-6.

    Raises ParameterError naming what is allowed.
    """
    frame = scores()
    for column, value in (("model", model), ("depth_m", depth_m), ("lead_d", lead_d)):
        known = frame[column].unique().tolist()
        if value not in known:
            raise unknown(f"published {column}", value, known)
        frame = frame[frame[column] == value]
    return float(frame["r2"].iloc[0])


def sites() -> pd.DataFrame:
    """Table 1 as printed: site (unified name), printed name, sand, silt, clay (%), land_cover,
    first_year, last_year, latitude, longitude (degrees). Known slips are kept.
    """
    return _table(
        "wang2024_table_1",
        numbers=("sand", "silt", "clay", "latitude", "longitude"),
        whole=("first_year", "last_year"),
    )


def layers() -> pd.DataFrame:
    """Table A1: model, part, order, layer, kernel_size, hidden_size (NaN if none), activation."""
    return _table("wang2024_table_a1", numbers=("kernel_size", "hidden_size"), whole=("order",))


def hyperparameters() -> pd.DataFrame:
    """Settings below Table A1 and in the text: model, name, relation, value (text), section,
    printed. ``model`` is a name, "deep", "machine" or "all".
    """
    return _table("wang2024_settings")


def weather() -> pd.DataFrame:
    """Table D2: site, variable (P in mm, TA in degC, daily), units, min, max, mean, std."""
    return _table("wang2024_table_d2_weather", numbers=("min", "max", "mean", "std"))


def splits() -> pd.DataFrame:
    """Table D2: first and last day of the training, validation and test parts of each site.

    A part starts on the day on which the one before it ends.
    """
    names = [f"{part}_{edge}" for part in PARTS for edge in ("start", "end")]
    return _table("wang2024_table_d2_splits", dates=names)


def claims(section: str = "") -> pd.DataFrame:
    """What sections 2.1, 4.1-4.6 and 5 claim, in our words; of one section where it is named.
    "T" is what Tables 3 to 6 say by their numbers.

    Columns: id, section, claim, rests_on (tables and figures), quantity, subject, relation,
    reference (models or sites compared), depths_m, leads_d; the many-valued ones are tuples.
    "A better B" means that every A scores above every B. How a row is judged: measure (of
    ``wang2024.claims``), against (a further model), needs (ids of the claims it rests on) and the
    fields of ``claims.Claim``.
    """
    lists = {"rests_on": str, "subject": str, "reference": str, "depths_m": float, "leads_d": int}
    rows = _table("wang2024_claims", ("margin", "part", "width"), lists=lists | {"needs": str})
    return rows[rows["section"] == section].reset_index(drop=True) if section else rows


def statements(*kinds: str) -> pd.DataFrame:
    """Fang et al. (2019): one row for each number or comparison in its text or a caption.

    Columns: id; section (or figure); kind (setting or result); statement; quantity; product and
    compared_with; layer; site; period (AL after launch, PL prelaunch, "PL - AL" the change);
    relation, value, upper (end of a range), units; count_relation, count, of ("6 of 9"; NaN where
    none); date; printed (the words that carry the number).

    How a row is judged: measure (of ``fang2019.claims``); among, among_bounds, among_words (the
    choice of places); needs (ids of claims it rests on), least (number of places it needs); and
    the fields of ``claims.Claim``. Other ``kinds`` are what the paper says without a number:
    "discussion" (section III-D) and "conclusion" (section IV).
    """
    numbers = ("value", "upper", "count", "of", "least", "margin", "part", "width")
    rows = _table("fang2019_claims", numbers, lists={"among_bounds": float, "needs": str})
    return rows[rows["kind"].isin(kinds or ("setting", "result"))].reset_index(drop=True)


def year_ahead() -> pd.DataFrame:
    """Scores of the authors' released predictions in the year-ahead test, which the paper does not
    print: predictor, metric (rmse, bias, ubrmse, r), value, units, split, source."""
    return _table("fang2019_year_ahead", numbers=("value",))


@cache
def _scores() -> pd.DataFrame:
    return pd.concat([_score_table(number) for number in SCORE_TABLES], ignore_index=True)


def _score_table(number: int) -> pd.DataFrame:
    printed = _table(f"wang2024_table_{number}", numbers=("depth_m",))
    long = printed.melt(id_vars="depth_m", var_name="column", value_name="text")
    column = long["column"].str.rsplit(" ", n=1, expand=True)
    return pd.DataFrame(
        {
            "table": number,
            "model": column[0],
            "depth_m": long["depth_m"],
            "lead_d": column[1].str.removesuffix("d").astype(int),
            "r2": [np.nan if cell == UNPRINTED else float(cell) for cell in long["text"]],
            "text": long["text"],
        }
    )


@cache
def _printed(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv", dtype=str, keep_default_na=False)


def _table(name: str, numbers=(), whole=(), dates=(), lists=None) -> pd.DataFrame:
    """One file as a DataFrame: text as printed, the named columns converted.

    ``numbers`` become float with NaN where empty, ``whole`` int, ``dates`` Timestamp; ``lists``
    maps a column of values joined by semicolons to the type of one value and gives tuples.
    """
    frame = _printed(name).copy()
    for column in numbers:
        frame[column] = pd.to_numeric(frame[column]).astype(float)
    for column in whole:
        frame[column] = frame[column].astype(int)
    for column in dates:
        frame[column] = pd.to_datetime(frame[column], format="%Y-%m-%d")
    for column, kind in (lists or {}).items():
        parts = [tuple(kind(part) for part in cell.split(";") if part) for cell in frame[column]]
        frame[column] = pd.Series(parts, index=frame.index, dtype=object)
    return frame
