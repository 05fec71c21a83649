"""The one judge of claims: a claim is a row of data, a run's measurement of it goes in, a verdict
and the words that explain it come out.

``judge`` looks up the row's rule in ``RULES``. A rule is a function of the row, what was measured
and its cases; it returns the verdict and how many cases hold. Each case is proven, disproven or
open, and each rule says beforehand, in ``not_if``, what disproves its claim. What is measured, and
from which results, is the business of each study's own module.

Only observed data are held against what a paper prints. On the twin a claim holds or does not, and
one that states a number is not testable.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from soilbook.claims.rules import (
    APART,
    BY_CONSTRUCTION,
    CANNOT_TELL,
    DECIDED,
    EXCEEDED,
    FAILS_ON_TWIN,
    HELD,
    HOLDS,
    HOLDS_ON_TWIN,
    NOT,
    NOT_TESTABLE,
    NOTE,
    OBSERVED_ONLY,
    PARTLY,
    REPRODUCED,
    RULES,
    TWIN_ONLY,
    VERDICTS,
    Case,
    Claim,
    Measured,
    case,
    share_of,
)
from soilbook.errors import unknown

__all__ = [
    "APART", "BY_CONSTRUCTION", "CANNOT_TELL", "COLUMNS", "DECIDED", "EXCEEDED", "FAILS_ON_TWIN",
    "HELD", "HOLDS", "HOLDS_ON_TWIN", "NOT", "NOTE", "NOT_TESTABLE", "NO_PRINT", "OBSERVED_ONLY",
    "PARTLY", "REPRODUCED", "RULES", "TWIN_ONLY", "VERDICTS", "Case", "Claim", "Measured", "case",
    "judge", "labelled", "not_if", "row", "table",
]  # fmt: skip

COLUMNS = ["claim", "published", "reproduced", "low", "high", "verdict", "why", "not_if"]
NO_PRINT = "a number that the paper prints for real sites, which made data are not held against"


def judge(claim, measured: Measured, track: str = "observed") -> tuple[str, str]:
    """Verdict on a claim and the words that explain it.

    ``claim`` is a ``Claim`` or a row with its fields, ``track`` the data it was measured on. Holes
    of the words: ``judged`` (the words of the rule), n, right (cases in the claimed direction),
    sure (of these, beyond their interval), against (beyond it on the other side), held (by the
    rule), margin, width, and those of ``measured.words``. Raises ParameterError for an unknown
    rule, naming the claim.
    """
    if claim.rule not in RULES:
        raise unknown(f"rule of claim {claim.id}", claim.rule, RULES)
    rule = RULES[claim.rule]
    if measured.missing:
        return NOT_TESTABLE, measured.missing
    if measured.unclear and np.isnan(measured.value):
        return CANNOT_TELL, measured.unclear
    if rule.judge is None:
        return rule.verdict, _worded(claim, measured, rule, {})
    cases = measured.cases or (Case(measured.value, measured.low, measured.high),)
    if claim.direction.startswith("<"):
        cases = tuple(one.turned() for one in cases)
    verdict, held = rule.judge(claim, measured, cases)
    counts = {
        "right": sum(one.value > 0 for one in cases),
        "sure": sum(one.beyond for one in cases),
        "against": sum(one.against for one in cases),
        "held": held,
    }
    why = _worded(claim, measured, rule, counts)
    if measured.unclear:
        return CANNOT_TELL, f"{why}; {measured.unclear}"
    if track == "observed":
        return verdict, why
    if rule.printed and not (claim.rule == "bound" and claim.margin == claim.margin):
        return NOT_TESTABLE, NO_PRINT
    in_part = FAILS_ON_TWIN if counts["against"] else CANNOT_TELL
    found = {EXCEEDED: HOLDS_ON_TWIN, REPRODUCED: HOLDS_ON_TWIN, NOT: FAILS_ON_TWIN}
    return (found | {PARTLY: in_part}).get(verdict, verdict), why


def _worded(claim, measured: Measured, rule, counts: dict) -> str:
    own = {name: getattr(claim, name) for name in ("margin", "part", "width", "note")}
    words = {"cases": "pairs", "n": measured.size} | own | counts | dict(measured.words)
    why = claim.why or measured.why or "{judged}"
    return why.format(judged=rule.words.format(**words), **words)


def not_if(claim) -> str:
    """What would count as "not", stated before anything is measured; empty for rules that do not
    measure. ParameterError as ``judge``."""
    if claim.rule not in RULES:
        raise unknown(f"rule of claim {claim.id}", claim.rule, RULES)
    always, _, more = RULES[claim.rule].not_if.partition("|")
    words = {name: getattr(claim, name) for name in ("margin", "part", "width", "direction")}
    words["share"] = share_of(claim)
    words["of"] = 1.0 if np.isnan(claim.part) else claim.part
    words["bound"] = "the published number" if np.isnan(claim.margin) else f"{claim.margin:g}"
    bound = claim.part if "{part" in more else claim.width
    return (always if np.isnan(bound) else always + more).format(**words)


def row(claim, label: str, measured: Measured, track: str = "observed") -> dict:
    """One row with COLUMNS: the claim under its ``label``, the numbers, the verdict, why, and what
    would have counted as "not". On the twin nothing published stands beside."""
    verdict, why = judge(claim, measured, track)
    published = measured.published if track == "observed" else np.nan
    numbers = (published, measured.value, measured.low, measured.high)
    return dict(zip(COLUMNS, (label, *numbers, verdict, why, not_if(claim)), strict=True))


def labelled(claim, measured: Measured, track: str = "observed") -> dict:
    """``row`` of a claim of study 1, labelled by its id and its text."""
    return row(claim, f"{claim.id}: {claim.claim}", measured, track)


def table(rows: Iterable[dict]) -> pd.DataFrame:
    """Rows as a DataFrame with COLUMNS, also where there is none."""
    return pd.DataFrame(list(rows), columns=COLUMNS)
