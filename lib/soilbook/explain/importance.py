"""How much a network makes of each input: Shapley values, and attention weights beside them.

Shapley values, appendix B of Wang et al. (2024): the value of a coalition S of players is E f(x_S,
b_rest) over background rows b, inputs outside S are replaced by those of other days
("interventional"; Lundberg and Lee 2017, arXiv:1705.07874, and Janzing et al. 2020,
arXiv:1910.13413). A Shapley value is in the units of the prediction.

Attention weights, section 4.4 and Fig 12: the feature attention is a softmax of sigmoids. Of n
features no weight can fall below 1 / (1 + (n - 1) e) or rise above e / (e + n - 1), 0.05 to 0.28 of
eight. Weights near 1 / n are therefore not a finding about the soil, and differences between them
are what can be read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import factorial

import numpy as np
import torch
import xarray as xr
from scipy.stats import spearmanr
from torch import nn

from soilbook import metrics
from soilbook.errors import DataError, ParameterError

Predict = Callable[[np.ndarray], np.ndarray]
MOST_GROUPS = 12
MASKED = 2**18  # rows that are masked and predicted at once: memory, not a matter of results
KINDS = ("feature", "time")  # of attention
ROWS = 2048  # that a small network takes at once: more leave the cache of one core


def predictor(modules: nn.Module | Sequence[nn.Module]) -> Predict:
    """A function of x (sample, step, feature) that gives the mean output of the modules, (sample,).
    Several modules are repetitions of one network. Raises ParameterError if there is none."""
    modules = [modules] if isinstance(modules, nn.Module) else list(modules)
    if not modules:
        raise ParameterError("no network to explain; allowed: one or more")
    modules = [module.cpu().eval() for module in modules]
    return partial(_in_pieces, lambda part: sum(m(part) for m in modules) / len(modules))


def encoded(module: nn.Module, x: np.ndarray) -> np.ndarray:
    """The state that a network's ``encode`` makes of x (sample, step, feature): (sample, state)."""
    return _in_pieces(module.cpu().eval().encode, x)


def checked(x, name: str) -> np.ndarray:
    """x as a float32 array (sample, step, feature). Raises ParameterError for another number of
    dimensions or no sample, DataError for the first sample that is not finite."""
    x = np.asarray(x, dtype=np.float32)
    if x.ndim != 3 or not len(x):
        raise ParameterError(f"{name} has the shape {x.shape}; needs (sample, step, feature)")
    bad = np.flatnonzero(~np.isfinite(x).all((1, 2)))
    if bad.size:
        raise DataError(f"{name}: sample {int(bad[0])} holds a missing value; needs whole windows")
    return x


@dataclass(frozen=True)
class Scale:
    """From the network's output to m3 m-3: y = slope * output + offset."""

    slope: float = 1.0
    offset: float = 0.0


def inputs(
    predict: Predict, x, background, features, n_background: int = 50, n_pairs: int = 2,
    scale: Scale = Scale(), seed: int = 0,
) -> xr.Dataset:  # fmt: skip
    """Shapley values of every single input (step x feature players), by permutation sampling.

    ``x`` (sample, step, feature) is explained against ``n_background`` rows drawn from
    ``background``. Players enter in random order, one at a time, once forwards and once backwards
    (antithetic), ``n_pairs`` times against every background row; the change of f at each entry
    counts for the one that entered. Every walk leads from f(b) to f(x), so values and the
    base value add up to f; and it is exact where no three inputs interact. Castro et al. (2009),
    doi 10.1016/j.cor.2008.04.004; Mitchell et al. (2022), arXiv:2104.12199.

    The days of a feature enter one after the other: Owen values (1977,
    doi 10.1007/978-3-642-45494-3_7), Shapley values of games with groups. Their sums over the days
    are the values of ``grouped``, and they mix fewer days that no weather would give. Where all
    inputs may enter in any order, eq B2 as it stands, the sums differ from ``grouped`` by the
    interactions of days with other features (``shap.PermutationExplainer`` does that).

    Variables: ``phi`` and ``value`` (x), each (sample, step, feature), ``prediction`` and
    ``additivity_error`` (sample), ``base_value``. Steps count from 1, the oldest day. Raises
    ParameterError for fewer background rows than asked for or names that do not fit, DataError for
    a missing value.
    """
    x, rows = _prepare(x, background, features, n_background, seed)
    if n_pairs < 1:
        raise ParameterError(f"n_pairs is {n_pairs}; allowed: 1 or more")
    base, top = _predicted(predict, rows), _predicted(predict, x)
    origin = np.repeat(np.arange(len(rows)), n_pairs)
    phi = np.empty((len(x), x[0].size))
    for part in _parts(len(x), 2 * origin.size * (x[0].size - 1)):
        rank = np.stack([_orders([seed, i], origin.size, *x.shape[1:]) for i in part])
        gains = _walks(predict, x[part], rows[origin], rank, base[origin], top[part])
        phi[part] = gains.mean(1)
    return _result(
        predict, x, base.mean(), phi.reshape(x.shape), scale, features, ("step", "feature")
    )


