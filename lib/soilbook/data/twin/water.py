"""Soil water by Richards' equation, for many columns at once.

The implicit step is the linearised one of Ross (2003, doi:10.2134/agronj2003.1352) without
iteration: fluxes between layers are linearised in water content, and the new water content is the
old one plus the sum of exactly those fluxes, so that water is conserved to rounding. The layers of
all columns form one tridiagonal system whose blocks are not coupled.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dgtsv

from soilbook.data.twin.columns import GROUND, Columns

COMPENSATION = 0.5  # drought that roots in wet layers make up for, omega_c of Jarvis (1989)
# Share of intense infiltration that runs down large pores; a review of such flow is Jarvis (2007,
# doi:10.1111/j.1365-2389.2007.00915.x).
BYPASS = 0.5
INTENSE = 0.024  # m d-1, 1 mm per hour


class Drive(NamedTuple):
    """What drives a step: rates in m d-1, (column,), and factors, (column, layer).

    supply: rain and melt; ground, plants: demand of bare soil and of leaves; passage: factor of ice
    on the flow through the lower edge of a layer; warmth: factor of soil temperature on roots.
    """

    supply: np.ndarray
    ground: np.ndarray
    plants: np.ndarray
    passage: np.ndarray
    warmth: np.ndarray


class Fluxes(NamedTuple):
    """Water that crossed the edges of the columns in a step (m), each (column,)."""

    infiltration: np.ndarray
    runoff: np.ndarray
    evapotranspiration: np.ndarray
    drainage: np.ndarray


def step(c: Columns, theta: np.ndarray, dt: np.ndarray, drive: Drive) -> tuple[np.ndarray, Fluxes]:
    """Water content (m3 m-3), (column, layer), after ``dt`` (d), (column,), and what crossed."""
    soil, store = c.soil, c.thickness / dt[:, None]
    log = np.log(theta / soil.saturation)
    suction = soil.entry * np.exp(-soil.slope * log)
    conducts = soil.saturated_conductivity * np.exp(c.conduct_power * log)

    source = -_evapotranspiration(c, theta, store, drive)
    evaporated = -source.sum(axis=1) * dt
    rain = _infiltration(c, suction[:, 0], conducts[:, 0], drive)
    bypass = (BYPASS * np.maximum(rain - INTENSE, 0))[:, None] * c.paths
    bypass = np.minimum(bypass, (soil.saturation - theta) * store)
    source += bypass
    source[:, 0] += rain - bypass.sum(axis=1)

    # Downward flux through the lower edge of each layer, and by how much it grows with the water
    # content of the layer above the edge and of the layer below.
    conducts_slope, suction_slope = c.conduct_power * conducts / theta, soil.slope * suction / theta
    under = np.zeros((4, *theta.shape))
    for values, shifted in zip(
        (conducts, suction, conducts_slope, suction_slope), under, strict=True
    ):
        shifted[:, :-1] = values[:, 1:]
    mean = drive.passage * (c.above * conducts + c.below * under[0])
    gradient = 1 + c.per_distance * (under[1] - suction)
    flux = mean * gradient
    gradient *= drive.passage
    mean *= c.per_distance
    by_above = c.above * conducts_slope * gradient + mean * suction_slope
    by_below = c.below * under[2] * gradient - mean * under[3]

    diagonal = store + by_above
    diagonal[:, 1:] -= by_below[:, :-1]
    lower = -by_above
    lower[:, -1] = 0.0
    gain = source - flux
    gain[:, 1:] += flux[:, :-1]
    bands = (lower.ravel()[:-1], diagonal.ravel(), by_below.ravel()[:-1], gain.ravel())
    change = dgtsv(*bands)[3].reshape(theta.shape)
    flux += by_above * change
    flux[:, :-1] += by_below[:, :-1] * change[:, 1:]
    source -= flux
    source[:, 1:] += flux[:, :-1]
    theta, spilled, drawn = keep_bounds(
        theta + source / store, c.residual, soil.saturation, c.thickness
    )
    rain = rain * dt - spilled
    return theta, Fluxes(rain, drive.supply * dt - rain, evaporated, flux[:, -1] * dt - drawn)


def _infiltration(c: Columns, suction: np.ndarray, conducts: np.ndarray, drive: Drive):
    """Rate (m d-1) at which water enters: the supply, up to what a wet surface passes on."""
    face = (conducts + c.soil.saturated_conductivity[:, 0]) / 2
    pull = (suction - c.soil.entry[:, 0]) / (c.thickness[0] / 2)
    capacity = face * (1 + pull) * drive.passage[:, 0]
    return np.minimum(drive.supply, capacity)


def _evapotranspiration(c: Columns, theta: np.ndarray, store: np.ndarray, drive: Drive):
    """Rate (m d-1) at which roots and bare soil take water from each layer, (column, layer).

    Roots: the demand shared by roots and their drought, wet layers making up for dry ones (Jarvis
    1989, doi:10.1016/0022-1694(89)90050-4). Soil: the factor of Lee and Pielke (1992,
    doi:10.1175/1520-0450(1992)031<0480:ETSSSH>2.0.CO;2) times the demand.
    """
    taken = np.minimum(np.maximum((theta - c.wilting) * c.per_available, 0), 1)
    taken *= c.roots * drive.warmth
    taken *= (drive.plants / np.maximum(taken.sum(axis=1), COMPENSATION))[:, None]
    cosine = np.cos(np.minimum(theta[:, : GROUND.size] * c.angle, np.pi))
    taken[:, : GROUND.size] += drive.ground[:, None] * GROUND * (0.25 * (1 - cosine) ** 2)
    # In a step never more than half of what a layer holds above air-dry.
    return np.minimum(taken, 0.5 * (theta - c.residual) * store)


def keep_bounds(
    theta: np.ndarray, low: np.ndarray, high: np.ndarray, thickness: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Water content kept between ``low`` and ``high`` by moving water, none being lost.

    A layer too dry draws from the one below, a layer too wet fills the one above. Returns the water
    content (column, layer), what spills at the top and what is drawn in at the bottom (m).
    """
    spilled = drawn = np.zeros(theta.shape[0])
    if (theta >= low).all() and (theta <= high).all():
        return theta, spilled, drawn
    theta = theta.copy()
    for layer, metres in enumerate(thickness):
        theta[:, layer] -= drawn / metres
        drawn = np.maximum(low[:, layer] - theta[:, layer], 0) * metres
        theta[:, layer] = np.maximum(theta[:, layer], low[:, layer])
    for layer in reversed(range(thickness.size)):
        theta[:, layer] += spilled / thickness[layer]
        spilled = np.maximum(theta[:, layer] - high[:, layer], 0) * thickness[layer]
        theta[:, layer] = np.minimum(theta[:, layer], high[:, layer])
    return theta, spilled, drawn
