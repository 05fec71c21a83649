"""What the results that Fang et al. (2019) state are judged by: counts, medians, slopes, leads.

``reproduced`` is a number of places (scaled to the paper's where this run has another), a score, or
a difference of scores. Intervals: Wilson's for a number of sites; for medians and differences
places drawn with replacement (neighbouring stations together, core sites singly); at a named site
blocks of days. The rules stand in ``soilbook.claims``.
"""

from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binomtest

from soilbook import claims as judge
from soilbook import metrics, published
from soilbook.claims import Case, Measured
from soilbook.errors import unknown
from soilbook.fang2019 import runs, s3_c_trends, statements
from soilbook.fang2019.statements import Evidence

SECTIONS = {
    "III-A": ("III-A.1", "III-A.2", "III-A.3", "Fig. 3", "Fig. 4"),
    "III-B": ("III-B",),
    "III-C": ("III-C", "Fig. 9"),
    "III-D": ("III-D",),
    "IV": ("IV",),
}
STAND_INS = "five stations of the sparse network stand in for the core sites"
DRAWN = {
    "core": "interval: sites drawn with replacement",
    "sparse": "interval: neighbouring stations drawn together",
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
    table = published.statements()
    part = table[table["section"].isin(SECTIONS[section]) & (table["kind"] == "result")]
    return _frame(_of_statement(statement, known) for statement in part.itertuples())


def of_discussion(forecast: xr.Dataset, fused: pd.DataFrame, winter: xr.DataArray) -> pd.DataFrame:
    """Four expectations of section III-D, which prints no number; columns of ``claims.COLUMNS``.

    ``forecast`` of ``retrievals.run``; ``fused`` of ``s3_d_discussion.paired``; ``winter`` (place)
    of ``retrievals.apart``, ubRMSE of LSTM.
    """
    parts = {"fusion": fused, "winter": winter}
    return _frame(
        _row(claim, DISCUSSION[claim.measure](claim, parts.get(claim.measure, forecast)))
        for claim in published.statements("discussion").itertuples()
    )


def conclusions(claims: pd.DataFrame) -> pd.DataFrame:
    """Conclusions of section IV in words, from the verdicts on the claims that each rests on.

    ``reproduced`` is the share of the testable ones that hold.
    """
    verdict_of = dict(zip(claims["claim"].str.partition(":")[0], claims["verdict"], strict=True))
    rows = []
    for claim in published.statements("conclusion").itertuples():
        judged = {key: verdict_of.get(key, judge.NOT_TESTABLE) for key in claim.needs}
        each = ", ".join(f"{key} {verdict}" for key, verdict in judged.items())
        testable = [verdict for verdict in judged.values() if verdict != judge.NOT_TESTABLE]
        held = sum(verdict in judge.HELD for verdict in testable)
        measured = Measured(
            held / len(testable) if testable else np.nan,
            cases=tuple(Case(one != judge.NOT, sure=one in judge.HELD) for one in testable),
            words={"some": testable.count(judge.PARTLY), "each": each},
            missing="" if testable else f"0 of 0 testable claims hold, 0 partly: {each}",
        )
        rows.append(_row(claim, measured))
    return _frame(rows)


def count(sections: dict[str, pd.DataFrame], reference: pd.DataFrame | None = None) -> pd.DataFrame:
    """How many claims have which verdict, by section, in this run and in a reference run's."""
    claims = pd.concat(sections, names=["section"]).reset_index("section").assign(run="this run")
    if reference is not None:
        known = claims[["section", "claim"]].merge(reference[["claim", "verdict"]], on="claim")
        claims = pd.concat([claims, known.assign(run="observed reference")])
    return pd.crosstab(claims["section"], [claims["run"], claims["verdict"]])


def _frame(rows) -> pd.DataFrame:
    numbers = ("published", "reproduced", "low", "high")
    return judge.table(rows).astype(dict.fromkeys(numbers, float))


def _row(claim, measured: Measured, note: str = "") -> dict:
    named = f" ({claim.site})" if claim.site and not statements.network(claim) else ""
    row = judge.row(claim, f"{claim.id}: {claim.statement}{named}", measured)
    return row | {"why": row["why"] + note}


def _of_statement(statement, known: Evidence) -> dict:
    if not statement.measure:
        return _row(statement, Measured())
    needed, measure = MEASURES[statement.measure]
    network = statements.network(statement)
    needed = needed or network or "core"
    evidence = getattr(known, needed)
    if evidence is None:
        return _row(statement, Measured(missing=NOT_RUN[needed]))
    stand_in = network and evidence.attrs.get("stand_in")
    note = f"; {STAND_INS}" if stand_in else ""
    return _row(statement, measure(statement, evidence, known), note)


@runs.nan_of_nothing()
def _quantile(array: np.ndarray, share: float = 0.5) -> float:
    """Quantile over places; NaN places are left out."""
    return float(np.nanquantile(array, share))


def _count(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Number of sites at which it holds, scaled to the paper's number of sites.

    The interval is Wilson's (1927, doi 10.1080/01621459.1927.10502953) for the share of sites:
    sites drawn with replacement would leave no interval where all or none of them hold.
    """
    among = statement.among_words
    if statement.measure == "one-year count" and known.one_year is None:
        n, among = 0, " with a one-year test against SMAP in this run"
    else:
        holds, valid = statements.holding(statement, scores, known)
        n, k = int(valid.sum()), int(holds[valid].sum())
    if not n:
        return Measured(missing=f"no site{among} has the scores")
    # A claim within a choice of sites names all of them.
    of = statement.count if statement.among else statement.of
    share = binomtest(k, n).proportion_ci(method="wilson")
    why = f"{k} of {n} sites{among}, published {statement.count:.0f} of {of:.0f}; "
    numbers = (float(part * of) for part in (k / n, share.low, share.high))
    return Measured(*numbers, statement.count, why=why + "interval: Wilson's")


def _median(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    own = statements.own(statement, scores)
    there = np.isfinite(own) & statements.among(statement, scores, known)
    n, note = int(there.sum()), statement.among_words
    if not n:
        return Measured(missing=f"no place{note}")
    groups = runs.neighbours(scores)[there]
    low, high = runs.interval(_quantile, own[there], groups, **known.draws)
    why = f"median of {n} places{note}; {DRAWN[scores.attrs['kind']]}"
    return Measured(_quantile(own[there]), low, high, statement.value, why=why)


def _difference(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Of several references the one nearest to a contradiction is shown."""
    against, quantity = statements.reference(statement), statement.quantity
    share = 0.75 if quantity.startswith("75th percentile") else 0.5
    paired = quantity in statements.SCORES
    statistic = partial(_of_pairs, share=share, paired=paired)
    own = statements.scored(scores, quantity, statements.subject(statement))
    among = statements.among(statement, scores, known)[:, None, None]
    groups, candidates = runs.neighbours(scores), []
    for product in against.products:
        other = statements.scored(scores, quantity, against._replace(products=(product,)))
        pairs = np.stack([own, other], axis=-1)
        both = np.isfinite(pairs).all(axis=-1, keepdims=True) & among
        pairs = np.where(both, pairs, np.nan)
        there = both.any(axis=(1, 2))
        if there.any():
            bounds = runs.interval(statistic, pairs[there], groups[there], **known.draws)
            candidates.append((statistic(pairs), *bounds, product, int(there.sum())))
    if not candidates:
        return Measured(missing="no place has both scores")
    sign = 1 if statement.relation == ">" else -1
    *numbers, product, n = min(candidates, key=lambda one: sign * one[0])
    rule = f"claimed {'above' if sign > 0 else 'below'} zero"
    if statement.rule == "alike":
        rule = f"called alike within {statement.margin:g}"
    kind = "median of paired differences" if paired else f"difference of {quantity}"
    other = statement.compared_with if len(against.products) == 1 else product
    why = f"{kind} from {other}, {n} places, {rule}; {DRAWN[scores.attrs['kind']]}"
    return Measured(*numbers, why=why)


def _of_pairs(pairs: np.ndarray, share: float, paired: bool) -> float:
    """Statistic of the differences in (place, cell, [own, other]), or difference of both's."""
    own, other = pairs[..., 0], pairs[..., 1]
    if paired:
        return _quantile(statements.over_cells(own - other), share)
    own, other = (_quantile(statements.over_cells(one), share) for one in (own, other))
    return own - other


def _lowest(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Whether some stations lie below a bound, and the lowest of them."""
    own = statements.own(statement, scores)
    own = own[np.isfinite(own) & statements.among(statement, scores, known)]
    if not own.size:
        return Measured(missing=f"no station in the {statement.among}")
    cases = tuple(Case(statement.value - one, sure=one < statement.value) for one in own)
    return Measured(float(own.min()), published=statement.value, cases=cases)


def _at_site(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """A claim about one site: shown where there is a virtual site of that name, never judged."""
    site, quantity, what = statement.site, statement.quantity, statements.subject(statement)
    if scores.attrs.get("data") == "observed":
        return Measured(missing=f"no public series of {site}; {STAND_INS}")
    if site not in scores["place"].values:
        return Measured(missing=f"{site} is not among the places")
    value = float(statements.scored(scores.sel(place=[site]), quantity, what)[0, 0])
    if np.isnan(value):
        return Measured(missing=f"no score at {site}")
    if known.core_result is None:
        return Measured(value, published=statement.value, words={"interval": ""})
    bounds = statements.over_days(known.core_result, site, quantity, what, known.draws)
    words = {"interval": "; interval: blocks of days"}
    return Measured(value, *bounds, statement.value, words=words)


def _slopes(statement, trends: xr.Dataset, known: Evidence) -> Measured:
    group = next(name for name, (*_, key) in s3_c_trends.GROUPS.items() if key == statement.id)
    table = s3_c_trends.agreement(trends, ["LSTM"], [group], **known.draws)
    row = table.iloc[0]
    if np.isnan(row["r"]):
        return Measured(missing=f"{group}: {row['why'] or 'slopes do not vary'}")
    numbers = row["r"], row["r_low"], row["r_high"]
    return Measured(*numbers, statement.value, words={"places": row["n_places"]})


def _small_trends(statement, trends: xr.Dataset, known: Evidence) -> Measured:
    part = s3_c_trends.members(trends, ("core", "sparse"))
    if not part.sizes["place"]:
        return Measured(missing="no place passes the rules of the trends")
    size = np.abs(part["percent"])
    small = (size.sel(series=s3_c_trends.IN_SITU) < statement.value).values
    alike = (size.sel(series="LSTM") < statement.value).values[small]
    bounds = runs.interval(np.mean, small.astype(float), runs.neighbours(part), **known.draws)
    words = {"places": small.size, "alike": int(alike.sum()), "small": alike.size}
    return Measured(float(small.mean()), *bounds, words=words)


# By the measure of a claim: what it needs of the evidence ("": scores of the network it is about,
# else of the core sites), and the function that takes this and all that is known.
MEASURES = {
    "count": ("", _count),
    "one-year count": ("", _count),
    "median": ("", _median),
    "difference": ("", _difference),
    "lowest": ("", _lowest),
    "site": ("", _at_site),
    "slopes": ("trends", _slopes),
    "small trends": ("trends", _small_trends),
}


def _differences(forecast: xr.Dataset, other: str) -> list[Case]:
    """Median RMSE of the forecast minus that of another predictor, by lead."""
    names = ("difference_rmse", "difference_rmse_low", "difference_rmse_high")
    values = (forecast[name].sel(predictor=other).values for name in names)
    return [Case(*one) for one in zip(*values, strict=True)]


def _observations(claim, forecast: xr.Dataset) -> Measured:
    cases = _differences(forecast, "hindcast")
    weakest = int(np.argmax([one.value for one in cases]))
    words = {"lead": forecast["lead"].values[weakest]}
    return Measured(*cases[weakest][:3], cases=tuple(cases), words=words)


def _weather(claim, forecast: xr.Dataset) -> Measured:
    cases = [one.turned() for one in _differences(forecast, "forecast, usual weather")]
    rmse = forecast["median_rmse"].sel(predictor="forecast").values
    share = np.array([one.value for one in cases]) / rmse
    beyond = sum(one.beyond for one in cases)
    words = {"beyond": beyond, "leads": len(cases), "heavy": int((share > claim.margin).sum())}
    words |= {"lead": forecast["lead"].values[-1], "share": share[-1]}
    # Wholly: a heavy loss at some lead, where the loss is sure at all of them.
    heaviest = share.max() if beyond == len(cases) else -np.inf
    return Measured(*cases[-1][:3], cases=(Case(heaviest), Case(beyond)), words=words)


def _fusion(claim, fused: pd.DataFrame) -> Measured:
    rows = fused[np.isfinite(fused["difference"])]
    if rows.empty:
        return Measured(missing="no place in both periods")
    best = rows.loc[rows["difference"].idxmin()]
    cases = tuple(
        Case(-difference, sure=verdict == "better")
        for difference, verdict in zip(rows["difference"], rows["verdict"], strict=True)
    )
    words = {"scheme": best["scheme"], "layer": best["layer"], "places": best["n_places"]}
    words["worse"] = int((rows["verdict"] == "worse").sum())
    return Measured(best["difference"], best["low"], best["high"], cases=cases, words=words)


def _winter(claim, apart: xr.DataArray) -> Measured:
    n = int(apart.notnull().sum())
    if n < claim.least:
        why = f"{n} places have in situ in both kinds of months; needs {claim.least:g}"
        return Measured(missing=why)
    found = metrics.mean_over_sites(apart.values)
    return Measured(*map(float, (found.value, found.low, found.high)), words={"places": n})


DISCUSSION = {
    "observations": _observations,
    "weather": _weather,
    "fusion": _fusion,
    "winter": _winter,
}
