"""The claims of Wang et al. (2024) on scores and costs, by section, with their verdicts.

A claim compares models. For each pair (subject, reference) the difference of the quantity, turned
so that a positive one agrees with the claim, is averaged over the depths and leads that the claim
names; its mean over sites has a 95 % interval with sites as clusters. A claim about several pairs
is as strong as its weakest. "In most cases" is counted over depths and leads, not averaged. What
changes with the lead alone compares a model with itself. Where the paper's own tables contradict
its words, the row says so. What figures say is measured in ``pictures``; the rules stand in
``soilbook.claims``.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import claims as judge
from soilbook import metrics, published
from soilbook.claims import COLUMNS, Case, Measured

DRAWS = 1000  # of the sites, for a number of cells
MARGIN, FACTOR = 0.01, np.log(1.25)  # of R2 and of a ratio of costs: less is no difference of note
WELL = 0.7  # R2 of a model that "performs well"
LOSS = "loss of R2 from 1 to 7 days"
READING = "pooled"  # the reading that the published tables print
# How a difference of a relation is turned, so that a positive one agrees with the claim.
SIGN = {"better": 1, "higher": 1, "worse": -1, "lower": -1, "no better": 1, "similar": 1}
UNDECIDED = "the scores do not decide it: no bound is stated, or it rests on another chapter"
FAMILY = ("depth", "lead")  # Holm corrects over the models at each of them
PAPER_WEIGHT = 1e-7  # lambda of eq 18
ELSEWHERE = {
    "clock": Measured(unclear="no clock of single trainings was run"),
    "sweep": Measured(unclear="no sweep of the weight was run"),
    "unlike values": Measured(missing="chapter 4.6 has not been run with these rules"),
    "unlike pictures": Measured(missing="chapter 4.6 has not been run with these rules"),
}


def verdicts(result: xr.Dataset, section: str, judged: pd.DataFrame | None = None) -> pd.DataFrame:
    """All claims of a section: columns of ``claims.COLUMNS``, differences as above. Units: R2 (1),
    RMSE (m3 m-3), and for times and epochs the natural logarithm of the ratio. ``judged`` holds
    rows, indexed by the claims' id, that are decided elsewhere."""
    rows, track = [], result.attrs.get("data", "observed")
    for claim in published.claims(section).itertuples():
        if judged is not None and claim.id in judged.index:
            rows.append(dict(judged.loc[claim.id, COLUMNS]))
            continue
        if claim.measure in SCORED:
            measured = SCORED[claim.measure](claim, result)
        else:
            measured = ELSEWHERE.get(claim.measure, Measured(missing=UNDECIDED))
        rows.append(judge.labelled(claim, measured if claim.measure else Measured(), track))
    return judge.table(rows)


def paired(result: xr.Dataset, against: str) -> pd.DataFrame:
    """Paired differences of pooled R2, every other model minus ``against``, by depth and lead.

    Wilcoxon's signed-rank test across sites, Holm's correction over the models at each depth and
    lead; see ``metrics.compare`` for the columns. Rows without numbers if ``against`` was not run.
    """
    r2 = result["site_r2"].sel(reading=READING, drop=True)
    others = [model for model in r2["model"].values if model != against]
    r2 = r2.reindex(model=[*others, against])
    table = metrics.compare(r2.sel(model=others), r2.sel(model=against, drop=True), family=FAMILY)
    if against not in result["model"]:
        table["reason"] = f"not run: {against}"
    return table.rename(columns={"depth": "depth_m", "lead": "lead_d"})


def of_clock(times: pd.DataFrame | None, data: str = "observed") -> pd.DataFrame:
    """Claim 4.1-8, that machine learning trains in little time, from a clock; indexed by its id.

    ``times`` has a row a training: model, seconds, site, and machine (in words).
    """
    (claim,) = _of_measure("4.1", "clock")
    if times is None:
        return _one(claim, ELSEWHERE["clock"], data)
    log = np.log(times["seconds"]).groupby(times["model"]).agg(["mean", "var", "size"])
    pairs = []
    for name in claim.subject:
        own, other = log.loc[name], log.loc[claim.reference[0]]
        half = 2 * np.sqrt(own["var"] / own["size"] + other["var"] / other["size"])
        value = float(other["mean"] - own["mean"])
        pairs.append((name, Case(value, value - half, value + half)))
    least, shown = min(pairs, key=lambda pair: pair[1].value)
    words = {"site": times["site"].iloc[0], "machine": times["machine"].iloc[0]}
    words["shown"] = f"{least}, {np.exp(shown.value):.3g} times faster than {claim.reference[0]}"
    measured = Measured(*shown[:3], cases=tuple(case for _, case in pairs), words=words)
    return _one(claim, measured, data)


