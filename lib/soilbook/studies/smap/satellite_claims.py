"""The results that Fang et al. (2019) state, held against this run: a row a claim, with a verdict.

``reproduced`` is a number of places (scaled to the paper's where this run has another), a score, or
a difference of scores. Intervals: Wilson's for a number of sites; for medians and differences
places drawn with replacement (neighbouring stations together, core sites singly); at a named site
blocks of days. The rules are in ``satellite_verdicts``.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.errors import unknown
from soilbook.fang2019 import runs as place_draws
from soilbook.fang2019 import s3_c_trends as trend_agreement
from soilbook.fang2019.s3_c_trends import IN_SITU
from soilbook.studies.claims import COLUMNS
from soilbook.studies.smap import satellite_counts, satellite_medians, satellite_verdicts
from soilbook.studies.smap import satellite_values as values
from soilbook.studies.smap.satellite_evidence import Evidence, Found, untestable

SECTIONS = {
    "III-A": ("III-A.1", "III-A.2", "III-A.3", "Fig. 3", "Fig. 4"),
    "III-B": ("III-B",),
    "III-C": ("III-C", "Fig. 9"),
    "III-D": ("III-D",),
    "IV": ("IV",),
}
MANY = 0.5  # share of places that counts as "many"
NO_INSTRUMENT = "a property of the instruments, which scores do not decide"
STAND_INS = "five stations of the sparse network stand in for the core sites"
VIRTUAL = "a virtual site of that name, with made soil and weather: shown, not judged"
DEFINITION = "a definition, used by the rows on large trends"
# Conclusions of section IV that carry no number of their own, in our words, and the claims on
# which each rests.
CONCLUSIONS = {
    "the hindcast has mostly kept the quality of SMAP": (
        "IIIA1-2", "IIIA1-3", "IIIA1-18", "IIIA1-20", "IIIA1-21", "IIIB-2", "IIIB-4",
    ),
    "trends of the root zone over years are captured": ("F9-1", "F9-2", "F9-3", "IIIC-2", "IIIC-3"),
    "SMAP is the ceiling of LSTM, and Noah is ahead at some sites": ("F3-1", "IIIB-7"),
    "the mean of LSTM and Noah often predicts better than Noah": (
        "IIIA2-4", "IIIA2-7", "IIIA2-9", "IIIA2-12", "IIIB-8", "IIIB-9",
    ),
    "where it does not, it is close to Noah": ("IIIA2-5", "IIIA2-8"),
    "the mean of two models without SMAP is not as good": ("IIIA2-14", "F4-1"),
}  # fmt: skip
HELD = (satellite_verdicts.EXCEEDED, satellite_verdicts.REPRODUCED)


def verdicts(section: str, **evidence) -> pd.DataFrame:
    """All claims of a section (a name of SECTIONS), columns of ``claims.COLUMNS``.

    ``evidence``: fields of ``satellite_evidence.Evidence``, each optional: core, sparse, trends,
    one_year, core_result, n_replicates, seed. What is not given makes its claims "not testable".
    Section III-D states no number; its frame is empty. Raises ParameterError for another section.
    """
    if section not in SECTIONS:
        raise unknown("section", section, SECTIONS)
    known = Evidence(**evidence)
    table = published.statements()
    part = table[table["section"].isin(SECTIONS[section]) & (table["kind"] == "result")]
    return _frame([_row(statement, known) for statement in part.itertuples()])


def conclusions(claims: pd.DataFrame) -> pd.DataFrame:
    """Conclusions of section IV in words, from the verdicts on the claims that each rests on.

    ``reproduced`` is the share of the testable ones that hold.
    """
    keys = claims["claim"].str.partition(":")[0]
    verdict_of = dict(zip(keys, claims["verdict"], strict=True))
    rows = []
    for number, (text, needed) in enumerate(CONCLUSIONS.items(), start=1):
        judged = {key: verdict_of.get(key, "not testable") for key in needed}
        testable = {key: verdict for key, verdict in judged.items() if verdict != "not testable"}
        held = [key for key, verdict in testable.items() if verdict in HELD]
        some = [key for key, verdict in testable.items() if verdict == "partly"]
        share = len(held) / len(testable) if testable else np.nan
        verdict = "not testable"
        if testable:
            verdict = "reproduced" if share == 1 else "partly" if held or some else "not"
        why = f"{len(held)} of {len(testable)} testable claims hold, {len(some)} partly: "
        why += ", ".join(f"{key} {verdict}" for key, verdict in judged.items())
        cells = (f"IV, conclusion {number}: {text}", np.nan, share, np.nan, np.nan, verdict, why)
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
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


def _frame(rows: list[dict]) -> pd.DataFrame:
    numbers = ("published", "reproduced", "low", "high")
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(numbers, float))


def _row(statement, known: Evidence) -> dict:
    named = statement.site and not _network(statement)
    label = f"{statement.id}: {statement.statement}{f' ({statement.site})' if named else ''}"
    found = _judged(statement, known)
    cells = (found.published, found.reproduced, found.low, found.high, found.verdict, found.why)
    return dict(zip(COLUMNS, (label, *cells), strict=True))


def _network(statement) -> str:
    """ "core" or "sparse" where the statement is about a network, "" at a named site."""
    if statement.site.startswith("core"):
        return "core"
    return "sparse" if "CRN sites" in statement.site else ""


def _judged(statement, known: Evidence) -> Found:
    if statement.quantity in ("sensing depth", "probe depth"):
        return untestable(NO_INSTRUMENT)
    if statement.quantity == "R of Sen's slopes":
        return _of_slopes(statement, known)
    if statement.quantity == "absolute trend":
        return _small_trends(known) if statement.relation == "<" else untestable(DEFINITION)
    network = _network(statement)
    scores = known.sparse if network == "sparse" else known.core
    if scores is None:
        of = "the sparse network has" if network == "sparse" else "the core sites have"
        return untestable(f"{of} not been run")
    if not network:
        return _at_site(statement, scores, known)
    counts = not np.isnan(statement.count)
    found = (satellite_counts if counts else satellite_medians).judge(statement, scores, known)
    if scores.attrs.get("stand_in"):
        return replace(found, why=f"{found.why}; {STAND_INS}")
    return found


def _at_site(statement, scores: xr.Dataset, known: Evidence) -> Found:
    """A claim about one site: shown where there is a virtual site of that name, never judged."""
    site = statement.site
    if scores.attrs.get("data") == "observed":
        return untestable(f"no public series of {site}; {STAND_INS}")
    if site not in scores["place"].values:
        return untestable(f"{site} is not among the places")
    what = values.subject(statement)
    value = float(values.of(scores.sel(place=[site]), statement.quantity, what)[0, 0])
    if np.isnan(value):
        return untestable(f"no score at {site}")
    found = replace(untestable(VIRTUAL), reproduced=value, published=statement.value)
    if known.core_result is None:
        return found
    low, high = values.at_site(
        known.core_result, site, statement.quantity, what, known.n_replicates, known.seed
    )
    return replace(found, low=low, high=high, why=f"{VIRTUAL}; interval: blocks of days")


def _of_slopes(statement, known: Evidence) -> Found:
    if known.trends is None:
        return untestable("trends have not been computed")
    groups = trend_agreement.GROUPS
    group = next(name for name, (_, _, key) in groups.items() if key == statement.id)
    table = trend_agreement.agreement(
        known.trends, ["LSTM"], [group], n_replicates=known.n_replicates, seed=known.seed
    )
    row = table.iloc[0]
    if np.isnan(row["r"]):
        return untestable(f"{group}: {row['why'] or 'slopes do not vary'}")
    numbers = row["r"], row["r_low"], row["r_high"]
    verdict = satellite_verdicts.of_correlation(*numbers, statement.value)
    why = f"{row['n_places']} places; interval: neighbouring places drawn together"
    return Found(verdict, why, *numbers, statement.value)


def _small_trends(known: Evidence) -> Found:
    if known.trends is None:
        return untestable("trends have not been computed")
    part = trend_agreement.members(known.trends, ("core", "sparse"))
    if not part.sizes["place"]:
        return untestable("no place passes the rules of the trends")
    size = np.abs(part["percent"])
    small = (size.sel(series=IN_SITU) < trend_agreement.LARGE).values
    alike = (size.sel(series="LSTM") < trend_agreement.LARGE).values[small]
    low, high = place_draws.interval(
        np.mean,
        small.astype(float),
        place_draws.neighbours(part["latitude"].values, part["longitude"].values),
        n_replicates=known.n_replicates,
        seed=known.seed,
    )
    numbers = float(small.mean()), low, high
    verdict = satellite_verdicts.of_bound(*numbers, ">=", MANY)
    why = (
        f"share of {small.size} places; many is taken as {MANY:.0%}; at {int(alike.sum())} of "
        f"{alike.size} of these LSTM's trend is as small; interval: neighbours drawn together"
    )
    return Found(verdict, why, *numbers)
