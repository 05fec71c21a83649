"""The probes: noise, slow drift, rounding and gaps between the true soil and its record."""

import numpy as np

from soilbook.data.twin import streams
from soilbook.schema import DEPTHS

NOISE = np.array([0.0030, 0.0025, 0.0020, 0.0015, 0.0010])  # m3 m-3, from day to day
DRIFT = np.array([0.0020, 0.0020, 0.0015, 0.0015, 0.0010])  # m3 m-3, over about 60 days
DRIFT_DAYS = 60.0
TEMPERATURE_NOISE = 0.1  # degC
RESOLUTION = 0.001  # m3 m-3
LOGGER_OUTAGES = (0.3, 6.0)  # a year, and mean length in days, of all probes together
PROBE_OUTAGES = (0.15, 20.0)  # the same of each probe


def outages(bits: np.random.PCG64, days: int, rate: tuple[float, float]) -> np.ndarray:
    """Days of outage (day,), which begin at a rate (a year) and last a mean number of days."""
    per_year, length = rate
    begins = streams.uniform(bits, days) < per_year / 365.25
    lasts = np.ceil(-length * np.log(streams.uniform(bits, days))).astype(int)
    out = np.zeros(days, bool)
    for day in np.flatnonzero(begins):
        out[day : day + lasts[day]] = True
    return out


def read(
    name: str, seed: int, moisture: np.ndarray, temperature: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the probes of a site record of the true soil: moisture and temperature (depth, day).

    NaN while the logger or the probe is out, and for moisture while the soil is below freezing,
    when a dielectric probe no longer sees the water; rounded to the resolution.
    """
    days = moisture.shape[1]
    logger = outages(streams.stream(seed, name, "logger"), days, LOGGER_OUTAGES)
    water, heat = np.empty_like(moisture), np.empty_like(temperature)
    for i, depth in enumerate(DEPTHS):
        bits = streams.stream(seed, name, f"probe {depth:.2f}")
        drift = streams.autoregressive(bits, days, np.exp(-1 / DRIFT_DAYS))
        error = NOISE[i] * streams.normal(bits, days) + DRIFT[i] * drift
        reading = np.round((moisture[i] + error) / RESOLUTION) * RESOLUTION
        felt = np.round(temperature[i] + TEMPERATURE_NOISE * streams.normal(bits, days), 1)
        out = logger | outages(bits, days, PROBE_OUTAGES)
        water[i] = np.where(out | (felt < 0), np.nan, np.maximum(reading, 0))
        heat[i] = np.where(out, np.nan, felt)
    return water, heat
