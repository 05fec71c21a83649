"""Temperature of the soil under plants and snow, with freezing. Arrays (layer, site) or (site,)."""

import numpy as np

from soilbook.landsurface import columns
from soilbook.landsurface.soil import Soil

FUSION = 3.34e8  # J per m3 of water
WATER_CAPACITY = 4.2e6  # J m-3 K-1
SOLID_CAPACITY = 2.0e6  # J m-3 K-1
FREEZING = 1.0  # degC below zero over which soil water turns to ice
DEEP = 8_000.0  # mm, where the temperature stays at the yearly mean, as in Noah
SNOW_DENSITY = 0.25  # of water
SNOW_CONDUCTIVITY = 0.14  # W m-1 K-1, Noah's 0.038 10^(2.25 density)
MULCH = 2.0  # Noah: shade lowers the heat flow into the ground by exp(-2 shade)
DAY = 86400.0


def ice(theta: np.ndarray, temperature: np.ndarray, soil: Soil) -> np.ndarray:
    """Frozen water (m3 m-3): all but the wilting point at -1 degC, none at 0, linear between."""
    return (theta - soil.noah_wilting) * np.clip(-temperature / FREEZING, 0, 1)


def conductivity(theta: np.ndarray, soil: Soil) -> np.ndarray:
    """Thermal conductivity (W m-1 K-1), Johansen's interpolation as in Peters-Lidard et al. (1998,
    doi:10.1175/1520-0469(1998)055<1209:TEOSTC>2.0.CO;2), unfrozen soil.
    """
    other = np.where(soil.quartz > 0.2, 2.0, 3.0)
    solid = 7.7**soil.quartz * other ** (1 - soil.quartz)
    wet = solid ** (1 - soil.porosity) * 0.57**soil.porosity
    density = 2700 * (1 - soil.porosity)
    dry = (0.135 * density + 64.7) / (2700 - 0.947 * density)
    kersten = np.clip(1 + np.log10(np.maximum(theta / soil.porosity, 0.1)), 0, 1)
    return dry + kersten * (wet - dry)


def top_conductance(conducts: np.ndarray, thickness, shade, pack) -> np.ndarray:
    """Heat flow (W m-2) into the first layer per degree between its middle and the skin."""
    ground = thickness[0] / 2000 / (conducts[0] * np.exp(-MULCH * shade))
    return 1 / (ground + pack / 1000 / SNOW_DENSITY / SNOW_CONDUCTIVITY)


def step(
    temperature: np.ndarray,
    theta: np.ndarray,
    skin: tuple[np.ndarray, np.ndarray],
    deep: np.ndarray,
    conducts: np.ndarray,
    soil: Soil,
    thickness: np.ndarray,
    day_part: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature (degC) after a part of a day, and the heat that flowed into the soil (W m-2).

    ``skin``: temperature outside (degC) and conductance (W m-2 K-1) between there and the middle of
    the first layer; ``deep``: temperature 8 m down. Implicit in heat content, which is linearised
    once, so that no heat is lost.
    """
    outside, entry = skin
    metres = thickness / 1000
    half = metres / 2 / conducts
    inner = 1 / (half[:-1] + half[1:])
    below = conducts[-1] / ((DEEP - thickness.sum() + thickness[-1] / 2) / 1000)[0]
    capacity = SOLID_CAPACITY * (1 - soil.porosity) + WATER_CAPACITY * theta
    latent = FUSION * (theta - soil.noah_wilting)
    mixed = capacity + latent / FREEZING
    slope = 1 / np.where((temperature < 0) & (temperature > -FREEZING), mixed, capacity)

    down = inner * (temperature[:-1] - temperature[1:])
    into, out = entry * (outside - temperature[0]), below * (temperature[-1] - deep)
    right = np.empty_like(temperature)
    right[0] = into
    right[1:] = down
    right[:-1] -= down
    right[-1] -= out
    loss = np.empty_like(temperature)
    loss[0] = entry
    loss[1:] = inner
    loss[:-1] += inner
    loss[-1] += below
    diagonal = metres / (DAY * day_part) + loss * slope
    change = columns.solve(-inner * slope[:-1], diagonal, -inner * slope[1:], right)
    heat = capacity * temperature + latent * np.clip(temperature / FREEZING, -1, 0) + change
    frozen = heat < -mixed * FREEZING
    thawing = np.where(heat >= 0, heat / capacity, heat / mixed)
    new = np.where(frozen, (heat + latent) / capacity, thawing)
    return new, into - entry * slope[0] * change[0]
