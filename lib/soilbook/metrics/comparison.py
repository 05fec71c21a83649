"""Is A better than B? Paired differences across sites as one tidy table, and the test behind it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import PermutationMethod, false_discovery_control, rankdata, wilcoxon

from soilbook.errors import DataError, unknown
from soilbook.metrics.bootstrap import mean_over_sites
from soilbook.metrics.scores import METRICS

VERDICTS = ("better", "worse", "no difference shown", "not testable")
LEAST_SITES = 6
CORRECTIONS = ("holm", "benjamini-hochberg", "none")
ENUMERATED = 13  # sites up to which every pattern of signs is tried


def compare(
    scores_a: xr.DataArray,
    scores_b: xr.DataArray,
    metric: str = "r2",
    correction: str = "holm",
    level: float = 0.95,
    n_replicates: int = 1000,
    seed: int = 0,
    family: Sequence[str] = (),
) -> pd.DataFrame:
    """Paired differences a - b of site scores, one row per cell of the other dimensions.

    Takes scores with the dimension ``site`` (and any others, e.g. model, depth, lead; dimensions of
    one side only are broadcast, so all models can be held against one). ``low`` and ``high`` of the
    mean difference come from the bootstrap of sites, ``p`` from ``signed_rank``. For metrics best
    at zero the absolute scores are compared. Columns: the other dimensions, ``difference`` (mean),
    ``pseudomedian``, ``low``, ``high``, ``p``, ``p_corrected``, ``n_sites``, ``n_better`` (sites at
    which a is better), ``verdict`` (of a: one of ``VERDICTS``), ``reason``.
    p is corrected within a family: rows with the same labels of the dimensions ``family`` (default:
    all rows). A family in which even one-sided differences could not reach the level is not
    testable, and the reason gives its smallest possible p.
    Raises ParameterError for unknown names, DataError for labels that differ.
    """
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    direction = METRICS[metric].direction
    value = _differences(scores_a, scores_b, direction)
    bounds = mean_over_sites(value.values, None, n_replicates, level, seed)
    others = value.dims[1:]
    labels = [value[d].values if d in value.coords else range(value.sizes[d]) for d in others]
    sign = 1 if direction == "higher" else -1
    rows = []
    for where, label in zip(np.ndindex(*value.shape[1:]), itertools.product(*labels), strict=True):
        d = value.values[(slice(None), *where)]
        tested = signed_rank(d)
        rows.append(
            {
                **dict(zip(others, label, strict=True)),
                "difference": bounds.value[where],
                "pseudomedian": pseudomedian(d),
                "low": bounds.low[where],
                "high": bounds.high[where],
                "p": tested.p,
                "n_sites": tested.n,
                "n_better": int((sign * d > 0).sum()),
                "reason": tested.reason,
            }
        )
    table = pd.DataFrame(rows)
    for name in family:
        if name not in others:
            raise unknown("dimension of a family", name, others)
    of = table.groupby(list(family), sort=False).ngroup() if family else pd.Series(0, table.index)
    corrected, least = table["p"].to_numpy(copy=True), np.empty(len(table))
    for rows_of in (np.flatnonzero(of == k) for k in of.unique()):
        corrected[rows_of] = correct(table["p"].to_numpy()[rows_of], correction)
        least[rows_of] = smallest_p(table["n_sites"].to_numpy()[rows_of], correction)
    table.insert(table.columns.get_loc("p") + 1, "p_corrected", corrected)
    verdicts = [
        _verdict(np.nan if smallest >= 1 - level else p, sign * location, 1 - level)
        for p, smallest, location in zip(corrected, least, table["pseudomedian"], strict=True)
    ]
    table.insert(table.columns.get_loc("reason"), "verdict", verdicts)
    small = (least >= 1 - level) & (table["reason"] == "") & np.isfinite(table["p"])
    table.loc[small, "reason"] = [f"n too small: smallest possible p {p:.2g}" for p in least[small]]
    opposed = (table["difference"] * table["pseudomedian"] < 0) & (table["reason"] == "")
    table.loc[opposed, "reason"] = "mean and pseudomedian differ in sign: a few sites dominate"
    return table


def _verdict(p: float, gain: float, alpha: float) -> str:
    if np.isnan(p):
        return "not testable"
    if p >= alpha or gain == 0:
        return "no difference shown"
    return "better" if gain > 0 else "worse"


def _differences(a: xr.DataArray, b: xr.DataArray, direction: str) -> xr.DataArray:
    """Differences with ``site`` first."""
    for side, array in (("scores_a", a), ("scores_b", b)):
        if "site" not in array.dims:
            raise unknown(f"dimension of {side}", "site", array.dims)
    if direction == "zero":
        a, b = abs(a), abs(b)
    try:
        a, b = xr.align(a, b, join="exact")
    except ValueError as error:
        raise DataError(f"scores do not fit: {str(error).splitlines()[0]}") from None
    return (a - b).transpose("site", ...)


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
        reason = f"{d.size} sites; needs at least {LEAST_SITES}"
        return Outcome(np.nan, np.nan, d.size, reason)
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


def smallest_p(n_sites, correction: str = "holm") -> np.ndarray:
    """Least corrected p that each test of a family can have: all ``n_sites`` differ the same way.

    ``n_sites`` (test,) of the tests with enough sites count as the family. Holm multiplies the
    least p of a family by the number of its tests; so does Benjamini and Hochberg unless several
    are as small.
    """
    n = np.asarray(n_sites, float)
    tests = max(int((n >= LEAST_SITES).sum()), 1)
    least = 2.0 ** (1 - np.maximum(n, 1))
    return np.minimum(least * (tests if correction == "holm" else 1), 1.0)


def too_few(n_sites: int) -> str:
    """Why so few sites decide nothing, empty for enough: no test of theirs can reach p < 0.05."""
    if n_sites >= LEAST_SITES:
        return ""
    return f"n too small: smallest possible p {2.0 ** (1 - max(n_sites, 1)):.2g} at {n_sites} sites"


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
    if method == "holm":
        p[valid] = _holm(p[valid])
    elif method == "benjamini-hochberg" and valid.any():
        p[valid] = false_discovery_control(p[valid])
    return p


def _holm(p: np.ndarray) -> np.ndarray:
    """Of k tests the smallest p times k, the next times k - 1 and so on, never falling. Not
    multipletests of statsmodels, which collects all garbage of the process at each call: half a
    second once torch is loaded."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return np.minimum(steps, 1)[np.argsort(order)]


def pseudomedian(differences) -> float:
    """Hodges-Lehmann estimate: median of all pairwise means, the location signed ranks speak of.
    Hodges and Lehmann (1963), doi 10.1214/aoms/1177704172. NaN where nothing is finite."""
    d = _finite(differences)
    if not d.size:
        return np.nan
    i, j = np.triu_indices(d.size)
    return float(np.median((d[i] + d[j]) / 2))


def _finite(differences) -> np.ndarray:
    d = np.asarray(differences, dtype=np.float64).ravel()
    return d[np.isfinite(d)]
