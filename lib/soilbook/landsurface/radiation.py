"""Sunlight through the day, water vapour, and long-wave radiation where nobody measured it.

Arrays broadcast; temperatures in degC, pressures in hPa, radiation in W m-2.
"""

import numpy as np

STEFAN_BOLTZMANN = 5.670374419e-8  # W m-2 K-4
KELVIN = 273.15
SOLAR_CONSTANT = 1367.0  # W m-2, FAO-56
CLEAR_DAY = 0.75  # share of the top of the atmosphere on a clear day, FAO-56 eq 37 at sea level
DARK = 5.0  # W m-2: below it short-wave says nothing about clouds
HALF_CLEAR = 0.5  # clearness assumed in the polar night


def saturation_pressure(temperature) -> np.ndarray:
    """Saturation vapour pressure (hPa) over water at a temperature (degC), FAO-56 eq 11."""
    return 6.108 * np.exp(17.27 * temperature / (temperature + 237.3))


def air_pressure(elevation) -> np.ndarray:
    """Pressure (hPa) of the standard atmosphere at a height (m), FAO-56 eq 7."""
    return 1013.0 * ((293 - 0.0065 * np.asarray(elevation, float)) / 293) ** 5.26


def sunlight(latitude, day_of_year, steps: int) -> np.ndarray:
    """Radiation (W m-2) at the top of the atmosphere, mean of each of ``steps`` parts of the day.

    FAO-56 eqs 21-28 integrated exactly over each part in local solar time. Latitude (site,),
    day_of_year (day,); returns (day, step, site). The mean over steps is the daily value.
    """
    phi = np.deg2rad(np.asarray(latitude, float))[None, None, :]
    angle = (2 * np.pi * np.asarray(day_of_year, float) / 365)[:, None, None]
    declination = 0.409 * np.sin(angle - 1.39)
    distance = 1 + 0.033 * np.cos(angle)
    level = np.sin(phi) * np.sin(declination)
    swing = np.cos(phi) * np.cos(declination)
    # A pole has no swing; there the sun stays up or down all day.
    cosine = np.divide(-level, swing, out=-np.sign(level) * np.ones_like(swing), where=swing > 1e-9)
    sunset = np.arccos(np.clip(cosine, -1, 1))
    edges = (np.linspace(0, 1, steps + 1) * 2 * np.pi - np.pi)[None, :, None]
    edges = np.clip(edges, -sunset, sunset)
    first, last = edges[:, :-1], edges[:, 1:]
    height = level * (last - first) + swing * (np.sin(last) - np.sin(first))
    return np.maximum(SOLAR_CONSTANT * distance * height * steps / (2 * np.pi), 0)


def downward_longwave(temperature, vapour_pressure, shortwave, top) -> np.ndarray:
    """Daily downward long-wave (W m-2) from air temperature, vapour pressure and short-wave.

    Clear sky of Prata (1996, doi:10.1002/qj.49712253306), clouds of Crawford and Duchon (1999,
    doi:10.1175/1520-0450(1999)038<0474:AIPFEE>2.0.CO;2) from short-wave over its clear-day value;
    ``top``: daily radiation at the top of the atmosphere. Half clear in the polar night.
    """
    kelvin = temperature + KELVIN
    water = 46.5 * vapour_pressure / kelvin
    emissivity = 1 - (1 + water) * np.exp(-np.sqrt(1.2 + 3 * water))
    lit = top > DARK
    clearness = np.where(lit, shortwave / np.where(lit, CLEAR_DAY * top, 1), HALF_CLEAR)
    clearness = np.clip(clearness, 0, 1)
    return (1 - clearness + clearness * emissivity) * STEFAN_BOLTZMANN * kelvin**4
