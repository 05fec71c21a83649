"""What the claims of Wang et al. (2024) are judged by: scores, costs, weights and pictures.

A claim compares models. For each pair (subject, reference) the difference of the quantity, turned
so that a positive one agrees with the claim, is averaged over the depths and leads that the claim
names; its mean over sites has a 95 % interval with sites as clusters. A claim about several pairs
is as strong as its weakest. What changes with the lead alone compares a model with itself. Claims
that the paper reads off pictures name a measure of their own, without an interval: one site, one
training of each network. The rules stand in ``soilbook.claims``.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binomtest

from soilbook import claims as judge
from soilbook import metrics, models, published
from soilbook.claims import COLUMNS, Case, Claim, Measured, case
from soilbook.explain import attention
from soilbook.explain import shapley as importance

LOSS = "loss of R2 from 1 to 7 days"
READING = "pooled"  # the reading that the published tables print
# How a difference of a relation is turned, so that a positive one agrees with the claim.
SIGN = {"better": 1, "higher": 1, "worse": -1, "lower": -1, "no better": 1, "similar": 1}
UNDECIDED = "the scores do not decide it: no bound is stated, or it rests on another chapter"
PARTLY_HELD = (judge.REPRODUCED, judge.PARTLY)
NOT_RUN = Measured(missing="the networks were not run")


def verdicts(result: xr.Dataset, section: str, judged: pd.DataFrame | None = None) -> pd.DataFrame:
    """All claims of a section: columns of ``claims.COLUMNS``, differences as above.

    Units: R2 (1), RMSE (m3 m-3), and for times and epochs the natural logarithm of the ratio.
    ``judged`` holds rows, indexed by the claims' id, that are decided elsewhere.
    """
    rows = []
    for claim in _section(section):
        if judged is not None and claim.id in judged.index:
            rows.append(dict(judged.loc[claim.id]))
            continue
        measured = Measured(missing=UNDECIDED if claim.measure else "")
        rows.append(_row(claim, _scored(claim, result) if claim.measure == "scores" else measured))
    return judge.table(rows)


def paired(result: xr.Dataset, against: str) -> pd.DataFrame:
    """Paired differences of pooled R2, every other model minus ``against``, by depth and lead.

    Wilcoxon's signed-rank test across sites, Holm's correction over all rows; see
    ``metrics.compare`` for the columns. Rows without numbers if ``against`` was not run.
    """
    r2 = result["site_r2"].sel(reading=READING, drop=True)
    others = [model for model in r2["model"].values if model != against]
    r2 = r2.reindex(model=[*others, against])
    table = metrics.compare(r2.sel(model=others), r2.sel(model=against, drop=True))
    if against not in result["model"]:
        table["reason"] = f"not run: {against}"
    return table.rename(columns={"depth": "depth_m", "lead": "lead_d"})


def of_section_46(claims_46: pd.DataFrame | None) -> pd.DataFrame:
    """Claims 5-14 and 5-15, that networks use and encode data unlike, from those of section 4.6.

    ``claims_46`` are the rows that chapter 4.6 left: claims of likeness there speak against a
    difference here. None if that chapter has not been run. The interval of the share is Wilson's
    (1927, doi 10.1080/01621459.1927.10502953). Rows are indexed by their id.
    """
    known = pd.DataFrame(columns=COLUMNS) if claims_46 is None else claims_46
    keys = known["claim"].str.split(":").str[0]
    verdict_of = dict(zip(keys, known["verdict"], strict=True))
    rows = {}
    for claim in _section("5"):
        if claim.measure == "claims":
            judged = [verdict_of[key] for key in claim.needs if key in verdict_of]
            rows[claim.id] = _row(claim, _share([case(one in PARTLY_HELD) for one in judged]))
    return pd.DataFrame.from_dict(rows, orient="index")


def against_persistence(value: xr.Dataset, change: xr.Dataset) -> pd.DataFrame:
    """Two statements of this book, from ``insitu.gains`` of both formulations.

    The best network lies above persistence at every depth and lead, and beyond chance in most.
    """
    most = Claim("persistence", "direction", margin=13 / 15)
    rows = []
    for name, gains in (("value", value), ("change", change)):
        networks = gains.sel(model=[m for m in gains["model"].values if m in models.NETWORKS])
        best = networks["gain"].max("model").values.ravel()
        sure = ((networks["gain"] > 0) & (networks["p"] < 0.05)).any("model").values.ravel()
        measured = Measured(
            int((best > 0).sum()),
            cases=tuple(Case(*both[:1], sure=both[1]) for both in zip(best, sure, strict=True)),
            why=f"{{right}} of {{n}} depths and leads with a network above persistence, {{sure}} "
            f"beyond chance after correction, {gains.attrs['n_sites']} sites; "
            "a statement of this book, not of the paper",
        )
        label = f"networks that predict the {name} beat persistence everywhere"
        rows.append(judge.row(most, label, measured))
    return judge.table(rows)


def means(values: xr.Dataset) -> pd.DataFrame:
    """Mean |Shapley value| (m3 m-3), width (m3 m-3) and effect of each input and network."""
    names = ("mean_absolute", "width", "effect")
    found = xr.Dataset({name: getattr(importance, name)(values) for name in names})
    return found.to_dataframe().reset_index()


def weights_against_use(weights: xr.Dataset, used: xr.Dataset) -> pd.DataFrame:
    """Rank correlation over features of attention weights and mean |Shapley value|, by depth."""
    weight = weights["feature_weight"].mean("step")
    rows = []
    for depth in used["depth"].values:
        pair = [
            array.sel(depth=depth).assign_coords(repetition=np.arange(array.sizes["repetition"]))
            for array in (weight, used["importance"])
        ]
        found = attention.agreement(*pair)
        row = {name: float(found[name]) for name in ("mean", "low", "high")}
        rows.append({"depth_m": depth, "rank_correlation": row.pop("mean"), **row})
    return pd.DataFrame(rows)


def of_attention(weights: xr.Dataset) -> pd.DataFrame:
    """The claims of section 4.4 on Fig 12, indexed by their id."""
    rows = {
        claim.id: _row(claim, WEIGHTS[claim.measure](claim, weights))
        for claim in _section("4.4")
        if claim.measure in WEIGHTS
    }
    return pd.DataFrame.from_dict(rows, orient="index")[COLUMNS]


def of_pictures(values: xr.Dataset, pictures: xr.Dataset) -> pd.DataFrame:
    """The claims of section 4.6, on Fig 14 and Fig 15, with the columns of ``claims.COLUMNS``.

    ``values`` of ``interpretation.attribution``, ``pictures`` (panel) with the measures order,
    direction and silhouette.
    """
    return judge.table(
        _row(claim, PICTURES[claim.measure](claim, values, pictures)) for claim in _section("4.6")
    )


def _section(section: str) -> list:
    table = published.claims()
    return list(table[table["section"] == section].itertuples())


def _row(claim, measured: Measured) -> dict:
    return judge.row(claim, f"{claim.id}: {claim.claim}", measured)


def _share(cases: list[Case]) -> Measured:
    """The share of claims that hold, with Wilson's interval."""
    if not cases:
        return Measured(missing="chapter 4.6 has not been run on this track and profile")
    n, held = len(cases), sum(one.beyond for one in cases)
    interval = binomtest(held, n).proportion_ci(method="wilson")
    return Measured(held / n, interval.low, interval.high, cases=tuple(cases))


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
        "shown": f"{weakest.names}, {weakest.n_sites} sites",
        "missing": f"; {missing}" if missing else "",
    }
    return Measured(
        *weakest[1:5],
        cases=tuple(Case(*pair[1:4]) for pair in pairs),
        words=words,
        why="{quantity}; {judged}; shown: {shown}{missing}",
    )


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
    lead, or the logarithm of a product of costs, mean over depths and repetitions."""
    if claim.quantity in COSTS:
        costs = (result[name].sel(model=model, drop=True) for name in COSTS[claim.quantity])
        return sum(np.log(cost) for cost in costs).mean(("depth", "repetition"))
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


MEANS = {"R2": "r2", "RMSE": "rmse"}
# Scores and the sign that makes their change from the first to the last lead a worsening.
CHANGES = {LOSS: ("r2", -1), "growth of RMSE from 1 to 7 days": ("rmse", 1)}
COSTS = {
    "time per 100 epochs": ["seconds_per_100_epochs"],
    "epochs to convergence": ["epochs_to_convergence"],
    "training time": ["seconds_per_100_epochs", "epochs_to_convergence"],
}
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


def _feature_weights(claim, weights: xr.Dataset) -> Measured:
    feature = weights["feature_weight"].mean("step")
    if feature.sizes["repetition"] < 2:
        return Measured(missing=f"{claim.why}; needs repetitions")
    between = float(feature.mean("repetition").std("depth").mean())
    return Measured(between / float(feature.std("repetition", ddof=1).mean()))


def _time_weights(claim, weights: xr.Dataset) -> Measured:
    days = weights["time_weight"].mean("repetition")
    rising = float((days.diff("step") > 0).mean("step").mean())
    last = float((days.argmax("step") == days.sizes["step"] - 1).mean())
    return Measured(rising, cases=(Case(last), Case(max(last, rising))), words={"last": last})


WEIGHTS = {"feature weights": _feature_weights, "time weights": _time_weights}


def _by_pair(claim, measure: dict[str, float]) -> Measured:
    """The least difference of all pairs of networks; those not run count as not as claimed."""
    pairs = [(a, b) for a in claim.subject for b in claim.reference]
    sign = SIGN[claim.relation]
    there = [sign * (measure[a] - measure[b]) for a, b in pairs if {a, b} <= set(measure)]
    cases = tuple(Case(value, sure=value > 0) for value in there)
    return Measured(min(there), cases=cases, n=len(pairs)) if there else NOT_RUN


def _width(claim, values: xr.Dataset, pictures) -> Measured:
    width = importance.width(values).max(("step", "feature"))
    return _by_pair(claim, dict(zip(width["model"].values, width.values.tolist(), strict=True)))


def _picture(claim, values, pictures: xr.Dataset) -> Measured:
    measured = pictures[claim.measure].values.tolist()
    return _by_pair(claim, dict(zip(pictures["panel"].values, measured, strict=True)))


def _effect(claim, values: xr.Dataset, pictures) -> Measured:
    """Sign of the rank correlation of soil temperature of the third day with its values."""
    effect = importance.effect(values).sel(step=3, feature="soil_temperature")
    found = {m: float(effect.sel(model=m)) for m in claim.subject if m in values["model"].values}
    if not found:
        return NOT_RUN
    words = ", ".join(f"{model} {value:+.2f}" for model, value in found.items())
    cases = tuple(Case(value, sure=value > 0) for value in found.values())
    return Measured(min(found.values()), cases=cases, n=len(claim.subject), words={"values": words})


def _latest_day(claim, values: xr.Dataset, pictures) -> Measured:
    if not set(claim.subject) <= set(values["model"].values):
        return Measured(missing="the network was not run")
    by_day = importance.mean_absolute(values).sel(model=claim.subject[0]).sum("feature")
    rising = float((by_day.diff("step") > 0).mean())
    share = float(by_day.isel(step=-1) / by_day.sum())
    return Measured(share, cases=(Case(rising), Case(share - 1 / by_day.size)))


def _similarity(values: xr.Dataset, a: str, b: str) -> float | None:
    if not {a, b} <= set(values["model"].values):
        return None
    return importance.similarity(values.sel(model=a), values.sel(model=b))


def _nearer(claim, values: xr.Dataset, pictures) -> Measured:
    """How much nearer a network is to the one it is likened to than to another."""
    names = (claim.reference[0], claim.against)
    found = [_similarity(values, claim.subject[0], name) for name in names]
    if None in found:
        return NOT_RUN
    near, far = (f"{name} {value:.2f}" for name, value in zip(names, found, strict=True))
    return Measured(found[0] - found[1], words={"near": near, "far": far})


def _likeness(claim, values: xr.Dataset, pictures) -> Measured:
    found = {model: _similarity(values, model, claim.reference[0]) for model in claim.subject}
    if None in found.values():
        return NOT_RUN
    words = ", ".join(f"{model} {value:.2f}" for model, value in found.items())
    cases = tuple(case(value >= claim.part) for value in found.values())
    words = {"values": words, "least": claim.part}
    return Measured(min(found.values()), cases=cases, words=words)


PICTURES = {
    "width": _width,
    "effect of ST3": _effect,
    "latest day": _latest_day,
    "nearer": _nearer,
    "likeness": _likeness,
    "order": _picture,
    "direction": _picture,
    "silhouette": _picture,
}
