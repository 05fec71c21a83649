"""Blocks of days: how long they must be, and how often each day enters a replicate.

The circular moving-block bootstrap draws blocks of consecutive days with replacement, so that the
dependence between neighbouring days survives. Künsch (1989), doi 10.1214/aos/1176347265; wrapped
at the ends after Politis and Romano (1992), in LePage and Billard, Exploring the Limits of
Bootstrap, Wiley, 263-270.
"""

import numpy as np

from soilbook.errors import ParameterError


def autocorrelation(series, n_lags: int) -> np.ndarray:
    """Sample autocorrelation (..., n_lags + 1) along the last axis, missing days left out.

    Products of missing days count as zero and the divisor is that of lag 0, which keeps the
    sequence positive semi-definite (Parzen 1963, Sankhya A 25, 383-392). NaN for a constant.
    """
    series = np.asarray(series, dtype=np.float64)
    n = series.shape[-1]
    valid = np.isfinite(series)
    mean = np.where(valid, series, 0).sum(-1) / np.maximum(valid.sum(-1), 1)
    deviation = np.where(valid, series, mean[..., None]) - mean[..., None]
    power = np.abs(np.fft.rfft(deviation, 2 * n)) ** 2
    products = np.fft.irfft(power, 2 * n)[..., : n_lags + 1]
    square = (deviation**2).sum(-1)[..., None]
    scale = 1e-24 * n * (1 + mean[..., None] ** 2)
    out = np.full(products.shape, np.nan)
    return np.divide(products, square, out=out, where=square > scale)


def block_length(series) -> int:
    """Automatic block length (days) of the circular block bootstrap for means of ``series``.

    Several series (..., time) share one length: the upper quartile of theirs, since blocks that
    are too short make intervals too narrow. 1 where every series is constant or missing.
    Politis and White (2004), doi 10.1081/ETC-120028836, with the correction of Patton, Politis
    and White (2009), doi 10.1080/07474930802459016.
    """
    series = np.atleast_2d(np.asarray(series, dtype=np.float64))
    series = series.reshape(-1, series.shape[-1])
    lengths = [_block_length(one) for one in series if np.isfinite(one).sum() > 3]
    return int(np.ceil(np.quantile(lengths, 0.75))) if lengths else 1


def _block_length(series: np.ndarray) -> float:
    n = series.size
    run = max(5, int(np.ceil(np.sqrt(np.log10(n)))))
    n_lags = min(int(np.ceil(np.sqrt(n))) + run, n - 1)
    rho = autocorrelation(series, n_lags)
    if np.isnan(rho[0]):
        return 1.0
    large = np.abs(rho[1:]) > 2 * np.sqrt(np.log10(n) / n)
    # The last lag before `run` small ones; if there is no such run, the last large one.
    small_runs = np.lib.stride_tricks.sliding_window_view(~large, min(run, large.size)).all(-1)
    if small_runs.any():
        last = int(small_runs.argmax())
    else:
        last = int(np.flatnonzero(large)[-1]) + 1
    window = min(2 * max(last, 1), n_lags)
    lag = np.arange(window + 1)
    taper = np.clip(2 * (1 - lag / window), 0, 1) * np.where(lag == 0, 1, 2)
    slope = (taper * lag * rho[: window + 1]).sum()
    spectrum = (taper * rho[: window + 1]).sum()
    longest = np.ceil(min(3 * np.sqrt(n), n / 3))
    if spectrum <= 0:
        return float(longest)
    length = (2 * slope**2 / (4 / 3 * spectrum**2) * n) ** (1 / 3)
    return float(np.clip(length, 1, longest))


def day_weights(n_days: int, length: int, n_replicates: int = 1000, seed: int = 0) -> np.ndarray:
    """How often each day enters each replicate: (replicate, day), every row sums to ``n_days``.

    Raises ParameterError for a length outside 1 to ``n_days`` or no replicates.
    """
    if not 1 <= length <= n_days:
        raise ParameterError(f"block length {length}; allowed: 1 to {n_days} days")
    if n_replicates < 1:
        raise ParameterError(f"n_replicates {n_replicates}; needs at least 1")
    generator = np.random.default_rng(seed)
    n_blocks = -(-n_days // length)
    starts = generator.integers(n_days, size=(n_replicates, n_blocks))
    ends = starts + length
    ends[:, -1] -= n_blocks * length - n_days
    wraps = ends > n_days
    # +1 where a block starts, -1 after its end; the running sum begins with the blocks that wrap.
    row = np.arange(n_replicates)[:, None] * (n_days + 1)
    size = n_replicates * (n_days + 1)
    change = np.bincount((row + starts).ravel(), minlength=size)
    change -= np.bincount((row + ends - n_days * wraps).ravel(), minlength=size)
    change = change.reshape(n_replicates, -1)
    change[:, 0] += wraps.sum(1)
    return change[:, :n_days].cumsum(1, dtype=np.float64)
