"""III-D: better fusion than a plain mean, and triple collocation, made runnable; all figures.

Fusion: LSTM, Noah and VIC are combined at every place; weights are estimated in one period and
scored in the other, after each member's bias of the first has been removed. Triple collocation:
SMAP, model and station share neither instrument nor algorithm; what the method takes for granted
is named in ASSUMED. Forecasts and winter gaps: ``soilbook.fang2019.retrievals``.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics
from soilbook.errors import ParameterError
from soilbook.fang2019 import hindcast
from soilbook.fang2019.runs import BOUNDS
from soilbook.metrics.uncertainty import LEAST_DAYS
from soilbook.plots.style import COLOURS, colour, letters, map_dots, style

# Colour, line and marker of each predictor: those of one network share a colour.
LOOKS = {
    "forecast": (COLOURS["LSTM"], "-", "o"),
    "forecast, usual weather": (COLOURS["LSTM"], "--", "s"),
    "hindcast": (COLOURS["Transformer"], "-", "^"),
    "persistence": (COLOURS["persistence"], "-", "v"),
    "climatology": (COLOURS["climatology"], "-", "D"),
}
BY_LEAD = {
    "median_rmse": "median RMSE (m$^3$ m$^{-3}$)",
    "median_r": "median Pearson correlation",
    "difference_rmse": "RMSE of the forecast minus that of ...",
}
CONUS = (-126, -66, 24, 50)

MEMBERS = ("LSTM", "Noah", "VIC")
PLAIN = "plain mean"
# BMA: Bayesian model averaging against in situ (Raftery et al. 2005). Triple collocation takes the
# error variances from the three members alone.
SCHEMES = (PLAIN, "inverse error variance", "BMA", "triple collocation")
METRICS = ("rmse", "ubrmse", "r")
COVERAGE = 0.9  # of the intervals of Bayesian model averaging

COLLOCATED = ("SMAP", "Noah", "in situ")
NEAREST = 40.0  # km from the pixel's centre on the observed track
WINDOW, LEAST = 31, 6  # days of the moving mean that anomalies are taken from, and of these there
ASSUMED = {
    "twin": "The model is driven by the weather of the pixel, the station stands at a point in it: "
    "their errors are independent, but each sees another depth.",
    "observed": "The model is driven by the station's own weather: where rain falls on the station "
    "and not on the pixel, model and station err alike, and SMAP is charged with it.",
}
# What is estimated: its name with a known truth, and its title.
ESTIMATED = {
    "error": ("error_known", "standard deviation of the error (m$^3$ m$^{-3}$)"),
    "r_truth": ("r_known", "correlation with the unknown truth"),
}


def by_lead(result: xr.Dataset):
    """Medians over pixels with intervals by lead, and paired differences, of ``retrievals.run``."""
    with style():
        figure, axes = plt.subplots(1, 3, figsize=(10, 3.5))
        leads = result["lead"].values
        for axis, (name, title) in zip(axes, BY_LEAD.items(), strict=True):
            for predictor, (shade, line, marker) in LOOKS.items():
                if (name, predictor) == ("difference_rmse", "forecast"):
                    continue
                one = result.sel(predictor=predictor)
                low, high = one[f"{name}_low"], one[f"{name}_high"]
                axis.fill_between(leads, low, high, color=shade, alpha=0.15, lw=0)
                axis.plot(leads, one[name], line, color=shade, marker=marker, ms=4, label=predictor)
            axis.set(title=title, xlabel="lead (days)", xticks=leads)
        axes[2].axhline(0, color="black", lw=0.8)
        letters(axes)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def gain_map(result: xr.Dataset, lead: int):
    """RMSE of hindcast minus that of forecast at every pixel: blue where retrievals help."""
    at = result["rmse"].sel(lead=lead)
    gain = at.sel(predictor="hindcast") - at.sel(predictor="forecast")
    largest = float(np.nanquantile(abs(gain), 0.98)) or 1.0
    with style():
        figure, axis = plt.subplots(figsize=(7.5, 4.2))
        axis.grid(False)
        dots = map_dots(axis, gain, CONUS, s=16, zorder=3, cmap="RdBu", vmin=-largest, vmax=largest)
        label = "RMSE of hindcast minus RMSE of forecast (m$^3$ m$^{-3}$)"
        figure.colorbar(dots, ax=axis, label=label, extend="both", shrink=0.8)
    return figure


def winter_figure(panels: dict[str, pd.DataFrame]):
    """One panel for each entry: title to the frame of ``retrievals.means``."""
    with style():
        size = 3.4 * len(panels), 3.4
        figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False)
        for axis, (title, frame) in zip(axes.flat, panels.items(), strict=True):
            parts, middle = frame["part"].unique(), (frame["product"].nunique() - 1) / 2
            for k, (product, one) in enumerate(frame.groupby("product", sort=False)):
                at = np.arange(len(parts)) + (k - middle) * 0.16
                away = [one["value"] - one["low"], one["high"] - one["value"]]
                axis.errorbar(
                    at, one["value"], np.nan_to_num(away), fmt="o", ms=4, capsize=2,
                    color=colour(product), label=product,
                )  # fmt: skip
            axis.set_xticks(range(len(parts)), parts)
            axis.set_ylim(bottom=0)
            axis.set_title(title)
        axes[0, 0].set_ylabel("m$^3$ m$^{-3}$")
        letters(axes.flat)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def fuse(result: xr.Dataset, estimated: str = "AL", scored: str = "PL") -> xr.Dataset:
    """Combine the members of ``hindcast.run`` and score against in situ.

    Returns ``weight`` (scheme, layer, place, member), ``reason`` (scheme, layer, place) why weights
    are equal instead, or "", scores (product, layer, place) for the schemes and the single members,
    ``hindsight_ubrmse`` and so on (product, ...) with weights and biases of the scored period
    itself, and ``coverage`` (layer, place), the share of scored days inside BMA's 90 % interval.
    Places with fewer than 30 days in either period are NaN. ParameterError for the periods.
    """
    if {estimated, scored} != set(hindcast.PERIODS):
        raise ParameterError(f"periods {estimated} and {scored}; allowed: AL and PL, or PL and AL")
    learnt, (observed, members) = (_part(result, period) for period in (estimated, scored))
    found, hindsight = estimate(*learnt), estimate(observed, members)
    at = "layer", "place"
    names = {"scheme": [*SCHEMES], "member": [*MEMBERS], "product": [*MEMBERS, *SCHEMES]}
    where = {name: result.coords[name] for name in (*at, "latitude", "longitude")}
    made = xr.Dataset(coords=names | where)
    made["weight"] = ("scheme", *at, "member"), found["weight"]
    made["reason"] = ("scheme", *at), found["reason"]
    enough = (found["n"] >= LEAST_DAYS) & (hindsight["n"] >= LEAST_DAYS)
    observed = np.where(enough[..., None], observed, np.nan)
    for prefix, of in (("", found), ("hindsight_", hindsight)):
        combined = combine(members, of)
        for name in METRICS:
            metric = metrics.METRICS[name]
            values = metric.function(observed, combined)
            made[prefix + name] = ("product", *at), values, {"units": metric.units}
    unbiased = members - found["bias"][..., None]
    of_bma = found["weight"][SCHEMES.index("BMA")], found["deviation"]
    p = metrics.mixture_probability(observed, unbiased, *of_bma)
    inside = np.where(np.isfinite(p), np.abs(p - 0.5) <= COVERAGE / 2, np.nan)
    made["coverage"] = xr.DataArray(inside, dims=(*at, "time")).mean("time")
    return made


def _part(result: xr.Dataset, period: str) -> tuple[np.ndarray, np.ndarray]:
    """In situ (layer, place, time) and members (layer, place, member, time) of a period."""
    days = result.isel(time=result["period"].values == period)
    members = days["sm"].sel(product=list(MEMBERS)).transpose("layer", "place", "product", "time")
    observed = days["insitu"].transpose("layer", "place", "time")
    return observed.values.astype(float), members.values.astype(float)


def estimate(observed: np.ndarray, members: np.ndarray) -> dict[str, np.ndarray]:
    """What ``combine`` needs, from one period: bias (..., member), weight (scheme, ..., member),
    reason (scheme, ...), deviation (..., member) of BMA and number of days n (...).

    ``observed`` (..., time), ``members`` (..., member, time), in m3 m-3.
    """
    there = np.isfinite(members).all(-2) & np.isfinite(observed)
    shared = np.where(there[..., None, :], members, np.nan)
    bias = metrics.bias(observed[..., None, :], shared)
    variance = metrics.ubrmse(observed[..., None, :], shared) ** 2
    averaged = metrics.model_averaging(observed, members - bias[..., None])
    alone = metrics.triple_collocation(*np.moveaxis(members, -2, 0))
    equal = np.full(bias.shape, 1 / len(MEMBERS))
    few = np.where(averaged.n >= LEAST_DAYS, "", f"fewer than {LEAST_DAYS} days")
    reason = np.stack([np.full(few.shape, ""), few, averaged.reason, alone.reason])
    weight = np.stack([equal, _inverse(variance), averaged.weights, _inverse(alone.error_variance)])
    weight = np.where((reason == "")[..., None] & np.isfinite(weight), weight, equal)
    of_bma = {"deviation": averaged.deviation, "n": averaged.n}
    return {"bias": bias, "weight": weight, "reason": reason, **of_bma}


def _inverse(variance: np.ndarray) -> np.ndarray:
    """Weights, NaN unless every member has an error variance above zero."""
    variance = np.where(variance > 0, variance, np.nan)
    weights = metrics.merge_weights(variance)
    return np.where(np.isfinite(variance).all(-1, keepdims=True), weights, np.nan)


def combine(members: np.ndarray, found: dict[str, np.ndarray]) -> np.ndarray:
    """Members and weighted means (product, ..., time), without the biases that were found."""
    unbiased = members - found["bias"][..., None]
    whole = np.where(np.isfinite(unbiased).all(-2, keepdims=True), unbiased, np.nan)
    means = (found["weight"][..., None] * whole).sum(-2)
    return np.concatenate([np.moveaxis(whole, -2, 0), means])


def paired(fused: xr.Dataset) -> pd.DataFrame:
    """ubRMSE of each scheme against the plain mean, place by place: ``hindcast.paired``, Holm's
    correction over the schemes of each layer."""
    scored = fused[["ubrmse"]].dropna("place", how="all")
    table = hindcast.paired(scored, "ubrmse", SCHEMES[1:], PLAIN, family=("layer",))
    return table.drop(columns="against").rename(columns={"product": "scheme"})


def fused_table(fused: xr.Dataset) -> pd.DataFrame:
    """Medians over places by layer and product: scores, those in hindsight, and mean weights."""
    table = fused[[*METRICS, "hindsight_ubrmse"]].median("place")
    table["n_places"] = fused["r"].notnull().sum("place")
    schemes = fused[["weight", "reason"]].rename(scheme="product")
    there = fused["r"].sel(product=list(SCHEMES)).notnull()
    for member in MEMBERS:
        weight = schemes["weight"].sel(member=member, drop=True)
        table[f"weight {member}"] = weight.where(there).mean("place")
    table["n_equal_instead"] = ((schemes["reason"] != "") & there).sum("place")
    return table.to_dataframe(["layer", "product"]).reset_index()


def fusion_figure(fused: xr.Dataset, paired: pd.DataFrame):
    """The surface. Left: weights of the members, a dot a place. Right: ubRMSE of scheme minus plain
    mean, a dot a place, with the mean and its interval, those of ``paired``."""
    at = fused.sel(layer="surface")
    plain = at["ubrmse"].sel(product=PLAIN)
    schemes = [name for name in at["scheme"].values if name != PLAIN]
    rows = paired[paired["layer"] == "surface"].set_index("scheme")
    random = np.random.default_rng(0)
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), width_ratios=(1.5, 1))
        for i, scheme in enumerate(schemes):
            for k, member in enumerate(MEMBERS):
                weight = at["weight"].sel(scheme=scheme, member=member).values
                weight = weight[plain.notnull().values]
                where = i + (k - 1) * 0.26
                jitter = where + random.uniform(-0.08, 0.08, weight.size)
                left.plot(jitter, weight, "o", ms=2.5, alpha=0.5, color=colour(member))
                left.plot([where - 0.1, where + 0.1], [np.median(weight)] * 2, "k-", lw=1.5)
        left.axhline(1 / len(MEMBERS), color="black", lw=0.8, ls="--")
        left.set(title="weights, and their medians", ylabel="weight")
        for member in MEMBERS:
            left.plot([], [], "o", color=colour(member), label=member)
        left.legend(ncols=len(MEMBERS))
        for i, scheme in enumerate(schemes):
            gain = (at["ubrmse"].sel(product=scheme) - plain).values
            jitter = i + random.uniform(-0.15, 0.15, gain.size)
            right.plot(jitter, gain, "o", ms=2.5, alpha=0.4, color="#555555")
            mean, low, high = rows.loc[scheme, ["difference", "low", "high"]].astype(float)
            away = [[mean - low], [high - mean]]
            right.errorbar(i, mean, away, fmt="D", color="#D55E00", capsize=4, ms=5)
        right.axhline(0, color="black", lw=0.8)
        right.set_title("ubRMSE minus that of the plain mean (m$^3$ m$^{-3}$)")
        for axis in (left, right):
            axis.set_xticks(range(len(schemes)), [name.replace(" ", "\n", 1) for name in schemes])
        letters((left, right))
    return figure


def collocate(
    result: xr.Dataset, anomalies: bool = False, truth: xr.DataArray | None = None, **draws
) -> xr.Dataset:
    """Triple collocation of the surface layer after launch, at every place that has all three.

    On the observed track places farther than 40 km from the pixel's centre are left out.
    ``anomalies`` takes the moving mean of 31 days from each product first. Returns ``error``
    (place, product), the standard deviation of the error in m3 m-3, and ``r_truth``, each with
    ``_low`` and ``_high`` of the 95 % interval (blocks of days drawn again), ``n_days`` and
    ``reason`` (place). With a known ``truth`` (layer, place, time) also ``error_known``, the
    deviation from the regression on it, and ``r_known``, on the same days.
    """
    days = result.sel(layer="surface").isel(time=result["period"].values == "AL")
    if result.attrs["data"] == "observed":
        days = days.isel(place=days["distance_km"].values <= NEAREST)

    def prepared(series: xr.DataArray) -> np.ndarray:
        values = series.transpose("place", "time").values.astype(float)
        return values - metrics.moving_mean(values, WINDOW, LEAST) if anomalies else values

    products = [prepared(days["sm"].sel(product=name)) for name in COLLOCATED[:2]]
    products.append(prepared(days["insitu"]))
    found = metrics.triple_collocation(*products)
    bounds = metrics.collocation_intervals(*products, **draws)
    both, where = ("place", "product"), ("place", "latitude", "longitude")
    coords = {"product": [*COLLOCATED]} | {name: days.coords[name] for name in where}
    made = xr.Dataset(coords=coords)
    for name, units in (("error", "m3 m-3"), ("r_truth", "1")):
        of = getattr(bounds, name)
        for part, values in zip(BOUNDS, (of.value, of.low, of.high), strict=True):
            made[name + part] = both, values, {"units": units}
    made["n_days"] = "place", found.n, {"units": "d"}
    made["reason"] = "place", found.reason
    if truth is not None:
        known = prepared(truth.sel(layer="surface", time=days["time"], place=days["place"]))
        stacked = np.stack(products, 1)
        shared = np.isfinite(stacked).all(1, keepdims=True)
        r = metrics.r(np.where(shared, known[:, None], np.nan), stacked)
        spread = metrics.ubrmse(np.where(shared, 0.0, np.nan), stacked)  # standard deviation
        answered = (found.reason == "")[:, None]
        made["r_known"] = both, np.where(answered, r, np.nan)
        error = np.where(answered, spread * np.sqrt(1 - r**2), np.nan)
        made["error_known"] = both, error, {"units": "m3 m-3"}
    return made.assign_attrs(assumed=ASSUMED[result.attrs["data"]])


def collocated_table(found: xr.Dataset) -> pd.DataFrame:
    """Medians over places by product, with the share of places whose interval holds the known."""
    table = xr.Dataset()
    for name in ESTIMATED:
        table[name] = found[name].median("place")
        table[f"{name}_width"] = (found[f"{name}_high"] - found[f"{name}_low"]).median("place")
    if "r_known" in found:
        low, known, high = (found[name] for name in ("r_truth_low", "r_known", "r_truth_high"))
        table["error_known"] = found["error_known"].median("place")
        table["r_known"] = known.median("place")
        held = (low <= known) & (known <= high)
        table["share_r_held"] = held.where(low.notnull()).mean("place")
    table["n_places"] = found["error"].notnull().sum("place")
    return table.reset_coords(drop=True).to_dataframe().reset_index()


def reasons_table(found: xr.Dataset) -> pd.DataFrame:
    """How many places have an answer, and why the others have none."""
    names, counts = np.unique(found["reason"].values, return_counts=True)
    return pd.DataFrame({"reason": [n or "answered" for n in names], "n_places": counts})


def collocation_figure(found: xr.Dataset):
    """``found`` of ``collocate``; places stand by the error of SMAP. Bars are 95 % intervals; a
    cross marks the value that the truth, known on the twin, gives."""
    there = found.isel(place=found["reason"].values == "")
    there = there.isel(place=np.argsort(there["error"].isel(product=0).values))
    at = np.arange(there.sizes["place"])
    with style():
        figure, axes = plt.subplots(2, 3, figsize=(10, 5), sharex=True, sharey="row")
        for row, (name, (known, title)) in zip(axes, ESTIMATED.items(), strict=True):
            for axis, product in zip(row, COLLOCATED, strict=True):
                one = there.sel(product=product)
                shade = colour(product) if product != "in situ" else "#009E73"
                axis.vlines(at, one[f"{name}_low"], one[f"{name}_high"], color=shade, lw=0.9)
                axis.plot(at, one[name], "o", ms=2.5, color=shade, label="triple collocation")
                if known in one:
                    axis.plot(at, one[known], "x", ms=3, color="#D55E00", label="from truth")
                axis.set_title(f"{product}: {title}", fontsize=8)
        for axis in axes[-1]:
            axis.set_xlabel("place, by the error of SMAP")
        axes[0, 0].legend()
        letters(axes.flat)
    return figure
