"""Soil water of the root zone from that of the surface: the exponential filter.

Wagner et al. (1999, doi:10.1016/S0034-4257(99)00036-X), in the recursive form of Albergel et al.
(2008, doi:10.5194/hess-12-1323-2008, eqs 4-6).
"""

import numpy as np

from soilbook.errors import ParameterError

# Wagner et al. (1999) for the layer 0-100 cm.
CHARACTERISTIC_TIME = 20.0  # days


def exponential_filter(
    surface: np.ndarray, characteristic_time: float = CHARACTERISTIC_TIME
) -> np.ndarray:
    """Filtered moisture (..., time) of daily surface moisture (..., time), in its units.

    m_n = m_k + K_n (s_n - m_k) and K_n = K_k / (K_k + exp(-(t_n - t_k) / T)), k the observation
    before n and T the ``characteristic_time`` (d). NaN on days without surface moisture, which
    leave no trace. ParameterError for a time that is not above zero.
    """
    if not characteristic_time > 0:
        raise ParameterError(f"characteristic time is {characteristic_time}; allowed: above 0 days")
    surface = np.asarray(surface, dtype=float)
    out = np.full(surface.shape, np.nan)
    lead = surface.shape[:-1]
    moisture, gain, elapsed = np.zeros(lead), np.ones(lead), np.full(lead, np.inf)
    for day in range(surface.shape[-1]):
        now = surface[..., day]
        there = np.isfinite(now)
        elapsed = elapsed + 1
        gain = np.where(there, gain / (gain + np.exp(-elapsed / characteristic_time)), gain)
        moisture = np.where(there, moisture + gain * (now - moisture), moisture)
        elapsed = np.where(there, 0.0, elapsed)
        out[..., day] = np.where(there, moisture, np.nan)
    return out