def of_sweep(table: pd.DataFrame | None, data: str = "observed") -> pd.DataFrame:
    """Claim 4.5-5, that the weight of the adversarial loss matters much; indexed by its id.

    ``table`` is the ablation of section 4.5: network, lead_d, difference from LSTM with low and
    high; the rows "GAN-LSTM, lambda X", where "GAN-LSTM" is the paper's. The interval of the
    difference of two of them is what their intervals allow.
    """
    (claim,) = _of_measure("4.5", "sweep")
    if table is None:
        return _one(claim, ELSEWHERE["sweep"], data)
    swept = table[table["network"].str.fullmatch(r"GAN-LSTM(, lambda .*)?")]
    mean = swept.groupby("network", sort=False)[["difference", "low", "high"]].mean()
    best, worst = mean.loc[mean["difference"].idxmax()], mean.loc[mean["difference"].idxmin()]
    given = [name.partition("lambda ")[2] for name in mean.index]
    weights = [float(one) if one else PAPER_WEIGHT for one in given]
    measured = Measured(
        best["difference"] - worst["difference"],
        max(best["low"] - worst["high"], 0.0),
        best["high"] - worst["low"],
        words={"n_values": len(mean), "least": f"{min(weights):g}", "most": f"{max(weights):g}"},
    )
    return _one(claim, measured, data)


def _of_measure(section: str, measure: str) -> list:
    return [one for one in published.claims(section).itertuples() if one.measure == measure]


def _one(claim, measured: Measured, data: str) -> pd.DataFrame:
    return pd.DataFrame([judge.labelled(claim, measured, data)], [claim.id])


class Pair(NamedTuple):
    """Mean difference of a pair of models, or of leads, and the published one (NaN if none)."""

    names: str
    value: float
    low: float
    high: float
    published: float
    n_sites: int


def _scored(claim, result: xr.Dataset) -> Measured:
    pairs, missing = compared(claim, result)
    if not pairs:
        return Measured(missing=missing)
    weakest = min(pairs, key=lambda pair: pair.value)
    if claim.rule in ("no gain", "alike"):
        weakest = max(pairs, key=lambda pair: abs(pair.value))
    ratio = "log of the ratio of " if claim.quantity in COSTS else ""
    words = {
        "cases": "cases" if claim.quantity in OVER_LEADS else "pairs",
        "quantity": f"{ratio}{claim.quantity}",
        "shown": f"{weakest.names}, {weakest.n_sites} "
        + ("turns" if claim.quantity == "time per 100 epochs" else "sites"),
        "missing": f"; {missing}" if missing else "",
    }
    return Measured(
        *weakest[1:5],
        cases=tuple(Case(*pair[1:4]) for pair in pairs),
        n=_asked(claim) if claim.reference else len(claim.subject) if missing else None,
        words=words,
        why="{quantity}; {judged}; shown: {shown}{missing}" + _contradiction(claim),
        unclear=metrics.too_few(max(pair.n_sites for pair in pairs)),
    )


def _asked(claim) -> int:
    """Pairs that a claim speaks of, run or not."""
    return len(claim.subject) * len(claim.reference)


def _printed_cells(claim) -> tuple[int, int]:
    """In how many depths and leads the paper's own tables have the claimed order, and of how many.
    Every subject beside the best of the references (the worst where worse is claimed)."""
    table = published.scores().drop_duplicates(["model", "depth_m", "lead_d"])
    table = table[table["depth_m"].isin(claim.depths_m) & table["lead_d"].isin(claim.leads_d)]
    wide = table.pivot(index=["depth_m", "lead_d"], columns="model", values="r2").fillna(-np.inf)
    if not {*claim.subject, *claim.reference} <= set(wide.columns):
        return 0, 0
    own, other = wide[list(claim.subject)], wide[list(claim.reference)]
    holds = own.min(axis=1) > other.max(axis=1)
    return int(holds.sum()), len(holds)


def _contradiction(claim) -> str:
    """Words for a claimed order that the paper's tables have in fewer than half of the cells."""
    one = len(claim.subject) == 1 and claim.reference
    if claim.quantity != "R2" or claim.relation != "better" or not one:
        return ""
    held, n = _printed_cells(claim)
    if not n or 2 * held >= n:
        return ""
    others = " and ".join(claim.reference)
    order = f"{claim.subject[0]} above {others} in {held} of {n} depths and leads"
    return f"; the paper's own tables contradict it: {order}"


