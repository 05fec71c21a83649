"""Time steps of the soil water: short while it rains, melts or soaks in, long otherwise."""

from dataclasses import dataclass

import numpy as np

from soilbook.data.twin import streams

DRY, WET, STORM = 3, 8, 24  # steps of a day
DAMP = 1.0  # mm of rain and melt that make a day wet
SOAKING = 5.0  # mm of the day before that do, too
HEAVY = 20.0  # mm that make it a storm


@dataclass(frozen=True)
class Schedule:
    """Steps of one column, in order: the day they belong to, length (d), rate of water (m d-1)."""

    day: np.ndarray
    dt: np.ndarray
    supply: np.ndarray


def schedule(bits: np.random.PCG64, supply: np.ndarray, refine: int = 1) -> Schedule:
    """Steps for a daily supply of water (mm), (day,).

    The water of a wet day comes in one spell of 3 to 12 hours at some time of the day, that of
    another day evenly. ``refine`` multiplies the number of steps without moving the spells.
    """
    days = supply.size
    wet = (supply > DAMP) | (np.append(0.0, supply[:-1]) > SOAKING)
    count = np.where(supply > HEAVY, STORM, np.where(wet, WET, DRY))
    length = np.where(wet, np.ceil(streams.uniform(bits, days) * WET / 2), 1) / WET
    start = np.floor(streams.uniform(bits, days) * (WET * (1 - length) + 1)) / WET
    length, start = np.where(wet, length, 1.0), np.where(wet, start, 0.0)

    day = np.repeat(np.arange(days), count)
    order = np.arange(day.size) - np.repeat(np.cumsum(count) - count, count)
    middle = (order + 0.5) / count[day]
    raining = (middle > start[day]) & (middle < (start + length)[day])
    rate = np.where(raining, (supply / 1000 / length)[day], 0.0)
    return Schedule(*(np.repeat(v, refine) for v in (day, 1 / count[day] / refine, rate)))
