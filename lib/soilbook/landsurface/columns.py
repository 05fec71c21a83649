"""Columns of layers, all sites at once. Arrays (layer, site)."""

import numpy as np


def solve(lower: np.ndarray, diagonal: np.ndarray, upper: np.ndarray, right: np.ndarray):
    """Solution (layer, site) of tridiagonal systems, one per site (Thomas algorithm).

    Row k: lower[k-1] x[k-1] + diagonal[k] x[k] + upper[k] x[k+1] = right[k]; lower and upper have
    a layer less. For systems with a dominant diagonal.
    """
    layers = len(diagonal)
    pivot, value = [diagonal[0]], [right[0]]
    for k in range(1, layers):
        factor = lower[k - 1] / pivot[-1]
        pivot.append(diagonal[k] - factor * upper[k - 1])
        value.append(right[k] - factor * value[-1])
    out = np.empty_like(diagonal)
    out[-1] = value[-1] / pivot[-1]
    for k in range(layers - 2, -1, -1):
        out[k] = (value[k] - upper[k] * out[k + 1]) / pivot[k]
    return out


def keep_bounds(water: np.ndarray, low: np.ndarray, high: np.ndarray):
    """Water (mm) kept between ``low`` and ``high`` (mm) by moving it between layers, none lost.

    A layer too dry draws from the one below, a layer too wet fills the one above. Returns the water
    (layer, site), what spills over the top and what is drawn in at the bottom (mm), (site,).
    """
    spilled = drawn = np.zeros(water.shape[1])
    if (water >= low).all() and (water <= high).all():
        return water, spilled, drawn
    water = water.copy()
    for k in range(len(water)):
        water[k] -= drawn
        drawn = np.maximum(low[k] - water[k], 0)
        water[k] += drawn
    for k in reversed(range(len(water))):
        water[k] += spilled
        spilled = np.maximum(water[k] - high[k], 0)
        water[k] -= spilled
    return water, spilled, drawn
