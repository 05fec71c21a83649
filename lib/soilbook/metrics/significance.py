"""Tests of "A beats B": paired across sites, or forecast by forecast at one site."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import PermutationMethod, binomtest, rankdata, t, wilcoxon
from statsmodels.stats.multitest import multipletests

from soilbook.errors import ParameterError, unknown
from soilbook.metrics.blocks import autocorrelation

LEAST_SITES = 6
CORRECTIONS = {"holm": "holm", "benjamini-hochberg": "fdr_bh", "none": None}
ENUMERATED = 13


@dataclass(frozen=True)
class Outcome:
    """A test's p value (two-sided), its statistic and sample size, and why p is NaN, if it is."""

    p: float
    statistic: float
    n: int
    reason: str = ""


def signed_rank(differences) -> Outcome:
    """Wilcoxon's signed-rank test that paired differences (one per site) are symmetric about 0.

    NaN are left out. Zeros keep their ranks (Pratt 1959, doi 10.1080/01621459.1959.10501526).
    Exact without ties or zeros; with them every sign pattern is enumerated for up to 13 sites, and
    the tie-corrected normal approximation is used beyond. Fewer than 6 sites cannot reach p < 0.05:
    p is NaN.
    The statistic is the rank sum of the positive differences. Wilcoxon (1945), doi 10.2307/3001968.
    """
    d = _finite(differences)
    if d.size < LEAST_SITES:
        return _too_few(d.size)
    if not d.any():
        return Outcome(1.0, 0.0, d.size)
    tied = np.unique(np.abs(d)).size < d.size or not d.all()
    if not tied:
        method = "exact" if d.size <= 50 else "asymptotic"
    elif d.size <= ENUMERATED:
        method = PermutationMethod(n_resamples=2**ENUMERATED)
    else:
        method = "asymptotic"
    rank_sum = rankdata(np.abs(d))[d > 0].sum()
    p = wilcoxon(d, zero_method="pratt", method=method).pvalue
    return Outcome(float(p), float(rank_sum), d.size)


def sign_test(differences) -> Outcome:
    """Sign test that positive and negative differences are equally likely; zeros are left out.

    The statistic is the number of positive differences. Exact binomial; p is NaN for fewer than
    6 sites, 1 where all differences are zero. Arbuthnot (1710), doi 10.1098/rstl.1710.0011.
    """
    d = _finite(differences)
    if d.size < LEAST_SITES:
        return _too_few(d.size)
    positive, unequal = int((d > 0).sum()), int((d != 0).sum())
    p = binomtest(positive, unequal).pvalue if unequal else 1.0
    return Outcome(float(p), float(positive), d.size)


def diebold_mariano(errors_a, errors_b, lead: int = 1, power: float = 2, n_lags=None) -> Outcome:
    """Test that two forecasts of one site, ``lead`` days ahead, have the same mean |error|^power.

    Errors (time) on calendar days, NaN where missing. The variance of the mean loss difference is
    the Bartlett-weighted long-run variance (Newey and West 1987, doi 10.2307/1913610) over
    ``n_lags``, by default Andrews' (1991, doi 10.2307/2938229) AR(1) rule and at least lead - 1;
    the statistic is scaled and held against Student's t as Harvey, Leybourne and Newbold (1997),
    doi 10.1016/S0169-2070(96)00719-4, propose for Diebold and Mariano (1995),
    doi 10.1080/07350015.1995.10524599. A positive statistic: b is better.
    p is NaN for fewer than 10 pairs (or 2 leads), or identical losses.
    Raises ParameterError for a lead below 1 or series of other lengths.
    """
    a, b = np.asarray(errors_a, dtype=np.float64), np.asarray(errors_b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ParameterError(f"errors of shapes {a.shape} and {b.shape}; needs two of one length")
    if lead < 1:
        raise ParameterError(f"lead {lead}; needs at least 1 day")
    loss = np.abs(a) ** power - np.abs(b) ** power
    n = int(np.isfinite(loss).sum())
    if n < max(10, 2 * lead):
        return Outcome(np.nan, np.nan, n, f"{n} pairs; needs at least {max(10, 2 * lead)}")
    variance = float(np.nanvar(loss))
    if variance == 0:
        return Outcome(np.nan, np.nan, n, "loss differences are constant")
    if n_lags is None:
        n_lags = max(lead - 1, _andrews(loss, n))
    rho = autocorrelation(loss, min(n_lags, loss.size - 1))
    weight = 1 - np.arange(rho.size) / rho.size
    long_run = variance * (2 * (weight * rho).sum() - 1)
    small_sample = (n + 1 - 2 * lead + lead * (lead - 1) / n) / n
    statistic = float(np.nanmean(loss) / np.sqrt(long_run / n) * np.sqrt(small_sample))
    return Outcome(float(2 * t.sf(abs(statistic), n - 1)), statistic, n)


def _andrews(loss: np.ndarray, n: int) -> int:
    rho = float(np.clip(autocorrelation(loss, 1)[1], -0.97, 0.97))
    alpha = 4 * rho**2 / ((1 - rho) ** 2 * (1 + rho) ** 2)
    return int(np.ceil(1.1447 * (alpha * n) ** (1 / 3)))


def correct(p, method: str = "holm") -> np.ndarray:
    """p values corrected for their number, in the shape given; NaN stay NaN and are not counted.

    "holm" (1979, jstor 4615733) holds the chance of any false finding; "benjamini-hochberg" (1995,
    doi 10.1111/j.2517-6161.1995.tb02031.x) the share of false findings. Raises ParameterError for
    another method.
    """
    if method not in CORRECTIONS:
        raise unknown("correction", method, CORRECTIONS)
    p = np.array(p, dtype=np.float64)
    valid = np.isfinite(p)
    if CORRECTIONS[method] and valid.any():
        p[valid] = multipletests(p[valid], method=CORRECTIONS[method])[1]
    return p


def pseudomedian(differences) -> float:
    """Hodges-Lehmann estimate: median of all pairwise means, the location signed ranks speak of.

    Hodges and Lehmann (1963), doi 10.1214/aoms/1177704172. NaN where nothing is finite.
    """
    d = _finite(differences)
    if not d.size:
        return np.nan
    i, j = np.triu_indices(d.size)
    return float(np.median((d[i] + d[j]) / 2))


def _finite(differences) -> np.ndarray:
    d = np.asarray(differences, dtype=np.float64).ravel()
    return d[np.isfinite(d)]


def _too_few(n: int) -> Outcome:
    return Outcome(np.nan, np.nan, n, f"{n} sites; needs at least {LEAST_SITES}")
