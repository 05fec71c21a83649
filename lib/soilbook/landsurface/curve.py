"""The variable infiltration curve: what part of the ground is full, what runs off and evaporates.

Infiltration capacity i over a part A of the ground: i = most (1 - (1 - A)^(1 / shape)), Zhao et al.
(1980) and Liang et al. (1994, doi:10.1029/94JD00483). ``fullness`` is the mean
storage over the largest storage, 0 to 1.
"""

from functools import lru_cache

import numpy as np

POINTS = 2001  # of the table of ``evaporation_share``
NODES = 40  # of the quadrature


def full_ground(fullness, shape: float) -> np.ndarray:
    """Part of the ground whose storage is full."""
    return 1 - (1 - np.asarray(fullness)) ** (shape / (1 + shape))


def runoff(water, fullness, largest, shape: float) -> np.ndarray:
    """Runoff (mm) out of ``water`` (mm) onto ground that can hold ``largest`` mm in the mean.

    The capacity curve integrated over the ground, Liang et al. (1994).
    """
    most = (1 + shape) * largest
    start = most * (1 - (1 - fullness) ** (1 / (1 + shape)))
    left = np.maximum(1 - (start + water) / most, 0) ** (1 + shape)
    return np.clip(water - largest * (1 - fullness) + largest * left, 0, water)


def evaporation_share(fullness, shape: float) -> np.ndarray:
    """Evaporation from bare soil over the potential one.

    Full ground evaporates at the potential rate, the rest at the ratio of the wet front's storage
    to its own capacity (Liang et al. 1994). Looked up in a table of that integral.
    """
    return np.interp(fullness, *_evaporation_table(shape))


@lru_cache(maxsize=16)
def _evaporation_table(shape: float) -> tuple[np.ndarray, np.ndarray]:
    # Dense at both ends, where the share bends most.
    fullness = (1 - np.cos(np.linspace(0, np.pi, POINTS))) / 2
    full = full_ground(fullness, shape)
    front = 1 - (1 - fullness) ** (1 / (1 + shape))
    # Over v = 1 - A, from 0 to the part that is not full, by Gauss-Legendre quadrature.
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    v = (1 - full)[:, None] * (nodes + 1) / 2
    inner = front[:, None] / np.maximum(1 - v ** (1 / shape), 1e-300)
    share = full + (1 - full) * (np.minimum(inner, 1) * weights / 2).sum(axis=1)
    share[0], share[-1] = 0.0, 1.0
    return fullness, share
