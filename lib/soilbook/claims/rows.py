"""What the judge of claims reads: the row of a claim, a run's measurement of it, and the words for
a verdict."""

from collections.abc import Mapping
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
