"""What the land-surface models need to know: daily weather and the nature of the places, checked.

``forcing`` (site, time): precipitation (mm d-1), air_temperature (degC), shortwave (W m-2) and
relative_humidity (%) or specific_humidity (kg kg-1); optional longwave (W m-2, else estimated) and
wind_speed (m s-1, at 10 m). ``static`` (site): sand, clay (%) and latitude; optional elevation (m,
else 0), flag_land_cover (IGBP class, else grassland), and green_fraction (of the ground in summer)
or ndvi, else the aridity of the climate. The first dimension may have any name.

``cover.csv`` is by class number of the International Geosphere-Biosphere Programme. Resistances,
light and dryness parameters, leaf area, albedo, roughness and snow are those of Noah's vegetation
table for these classes (Chen and Dudhia 2001, Table 1, and its later MODIS form), the mid-point
where it gives a range; root profiles are Jackson et al. (1996, doi:10.1007/BF00333714).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.errors import DataError
from soilbook.physics import air
from soilbook.physics.soil import MILLIMETRE, Soil, pedotransfer
from soilbook.schema import GRID_VARIABLES as VARIABLES
from soilbook.schema import Variable

SEA_LEVEL = 1013.0  # hPa
HALF_CLEAR = 0.5  # clearness assumed in the polar night
# FAO-56's 2 m s-1 where wind is not measured, carried from 2 to 10 m by its eq 47.
DEFAULT_WIND = 2 / 0.748
DEFAULT_CLASS = 10  # grassland, which reference stations stand on
# NDVI of bare ground and of a closed canopy, Gutman and Ignatov (1998,
# doi:10.1080/014311698215333).
BARE_NDVI, CLOSED_NDVI = 0.04, 0.52
NEEDED = ("precipitation", "air_temperature", "shortwave")
HUMIDITIES = ("relative_humidity", "specific_humidity")
OPTIONAL = ("longwave", "wind_speed")
NATURE = ("sand", "clay", "latitude")
OPTIONAL_NATURE = ("elevation", "flag_land_cover", "green_fraction", "ndvi")
# Static attributes that study 2's schema does not know.
KNOWN = VARIABLES | {
    "latitude": Variable("latitude", "", "degrees_north", "latitude", (), -90, 90),
    "elevation": Variable("elevation", "", "m", "height above the sea", (), -500, 9000),
    "green_fraction": Variable("green_fraction", "", "1", "green part of the ground", (), 0, 1),
}


@dataclass(frozen=True)
class Cover:
    """Vegetation of every site, each (site,).

    shade: green fraction of the ground in summer; noah_layers: soil layers with roots;
    root_base: base of the root profile 1 - base^(depth in cm); least_resistance (s m-1),
    light (W m-2) and dryness (kg kg-1): Jarvis parameters; hiding_snow: water in the snow that
    hides the ground (mm); snow_albedo, albedo; leaves_winter, leaves_summer: leaf area index;
    roughness (m).
    """

    shade: np.ndarray
    noah_layers: np.ndarray
    root_base: np.ndarray
    least_resistance: np.ndarray
    light: np.ndarray
    dryness: np.ndarray
    hiding_snow: np.ndarray
    snow_albedo: np.ndarray
    leaves_winter: np.ndarray
    leaves_summer: np.ndarray
    albedo: np.ndarray
    roughness: np.ndarray


@dataclass(frozen=True)
class Weather:
    """Weather of days or of shorter steps, each (step, site).

    precipitation (mm per step), air_temperature (degC), shortwave, longwave (W m-2),
    vapour_pressure (hPa), wind_speed (m s-1).
    """

    precipitation: np.ndarray
    air_temperature: np.ndarray
    shortwave: np.ndarray
    longwave: np.ndarray
    vapour_pressure: np.ndarray
    wind_speed: np.ndarray


@dataclass(frozen=True)
class Inputs(Weather):
    """Daily weather and the nature of the sites (site,).

    pressure (hPa), latitude (degrees north), sand (%); ``place``: dimension.
    """

    place: str
    labels: np.ndarray
    time: np.ndarray
    latitude: np.ndarray
    pressure: np.ndarray
    sand: np.ndarray
    soil: Soil
    cover: Cover


def read(forcing: xr.Dataset, static: xr.Dataset) -> Inputs:
    """Checked inputs; DataError names the variable, the site and the first day of what is wrong."""
    place = _place(forcing)
    labels = forcing[place].values
    humidity = [name for name in HUMIDITIES if name in forcing][:1]
    if not humidity:
        raise DataError(
            f"forcing: no variable {HUMIDITIES[0]!r}; {' or '.join(HUMIDITIES)} is needed"
        )
    optional = [name for name in OPTIONAL if name in forcing]
    weather = {name: _daily(forcing[name], place) for name in (*NEEDED, *humidity, *optional)}
    nature = _nature(static, forcing, place)
    rain, temperature = weather["precipitation"], weather["air_temperature"]
    pressure = air.standard_pressure(nature.get("elevation", np.zeros(labels.size)), SEA_LEVEL)
    if "specific_humidity" in weather:
        vapour = air.vapour_pressure(weather["specific_humidity"], pressure)
    else:
        vapour = air.saturation_pressure(temperature) * weather["relative_humidity"] / 100
    days = forcing["time"].values
    top = air.sunlight(nature["latitude"], air.day_of_year(days), 1)[:, 0]
    if "longwave" not in weather:
        clear = air.clearness(weather["shortwave"], top, HALF_CLEAR)
        weather["longwave"] = air.downward_longwave(temperature, vapour, clear)
    classes = nature.get("flag_land_cover", np.full(labels.size, DEFAULT_CLASS))
    return Inputs(
        place=place,
        labels=labels,
        time=days,
        precipitation=rain,
        air_temperature=temperature,
        shortwave=weather["shortwave"],
        longwave=weather["longwave"],
        vapour_pressure=vapour,
        wind_speed=weather.get("wind_speed", np.full(rain.shape, DEFAULT_WIND)),
        latitude=nature["latitude"],
        pressure=pressure,
        sand=nature["sand"],
        soil=pedotransfer(nature["sand"], nature["clay"], MILLIMETRE),
        cover=cover(classes, labels, _green(nature, rain, temperature, top)),
    )


def cover_classes() -> pd.DataFrame:
    """The table of classes of land cover, indexed by IGBP number."""
    return pd.read_csv(Path(__file__).with_name("cover.csv"), index_col="class")


def cover(numbers: np.ndarray, labels, green: np.ndarray) -> Cover:
    """Cover of sites with IGBP class ``numbers``, shaded in summer by ``green`` (0..1) at most.

    Raises DataError naming the first site whose class has no plants and no soil (water, ice).
    """
    table = cover_classes()
    known = np.isin(numbers, table.index)
    if not known.all():
        first = int(np.flatnonzero(~known)[0])
        raise DataError(
            f"static: variable 'flag_land_cover', {labels[first]}: class {numbers[first]:g}; "
            f"allowed: {', '.join(map(str, table.index))}"
        )
    rows = table.loc[numbers].drop(columns="name")
    columns = {name: rows[name].to_numpy(float) for name in rows}
    columns["shade"] = np.minimum(columns["shade"], green)
    return Cover(**columns)


def green_of_ndvi(ndvi: np.ndarray) -> np.ndarray:
    """Green fraction of the ground from NDVI, linear between bare and closed."""
    return np.clip((ndvi - BARE_NDVI) / (CLOSED_NDVI - BARE_NDVI), 0, 1)


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
    demand = air.EVAPORATED * top * np.maximum(temperature + 5, 0) / 100
    return np.minimum(rain.mean(axis=0) / np.maximum(demand.mean(axis=0), 1e-6), 1)


def _place(forcing: xr.Dataset) -> str:
    """Name of the first dimension; DataError unless needed variables and every day are there."""
    for name in NEEDED:
        if name not in forcing:
            raise DataError(f"forcing: no variable {name!r}; needed: {', '.join(NEEDED)}")
    dims = forcing[NEEDED[0]].dims
    if len(dims) != 2 or dims[1] != "time":
        raise DataError(
            f"forcing: variable {NEEDED[0]!r} has dimensions {dims}, needs ('site', 'time')"
        )
    if dims[0] not in forcing.coords:
        raise DataError(f"forcing: no coordinate {dims[0]!r}")
    days = forcing["time"].values.astype("datetime64[D]")
    bad = np.flatnonzero(np.diff(days).astype(int) != 1)
    if bad.size:
        row = int(bad[0]) + 1
        raise DataError(
            f"forcing: variable 'time', row {row}: {days[row]} after {days[row - 1]}; "
            "every day once and in order is needed"
        )
    return dims[0]


def _daily(array: xr.DataArray, place: str) -> np.ndarray:
    """Values (day, site); DataError at the first day that is missing or out of range."""
    if array.dims != (place, "time"):
        raise DataError(
            f"forcing: variable {array.name!r} has dimensions {array.dims}, needs {(place, 'time')}"
        )
    return _checked(array, array.values.T.astype(float), "forcing", place, array[place].values)


def _nature(static: xr.Dataset, forcing: xr.Dataset, place: str) -> dict[str, np.ndarray]:
    """Static attributes (site,) in the order of the forcing; what is not given is left out.

    Latitude may stand with the forcing. DataError names what is missing or out of range.
    """
    labels = forcing[place].values
    if place in static.indexes:
        absent = ~np.isin(labels, static[place].values)
        if absent.any():
            raise DataError(f"static: no {place} {labels[absent][0]}; the forcing has it")
        static = static.sel({place: labels})
    elif static.sizes.get(place) != labels.size:
        raise DataError(
            f"static: {static.sizes.get(place)} of dimension {place!r}; "
            f"the forcing has {labels.size}"
        )
    found = {}
    for name in (*NATURE, *OPTIONAL_NATURE):
        source = static if name in static.variables else forcing
        if name in source.variables:
            values = np.broadcast_to(source[name].values.astype(float), labels.shape)
            found[name] = _checked(source[name], values, "static", place, labels)
        elif name in NATURE:
            raise DataError(f"static: no variable {name!r}; needed: {', '.join(NATURE)}")
    return found


def _checked(array: xr.DataArray, values: np.ndarray, source: str, place: str, labels):
    """``values`` (..., site), all there and in range; DataError names the first that is not."""
    variable = KNOWN[array.name]
    units = array.attrs.get("units", variable.units)
    if units != variable.units:
        raise DataError(
            f"{source}: variable {array.name!r} has units {units!r}, needs {variable.units!r}"
        )
    bad = np.argwhere(~((values >= variable.low) & (values <= variable.high)))
    if bad.size:
        *day, site = bad[0]
        value, low, high = values[(*day, site)], variable.low, variable.high
        what = f"value {value:g} outside {low:g} to {high:g} {variable.units}"
        what = "missing" if np.isnan(value) else what
        if day:
            date = np.datetime_as_string(array["time"].values[day[0]], "D")
            what = f"{date}: {what}; no gap is allowed"
            raise DataError(f"{source}: variable {array.name!r}, {place} {labels[site]}, {what}")
        raise DataError(f"{source}: variable {array.name!r}, {place} {labels[site]}: {what}")
    return values
