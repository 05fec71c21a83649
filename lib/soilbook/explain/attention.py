"""Attention weights of trained networks in summary, section 4.4 and Fig 12 of Wang et al. (2024).

The feature attention is a softmax of sigmoids: of n features no weight can fall below
1 / (1 + (n - 1) e) or rise above e / (e + n - 1), 0.05 to 0.28 of eight. Weights near 1 / n are
therefore not a finding about the soil, and differences between them are what can be read.
"""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import nn

from soilbook import metrics
from soilbook.errors import ParameterError
from soilbook.explain.shapley import checked, spearman

KINDS = ("feature", "time")


def weights(modules: Sequence[nn.Module], x, features) -> xr.Dataset:
    """Mean attention weights over the samples x (sample, step, feature), one row a repetition.

    ``modules`` are repetitions of one network with ``attention(x)``. Variables, where the network
    has them: ``feature_weight`` (repetition, step, feature), summing to 1 over features, and
    ``time_weight`` (repetition, step), summing to 1 over steps, mean over hidden channels where
    each has its own. Steps count from 1, the oldest day. Raises ParameterError for a network
    without such attention.
    """
    x = torch.as_tensor(checked(x, "x"))
    with torch.inference_mode():
        every = [m.eval().attention(x) if hasattr(m, "attention") else {} for m in modules]
    dims = {"feature": ("repetition", "step", "feature"), "time": ("repetition", "step")}
    arrays = {
        kind: np.stack([one[kind].double().mean(0).cpu().numpy() for one in every])
        for kind in KINDS
        if any(kind in one for one in every)
    }
    if not arrays:
        raise ParameterError("no attention over features or time; allowed: FA-, TA-, FTA-LSTM")
    if "time" in arrays and arrays["time"].ndim == 3:
        arrays["time"] = arrays["time"].mean(-1)
    return xr.Dataset(
        {f"{kind}_weight": (dims[kind], array, {"units": "1"}) for kind, array in arrays.items()},
        coords={"step": np.arange(1, x.shape[1] + 1), "feature": list(features)},
    )


def summary(weights: xr.Dataset) -> xr.Dataset:
    """Fig 12: importance of features and of days, with its spread over repetitions.

    Of the variables of ``weights`` (any further dimension, such as depth, stays):
    ``feature_weight`` (feature), mean over steps and repetitions, and ``time_weight`` (step), mean
    over repetitions; each with ``_sd``, the standard deviation over repetitions (NaN for one).
    ``least`` and ``most`` are the bounds that softmax of sigmoid sets to a feature's weight.
    """
    result = xr.Dataset()
    for kind in KINDS:
        name = f"{kind}_weight"
        if name in weights:
            array = weights[name].mean("step") if kind == "feature" else weights[name]
            several = array.sizes["repetition"] > 1
            mean = array.mean("repetition").assign_attrs(units="1")
            result[name] = mean
            result[f"{name}_sd"] = array.std("repetition", ddof=1) if several else np.nan * mean
    if "feature" in result.dims:
        n = result.sizes["feature"]
        result["least"], result["most"] = 1 / (1 + (n - 1) * np.e), np.e / (np.e + n - 1)
    return result


def agreement(
    weight: xr.DataArray, importance: xr.DataArray, n_replicates: int = 1000, seed: int = 0
) -> xr.Dataset:
    """Do attention weights rank features as their Shapley values do? Spearman over features.

    ``weight`` and ``importance`` (mean |phi|) by (repetition, feature). ``rho`` (repetition) and
    its ``mean`` with the 95 % interval ``low``, ``high`` of a bootstrap over repetitions (NaN for
    one). Raises ValueError for other labels.
    """
    weight, importance = xr.align(weight, importance, join="exact")
    rho = xr.apply_ufunc(
        spearman, weight, importance, input_core_dims=[["feature"]] * 2, vectorize=True
    )
    mean = metrics.mean_over_sites(rho.values, n_replicates=n_replicates, seed=seed)
    return xr.Dataset(
        {"rho": rho, "mean": float(mean.value), "low": float(mean.low), "high": float(mean.high)}
    )
