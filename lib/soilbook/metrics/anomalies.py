"""What is taken away to leave anomalies, where a climatology is not at hand: a moving mean."""

import numpy as np

from soilbook.errors import ParameterError


def moving_mean(series, window: int = 31, least: int | None = None) -> np.ndarray:
    """Centred moving mean over ``window`` days along the last axis, shorter at the ends.

    NaN where fewer than ``least`` days are present (default a third of the window). A 31-day
    window is that of Entekhabi et al. (2010), doi 10.1175/2010JHM1223.1.
    Raises ParameterError for an even or non-positive window.
    """
    if window < 1 or window % 2 == 0:
        raise ParameterError(f"window of {window} days; needs an odd number of at least 1")
    least = -(-window // 3) if least is None else least
    series = np.asarray(series, dtype=np.float64)
    valid = np.isfinite(series)
    total = _window_sum(np.where(valid, series, 0.0), window)
    n = _window_sum(valid.astype(float), window)
    mean = np.full(series.shape, np.nan)
    return np.divide(total, n, out=mean, where=n >= max(least, 1))


def _window_sum(values: np.ndarray, window: int) -> np.ndarray:
    edge = [(0, 0)] * (values.ndim - 1) + [(window // 2, window // 2)]
    padded = np.pad(values, edge)
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=-1).sum(-1)
