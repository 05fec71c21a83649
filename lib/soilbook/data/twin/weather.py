"""Stochastic daily weather held to Table D2, after Richardson (1981, doi:10.1029/WR017i001p00182).

Rain comes from a two-state Markov chain and stretched-exponential amounts, temperature from an
annual harmonic and an autoregressive rest; both are then brought to the mean and standard deviation
of Table D2 exactly. Cloud, humidity and wind follow wet and dry days (Wilks and Wilby 1999,
doi:10.1177/030913339902300302); radiation follows from them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import weibull_min

from soilbook.data.fao56 import extraterrestrial, saturation_pressure
from soilbook.data.longwave import KELVIN, STEFAN_BOLTZMANN, crawford, prata
from soilbook.data.twin import streams
from soilbook.data.twin.climate import REGIME_OF, REGIMES, Moments, moments

PERSISTENCE = 0.2  # probability of rain after a wet day minus that after a dry one, within a season
WET = 0.2  # mm, least rain of a wet day
RANGE = 2.9  # extremes of temperature lie about so many residual deviations beyond the harmonic
# Wet and dry weather come in spells of some weeks: a chain of days alone makes months and years too
# much alike (Katz and Parlange 1998, doi:10.1175/1520-0442(1998)011<0591:OPISMO>2.0.CO;2).
SLOW_DAYS = 30.0
SLOW_SPREAD = 0.45  # standard deviation of the logarithm of a spell's wetness
WARMEST = 201  # day of the year


@dataclass(frozen=True)
class Weather:
    """Daily weather of one site, arrays (day,); the first ``spin_up`` days precede the record.

    ``gauge`` is what the rain gauge says, ``precipitation`` what fell; they differ on one day where
    Table D2 shows a gauge error.
    """

    day_of_year: np.ndarray
    precipitation: np.ndarray
    gauge: np.ndarray
    air_temperature: np.ndarray
    longwave: np.ndarray
    shortwave: np.ndarray
    relative_humidity: np.ndarray
    wind_speed: np.ndarray


def generate(name: str, latitude: float, days: np.ndarray, spin_up: int, seed: int) -> Weather:
    """Weather of a site on ``days`` (datetime64[D]); statistics hold for ``days[spin_up:]``."""
    regime = REGIMES[REGIME_OF[name]]
    n = days.size
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
    winter = -np.cos(2 * np.pi * (day_of_year - WARMEST) / 365.25)
    wettest = 30.4 * (regime.wettest + 0.5)
    season = regime.rain_season * np.cos(2 * np.pi * (day_of_year - wettest) / 365.25)

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
    # Angstrom's formula with its usual coefficients, FAO-56 eq 35.
    solar = extraterrestrial(latitude, day_of_year) * (0.25 + 0.5 * (1 - cloud))
    clear_sky = prata(air + KELVIN, saturation_pressure(air) * humidity / 100)
    longwave = crawford(clear_sky, 1 - cloud) * STEFAN_BOLTZMANN * (air + KELVIN) ** 4
    longwave *= 1 + 0.02 * streams.normal(bits, n)
    return Weather(day_of_year, fallen, gauge, air, longwave, solar, humidity, wind)


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
