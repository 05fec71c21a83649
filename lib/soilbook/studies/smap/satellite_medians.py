"""Claims of Fang et al. (2019) about all places of a network: medians, quartiles, differences."""

from functools import partial

import numpy as np
import xarray as xr

from soilbook.studies.smap import satellite_values as values
from soilbook.studies.smap import satellite_verdicts
from soilbook.studies.smap.satellite_evidence import Evidence, Found, interval, quantile, untestable

SMAP_CLOSE = 0.04  # m3 m-3: section III-A calls a difference of SMAP from the probes large beyond
# What section III-B calls the north-east: degrees north and east, New York and New England.
NORTH_EAST = (41.0, -80.0)
SLIGHTLY = ("IIIB-6",)  # a decline that the paper calls slight: judged as likeness
DRAWN = {
    "core": "interval: sites drawn with replacement",
    "sparse": "interval: neighbouring stations drawn together",
}


def judge(statement, scores: xr.Dataset, known: Evidence) -> Found:
    """A statistic over places against a printed number, or the difference of two products."""
    if statement.id == "IIIB-16":
        return _north_east(statement, scores)
    if statement.compared_with:
        return _difference(statement, scores, known)
    return _number(statement, scores, known)


def _number(statement, scores: xr.Dataset, known: Evidence) -> Found:
    what = values.subject(statement)
    own, note = values.over_cells(values.of(scores, statement.quantity, what)), ""
    if statement.id == "IV-3":
        smap = values.Subject(("SMAP",), what.layers, ("AL",))
        far = values.over_cells(values.of(scores, "ubRMSE", smap)) > SMAP_CLOSE
        own, note = np.where(far, own, np.nan), f" with SMAP beyond {SMAP_CLOSE} from the probes"
    there = np.isfinite(own)
    n = int(there.sum())
    if not n:
        return untestable(f"no place{note}")
    low, high = interval(quantile, own[there], scores.isel(place=there), known)
    numbers = quantile(own), low, high
    if statement.relation == "about":
        tolerance = satellite_verdicts.SIMILAR["ubRMSE"]
        verdict = satellite_verdicts.of_number(*numbers, statement.value, tolerance, "lower")
    else:
        verdict = satellite_verdicts.of_bound(
            *numbers, statement.relation, statement.value, better="higher"
        )
    why = f"median of {n} places{note}; {DRAWN[scores.attrs['kind']]}"
    return Found(verdict, why, *numbers, statement.value)


def _difference(statement, scores: xr.Dataset, known: Evidence) -> Found:
    """Of several references the one nearest to a contradiction is shown."""
    what, against = values.subject(statement), values.reference(statement)
    share = 0.75 if statement.quantity.startswith("75th percentile") else 0.5
    paired = statement.quantity in values.SCORES
    statistic = partial(_of_pairs, share=share, paired=paired)
    own = values.of(scores, statement.quantity, what)
    candidates = []
    for product in against.products:
        one = values.Subject((product,), against.layers, against.periods)
        pairs = np.stack([own, values.of(scores, statement.quantity, one)], axis=-1)
        if statement.id == "F3-3":
            pairs = np.where(_where_smap_leads(scores)[:, None, None], pairs, np.nan)
        pairs = np.where(np.isfinite(pairs).all(axis=-1, keepdims=True), pairs, np.nan)
        there = np.isfinite(pairs).any(axis=(1, 2))
        n = int(there.sum())
        if n:
            low, high = interval(statistic, pairs[there], scores.isel(place=there), known)
            candidates.append((statistic(pairs), low, high, product, n))
    if not candidates:
        return untestable("no place has both scores")
    sign = 1 if statement.relation == ">" else -1
    *numbers, product, n = min(candidates, key=lambda one: sign * one[0])
    if statement.relation == "about" or statement.id in SLIGHTLY:
        bound = satellite_verdicts.SIMILAR[values.score_of(statement.quantity)]
        better = "higher" if values.score_of(statement.quantity) == "R" else "lower"
        verdict = satellite_verdicts.of_likeness(*numbers, bound, better)
        rule = f"called alike within {bound:g}"
    else:
        verdict = satellite_verdicts.of_direction(*numbers, statement.relation)
        rule = f"claimed {'above' if sign > 0 else 'below'} zero"
    kind = "median of paired differences" if paired else f"difference of {statement.quantity}"
    what_from = statement.compared_with if len(against.products) == 1 else product
    why = f"{kind} from {what_from}, {n} places, {rule}; {DRAWN[scores.attrs['kind']]}"
    return Found(verdict, why, *numbers)


def _of_pairs(pairs: np.ndarray, share: float, paired: bool) -> float:
    """Statistic of the differences in (place, cell, [own, other]), or difference of both's."""
    own, other = pairs[..., 0], pairs[..., 1]
    if paired:
        return quantile(values.over_cells(own - other), share)
    return quantile(values.over_cells(own), share) - quantile(values.over_cells(other), share)


def _where_smap_leads(scores: xr.Dataset) -> np.ndarray:
    """Places at which SMAP correlates better than Noah after launch, in either layer."""
    both = values.LAYERS[""]
    smap, noah = (
        values.of(scores, "R", values.Subject((name,), both, ("AL",))) for name in ("SMAP", "Noah")
    )
    return (smap > noah).any(axis=1)


def _north_east(statement, scores: xr.Dataset) -> Found:
    north, east = NORTH_EAST
    there = (scores["latitude"].values >= north) & (scores["longitude"].values >= east)
    r = values.over_cells(values.of(scores, statement.quantity, values.subject(statement)))
    r = r[there & np.isfinite(r)]
    if not r.size:
        return untestable("no station in the north-east")
    below = int((r < statement.value).sum())
    verdict = satellite_verdicts.REPRODUCED if below else satellite_verdicts.NOT
    why = (
        f"{below} of {r.size} stations north of {north:g} N and east of {-east:g} W lie below; "
        "shown: the lowest"
    )
    return Found(verdict, why, float(r.min()), published=statement.value)
