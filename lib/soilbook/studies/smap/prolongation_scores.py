"""Scores of the year-ahead test of study 2, and the predictors that need no network."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics
from soilbook.models import climatology
from soilbook.studies.smap.place_draws import blocks, median_interval

METRICS = ("rmse", "bias", "ubrmse", "r")
WINDOW = 31  # days of a calendar day's mean: SMAP passes every second or third day


def baselines(training: xr.DataArray, test: xr.DataArray) -> dict[str, np.ndarray]:
    """``persistence`` and ``climatology`` of SMAP (pixel, time) for the days of ``test``.

    Persistence repeats the last observation before the day, of the test year as well, so it knows
    what no prolongation knows: a yardstick of a forecast from recent observations. Climatology is
    the mean of the calendar day and its neighbours within a month, in the training part.
    """
    both = np.concatenate([training.values, test.values], axis=-1).astype(float)
    latest = pd.DataFrame(both.T).ffill().shift(1).to_numpy().T
    means = climatology(training["time"].values, training.values, test["time"].values, WINDOW)
    return {"persistence": latest[:, training.sizes["time"] :], "climatology": means}


def misfit(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Mean of predicted (..., pixel, time) minus observed (pixel, time); 0 if never observed."""
    return np.nan_to_num(metrics.bias(observed, predicted))


def score(
    observed: xr.DataArray,
    predicted: dict[str, np.ndarray],
    n_replicates: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """``moisture``, ``observed``, scores (predictor, pixel) and their medians over pixels.

    ``median_rmse`` and so on (predictor) with ``_low`` and ``_high`` of the 95 % interval, see
    ``place_draws.median_interval``.
    """
    result = xr.Dataset(coords=observed.coords)
    result["moisture"] = xr.DataArray(
        np.stack([one.astype(np.float32) for one in predicted.values()]),
        dims=("predictor", *observed.dims),
        coords={"predictor": list(predicted), **observed.coords},
        attrs={"units": "m3 m-3", "long_name": "soil moisture, surface"},
    )
    result["observed"] = observed
    result = result.merge(metrics.score(observed, result["moisture"], metrics=METRICS))
    return result.merge(medians(result, n_replicates, seed))


def medians(scores: xr.Dataset, n_replicates: int = 1000, seed: int = 0) -> xr.Dataset:
    """Medians over pixels of scores (predictor, pixel) that have ``row`` and ``column``, with
    intervals: ``median_rmse``, ``median_rmse_low``, ``median_rmse_high`` (predictor) and so on."""
    groups = blocks(scores["row"].values, scores["column"].values)
    out = xr.Dataset()
    for name in METRICS:
        values = scores[name].transpose("predictor", "pixel")
        bounds = median_interval(values.values, groups, n_replicates, seed=seed)
        for part, numbers in zip(("", "_low", "_high"), bounds, strict=True):
            out[f"median_{name}{part}"] = ("predictor", numbers, values.attrs)
    return out


def differences(
    one: xr.Dataset, other: xr.Dataset, n_replicates: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Scores (pixel) of one predictor minus those of another, with ``row`` and ``column``.

    A row for RMSE, ubRMSE (m3 m-3) and R: the median over pixels of the paired differences with its
    interval, on how many of ``n`` pixels the first is better (smaller error, larger R).
    """
    groups = blocks(one["row"].values, one["column"].values)
    rows = []
    for name in ("rmse", "ubrmse", "r"):
        apart = one[name].values - other[name].values
        bounds = median_interval(apart, groups, n_replicates, seed=seed)
        better = apart > 0 if name == "r" else apart < 0
        rows.append([name, *map(float, bounds), int(better.sum()), int(np.isfinite(apart).sum())])
    return pd.DataFrame(rows, columns=["metric", "difference", "low", "high", "n_better", "n"])
