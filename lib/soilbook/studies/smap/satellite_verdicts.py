"""When a number of this run agrees with one that Fang et al. (2019) state: the rules, nothing else.

A verdict is exceeded, reproduced, partly or not. ``low`` and ``high`` bound the run's number (NaN:
no interval). ``better`` is "higher" or "lower" where more or less of it is skill, None where not.
"""

import numpy as np

EXCEEDED, REPRODUCED, PARTLY, NOT = "exceeded", "reproduced", "partly", "not"
HOLDS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
# Differences called "about", "similar" or "almost identical".
SIMILAR = {"R": 0.05, "ubRMSE": 0.005}
# Correlations of slopes this close below the printed one count as reproduced.
CORRELATION = 0.05


def of_count(count: float, low: float, high: float, printed: float, wish: str = "more") -> str:
    """A number of places. ``wish``: "more" or "fewer" speaks for the claim, "same" only equality.

    Exceeded beyond the interval on the good side; reproduced if at least as good as printed (for
    "same": within one place); partly if the printed number lies within the interval.
    """
    if wish == "same":
        reached = abs(count - printed) <= 1
    else:
        sign = 1 if wish == "more" else -1
        bound = low if wish == "more" else -high
        if bound > sign * printed:
            return EXCEEDED
        reached = sign * (count - printed) >= 0
    if reached:
        return REPRODUCED
    return PARTLY if low <= printed <= high else NOT


def of_bound(value, low, high, relation: str, bound: float, better: str | None = None) -> str:
    """A number said to lie on one side of ``bound``.

    Exceeded if the whole interval does and that side is the better one; partly if only a part of
    the interval does.
    """
    holds = HOLDS[relation]
    good_side = "lower" if relation[0] == "<" else "higher"
    far, near = (high, low) if good_side == "lower" else (low, high)
    if holds(far, bound) and better == good_side:
        return EXCEEDED
    if holds(value, bound):
        return REPRODUCED
    return PARTLY if holds(near, bound) else NOT


def of_direction(difference, low, high, relation: str) -> str:
    """A difference said to be above or below zero: partly while its interval holds zero."""
    holds = HOLDS[relation[0]]
    sure = low > 0 if relation[0] == ">" else high < 0
    return REPRODUCED if sure else PARTLY if holds(difference, 0) else NOT


def of_likeness(difference, low, high, bound: float, better: str | None = None) -> str:
    """A difference said to be small: partly while its interval reaches beyond ``bound``.

    Exceeded if it is larger than that, with its interval, on the better side.
    """
    if (better == "higher" and min(difference - bound, low) > 0) or (
        better == "lower" and max(difference + bound, high) < 0
    ):
        return EXCEEDED
    if abs(difference) > bound:
        return NOT
    return REPRODUCED if -bound <= low and high <= bound else PARTLY


def of_number(value, low, high, printed: float, tolerance: float, better: str | None) -> str:
    """A number stated outright, rounded to ``tolerance``; partly within twice of that."""
    if (better == "lower" and high < printed - tolerance) or (
        better == "higher" and low > printed + tolerance
    ):
        return EXCEEDED
    away = abs(value - printed)
    if away <= tolerance or low <= printed <= high:
        return REPRODUCED
    return PARTLY if away <= 2 * tolerance else NOT


def of_correlation(value, low, high, printed: float) -> str:
    """A correlation of slopes: it needs an interval above zero to count as reproduced."""
    if low > printed:
        return EXCEEDED
    if value >= printed - CORRELATION and low > 0:
        return REPRODUCED
    return PARTLY if low <= printed <= high or value >= printed - CORRELATION else NOT
