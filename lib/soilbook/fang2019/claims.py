"""What the results that Fang et al. (2019) state are judged by: counts, medians, slopes, leads.

``reproduced`` is a number of places (scaled to the paper's where this run has another), a score, or
a difference of scores. Intervals: Wilson's for a number of sites; for medians and differences
places drawn with replacement (neighbouring stations together, core sites singly); at a named site
blocks of days. The rules stand in ``soilbook.claims``.
"""

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binomtest

from soilbook import claims as judge
from soilbook import metrics, published
from soilbook.claims import Case, Measured
from soilbook.errors import unknown
from soilbook.studies.smap import place_draws, trend_agreement
from soilbook.studies.smap.seasons import Apart
from soilbook.studies.smap.trend_slopes import IN_SITU

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
LAYERS = {"surface": ("surface",), "root zone": ("rootzone",), "": ("surface", "rootzone")}
PERIODS = {"AL": ("AL",), "PL": ("PL",), "": ("AL", "PL"), "PL - AL": ("PL",)}
SCORES = {"ubRMSE": "ubrmse", "R": "r"}
NAMES = {"LSTM+Noah": "Comb"}


@dataclass(frozen=True)
class Evidence:
    """Scores, slopes and series of a run; None is what has not been run.

    ``core`` and ``sparse``: ``hindcast.scores``; ``trends``: ``trend_slopes.slopes`` of both kinds
    together; ``one_year`` (place): R of the one-year test with SMAP at the core sites' pixels;
    ``core_result``: ``hindcast.run``, for intervals at single sites.
    """

    core: xr.Dataset | None = None
    sparse: xr.Dataset | None = None
    trends: xr.Dataset | None = None
    one_year: xr.DataArray | None = None
    core_result: xr.Dataset | None = None
    n_replicates: int = 1000
    seed: int = 0

    @property
    def draws(self) -> dict[str, int]:
        """How often places are drawn, and from which seed."""
        return {"n_replicates": self.n_replicates, "seed": self.seed}


def verdicts(section: str, **evidence) -> pd.DataFrame:
    """All claims of a section (a name of SECTIONS), columns of ``claims.COLUMNS``.

    ``evidence``: fields of ``Evidence``, each optional. What is not given makes its claims "not
    testable". Section III-D states no number; its frame is empty. Raises ParameterError for another
    section.
    """
    if section not in SECTIONS:
        raise unknown("section", section, SECTIONS)
    known = Evidence(**evidence)
    table = published.statements()
    part = table[table["section"].isin(SECTIONS[section]) & (table["kind"] == "result")]
    return _frame(_row(statement, known) for statement in part.itertuples())


def of_discussion(forecast: xr.Dataset, fused: pd.DataFrame, winter: Apart) -> pd.DataFrame:
    """Four expectations of section III-D, which prints no number; columns of ``claims.COLUMNS``.

    ``forecast`` of ``satellite_forecast.run``; ``fused`` of ``fusion.paired`` (ubRMSE); ``winter``
    of ``seasons.apart``, LSTM's ubRMSE in months with few retrievals minus that in months with
    many.
    """
    measures = {
        "observations": partial(_observations, forecast),
        "weather": partial(_weather, forecast),
        "fusion": partial(_fusion, fused),
        "winter": partial(_winter, winter),
    }
    return _frame(
        judge.row(claim, f"{claim.id}: {claim.statement}", measures[claim.measure](claim))
        for claim in published.statements("discussion").itertuples()
    )


