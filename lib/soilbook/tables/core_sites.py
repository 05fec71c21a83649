"""Scores at the core sites: Figs 3 and 4 of Fang et al. (2019) as numbers."""

import pandas as pd
import xarray as xr

from soilbook import published

LAYERS = {"surface": "surface", "root zone": "rootzone"}
KEYS = ["site", "layer", "period", "product"]
SCORES = {"bias": "bias", "ubrmse": "ubRMSE", "r": "R"}
PRINTED = "published"


def tidy(scores: xr.Dataset) -> pd.DataFrame:
    """A row for each site, layer, period and product that has scores, with the printed ubRMSE.

    Columns site, layer, period, product, bias, ubrmse, r, n_days, ubrmse_published (NaN where the
    paper prints none).
    """
    wanted = [*SCORES, "n_days"]
    frame = scores[wanted].to_dataframe().reset_index().rename(columns={"place": "site"})
    frame = frame[[*KEYS, *wanted]].dropna(subset=["ubrmse"])
    order = {name: k for k, name in enumerate(scores["place"].values)}
    frame = frame.sort_values("site", key=lambda names: names.map(order), kind="stable")
    return frame.merge(printed(), how="left", on=KEYS).reset_index(drop=True)


def printed() -> pd.DataFrame:
    """The ubRMSE that section III-A states: columns of KEYS and ubrmse_published."""
    rows = published.statements()
    stated = (rows["quantity"] == "ubRMSE") & (rows["relation"] == "=") & (rows["site"] != "")
    rows = rows[stated & (rows["section"] == "III-A.1")]
    made = rows[["site", "layer", "period", "product"]].assign(layer=rows["layer"].map(LAYERS))
    return made.assign(ubrmse_published=rows["value"])[[*KEYS, "ubrmse_published"]]


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each layer, score and site, a column for each product and period.

    ``table`` as ``tidy`` makes it; printed values stand in columns of their own.
    """
    names = table["product"] + " " + table["period"]
    parts = {}
    for score, label in SCORES.items():
        parts[label] = _wide(table.assign(column=names), score)
    stated = table.assign(column=names + f", {PRINTED}").dropna(subset=["ubrmse_published"])
    wide = pd.concat(parts, names=["score"])
    if len(stated):
        own = pd.concat({SCORES["ubrmse"]: _wide(stated, "ubrmse_published")}, names=["score"])
        wide = wide.join(own)
    order = ["layer", "score", "site"]
    wide = wide.reset_index()[[*order, *wide.columns]]
    return wide.sort_values("layer", ascending=False, kind="stable").reset_index(drop=True)


def _wide(table: pd.DataFrame, score: str) -> pd.DataFrame:
    columns = list(dict.fromkeys(table["column"]))
    sites = list(dict.fromkeys(table["site"]))
    wide = table.pivot(index=["layer", "site"], columns="column", values=score)[columns]
    return wide.reindex(sites, level="site").rename_axis(columns=None)
