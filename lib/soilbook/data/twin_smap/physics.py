"""The true soil of the pixels: heat by conduction, water by Richards' equation.

Eleven layers instead of the four or three of the land-surface models, rain in spells of hours,
roots that make up for dry layers, large pores: the code of study 1's twin.
"""

from dataclasses import dataclass

import numpy as np

from soilbook import progress
from soilbook.data.twin import heat, streams
from soilbook.data.twin.cover import COVERS, ground_share, leaf_area
from soilbook.data.twin.demand import potential_evapotranspiration
from soilbook.data.twin.drivers import COVERED, HIDDEN
from soilbook.data.twin.observatory import COOL, GROUND_WARMTH, ICE
from soilbook.data.twin.schedule import Schedule, schedule
from soilbook.data.twin.snow import insulation, snowpack
from soilbook.data.twin.soil import Hydraulics
from soilbook.data.twin.water import Drive, step
from soilbook.data.twin_smap.nature import KINDS, Nature
from soilbook.data.twin_smap.soil import THICKNESS, WATER_LAYERS, soil_columns
from soilbook.data.twin_smap.weather import Weather

MORNING = 1 / 3  # of the day: before the satellite's overpass at 6 h and a little after
FLUXES = ("infiltration", "runoff", "evapotranspiration", "drainage")


@dataclass(frozen=True)
class Truth:
    """True state of places, daily.

    moisture: mean of the day and morning: of its first third (m3 m-3), (day, place, water layer),
    32-bit; temperature (degC), (day, place, water layer); pack: water in the snow, storage: in the
    soil at the end of the day (mm), (day, place); fluxes (mm) by name, (day, place).
    """

    moisture: np.ndarray
    morning: np.ndarray
    temperature: np.ndarray
    pack: np.ndarray
    storage: np.ndarray
    fluxes: dict[str, np.ndarray]


@dataclass(frozen=True)
class Ground:
    """What acts on the soil, each (day, place): snow, demand of bare soil and leaves (mm), the
    temperature above snow and litter (degC) and their resistance (m2 K W-1)."""

    pack: np.ndarray
    supply: np.ndarray
    bare: np.ndarray
    plants: np.ndarray
    surface: np.ndarray
    resistance: np.ndarray


def ground(weather: Weather, nature: Nature) -> Ground:
    """From the weather to the surface of the soil."""
    air, rain = weather.air_temperature, weather.precipitation
    potential = potential_evapotranspiration(
        air, weather.relative_humidity, weather.wind_speed, weather.shortwave, weather.longwave
    )
    thin = np.minimum(1.0, rain.mean(axis=0) / potential.mean(axis=0))
    pack, supply, bare, surface = (np.empty_like(air) for _ in range(4))
    for k, cover in enumerate(COVERS[KINDS[one]] for one in nature.cover.tolist()):
        pack[:, k], melt, fallen = snowpack(rain[:, k], air[:, k])
        supply[:, k] = melt + fallen
        bare[:, k] = ground_share(thin[k] * leaf_area(cover, air[:, k]))
        surface[:, k] = air[:, k] + cover.warming * weather.shortwave[:, k] / 100
    return Ground(
        pack=pack,
        supply=supply,
        bare=np.where(pack > COVERED, 0, potential * bare),
        plants=potential * (1 - bare),
        surface=np.where(pack > HIDDEN, np.minimum(air, 0), surface),
        resistance=insulation(pack),
    )


def simulate(weather: Weather, nature: Nature, soil: Hydraulics, seed: int = 0) -> Truth:
    """Truth of places under a weather; none of them feels another."""
    top = ground(weather, nature)
    temperature = _temperature(weather, nature, soil, top)[:, :, :WATER_LAYERS]
    steps = [
        schedule(streams.stream(seed, "study 2", "storms", str(k)), top.supply[:, k])
        for k in range(nature.sand.size)
    ]
    moisture, morning, storage, fluxes = _water(nature, soil, top, temperature, steps)
    return Truth(moisture, morning, temperature, top.pack, storage, fluxes)


def _temperature(weather, nature: Nature, soil: Hydraulics, top: Ground) -> np.ndarray:
    """Soil temperature (degC), (day, place, layer), in soil that stays at field capacity."""
    shape = nature.sand.size, THICKNESS.size
    water = soil.field_capacity[:, :1]
    capacity = heat.WATER_CAPACITY * water + heat.SOLID_CAPACITY * (1 - soil.saturation[:, :1])
    conducts = heat.conductivity(soil.saturation[:, :1], water, nature.sand[:, None])
    mean = weather.air_temperature.mean(axis=0)[:, None] + GROUND_WARMTH
    broad = [np.broadcast_to(v, shape) for v in (conducts, capacity, heat.FUSION * water, mean)]
    result = heat.soil_temperature(top.surface.T, top.resistance.T, THICKNESS, *broad)
    return result.transpose(1, 0, 2)


def _water(nature, soil, top: Ground, temperature, steps: list[Schedule]):
    """Moisture of day and morning (day, place, layer), storage (day, place) and fluxes (mm)."""
    columns = soil_columns(soil, nature)
    # Steps side by side, a place with fewer of them waiting at its last one without rain or time.
    longest = max(one.day.size for one in steps)
    day, dt, supply, live = (np.zeros((longest, len(steps))) for _ in range(4))
    for k, one in enumerate(steps):
        n = one.day.size
        day[:, k], dt[:, k] = one.day[-1], one.dt[-1]
        day[:n, k], dt[:n, k], supply[:n, k], live[:n, k] = one.day, one.dt, one.supply, 1
    day = day.astype(int)
    begins = np.vstack([np.ones((1, len(steps)), bool), day[1:] != day[:-1]])
    clock = np.cumsum(dt, axis=0) - dt
    clock -= np.maximum.accumulate(np.where(begins, clock, 0), axis=0)
    early = (clock < MORNING - 1e-9) & (live > 0)

    frozen = np.clip(-temperature / heat.FREEZING, 0, 1)
    frozen[..., :-1] = np.maximum(frozen[..., :-1], frozen[..., 1:])
    passage = 10 ** (-ICE * frozen)
    warmth = np.clip(temperature / COOL, 0, 1)
    bare, plants = top.bare / 1000, top.plants / 1000
    place = np.arange(len(steps))
    moisture = np.zeros(temperature.shape, np.float32)
    morning = np.zeros(temperature.shape, np.float32)
    hours = np.zeros(top.pack.shape)
    storage = np.zeros(top.pack.shape)
    fluxes = np.zeros((len(FLUXES), *top.pack.shape))
    # Dry climates start with dry soil, or it would dry for years.
    start = np.minimum(1.0, top.supply.mean(axis=0) / (bare + plants).mean(axis=0) / 1000)
    theta = columns.wilting + start[:, None] * (columns.soil.field_capacity - columns.wilting)
    with progress.bar(longest, "soil of the pixels", "step") as bar:
        for k in range(longest):
            now = day[k], place
            drive = Drive(supply[k], bare[now], plants[now], passage[now], warmth[now])
            theta, crossed = step(columns, theta, dt[k], drive)
            weight = dt[k] * live[k]
            moisture[now] += theta * weight[:, None]
            weight = weight * early[k]
            morning[now] += theta * weight[:, None]
            hours[now] += weight
            fluxes[(slice(None), *now)] += np.array(crossed) * live[k]
            storage[now] += live[k] * ((theta * columns.thickness).sum(axis=1) - storage[now])
            if k % 500 == 499:
                bar.update(500)
    morning /= hours[..., None]
    named = dict(zip(FLUXES, fluxes * 1000, strict=True))
    return moisture, morning, storage * 1000, named
