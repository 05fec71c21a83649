"""Is A better than B? Paired differences across sites as one tidy table."""

import itertools

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.errors import DataError, unknown
from soilbook.metrics.clusters import mean_over_sites
from soilbook.metrics.intervals import site_replicates
from soilbook.metrics.scores import METRICS
from soilbook.metrics.significance import correct, pseudomedian, sign_test, signed_rank

TESTS = {"signed_rank": signed_rank, "sign": sign_test}
VERDICTS = ("better", "worse", "no difference shown", "not testable")


def compare(
    scores_a: xr.DataArray | xr.Dataset,
    scores_b: xr.DataArray | xr.Dataset,
    metric: str = "r2",
    test: str = "signed_rank",
    correction: str = "holm",
    level: float = 0.95,
    n_replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired differences a - b of site scores, one row per cell of the other dimensions.

    Takes scores with the dimension ``site`` (and any others, e.g. model, depth, lead; dimensions of
    one side only are broadcast, so all models can be held against one), or results of
    ``intervals.site_scores``: then ``low`` and ``high`` of the mean difference come from the
    two-level bootstrap of sites and days, else of sites alone. For metrics best at zero the
    absolute scores are compared. Columns: the other dimensions, ``difference`` (mean),
    ``pseudomedian``, ``low``, ``high``, ``p``, ``p_corrected`` (over all rows), ``n_sites``,
    ``n_better`` (sites at which a is better), ``verdict`` (of a: one of ``VERDICTS``), ``reason``.
    Raises ParameterError for unknown names, DataError for labels that differ.
    """
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    if test not in TESTS:
        raise unknown("test", test, TESTS)
    direction = METRICS[metric].direction
    value, replicate = _differences(scores_a, scores_b, direction)
    bounds = mean_over_sites(
        value.values,
        None if replicate is None else replicate.values,
        n_replicates=n_replicates,
        level=level,
        seed=seed,
    )
    others = value.dims[1:]
    labels = [value[d].values if d in value.coords else range(value.sizes[d]) for d in others]
    shape = value.shape[1:]
    sign = 1 if direction == "higher" else -1
    rows = []
    for where, label in zip(np.ndindex(*shape), itertools.product(*labels), strict=True):
        d = value.values[(slice(None), *where)]
        tested = TESTS[test](d)
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
    table.insert(table.columns.get_loc("p") + 1, "p_corrected", correct(table["p"], correction))
    table.insert(
        table.columns.get_loc("reason"),
        "verdict",
        [
            _verdict(p, sign * location, 1 - level)
            for p, location in zip(table["p_corrected"], table["pseudomedian"], strict=True)
        ],
    )
    opposed = (table["difference"] * table["pseudomedian"] < 0) & (table["reason"] == "")
    table.loc[opposed, "reason"] = "mean and pseudomedian differ in sign: a few sites dominate"
    return table


def _verdict(p: float, gain: float, alpha: float) -> str:
    if np.isnan(p):
        return "not testable"
    if p >= alpha or gain == 0:
        return "no difference shown"
    return "better" if gain > 0 else "worse"


def _differences(a, b, direction) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Differences with ``site`` first, and those of the replicates (draw, site, ...) if any."""
    both = isinstance(a, xr.Dataset) and isinstance(b, xr.Dataset)
    pairs = []
    for of in (_value, site_replicates)[: 1 + both]:
        x, y = of(a), of(b)
        for side, array in (("scores_a", x), ("scores_b", y)):
            if "site" not in array.dims:
                raise unknown(f"dimension of {side}", "site", array.dims)
        if direction == "zero":
            x, y = abs(x), abs(y)
        try:
            x, y = xr.align(x, y, join="exact")
        except ValueError as error:
            raise DataError(f"scores do not fit: {str(error).splitlines()[0]}") from None
        pairs.append(x - y)
    value = pairs[0].transpose("site", ...)
    return value, pairs[1].transpose("draw", *value.dims) if both else None


def _value(scores: xr.DataArray | xr.Dataset) -> xr.DataArray:
    return scores["value"] if isinstance(scores, xr.Dataset) else scores