def grouped(
    predict: Predict, x, background, features, n_background: int = 50, scale: Scale = Scale(),
    seed: int = 0,
) -> xr.Dataset:  # fmt: skip
    """Exact Shapley values of the features, each over all its days: all 2^feature coalitions.

    The same background rows as ``inputs`` with the same seed; ``phi`` is (sample, feature). Shapley
    (1953), doi 10.1515/9781400881970-018. Raises as ``inputs``, and ParameterError for more than
    12 features.
    """
    x, rows = _prepare(x, background, features, n_background, seed)
    n_features = x.shape[2]
    if n_features > MOST_GROUPS:
        raise ParameterError(f"{n_features} features; exact values allow at most {MOST_GROUPS}")
    inside = (np.arange(2**n_features)[:, None] >> np.arange(n_features)) & 1 == 1
    worth = np.empty((len(x), len(inside)))
    for part in _parts(len(x), len(inside) * len(rows)):
        mixed = np.where(inside[:, None, None, :], x[part][:, None, None], rows[None, None])
        values = _predicted(predict, mixed.reshape(-1, *x.shape[1:]))
        worth[part] = values.reshape(len(part), len(inside), len(rows)).mean(-1)
    phi = worth @ _coalition_weights(inside).T
    return _result(predict, x, worth[:, 0].mean(), phi, scale, features, ("feature",))


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
        spearman, values["value"], values["phi"], input_core_dims=[["sample"]] * 2, vectorize=True
    )


def similarity(values: xr.Dataset, other: xr.Dataset) -> float:
    """Spearman correlation of two networks' phi over all inputs of the same samples."""
    a, b = xr.align(values["phi"], other["phi"], join="exact")
    return spearman(a.values.ravel(), b.transpose(*a.dims).values.ravel())


