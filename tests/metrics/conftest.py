"""Series with known answers."""

import numpy as np
import pytest
from scipy.signal import lfilter


def _ar1(shape, rho: float, seed: int = 0) -> np.ndarray:
    """First-order autoregressive series of unit variance, (..., time)."""
    *lead, n = shape
    noise = np.random.default_rng(seed).standard_normal((*lead, n + 300))
    return lfilter([1], [1, -rho], noise, axis=-1)[..., 300:] * np.sqrt(1 - rho**2)


@pytest.fixture(scope="session")
def ar1():
    """Maker of AR(1) series: ``ar1(shape, rho, seed)``."""
    return _ar1