def conclusions(claims: pd.DataFrame) -> pd.DataFrame:
    """Conclusions of section IV in words, from the verdicts on the claims that each rests on.

    ``reproduced`` is the share of the testable ones that hold.
    """
    verdict_of = dict(
        zip(claims["claim"].str.partition(":")[0], claims["verdict"], strict=True)
    )
    rows = []
    for claim in published.statements("conclusion").itertuples():
        judged = {key: verdict_of.get(key, judge.NOT_TESTABLE) for key in claim.needs}
        each = ", ".join(f"{key} {verdict}" for key, verdict in judged.items())
        testable = [verdict for verdict in judged.values() if verdict != judge.NOT_TESTABLE]
        held = [verdict in judge.HELD for verdict in testable]
        some = [verdict == judge.PARTLY for verdict in testable]
        cases = tuple(Case(float(a or b), sure=a) for a, b in zip(held, some, strict=True))
        measured = Measured(
            sum(held) / len(testable) if testable else np.nan,
            cases=cases,
            words={"some": sum(some), "each": each},
            missing="" if testable else f"0 of 0 testable claims hold, 0 partly: {each}",
        )
        rows.append(judge.row(claim, f"{claim.id}: {claim.statement}", measured))
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


def _row(statement, known: Evidence) -> dict:
    network = _network(statement)
    named = f" ({statement.site})" if statement.site and not network else ""
    scores = known.sparse if network == "sparse" else known.core
    on_scores = statement.measure not in ("", "slopes", "small trends")
    if on_scores and scores is None:
        of = "the sparse network has" if network == "sparse" else "the core sites have"
        measured = Measured(missing=f"{of} not been run")
    else:
        measured = MEASURES[statement.measure](statement, scores, known)
    row = judge.row(statement, f"{statement.id}: {statement.statement}{named}", measured)
    if on_scores and network and scores is not None and scores.attrs.get("stand_in"):
        row["why"] += f"; {STAND_INS}"
    return row


def _network(statement) -> str:
    """ "core" or "sparse" where the statement is about a network, "" at a named site."""
    if statement.site.startswith("core"):
        return "core"
    return "sparse" if "CRN sites" in statement.site else ""


@dataclass(frozen=True)
class Subject:
    """Products and the layers and periods at which they are looked at."""

    products: tuple[str, ...]
    layers: tuple[str, ...] = ("surface",)
    periods: tuple[str, ...] = ("AL",)


def _subject(statement) -> Subject:
    """The product a statement is about."""
    products = tuple(NAMES.get(name, name) for name in statement.product.split(";"))
    return Subject(products, LAYERS[statement.layer], PERIODS[statement.period])


def _reference(statement) -> Subject | None:
    """What it is compared with; "LSTM, AL" and "LSTM, surface" name a period or a layer.

    SMAP has no prelaunch days: a hindcast is held against SMAP after launch.
    """
    if not statement.compared_with:
        return None
    names, _, where = statement.compared_with.partition(", ")
    own = _subject(statement)
    layers, periods = own.layers, own.periods
    if where and where in LAYERS:
        layers = LAYERS[where]
    elif where:
        periods = PERIODS[where]
    elif names == "SMAP" and periods == ("PL",):
        periods = ("AL",)
    return Subject(tuple(NAMES.get(name, name) for name in names.split(";")), layers, periods)


def _scored(scores: xr.Dataset, quantity: str, what: Subject) -> np.ndarray:
    """The score of each place and cell (place, cell), cells being layers and periods.

    A "change of" a score is prelaunch minus after launch. Of several products the best counts.
    """
    name = SCORES[quantity.split()[-1]]
    best = np.fmax if name == "r" else np.fmin
    part = scores[name].sel(layer=list(what.layers))
    found = None
    for product in what.products:
        one = part.sel(product=product)
        if quantity.startswith("change of "):
            one = one.sel(period="PL") - one.sel(period="AL")
            values = one.transpose("place", "layer").values
        else:
            one = one.sel(period=list(what.periods)).transpose("place", "layer", "period")
            values = one.values.reshape(one.sizes["place"], -1)
        found = values if found is None else best(found, values)
    return np.asarray(found, float)


def _over_cells(values: np.ndarray) -> np.ndarray:
    """Mean over the cells that a place has (place,); NaN where it has none."""
    there = np.isfinite(values)
    n = there.sum(axis=1)
    total = np.where(there, values, 0).sum(axis=1)
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)


def _own(statement, scores: xr.Dataset) -> np.ndarray:
    """What a statement is about, a number for each place."""
    return _over_cells(_scored(scores, statement.quantity, _subject(statement)))


