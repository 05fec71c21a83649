"""Random numbers that are the same everywhere.

Only the raw 64-bit output of PCG64 is used, whose stream NumPy promises not to change (NEP 19);
the distributions are made from it here. Each site and purpose has a stream of its own, so that a
site's twin does not depend on which others are made.
"""

import zlib

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtri


def stream(seed: int, *names: str) -> np.random.PCG64:
    """The bit generator that belongs to a seed and to names (site, purpose)."""
    return np.random.PCG64(np.random.SeedSequence([seed, *(zlib.crc32(n.encode()) for n in names)]))


def uniform(bits: np.random.PCG64, size: int) -> np.ndarray:
    """``size`` numbers in the open interval (0, 1)."""
    return ((bits.random_raw(size) >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53


def normal(bits: np.random.PCG64, size: int) -> np.ndarray:
    """``size`` standard normal numbers, by inversion."""
    return ndtri(uniform(bits, size))


def autoregressive(bits: np.random.PCG64, size: int, lag_one: float) -> np.ndarray:
    """Stationary AR(1) series of unit variance with autocorrelation ``lag_one`` at lag 1."""
    noise = normal(bits, size) * np.sqrt(1 - lag_one**2)
    noise[0] /= np.sqrt(1 - lag_one**2)
    return lfilter([1.0], [1.0, -lag_one], noise)
