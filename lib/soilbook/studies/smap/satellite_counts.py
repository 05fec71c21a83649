"""Claims of Fang et al. (2019) that count core sites, such as "Comb above Noah at six of nine"."""

import numpy as np
import xarray as xr
from scipy.stats import binomtest

from soilbook import published
from soilbook.studies.smap import satellite_values as values
from soilbook.studies.smap import satellite_verdicts
from soilbook.studies.smap.satellite_evidence import Evidence, Found, untestable

# Fewer such sites are better for the hindcast; or their number says nothing of the hindcast.
WISH = {
    "IIIA1-6": "fewer",
    "IIIA1-18": "fewer",
    "IIIA2-2": "same",
    "IIIA2-3": "same",
    "IIIA2-11": "same",
}
# Claims about the sites at which another claim holds, or does not.
WITHIN = {
    "IIIA1-2": ("IIIA1-1", True, " where SMAP is that close"),
    "IIIA2-5": ("IIIA2-4", False, " where Comb is not above Noah"),
    "IIIA2-8": ("IIIA2-7", False, " where Comb is not above Noah"),
}


def judge(statement, scores: xr.Dataset, known: Evidence) -> Found:
    """Number of sites at which it holds, scaled to the paper's number of sites.

    The interval is Wilson's (1927, doi 10.1080/01621459.1927.10502953) for the share of sites.
    """
    holds, valid, where = holding(statement, scores, known)
    n = int(valid.sum())
    if not n:
        return untestable(f"no site{where} has the scores")
    # A claim within a choice of sites names all of them.
    of = statement.count if statement.id in WITHIN else statement.of
    k = int(holds[valid].sum())
    # Sites drawn with replacement would leave no interval where all or none of them hold.
    share = binomtest(k, n).proportion_ci(method="wilson")
    count, low, high = (float(part * of) for part in (k / n, share.low, share.high))
    wish = WISH.get(statement.id, "more")
    verdict = satellite_verdicts.of_count(count, low, high, statement.count, wish)
    why = (
        f"{k} of {n} sites{where}, published {statement.count:.0f} of {of:.0f}; interval: Wilson's"
    )
    return Found(verdict, why, count, low, high, statement.count)


def holding(statement, scores: xr.Dataset, known: Evidence) -> tuple[np.ndarray, np.ndarray, str]:
    """Whether it holds at each place, whether that can be told, and words for the choice."""
    if statement.quantity.startswith("R of the 1-year test"):
        return _one_year(statement, scores, known)
    own = values.of(scores, statement.quantity, values.subject(statement))
    against = values.reference(statement)
    other = 0.0 if against is None else values.of(scores, statement.quantity, against)
    difference = values.over_cells(own - other)
    valid = np.isfinite(difference)
    if against is None:
        holds = satellite_verdicts.HOLDS[statement.relation](difference, statement.value)
    elif statement.relation == "about":
        holds = np.abs(difference) <= satellite_verdicts.SIMILAR[statement.quantity]
    else:
        holds = satellite_verdicts.HOLDS[statement.relation](difference, 0)
    if statement.id not in WITHIN:
        return holds, valid, ""
    key, wanted, words = WITHIN[statement.id]
    base = next(one for one in published.statements().itertuples() if one.id == key)
    inside, there, _ = holding(base, scores, known)
    return holds, valid & there & (inside == wanted), words


def _one_year(statement, scores: xr.Dataset, known: Evidence):
    """R of the one-year test with SMAP above R of SMAP with the probes by the lower bound."""
    if known.one_year is None:
        nothing = np.zeros(scores.sizes["place"], bool)
        return nothing, nothing, " with a one-year test against SMAP in this run"
    smap = values.of(scores, "R", values.Subject(("SMAP",), ("surface",), ("AL",)))[:, 0]
    gain = known.one_year.reindex(place=scores["place"].values).values - smap
    return gain >= statement.value, np.isfinite(gain), f" with {statement.value:g} or more"