def agreement(values: xr.Dataset, grouped: xr.Dataset) -> dict[str, float]:
    """How far values of single inputs can be trusted, held against exact ones of whole features.

    phi summed over the days is compared with ``grouped`` of the same samples and background
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
    by_sample = [spearman(a, b) for a, b in zip(summed, exact, strict=True)]
    return {
        "additivity_error": float(values["additivity_error"].max()) / spread,
        "rank_correlation": spearman(summed.ravel(), exact.ravel()),
        "ranking": spearman(np.abs(summed).mean(0), np.abs(exact).mean(0)),
        "by_sample": float(np.nanmedian(by_sample)),
        "difference": float(np.abs(summed - exact).max()) / spread,
    }


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation, NaN where either is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(spearmanr(a, b).statistic)


def attention_weights(modules: Sequence[nn.Module], x, features) -> xr.Dataset:
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


def attention_summary(weights: xr.Dataset) -> xr.Dataset:
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


def attention_agreement(
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


def _in_pieces(function: Callable, x: np.ndarray) -> np.ndarray:
    x = torch.as_tensor(np.ascontiguousarray(x, dtype=np.float32))
    with torch.inference_mode():
        return torch.cat([function(part) for part in x.split(ROWS)]).numpy()


def _prepare(x, background, features, n_background: int, seed: int):
    """Checked x, and the background rows drawn without replacement."""
    x, background = checked(x, "x"), checked(background, "background")
    if x.shape[1:] != background.shape[1:] or len(features) != x.shape[2]:
        raise ParameterError(
            f"x {x.shape[1:]}, background {background.shape[1:]} (step, feature) and "
            f"{len(features)} feature names do not fit"
        )
    if not 1 <= n_background <= len(background):
        raise ParameterError(
            f"{n_background} background rows asked for and {len(background)} there; "
            f"allowed: 1 to {len(background)}"
        )
    drawn = np.random.default_rng(seed).choice(len(background), n_background, replace=False)
    return x, background[np.sort(drawn)]


def _predicted(predict: Predict, x: np.ndarray) -> np.ndarray:
    """predict(x) in double precision; DataError where it is not one finite number a sample."""
    y = np.asarray(predict(x), dtype=np.float64)
    if y.shape != (len(x),) or not np.isfinite(y).all():
        raise DataError(f"the network must give {len(x)} finite numbers, gave shape {y.shape}")
    return y


def _parts(n: int, rows_each: int) -> list[np.ndarray]:
    """Samples in parts that together need about MASKED predicted rows."""
    size = max(1, MASKED // rows_each)
    return [np.arange(first, min(first + size, n)) for first in range(0, n, size)]


def _orders(seed: list[int], n_walks: int, n_steps: int, n_features: int) -> np.ndarray:
    """Place of each player in random orders, (walk, step * feature), from the sample's own seed."""
    generator = np.random.default_rng(seed)
    feature = generator.permuted(np.tile(np.arange(n_features), (n_walks, 1)), axis=1)
    step = np.tile(np.arange(n_steps)[:, None], (n_walks, 1, n_features))
    step = generator.permuted(step, axis=1)
    return (feature[:, None] * n_steps + step).reshape(n_walks, -1)


def _walks(predict: Predict, x, rows, rank, base, top) -> np.ndarray:
    """Gains (sample, walk, player), the mean of each order and its reverse.

    x (sample, step, feature); rows (walk, step, feature), the row that each walk starts from; rank
    (sample, walk, player); base (walk) and top (sample): f at both ends.
    """
    n_samples, n_walks, n_players = rank.shape
    rank = np.stack((rank, n_players - 1 - rank), axis=2)  # (sample, walk, direction, player)
    entered = rank[:, :, :, None] < np.arange(1, n_players)[:, None]
    flat_x, flat_rows = x.reshape(n_samples, -1), rows.reshape(n_walks, -1)
    mixed = np.where(entered, flat_x[:, None, None, None], flat_rows[None, :, None, None])
    between = _predicted(predict, mixed.reshape(-1, *x.shape[1:]))
    path = np.empty((n_samples, n_walks, 2, n_players + 1))
    path[..., 1:-1] = between.reshape(n_samples, n_walks, 2, n_players - 1)
    path[..., 0], path[..., -1] = base[:, None], top[:, None, None]
    return np.take_along_axis(np.diff(path, axis=-1), rank, axis=-1).mean(2)


def _coalition_weights(inside: np.ndarray) -> np.ndarray:
    """Weights (player, coalition) of eq B2: phi = sum over coalitions of weight times worth."""
    n = inside.shape[1]
    size = inside.sum(1)
    with_player = [factorial(max(s - 1, 0)) * factorial(n - s) / factorial(n) for s in size]
    without = [factorial(s) * factorial(max(n - s - 1, 0)) / factorial(n) for s in size]
    return np.where(inside.T, with_player, -np.array(without))


def _result(predict, x, base: float, phi, scale: Scale, features, players) -> xr.Dataset:
    """Everything in m3 m-3; the error of additivity is against a fresh prediction."""
    f = _predicted(predict, x)
    gap = phi.reshape(len(x), -1).sum(1) + base - f
    units = {"units": "m3 m-3"}
    return xr.Dataset(
        {
            "phi": (
                ("sample", *players),
                scale.slope * phi,
                units | {"long_name": "Shapley value"},
            ),
            "value": (("sample", "step", "feature"), x),
            "prediction": ("sample", scale.slope * f + scale.offset, units),
            "base_value": ((), scale.slope * base + scale.offset, units),
            "additivity_error": ("sample", np.abs(scale.slope * gap), units),
        },
        coords={"step": np.arange(1, x.shape[1] + 1), "feature": list(features)},
    )
