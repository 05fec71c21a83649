"""Random fields over the pixels that are smooth in space and remember in time.

A row of numbers a day, correlated between places like exp(-distance / length) and from day to day
like lag_one ^ days; the numbers come from ``twin.streams`` and are the same everywhere.
"""

import numpy as np
from scipy.signal import lfilter

from soilbook.data.easegrid import great_circle
from soilbook.data.twin import streams

NUGGET = 1e-6  # keeps the covariance of places that lie close together positive


class Space:
    """Places (degrees) whose fields are drawn; covariances are factored once for each length."""

    def __init__(self, latitude: np.ndarray, longitude: np.ndarray, seed: int):
        self.seed = seed
        self.size = latitude.size
        self._away = great_circle(latitude[:, None], longitude[:, None], latitude, longitude)
        self._factors: dict[float, np.ndarray] = {}

    def field(self, name: str, length: float, days: int, lag_one: float = 0.0) -> np.ndarray:
        """Standard normal field (day, place) with a correlation length (km)."""
        bits = streams.stream(self.seed, "study 2", name)
        noise = streams.normal(bits, days * self.size).reshape(days, self.size)
        noise *= np.sqrt(1 - lag_one**2)
        noise[0] /= np.sqrt(1 - lag_one**2)
        if lag_one:
            noise = lfilter([1.0], [1.0, -lag_one], noise, axis=0)
        return noise @ self._factor(length).T

    def pattern(self, name: str, length: float) -> np.ndarray:
        """Standard normal field (place,) that does not change."""
        return self.field(name, length, 1)[0]

    def _factor(self, length: float) -> np.ndarray:
        if length not in self._factors:
            covariance = np.exp(-self._away / length) + NUGGET * np.eye(self.size)
            self._factors[length] = np.linalg.cholesky(covariance / (1 + NUGGET))
        return self._factors[length]