def _cells(claim, result: xr.Dataset) -> Measured:
    """Share of the depths and leads in which the subject is ahead of every reference, counted. The
    interval is that of the share with sites drawn again."""
    gain, missing = _gain(claim, result)
    if gain is None:
        return Measured(missing=missing)
    n_sites, n = gain.sizes["site"], gain.sizes["depth"] * gain.sizes["lead"]
    values = gain.transpose("site", "reference", "depth", "lead").values

    def share(part: np.ndarray) -> float:
        mean = part.mean(0).min(0)  # against the best of the references
        return float((mean > 0).mean())

    drawn = np.random.default_rng(0).integers(n_sites, size=(DRAWS, n_sites))
    low, high = np.quantile([share(values[rows]) for rows in drawn], (0.025, 0.975))
    value = share(values)
    held, printed = _printed_cells(claim)
    words = {"held_cells": round(value * n), "n_cells": n, "sites": n_sites}
    words |= {"held": held, "printed": printed}
    bounds = (np.nan, np.nan) if n_sites < 2 else (float(low), float(high))
    contradicted = ", which contradicts it" if 2 * held < printed else ""
    why = "{judged}, {sites} sites; in the paper's own tables in {held} of {printed}" + contradicted
    share_printed, few = held / printed if printed else np.nan, metrics.too_few(n_sites)
    return Measured(value, *bounds, share_printed, words=words, why=why, unclear=few)


def _gain(claim, result: xr.Dataset) -> tuple[xr.DataArray | None, str]:
    """R2 of the subject minus that of each reference (reference, site, depth, lead), turned."""
    absent = sorted({*claim.subject, *claim.reference} - set(result["model"].values))
    if absent:
        return None, f"not run: {', '.join(absent)}"
    own = _score(result, claim.subject[0], claim, "r2")
    others = _score(result, list(claim.reference), claim, "r2").rename(model="reference")
    sign = SIGN[claim.relation]
    return (sign * (own.drop_vars("model", errors="ignore") - others)).dropna("site", how="all"), ""


def _somewhere(claim, result: xr.Dataset) -> Measured:
    """Every depth and lead, each at a level that allows for their number (Bonferroni)."""
    gain, missing = _gain(claim, result)
    if gain is None:
        return Measured(missing=missing)
    values = gain.transpose("site", ...).values.reshape(gain.sizes["site"], -1)
    found = metrics.mean_over_sites(values, level=1 - 0.05 / values.shape[1], n_replicates=10_000)
    cases = [Case(*map(float, one)) for one in zip(found.value, found.low, found.high, strict=True)]
    most = max(cases, key=lambda one: one.value)
    why = "{quantity}: beyond the interval in {sure} of {n} depths and leads, {sites} sites; "
    return Measured(
        *most[:3],
        cases=tuple(cases),
        words={"quantity": claim.quantity, "sites": len(values)},
        why=why + "shown: the largest",
        unclear=metrics.too_few(len(values)),
    )


def _worth(claim, result: xr.Dataset) -> Measured:
    """What each subject is good for beside the reference, in margins: the larger of its gain in R2
    over 0.01 and, where it is shown to lose no more than that, of the time it saves over a factor
    of 1.25."""
    cases, names = [], []
    accuracy = claim._replace(quantity="R2", relation="better")
    cost = claim._replace(quantity="training time", relation="lower")
    pairs, missing = compared(accuracy, result)
    saved = {pair.names: pair for pair in compared(cost, result)[0]}
    for pair in pairs:
        best = np.array(pair[1:4]) / MARGIN
        if pair.low > -MARGIN and pair.names in saved:
            best = max(best, np.array(saved[pair.names][1:4]) / FACTOR, key=lambda one: one[0])
        cases.append(Case(*map(float, best)))
        names.append(pair.names)
    if not cases:
        return Measured(missing=missing)
    largest = int(np.argmax([one.value for one in cases]))
    why = "gain in accuracy or time in margins (0.01 of R2, a factor of 1.25), {judged}; shown: "
    shown = names[largest] + (f"; {missing}" if missing else "")
    few = metrics.too_few(max(pair.n_sites for pair in pairs))
    numbers = cases[largest][:3]
    return Measured(*numbers, cases=tuple(cases), n=_asked(claim), why=why + shown, unclear=few)


def compared(claim, result: xr.Dataset) -> tuple[list[Pair], str]:
    """The pairs that this run can compare, and why others or all of them are missing."""
    run = result["model"].values
    absent = sorted({*claim.subject, *claim.reference} - set(run))
    if claim.quantity in OVER_LEADS:
        absent = [name for name in claim.subject if name not in run]
    missing = f"not run: {', '.join(absent)}" if absent else ""
    if claim.quantity in OVER_LEADS:
        there = [name for name in claim.subject if name not in absent]
        return OVER_LEADS[claim.quantity](there, claim, result), missing
    decided = claim.quantity in (*MEANS, *CHANGES, *COSTS)
    if not decided or claim.relation not in SIGN or not claim.reference:
        return [], UNDECIDED
    there = [(a, b) for a in claim.subject for b in claim.reference if not {a, b} & set(absent)]
    if claim.quantity in COSTS:
        times = result["epochs_to_convergence"].transpose("model", ...).values
        timed = {m for m, row in zip(run, times, strict=True) if (row > 0).any()}
        there = [(a, b) for a, b in there if {a, b} <= timed]
        missing = missing or ("" if there else "no training time is kept for these models")
    return [_pair(a, b, claim, result) for a, b in there], missing


