"""Random numbers that are the same everywhere, and fields of them over places.

Only the raw 64-bit output of PCG64 is used, whose stream NumPy promises not to change (NEP 19);
the distributions are made from it here. Each place and purpose has a stream of its own, so that a
site's twin does not depend on which others are made.
"""

import zlib

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtri

from soilbook.data.easegrid import great_circle
from soilbook.threads import one_thread

NUGGET = 1e-6  # keeps the covariance of places that lie close together positive


def stream(seed: int, *names: str) -> np.random.PCG64:
    """The bit generator that belongs to a seed and to names (site, purpose)."""
    return np.random.PCG64(np.random.SeedSequence([seed, *(zlib.crc32(n.encode()) for n in names)]))


def uniform(bits: np.random.PCG64, size: int) -> np.ndarray:
    """``size`` numbers in the open interval (0, 1)."""
    return ((bits.random_raw(size) >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53


def normal(bits: np.random.PCG64, *shape: int) -> np.ndarray:
    """Standard normal numbers of a shape, by inversion."""
    return ndtri(uniform(bits, int(np.prod(shape)))).reshape(shape)


def remembered(noise: np.ndarray, lag_one: float, axis: int = -1) -> np.ndarray:
    """Stationary AR(1) series along an axis, made out of white noise, which is overwritten."""
    noise *= np.sqrt(1 - lag_one**2)
    np.moveaxis(noise, axis, 0)[0] /= np.sqrt(1 - lag_one**2)
    return lfilter([1.0], [1.0, -lag_one], noise, axis=axis)


def autoregressive(bits: np.random.PCG64, size: int, lag_one: float) -> np.ndarray:
    """Stationary AR(1) series of unit variance with autocorrelation ``lag_one`` at lag 1."""
    return remembered(normal(bits, size), lag_one)


class Space:
    """Places (degrees) over which random fields are smooth; they remember in time.

    Correlated between places like exp(-distance / length) and from day to day like lag_one ^ days;
    covariances are factored once for each length.
    """

    def __init__(self, latitude: np.ndarray, longitude: np.ndarray, seed: int):
        self.seed = seed
        self.size = latitude.size
        self._away = great_circle(latitude[:, None], longitude[:, None], latitude, longitude)
        self._factors: dict[float, np.ndarray] = {}

    @one_thread
    def field(self, name: str, length: float, days: int, lag_one: float = 0.0) -> np.ndarray:
        """Standard normal field (day, place) with a correlation length (km)."""
        noise = normal(stream(self.seed, "study 2", name), days, self.size)
        if lag_one:
            noise = remembered(noise, lag_one, axis=0)
        return noise @ self._factor(length).T

    def pattern(self, name: str, length: float) -> np.ndarray:
        """Standard normal field (place,) that does not change."""
        return self.field(name, length, 1)[0]

    def _factor(self, length: float) -> np.ndarray:
        if length not in self._factors:
            covariance = np.exp(-self._away / length) + NUGGET * np.eye(self.size)
            self._factors[length] = np.linalg.cholesky(covariance / (1 + NUGGET))
        return self._factors[length]
