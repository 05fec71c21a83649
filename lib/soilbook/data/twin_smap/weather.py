"""Daily weather of the continent, correlated in space and time, and how the analysis sees it.

As the twin of study 1 makes it at one site (Richardson 1981, doi:10.1029/WR017i001p00182), with
random fields in place of random numbers (Wilks 1998, doi:10.1016/S0022-1694(98)00186-3). Wetness
has spells of weeks, good and bad years, and at some places a trend.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gamma, ndtr, ndtri

from soilbook.data.fao56 import extraterrestrial, saturation_pressure
from soilbook.data.humidity import specific_humidity
from soilbook.data.longwave import KELVIN, STEFAN_BOLTZMANN, crawford, prata
from soilbook.data.twin_smap.climate import Climate
from soilbook.data.twin_smap.fields import Space

WARMEST = 201  # day of the year
WET = 0.2  # mm, least rain of a wet day
HEAVY_TAIL = 1.3  # power of exponential amounts, Wilson and Toumi (2005, 10.1029/2005GL022465)
FRONTS, SHOWERS = 600.0, 150.0  # km
AIR_MASS, CLIMATE_ZONE = 1000.0, 600.0  # km
SPELLS, SPELL_SPREAD = 25.0, 0.4  # days, deviation of the logarithm of wetness
YEARS, YEAR_SPREAD = 300.0, 0.1
TREND = 0.04  # change of the logarithm of wetness in a year, where there is a trend
TRENDLESS = 0.8  # deviations of the pattern of trends below which a place has none
MIDDLE = np.datetime64("2014-01-01")
# Errors of the analysis. Stations are thin in the mountains of the west: section III-B.
RAIN_ERROR, MOUNTAIN_ERROR = 0.3, 0.35  # deviation of the logarithm, and more of it above HIGH
HIGH, HIGHEST = 1000.0, 1800.0  # m
MISSED = 0.02  # share of days whose rain the analysis misses
WARM_ERROR, SUN_ERROR = 0.6, 0.06  # degC, relative


@dataclass(frozen=True)
class Weather:
    """Daily weather, each (day, place); units as in ``schema_grid``, relative humidity in %."""

    precipitation: np.ndarray
    air_temperature: np.ndarray
    longwave: np.ndarray
    shortwave: np.ndarray
    relative_humidity: np.ndarray
    specific_humidity: np.ndarray
    eastward_wind: np.ndarray
    northward_wind: np.ndarray

    @property
    def wind_speed(self) -> np.ndarray:
        """Wind speed (m s-1)."""
        return np.hypot(self.eastward_wind, self.northward_wind)


def generate(space: Space, climate: Climate, latitude: np.ndarray, days: np.ndarray) -> Weather:
    """True weather of places on ``days`` (datetime64[D])."""
    n = days.size
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
    phase = 2 * np.pi * day_of_year[:, None] / 365.25
    winter = -np.cos(phase - 2 * np.pi * WARMEST / 365.25)
    season = climate.season * np.cos(phase - 2 * np.pi * (climate.wettest + 0.5) / 12)
    wet, rain = precipitation(space, climate, season, wetness(space, days))

    spread = (1.6 + 0.17 * (climate.july - climate.january) / 2) * (1 + 0.35 * winter)
    rest = 0.95 * space.field("temperature", AIR_MASS, n, 0.72)
    rest += 0.3 * space.field("warm and cold years", AIR_MASS, n, np.exp(-1 / YEARS))
    # Rain brings mild air in winter and cool air in summer.
    rest += 0.35 * winter * (wet - wet.mean(axis=0))
    air = climate.mean_temperature - (climate.july - climate.january) / 2 * winter + spread * rest

    haze = space.field("haze", FRONTS, n, 0.4)
    clear = np.clip(0.62 - 0.55 * climate.humidity / 100, 0.1, 0.5)  # of a dry day, clouds less
    share = np.where(wet, 0.6, 0.45 - clear)
    cloud = ndtr(ndtri(share) * np.sqrt(2.0) + haze)
    moist = 4 * haze + 6 * space.field("moisture of the air", AIR_MASS, n, 0.6)
    humidity = climate.humidity + 4 * winter + 12 * (wet - wet.mean(axis=0)) + moist
    humidity = np.clip(humidity, 8, 100)
    # Angstrom's formula with its usual coefficients, FAO-56 eq 35.
    sun = extraterrestrial(latitude[None], day_of_year[:, None]) * (0.25 + 0.5 * (1 - cloud))
    clear_sky = prata(air + KELVIN, saturation_pressure(air) * humidity / 100)
    longwave = crawford(clear_sky, 1 - cloud) * STEFAN_BOLTZMANN * (air + KELVIN) ** 4
    # Westerlies on which each air mass lays a wind of its own.
    calm = 0.75 * climate.wind
    east = 0.3 * climate.wind + calm * space.field("eastward wind", AIR_MASS, n, 0.4)
    north = calm * space.field("northward wind", AIR_MASS, n, 0.4)
    water = specific_humidity(air, humidity, climate.elevation)
    return Weather(rain, air, longwave, sun, humidity, water, east, north)


def wetness(space: Space, days: np.ndarray) -> np.ndarray:
    """Factor (day, place) on wet days and amounts: spells, years and trends."""
    n = days.size
    log = SPELL_SPREAD * space.field("spells", AIR_MASS, n, np.exp(-1 / SPELLS))
    log += YEAR_SPREAD * space.field("wet and dry years", CLIMATE_ZONE, n, np.exp(-1 / YEARS))
    years = (days - MIDDLE).astype(int) / 365.25
    log += years[:, None] * trend(space)
    return np.exp(log - (SPELL_SPREAD**2 + YEAR_SPREAD**2) / 2)


def trend(space: Space) -> np.ndarray:
    """Trend (place,) of the logarithm of wetness in a year; none at most places."""
    pattern = space.pattern("trend", CLIMATE_ZONE)
    return TREND * np.sign(pattern) * np.maximum(np.abs(pattern) - TRENDLESS, 0)


def precipitation(
    space: Space, climate: Climate, season: np.ndarray, slow: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Wet days and daily precipitation (mm), each (day, place)."""
    n = season.shape[0]
    often = 0.09 + 0.25 * (climate.precipitation / 1000) ** 0.7
    often = often * np.exp(-0.02 * (climate.mean_temperature - 13))
    mean = climate.precipitation / 365.25 / often
    share = np.clip(often * (1 + season) * slow**0.6, 0.005, 0.95)
    fronts = space.field("fronts", FRONTS, n, 0.3)
    showers = space.field("showers", SHOWERS, n, 0.1)
    rank = ndtr(0.85 * fronts + np.sqrt(1 - 0.85**2) * showers)
    wet = rank > 1 - share
    # Rain is heaviest in the middle of a front.
    within = np.clip((rank - 1 + share) / share, 1e-9, 1 - 1e-9)
    cores = space.field("cores", SHOWERS, n)
    strength = ndtr(0.55 * ndtri(within) + np.sqrt(1 - 0.55**2) * cores)
    raw = (-np.log1p(-np.minimum(strength, 1 - 1e-9))) ** HEAVY_TAIL / gamma(1 + HEAVY_TAIL)
    amount = raw * mean * (1 + 0.3 * season) * slow**0.4
    return wet, np.where(wet, np.maximum(np.round(amount, 1), WET), 0.0)


def analysed(space: Space, climate: Climate, true: Weather) -> Weather:
    """The weather as an analysis of gauges and radar has it, which networks and models see."""
    n = true.precipitation.shape[0]
    rough = np.clip((climate.elevation - HIGH) / (HIGHEST - HIGH), 0, 1)
    spread = RAIN_ERROR + MOUNTAIN_ERROR * rough
    error = spread * space.field("error of rain", SHOWERS, n)
    seen = ndtr(space.field("missed rain", SHOWERS, n)) > MISSED * (1 + 2 * rough)
    rain = np.round(true.precipitation * np.exp(error - spread**2 / 2) * seen, 2)
    air = true.air_temperature + WARM_ERROR * space.field("error of warmth", FRONTS, n, 0.5)
    sun = true.shortwave * (1 + SUN_ERROR * space.field("error of sun", FRONTS, n))
    return replace(
        true,
        precipitation=rain,
        air_temperature=air,
        shortwave=np.maximum(sun, 0),
    )
