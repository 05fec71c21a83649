"""Days into shorter steps.

What a daily mean does not say is put in by simple rules. Short-wave follows the height of the sun;
air temperature is a cosine that peaks at 15 h local solar time, with the daily range that fits the
day's short-wave (Hargreaves and Samani 1982, doi:10.1061/JRCEA4.0001390, turned round); vapour
pressure (up to saturation), wind and long-wave stay at the daily mean; rain falls evenly through
the day, as in the disaggregation that VIC uses (Bohn et al. 2013,
doi:10.1016/j.agrformet.2013.03.003).
"""

from typing import NamedTuple

import numpy as np

from soilbook.landsurface import radiation
from soilbook.landsurface.inputs import Inputs, day_of_year

WARMEST = 15.0  # h
HARGREAVES = 0.17  # K-0.5
WIDEST = 22.0  # K, largest daily range


class Weather(NamedTuple):
    """Weather of short steps, each (step, site).

    precipitation (mm per step), air_temperature (degC), shortwave, longwave (W m-2),
    vapour_pressure (hPa), wind_speed (m s-1).
    """

    precipitation: np.ndarray
    air_temperature: np.ndarray
    shortwave: np.ndarray
    longwave: np.ndarray
    vapour_pressure: np.ndarray
    wind_speed: np.ndarray


def disaggregate(inputs: Inputs, days: np.ndarray, steps: int) -> Weather:
    """Weather in ``steps`` parts of each of the ``days`` (row numbers); daily means are kept."""

    def even(values: np.ndarray) -> np.ndarray:
        return np.repeat(values[days], steps, axis=0)

    shape = (days.size * steps, inputs.latitude.size)
    above = radiation.sunlight(inputs.latitude, day_of_year(inputs.time[days]), steps)
    top = above.mean(axis=1)
    dark = top <= 0
    share = np.where(dark[:, None], 1, above / np.where(dark, 1, top)[:, None])
    shortwave = share * inputs.shortwave[days][:, None]
    clearness = np.where(dark, 0, inputs.shortwave[days] / np.where(dark, 1, top))
    spread = np.minimum((clearness / HARGREAVES) ** 2, WIDEST)
    # Mean of the cosine over each step.
    edges = 2 * np.pi * (np.linspace(0, 24, steps + 1) - WARMEST) / 24
    wave = np.diff(np.sin(edges)) * steps / (2 * np.pi)
    temperature = inputs.air_temperature[days][:, None] + spread[:, None] / 2 * wave[:, None]
    temperature = temperature.reshape(shape)
    saturated = radiation.saturation_pressure(temperature)
    return Weather(
        precipitation=even(inputs.precipitation) / steps,
        air_temperature=temperature,
        shortwave=shortwave.reshape(shape),
        longwave=even(inputs.longwave),
        vapour_pressure=np.minimum(even(inputs.vapour_pressure), saturated),
        wind_speed=even(inputs.wind_speed),
    )
