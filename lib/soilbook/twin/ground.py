"""From the weather to the surface of the soil: sky, snow, leaves, and the time steps of the water.

Arrays (day, place) unless stated otherwise.
"""

from dataclasses import dataclass, fields

import numpy as np

from soilbook.physics import air, soil
from soilbook.twin import streams

COVERED = 1.0  # mm of snow that keep the ground from evaporating
HIDDEN = 5.0  # mm of snow under which the ground does not feel the sun
DENSITY, SNOW_CONDUCTIVITY = 220.0, 0.25  # kg m-3, W m-1 K-1, settled snow
LITTER = 0.06  # m2 K W-1, resistance of litter and still air
DRY, WET, STORM = 3, 8, 24  # steps of a day
DAMP = 1.0  # mm of rain and melt that make a day wet
SOAKING = 5.0  # mm of the day before that do, too
HEAVY = 20.0  # mm that make it a storm


@dataclass(frozen=True)
class Weather:
    """Daily weather; units as in ``schema``."""

    precipitation: np.ndarray
    air_temperature: np.ndarray
    longwave: np.ndarray
    shortwave: np.ndarray
    relative_humidity: np.ndarray
    wind_speed: np.ndarray


@dataclass(frozen=True)
class Cover:
    """roots: base of the root profile, Jackson et al. (1996, doi:10.1007/BF00333714); leaves: leaf
    area index in winter and summer; warming: degC by which each 100 W m-2 of short-wave warms the
    ground above the air.
    """

    roots: float
    leaves: tuple[float, float]
    warming: float


# By Table 1's land cover.
COVERS = {
    "Grassland": Cover(0.966, (0.5, 2.5), 0.9),
    "Herbaceous cover": Cover(0.966, (0.6, 2.5), 0.9),
    "Tree cover": Cover(0.970, (1.0, 4.0), 0.4),
    "Shrub cover": Cover(0.975, (0.4, 1.0), 1.5),
    "Cropland": Cover(0.961, (0.2, 3.0), 1.0),
    "Mosaic Cropland": Cover(0.961, (0.3, 2.8), 1.0),
    "Cropland, rainfed": Cover(0.961, (0.2, 3.0), 1.0),
}


@dataclass(frozen=True)
class Ground:
    """What acts on the soil: water in the snow, melt from it and supply of rain and melt (mm);
    evaporative demand in all, of bare soil and of leaves (mm); temperature above snow and litter
    (degC) and their resistance to heat (m2 K W-1)."""

    pack: np.ndarray
    melt: np.ndarray
    supply: np.ndarray
    potential: np.ndarray
    bare: np.ndarray
    plants: np.ndarray
    surface: np.ndarray
    resistance: np.ndarray


def sky(temperature, humidity, cloud, latitude, day_of_year) -> tuple[np.ndarray, np.ndarray]:
    """Short-wave and downward long-wave (W m-2) under a cloud fraction; degC and %.

    Angstrom's formula with its usual coefficients, FAO-56 eq 35; Prata with Crawford and Duchon.
    """
    sun = air.extraterrestrial(latitude, day_of_year) * (0.25 + 0.5 * (1 - cloud))
    vapour = air.saturation_pressure(temperature) * humidity / 100
    return sun, air.downward_longwave(temperature, vapour, 1 - cloud)


def ground(weather: Weather, covers: list[Cover]) -> Ground:
    """From the weather of places with a cover each to the surface of their soil."""
    temperature, rain = weather.air_temperature, weather.precipitation
    potential = air.potential_evapotranspiration(
        temperature,
        weather.relative_humidity,
        weather.wind_speed,
        weather.shortwave,
        weather.longwave,
    )
    # Where the demand exceeds the rain, plants stand so much the thinner.
    thin = np.minimum(1.0, rain.mean(axis=0) / potential.mean(axis=0))
    pack, melt, supply, bare, surface = (np.empty_like(rain) for _ in range(5))
    for k, plants in enumerate(covers):
        here = temperature[:, k]
        pack[:, k], melt[:, k], fallen = snowpack(rain[:, k], here)
        supply[:, k] = melt[:, k] + fallen
        bare[:, k] = soil.ground_share(thin[k] * leaf_area(plants, here))
        surface[:, k] = here + plants.warming * weather.shortwave[:, k] / 100
    return Ground(
        pack=pack,
        melt=melt,
        supply=supply,
        potential=potential,
        bare=np.where(pack > COVERED, 0, potential * bare),
        plants=potential * (1 - bare),
        surface=np.where(pack > HIDDEN, np.minimum(temperature, 0), surface),
        resistance=LITTER + soil.snow_resistance(pack, DENSITY, SNOW_CONDUCTIVITY),
    )


def leaf_area(plants: Cover, temperature: np.ndarray) -> np.ndarray:
    """Leaf area index (day,) that follows the air temperature (degC) of the last 30 days.

    Before the record it was as on its first day.
    """
    before = np.full(soil.MONTH, temperature[0])
    out = soil.leaf_season(np.concatenate([before, temperature]))[soil.MONTH :]
    low, high = plants.leaves
    return low + (high - low) * out


def snowpack(
    precipitation: np.ndarray, temperature: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Water in the pack at the end of each day, melt and rain (mm), each (day,)."""
    snow = soil.snowfall(precipitation, temperature)
    possible = soil.possible_melt(temperature)
    pack, lying = [], 0.0
    for fallen, limit in zip(snow.tolist(), possible.tolist(), strict=True):
        lying = max(lying + fallen - limit, 0.0)
        pack.append(lying)
    pack = np.array(pack)
    return pack, snow - np.diff(pack, prepend=0.0), precipitation - snow


@dataclass(frozen=True)
class Schedule:
    """Steps of one place, in order: the day they belong to, length (d), rate of water (m d-1)."""

    day: np.ndarray
    dt: np.ndarray
    supply: np.ndarray


def schedule(bits: np.random.PCG64, supply: np.ndarray, refine: int = 1) -> Schedule:
    """Steps for a daily supply of water (mm), (day,): short while it rains, melts or soaks in.

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


def side_by_side(arrays: list[np.ndarray], after: float | None = None) -> np.ndarray:
    """Arrays of different length as columns, with their last value or ``after`` behind them."""
    out = np.empty((max(array.size for array in arrays), len(arrays)))
    for column, array in zip(out.T, arrays, strict=True):
        column[: array.size] = array.ravel()
        column[array.size :] = array.ravel()[-1] if after is None else after
    return out


def together(grounds: list[Ground]) -> Ground:
    """Places whose records differ in length, (day, 1) each, as one Ground."""
    names = [field.name for field in fields(Ground)]
    return Ground(*(side_by_side([getattr(one, name) for one in grounds]) for name in names))
