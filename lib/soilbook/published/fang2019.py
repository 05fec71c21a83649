"""Fang et al. (2019), doi 10.1109/TGRS.2018.2872131: every number in its text and captions."""

import pandas as pd

from soilbook.published._read import table


def statements() -> pd.DataFrame:
    """One row for each number or comparison that the text or a caption states, in our words.

    Columns: id; section (or figure); kind (setting or result); statement; quantity; product and
    compared_with; layer; site; period (AL after launch, PL prelaunch, "PL - AL" the change);
    relation, value, upper (end of a range), units; count_relation, count, of ("6 of 9"; NaN where
    none); date; printed (the words that carry the number).
    """
    return table("fang2019_statements", numbers=("value", "upper", "count", "of"))


def year_ahead() -> pd.DataFrame:
    """Scores of the authors' released predictions in the year-ahead test, which the paper does not
    print: predictor, metric (rmse, bias, ubrmse, r), value, units, split, source."""
    return table("fang2019_year_ahead", numbers=("value",))
