"""How much the air could evaporate, and how far open the leaves are. Arrays (step, site)."""

from typing import NamedTuple

import numpy as np

from soilbook.landsurface.cover import Cover
from soilbook.landsurface.diurnal import Weather
from soilbook.landsurface.radiation import KELVIN, STEFAN_BOLTZMANN, saturation_pressure
from soilbook.landsurface.snow import snowfall

LATENT = 2.45e6  # J kg-1
AIR_HEAT = 1005.0  # J kg-1 K-1
GAS = 287.05  # J kg-1 K-1, dry air
EMISSIVITY = 0.98
KARMAN = 0.41
WIND_HEIGHT, AIR_HEIGHT = 10.0, 2.0  # m
HEAT_ROUGHNESS = 0.1  # roughness for heat over that for wind
LEAST_WIND = 0.5  # m s-1
CLOSED = 5000.0  # s m-1, stomata shut
BEST_TEMPERATURE = 298.0  # K
LEAST_OPENING = 1e-3
MILLIMETRES = 86400 / LATENT  # mm d-1 evaporated by 1 W m-2


class Drive(NamedTuple):
    """What drives a step of either model, each (step, site), or (site,) for one step.

    rain, snowfall (mm per step); temperature (degC); radiation: net, of snow-free ground at air
    temperature (W m-2); shortwave (W m-2); potential: evaporation of a wet surface with
    neither snow nor ground heat (mm d-1); by_heat: its growth with absorbed heat (mm d-1 per
    W m-2); exchange: sensible and long-wave heat lost per degree of surface warming (W m-2 K-1);
    open, closed: transpiration is open / (open + closed / wetness) of the potential; shade: green
    part of the ground; leaves: leaf area index.
    """

    rain: np.ndarray
    snowfall: np.ndarray
    temperature: np.ndarray
    radiation: np.ndarray
    shortwave: np.ndarray
    potential: np.ndarray
    by_heat: np.ndarray
    exchange: np.ndarray
    open: np.ndarray
    closed: np.ndarray
    shade: np.ndarray
    leaves: np.ndarray


def drive(weather: Weather, cover: Cover, pressure: np.ndarray, leaf_out: np.ndarray) -> Drive:
    """Drive of both models; ``leaf_out`` (step, site) is how far leaves are out, 0 to 1.

    Penman's equation with long-wave cooling linearised, as in Noah (Mahrt and Ek 1984,
    doi:10.1175/1520-0450(1984)023<0222:TIOASO>2.0.CO;2), neutral exchange above a rough surface,
    and the canopy resistance of Jarvis as in Chen and Dudhia (2001).
    """
    kelvin = weather.air_temperature + KELVIN
    saturated = saturation_pressure(weather.air_temperature)
    slope = 4098 * saturated / (weather.air_temperature + 237.3) ** 2  # hPa K-1
    deficit = np.maximum(saturated - weather.vapour_pressure, 0)
    psychrometric = AIR_HEAT * pressure / (0.622 * LATENT)  # hPa K-1
    density = pressure * 100 / (GAS * kelvin)
    roughness = cover.roughness
    mixing = KARMAN**2 / (
        np.log(WIND_HEIGHT / roughness) * np.log(AIR_HEIGHT / (HEAT_ROUGHNESS * roughness))
    )
    per_second = mixing * np.maximum(weather.wind_speed, LEAST_WIND)  # m s-1, 1 / resistance
    sensible = density * AIR_HEAT * per_second
    cooling = 1 + 4 * EMISSIVITY * STEFAN_BOLTZMANN * kelvin**3 / sensible
    net = (1 - cover.albedo) * weather.shortwave
    net += EMISSIVITY * (weather.longwave - STEFAN_BOLTZMANN * kelvin**4)
    by_heat = MILLIMETRES * slope / (slope + psychrometric * cooling)
    drying = cooling * sensible * deficit / slope

    leaves = cover.leaves_winter + (cover.leaves_summer - cover.leaves_winter) * leaf_out
    shade = cover.shade * leaves / cover.leaves_summer
    light = 0.55 * 2 * weather.shortwave / (cover.light * leaves)
    by_light = (light + cover.least_resistance / CLOSED) / (1 + light)
    by_warmth = 1 - 0.0016 * (BEST_TEMPERATURE - kelvin) ** 2
    by_dryness = 1 / (1 + cover.dryness * 0.622 * deficit / pressure)
    opening = by_light * np.maximum(by_warmth, LEAST_OPENING) * by_dryness
    resistance = cover.least_resistance / (leaves * opening)
    snow = snowfall(weather.precipitation, weather.air_temperature)
    return Drive(
        rain=weather.precipitation - snow,
        snowfall=snow,
        temperature=weather.air_temperature,
        radiation=net,
        shortwave=weather.shortwave,
        potential=by_heat * (net + drying),
        by_heat=by_heat,
        exchange=sensible * cooling,
        open=cooling + slope / psychrometric,
        closed=cooling * resistance * per_second,
        shade=shade,
        leaves=leaves,
    )
