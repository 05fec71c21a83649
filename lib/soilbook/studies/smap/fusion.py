"""Better fusion than a plain mean? Section III-D of Fang et al. (2019), made runnable.

LSTM, Noah and VIC are combined at every place. Weights are estimated in one period and scored in
the other, after each member's bias of the first has been removed.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.metrics.collocation import LEAST_DAYS

MEMBERS = ("LSTM", "Noah", "VIC")
PERIODS = ("AL", "PL")
PLAIN = "plain mean"
# What the weights of a scheme rest on.
SCHEMES = {
    PLAIN: "equal weights",
    "inverse error variance": "variance of each member's error against in situ",
    "BMA": "Bayesian model averaging against in situ (Raftery et al. 2005)",
    "triple collocation": "error variances from the three members alone, without in situ",
}
METRICS = ("rmse", "ubrmse", "r")
COVERAGE = 0.9  # of the intervals of Bayesian model averaging


def fuse(result: xr.Dataset, estimated: str = "AL", scored: str = "PL") -> xr.Dataset:
    """Combine the members of ``studies.smap.hindcast.run`` and score against in situ.

    Returns ``weight`` (scheme, layer, place, member), ``deviation`` (layer, place, member) of BMA
    in m3 m-3, ``reason`` (scheme, layer, place) why weights are equal instead, or "", scores
    (product, layer, place) for the schemes and the single members, ``hindsight_ubrmse`` and so on
    (product, ...) with weights and biases of the scored period itself, ``n_days`` (layer, place)
    and ``coverage`` (layer, place), the share of scored days inside BMA's 90 % interval. Places
    with fewer than 30 days in either period are NaN. Raises ParameterError for periods, DataError
    for a member that is absent.
    """
    for name in (estimated, scored):
        if name not in PERIODS:
            raise unknown("period", name, PERIODS)
    if estimated == scored:
        raise ParameterError(f"weights estimated and scored in {scored}; allowed: two periods")
    absent = [name for name in MEMBERS if name not in result["product"].values]
    if absent:
        raise DataError(f"no product {absent[0]!r} to combine; needed: {', '.join(MEMBERS)}")
    learnt, held = (_part(result, period) for period in (estimated, scored))
    found, hindsight = estimate(*learnt), estimate(*held)
    coordinates = {
        "scheme": list(SCHEMES),
        "member": list(MEMBERS),
        "product": [*MEMBERS, *SCHEMES],
        **{name: result.coords[name] for name in ("layer", "place", "latitude", "longitude")},
    }
    made = xr.Dataset(coords=coordinates)
    made["weight"] = ("scheme", "layer", "place", "member"), found["weight"]
    made["deviation"] = ("layer", "place", "member"), found["deviation"], {"units": "m3 m-3"}
    made["reason"] = ("scheme", "layer", "place"), found["reason"]
    observed, members = held
    enough = (found["n"] >= LEAST_DAYS) & (hindsight["n"] >= LEAST_DAYS)
    observed = np.where(enough[..., None], observed, np.nan)
    for prefix, of in (("", found), ("hindsight_", hindsight)):
        combined = combine(members, of)
        for name in METRICS:
            metric = metrics.METRICS[name]
            values = metric.function(observed, combined)
            made[prefix + name] = ("product", "layer", "place"), values, {"units": metric.units}
    unbiased = members - found["bias"][..., None]
    p = metrics.mixture_probability(
        observed, unbiased, found["weight"][_row("BMA")], found["deviation"]
    )
    made["coverage"] = ("layer", "place"), _share(np.abs(p - 0.5) <= COVERAGE / 2, np.isfinite(p))
    n = np.isfinite(observed + members.sum(-2)).sum(-1)
    made["n_days"] = ("layer", "place"), n, {"units": "d"}
    return made.assign_attrs(estimated=estimated, scored=scored)


def estimate(observed: np.ndarray, members: np.ndarray) -> dict[str, np.ndarray]:
    """Bias (..., member), weights (scheme, ..., member), and the rest of ``fuse``, from one period.

    ``observed`` (..., time), ``members`` (..., member, time), in m3 m-3.
    """
    bias = metrics.bias(observed[..., None, :], _with(members, observed))
    variance = metrics.ubrmse(observed[..., None, :], _with(members, observed)) ** 2
    averaged = metrics.model_averaging(observed, members - bias[..., None])
    alone = metrics.triple_collocation(*np.moveaxis(members, -2, 0))
    equal = np.full(bias.shape, 1 / len(MEMBERS))
    few = np.where(averaged.n >= LEAST_DAYS, "", f"fewer than {LEAST_DAYS} days")
    tried = {
        PLAIN: (equal, np.full(few.shape, "")),
        "inverse error variance": (_inverse(np.where(variance > 0, variance, np.nan)), few),
        "BMA": (averaged.weights, averaged.reason),
        "triple collocation": (
            _inverse(np.where(alone.error_variance > 0, alone.error_variance, np.nan)),
            alone.reason,
        ),
    }
    reason = np.stack([tried[name][1] for name in SCHEMES]).astype(object)
    weight = np.stack([tried[name][0] for name in SCHEMES])
    weight = np.where((reason == "")[..., None] & np.isfinite(weight), weight, equal)
    return {
        "bias": bias,
        "weight": weight,
        "deviation": averaged.deviation,
        "reason": reason.astype(str),
        "n": averaged.n,
    }


def combine(members: np.ndarray, found: dict[str, np.ndarray]) -> np.ndarray:
    """Members and weighted means (product, ..., time), without the biases that were found."""
    unbiased = members - found["bias"][..., None]
    whole = np.where(np.isfinite(unbiased).all(-2, keepdims=True), unbiased, np.nan)
    means = (found["weight"][..., None] * whole).sum(-2)
    return np.concatenate([np.moveaxis(whole, -2, 0), means])


def paired(fused: xr.Dataset, metric: str = "ubrmse", against: str = PLAIN) -> pd.DataFrame:
    """Each scheme against the plain mean, place by place: columns of ``metrics.compare``.

    Intervals of the mean difference over places, Wilcoxon's test, Holm's correction over all rows.
    """
    scores = fused[metric].rename(place="site").dropna("site", how="all")
    others = [name for name in SCHEMES if name != against]
    table = metrics.compare(
        scores.sel(product=others), scores.sel(product=against, drop=True), metric
    )
    return table.rename(columns={"product": "scheme", "n_sites": "n_places"})


def summary(fused: xr.Dataset) -> pd.DataFrame:
    """Medians over places by layer and product: scores, those in hindsight, and mean weights."""
    rows = []
    for layer in fused["layer"].values:
        for name in fused["product"].values:
            one = fused.sel(layer=layer, product=name)
            row = {"layer": layer, "product": name}
            row |= {metric: float(one[metric].median()) for metric in METRICS}
            row["hindsight_ubrmse"] = float(one["hindsight_ubrmse"].median())
            if name in SCHEMES:
                at = fused.sel(layer=layer, scheme=name).where(one["r"].notnull())
                row |= {f"weight {m}": float(at["weight"].sel(member=m).mean()) for m in MEMBERS}
                row["n_equal_instead"] = int(((at["reason"] != "") & one["r"].notnull()).sum())
            row["n_places"] = int(one["r"].notnull().sum())
            rows.append(row)
    return pd.DataFrame(rows)


def covered(fused: xr.Dataset, layer: str = "surface") -> float:
    """Share of the scored days, mean over places, on which BMA's 90 % interval held in situ."""
    return float(fused["coverage"].sel(layer=layer).mean())


