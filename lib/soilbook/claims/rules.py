"""The rules by which claims are judged: what proves a claim, and what disproves it.

The judge reads the row of a claim, a run's measurement of it and its cases. Each rule takes these
and returns the verdict and how many cases hold. A case is proven, disproven or open; an open one
leaves a claim undecided, it does not fail it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

EXCEEDED, REPRODUCED, PARTLY, NOT = "exceeded", "reproduced", "partly", "not"
CANNOT_TELL, NOT_TESTABLE = "cannot tell", "not testable"
BY_CONSTRUCTION, NOTE = "by construction", "note"
HOLDS_ON_TWIN, FAILS_ON_TWIN = "holds on the twin", "does not hold on the twin"
OBSERVED_ONLY = (EXCEEDED, REPRODUCED, PARTLY, NOT)
TWIN_ONLY = (HOLDS_ON_TWIN, FAILS_ON_TWIN)
APART = (BY_CONSTRUCTION, NOTE)  # tests of nothing: counted apart
VERDICTS = (*OBSERVED_ONLY, *TWIN_ONLY, CANNOT_TELL, NOT_TESTABLE, *APART)
HELD = (EXCEEDED, REPRODUCED, HOLDS_ON_TWIN)
DECIDED = (*OBSERVED_ONLY, *TWIN_ONLY)
HALF = 0.5  # of all cases must be proven for "partly": a few among many reproduce nothing
HOLDS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


@dataclass(frozen=True)
class Claim:
    """What the judge reads of a row of a study's claims; rows of the CSV files have more columns.

    ``rule`` is a name of ``RULES``; ``direction`` the side that is claimed (<, <=, >, >=; empty
    where cases are turned already); ``margin`` and ``part`` bounds of the rule in the units of the
    quantity, of a direction ``part`` is the least difference of note; ``width`` the widest interval
    that still tells a number; ``better`` the side that is skill: "higher", "lower" or neither;
    ``why`` the words of the verdict, with holes in braces; ``note`` the reason of rules that do not
    measure.
    """

    id: str
    rule: str
    direction: str = ""
    margin: float = np.nan
    part: float = np.nan
    width: float = np.nan
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

    @property
    def against(self) -> bool:
        """Whether it is below zero for sure, or a comparison without an interval that fails."""
        return bool(self.high < 0) if self.sure is None else not self.sure and self.value <= 0

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
    has none. ``missing`` says why there is nothing to test, ``unclear`` why this run is too small
    to tell.
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
    unclear: str = ""

    @property
    def size(self) -> int:
        """Number of cases that the claim speaks of, run or not."""
        return len(self.cases) or 1 if self.n is None else self.n


def _settled(held: int, failed: int, n: int, share: float = 1.0) -> str:
    """Of ``n`` cases the share needed is proven, can no longer be reached, or neither: then HALF of
    them make it "partly"."""
    need = share * n - 1e-9
    if held >= need:
        return REPRODUCED
    if n - failed < need:
        return NOT
    return PARTLY if held and held >= HALF * n else CANNOT_TELL


def share_of(claim) -> float:
    return 1.0 if np.isnan(claim.margin) else claim.margin


def _no_more(claim, one: Case) -> bool:
    """Whether a case is disproven: on the other side, or shown to be below ``part``."""
    return one.against or (not one.beyond and bool(one.high < claim.part))


def _all(claim, measured, cases) -> tuple[str, int]:
    """Every case is right, and a share ``margin`` of them (default: all) beyond its interval."""
    held = sum(c.beyond for c in cases)
    failed = sum(_no_more(claim, c) for c in cases)
    verdict = _settled(held, failed, measured.size, share_of(claim))
    right = sum(c.value > 0 for c in cases) == measured.size
    return (PARTLY if verdict == REPRODUCED and not right else verdict), held


def _listed(claim, measured, cases) -> tuple[str, int]:
    """Statements that stand side by side: all of them hold, some, or none."""
    held, failed = sum(c.beyond for c in cases), sum(_no_more(claim, c) for c in cases)
    if not held and failed < measured.size:
        return CANNOT_TELL, held
    return REPRODUCED if held == measured.size else PARTLY if held else NOT, held


def _most(claim, measured, cases) -> tuple[str, int]:
    """The share of cells in which it holds, counted, has an interval above ``margin``."""
    if not (measured.high - measured.low < claim.width):
        return CANNOT_TELL, 0
    verdict = REPRODUCED if measured.low > claim.margin else PARTLY
    verdict = NOT if measured.high <= claim.margin or measured.value <= claim.margin else verdict
    return verdict, int(measured.value > claim.margin)


def _somewhere(claim, measured, cases) -> tuple[str, int]:
    """One case at least lies beyond its interval."""
    held, failed = sum(c.beyond for c in cases), sum(_no_more(claim, c) for c in cases)
    verdict = REPRODUCED if held else NOT if failed == measured.size else CANNOT_TELL
    return verdict, held


def _no_gain(claim, measured, cases) -> tuple[str, int]:
    """Every gain is shown to be below ``margin``; a gain beyond chance that is not refutes it."""
    held = sum(c.high <= claim.margin for c in cases)
    failed = sum(c.low > 0 and not c.high <= claim.margin for c in cases)
    return _settled(held, failed, measured.size), held


def _alike(claim, measured, cases) -> tuple[str, int]:
    """Equivalence: of the intervals a share ``part`` (default: all) lies within ``margin`` of zero.

    Two one-sided tests read off the interval (Schuirmann 1987, doi 10.1007/BF01068419). Ahead by
    more than the margin is as unlike as behind. A share is counted, as "most" counts: where fewer
    of the values themselves lie within the margin, wide intervals do not leave it open.
    """
    bound = claim.margin
    held = sum(-bound <= c.low and c.high <= bound for c in cases)
    failed = sum(c.low > bound or c.high < -bound for c in cases)
    if np.isnan(claim.part):
        return _settled(held, failed, measured.size), held
    near = sum(abs(c.value) <= bound for c in cases)
    if near < claim.part * measured.size - 1e-9:
        return NOT, held
    return _settled(held, failed, measured.size, claim.part), held


def _agreement(claim, m, cases) -> tuple[str, int]:
    """Agreement of at least ``margin``, with an interval above ``part``, what chance gives."""
    if m.high < claim.margin or m.value <= claim.part:
        return NOT, 0
    if not m.low > claim.part:
        return CANNOT_TELL, 0
    return (REPRODUCED if m.value >= claim.margin else PARTLY), int(m.value >= claim.margin)


def _bound(claim, m, cases) -> tuple[str, int]:
    """The interval lies on one side of ``margin`` (default: of the published number)."""
    holds = HOLDS[claim.direction]
    bound = m.published if np.isnan(claim.margin) else claim.margin
    far, near = (m.high, m.low) if claim.direction.startswith("<") else (m.low, m.high)
    if np.isnan(m.low):
        return CANNOT_TELL, 0
    if holds(far, bound):
        return REPRODUCED, 1
    if not holds(near, bound):
        return NOT, 0
    narrow = bool(m.high - m.low < claim.width)
    return PARTLY if narrow and holds(m.value, bound) else CANNOT_TELL, 0


def _number(claim, m, cases) -> tuple[str, int]:
    """The number is the published one, rounded to ``margin``, in a narrow interval."""
    printed, margin = m.published, claim.margin
    ahead = {"lower": m.high < printed - margin, "higher": m.low > printed + margin}
    if ahead.get(claim.better):
        return EXCEEDED, 1
    away = abs(m.value - printed)
    if m.low > printed + margin or m.high < printed - margin:
        return NOT, 0
    if not np.isnan(claim.width) and not m.high - m.low < claim.width:
        return CANNOT_TELL, 0
    return REPRODUCED if away <= margin else NOT if np.isnan(m.low) else PARTLY, int(away <= margin)


def _count(claim, m, cases) -> tuple[str, int]:
    """As many places as published, or more where that is better, or fewer, in a narrow interval.

    Exceeded beyond the interval on the better side; where neither side is better, within one
    place. None at all does not reproduce some, nor the reverse.
    """
    sign = {"higher": 1, "lower": -1}.get(claim.better, 0)
    outside = not m.low <= m.published <= m.high
    ahead = sign * (m.value - m.published) > 0
    if outside:
        return (EXCEEDED, 1) if sign and ahead else (NOT, 0)
    if not sign and (m.value == 0) != (m.published == 0):
        return NOT, 0
    if not m.high - m.low < claim.width:
        return CANNOT_TELL, 0
    reached = sign * (m.value - m.published) >= 0 if sign else abs(m.value - m.published) <= 1
    return (REPRODUCED if reached else PARTLY), int(reached)


def _correlation(claim, m, cases) -> tuple[str, int]:
    """A correlation at most ``margin`` below the published one, also without any one place.

    ``cases`` are the correlation and the lowest of those without one place.
    """
    near = all(one.value >= m.published - claim.margin for one in cases)
    if m.low > m.published and near:
        return EXCEEDED, 1
    if m.high < m.published - claim.margin or m.high <= 0:
        return NOT, 0
    if not m.high - m.low < claim.width or m.low <= 0:
        return CANNOT_TELL, 0
    return (REPRODUCED if near else PARTLY), int(near)


def _graded(claim, measured, cases) -> tuple[str, int]:
    """Two bounds: the first case passes ``margin`` in the claimed direction, or, for "partly", the
    last one lies above ``part``."""
    whole = bool(HOLDS[claim.direction](cases[0].value, claim.margin))
    part = cases[-1].value > claim.part
    return REPRODUCED if whole else PARTLY if part else NOT, int(whole)


class Rule(NamedTuple):
    """How a kind of claim is judged, the words for it, and what counts as "not".

    ``not_if`` has after a bar what holds only for rows with the bound that it names. ``printed``:
    it compares with a published number. Rules without ``judge`` measure nothing and have their
    ``verdict``.
    """

    judge: Callable[[object, Measured, tuple[Case, ...]], tuple[str, int]] | None
    words: str
    not_if: str = ""
    printed: bool = False
    verdict: str = ""


NOTHING_OF_NOTE = "|, or is shown to be below {part:.3g}"
RULES = {
    "direction": Rule(
        _all,
        "{right} of {n} {cases} in the claimed direction, {sure} beyond their interval, {against} "
        "beyond it on the other side",
        "fewer than {share:.0%} can still hold: a case lies on the other side with its whole "
        "interval" + NOTHING_OF_NOTE,
    ),
    "share": Rule(_listed, "{held} of {n}", "none of them holds" + NOTHING_OF_NOTE),
    "most": Rule(
        _most,
        "holds in {held_cells} of {n_cells} depths and leads",
        "at most {margin:.0%} of the cases, counted|; cannot tell: an interval of "
        "{width:g} or more",
    ),
    "somewhere": Rule(
        _somewhere,
        "{held} of {n}",
        "every case lies on the other side with its whole interval" + NOTHING_OF_NOTE,
    ),
    "no gain": Rule(
        _no_gain,
        "{held} of {n} pairs with a gain shown to be below {margin:.3g}, {sure} with a gain beyond "
        "chance",
        "one pair has a gain beyond chance that may exceed {margin:.3g}",
    ),
    "alike": Rule(
        _alike,
        "{held} of {n} intervals within {margin:.3g} of zero",
        "fewer than {of:.0%} can still hold: an interval lies wholly more than {margin:.3g} from "
        "zero, on either side|, or fewer than {part:.0%} of the values lie within {margin:.3g}; "
        "partly: half of the intervals do",
    ),
    "agreement": Rule(
        _agreement,
        "at least {margin:g} wanted, {part:g} is chance",
        "not above {part:g}, what chance gives, or an interval below {margin:g}",
    ),
    "bound": Rule(
        _bound,
        "whole interval on the claimed side of the bound: {held} of {n}",
        "the whole interval is not {direction} {bound}|; partly only in an interval narrower than "
        "{width:g}",
        printed=True,
    ),
    "number": Rule(
        _number,
        "within {margin:g} of the published number: {held} of {n}",
        "the whole interval lies more than {margin:g} away|; cannot tell: an interval of "
        "{width:g} or more",
        printed=True,
    ),
    "count": Rule(
        _count,
        "number of places",
        "the interval lies on the worse side of the published number, or none where some are "
        "named|; cannot tell: an interval of {width:g} places or more",
        printed=True,
    ),
    "correlation": Rule(
        _correlation,
        "correlation",
        "the interval lies more than {margin:g} below the published one|; cannot tell: an "
        "interval of {width:g} or more",
        printed=True,
    ),
    "graded": Rule(_graded, "bound {margin:g}", "at most {part:g}"),
    "shown": Rule(None, "{note}", verdict=NOTE),
    "by construction": Rule(None, "holds by construction: {note}", verdict=BY_CONSTRUCTION),
    "slip": Rule(None, "a slip of the authors: {note}", verdict=NOTE),
    "not testable": Rule(None, "{note}", verdict=NOT_TESTABLE),
}
