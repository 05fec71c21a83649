"""What probes in the ground record: points in a pixel that differ from its mean."""

import numpy as np
from scipy.signal import lfilter

from soilbook.data import easegrid, network
from soilbook.data.twin import streams
from soilbook.data.twin.probes import RESOLUTION, outages
from soilbook.data.twin_smap.networks import CORE, DEPTHS
from soilbook.data.twin_smap.physics import Truth
from soilbook.data.twin_smap.soil import PROBES

# A point's moisture is offset + mean + gain (pixel - mean) + local noise of a memory (days) that
# grows with depth; deviations of offset (m3 m-3) and of the logarithm of the gain, and noise as a
# share of the pixel's deviation in time. Famiglietti et al. (2008, doi:10.1029/2006WR005804) find
# deviations of 0.03 to 0.07 m3 m-3 within such areas.
OFFSET, GAIN = 0.045, 0.35
LOCAL = np.array([0.5, 0.5, 0.6, 0.8, 0.9])
MEMORY = np.array([8.0, 12.0, 20.0, 40.0, 60.0])
ALIKE = 0.7  # correlation between depths of a point
READING = 0.004  # m3 m-3, noise of a probe
WARMTH = 0.8  # degC, deviation between points
OUTAGES = (0.5, 15.0)  # a year, and mean length in days
CORE_OUTAGES = (1.0, 30.0)


def points(bits: np.random.PCG64, truth: Truth, pixels: np.ndarray, days: slice):
    """Moisture (m3 m-3) and temperature (degC) of points, each (point, depth, day).

    ``pixels`` (point,) names the pixel of each; nothing is missing yet.
    """
    index = np.ix_(np.arange(truth.pack.shape[0])[days], pixels, PROBES)
    moisture = truth.moisture[index].transpose(1, 2, 0).astype(float)
    warmth = truth.temperature[index].transpose(1, 2, 0)
    n, n_depths = moisture.shape[:2]
    mean = moisture.mean(axis=2, keepdims=True)
    spread = moisture.std(axis=2, keepdims=True)
    gain = np.exp(GAIN * _alike(bits, n, n_depths)[..., None] - GAIN**2 / 2)
    offset = OFFSET * _alike(bits, n, n_depths)[..., None]
    lag = np.exp(-1 / MEMORY)
    noise = streams.normal(bits, moisture.size).reshape(moisture.shape)
    for k in range(n_depths):
        noise[:, k] *= np.sqrt(1 - lag[k] ** 2)
        noise[:, k, 0] /= np.sqrt(1 - lag[k] ** 2)
        noise[:, k] = lfilter([1.0], [1.0, -lag[k]], noise[:, k], axis=1)
    here = mean + offset + gain * (moisture - mean) + LOCAL[:, None] * spread * noise
    warmer = WARMTH * streams.normal(bits, n)[:, None, None]
    # A soil is never drier than air-dry, nor wetter than its pores.
    return np.clip(here, 0.02, 0.55), warmth + warmer


def sparse(truth: Truth, pixels: np.ndarray, days: slice, deep, threshold: float, seed: int):
    """Surface and root-zone moisture and soil temperature of stations, each (station, day).

    ``deep`` (station,): has all depths. Readings in soil colder than ``threshold`` are NaN.
    """
    bits = streams.stream(seed, "study 2", "sparse")
    moisture, warmth = points(bits, truth, pixels, days)
    # The mean of three probes.
    moisture += READING / np.sqrt(3) * streams.normal(bits, moisture.size).reshape(moisture.shape)
    n_days = moisture.shape[2]
    surface, rootzone = (np.full((len(pixels), n_days), np.nan) for _ in range(2))
    felt = warmth[:, 0].copy()
    for k in range(len(pixels)):
        out = outages(bits, n_days, OUTAGES)
        start = int(streams.uniform(bits, 1)[0] * 2 * 365) if k % 3 == 0 else 0
        out[:start] = True
        water = np.where(out, np.nan, np.round(moisture[k] / RESOLUTION) * RESOLUTION)
        water = network.warm(np.maximum(water, 0), warmth[k], threshold)
        surface[k] = water[0]
        if deep[k]:
            rootzone[k] = network.rootzone(water, DEPTHS, np.ones(len(DEPTHS)))
        felt[k, out] = np.nan
    return surface, rootzone, felt


def core(truth: Truth, name: str, pixel: int, days: slice, where, threshold: float, seed: int):
    """Surface and root-zone moisture and soil temperature of a core site, each (day,).

    ``where``: plane coordinates of the probes and corners of the pixel. Days on which probes that
    work stand for less than half of the pixel, or the soil is colder than ``threshold``, are NaN.
    """
    spots, corners = where
    weights = easegrid.thiessen(spots, corners)
    bits = streams.stream(seed, "study 2", name, "probes")
    moisture, warmth = points(bits, truth, np.full(len(spots), pixel), days)
    moisture += READING * streams.normal(bits, moisture.size).reshape(moisture.shape)
    moisture = np.maximum(np.round(moisture / RESOLUTION) * RESOLUTION, 0)
    for k in range(len(spots)):
        out = outages(bits, moisture.shape[2], CORE_OUTAGES)
        # Cold stops many probes: section II-C.
        out |= warmth[k, 0] < -2
        moisture[k, :, out] = np.nan
        warmth[k, :, out] = np.nan
    felt = [easegrid.average(warmth[:, d], weights) for d in range(len(DEPTHS))]
    water = np.array(
        [
            network.warm(easegrid.average(moisture[:, d], weights), felt[d], threshold)
            for d in range(len(DEPTHS))
        ]
    )
    none = np.full(water.shape[1], np.nan)
    return water[0], network.rootzone(water, DEPTHS) if CORE[name].deep else none, felt[0]


def _alike(bits: np.random.PCG64, n: int, n_depths: int) -> np.ndarray:
    """Standard normal numbers (point, depth) that are alike at one point."""
    common = streams.normal(bits, n)[:, None]
    own = streams.normal(bits, n * n_depths).reshape(n, n_depths)
    return np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * own
