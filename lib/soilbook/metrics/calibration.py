"""Is a stated uncertainty right? Coverage, sharpness, CRPS and the distribution of PIT values.

Arrays have time on the last axis; ensembles (member, ..., time). NaN days are left out.
"""

import numpy as np
from scipy.stats import norm

from soilbook.errors import ParameterError


def _mean(values, valid) -> np.ndarray:
    n = valid.sum(-1)
    total = np.where(valid, values, 0.0).sum(-1)
    return np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0)[()]


def coverage(observed, low, high) -> np.ndarray:
    """Share of days on which the observed value lies in its interval, bounds included."""
    observed, low, high = np.broadcast_arrays(
        *(np.asarray(a, float) for a in (observed, low, high))
    )
    valid = np.isfinite(observed) & np.isfinite(low) & np.isfinite(high)
    return _mean((observed >= low) & (observed <= high), valid)


def interval_score(observed, low, high, level: float = 0.95) -> np.ndarray:
    """Mean interval score: width plus 2 / alpha times the distance outside; lower is better.

    Gneiting and Raftery (2007), doi 10.1198/016214506000001437, equation 43.
    """
    _check_level(level)
    observed, low, high = np.broadcast_arrays(
        *(np.asarray(a, float) for a in (observed, low, high))
    )
    outside = np.maximum(low - observed, 0) + np.maximum(observed - high, 0)
    score = high - low + 2 / (1 - level) * outside
    return _mean(score, np.isfinite(score))


def crps_gaussian(observed, mean, deviation) -> np.ndarray:
    """Mean continuous ranked probability score of normal forecasts, in the units of the series.

    sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)), z = (o - mean) / sd; a deviation of zero gives
    the absolute error. Gneiting et al. (2005), doi 10.1175/MWR2904.1, equation 5. Raises
    ParameterError for a negative deviation.
    """
    error, deviation = np.broadcast_arrays(
        np.asarray(observed, float) - np.asarray(mean, float), np.asarray(deviation, float)
    )
    if (deviation < 0).any():
        raise ParameterError(f"deviation {np.nanmin(deviation):g}; needs to be at least 0")
    z = np.divide(error, deviation, out=np.zeros(error.shape), where=deviation > 0)
    spread = z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)
    score = np.where(deviation == 0, np.abs(error), deviation * spread)
    return _mean(score, np.isfinite(score))


def crps_ensemble(observed, ensemble, fair: bool = False) -> np.ndarray:
    """Mean CRPS of an ensemble (member, ..., time): E|x - o| - E|x - x'| / 2, units of the series.

    ``fair`` divides the second term for members drawn without replacement, so that the score of a
    small ensemble is that expected of a large one (Ferro 2014, doi 10.1002/qj.2270). Gneiting and
    Raftery (2007), doi 10.1198/016214506000001437, equation 21. Days on which a member is missing
    are left out. Raises ParameterError for fair with one member.
    """
    ensemble = np.sort(np.asarray(ensemble, float), axis=0)
    n = len(ensemble)
    if fair and n < 2:
        raise ParameterError("fair CRPS of 1 member; needs at least 2")
    error = np.abs(ensemble - np.asarray(observed, float)).mean(0)
    # Sum over pairs of |x - x'| of sorted members, without forming the pairs.
    rank = (2 * np.arange(n) - n + 1).reshape(-1, *(1,) * (ensemble.ndim - 1))
    pairs = 2 * (rank * ensemble).sum(0)
    score = error - pairs / (2 * n * (n - 1 if fair else n))
    return _mean(score, np.isfinite(score))


def pit_gaussian(observed, mean, deviation) -> np.ndarray:
    """Probability integral transform of each day, (..., time): Phi((o - mean) / sd).

    Uniform for calibrated forecasts. Dawid (1984), doi 10.2307/2981683. NaN where the deviation is
    not positive.
    """
    error, deviation = np.broadcast_arrays(
        np.asarray(observed, float) - np.asarray(mean, float), np.asarray(deviation, float)
    )
    z = np.full(error.shape, np.nan)
    return norm.cdf(np.divide(error, deviation, out=z, where=deviation > 0))


def pit_ensemble(observed, ensemble, seed: int = 0) -> np.ndarray:
    """Randomised PIT of each day from an ensemble (member, ..., time), in 0 to 1.

    The rank of the observed value among the members, ties broken and the step filled at random
    with ``seed``. Czado et al. (2009), doi 10.1111/j.1541-0420.2009.01191.x. NaN where missing.
    """
    observed, ensemble = np.asarray(observed, float), np.asarray(ensemble, float)
    below, equal = (ensemble < observed).sum(0), (ensemble == observed).sum(0)
    draw = np.random.default_rng(seed).random(below.shape)
    pit = (below + draw * (equal + 1)) / (len(ensemble) + 1)
    return np.where(np.isfinite(observed) & np.isfinite(ensemble).all(0), pit, np.nan)


def reliability(pit, levels=None) -> tuple[np.ndarray, np.ndarray]:
    """Nominal levels and the share of days inside the central interval of each, (level, ...).

    On the diagonal for calibrated forecasts, below it for overconfident ones. Levels default to
    0.05, 0.10, ..., 0.95. Raises ParameterError for a level outside 0 to 1.
    """
    levels = np.arange(1, 20) / 20 if levels is None else np.asarray(levels, float)
    for level in levels:
        _check_level(level)
    pit = np.asarray(pit, float)
    inside = [_mean(np.abs(pit - 0.5) <= level / 2, np.isfinite(pit)) for level in levels]
    return levels, np.stack(inside)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ParameterError(f"level {level}; needs a value between 0 and 1")
