"""The soil of many sites at once: heat first, then water, which feels the frost."""

from dataclasses import dataclass

import numpy as np

from soilbook.data.sites import SITES
from soilbook.data.twin import heat
from soilbook.data.twin.columns import Columns, columns
from soilbook.data.twin.drivers import Drivers, drivers
from soilbook.data.twin.soil import THICKNESS, WATER_LAYERS, Hydraulics, pedotransfer, profile
from soilbook.data.twin.water import Drive, Fluxes, step

# Decades by which ice lowers the conductivity of frozen soil; Hansson et al. (2004,
# doi:10.2136/vzj2004.0693) call it impedance.
ICE = 3.0
COOL = 5.0  # degC below which roots take up less water
GROUND_WARMTH = 1.5  # degC by which the soil is warmer than the air on the mean of a year


@dataclass(frozen=True)
class Truth:
    """The true state of a site, daily, its first days being those of the spin-up.

    moisture: daily mean (m3 m-3), (day, water layer); temperature (degC), (day, layer); storage at
    the end of the day (mm), (day,); fluxes of the day (mm), each (day,). Moisture stays between
    ``residual`` and ``porosity``.
    """

    drivers: Drivers
    moisture: np.ndarray
    temperature: np.ndarray
    storage: np.ndarray
    fluxes: Fluxes
    residual: float
    porosity: float


def simulate(names, seed: int = 0, refine: int = 1) -> list[Truth]:
    """Truth at sites, one after the other in the order of ``names``.

    All sites advance together, each by its own steps; no site feels another.
    """
    sites = [drivers(SITES[name], seed, refine) for name in names]
    sand = np.array([[site.site.sand] for site in sites], dtype=float)
    clay = np.array([[site.site.clay] for site in sites], dtype=float)
    temperature = _temperature(sites, pedotransfer(sand, clay), sand)
    roots = np.stack([site.roots for site in sites])
    soils = columns(profile(sand, clay), roots, THICKNESS[:WATER_LAYERS])
    moisture, storage, fluxes = _water(sites, soils, temperature[:, :, :WATER_LAYERS])
    return [
        Truth(
            site,
            moisture[i, : site.days.size],
            temperature[i, : site.days.size],
            storage[i, : site.days.size],
            Fluxes(*fluxes[:, i, : site.days.size]),
            float(soils.residual[i, 0]),
            float(soils.soil.saturation[i, 0]),
        )
        for i, site in enumerate(sites)
    ]


def _align(arrays: list[np.ndarray], fill: float | None = None) -> np.ndarray:
    """Arrays of different length one below the other, with their last value or ``fill`` behind."""
    longest = max(array.size for array in arrays)
    out = np.empty((len(arrays), longest))
    for row, array in zip(out, arrays, strict=True):
        row[: array.size] = array
        row[array.size :] = array[-1] if fill is None else fill
    return out


def _temperature(sites: list[Drivers], soil: Hydraulics, sand: np.ndarray) -> np.ndarray:
    """Soil temperature (degC), (site, day, layer), in soil that stays at field capacity."""
    shape = (len(sites), THICKNESS.size)
    water = soil.field_capacity
    capacity = heat.WATER_CAPACITY * water + heat.SOLID_CAPACITY * (1 - soil.saturation)
    mean = [[site.weather.air_temperature.mean() + GROUND_WARMTH] for site in sites]
    return heat.soil_temperature(
        _align([site.surface for site in sites]),
        _align([site.resistance for site in sites]),
        THICKNESS,
        np.broadcast_to(heat.conductivity(soil.saturation, water, sand), shape),
        np.broadcast_to(capacity, shape),
        np.broadcast_to(heat.FUSION * water, shape),
        np.broadcast_to(np.array(mean), shape),
    )


def _water(sites: list[Drivers], soils: Columns, temperature: np.ndarray):
    """Daily moisture (site, day, layer), storage (mm), (site, day), fluxes (mm), (4, site, day)."""
    frozen = np.clip(-temperature / heat.FREEZING, 0, 1)
    frozen[..., :-1] = np.maximum(frozen[..., :-1], frozen[..., 1:])
    passage = 10 ** (-ICE * frozen)
    warmth = np.clip(temperature / COOL, 0, 1)
    ground = _align([site.ground / 1000 for site in sites])
    plants = _align([site.plants / 1000 for site in sites])

    # Steps side by side; a site whose record has ended goes on without water, unrecorded.
    day = _align([site.steps.day for site in sites]).astype(int).T.copy()
    dt = _align([site.steps.dt for site in sites]).T.copy()
    supply = _align([site.steps.supply for site in sites], 0.0).T.copy()
    live = _align([np.ones(site.steps.day.size) for site in sites], 0.0).T
    weight = dt * live

    row = np.arange(len(sites))
    theta = soils.soil.field_capacity
    moisture = np.zeros(temperature.shape)
    storage = np.zeros(temperature.shape[:2])
    fluxes = np.zeros((4, *storage.shape))
    for k in range(len(day)):
        now = row, day[k]
        drive = Drive(supply[k], ground[now], plants[now], passage[now], warmth[now])
        theta, crossed = step(soils, theta, dt[k], drive)
        moisture[now] += theta * weight[k][:, None]
        fluxes[(slice(None), *now)] += np.array(crossed) * live[k]
        storage[now] += live[k] * ((theta * soils.thickness).sum(axis=1) - storage[now])
    return moisture, storage * 1000, fluxes * 1000