def _quantile(array: np.ndarray, share: float = 0.5) -> float:
    """Quantile over places; NaN places are left out."""
    with warnings.catch_warnings():
        # A draw without a value gives NaN, as it should.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return float(np.nanquantile(array, share))


def _interval(statistic, array: np.ndarray, scores: xr.Dataset, known: Evidence) -> tuple:
    """Interval of a statistic of ``array`` (place, ...): stations of a neighbourhood are drawn
    together, core sites singly."""
    groups = None
    if scores.attrs.get("kind") == "sparse":
        groups = place_draws.neighbours(scores["latitude"].values, scores["longitude"].values)
    return place_draws.interval(statistic, array, groups, **known.draws)


def _among(statement, scores: xr.Dataset, known: Evidence) -> np.ndarray:
    """The places a statement is about (place,): all, a choice by name, or those at which another
    statement holds, or does not."""
    bounds = statement.among_bounds
    if not statement.among:
        return np.ones(scores.sizes["place"], bool)
    if statement.among == "north-east":
        return (scores["latitude"].values >= bounds[0]) & (scores["longitude"].values >= bounds[1])
    if statement.among == "SMAP far":
        smap = Subject(("SMAP",), LAYERS[statement.layer])
        return _over_cells(_scored(scores, "ubRMSE", smap)) > bounds[0]
    if statement.among == "SMAP above Noah":  # after launch, in either layer
        smap, noah = (_scored(scores, "R", Subject((p,), LAYERS[""])) for p in ("SMAP", "Noah"))
        return (smap > noah).any(axis=1)
    denied, _, key = statement.among.rpartition(" ")
    (base,) = (one for one in published.statements().itertuples() if one.id == key)
    holds, valid = _holding(base, scores, known)
    return valid & (holds != bool(denied))


