"""Tables of paired differences, laid out for reading."""

import pandas as pd

from soilbook.tables.decimals import decimals

HIDDEN = ("pseudomedian", "low", "high", "p", "p_corrected", "n_better", "reason")


def for_reading(table: pd.DataFrame) -> pd.DataFrame:
    """``metrics.compare``'s columns on one line a row: what is compared, difference, its interval,
    corrected p, at how many of the sites or places it is better, and the verdict with its reason.
    """
    made = table.drop(columns=[name for name in HIDDEN if name in table])
    counted = next(name for name in ("n_sites", "n_places") if name in table)
    at = made.columns.get_loc("difference") + 1
    n = max(3, decimals(table["difference"]))
    bounds = table[["low", "high"]].to_numpy()
    made.insert(at, "95 % interval", [_interval(low, high, n) for low, high in bounds])
    made.insert(at + 1, "p, corrected", table["p_corrected"])
    better = table["n_better"].astype(str) + " of " + table[counted].astype(str)
    made[counted] = better
    made = made.rename(columns={counted: "better at"})
    if "reason" in table:
        reasons = table["reason"].fillna("")
        made["verdict"] = table["verdict"] + reasons.map(lambda text: f" ({text})" if text else "")
    return made


def _interval(low: float, high: float, n: int) -> str:
    return "–" if low != low else f"{low:.{n}f} to {high:.{n}f}"
