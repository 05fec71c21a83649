"""Scores of forecasts from recent retrievals by lead, and what the retrievals are worth."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics
from soilbook.studies.smap.place_draws import blocks, median_interval
from soilbook.studies.smap.prolongation_scores import METRICS

BOUNDED = ("rmse", "r")  # scores with intervals
FORECAST = "forecast"


def score(
    observed: xr.DataArray,
    predicted: dict[str, np.ndarray],
    leads: tuple[int, ...],
    n_replicates: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Scores against SMAP of ``predicted`` (lead, pixel, time), on the days that all share.

    Returns ``moisture`` (predictor, lead, pixel, time), ``observed`` (pixel, time), ``rmse``,
    ``bias``, ``ubrmse``, ``r`` and ``n_pairs`` (predictor, lead, pixel); for rmse and
    r ``median_...`` over pixels, and ``difference_...``, the median over pixels of forecast minus
    predictor, each (predictor, lead) with ``_low`` and ``_high`` of the 95 % interval. Neighbouring
    pixels err alike: blocks of them are drawn (``place_draws.median_interval``).
    """
    result = xr.Dataset(coords=observed.coords).assign_coords(
        lead=("lead", list(leads), {"units": "d"})
    )
    result["moisture"] = xr.DataArray(
        np.stack([one.astype(np.float32) for one in predicted.values()]),
        dims=("predictor", "lead", *observed.dims),
        coords={"predictor": list(predicted), "lead": list(leads), **observed.coords},
        attrs={"units": "m3 m-3", "long_name": "soil moisture, surface"},
    )
    shared = observed.where(result["moisture"].notnull().all("predictor"))
    result["observed"] = observed
    result = result.merge(metrics.score(shared, result["moisture"], metrics=METRICS))
    groups = blocks(result["row"].values, result["column"].values)
    for name in BOUNDED:
        own = result[name].transpose("predictor", "lead", "pixel")
        apart = (own.sel(predictor=FORECAST, drop=True) - own).transpose(*own.dims)
        for kind, values in (("median", own), ("difference", apart)):
            bounds = median_interval(values.values, groups, n_replicates, seed=seed)
            for part, numbers in zip(("", "_low", "_high"), bounds, strict=True):
                result[f"{kind}_{name}{part}"] = values.dims[:2], numbers, own.attrs
    return result


def frame(result: xr.Dataset) -> pd.DataFrame:
    """One row for each lead and predictor: medians over pixels and paired differences, bounded.

    ``difference_...`` is forecast minus predictor; ``age_d`` the median age of the last retrieval.
    """
    names = [str(name) for name in result if str(name).split("_")[0] in ("median", "difference")]
    rows = result[names].to_dataframe().reset_index().sort_values("lead", kind="stable")
    rows.insert(1, "age_d", result["age"].sel(lead=rows["lead"].values).values)
    return rows.rename(columns={"lead": "lead_d"}).reset_index(drop=True)
