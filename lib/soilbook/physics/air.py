"""Air: sunlight, water vapour, long-wave radiation and evaporative demand.

Arrays broadcast. Temperatures in degC (``kelvin``: K), vapour pressure in hPa, radiation in W m-2.
FAO-56 is Irrigation and Drainage Paper 56 of the FAO (Allen et al. 1998).
"""

import numpy as np

from soilbook.errors import unknown

WATT_PER_MEGAJOULE_DAY = 1e6 / 86400  # 1 MJ m-2 in a day of 86,400 s
DAILY_SOLAR_CONSTANT = 0.0820  # MJ m-2 min-1, FAO-56 eq 21
SOLAR_CONSTANT = 1367.0  # W m-2
STEFAN_BOLTZMANN = 5.670374419e-8  # W m-2 K-4
KELVIN = 273.15
EPSILON = 0.622  # molar mass of water over that of dry air
EMISSIVITY = 0.98  # of soil and plants
LATENT = 2.45e6  # J kg-1
EVAPORATED = 86400 / LATENT  # mm d-1 by 1 W m-2
# Share of the extraterrestrial radiation on a clear day, FAO-56 eq 37 at sea level; a height would
# raise it by 0.02 per km.
CLEAR_DAY = 0.75
DARK = 5.0  # W m-2 (polar night): below it short-wave says nothing about clouds
ALBEDO, PSYCHROMETRIC = 0.23, 0.0674  # of the grass reference; kPa K-1 at sea level
SOURCE = (
    "estimated: Prata (1996) clear-sky emissivity with the cloud correction of "
    "Crawford and Duchon (1999), from air temperature, humidity and short-wave"
)


def day_of_year(days: np.ndarray) -> np.ndarray:
    """Day of the year (1..366) of datetime64 values."""
    days = days.astype("datetime64[D]")
    return (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1


def _orbit(day_of_year) -> tuple[np.ndarray, np.ndarray]:
    """Inverse relative distance and declination (rad) of the sun, FAO-56 eqs 23 and 24."""
    angle = 2 * np.pi * np.asarray(day_of_year) / 365
    return 1 + 0.033 * np.cos(angle), 0.409 * np.sin(angle - 1.39)


def extraterrestrial(latitude, day_of_year) -> np.ndarray:
    """Daily mean short-wave radiation (W m-2) at the top of the atmosphere, FAO-56 eqs 21-25.

    Latitude in degrees north and day of the year (1..366) broadcast against each other.
    Polar day and polar night are covered (the sunset hour angle is limited to 0..pi).
    """
    phi = np.deg2rad(latitude)
    distance, declination = _orbit(day_of_year)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1, 1))
    daily = (24 * 60 / np.pi) * DAILY_SOLAR_CONSTANT * distance
    height = sunset * np.sin(phi) * np.sin(declination)
    height = height + np.cos(phi) * np.cos(declination) * np.sin(sunset)
    return daily * height * WATT_PER_MEGAJOULE_DAY


def sunlight(latitude, day_of_year, steps: int) -> np.ndarray:
    """Radiation (W m-2) at the top of the atmosphere, mean of each of ``steps`` parts of the day.

    FAO-56 eqs 21-28 integrated exactly over each part in local solar time. Latitude (site,),
    day_of_year (day,); returns (day, step, site). The mean over steps is the daily value.
    """
    phi = np.deg2rad(np.asarray(latitude, float))[None, None, :]
    distance, declination = (one[:, None, None] for one in _orbit(day_of_year))
    level = np.sin(phi) * np.sin(declination)
    swing = np.cos(phi) * np.cos(declination)
    # A pole has no swing; there the sun stays up or down all day.
    cosine = np.divide(-level, swing, out=-np.sign(level) * np.ones_like(swing), where=swing > 1e-9)
    sunset = np.arccos(np.clip(cosine, -1, 1))
    edges = (np.linspace(0, 1, steps + 1) * 2 * np.pi - np.pi)[None, :, None]
    edges = np.clip(edges, -sunset, sunset)
    first, last = edges[:, :-1], edges[:, 1:]
    height = level * (last - first) + swing * (np.sin(last) - np.sin(first))
    return np.maximum(SOLAR_CONSTANT * distance * height * steps / (2 * np.pi), 0)


def saturation_pressure(air_temperature) -> np.ndarray:
    """Saturation vapour pressure (hPa) over water at a temperature (degC), FAO-56 eq 11."""
    air_temperature = np.asarray(air_temperature, dtype=float)
    return 6.108 * np.exp(17.27 * air_temperature / (air_temperature + 237.3))


def saturation_slope(saturated, air_temperature) -> np.ndarray:
    """Growth of the saturation pressure per degree, in its own unit, FAO-56 eq 13."""
    return 4098 * saturated / (air_temperature + 237.3) ** 2


def standard_pressure(elevation, sea_level: float = 101.3e3) -> np.ndarray:
    """Air pressure (that of ``sea_level``: Pa) of the standard atmosphere at a height (m).

    FAO-56 eq 7.
    """
    return sea_level * ((293 - 0.0065 * np.asarray(elevation, dtype=float)) / 293) ** 5.26


