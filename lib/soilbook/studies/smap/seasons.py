"""Winter gaps: how the products do where and when SMAP gives few retrievals.

Sections III-A.3 and III-D of Fang et al. (2019): frozen ground and snow leave little to learn from
in northern winters, and the LSTM oscillates there.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics

SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
# Share of the days of a calendar month with a retrieval at the place, after launch.
FEW = {"under 10 %": (0.0, 0.1), "10 to 30 %": (0.1, 0.3), "30 % and more": (0.3, 1.01)}
PRODUCTS = ("LSTM", "Noah", "VIC", "Comb")
LEAST_DAYS = 30


class Apart(NamedTuple):
    """A mean difference over places with its 95 % interval (places drawn again)."""

    value: float
    low: float
    high: float
    n_places: int


def share_of_retrievals(result: xr.Dataset) -> xr.DataArray:
    """Share of days with a SMAP retrieval (month, place), over the days after launch."""
    after = result["sm"].sel(product="SMAP", layer="surface", drop=True)
    after = after.isel(time=np.flatnonzero(result["period"].values == "AL"))
    return after.notnull().groupby("time.month").mean("time")


def by_season(result: xr.Dataset, layer: str = "surface", reference=None) -> xr.Dataset:
    """Scores of every season at every place, all days of PL and AL together.

    ``reference`` (place, time) is what products are held against, by default in situ. Returns
    ``ubrmse``, ``bias``, ``r``, ``n_days`` and ``oscillation`` (product, part, place), where part
    is the season, and ``share`` (part, place) of days with a retrieval after launch. Cells with
    fewer than 30 days are NaN. Oscillation is the mean absolute change from day to day, on all
    days, observed or not.
    """
    month = xr.DataArray(np.arange(1, 13), dims="month", coords={"month": np.arange(1, 13)})
    parts = {name: month.isin(months) for name, months in SEASONS.items()}
    shares = share_of_retrievals(result)
    masks = {name: mask.broadcast_like(shares) for name, mask in parts.items()}
    return _scored(result, layer, reference, masks, shares)


def by_retrievals(result: xr.Dataset, layer: str = "surface", reference=None) -> xr.Dataset:
    """The same by how often SMAP sees the place in the calendar month: parts are those of FEW."""
    shares = share_of_retrievals(result)
    masks = {name: (shares >= low) & (shares < high) for name, (low, high) in FEW.items()}
    return _scored(result, layer, reference, masks, shares)


def means(scores: xr.Dataset, metric: str, n_replicates: int = 1000) -> pd.DataFrame:
    """Mean over places of a score with its interval (places drawn again): columns part, product,
    value, low, high, n_places."""
    rows = []
    for part in scores["part"].values:
        for product in scores["product"].values:
            values = scores[metric].sel(part=part, product=product).values
            bounds = metrics.mean_over_sites(values, n_replicates=n_replicates)
            row = {"part": part, "product": product, "value": float(bounds.value)}
            row |= {"low": float(bounds.low), "high": float(bounds.high)}
            rows.append({**row, "n_places": int(np.isfinite(values).sum())})
    return pd.DataFrame(rows)


def table(scores: xr.Dataset, n_replicates: int = 1000) -> pd.DataFrame:
    """``means`` of ubRMSE, bias and R side by side, with the mean ``share`` of days SMAP sees."""
    index = ["part", "product"]
    columns = []
    for metric in ("ubrmse", "bias", "r"):
        frame = means(scores, metric, n_replicates).set_index(index)
        named = {"value": metric, "low": f"{metric}_low", "high": f"{metric}_high"}
        columns.append(frame.rename(columns=named)[list(named.values())])
    columns.append(frame[["n_places"]])
    whole = pd.concat(columns, axis=1).reset_index()
    share = scores["share"].mean("place").to_series()
    whole.insert(1, "share_seen", whole["part"].map(share))
    return whole


def panels(
    scores: xr.Dataset, result: xr.Dataset, truth: xr.DataArray | None, n_replicates=1000
) -> dict[str, pd.DataFrame]:
    """``means`` behind a figure, by title, of ``scores`` by retrievals: ubRMSE against in situ and,
    where it is known, against the ``truth`` (layer, place, time), and the oscillation."""
    found = {"ubRMSE against in situ": means(scores, "ubrmse", n_replicates)}
    if truth is not None:
        of_truth = by_retrievals(result, reference=truth.sel(layer="surface"))
        found["ubRMSE against the truth, all days"] = means(of_truth, "ubrmse", n_replicates)
    found["change from day to day"] = means(scores, "oscillation", n_replicates)
    return found


def paired(scores: xr.Dataset, metric: str, a: str = "LSTM", b: str = "Noah") -> pd.DataFrame:
    """Difference a - b, place by place, in every part: columns of ``metrics.compare``."""
    of_site = scores[metric].rename(place="site")
    table = metrics.compare(
        of_site.sel(product=[a]), of_site.sel(product=b, drop=True), metric=metric
    )
    return table.rename(columns={"n_sites": "n_places"})


def apart(
    scores: xr.Dataset, metric: str, product: str, a: str = "under 10 %", b: str = "30 % and more"
) -> Apart:
    """Score of one product in part a minus that in part b, mean over the places that have both."""
    of = scores[metric].sel(product=product)
    difference = (of.sel(part=a) - of.sel(part=b)).values
    bounds = metrics.mean_over_sites(difference)
    n_places = int(np.isfinite(difference).sum())
    return Apart(float(bounds.value), float(bounds.low), float(bounds.high), n_places)


def _scored(result, layer, reference, masks, shares) -> xr.Dataset:
    counted = np.flatnonzero(result["period"].values != "")
    days = result.sel(layer=layer, product=list(PRODUCTS)).isel(time=counted)
    against = days["insitu"] if reference is None else reference.sel(time=days["time"])
    against = against.where(days["sm"].notnull().all("product"))
    change = abs(days["sm"].diff("time"))
    parts = []
    for name, mask in masks.items():
        chosen = mask.sel(month=days["time.month"]).drop_vars("month")
        part = metrics.score(
            against.where(chosen).transpose("place", "time"),
            days["sm"].transpose("product", "place", "time"),
            metrics=("ubrmse", "bias", "r"),
        ).drop_vars("undefined")
        part = part.rename(n_pairs="n_days").where(part["n_pairs"] >= LEAST_DAYS)
        part["oscillation"] = change.where(chosen).mean("time")
        part["share"] = shares.where(mask).mean("month")
        parts.append(part.assign_coords(part=name))
    return xr.concat(parts, "part", coords="minimal", compat="override", join="override")
