"""Intervals of scores that respect autocorrelation: replicates over blocks of days and over sites.

The circular moving-block bootstrap draws blocks of consecutive days with replacement, so that the
dependence between neighbouring days survives. Künsch (1989), doi 10.1214/aos/1176347265; wrapped
at the ends after Politis and Romano (1992), in LePage and Billard, Exploring the Limits of
Bootstrap, Wiley, 263-270. Only scores that follow from six sums are resampled, so a replicate costs
one weighted sum and all series of a site (models, leads, repetitions) share the days drawn:
differences are paired. Sites are the clusters: days within a site depend on each other, sites are
taken as independent.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm, t

from soilbook.errors import ParameterError, unknown
from soilbook.metrics.scores import (
    METRICS,
    Metric,
    broadcast,
    from_sums,
    mean_where,
    moments,
    terms,
    weighted,
)
from soilbook.threads import one_thread

RESAMPLED = tuple(name for name, metric in METRICS.items() if metric.of_moments)
CHUNK = 256  # series at once


# Scales on which the sampling error of a score is nearly normal, and the way back.
_FORWARD = {
    "identity": lambda x: x,
    "log": lambda x: np.log(np.maximum(x, 1e-300)),
    "log_loss": lambda x: -np.log(np.maximum(1 - x, 1e-300)),
    "fisher": lambda x: np.arctanh(np.clip(x, -1 + 1e-15, 1 - 1e-15)),
}
_BACK = {
    "identity": lambda x: x,
    "log": np.exp,
    "log_loss": lambda x: 1 - np.exp(-x),
    "fisher": np.tanh,
}


@dataclass(frozen=True)
class Resampled:
    """A score (...) and its replicates (replicate, ...) over ``n_days`` in blocks of ``length``."""

    value: np.ndarray
    replicates: np.ndarray
    length: int
    n_days: int
    stable: str = "identity"

    @property
    def n_blocks(self) -> float:
        """Number of whole blocks the days hold: the size of the sample for Student's quantile."""
        return max(self.n_days / self.length, 2.0)


@dataclass(frozen=True)
class Interval:
    """A score with the bounds of its interval at ``level``; arrays of one shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float


def autocorrelation(series, n_lags: int) -> np.ndarray:
    """Sample autocorrelation (..., n_lags + 1) along the last axis, missing days left out. Products
    of missing days count as zero and the divisor is that of lag 0, which keeps the sequence
    positive semi-definite (Parzen 1963, Sankhya A 25, 383-392). NaN for a constant."""
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
    Raises ParameterError for a length outside 1 to ``n_days`` or no replicates."""
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


def influence(observed, predicted, metric: str = "r2") -> np.ndarray:
    """Influence of each day on a score, (..., time): its derivative with respect to the sums. The
    score's sampling variance is that of the mean of this series, so this is the series whose
    dependence sets the block length (Künsch 1989, section 2). NaN on missing days."""
    of_moments = _named(metric).of_moments
    x = terms(observed, predicted)
    n = x.values[0].sum(-1)
    mean = x.values.sum(-1) / np.where(n > 0, n, np.nan)
    out = np.zeros(x.values.shape[1:])
    spread = x.values[1:].std(-1)
    for k in range(1, 6):
        step = np.zeros(mean.shape)
        step[k] = 1e-4 * spread[k - 1]
        moved = (from_sums(mean + s * step, x.centre_o, x.centre_p) for s in (1, -1))
        up, down = (of_moments(replace(one, n=n)) for one in moved)
        slope = np.zeros(up.shape)
        np.divide(up - down, 2 * step[k], out=slope, where=step[k] > 0)
        out += slope[..., None] * (x.values[k] - mean[k][..., None])
    return np.where(x.values[0] > 0, out, np.nan)


