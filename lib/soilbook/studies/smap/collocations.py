"""Errors of SMAP, model and station without a truth: triple collocation at the places of study 2.

Section III-D of Fang et al. (2019) asks for knowledge of each product's accuracy at its place. The
three share neither instrument nor algorithm. What the method takes for granted is named in ASSUMED.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics

PRODUCTS = ("SMAP", "Noah", "in situ")
NEAREST = 40.0  # km from the pixel's centre on the observed track
WINDOW, LEAST = 31, 6  # days of the moving mean that anomalies are taken from, and of these there
ASSUMED = {
    "twin": "The model is driven by the weather of the pixel, the station stands at a point in it: "
    "their errors are independent, but each sees another depth.",
    "observed": "The model is driven by the station's own weather: where rain falls on the station "
    "and not on the pixel, model and station err alike, and SMAP is charged with it.",
}


def collocate(
    result: xr.Dataset,
    anomalies: bool = False,
    truth: xr.DataArray | None = None,
    n_replicates: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Triple collocation of the surface layer after launch, at every place that has all three.

    On the observed track places farther than 40 km from the pixel's centre are left out.
    ``anomalies`` takes the moving mean of 31 days from each product first. Returns ``error``
    (product, place), the standard deviation of the error in m3 m-3, and ``r_truth``, each with
    ``_low`` and ``_high`` of the 95 % interval (blocks of days drawn again), ``n_days`` and
    ``reason`` (place). With a known ``truth`` (layer, place, time) also ``error_known``, the
    deviation from the regression on it, and ``r_known``, on the same days.
    """
    days = result.sel(layer="surface").isel(time=np.flatnonzero(result["period"].values == "AL"))
    if result.attrs["data"] == "observed":
        days = days.isel(place=np.flatnonzero(days["distance_km"].values <= NEAREST))
    order = ("place", "time")
    products = [days["sm"].sel(product=name).transpose(*order).values for name in PRODUCTS[:2]]
    products.append(days["insitu"].transpose(*order).values)
    products = [_prepared(one, anomalies) for one in products]
    found = metrics.triple_collocation(*products)
    bounds = metrics.collocation_intervals(*products, n_replicates=n_replicates, seed=seed)
    made = xr.Dataset(
        coords={
            "product": list(PRODUCTS),
            **{name: days.coords[name] for name in ("place", "latitude", "longitude")},
        }
    )
    for name, units in (("error", "m3 m-3"), ("r_truth", "1")):
        interval = getattr(bounds, name)
        for part, bound in (("", "value"), ("_low", "low"), ("_high", "high")):
            made[name + part] = ("place", "product"), getattr(interval, bound), {"units": units}
    made["n_days"] = "place", found.n, {"units": "d"}
    made["reason"] = "place", found.reason.astype(str)
    if truth is not None:
        known = truth.sel(layer="surface", time=days["time"], place=days["place"])
        known = known.transpose(*order).values
        stacked = np.stack(products, 1)
        shared = np.isfinite(stacked).all(1, keepdims=True)
        known = np.where(shared, _prepared(known, anomalies)[:, None], np.nan)
        r = metrics.r(known, stacked)
        spread = metrics.ubrmse(np.where(shared, 0.0, np.nan), stacked)  # standard deviation
        answered = (found.reason == "")[:, None]
        made["r_known"] = ("place", "product"), np.where(answered, r, np.nan)
        made["error_known"] = (
            ("place", "product"),
            np.where(answered, spread * np.sqrt(1 - r**2), np.nan),
            {"units": "m3 m-3"},
        )
    return made.assign_attrs(
        block_length=bounds.length, assumed=ASSUMED[result.attrs["data"]], anomalies=int(anomalies)
    )


def summary(found: xr.Dataset) -> pd.DataFrame:
    """Medians over places by product, with the share of places whose interval holds the known."""
    rows = []
    for name in PRODUCTS:
        one = found.sel(product=name)
        row = {"product": name}
        for what in ("error", "r_truth"):
            row[what] = float(one[what].median())
            row[f"{what}_width"] = float((one[f"{what}_high"] - one[f"{what}_low"]).median())
        if "r_known" in found:
            row["error_known"] = float(one["error_known"].median())
            row["r_known"] = float(one["r_known"].median())
            low, high = one["r_truth_low"], one["r_truth_high"]
            held = (low <= one["r_known"]) & (one["r_known"] <= high)
            row["share_r_held"] = float(held.where(low.notnull()).mean())
        row["n_places"] = int(one["error"].notnull().sum())
        rows.append(row)
    return pd.DataFrame(rows)


def reasons(found: xr.Dataset) -> pd.DataFrame:
    """How many places have an answer, and why the others have none."""
    names, counts = np.unique(found["reason"].values, return_counts=True)
    shown = [name or "answered" for name in names.tolist()]
    return pd.DataFrame({"reason": shown, "n_places": counts})


def _prepared(series: np.ndarray, anomalies: bool) -> np.ndarray:
    series = series.astype(float)
    return series - metrics.moving_mean(series, WINDOW, LEAST) if anomalies else series
