"""What the pairs of models of a claim differ by: scores, costs, and the change with the lead.

Differences are turned so that a positive one agrees with the claim; see ``studies.claims``.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilbook import metrics, published

LOSS = "loss of R2 from 1 to 7 days"
READING = "pooled"  # the reading that the published tables print
AGREES = ("better", "worse", "lower", "higher")


@dataclass(frozen=True)
class Pair:
    """Mean difference of a pair of models, or of leads, and the published one (NaN if none)."""

    names: str
    value: float
    low: float
    high: float
    published: float
    n_sites: int


def compared(claim, result: xr.Dataset) -> tuple[list[Pair], str]:
    """The pairs that this run can compare, and why others or all of them are missing."""
    if claim.quantity in OVER_LEADS:
        absent = [name for name in claim.subject if name not in result["model"].values]
        there = [name for name in claim.subject if name not in absent]
        missing = f"not run: {', '.join(absent)}" if absent else ""
        return OVER_LEADS[claim.quantity](there, claim, result), missing
    quantity = {**SCORES, **COSTS}.get(claim.quantity)
    known = (*AGREES, "no better", "similar")
    if quantity is None or claim.relation not in known or not claim.reference:
        return [], "the scores do not decide it: no bound is stated, or it rests on another chapter"
    names = {*claim.subject, *claim.reference}
    absent = sorted(names - set(result["model"].values))
    there = [(a, b) for a in claim.subject for b in claim.reference if not {a, b} & set(absent)]
    missing = f"not run: {', '.join(absent)}" if absent else ""
    if claim.quantity in COSTS:
        times = result["epochs_to_convergence"].transpose("model", ...).values
        timed = {m for m, row in zip(result["model"].values, times, strict=True) if (row > 0).any()}
        there = [(a, b) for a, b in there if {a, b} <= timed]
        missing = missing or ("" if there else "no training time is kept for these models")
    return [_pair(a, b, claim, quantity, result) for a, b in there], missing


def _pair(a: str, b: str, claim, quantity, result: xr.Dataset) -> Pair:
    sign = -1 if claim.relation in ("lower", "worse") else 1
    if claim.quantity == "RMSE":
        sign = -sign  # of RMSE the smaller is the better
    difference = sign * (quantity(result, a, claim) - quantity(result, b, claim))
    printed = sign * (_printed(a, claim) - _printed(b, claim))
    return _over_sites(f"{a} and {b}", difference, printed)


def _over_sites(names: str, difference: xr.DataArray, printed: float) -> Pair:
    sites = difference.transpose("site", ...).values
    mean = metrics.mean_over_sites(sites)
    n = int(np.isfinite(sites).sum())
    return Pair(names, float(mean.value), float(mean.low), float(mean.high), printed, n)


def _cells(array: xr.DataArray, claim) -> xr.DataArray:
    """The depths and leads of a claim; an empty list means all."""
    if claim.depths_m:
        array = array.sel(depth=[d for d in claim.depths_m if d in array["depth"].values])
    if claim.leads_d and "lead" in array.dims:
        array = array.sel(lead=list(claim.leads_d))
    return array


def _score(result: xr.Dataset, model: str, claim, name: str) -> xr.DataArray:
    array = result[f"site_{name}"].sel(model=model, reading=READING, drop=True)
    return _cells(array, claim)


def _mean_score(name: str):
    return lambda result, model, claim: _score(result, model, claim, name).mean(("depth", "lead"))


def _change(name: str, sign: int):
    """Worsening of a score from the first to the last lead of the claim."""

    def function(result, model, claim):
        array = _score(result, model, claim, name)
        return (sign * (array.isel(lead=-1) - array.isel(lead=0))).mean("depth")

    return function


def _cost(*names: str):
    """Logarithm of a product of costs, mean over depths and repetitions."""

    def function(result, model, claim):
        logs = sum(np.log(result[name].sel(model=model, drop=True)) for name in names)
        return logs.mean(("depth", "repetition"))

    return function


SCORES = {
    "R2": _mean_score("r2"),
    "RMSE": _mean_score("rmse"),
    LOSS: _change("r2", -1),
    "growth of RMSE from 1 to 7 days": _change("rmse", 1),
}
COSTS = {
    "time per 100 epochs": _cost("seconds_per_100_epochs"),
    "epochs to convergence": _cost("epochs_to_convergence"),
    "training time": _cost("seconds_per_100_epochs", "epochs_to_convergence"),
}


def _falls(there: list[str], claim, result: xr.Dataset) -> list[Pair]:
    """Loss of R2 from the first to the last lead, a case a model."""
    loss = _change("r2", -1)
    return [
        _over_sites(name, loss(result, name, claim), _printed(name, claim, LOSS)) for name in there
    ]


def _spreads(there: list[str], claim, result: xr.Dataset) -> list[Pair]:
    """Growth, from the first lead to the last, of the span of R2 between the models: one case."""
    if len(there) < 2:
        return []
    r2 = result["site_r2"].sel(model=there, reading=READING, drop=True)
    r2 = r2.sel(depth=[d for d in claim.depths_m if d in r2["depth"].values])
    span = r2.max("model") - r2.min("model")
    growth = (span.isel(lead=-1) - span.isel(lead=0)).mean("depth")
    return [_over_sites(", ".join(there), growth, np.nan)]


OVER_LEADS = {"R2 against lead": _falls, "spread of R2 over the three": _spreads}


def _printed(model: str, claim, quantity: str | None = None) -> float:
    """The same quantity from the printed tables; NaN where they do not give it."""
    quantity = quantity or claim.quantity
    table = published.scores().drop_duplicates(["model", "depth_m", "lead_d"])
    part = table[(table["model"] == model) & table["depth_m"].isin(claim.depths_m)]
    wide = part.pivot(index="depth_m", columns="lead_d", values="r2")
    if quantity == "R2" and len(wide):
        return float(wide[list(claim.leads_d)].to_numpy().mean())
    if quantity == LOSS and len(wide):
        return float((wide[1] - wide[7]).to_numpy().mean())
    return np.nan
