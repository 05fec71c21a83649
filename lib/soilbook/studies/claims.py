"""What the authors claim of their models, held against this run: one row a claim, with a verdict.

A claim compares models. For each pair (subject, reference) the difference of the quantity, turned
so that a positive one agrees with the claim, is averaged over the depths and leads that the claim
names; its mean over sites has a 95 % interval with sites as clusters. A claim about several pairs
is as strong as its weakest. What changes with the lead alone compares a model with itself.
"""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binomtest

from soilbook import metrics, models, published
from soilbook.studies.claim_pairs import COSTS, OVER_LEADS, READING, Pair, compared

COLUMNS = ["claim", "published", "reproduced", "low", "high", "verdict", "why"]
# A difference within these bounds is called similar: R2 or m3 m-3, and a factor of time or epochs.
SIMILAR_SCORE, SIMILAR_FACTOR = 0.01, 1.25


def verdicts(result: xr.Dataset, section: str, judged: pd.DataFrame | None = None) -> pd.DataFrame:
    """All claims of a section of Wang et al. (2024): columns of COLUMNS, differences as above.

    Units: R2 (1), RMSE (m3 m-3), and for times and epochs the natural logarithm of the ratio.
    ``judged`` holds rows, indexed by the claims' id, that are decided elsewhere.
    """
    claims = published.claims()
    rows = [
        dict(judged.loc[claim.id])
        if judged is not None and claim.id in judged.index
        else _row(claim, result)
        for claim in claims[claims["section"] == section].itertuples()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


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


def of_pictures(claims_46: pd.DataFrame | None) -> pd.DataFrame:
    """Claims 5-14 and 5-15, that networks use and encode data unlike, from those of section 4.6.

    ``claims_46`` are the rows that chapter 4.6 left: claims of likeness there speak against a
    difference here. None if that chapter has not been run. The interval of the share is Wilson's
    (1927, doi 10.1080/01621459.1927.10502953).
    """
    texts = published.claims().set_index("id")["claim"]
    groups = {"5-14": (range(1, 10), "Shapley values"), "5-15": (range(10, 13), "t-SNE")}
    rows = {}
    for key, (numbers, what) in groups.items():
        found = pd.DataFrame(columns=COLUMNS)
        if claims_46 is not None:
            keys = tuple(f"4.6-{number}:" for number in numbers)
            found = claims_46[claims_46["claim"].str.startswith(keys)]
        n = len(found)
        held = int(found["verdict"].isin(["reproduced", "partly"]).sum())
        verdict, why = "not testable", "chapter 4.6 has not been run on this track and profile"
        share = low = high = np.nan
        if n:
            verdict = "reproduced" if held == n else "partly" if held else "not"
            why = (
                f"{held} of the {n} claims of section 4.6 on {what} hold at least in part; "
                "interval: Wilson's"
            )
            share = held / n
            low, high = binomtest(held, n).proportion_ci(method="wilson")
        cells = [f"{key}: {texts[key]}", np.nan, share, low, high, verdict, why]
        rows[key] = dict(zip(COLUMNS, cells, strict=True))
    return pd.DataFrame.from_dict(rows, orient="index")


def against_persistence(value: xr.Dataset, change: xr.Dataset) -> pd.DataFrame:
    """Two statements of this book, from ``insitu.gains`` of both formulations.

    The best network lies above persistence at every depth and lead, and beyond chance in most.
    """
    rows = []
    for name, gains in (("value", value), ("change", change)):
        networks = gains.sel(model=[m for m in gains["model"].values if m in models.NETWORKS])
        above = int((networks["gain"].max("model") > 0).sum())
        cells = networks.sizes["depth"] * networks.sizes["lead"]
        sure = int(((networks["gain"] > 0) & (networks["p"] < 0.05)).any("model").sum())
        verdict = "reproduced" if above == cells and sure >= 13 / 15 * cells else "partly"
        rows.append(
            {
                "claim": f"networks that predict the {name} beat persistence everywhere",
                "published": np.nan,
                "reproduced": above,
                "low": np.nan,
                "high": np.nan,
                "verdict": verdict if above else "not",
                "why": f"{above} of {cells} depths and leads with a network above persistence, "
                f"{sure} beyond chance after correction, {gains.attrs['n_sites']} sites; "
                "a statement of this book, not of the paper",
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(claim, result: xr.Dataset) -> dict:
    pairs, missing = compared(claim, result)
    label = f"{claim.id}: {claim.claim}"
    if not pairs:
        return dict(zip(COLUMNS, [label, *[np.nan] * 4, "not testable", missing], strict=True))
    weakest = min(pairs, key=lambda pair: pair.value)
    if claim.relation in ("no better", "similar"):
        weakest = max(pairs, key=lambda pair: abs(pair.value))
    verdict, why = _judge(claim, pairs)
    quantity = (
        f"log of the ratio of {claim.quantity}" if claim.quantity in COSTS else claim.quantity
    )
    why = f"{quantity}; {why}; shown: {weakest.names}, {weakest.n_sites} sites"
    return {
        "claim": label,
        "published": weakest.published,
        "reproduced": weakest.value,
        "low": weakest.low,
        "high": weakest.high,
        "verdict": verdict,
        "why": f"{why}; {missing}" if missing else why,
    }


def _judge(claim, pairs: list[Pair]) -> tuple[str, str]:
    n = len(pairs)
    if claim.relation == "no better":
        holds = [pair.low <= 0 for pair in pairs]
        return _graded(sum(holds), n, "pairs without a gain that the interval separates from zero")
    if claim.relation == "similar":
        bound = _similar_bound(claim.quantity)
        holds = [-bound <= pair.low and pair.high <= bound for pair in pairs]
        near = [abs(pair.value) <= bound for pair in pairs]
        verdict = "reproduced" if all(holds) else "partly" if any(near) else "not"
        return verdict, f"{sum(holds)} of {n} intervals within {bound:.3g} of zero"
    right = sum(pair.value > 0 for pair in pairs)
    sure = sum(pair.low > 0 for pair in pairs)
    verdict = "reproduced" if sure == n else "partly" if right else "not"
    what = "cases" if claim.quantity in OVER_LEADS else "pairs"
    return verdict, f"{right} of {n} {what} in the claimed direction, {sure} beyond their interval"


def _graded(holds: int, n: int, what: str) -> tuple[str, str]:
    verdict = "reproduced" if holds == n else "partly" if holds else "not"
    return verdict, f"{holds} of {n} {what}"


def _similar_bound(quantity: str) -> float:
    return np.log(SIMILAR_FACTOR) if quantity in COSTS else SIMILAR_SCORE
