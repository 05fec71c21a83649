"""What the climate is at any position over the continent: normals of cities, smoothed.

``climate.csv`` holds round numbers for cities: an approximation made for the twin, not a table of
normals. A test holds them against what the stations of the real network measured.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.data.easegrid import great_circle

TABLE = Path(__file__).with_name("climate.csv")
REACH = 180.0  # km over which a city speaks for its surroundings


@dataclass(frozen=True)
class Climate:
    """Normals of places, each (place,).

    elevation (m); precipitation (mm a year); january, july: mean temperature (degC); wettest: month
    of most rain (0 = January) and season: relative amplitude of its annual wave; humidity: mean
    relative humidity (%); wind: mean speed (m s-1).
    """

    elevation: np.ndarray
    precipitation: np.ndarray
    january: np.ndarray
    july: np.ndarray
    wettest: np.ndarray
    season: np.ndarray
    humidity: np.ndarray
    wind: np.ndarray

    @property
    def mean_temperature(self) -> np.ndarray:
        """Mean of the year (degC)."""
        return (self.january + self.july) / 2

    @property
    def aridity(self) -> np.ndarray:
        """Precipitation over potential evapotranspiration by temperature.

        The latter as 120 mm + 75 mm per degC of the annual mean: about that of grass at the
        latitudes of the frame.
        """
        return self.precipitation / (120 + 75 * np.maximum(self.mean_temperature + 2, 2))


def climate(latitude: np.ndarray, longitude: np.ndarray) -> Climate:
    """Climate of positions (degrees): Gaussian-weighted mean of the cities around them.

    Precipitation is averaged by its logarithm; wettest month and season as one wave.
    """
    table = pd.read_csv(TABLE)
    places = table["latitude"].to_numpy(), table["longitude"].to_numpy()
    away = great_circle(latitude[:, None], longitude[:, None], *places)
    # The nearest city counts however far it is.
    nearest = away.min(axis=1, keepdims=True)
    weight = np.exp(-(((away - nearest) / REACH) ** 2) / 2 - nearest * (away - nearest) / REACH**2)
    weight /= weight.sum(axis=1, keepdims=True)

    def mean(values):
        return weight @ np.asarray(values, float)

    angle = 2 * np.pi * (table["wettest"] + 0.5) / 12
    wave = mean(table["season"] * np.cos(angle)), mean(table["season"] * np.sin(angle))
    return Climate(
        elevation=mean(table["elevation"]),
        precipitation=np.exp(mean(np.log(table["precipitation"]))),
        january=mean(table["january"]),
        july=mean(table["july"]),
        wettest=(np.arctan2(wave[1], wave[0]) * 12 / (2 * np.pi) - 0.5) % 12,
        season=np.hypot(*wave),
        humidity=mean(table["humidity"]),
        wind=mean(table["wind"]),
    )
