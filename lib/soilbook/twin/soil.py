"""The true soil of many columns at once: heat by conduction, then water by Richards' equation.

The implicit step of the water is the linearised one of Ross (2003, doi:10.2134/agronj2003.1352)
without iteration: fluxes between layers are linearised in water content, and the new content is
the old one plus the sum of exactly those fluxes, so that water is conserved to rounding. The layers
of all columns form one tridiagonal system whose blocks are not coupled.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dgtsv

from soilbook import progress
from soilbook.physics import soil as physics
from soilbook.twin.ground import Ground, Schedule, side_by_side

TIGHTENING = 0.5  # m, depth over which conductivity falls by e (Beven 1984)
WATER_CAPACITY = 4.18e6  # J m-3 K-1
GROUND_WARMTH = 1.5  # degC by which the soil is warmer than the air on the mean of a year
TOLERANCE = 1.0  # J m-3, less than a millionth of a degree
ITERATIONS = 40  # most steps need two, a freezing column more
# Decades by which ice lowers the conductivity of frozen soil; Hansson et al. (2004,
# doi:10.2136/vzj2004.0693) call it impedance.
ICE = 3.0
COOL = 5.0  # degC below which roots take up less water
STRESS = 0.2  # share of the available water whose loss roots do not feel, FAO-56 eq 84
GROUND = np.array([0.6, 0.4])  # shares of the top layers in the evaporation of bare soil
PATHS = 0.6  # m, depth over which water in large pores is taken up by the soil around them
COMPENSATION = 0.5  # drought that roots in wet layers make up for, omega_c of Jarvis (1989)
# Share of intense infiltration that runs down large pores; a review of such flow is Jarvis (2007,
# doi:10.1111/j.1365-2389.2007.00915.x).
BYPASS = 0.5
INTENSE = 0.024  # m d-1, 1 mm per hour
MORNING = 1 / 3  # of the day: before the satellite's overpass at 6 h and a little after


@dataclass(frozen=True)
class Columns:
    """Soil columns, arrays (column, layer) unless stated otherwise.

    roots: share of the roots, 1 in all; thickness (m), (layer,); paths: share of the flow in large
    pores that ends in each layer, (layer,); per_available: 1 / (water content over which root
    uptake falls from full to none); angle: pi / field capacity of the top layers, (column, 2). For
    the lower edge of each layer: weights of the conductivity ``above`` and ``below`` it, 1 /
    (distance of the centres); below the last layer the gradient is one: the column drains freely.
    """

    soil: physics.Soil
    roots: np.ndarray
    thickness: np.ndarray
    paths: np.ndarray
    per_available: np.ndarray
    angle: np.ndarray
    above: np.ndarray
    below: np.ndarray
    per_distance: np.ndarray


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


@dataclass(frozen=True)
class Truth:
    """True state, daily.

    moisture: mean of the day and morning: of its first third (m3 m-3), (day, place, water layer);
    temperature (degC), (day, place, layer); storage in the soil at the end of the day (mm) and
    fluxes of the day (mm), (day, place).
    """

    moisture: np.ndarray
    morning: np.ndarray
    temperature: np.ndarray
    storage: np.ndarray
    fluxes: Fluxes


def columns(soil: physics.Soil, roots: np.ndarray, thickness: np.ndarray) -> Columns:
    """Columns of soils (arrays that broadcast to (column, layer)) with roots (column, layer)."""

    def full(values):
        return np.ascontiguousarray(np.broadcast_to(values, roots.shape), dtype=float)

    soil = physics.Soil(
        full(soil.porosity), full(soil.entry), full(soil.slope), full(soil.conductivity)
    )
    reach = -np.diff(np.exp(-np.append(0, np.cumsum(thickness)) / PATHS))
    above = full(np.append(np.full(thickness.size - 1, 0.5), 1.0))
    distance = (thickness[:-1] + thickness[1:]) / 2
    return Columns(
        soil=soil,
        roots=roots,
        thickness=thickness,
        paths=reach / reach.sum(),
        per_available=1 / ((1 - STRESS) * (soil.field_capacity - soil.wilting)),
        angle=np.pi / soil.field_capacity[:, : GROUND.size],
        above=above,
        below=1 - above,
        per_distance=full(np.append(1 / distance, 0.0)),
    )


def simulate(
    top: Ground, steps: list[Schedule], c: Columns, thickness, sand, warmth, start, dtype=float
) -> Truth:
    """Truth of places side by side, each by its own steps; none of them feels another.

    Heat moves in all layers of ``thickness`` (m), water in the first of them, those of the columns
    ``c``. sand (%), warmth: mean air temperature (degC), (place,); start: water content before the
    first day (m3 m-3), (place, water layer); dtype: that of the moistures.
    """
    water, porosity, sand = c.soil.field_capacity[:, :1], c.soil.porosity[:, :1], sand[:, None]
    # Soil that stays at field capacity.
    temperature = soil_temperature(
        top.surface.T,
        top.resistance.T,
        thickness,
        physics.heat_conductivity(porosity, water, sand),
        WATER_CAPACITY * water + physics.SOLID_CAPACITY * (1 - porosity),
        physics.FUSION * water,
        warmth[:, None] + GROUND_WARMTH,
    ).transpose(1, 0, 2)
    felt = temperature[:, :, : c.thickness.size]
    frozen = physics.frozen_share(felt)
    frozen[..., :-1] = np.maximum(frozen[..., :-1], frozen[..., 1:])
    passage, warm = 10 ** (-ICE * frozen), np.clip(felt / COOL, 0, 1)
    bare, plants = top.bare / 1000, top.plants / 1000

    # A place with fewer steps waits at its last one without rain, unrecorded.
    day = side_by_side([one.day for one in steps]).astype(int)
    dt = side_by_side([one.dt for one in steps])
    supply = side_by_side([one.supply for one in steps], 0.0)
    live = side_by_side([np.ones(one.day.size) for one in steps], 0.0)
    begins = np.vstack([np.ones((1, len(steps)), bool), day[1:] != day[:-1]])
    clock = np.cumsum(dt, axis=0) - dt
    clock -= np.maximum.accumulate(np.where(begins, clock, 0), axis=0)
    early = (clock < MORNING - 1e-9) & (live > 0)
    some_early = early.any(axis=1)

    # Day and place in one axis: one index is found faster than two.
    n, theta = len(steps), start
    row = day * n + np.arange(n)
    bare, plants = bare.ravel(), plants.ravel()
    passage, warm = (one.reshape(bare.size, -1) for one in (passage, warm))
    moisture, morning = (np.zeros(passage.shape, dtype) for _ in range(2))
    hours, storage = (np.zeros(bare.shape) for _ in range(2))
    fluxes = np.zeros((*bare.shape, 4))
    with progress.bar(len(day), "soil of the twin", "step") as bar:
        for k, now in enumerate(row):
            drive = Drive(supply[k], bare[now], plants[now], passage[now], warm[now])
            theta, crossed = step(c, theta, dt[k], drive)
            weight = dt[k] * live[k]
            moisture[now] += theta * weight[:, None]
            if some_early[k]:
                weight = weight * early[k]
                morning[now] += theta * weight[:, None]
                hours[now] += weight
            fluxes[now] += np.stack(crossed, axis=1) * live[k][:, None]
            storage[now] += live[k] * ((theta * c.thickness).sum(axis=1) - storage[now])
            if k % 500 == 499:
                bar.update(500)
    moisture, morning = moisture.reshape(felt.shape), morning.reshape(felt.shape)
    hours, storage = hours.reshape(top.pack.shape), storage.reshape(top.pack.shape)
    fluxes = np.moveaxis(fluxes.reshape(*top.pack.shape, 4), -1, 0)
    morning /= np.where(hours > 0, hours, 1)[..., None]
    return Truth(moisture, morning, temperature, storage * 1000, Fluxes(*(fluxes * 1000)))


def step(c: Columns, theta: np.ndarray, dt: np.ndarray, drive: Drive) -> tuple[np.ndarray, Fluxes]:
    """Water content (m3 m-3), (column, layer), after ``dt`` (d), (column,), and what crossed."""
    soil, store = c.soil, c.thickness / dt[:, None]
    log = np.log(theta / soil.porosity)
    suction = soil.entry * np.exp(-soil.slope * log)
    conducts = soil.conductivity * np.exp(soil.power * log)

    source = -_evapotranspiration(c, theta, store, drive)
    evaporated = -source.sum(axis=1) * dt
    rain = _infiltration(c, suction[:, 0], conducts[:, 0], drive)
    bypass = (BYPASS * np.maximum(rain - INTENSE, 0))[:, None] * c.paths
    bypass = np.minimum(bypass, (soil.porosity - theta) * store)
    source += bypass
    source[:, 0] += rain - bypass.sum(axis=1)

    # Downward flux through the lower edge of each layer, and by how much it grows with the water
    # content of the layer above the edge and of the layer below.
    conducts_slope, suction_slope = soil.power * conducts / theta, soil.slope * suction / theta
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
    theta, spilled, drawn = physics.keep_bounds(
        (theta + source / store).T, soil.residual.T, soil.porosity.T, c.thickness
    )
    rain = rain * dt - spilled
    return theta.T, Fluxes(rain, drive.supply * dt - rain, evaporated, flux[:, -1] * dt - drawn)


def _infiltration(c: Columns, suction: np.ndarray, conducts: np.ndarray, drive: Drive):
    """Rate (m d-1) at which water enters: the supply, up to what a wet surface passes on."""
    face = (conducts + c.soil.conductivity[:, 0]) / 2
    pull = (suction - c.soil.entry[:, 0]) / (c.thickness[0] / 2)
    capacity = face * (1 + pull) * drive.passage[:, 0]
    return np.minimum(drive.supply, capacity)


def _evapotranspiration(c: Columns, theta: np.ndarray, store: np.ndarray, drive: Drive):
    """Rate (m d-1) at which roots and bare soil take water from each layer, (column, layer).

    Roots: the demand shared by roots and their drought, wet layers making up for dry ones (Jarvis
    1989, doi:10.1016/0022-1694(89)90050-4). Soil: the factor of Lee and Pielke (1992,
    doi:10.1175/1520-0450(1992)031<0480:ETSSSH>2.0.CO;2) times the demand.
    """
    taken = np.minimum(np.maximum((theta - c.soil.wilting) * c.per_available, 0), 1)
    taken *= c.roots * drive.warmth
    taken *= (drive.plants / np.maximum(taken.sum(axis=1), COMPENSATION))[:, None]
    cosine = np.cos(np.minimum(theta[:, : GROUND.size] * c.angle, np.pi))
    taken[:, : GROUND.size] += drive.ground[:, None] * GROUND * (0.25 * (1 - cosine) ** 2)
    # In a step never more than half of what a layer holds above air-dry.
    return np.minimum(taken, 0.5 * (theta - c.soil.residual) * store)


def soil_temperature(
    surface, resistance, thickness, conducts, capacity, latent, start
) -> np.ndarray:
    """Daily temperature (degC) of every layer, (column, day, layer), no heat flow at the bottom.

    surface: temperature above the snow and litter (degC), (column, day); resistance: between there
    and the soil (m2 K W-1), (column, day); thickness of the layers (m), (layer,); conducts,
    capacity, latent (of the frozen water), start: temperature before the first day: what broadcasts
    to (column, layer). Implicit steps of a day in heat content, so that no heat of freezing is lost
    (Voller 1985, doi:10.1093/imanum/5.2.201), solved by Newton's method column by column.
    """
    n, layers = shape = len(surface), thickness.size
    conducts, capacity, latent, start = (
        np.broadcast_to(one, shape) for one in (conducts, capacity, latent, start)
    )
    half = thickness / 2 / conducts
    inner = np.zeros(shape)
    inner[:, :-1] = 1 / (half[:, :-1] + half[:, 1:])  # W m-2 K-1 through the lower edge
    inner, ratio = inner.ravel(), np.tile(physics.DAY / thickness, n)
    capacity, latent, half = capacity.ravel(), latent.ravel(), half[:, 0]
    heat = physics.enthalpy(start.ravel(), capacity, latent)
    out = np.empty((surface.shape[1], *shape))
    outer = 1 / (half[:, None] + resistance)
    edge, above = np.zeros((2, n * layers))
    for day in range(surface.shape[1]):
        edge[::layers] = outer[:, day]
        above[::layers] = surface[:, day]
        trial = heat
        for _ in range(ITERATIONS):
            value, slope = temperature_of(trial, capacity, latent)
            # Residual of the implicit step at the trial heat, and its derivative.
            down = inner[:-1] * (value[:-1] - value[1:])
            gain = edge * (above - value)
            gain[:-1] -= down
            gain[1:] += down
            residual = heat + ratio * gain - trial
            open_columns = np.abs(residual).reshape(shape).max(axis=1) > TOLERANCE
            if not open_columns.any():
                break
            diagonal = edge + inner
            diagonal[1:] += inner[:-1]
            diagonal = 1 + ratio * diagonal * slope
            upper = -ratio[:-1] * inner[:-1] * slope[1:]
            lower = -ratio[1:] * inner[:-1] * slope[:-1]
            change = dgtsv(lower, diagonal, upper, residual)[3]
            moved = _stop_at_kinks(trial, trial + change, capacity, latent)
            # A column that has converged stays, whatever the others need.
            trial = np.where(np.repeat(open_columns, layers), moved, trial)
        heat = trial
        out[day] = temperature_of(heat, capacity, latent)[0].reshape(shape)
    return np.moveaxis(out, 0, 1)


def temperature_of(
    heat: np.ndarray, capacity: np.ndarray, latent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature (degC) of a heat content, and its derivative; the inverse of ``enthalpy``."""
    mixed = capacity + latent / physics.FREEZING
    frozen = heat < -mixed * physics.FREEZING
    slope = np.where(heat >= 0, 1 / capacity, np.where(frozen, 1 / capacity, 1 / mixed))
    return np.where(frozen, heat + latent, heat) * slope, slope


def _stop_at_kinks(old, new, capacity, latent):
    """A Newton step in heat content that goes no further than where freezing starts or ends.

    Beyond such a point the step's derivative no longer holds; it ends 1 J m-3 on the other side.
    """
    solid = -(capacity * physics.FREEZING + latent)
    new = np.where((old >= 0) & (new < 0), -1.0, new)
    new = np.where((old < 0) & (old >= solid) & (new >= 0), 0.0, new)
    new = np.where((old < 0) & (old >= solid) & (new < solid), solid - 1.0, new)
    return np.where((old < solid) & (new >= solid), solid, new)
