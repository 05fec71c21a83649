"""Specific humidity of a station that measures relative humidity and no pressure."""

import numpy as np

from soilbook.data.fao56 import saturation_pressure

EPSILON = 0.622  # molar mass of water over that of dry air


def standard_pressure(elevation) -> np.ndarray:
    """Air pressure (Pa) of the standard atmosphere at an elevation (m), FAO-56 eq 7."""
    return 101.3e3 * ((293 - 0.0065 * np.asarray(elevation, dtype=float)) / 293) ** 5.26


def specific_humidity(air_temperature, relative_humidity, elevation) -> np.ndarray:
    """Specific humidity (kg kg-1) from degC, % and m; NaN where one is missing.

    q = 0.622 e / (p - 0.378 e) with e = RH e_s(T) (FAO-56 eqs 11 and 19; WMO-No. 8, annex 4.B)
    and p of the standard atmosphere. Of daily means it is about right: e_s is not linear in T.
    """
    vapour = np.asarray(relative_humidity) / 100 * saturation_pressure(air_temperature) * 100
    return EPSILON * vapour / (standard_pressure(elevation) - (1 - EPSILON) * vapour)