def choose_length(observed, predicted, metric: str = "r2") -> int:
    """Block length for the intervals of a score: twice that of ``block_length``, at most a sixth.

    Politis and White's length serves the variance and leaves it too small where days are as
    persistent as soil moisture. Student's quantile allows for the fewer, longer blocks. On 400
    AR(1) series of 700 days with lag-1 correlation 0.97 the interval of R2 at lead 3 covered the
    truth in 0.86 of cases at level 0.95, against 0.80 with the length itself, 0.72 with
    percentiles and 0.31 with independent days; with lag-1 correlation 0.9 in 0.90 to 0.94.
    """
    observed, predicted = _flattened(observed, predicted)
    some = slice(None, None, -(-len(observed) // CHUNK))
    length = 2 * block_length(influence(observed[some], predicted[some], metric))
    return int(np.clip(length, 1, max(observed.shape[-1] // 6, 1)))


@one_thread
def resample(
    observed, predicted, metric: str = "r2", length=None, n_replicates: int = 1000, seed: int = 0
) -> Resampled:
    """Replicates of a score over circular blocks of days (the last axis, calendar days in order).

    Missing days stay in place as NaN; days at either end on which no series has a pair are cut.
    ``length`` in days, by default from ``choose_length``; 1 is the plain bootstrap of independent
    days. Raises ParameterError for an unknown metric, series without a common shape or no days.
    """
    of_moments = _named(metric).of_moments
    lead = broadcast(observed, predicted)[0].shape[:-1]
    observed, predicted = _flattened(observed, predicted)
    present = np.flatnonzero((np.isfinite(observed) & np.isfinite(predicted)).any(0))
    if not present.size:
        raise ParameterError("no day has both an observed and a predicted value")
    cut = slice(present[0], present[-1] + 1)
    observed, predicted = observed[:, cut], predicted[:, cut]
    n_days = observed.shape[-1]
    if length is None:
        length = choose_length(observed, predicted, metric)
    weights = day_weights(n_days, length, n_replicates, seed)
    replicates = np.empty((n_replicates, len(observed)))
    for first in range(0, len(observed), CHUNK):
        part = slice(first, first + CHUNK)
        replicates[:, part] = of_moments(weighted(terms(observed[part], predicted[part]), weights))
    return Resampled(
        of_moments(moments(observed, predicted)).reshape(lead),
        replicates.reshape(n_replicates, *lead),
        length,
        n_days,
        METRICS[metric].stable,
    )


def recentred(resampled: Resampled) -> np.ndarray:
    """Replicates moved, on the metric's stable scale, so that they centre on the score itself. A
    replicate repeats the downward bias of R2 in short persistent records; in a mean over sites that
    bias would not average out and could push the score outside its own interval."""
    forward, back = _FORWARD[resampled.stable], _BACK[resampled.stable]
    replicates = forward(resampled.replicates)
    with np.errstate(invalid="ignore"):
        return back(replicates - replicates.mean(0) + forward(resampled.value))


def interval(resampled: Resampled, level: float = 0.95) -> Interval:
    """Interval of each score, NaN where the score or any replicate is undefined.

    On the stable scale, bias-corrected centre and bootstrap standard error with Student's quantile
    for the number of blocks (Davison and Hinkley 1997, Bootstrap Methods and their Application,
    section 5.2). Raises ParameterError for a level outside 0 to 1.
    """
    tail = tail_of(level)
    forward, back = _FORWARD[resampled.stable], _BACK[resampled.stable]
    replicates = forward(resampled.replicates)
    n = resampled.n_blocks
    half = t.ppf(1 - tail, n - 1) * replicates.std(0) * np.sqrt(n / (n - 1))
    centre = 2 * forward(resampled.value) - replicates.mean(0)
    # A handful of days leaves a bound without limit.
    with np.errstate(over="ignore"):
        return Interval(resampled.value, back(centre - half), back(centre + half), level)


def tail_of(level: float) -> float:
    """Probability outside one end of an interval. Raises ParameterError outside 0 to 1."""
    if not 0 < level < 1:
        raise ParameterError(f"level {level}; needs a value between 0 and 1")
    return (1 - level) / 2


def mean_over_sites(
    values, replicates=None, n_replicates: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Mean score over sites with its interval for sites like these; NaN sites are left out.

    ``values`` (site, ...) and ``replicates`` (replicate, site, ...), ``recentred``, each site
    resampled on its own. Sites are drawn with replacement and each brings a replicate of its own
    days, the two-level bootstrap of Davison and Hinkley (1997), section 3.8, which errs to the wide
    side. Without replicates only sites are drawn. It speaks of scores of records as long as these:
    R2 of a short persistent record is biased low. Percentiles, expanded for a small number of
    sites. Fewer than two sites leave the bounds of a cell undefined (NaN).
    Raises ParameterError for another level or replicates that do not fit.
    """
    values = np.asarray(values, dtype=np.float64)
    if replicates is not None:
        replicates = np.asarray(replicates, dtype=np.float64)
        if replicates.shape[1:] != values.shape:
            raise ParameterError(f"replicates {replicates.shape} do not fit values {values.shape}")
    tail = tail_of(level)
    means = _site_replicates(values, replicates, n_replicates, seed)
    valid = np.isfinite(values)
    value, n_sites = mean_where(values, valid, 0), valid.sum(0)
    low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    for n in np.unique(n_sites[n_sites > 1]):
        end, cell = _expanded(tail, n), n_sites == n
        low[cell], high[cell] = np.nanquantile(means[:, cell], [end, 1 - end], axis=0)
    return Interval(value, low, high, level)


def _expanded(tail: float, n: int) -> float:
    """Tail for percentiles of a bootstrap over only ``n`` units, wider as Student's is than normal.
    Hesterberg (2015), doi 10.1080/00031305.2015.1089789."""
    return float(norm.cdf(np.sqrt(n / (n - 1)) * t.ppf(tail, n - 1)))


def _site_replicates(values, replicates, n_replicates, seed) -> np.ndarray:
    """Replicates (replicate, ...) of the mean over sites."""
    generator = np.random.default_rng(seed)
    n_sites = len(values)
    total, n = np.zeros((n_replicates, *values.shape[1:])), 0
    drawn = generator.integers(n_sites, size=(n_replicates, n_sites))
    for j in range(n_sites):
        if replicates is None:
            one = values[drawn[:, j]]
        else:
            # Any replicate of the site: one drawn twice must not bring the same days twice.
            one = replicates[generator.integers(len(replicates), size=n_replicates), drawn[:, j]]
        valid = np.isfinite(one)
        total += np.where(valid, one, 0)
        n = n + valid
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def _named(metric: str) -> Metric:
    """The metric of that name. Raises ParameterError unless it can be resampled."""
    if metric not in RESAMPLED:
        raise unknown("metric for resampling", metric, RESAMPLED)
    return METRICS[metric]


def _flattened(observed, predicted) -> tuple[np.ndarray, np.ndarray]:
    """Both series as (series, time)."""
    observed, predicted = broadcast(observed, predicted)
    n_days = observed.shape[-1]
    return observed.reshape(-1, n_days), predicted.reshape(-1, n_days)
