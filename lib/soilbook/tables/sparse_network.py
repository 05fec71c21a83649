"""Medians over the sparse network beside what section III-B of Fang et al. (2019) prints."""

import pandas as pd

from soilbook import published

METRICS = {"rmse": "RMSE", "bias": "bias", "ubrmse": "ubRMSE", "r": "R"}
LAYERS = {"surface": "surface", "root zone": "rootzone"}
SIGNS = {">": "above ", "<": "below ", "about": "about ", "=": ""}


def printed() -> pd.DataFrame:
    """The medians that the paper prints: metric, layer, period, product, value, text."""
    table = published.statements()
    part = table[(table["section"] == "III-B") & table["quantity"].str.startswith("median ")]
    part = part[part["value"].notna()]
    names = {label: name for name, label in METRICS.items()}
    return pd.DataFrame(
        {
            "metric": part["quantity"].str.removeprefix("median ").map(names),
            "layer": part["layer"].map(LAYERS),
            "period": part["period"],
            "product": part["product"],
            "value": part["value"],
            "text": part["relation"].map(SIGNS) + part["value"].map("{:g}".format),
        }
    ).reset_index(drop=True)


def side_by_side(table: pd.DataFrame, reference: pd.DataFrame | None = None) -> pd.DataFrame:
    """Laid out for reading: a row a layer, period and product, medians with intervals.

    ``table`` as ``studies.smap.hindcast.summary`` makes it; ``reference`` the same of the observed
    reference run. Beside R and ubRMSE stand the reference's and the published medians.
    """
    keys = ["layer", "period", "product"]
    rows = table.dropna(subset="median")[keys].drop_duplicates()
    wide = rows.set_index(keys)
    for metric, label in METRICS.items():
        wide[label] = _texts(table, metric, keys)
        if metric in ("ubrmse", "r"):
            if reference is not None:
                wide[f"{label}, observed"] = _texts(reference, metric, keys)
            known = printed()
            known = known[known["metric"] == metric].set_index(keys)["text"]
            wide[f"{label}, published"] = known
    wide["places"] = table[table["metric"] == "r"].set_index(keys)["n_places"]
    return wide.fillna("").reset_index()


def _texts(table: pd.DataFrame, metric: str, keys: list[str]) -> pd.Series:
    part = table[table["metric"] == metric].set_index(keys)
    digits = {"bias": "+.3f", "r": ".3f"}.get(metric, ".4f")
    texts = [
        f"{row.median:{digits}} [{row.low:{digits}}, {row.high:{digits}}]"
        for row in part[["median", "low", "high"]].itertuples(index=False)
    ]
    return pd.Series(texts, part.index)
