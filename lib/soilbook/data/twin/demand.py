"""Evaporative demand of the air. Arrays (day,) throughout."""

import numpy as np

from soilbook.data.fao56 import saturation_pressure
from soilbook.data.longwave import KELVIN, STEFAN_BOLTZMANN

ALBEDO = 0.23
EMISSIVITY = 0.98
PSYCHROMETRIC = 0.0674  # kPa K-1 at sea level; Table 1 gives no heights


def potential_evapotranspiration(
    temperature: np.ndarray,
    humidity: np.ndarray,
    wind: np.ndarray,
    shortwave: np.ndarray,
    longwave: np.ndarray,
) -> np.ndarray:
    """Evapotranspiration of short grass (mm d-1) that is not short of water, not below zero.

    From air temperature (degC), relative humidity (%), wind (m s-1), short-wave and downward
    long-wave radiation (W m-2). Standardised Penman-Monteith equation, ASCE-EWRI (2005,
    doi:10.1061/9780784408056), eq 1.
    """
    saturated = saturation_pressure(temperature) / 10  # kPa
    slope = 4098 * saturated / (temperature + 237.3) ** 2
    emitted = STEFAN_BOLTZMANN * (temperature + KELVIN) ** 4
    net = ((1 - ALBEDO) * shortwave + EMISSIVITY * (longwave - emitted)) * 0.0864  # MJ m-2 d-1
    deficit = saturated * (1 - humidity / 100)
    drying = PSYCHROMETRIC * 900 / (temperature + 273) * wind * deficit
    demand = 0.408 * slope * net + drying
    return np.maximum(demand / (slope + PSYCHROMETRIC * (1 + 0.34 * wind)), 0.0)
