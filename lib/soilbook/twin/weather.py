"""Stochastic daily weather: of study 1's sites, held to Table D2, and of study 2's continent.

At a site, after Richardson (1981, doi:10.1029/WR017i001p00182), rain comes from a two-state Markov
chain and stretched-exponential amounts, temperature from an annual harmonic and an autoregressive
rest; both are then brought to the mean and standard deviation of Table D2 exactly. Cloud, humidity
and wind follow wet and dry days (Wilks and Wilby 1999, doi:10.1177/030913339902300302). Table D2
says nothing of season, humidity, wind or cloud; for those a site belongs to one of a few regimes
after the map of Köppen-Geiger climates (Beck et al. 2018, doi:10.1038/sdata.2018.214).
``regimes.csv`` holds round numbers that resemble the climate reference stations of a regime.

Over the continent random fields stand in place of random numbers (Wilks 1998,
doi:10.1016/S0022-1694(98)00186-3). Wetness has spells of weeks, good and bad years, and at some
places a trend; ``analysed`` is how a weather analysis sees it.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import gamma, ndtr, ndtri
from scipy.stats import weibull_min

from soilbook import published
from soilbook.physics.air import day_of_year, specific_humidity
from soilbook.twin import streams
from soilbook.twin.ground import Weather, sky
from soilbook.twin.land import Climate
from soilbook.twin.streams import Space

PERSISTENCE = 0.2  # probability of rain after a wet day minus that after a dry one, within a season
WET = 0.2  # mm, least rain of a wet day
RANGE = 2.9  # extremes of temperature lie about so many residual deviations beyond the harmonic
# Wet and dry weather come in spells of some weeks: a chain of days alone makes months and years too
# much alike (Katz and Parlange 1998, doi:10.1175/1520-0442(1998)011<0591:OPISMO>2.0.CO;2).
SLOW_DAYS = 30.0
SLOW_SPREAD = 0.45  # standard deviation of the logarithm of a spell's wetness
WARMEST = 201  # day of the year

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


class Regime(NamedTuple):
    """Season and level of what Table D2 does not give.

    wettest: month of most frequent rain (0 = January); rain_season: relative amplitude of the
    share of wet days; humidity, humidity_season: mean and winter-minus-mean of relative humidity
    (%); wind: mean wind speed (m s-1); cloud: mean cloud fraction of a dry day.
    """

    wettest: float
    rain_season: float
    humidity: float
    humidity_season: float
    wind: float
    cloud: float


@dataclass(frozen=True)
class Moments:
    """Mean, standard deviation, least and largest of a daily variable over a site's record.

    gauge_error: the one reading (mm) left out of them as an error of the gauge, or None.
    """

    mean: float
    std: float
    least: float
    largest: float
    gauge_error: float | None = None


@dataclass(frozen=True)
class SiteWeather(Weather):
    """Weather of one site, (day,): ``precipitation`` fell, ``gauge`` is what the gauge says.

    They differ on one day where Table D2 shows a gauge error.
    """

    gauge: np.ndarray


@dataclass(frozen=True)
class ContinentWeather(Weather):
    """Weather of the continent, (day, place); units as in ``schema_grid``."""

    specific_humidity: np.ndarray
    eastward_wind: np.ndarray
    northward_wind: np.ndarray


@lru_cache(maxsize=1)
def regimes() -> dict[str, Regime]:
    """The regime of every site."""
    table = pd.read_csv(Path(__file__).with_name("regimes.csv"))
    return {
        name: Regime(*map(float, row[list(Regime._fields)]))
        for _, row in table.iterrows()
        for name in row["sites"].split()
    }


def moments(name: str, variable: str, days: int) -> Moments:
    """Table D2's statistics of ``P`` (mm) or ``TA`` (degC) at a site, over ``days`` days.

    At two sites the largest precipitation alone makes up over nine tenths of the printed variance
    (762 mm in a desert): an error of the gauge. It is taken out of the moments, and the twin's
    gauge shows it on one day without any rain having fallen.
    """
    table = published.weather()
    row = table[(table["site"] == name) & (table["variable"] == variable)].iloc[0]
    mean, std, least, largest = (float(row[c]) for c in ("mean", "std", "min", "max"))
    if variable == "P" and (largest - mean) ** 2 > 0.9 * days * std**2:
        square = (days * (std**2 + mean**2) - largest**2) / (days - 1)
        rest = (days * mean - largest) / (days - 1)
        spread = float(np.sqrt(square - rest**2))
        return Moments(rest, spread, least, 20 * spread, gauge_error=largest)
    return Moments(mean, std, least, largest)


def of_site(name: str, latitude: float, days: np.ndarray, spin_up: int, seed: int) -> SiteWeather:
    """Weather of a site on ``days`` (datetime64[D]); statistics hold for ``days[spin_up:]``."""
    regime, n, date = regimes()[name], days.size, day_of_year(days)
    winter = -np.cos(2 * np.pi * (date - WARMEST) / 365.25)
    wettest = 30.4 * (regime.wettest + 0.5)
    season = regime.rain_season * np.cos(2 * np.pi * (date - wettest) / 365.25)

    bits = streams.stream(seed, name, "rain")
    rain = moments(name, "P", n - spin_up)
    slow = streams.autoregressive(bits, n, np.exp(-1 / SLOW_DAYS))
    slow = np.exp(SLOW_SPREAD * slow - SLOW_SPREAD**2 / 2)
    wet = occurrence(bits, wet_share(rain) * (1 + season) * slow)
    fallen = amounts(bits, wet, (1 + 0.3 * season) * slow, rain, slice(spin_up, None))
    gauge = fallen.copy()
    if rain.gauge_error:
        gauge[spin_up + int(streams.uniform(bits, 1)[0] * (n - spin_up))] = rain.gauge_error

    bits = streams.stream(seed, name, "temperature")
    air = temperature(bits, wet, winter, moments(name, "TA", n - spin_up), slice(spin_up, None))

    bits = streams.stream(seed, name, "cloud, humidity, wind")
    haze = streams.autoregressive(bits, n, 0.4)
    share = np.where(wet, regime.cloud + 0.8 * (1 - regime.cloud), regime.cloud)
    cloud = ndtr(ndtri(share) * np.sqrt(2.0) + haze)
    humidity = regime.humidity + regime.humidity_season * winter + 12 * (wet - wet.mean())
    humidity += 4 * haze + 7.5 * streams.autoregressive(bits, n, 0.6)
    humidity = np.clip(humidity, 8, 100)
    wind = wind_speed(bits, regime.wind * (1 + 0.15 * winter))
    solar, longwave = sky(air, humidity, cloud, latitude, date)
    longwave *= 1 + 0.02 * streams.normal(bits, n)
    return SiteWeather(fallen, air, longwave, solar, humidity, wind, gauge)


def wet_share(rain: Moments) -> float:
    """Share of wet days that goes with a mean and standard deviation of daily precipitation.

    For amounts of a fixed coefficient of variation the share is proportional to
    mean^2 / (mean^2 + std^2); the power law is fitted to climate reference stations.
    """
    return 1.8 * (rain.mean**2 / (rain.mean**2 + rain.std**2)) ** 0.79


def occurrence(bits: np.random.PCG64, share: np.ndarray) -> np.ndarray:
    """Wet days (day,) of a first-order two-state Markov chain with seasonal share of wet days."""
    share = np.clip(share, 0.01, 0.95)
    after_dry = (share * (1 - PERSISTENCE)).tolist()
    wet, state = [], False
    for u, p in zip(streams.uniform(bits, share.size).tolist(), after_dry, strict=True):
        state = u < p + PERSISTENCE * state
        wet.append(state)
    return np.array(wet)


def amounts(
    bits: np.random.PCG64, wet: np.ndarray, scale: np.ndarray, rain: Moments, record: slice
) -> np.ndarray:
    """Daily precipitation (mm), (day,), whose mean and deviation over ``record`` are those given.

    Stretched exponential amounts (Wilson and Toumi 2005, doi:10.1029/2005GL022465): a power of
    exponential ones, the power and the scale set so that the sample has the moments, none above
    the largest amount of Table D2.
    """
    raw = np.where(wet, -np.log(streams.uniform(bits, wet.size)) * scale, 0.0)
    target = rain.std / rain.mean

    def powered(power: float) -> np.ndarray:
        shape = raw**power
        factor = rain.mean / shape[record].mean()
        for _ in range(20):  # the cap takes water away that the other days must bring
            capped = np.minimum(shape * factor, rain.largest)
            factor *= rain.mean / capped[record].mean()
        return np.minimum(shape * factor, rain.largest)

    def misfit(power: float) -> float:
        sample = powered(power)[record]
        return sample.std() / sample.mean() - target

    result = powered(brentq(misfit, 0.2, 4.0, xtol=1e-6))
    return np.where(wet, np.maximum(np.round(result, 1), WET), 0.0)


def temperature(
    bits: np.random.PCG64, wet: np.ndarray, winter: np.ndarray, air: Moments, record: slice
) -> np.ndarray:
    """Daily mean air temperature (degC), (day,), with the moments over ``record``.

    Harmonic of amplitude A plus AR(1) residual of deviation s, from A^2/2 + s^2 = std^2 and
    A + 2.9 s = half the range; winters vary more than summers where the printed extremes say so,
    and no day is beyond these.
    """
    half = (air.largest - air.least) / 2
    a, b, c = RANGE**2 / 2 + 1, RANGE * half, half**2 / 2 - air.std**2
    residual = (b - np.sqrt(max(b**2 - 4 * a * c, 0.0))) / (2 * a)
    residual = np.clip(residual, 0.3 * air.std, 0.8 * air.std)
    amplitude = np.sqrt(2 * (air.std**2 - residual**2))
    skew = (air.mean - air.least) - (air.largest - air.mean)
    uneven = np.clip(skew / (2 * RANGE * residual), 0.0, 0.5)
    # Rain brings mild air in winter and cool air in summer.
    rainy = (wet - wet.mean()) * 0.35 * winter
    rest = streams.autoregressive(bits, wet.size, 0.73) * (1 + uneven * winter) + rainy
    series = -amplitude * winter + residual * rest
    for _ in range(5):  # each cut at the extremes moves the moments a little
        series = (series - series[record].mean()) / series[record].std()
        series = np.clip(air.mean + air.std * series, air.least, air.largest)
    return series


def wind_speed(bits: np.random.PCG64, mean: np.ndarray) -> np.ndarray:
    """Daily wind speed (m s-1), (day,): Weibull margins of an autoregressive series.

    Brown, Katz and Murphy (1984, doi:10.1175/1520-0450(1984)023<1184:TSMTSA>2.0.CO;2).
    """
    shape = 2.4
    rank = ndtr(streams.autoregressive(bits, mean.size, 0.45))
    return mean * weibull_min.ppf(rank, shape) / weibull_min.mean(shape)


def of_continent(
    space: Space, climate: Climate, latitude: np.ndarray, days: np.ndarray
) -> ContinentWeather:
    """True weather of places on ``days`` (datetime64[D])."""
    n, date = days.size, day_of_year(days)[:, None]
    phase = 2 * np.pi * date / 365.25
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
    sun, longwave = sky(air, humidity, cloud, latitude[None], date)
    # Westerlies on which each air mass lays a wind of its own.
    calm = 0.75 * climate.wind
    east = 0.3 * climate.wind + calm * space.field("eastward wind", AIR_MASS, n, 0.4)
    north = calm * space.field("northward wind", AIR_MASS, n, 0.4)
    water = specific_humidity(air, humidity, climate.elevation)
    wind = np.hypot(east, north)
    return ContinentWeather(rain, air, longwave, sun, humidity, wind, water, east, north)


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


def analysed(space: Space, climate: Climate, true: ContinentWeather) -> ContinentWeather:
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
