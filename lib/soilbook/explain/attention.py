"""Attention weights of trained networks in summary, section 4.4 and Fig 12 of Wang et al. (2024).

The feature attention is a softmax of sigmoids: of n features no weight can fall below
1 / (1 + (n - 1) e) or rise above e / (e + n - 1), 0.05 to 0.28 of eight. Weights near 1 / n are
therefore not a finding about the soil, and differences between them are what can be read.
"""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from scipy.stats import spearmanr
from torch import nn

from soilbook import metrics
from soilbook.errors import ParameterError
from soilbook.explain.predict import checked

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
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for module in modules:
        with torch.inference_mode():
            by_kind = module.eval().attention(x) if hasattr(module, "attention") else {}
        for kind in by_kind.keys() & set(KINDS):
            found[kind].append(by_kind[kind].double().mean(0).cpu().numpy())
    dims = {"feature": ("repetition", "step", "feature"), "time": ("repetition", "step")}
    arrays = {kind: np.stack(some) for kind, some in found.items() if some}
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
    weight: xr.DataArray, importance: xr.DataArray, over: str | Sequence[str] = "feature",
    cluster: str = "repetition", n_replicates: int = 1000, seed: int = 0,
) -> xr.Dataset:  # fmt: skip
    """Do attention weights rank inputs as their Shapley values do? Spearman along ``over``.

    ``weight`` and ``importance`` (mean |phi|) share their dimensions; what is neither ``over`` nor
    ``cluster`` is averaged. ``rho`` (cluster) and its ``mean`` with the 95 % interval ``low``,
    ``high`` of a bootstrap over clusters, sites or repetitions (NaN for one). Raises ParameterError
    if a dimension is missing.
    """
    over = [over] if isinstance(over, str) else list(over)
    weight, importance = xr.align(weight, importance, join="exact")
    for name in (*over, cluster):
        if name not in weight.dims or name not in importance.dims:
            raise ParameterError(
                f"no dimension {name!r}; weight has {weight.dims}, importance {importance.dims}"
            )
    rho = xr.apply_ufunc(
        _spearman, weight.stack(item=over), importance.stack(item=over),
        input_core_dims=[["item"]] * 2, vectorize=True,
    )  # fmt: skip
    rho = rho.mean([name for name in rho.dims if name != cluster])
    mean = metrics.mean_over_sites(rho.values, n_replicates=n_replicates, seed=seed)
    return xr.Dataset(
        {"rho": rho, "mean": float(mean.value), "low": float(mean.low), "high": float(mean.high)},
        attrs={"cluster": cluster, "n_clusters": rho.sizes[cluster]},
    )


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(spearmanr(a, b).statistic)
