"""The one judge of claims: a claim is a row of data, a run's measurement of it goes in, a verdict
and the words that explain it come out.

``judge`` looks up the row's rule in ``RULES``. A rule is a function of the row, what was measured
and its cases; it returns the verdict and how many cases hold. What is measured, and from which
results, is the business of each study's own module.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from soilbook.errors import unknown

COLUMNS = ["claim", "published", "reproduced", "low", "high", "verdict", "why"]
EXCEEDED, REPRODUCED, PARTLY, NOT = "exceeded", "reproduced", "partly", "not"
NOT_TESTABLE = "not testable"
VERDICTS = (EXCEEDED, REPRODUCED, PARTLY, NOT, NOT_TESTABLE)
HELD = (EXCEEDED, REPRODUCED)
HOLDS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


@dataclass(frozen=True)
class Claim:
    """What the judge reads of a row of a study's claims; rows of the CSV files have more columns.

    ``rule`` is a name of ``RULES``; ``direction`` the side that is claimed (<, <=, >, >=; empty
    where cases are turned already); ``margin`` and ``part`` bounds of the rule in the units of the
    quantity; ``better`` the side that is skill: "higher", "lower" or neither; ``why`` the words of
    the verdict, with holes in braces; ``note`` the reason of rules that do not measure.
    """

    id: str
    rule: str
    direction: str = ""
    margin: float = np.nan
    part: float = np.nan
    better: str = ""
    why: str = ""
    note: str = ""


class Case(NamedTuple):
    """One comparison with its 95 % interval; ``sure`` overrides what the interval says."""

    value: float
    low: float = np.nan
    high: float = np.nan
    sure: bool | None = None

    @property
    def beyond(self) -> bool:
        """Whether it is above zero for sure."""
        return bool(self.low > 0) if self.sure is None else bool(self.sure)

    def turned(self) -> "Case":
        """The same with the other sign."""
        return Case(-self.value, -self.high, -self.low, self.sure)


def case(holds: bool) -> Case:
    """A case that either holds or does not, without an interval."""
    return Case(float(holds), sure=bool(holds))


@dataclass(frozen=True)
class Measured:
    """What a run has for a claim: the number to show, its 95 % interval, the published one.

    ``cases`` are all comparisons it speaks of (default: the number shown), ``n`` how many there
    should be. ``words`` fill the holes of the claim's ``why``, or of the one here where the claim
    has none. ``missing`` says why nothing was measured.
    """

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    published: float = np.nan
    cases: tuple[Case, ...] = ()
    n: int | None = None
    words: Mapping[str, object] = field(default_factory=dict)
    why: str = ""
    missing: str = ""

    @property
    def size(self) -> int:
        """Number of cases that the claim speaks of, run or not."""
        return len(self.cases) or 1 if self.n is None else self.n


def judge(claim, measured: Measured) -> tuple[str, str]:
    """Verdict on a claim and the words that explain it.

    ``claim`` is a ``Claim`` or a row with its fields. Holes of the words: ``judged`` (the words of
    the rule), n, right (cases in the claimed direction), sure (of these, beyond their interval),
    held (by the rule), margin, and those of ``measured.words``. Raises ParameterError for an
    unknown rule, naming the claim.
    """
    if claim.rule not in RULES:
        raise unknown(f"rule of claim {claim.id}", claim.rule, RULES)
    if measured.missing:
        return NOT_TESTABLE, measured.missing
    rule = RULES[claim.rule]
    cases = measured.cases or (Case(measured.value, measured.low, measured.high),)
    if claim.direction.startswith("<"):
        cases = tuple(one.turned() for one in cases)
    verdict, held = rule.judge(claim, measured, cases)
    words = {
        "cases": "pairs",
        "n": measured.size,
        "right": sum(one.value > 0 for one in cases),
        "sure": sum(one.beyond for one in cases),
        "held": held,
        "margin": claim.margin,
        "note": claim.note,
        **measured.words,
    }
    why = claim.why or measured.why or "{judged}"
    return verdict, why.format(judged=rule.words.format(**words), **words)


def row(claim, label: str, measured: Measured) -> dict:
    """One row with COLUMNS: the claim under its ``label``, the numbers, the verdict and why."""
    verdict, why = judge(claim, measured)
    numbers = (measured.published, measured.value, measured.low, measured.high)
    return dict(zip(COLUMNS, (label, *numbers, verdict, why), strict=True))


def table(rows: Iterable[dict]) -> pd.DataFrame:
    """Rows as a DataFrame with COLUMNS, also where there is none."""
    return pd.DataFrame(list(rows), columns=COLUMNS)


def _ladder(whole: bool, part: bool) -> str:
    return REPRODUCED if whole else PARTLY if part else NOT


def _all(claim, measured, cases) -> tuple[str, int]:
    """Every case is right, and a share ``margin`` of them (default: all) beyond its interval."""
    share = 1.0 if np.isnan(claim.margin) else claim.margin
    right, sure = sum(c.value > 0 for c in cases), sum(c.beyond for c in cases)
    n = measured.size
    return _ladder(right == n and sure >= share * n, right > 0), sure


def _somewhere(claim, measured, cases) -> tuple[str, int]:
    """One case at least lies beyond its interval; partly if one points that way."""
    sure = sum(c.beyond for c in cases)
    return _ladder(sure > 0, any(c.value > 0 for c in cases)), sure


def _no_gain(claim, measured, cases) -> tuple[str, int]:
    """No case has a gain that its interval separates from zero."""
    held = sum(c.low <= 0 for c in cases)
    return _ladder(held == measured.size, held > 0), held


def _alike(claim, measured, cases) -> tuple[str, int]:
    """Differences are small: every interval within ``margin`` of zero, partly if a value is.

    Exceeded if all are larger than that, with their intervals, on the better side.
    """
    bound = claim.margin
    held = sum(abs(c.value) <= bound and -bound <= c.low and c.high <= bound for c in cases)
    ahead = {
        "higher": all(c.value > bound and c.low > 0 for c in cases),
        "lower": all(c.value < -bound and c.high < 0 for c in cases),
    }
    if ahead.get(claim.better):
        return EXCEEDED, held
    return _ladder(held == measured.size, any(abs(c.value) <= bound for c in cases)), held


def _bound(claim, m, cases) -> tuple[str, int]:
    """The number lies on one side of ``margin`` (default: of the published number).

    Exceeded if the whole interval does and that side is the better one; partly if only a part of
    the interval does.
    """
    holds = HOLDS[claim.direction]
    bound = m.published if np.isnan(claim.margin) else claim.margin
    below = claim.direction.startswith("<")
    far, near = (m.high, m.low) if below else (m.low, m.high)
    if holds(far, bound) and claim.better == ("lower" if below else "higher"):
        return EXCEEDED, 1
    return _ladder(holds(m.value, bound), holds(near, bound)), int(holds(m.value, bound))


def _number(claim, m, cases) -> tuple[str, int]:
    """The number is the published one, rounded to ``margin``; partly within twice of that."""
    printed, margin = m.published, claim.margin
    if (claim.better == "lower" and m.high < printed - margin) or (
        claim.better == "higher" and m.low > printed + margin
    ):
        return EXCEEDED, 1
    away = abs(m.value - printed)
    held = away <= margin or m.low <= printed <= m.high
    return _ladder(held, away <= 2 * margin), int(held)


def _count(claim, m, cases) -> tuple[str, int]:
    """As many places as published, or more where that is better, or fewer.

    Exceeded beyond the interval on the better side; where neither side is better, within one
    place; partly if the published number lies within the interval.
    """
    sign = {"higher": 1, "lower": -1}.get(claim.better, 0)
    bound = m.low if sign == 1 else -m.high
    if sign and bound > sign * m.published:
        return EXCEEDED, 1
    reached = sign * (m.value - m.published) >= 0 if sign else abs(m.value - m.published) <= 1
    return _ladder(reached, m.low <= m.published <= m.high), int(reached)


def _correlation(claim, m, cases) -> tuple[str, int]:
    """A correlation at most ``margin`` below the published one, with an interval above zero."""
    if m.low > m.published:
        return EXCEEDED, 1
    near = m.value >= m.published - claim.margin
    return _ladder(near and m.low > 0, m.low <= m.published <= m.high or near), int(near)


def _graded(claim, measured, cases) -> tuple[str, int]:
    """Two bounds: the first case passes ``margin`` in the claimed direction, or, for "partly", the
    last one lies above ``part``."""
    value = measured.cases[0].value if measured.cases else measured.value
    last = measured.cases[-1].value if measured.cases else measured.value
    whole = bool(HOLDS[claim.direction](value, claim.margin))
    return _ladder(whole, last > claim.part), int(whole)


def _stated(claim, measured, cases) -> tuple[str, int]:
    """Nothing is judged: the row's note says why."""
    return NOT_TESTABLE, 0


class Rule(NamedTuple):
    """How a kind of claim is judged, and the words for it."""

    judge: Callable[[object, Measured, tuple[Case, ...]], tuple[str, int]]
    words: str


RULES = {
    "direction": Rule(
        _all, "{right} of {n} {cases} in the claimed direction, {sure} beyond their interval"
    ),
    "share": Rule(_all, "{held} of {n}"),
    "somewhere": Rule(_somewhere, "{held} of {n}"),
    "no gain": Rule(
        _no_gain, "{held} of {n} pairs without a gain that the interval separates from zero"
    ),
    "alike": Rule(_alike, "{held} of {n} intervals within {margin:.3g} of zero"),
    "bound": Rule(_bound, "on the claimed side of the bound: {held} of {n}"),
    "number": Rule(_number, "within {margin:g} of the published number: {held} of {n}"),
    "count": Rule(_count, "number of places"),
    "correlation": Rule(_correlation, "correlation"),
    "graded": Rule(_graded, "bound {margin:g}"),
    "shown": Rule(_stated, "{note}"),
    "by construction": Rule(_stated, "holds by construction: {note}"),
    "slip": Rule(_stated, "a slip of the authors: {note}"),
    "not testable": Rule(_stated, "{note}"),
}
