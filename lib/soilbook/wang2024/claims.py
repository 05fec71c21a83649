"""The claims of Wang et al. (2024) and of this book on them, by section, with their verdicts.

What scores and costs say of a claim is measured in ``pairs``, what figures say in ``pictures``; the
rules stand in ``soilbook.claims``.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import claims as judge
from soilbook import metrics, models, published
from soilbook.claims import COLUMNS, Case, Claim, Measured
from soilbook.wang2024.pairs import READING, SCORED, UNDECIDED, compared
from soilbook.wang2024.pictures import means, of_attention, of_pictures, weights_against_use

__all__ = [
    "COLUMNS",
    "against_persistence",
    "compared",
    "means",
    "of_attention",
    "of_clock",
    "of_pictures",
    "of_section_46",
    "of_sweep",
    "paired",
    "verdicts",
    "weights_against_use",
]

FAMILY = ("depth", "lead")  # Holm corrects over the models at each of them
PAPER_WEIGHT = 1e-7  # lambda of eq 18
ELSEWHERE = {
    "clock": Measured(unclear="no clock of single trainings was run"),
    "sweep": Measured(unclear="no sweep of the weight was run"),
    "unlike values": Measured(missing="chapter 4.6 has not been run with these rules"),
    "unlike pictures": Measured(missing="chapter 4.6 has not been run with these rules"),
}


def verdicts(result: xr.Dataset, section: str, judged: pd.DataFrame | None = None) -> pd.DataFrame:
    """All claims of a section: columns of ``claims.COLUMNS``, differences as above.

    Units: R2 (1), RMSE (m3 m-3), and for times and epochs the natural logarithm of the ratio.
    ``judged`` holds rows, indexed by the claims' id, that are decided elsewhere.
    """
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


def of_section_46(claims_46: pd.DataFrame | None) -> pd.DataFrame:
    """Claims 5-14 and 5-15, that networks use and encode data unlike, as section 4.6 judged them.

    ``claims_46`` are the rows that chapter 4.6 left, None if it has not been run. Rows are indexed
    by their id.
    """
    known = (
        pd.DataFrame(columns=COLUMNS) if claims_46 is None else claims_46.reindex(columns=COLUMNS)
    )
    known = known.set_index(known["claim"].astype(str).str.split(":").str[0])
    rows = {}
    for claim in published.claims("5").itertuples():
        if claim.measure in ELSEWHERE:
            own = known.loc[claim.id].to_dict() if claim.id in known.index else None
            rows[claim.id] = own or judge.labelled(claim, ELSEWHERE[claim.measure])
    return pd.DataFrame.from_dict(rows, orient="index")


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


def _too_few(gains: xr.Dataset, level: float = 0.05) -> str:
    smallest = gains.attrs.get("smallest_p", 0.0)
    return f"n too small: smallest possible p {smallest:.2g}" if smallest >= level else ""


def against_persistence(value: xr.Dataset, change: xr.Dataset) -> pd.DataFrame:
    """Two statements of this book, from ``runs.gains`` of both formulations.

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
            unclear=_too_few(gains),
        )
        label = f"networks that predict the {name} beat persistence everywhere"
        rows.append(judge.row(most, label, measured, gains.attrs.get("data", "observed")))
    return judge.table(rows)