def _pair(a: str, b: str, claim, result: xr.Dataset) -> Pair:
    sign = SIGN[claim.relation]
    if claim.quantity == "RMSE":
        sign = -sign  # of RMSE the smaller is the better
    difference = sign * (_quantity(result, a, claim) - _quantity(result, b, claim))
    printed = sign * (_printed(a, claim) - _printed(b, claim))
    return _over_sites(f"{a} and {b}", difference, printed)


def _over_sites(names: str, difference: xr.DataArray, printed: float) -> Pair:
    sites = difference.transpose("site", ...).values
    mean = metrics.mean_over_sites(sites)
    n = int(np.isfinite(sites).sum())
    return Pair(names, float(mean.value), float(mean.low), float(mean.high), printed, n)


def _score(result: xr.Dataset, model, claim, name: str, leads: bool = True) -> xr.DataArray:
    """A score at the depths and leads of a claim; an empty list means all."""
    array = result[f"site_{name}"].sel(model=model, reading=READING, drop=True)
    if claim.depths_m:
        array = array.sel(depth=[d for d in claim.depths_m if d in array["depth"].values])
    return array.sel(lead=list(claim.leads_d)) if claim.leads_d and leads else array


def _quantity(result: xr.Dataset, model: str, claim) -> xr.DataArray:
    """What a claim compares (site,): the mean of a score, its worsening from the first to the last
    lead, or the logarithm of a product of costs, mean over depths and repetitions. Time is that of
    one network alone, in turns instead of sites."""
    if claim.quantity in COSTS:
        costs = [np.log(result[name].sel(model=model, drop=True)) for name in COSTS[claim.quantity]]
        if len(costs) == 1 and "turn" in costs[0].dims:
            return costs[0].rename(turn="site")  # of time alone the turns are what was sampled
        over = ("depth", "repetition", "turn")
        return sum(one.mean([dim for dim in over if dim in one.dims]) for one in costs)
    if claim.quantity in MEANS:
        return _score(result, model, claim, MEANS[claim.quantity]).mean(("depth", "lead"))
    return _worsening(result, model, claim, *CHANGES[claim.quantity])


def _worsening(result: xr.Dataset, model: str, claim, name: str, sign: int) -> xr.DataArray:
    array = _score(result, model, claim, name)
    return (sign * (array.isel(lead=-1) - array.isel(lead=0))).mean("depth")


def _falls(there: list[str], claim, result: xr.Dataset) -> list[Pair]:
    """Loss of R2 from the first to the last lead, a case a model."""
    losses = [_worsening(result, name, claim, *CHANGES[LOSS]) for name in there]
    printed = [_printed(name, claim, LOSS) for name in there]
    return [_over_sites(*one) for one in zip(there, losses, printed, strict=True)]


def _spreads(there: list[str], claim, result: xr.Dataset) -> list[Pair]:
    """Growth, from the first lead to the last, of the span of R2 between the models: one case."""
    if len(there) < 2:
        return []
    r2 = _score(result, there, claim, "r2", leads=False)
    span = r2.max("model") - r2.min("model")
    growth = (span.isel(lead=-1) - span.isel(lead=0)).mean("depth")
    return [_over_sites(", ".join(there), growth, np.nan)]


def _above(there: list[str], claim, result: xr.Dataset) -> list[Pair]:
    """Mean R2 above a bound, a case a model."""
    own = [_score(result, name, claim, "r2").mean(("depth", "lead")) for name in there]
    return [_over_sites(name, one - WELL, np.nan) for name, one in zip(there, own, strict=True)]


MEANS = {"R2": "r2", "RMSE": "rmse"}
# Scores and the sign that makes their change from the first to the last lead a worsening.
CHANGES = {LOSS: ("r2", -1), "growth of RMSE from 1 to 7 days": ("rmse", 1)}
COSTS = {
    "time per 100 epochs": ["seconds_alone"],
    "epochs to convergence": ["epochs_to_convergence"],
    "training time": ["seconds_alone", "epochs_to_convergence"],
}
OVER_LEADS = {
    "R2 against lead": _falls,
    "spread of R2 over the three": _spreads,
    f"R2 above {WELL:g}": _above,
}


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


SCORED = {"scores": _scored, "cells": _cells, "somewhere": _somewhere, "worth": _worth}