def _part(result: xr.Dataset, period: str) -> tuple[np.ndarray, np.ndarray]:
    """In situ (layer, place, time) and members (layer, place, member, time) of a period."""
    days = result.isel(time=np.flatnonzero(result["period"].values == period))
    if not days.sizes["time"]:
        raise DataError(f"no day of the period {period} in the result")
    order = ("layer", "place")
    members = days["sm"].sel(product=list(MEMBERS)).transpose(*order, "product", "time")
    observed = days["insitu"].transpose(*order, "time")
    return observed.values.astype(float), members.values.astype(float)


def _with(members: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Members on the days that all of them and the observation share."""
    there = np.isfinite(members).all(-2) & np.isfinite(observed)
    return np.where(there[..., None, :], members, np.nan)


def _inverse(variance: np.ndarray) -> np.ndarray:
    """Weights, NaN unless every member has an error variance."""
    weights = metrics.merge_weights(variance)
    return np.where(np.isfinite(variance).all(-1, keepdims=True), weights, np.nan)


def _row(scheme: str) -> int:
    return list(SCHEMES).index(scheme)


def _share(true: np.ndarray, there: np.ndarray) -> np.ndarray:
    n = there.sum(-1)
    return np.divide((true & there).sum(-1), n, out=np.full(n.shape, np.nan), where=n > 0)
