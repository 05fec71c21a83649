"""What Shapley values say of a network as a whole, and whether they can be trusted."""

import numpy as np
import xarray as xr
from scipy.stats import spearmanr

from soilbook.errors import ParameterError


def mean_absolute(values: xr.Dataset) -> xr.DataArray:
    """Importance of each input: mean of |phi| over samples, m3 m-3."""
    return np.abs(values["phi"]).mean("sample", keep_attrs=True)


def width(values: xr.Dataset) -> xr.DataArray:
    """Width of the Shapley values of each input, 1st to 99th percentile, m3 m-3."""
    low, high = (values["phi"].quantile(q, "sample", keep_attrs=True) for q in (0.01, 0.99))
    return (high.drop_vars("quantile") - low.drop_vars("quantile")).assign_attrs(units="m3 m-3")


def effect(values: xr.Dataset) -> xr.DataArray:
    """Sign of an input's effect: Spearman correlation of its value with its phi over samples.

    +1: the more of it, the wetter. NaN for an input that is constant or without any effect.
    """
    return xr.apply_ufunc(
        _spearman, values["value"], values["phi"], input_core_dims=[["sample"]] * 2, vectorize=True
    )


def similarity(values: xr.Dataset, other: xr.Dataset) -> float:
    """Spearman correlation of two networks' phi over all inputs of the same samples."""
    a, b = xr.align(values["phi"], other["phi"], join="exact")
    return _spearman(a.values.ravel(), b.transpose(*a.dims).values.ravel())


def agreement(values: xr.Dataset, grouped: xr.Dataset) -> dict[str, float]:
    """How far values of single inputs can be trusted, held against exact ones of whole features.

    phi summed over the days is compared with ``shapley.grouped`` of the same samples and background
    rows. The two differ by sampling, and by how interactions within a feature's days are shared.
    ``additivity_error``: largest |sum of phi + base value - f| over the standard deviation of f;
    ``rank_correlation``: Spearman over all pairs (sample, feature);
    ``ranking``: Spearman of the features' mean |phi|; ``by_sample``: median over samples of
    Spearman over features; ``difference``: largest |difference| over the standard deviation of f.
    Raises ParameterError if the samples or features are not the same.
    """
    if not np.array_equal(values["value"], grouped["value"]):
        raise ParameterError("grouped values belong to other samples or features than the values")
    summed = values["phi"].sum("step").transpose("sample", "feature").values
    exact = grouped["phi"].transpose("sample", "feature").values
    spread = float(values["prediction"].std("sample"))
    by_sample = [_spearman(a, b) for a, b in zip(summed, exact, strict=True)]
    return {
        "additivity_error": float(values["additivity_error"].max()) / spread,
        "rank_correlation": _spearman(summed.ravel(), exact.ravel()),
        "ranking": _spearman(np.abs(summed).mean(0), np.abs(exact).mean(0)),
        "by_sample": float(np.nanmedian(by_sample)),
        "difference": float(np.abs(summed - exact).max()) / spread,
    }


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(spearmanr(a, b).statistic)