def _holding(statement, scores: xr.Dataset, known: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Whether a statement holds at each place, and whether that can be told."""
    if statement.measure == "one-year count":
        # R of the one-year test with SMAP above R of SMAP with the probes by the lower bound.
        smap = _scored(scores, "R", Subject(("SMAP",)))[:, 0]
        difference = known.one_year.reindex(place=scores["place"].values).values - smap
        return difference >= statement.value, np.isfinite(difference)
    against = _reference(statement)
    own = _scored(scores, statement.quantity, _subject(statement))
    other = 0.0 if against is None else _scored(scores, statement.quantity, against)
    difference = _over_cells(own - other)
    if against is None:
        holds = judge.HOLDS[statement.relation](difference, statement.value)
    elif statement.relation == "about":
        holds = np.abs(difference) <= statement.margin
    else:
        holds = judge.HOLDS[statement.relation](difference, 0)
    return holds, np.isfinite(difference) & _among(statement, scores, known)


def _count(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Number of sites at which it holds, scaled to the paper's number of sites.

    The interval is Wilson's (1927, doi 10.1080/01621459.1927.10502953) for the share of sites:
    sites drawn with replacement would leave no interval where all or none of them hold.
    """
    if statement.measure == "one-year count" and known.one_year is None:
        where = "with a one-year test against SMAP in this run"
        return Measured(missing=f"no site {where} has the scores")
    holds, valid = _holding(statement, scores, known)
    n, k = int(valid.sum()), int(holds[valid].sum())
    if not n:
        return Measured(missing=f"no site{statement.among_words} has the scores")
    # A claim within a choice of sites names all of them.
    of = statement.count if statement.among else statement.of
    share = binomtest(k, n).proportion_ci(method="wilson")
    why = (
        f"{k} of {n} sites{statement.among_words}, published {statement.count:.0f} of {of:.0f}; "
        "interval: Wilson's"
    )
    numbers = (float(part * of) for part in (k / n, share.low, share.high))
    return Measured(*numbers, statement.count, why=why)


def _median(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    own = _own(statement, scores)
    there = np.isfinite(own) & _among(statement, scores, known)
    n, note = int(there.sum()), statement.among_words
    if not n:
        return Measured(missing=f"no place{note}")
    low, high = _interval(_quantile, own[there], scores.isel(place=there), known)
    why = f"median of {n} places{note}; {DRAWN[scores.attrs['kind']]}"
    return Measured(_quantile(own[there]), low, high, statement.value, why=why)


def _difference(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Of several references the one nearest to a contradiction is shown."""
    against = _reference(statement)
    share = 0.75 if statement.quantity.startswith("75th percentile") else 0.5
    paired = statement.quantity in SCORES
    statistic = partial(_of_pairs, share=share, paired=paired)
    own = _scored(scores, statement.quantity, _subject(statement))
    among = _among(statement, scores, known)[:, None, None]
    candidates = []
    for product in against.products:
        one = Subject((product,), against.layers, against.periods)
        pairs = np.stack([own, _scored(scores, statement.quantity, one)], axis=-1)
        both = np.isfinite(pairs).all(axis=-1, keepdims=True) & among
        pairs = np.where(both, pairs, np.nan)
        there = both.any(axis=(1, 2))
        n = int(there.sum())
        if n:
            low, high = _interval(statistic, pairs[there], scores.isel(place=there), known)
            candidates.append((statistic(pairs), low, high, product, n))
    if not candidates:
        return Measured(missing="no place has both scores")
    sign = 1 if statement.relation == ">" else -1
    *numbers, product, n = min(candidates, key=lambda one: sign * one[0])
    rule = f"claimed {'above' if sign > 0 else 'below'} zero"
    if statement.rule == "alike":
        rule = f"called alike within {statement.margin:g}"
    kind = "median of paired differences" if paired else f"difference of {statement.quantity}"
    other = statement.compared_with if len(against.products) == 1 else product
    why = f"{kind} from {other}, {n} places, {rule}; {DRAWN[scores.attrs['kind']]}"
    return Measured(*numbers, why=why)


def _of_pairs(pairs: np.ndarray, share: float, paired: bool) -> float:
    """Statistic of the differences in (place, cell, [own, other]), or difference of both's."""
    own, other = pairs[..., 0], pairs[..., 1]
    if paired:
        return _quantile(_over_cells(own - other), share)
    return _quantile(_over_cells(own), share) - _quantile(_over_cells(other), share)


def _lowest(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Whether some stations lie below a bound, and the lowest of them."""
    own = _own(statement, scores)
    own = own[np.isfinite(own) & _among(statement, scores, known)]
    if not own.size:
        return Measured(missing=f"no station in the {statement.among}")
    cases = tuple(Case(statement.value - one, sure=one < statement.value) for one in own)
    return Measured(float(own.min()), published=statement.value, cases=cases)


def _at_site(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """A claim about one site: shown where there is a virtual site of that name, never judged."""
    site = statement.site
    if scores.attrs.get("data") == "observed":
        return Measured(missing=f"no public series of {site}; {STAND_INS}")
    if site not in scores["place"].values:
        return Measured(missing=f"{site} is not among the places")
    what = _subject(statement)
    value = float(_scored(scores.sel(place=[site]), statement.quantity, what)[0, 0])
    if np.isnan(value):
        return Measured(missing=f"no score at {site}")
    low = high = np.nan
    interval = ""
    if known.core_result is not None:
        low, high = _over_days(known.core_result, site, statement.quantity, what, known)
        interval = "; interval: blocks of days"
    return Measured(value, low, high, statement.value, words={"interval": interval})


def _over_days(result: xr.Dataset, site: str, quantity: str, what: Subject, known) -> tuple:
    """95 % interval of a score at one place over blocks of days, from the series themselves."""
    name = SCORES[quantity.split()[-1]]
    change = quantity.startswith("change of ")
    one = result.sel(place=site, layer=what.layers[0])
    modelled = [p for p in result["product"].values if p != "SMAP"]
    there = one["sm"].sel(product=modelled).notnull()
    days = ((there | ~there.any("time")).all("product")).values
    drawn = {}
    for k, period in enumerate(("PL", "AL") if change else what.periods):
        keep = days & (one["period"].values == period)
        pairs = (one["insitu"], one["sm"].sel(product=what.products[0]))
        observed, predicted = (np.where(keep, values, np.nan) for values in pairs)
        drawn[period] = metrics.resample(
            observed, predicted, name, n_replicates=known.n_replicates, seed=known.seed + k
        )
    if change:
        # Other days, so independent draws.
        replicates = metrics.recentred(drawn["PL"]) - metrics.recentred(drawn["AL"])
        low, high = np.nanquantile(replicates, (0.025, 0.975))
    else:
        bounds = metrics.interval(drawn[what.periods[0]])
        low, high = bounds.low, bounds.high
    return float(low), float(high)


def _slopes(statement, scores, known: Evidence) -> Measured:
    if known.trends is None:
        return Measured(missing="trends have not been computed")
    groups = trend_agreement.GROUPS
    group = next(name for name, (_, _, key) in groups.items() if key == statement.id)
    table = trend_agreement.agreement(known.trends, ["LSTM"], [group], **known.draws)
    row = table.iloc[0]
    if np.isnan(row["r"]):
        return Measured(missing=f"{group}: {row['why'] or 'slopes do not vary'}")
    numbers = row["r"], row["r_low"], row["r_high"]
    return Measured(*numbers, statement.value, words={"places": row["n_places"]})


def _small_trends(statement, scores, known: Evidence) -> Measured:
    if known.trends is None:
        return Measured(missing="trends have not been computed")
    part = trend_agreement.members(known.trends, ("core", "sparse"))
    if not part.sizes["place"]:
        return Measured(missing="no place passes the rules of the trends")
    size = np.abs(part["percent"])
    small = (size.sel(series=IN_SITU) < statement.value).values
    alike = (size.sel(series="LSTM") < statement.value).values[small]
    groups = place_draws.neighbours(part["latitude"].values, part["longitude"].values)
    low, high = place_draws.interval(np.mean, small.astype(float), groups, **known.draws)
    words = {"places": small.size, "alike": int(alike.sum()), "small": alike.size}
    return Measured(float(small.mean()), low, high, words=words)


MEASURES = {
    "": lambda statement, scores, known: Measured(),
    "count": _count,
    "one-year count": _count,
    "median": _median,
    "difference": _difference,
    "lowest": _lowest,
    "site": _at_site,
    "slopes": _slopes,
    "small trends": _small_trends,
}


def _differences(forecast: xr.Dataset, other: str) -> list[Case]:
    """Median RMSE of the forecast minus that of another predictor, by lead."""
    names = ("difference_rmse", "difference_rmse_low", "difference_rmse_high")
    values = (forecast[name].sel(predictor=other).values for name in names)
    return [Case(*one) for one in zip(*values, strict=True)]


def _observations(forecast: xr.Dataset, claim) -> Measured:
    cases = _differences(forecast, "hindcast")
    weakest = int(np.argmax([one.value for one in cases]))
    words = {"lead": forecast["lead"].values[weakest]}
    return Measured(*cases[weakest][:3], cases=tuple(cases), words=words)


def _weather(forecast: xr.Dataset, claim) -> Measured:
    cases = [one.turned() for one in _differences(forecast, "forecast, usual weather")]
    rmse = forecast["median_rmse"].sel(predictor="forecast").values
    share = np.array([one.value for one in cases]) / rmse
    beyond = sum(one.beyond for one in cases)
    words = {
        "beyond": beyond,
        "leads": len(cases),
        "heavy": int((share > claim.margin).sum()),
        "lead": forecast["lead"].values[-1],
        "share": share[-1],
    }
    # Wholly: a heavy loss at some lead, where the loss is sure at all of them.
    heaviest = share.max() if beyond == len(cases) else -np.inf
    return Measured(*cases[-1][:3], cases=(Case(heaviest), Case(beyond)), words=words)


def _fusion(fused: pd.DataFrame, claim) -> Measured:
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


def _winter(winter: Apart, claim) -> Measured:
    n, least = winter.n_places, claim.least
    if n < least:
        why = f"{n} places have in situ in both kinds of months; needs {least:g}"
        return Measured(missing=why)
    return Measured(winter.value, winter.low, winter.high, words={"places": n})
