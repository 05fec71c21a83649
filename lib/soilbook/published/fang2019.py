"""Fang et al. (2019), doi 10.1109/TGRS.2018.2872131: every number in its text and captions."""

import pandas as pd

from soilbook.published._read import table


def statements(*kinds: str) -> pd.DataFrame:
    """One row for each number or comparison that the text or a caption states, in our words.

    Columns: id; section (or figure); kind (setting or result); statement; quantity; product and
    compared_with; layer; site; period (AL after launch, PL prelaunch, "PL - AL" the change);
    relation, value, upper (end of a range), units; count_relation, count, of ("6 of 9"; NaN where
    none); date; printed (the words that carry the number).

    How a row is judged: measure (of ``fang2019.claims``); among, among_bounds, among_words (the
    choice of places); needs (ids of claims it rests on), least (number of places it needs); and
    the fields of ``claims.Claim``. Other ``kinds`` are what the paper says without a number:
    "discussion" (section III-D) and "conclusion" (section IV).
    """
    numbers = ("value", "upper", "count", "of", "least", "margin", "part")
    rows = table("fang2019_claims", numbers, lists={"among_bounds": float, "needs": str})
    return rows[rows["kind"].isin(kinds or ("setting", "result"))].reset_index(drop=True)


def year_ahead() -> pd.DataFrame:
    """Scores of the authors' released predictions in the year-ahead test, which the paper does not
    print: predictor, metric (rmse, bias, ubrmse, r), value, units, split, source."""
    return table("fang2019_year_ahead", numbers=("value",))
