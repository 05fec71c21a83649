"""What the results that Fang et al. (2019) state are measured by: counts, medians, slopes, leads.

``reproduced`` is a number of places (scaled to the paper's where this run has another), a score, or
a difference of scores. Intervals: Wilson's for a number of sites; for medians and differences
places drawn with replacement (neighbouring stations together, core sites singly); at a named site
blocks of days. A station further than ``statements.NEAR`` from its pixel is not held against SMAP.
"""

from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binomtest, spearmanr

from soilbook import metrics
from soilbook.claims import Case, Measured
from soilbook.fang2019 import runs, s3_c_trends, statements
from soilbook.fang2019.statements import Evidence, Subject

STAND_INS = "five stations of the sparse network stand in for the core sites"
SINGLE = f"{STAND_INS}: single probes, not the mean of a pixel"
DRAWN = {
    "core": "interval: sites drawn with replacement",
    "sparse": "interval: neighbouring stations drawn together",
}
YEAR = np.timedelta64(365, "D")
LEAST_DAYS = 60  # of a year that has an error of its own


@runs.nan_of_nothing()
def _quantile(array: np.ndarray, share: float = 0.5) -> float:
    """Quantile over places; NaN places are left out."""
    return float(np.nanquantile(array, share))


def _count(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Number of sites at which it holds, scaled to the paper's number of sites. The interval is
    Wilson's (1927, doi 10.1080/01621459.1927.10502953) for the share of sites: sites drawn with
    replacement would leave no interval where all or none of them hold."""
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
    """Correlation of slopes, the lowest without any one place, and that of Noah beside."""
    group, (kinds, least, _) = next(
        (name, one) for name, one in s3_c_trends.GROUPS.items() if one[-1] == statement.id
    )
    if kinds == ("core",) and known.stand_in:
        return Measured(missing=SINGLE)
    row = s3_c_trends.agreement(trends, ["LSTM"], [group], **known.draws).iloc[0]
    if np.isnan(row["r"]):
        return Measured(missing=f"{group}: {row['why'] or 'slopes do not vary'}")
    part = s3_c_trends.members(trends, kinds, least)["percent"]
    pairs = part.sel(series=[s3_c_trends.IN_SITU, "LSTM"]).transpose("place", ...).values
    without = [s3_c_trends.correlation(np.delete(pairs, k, axis=0)) for k in range(len(pairs))]
    lowest, noah = float(np.nanmin(without)), np.nan
    if "Noah" in part["series"].values:
        noah = s3_c_trends.agreement(trends, ["Noah"], [group], n_replicates=2)["r"].iloc[0]
    words = {"places": row["n_places"], "lowest": lowest, "noah": noah}
    numbers = row["r"], row["r_low"], row["r_high"]
    return Measured(*numbers, statement.value, cases=(Case(row["r"]), Case(lowest)), words=words)


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


def _significance(statement, trends: xr.Dataset, known: Evidence) -> Measured:
    """At how many places with a small trend in situ the modified test finds none."""
    part = s3_c_trends.members(trends, ("core", "sparse")).sel(series=s3_c_trends.IN_SITU)
    small = np.abs(part["percent"].values) < s3_c_trends.LARGE
    if "p" not in part or not small.any():
        return Measured(missing="no place with a small trend has a test")
    p = part["p"].isel(test=-1).values[small]
    return _wilson(int((p >= 0.05).sum()), int(np.isfinite(p).sum()))


def _wilson(k: int, n: int) -> Measured:
    """Share of ``n`` places with its interval."""
    share = binomtest(k, n).proportion_ci(method="wilson")
    words = {"held_cells": k, "n_cells": n}
    return Measured(k / n, share.low, share.high, words=words)


def _length(statement, trends: xr.Dataset, known: Evidence) -> Measured:
    """Rank correlation of the years of a record with the error of LSTM's slope."""
    part = s3_c_trends.members(trends, ("core", "sparse"))
    if "years" not in part or part.sizes["place"] < s3_c_trends.LEAST_PLACES:
        return Measured(missing="too few places with trends")
    error = abs(
        part["percent"].sel(series="LSTM") - part["percent"].sel(series=s3_c_trends.IN_SITU)
    )
    years = part["years"].sel(series=s3_c_trends.IN_SITU)
    return _rank_correlation(years.values, error.values, part, known)


def _rank_correlation(a, b, places: xr.Dataset, known: Evidence) -> Measured:
    pairs = np.stack([a, b], axis=1)
    there = np.isfinite(pairs).all(1)
    pairs, groups = pairs[there], runs.neighbours(places)[there]
    if len(pairs) < s3_c_trends.LEAST_PLACES:
        return Measured(missing=f"{len(pairs)} places; needs {s3_c_trends.LEAST_PLACES}")

    def rank(part: np.ndarray) -> float:
        return (
            float(spearmanr(part[:, 0], part[:, 1]).statistic) if np.ptp(part, 0).all() else np.nan
        )

    bounds = runs.interval(rank, pairs, groups, **known.draws)
    return Measured(rank(pairs), *bounds, words={"places": len(pairs)})


def _pattern(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Do LSTM before launch and SMAP after it score well at the same stations?"""
    own = statements.own(statement, scores)
    smap = statements.scored(scores, "R", Subject(("SMAP",)))[:, 0]
    return _rank_correlation(own, smap, scores, known)


def _networks(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Median over the stations minus that over the core sites, both drawn again."""
    if known.core is None or known.stand_in:
        return Measured(missing=SINGLE if known.stand_in else "the core sites have not been run")
    parts = []
    for k, part in enumerate((scores, known.core)):
        own = statements.own(statement, part)
        groups = runs.neighbours(part) + 10_000 * k
        parts.append(np.stack([own, np.full(own.size, k), groups], axis=1)[np.isfinite(own)])
    if min(map(len, parts)) == 0:
        return Measured(missing="no place has the score in one of the networks")
    values = np.concatenate(parts)

    def apart(drawn: np.ndarray) -> float:
        own, of = drawn[:, 0], drawn[:, 1]
        return _quantile(own[of == 0]) - _quantile(own[of == 1])

    bounds = runs.interval(apart, values, values[:, 2], **known.draws)
    why = "median over the stations minus that over the core sites; {judged}"
    return Measured(apart(values), *bounds, why=why)


def _one_year_share(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """At how many sites the one-year test against SMAP has a higher R than all with in situ."""
    if known.one_year is None:
        return Measured(missing="no one-year test against SMAP in this run")
    tested = known.one_year.reindex(place=scores["place"].values).values
    with np.errstate(invalid="ignore"):
        rest = scores["r"].sel(layer="surface").max(("product", "period")).values
    there = np.isfinite(tested) & np.isfinite(rest)
    if not there.any():
        return Measured(missing="no site has both scores")
    return _wilson(int((tested > rest)[there].sum()), int(there.sum()))


def _over_places(values: np.ndarray) -> Measured:
    """Mean of one value a place, with its interval over places."""
    found = metrics.mean_over_sites(values)
    words = {"places": len(values)}
    return Measured(float(found.value), float(found.low), float(found.high), words=words)


def _drying(statement, scores: xr.Dataset, known: Evidence) -> Measured:
    """Change over rainless days of LSTM minus that in situ, of ``s3_a_core_sites.drying``."""
    if known.drying is None:
        return Measured(missing="the drying of the series was not computed in this chapter")
    change = (known.drying["LSTM"] - known.drying["in situ"]).dropna().to_numpy()
    if not len(change):
        return Measured(missing="no site has enough dry spells")
    return _over_places(change)


# By the measure of a claim: what it takes is scores, or slopes, and all that is known.
OF_SCORES = {
    "count": _count,
    "one-year count": _count,
    "one-year share": _one_year_share,
    "median": _median,
    "difference": _difference,
    "lowest": _lowest,
    "site": _at_site,
    "pattern": _pattern,
    "networks": _networks,
    "drying": _drying,
}
OF_TRENDS = {
    "slopes": _slopes,
    "small trends": _small_trends,
    "significance": _significance,
    "length": _length,
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


def _decay(claim, hindcast: xr.Dataset | None) -> Measured:
    """Growth of LSTM's error with the years before launch, m3 m-3 a year, mean over places."""
    if hindcast is None:
        return Measured(missing="no hindcast in this chapter")
    one = hindcast.sel(layer="surface").isel(time=hindcast["period"].values == "PL")
    before = (one["time"].values[-1] - one["time"].values) // YEAR
    error = (one["sm"].sel(product="LSTM") - one["insitu"]).transpose("place", "time").values
    growth = []
    for row in error:
        years = [k for k in np.unique(before) if np.isfinite(row[before == k]).sum() >= LEAST_DAYS]
        if len(years) > 2:
            growth.append(np.polyfit(years, [np.nanstd(row[before == k]) for k in years], 1)[0])
    if len(growth) < claim.least:
        return Measured(missing=f"{len(growth)} places with three years; needs {claim.least:g}")
    return _over_places(np.array(growth))


DISCUSSION = {
    "decay": _decay,
    "observations": _observations,
    "weather": _weather,
    "fusion": _fusion,
    "winter": _winter,
}
