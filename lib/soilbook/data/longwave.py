"""Downward long-wave radiation estimated from air temperature, humidity and short-wave.

A clear sky radiates as a grey body whose emissivity follows from the vapour pressure; clouds
raise it towards one. How cloudy a day was shows in its short-wave against that of a clear day,
0.75 of the extraterrestrial radiation (FAO-56 eq 37 at sea level; a station's height, which the
daily files do not give, would raise the 0.75 by 0.02 per km).

``verify`` holds every combination against measurements. Prata with Crawford and Duchon is used:
it has the lowest mean error over the sites, Brutsaert (1975) being too low in the north.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.data import fluxnet
from soilbook.data.fao56 import extraterrestrial, saturation_pressure
from soilbook.errors import unknown

STEFAN_BOLTZMANN = 5.670374419e-8  # W m-2 K-4
KELVIN = 273.15
CLEAR_DAY = 0.75
# Below this extraterrestrial radiation (W m-2: polar night) short-wave says nothing about clouds.
DARK = 5.0


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


CLEAR_SKY = {"prata1996": prata, "brutsaert1975": brutsaert}
CLOUD = {"crawford1999": crawford, "unsworth1975": unsworth, "none": cloudless}
SOURCE = (
    "estimated: Prata (1996) clear-sky emissivity with the cloud correction of "
    "Crawford and Duchon (1999), from air temperature, humidity and short-wave"
)


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
    kelvin = np.asarray(air_temperature, dtype=float) + KELVIN
    pressure = saturation_pressure(air_temperature) * np.asarray(relative_humidity) / 100
    top = extraterrestrial(latitude, day_of_year)
    clear_day = np.where(top > DARK, CLEAR_DAY * top, np.nan)
    clearness = np.clip(np.asarray(shortwave) / clear_day, 0, 1)
    emissivity = CLOUD[cloud](CLEAR_SKY[clear_sky](kelvin, pressure), clearness)
    return emissivity * STEFAN_BOLTZMANN * kelvin**4


def verify(folder: Path | str | None = None) -> pd.DataFrame:
    """Error of every combination of formulas against long-wave measured at FLUXNET sites.

    Columns: site, clear_sky, cloud, bias and rmse (W m-2), r, n_days. Raises DataError if the
    FLUXNET file is absent or damaged.
    """
    rows = []
    for name in fluxnet.SITES:
        site = fluxnet.read(folder, name)
        weather = [site[v].values for v in ("air_temperature", "relative_humidity", "shortwave")]
        day = site["time"].dt.dayofyear.values
        for clear_sky in CLEAR_SKY:
            for cloud in CLOUD:
                guess = estimate(*weather, float(site["latitude"]), day, clear_sky, cloud)
                error = _error(guess, site["longwave"].values)
                rows.append({"site": name, "clear_sky": clear_sky, "cloud": cloud, **error})
    return pd.DataFrame(rows)


def _error(guess: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    both = np.isfinite(guess) & np.isfinite(truth)
    guess, truth = guess[both], truth[both]
    return {
        "bias": float(np.mean(guess - truth)),
        "rmse": float(np.sqrt(np.mean((guess - truth) ** 2))),
        "r": float(np.corrcoef(guess, truth)[0, 1]),
        "n_days": int(both.sum()),
    }
