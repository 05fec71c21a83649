"""Tables of paired differences, laid out for reading."""

import pandas as pd

from soilbook.tables.decimals import decimals

HIDDEN = ("pseudomedian", "low", "high", "p", "p_corrected", "n_better", "reason")
SURE = 0.001  # smaller p are not told apart


def for_reading(table: pd.DataFrame) -> pd.DataFrame:
    """``metrics.compare``'s columns, few enough for a page: what is compared, the difference with
    its interval, corrected p, at how many of the sites or places it is better, and the verdict
    with its reason.
    """
    made = table.drop(columns=[name for name in HIDDEN if name in table])
    counted = next(name for name in ("n_sites", "n_places") if name in table)
    n = max(3, decimals(table["difference"]))
    bounds = table[["difference", "low", "high"]].to_numpy()
    at = made.columns.get_loc("difference")
    made = made.drop(columns="difference")
    made.insert(at, "difference [95 %]", [_text(*row, n) for row in bounds])
    made.insert(at + 1, "p", table["p_corrected"].map(_p))
    made[counted] = table["n_better"].astype(str) + " of " + table[counted].astype(str)
    made = made.rename(columns={counted: "better at"})
    if "reason" in table:
        reasons = table["reason"].fillna("")
        made["verdict"] = table["verdict"] + reasons.map(lambda text: f" ({text})" if text else "")
    if "against" in table:
        made["product"] = table["product"] + " − " + table["against"]
        made = made.drop(columns="against")
    return made


def _text(difference: float, low: float, high: float, n: int) -> str:
    if difference != difference:
        return "–"
    return f"{difference:+.{n}f} [{low:+.{n}f}, {high:+.{n}f}]"


def _p(value: float) -> str:
    if value != value:
        return "–"
    return f"<{SURE}" if value < SURE else f"{value:.3f}"
