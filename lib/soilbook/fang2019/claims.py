"""The claims of Fang et al. (2019), by section, with their verdicts.

What is measured stands in ``measures``, the rules in ``soilbook.claims``.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import claims as judge
from soilbook import published
from soilbook.claims import Measured
from soilbook.errors import unknown
from soilbook.fang2019 import hindcast as products
from soilbook.fang2019 import statements
from soilbook.fang2019.measures import DISCUSSION, OF_SCORES, OF_TRENDS, SINGLE
from soilbook.fang2019.statements import Evidence

FAMILY = ("layer", "period")  # Holm corrects over the products at each of them
SECTIONS = {
    "III-A": ("III-A.1", "III-A.2", "III-A.3", "Fig. 3", "Fig. 4"),
    "III-B": ("III-B",),
    "III-C": ("III-C", "Fig. 9"),
    "III-D": ("III-D",),
    "IV": ("IV",),
}
NOT_RUN = {
    "core": "the core sites have not been run",
    "sparse": "the sparse network has not been run",
    "trends": "trends have not been computed",
}


def verdicts(section: str, n_replicates: int = 1000, seed: int = 0, **evidence) -> pd.DataFrame:
    """All claims of a section (a name of SECTIONS), columns of ``claims.COLUMNS``.

    ``evidence``: fields of ``Evidence``, each optional. What is not given makes its claims "not
    testable". Section III-D states no number; its frame is empty. Raises ParameterError for another
    section.
    """
    if section not in SECTIONS:
        raise unknown("section", section, SECTIONS)
    known = Evidence({"n_replicates": n_replicates, "seed": seed}, **evidence)
    table = published.statements("result", "worded")
    part = table[table["section"].isin(SECTIONS[section])]
    return _frame(_of_statement(statement, known) for statement in part.itertuples())


def paired(
    scored: xr.Dataset, metric: str, a: str | Sequence[str], b: str, **draws
) -> pd.DataFrame:
    """``hindcast.paired`` of scores of a hindcast, Holm's correction over the products of each
    layer and period: every layer and period is a question of its own."""
    return products.paired(scored, metric, a, b, family=FAMILY, **draws)


def of_discussion(
    forecast: xr.Dataset,
    fused: pd.DataFrame,
    winter: xr.DataArray,
    hindcast: xr.Dataset | None = None,
    data: str = "observed",
) -> pd.DataFrame:
    """What section III-D says without a number; columns of ``claims.COLUMNS``.

    ``forecast`` of ``retrievals.run``; ``fused`` of ``s3_d_discussion.paired``; ``winter`` (place)
    of ``retrievals.apart``, ubRMSE of LSTM; ``hindcast`` of ``hindcast.run``; ``data``: the track.
    """
    parts = {"fusion": fused, "winter": winter, "decay": hindcast}
    rows = []
    for claim in published.statements("discussion").itertuples():
        measured = Measured()
        if claim.measure:
            measured = DISCUSSION[claim.measure](claim, parts.get(claim.measure, forecast))
        rows.append(_row(claim, measured, data))
    return _frame(rows)


def conclusions(claims: pd.DataFrame, data: str = "observed") -> pd.DataFrame:
    """Conclusions of section IV in words, from the verdicts on the claims that each rests on.

    ``reproduced`` is the share of the decided ones that hold; what this run cannot tell decides
    nothing.
    """
    verdict_of = dict(zip(claims["claim"].str.partition(":")[0], claims["verdict"], strict=True))
    rows = []
    for claim in published.statements("conclusion").itertuples():
        judged = {key: verdict_of.get(key, judge.NOT_TESTABLE) for key in claim.needs}
        each = ", ".join(f"{key} {verdict}" for key, verdict in judged.items())
        decided = [verdict for verdict in judged.values() if verdict in judge.DECIDED]
        held, open_ = sum(verdict in judge.HELD for verdict in decided), judge.CANNOT_TELL
        nothing = f"none of {len(judged)} claims is decided: {each}"
        measured = Measured(
            held / len(decided) if decided else np.nan,
            cases=tuple(judge.case(one in judge.HELD) for one in decided),
            words={"some": decided.count(judge.PARTLY), "each": each},
            missing="" if decided or open_ in judged.values() else nothing,
            unclear="" if decided else nothing,
        )
        rows.append(_row(claim, measured, data))
    return _frame(rows)


def count(sections: dict[str, pd.DataFrame], reference: pd.DataFrame | None = None) -> pd.DataFrame:
    """How many claims have which verdict, by section, in this run and in a reference run's."""
    claims = pd.concat(sections, names=["section"]).reset_index("section")
    runs = {"this run": claims[["section", "verdict"]]}
    if reference is not None:
        known = claims[["section", "claim"]].merge(reference[["claim", "verdict"]], on="claim")
        runs["observed reference"] = known[["section", "verdict"]]
    long = pd.concat(runs, names=["run"]).reset_index("run")
    return pd.crosstab(long["section"], [long["run"], long["verdict"]])


def _frame(rows) -> pd.DataFrame:
    numbers = ("published", "reproduced", "low", "high")
    return judge.table(rows).astype(dict.fromkeys(numbers, float))


def _row(claim, measured: Measured, track: str) -> dict:
    named = f" ({claim.site})" if claim.site and not statements.network(claim) else ""
    return judge.row(claim, f"{claim.id}: {claim.statement}{named}", measured, track)


def _of_statement(statement, known: Evidence) -> dict:
    network = statements.network(statement)
    if not statement.measure:
        return _row(statement, Measured(), known.track)
    if statement.measure in OF_TRENDS:
        needed, measure = "trends", OF_TRENDS[statement.measure]
    else:
        needed, measure = network or "core", OF_SCORES[statement.measure]
    evidence = getattr(known, needed)
    if evidence is None:
        return _row(statement, Measured(missing=NOT_RUN[needed]), known.track)
    measured = measure(statement, evidence, known)
    if network == "core" and evidence.attrs.get("stand_in") and not measured.missing:
        # Shown, not judged.
        measured = replace(measured, published=np.nan, missing=SINGLE)
    return _row(statement, measured, known.track)
