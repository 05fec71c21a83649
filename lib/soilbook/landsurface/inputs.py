"""What the land-surface models need to know: daily weather and the nature of the places.

``forcing`` (site, time): precipitation (mm d-1), air_temperature (degC), shortwave (W m-2) and
relative_humidity (%) or specific_humidity (kg kg-1); optional longwave (W m-2, else estimated) and
wind_speed (m s-1, at 10 m). ``static`` (site): sand, clay (%) and latitude; optional elevation (m,
else 0), flag_land_cover (IGBP class, else grassland), and green_fraction (of the ground in summer)
or ndvi, else the aridity of the climate. The first dimension may have any name.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilbook.errors import DataError
from soilbook.landsurface import checks, radiation
from soilbook.landsurface.cover import DEFAULT_CLASS, Cover, cover, green_of_ndvi
from soilbook.landsurface.soil import Soil, pedotransfer

# FAO-56's 2 m s-1 where wind is not measured, carried from 2 to 10 m by its eq 47.
DEFAULT_WIND = 2 / 0.748
NEEDED = ("precipitation", "air_temperature", "shortwave")
HUMIDITIES = ("relative_humidity", "specific_humidity")
OPTIONAL = ("longwave", "wind_speed")
NATURE = ("sand", "clay", "latitude")
OPTIONAL_NATURE = ("elevation", "flag_land_cover", "green_fraction", "ndvi")
WATT_TO_MILLIMETRE = 86400 / 2.45e6  # mm d-1 evaporated by 1 W m-2


@dataclass(frozen=True)
class Inputs:
    """Weather (day, site) and the nature of the sites (site,).

    precipitation (mm), air_temperature (degC), shortwave, longwave (W m-2), vapour_pressure (hPa),
    wind_speed (m s-1), pressure (hPa), latitude (degrees north); ``place`` names the dimension.
    """

    place: str
    labels: np.ndarray
    time: np.ndarray
    precipitation: np.ndarray
    air_temperature: np.ndarray
    shortwave: np.ndarray
    longwave: np.ndarray
    vapour_pressure: np.ndarray
    wind_speed: np.ndarray
    latitude: np.ndarray
    pressure: np.ndarray
    soil: Soil
    cover: Cover


def read(forcing: xr.Dataset, static: xr.Dataset) -> Inputs:
    """Checked inputs; DataError names the variable, the site and the first day of what is wrong."""
    place = checks.place(forcing, NEEDED)
    labels = forcing[place].values
    humidity = [name for name in HUMIDITIES if name in forcing][:1]
    if not humidity:
        raise DataError(
            f"forcing: no variable {HUMIDITIES[0]!r}; {' or '.join(HUMIDITIES)} is needed"
        )
    optional = [name for name in OPTIONAL if name in forcing]
    weather = {name: checks.daily(forcing[name], place) for name in (*NEEDED, *humidity, *optional)}
    nature = checks.nature(static, forcing, place, NATURE, OPTIONAL_NATURE)
    rain, temperature = weather["precipitation"], weather["air_temperature"]
    pressure = radiation.air_pressure(nature.get("elevation", np.zeros(labels.size)))
    if "specific_humidity" in weather:
        water = weather["specific_humidity"]
        vapour = water * pressure / (0.622 + 0.378 * water)
    else:
        vapour = radiation.saturation_pressure(temperature) * weather["relative_humidity"] / 100
    days = forcing["time"].values
    top = radiation.sunlight(nature["latitude"], day_of_year(days), 1)[:, 0]
    longwave = weather.get("longwave")
    if longwave is None:
        longwave = radiation.downward_longwave(temperature, vapour, weather["shortwave"], top)
    return Inputs(
        place=place,
        labels=labels,
        time=days,
        precipitation=rain,
        air_temperature=temperature,
        shortwave=weather["shortwave"],
        longwave=longwave,
        vapour_pressure=vapour,
        wind_speed=weather.get("wind_speed", np.full(rain.shape, DEFAULT_WIND)),
        latitude=nature["latitude"],
        pressure=pressure,
        soil=pedotransfer(nature["sand"], nature["clay"]),
        cover=cover(
            nature.get("flag_land_cover", np.full(labels.size, DEFAULT_CLASS)),
            labels,
            _green(nature, rain, temperature, top),
        ),
    )


def day_of_year(time: np.ndarray) -> np.ndarray:
    """Day of the year, 1 to 366."""
    days = time.astype("datetime64[D]")
    return (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1


def _green(nature: dict, rain, temperature, top) -> np.ndarray:
    """Green fraction in summer: as given, from NDVI, or precipitation over what could evaporate.

    That of the whole record, by the formula of Oudin et al. (2005,
    doi:10.1016/j.jhydrol.2004.08.026). At the reference stations it served better in 2015-04 to
    2017-03 than the NDVI of the 36 km around them.
    """
    if "green_fraction" in nature:
        return nature["green_fraction"]
    if "ndvi" in nature:
        return green_of_ndvi(nature["ndvi"])
    demand = WATT_TO_MILLIMETRE * top * np.maximum(temperature + 5, 0) / 100
    return np.minimum(rain.mean(axis=0) / np.maximum(demand.mean(axis=0), 1e-6), 1)
