"""Two equations of FAO Irrigation and Drainage Paper 56 that several rooms need."""

import numpy as np

# 1 MJ m-2 in a day is 1e6 J in 86,400 s.
WATT_PER_MEGAJOULE_DAY = 1e6 / 86400
SOLAR_CONSTANT = 0.0820  # MJ m-2 min-1


def extraterrestrial(latitude, day_of_year) -> np.ndarray:
    """Daily mean short-wave radiation (W m-2) at the top of the atmosphere, FAO-56 eqs 21-25.

    Latitude in degrees north and day of the year (1..366) broadcast against each other.
    Polar day and polar night are covered (the sunset hour angle is limited to 0..pi).
    """
    phi = np.deg2rad(latitude)
    angle = 2 * np.pi * np.asarray(day_of_year) / 365
    distance = 1 + 0.033 * np.cos(angle)
    declination = 0.409 * np.sin(angle - 1.39)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1, 1))
    daily = (24 * 60 / np.pi) * SOLAR_CONSTANT * distance
    height = sunset * np.sin(phi) * np.sin(declination)
    height = height + np.cos(phi) * np.cos(declination) * np.sin(sunset)
    return daily * height * WATT_PER_MEGAJOULE_DAY


def saturation_pressure(air_temperature) -> np.ndarray:
    """Saturation vapour pressure (hPa) over water at a temperature (degC), FAO-56 eq 11."""
    air_temperature = np.asarray(air_temperature, dtype=float)
    return 6.108 * np.exp(17.27 * air_temperature / (air_temperature + 237.3))