def specific_humidity(air_temperature, relative_humidity, elevation) -> np.ndarray:
    """Specific humidity (kg kg-1) from degC, % and m; NaN where one is missing.

    q = 0.622 e / (p - 0.378 e) with e = RH e_s(T) (FAO-56 eqs 11 and 19; WMO-No. 8, annex 4.B)
    and p of the standard atmosphere. Of daily means it is about right: e_s is not linear in T.
    """
    vapour = np.asarray(relative_humidity) / 100 * saturation_pressure(air_temperature) * 100
    return EPSILON * vapour / (standard_pressure(elevation) - (1 - EPSILON) * vapour)


def vapour_pressure(specific_humidity, pressure) -> np.ndarray:
    """Vapour pressure, in the unit of ``pressure``: the inverse of ``specific_humidity``."""
    return specific_humidity * pressure / (EPSILON + 0.378 * specific_humidity)


def prata(kelvin: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Clear-sky emissivity of Prata (1996), doi 10.1002/qj.49712253306; K and hPa."""
    water = 46.5 * pressure / kelvin  # precipitable water, cm
    return 1 - (1 + water) * np.exp(-np.sqrt(1.2 + 3 * water))


def brutsaert(kelvin: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Clear-sky emissivity of Brutsaert (1975), doi 10.1029/WR011i005p00742; K and hPa."""
    return 1.24 * (pressure / kelvin) ** (1 / 7)


def crawford(emissivity: np.ndarray, clearness: np.ndarray) -> np.ndarray:
    """All-sky emissivity of Crawford and Duchon (1999): cloud fraction 1 - clearness.

    doi 10.1175/1520-0450(1999)038<0474:AIPFEE>2.0.CO;2
    """
    return 1 - clearness + clearness * emissivity


def unsworth(emissivity: np.ndarray, clearness: np.ndarray) -> np.ndarray:
    """All-sky emissivity of Unsworth and Monteith (1975), doi 10.1002/qj.49710142703."""
    cloud = 1 - clearness
    return (1 - 0.84 * cloud) * emissivity + 0.84 * cloud


def cloudless(emissivity: np.ndarray, clearness: np.ndarray) -> np.ndarray:
    """No cloud correction: what an estimate without short-wave would be."""
    return np.where(np.isnan(clearness), np.nan, emissivity)


# Prata with Crawford and Duchon is used: the lowest mean error over the sites of
# ``data.fluxnet.longwave_errors``, Brutsaert (1975) being too low in the north.
CLEAR_SKY = {"prata1996": prata, "brutsaert1975": brutsaert}
CLOUD = {"crawford1999": crawford, "unsworth1975": unsworth, "none": cloudless}


def clearness(shortwave, top, dark: float) -> np.ndarray:
    """Short-wave over that of a clear day (0..1); ``dark`` where ``top`` is dark.

    ``top``: daily radiation at the top of the atmosphere (W m-2).
    """
    lit = top > DARK
    share = np.where(lit, shortwave / np.where(lit, CLEAR_DAY * top, 1), dark)
    return np.clip(share, 0, 1)


def downward_longwave(
    air_temperature, pressure, clearness, clear_sky=prata, cloud=crawford
) -> np.ndarray:
    """Downward long-wave (W m-2) of a sky from degC, vapour pressure (hPa) and its clearness.

    A clear sky radiates as a grey body whose emissivity follows from the vapour pressure; clouds
    raise it towards one.
    """
    kelvin = air_temperature + KELVIN
    return cloud(clear_sky(kelvin, pressure), clearness) * STEFAN_BOLTZMANN * kelvin**4


def estimate(
    air_temperature,
    relative_humidity,
    shortwave,
    latitude,
    day_of_year,
    clear_sky: str = "prata1996",
    cloud: str = "crawford1999",
) -> np.ndarray:
    """Daily downward long-wave (W m-2) from degC, %, W m-2, degrees north and day of the year.

    Arrays broadcast; NaN where any of the three is missing, and in the polar night.
    Raises ParameterError for a formula that is not in ``CLEAR_SKY`` or ``CLOUD``.
    """
    if clear_sky not in CLEAR_SKY:
        raise unknown("clear-sky formula", clear_sky, CLEAR_SKY)
    if cloud not in CLOUD:
        raise unknown("cloud correction", cloud, CLOUD)
    air = np.asarray(air_temperature, dtype=float)
    pressure = saturation_pressure(air_temperature) * np.asarray(relative_humidity) / 100
    clear = clearness(np.asarray(shortwave), extraterrestrial(latitude, day_of_year), np.nan)
    return downward_longwave(air, pressure, clear, CLEAR_SKY[clear_sky], CLOUD[cloud])


def potential_evapotranspiration(temperature, humidity, wind, shortwave, longwave) -> np.ndarray:
    """Evapotranspiration of short grass (mm d-1) that is not short of water, not below zero.

    From air temperature (degC), relative humidity (%), wind (m s-1), short-wave and downward
    long-wave radiation (W m-2). Standardised Penman-Monteith equation, ASCE-EWRI (2005,
    doi:10.1061/9780784408056), eq 1.
    """
    saturated = saturation_pressure(temperature) / 10  # kPa
    slope = saturation_slope(saturated, temperature)
    emitted = STEFAN_BOLTZMANN * (temperature + KELVIN) ** 4
    net = ((1 - ALBEDO) * shortwave + EMISSIVITY * (longwave - emitted)) * 0.0864  # MJ m-2 d-1
    deficit = saturated * (1 - humidity / 100)
    drying = PSYCHROMETRIC * 900 / (temperature + 273) * wind * deficit
    demand = 0.408 * slope * net + drying
    return np.maximum(demand / (slope + PSYCHROMETRIC * (1 + 0.34 * wind)), 0.0)
