"""Shapley values of a network's inputs, appendix B of Wang et al. (2024).

The value of a coalition S of players is E f(x_S, b_rest) over background rows b: inputs outside S
are replaced by those of other days ("interventional"; Lundberg and Lee 2017, arXiv:1705.07874, and
Janzing et al. 2020, arXiv:1910.13413). A Shapley value is in the units of the prediction.
"""

from dataclasses import dataclass
from math import factorial

import numpy as np
import xarray as xr

from soilbook.errors import DataError, ParameterError, unknown
from soilbook.explain.predict import Predict, checked

WALKS = ("free", "by_feature")
MOST_GROUPS = 12
ROWS = 2**18  # rows that are masked and predicted at once: memory, not a matter of results


@dataclass(frozen=True)
class Scale:
    """From the network's output to m3 m-3: y = slope * output + offset."""

    slope: float = 1.0
    offset: float = 0.0


def inputs(
    predict: Predict, x, background, features, n_background: int = 50, n_pairs: int = 2,
    scale: Scale = Scale(), seed: int = 0, walk: str = "by_feature",
) -> xr.Dataset:  # fmt: skip
    """Shapley values of every single input (step x feature players), by permutation sampling.

    ``x`` (sample, step, feature) is explained against ``n_background`` rows drawn from
    ``background``. Players enter in random order, one at a time, once forwards and once backwards
    (antithetic), ``n_pairs`` times against every background row; the change of f at each entry
    counts for the one that entered. Every walk leads from f(b) to f(x), so values and the
    base value add up to f; and it is exact where no three inputs interact. Castro et al. (2009),
    doi 10.1016/j.cor.2008.04.004; Mitchell et al. (2022), arXiv:2104.12199.

    ``walk`` "by_feature" lets the days of a feature enter one after the other: Owen values (1977,
    doi 10.1007/978-3-642-45494-3_7), Shapley values of games with groups. Their sums over the days
    are the values of ``grouped``, and they mix fewer days that no weather would give. "free" lets
    all inputs enter in any order, eq B2 as it stands; its sums over the days differ from
    ``grouped`` by the interactions of days with other features.

    Variables: ``phi`` and its ``standard_error`` over walks and background rows (sample, step,
    feature), ``value`` (x), ``prediction`` and ``additivity_error`` (sample), ``base_value``. Steps
    count from 1, the oldest day. Raises ParameterError for fewer background rows than asked for or
    names that do not fit, DataError for a missing value.
    """
    x, rows = _prepare(x, background, features, n_background, seed)
    if n_pairs < 1:
        raise ParameterError(f"n_pairs is {n_pairs}; allowed: 1 or more")
    if walk not in WALKS:
        raise unknown("walk", walk, WALKS)
    n_players = x[0].size
    base, top = _predicted(predict, rows), _predicted(predict, x)
    origin = np.repeat(np.arange(len(rows)), n_pairs)
    phi, error = np.empty((2, len(x), n_players))
    per_sample = 2 * origin.size * (n_players - 1)
    for part in _parts(len(x), per_sample):
        rank = np.stack([_orders(walk, [seed, i], origin.size, x.shape[1:]) for i in part])
        gains = _walks(predict, x[part], rows[origin], rank, base[origin], top[part])
        phi[part] = gains.mean(1)
        error[part] = gains.std(1, ddof=1) / np.sqrt(origin.size) if origin.size > 1 else np.nan
    shape = x.shape
    return _result(
        predict, x, base.mean(), phi.reshape(shape), scale, features, ("step", "feature"),
        {"standard_error": error.reshape(shape)},
        {"n_background": n_background, "n_pairs": n_pairs, "walk": walk},
    )  # fmt: skip


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
    return _result(
        predict, x, worth[:, 0].mean(), phi, scale, features, ("feature",), {},
        {"n_background": n_background},
    )  # fmt: skip


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
    """Samples in parts that together need about ROWS predicted rows."""
    size = max(1, ROWS // rows_each)
    return [np.arange(first, min(first + size, n)) for first in range(0, n, size)]


def _orders(walk: str, seed: list[int], n_walks: int, shape: tuple[int, int]) -> np.ndarray:
    """Place of each player in random orders, (walk, step * feature), from the sample's own seed."""
    generator = np.random.default_rng(seed)
    n_steps, n_features = shape
    if walk == "free":
        places = np.tile(np.arange(n_steps * n_features), (n_walks, 1))
        return generator.permuted(places, axis=1)
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


def _result(predict, x, base, phi, scale, features, dims, more: dict, attrs: dict) -> xr.Dataset:
    """Everything in m3 m-3; the error of additivity is against a fresh prediction."""
    f = _predicted(predict, x)
    gap = phi.reshape(len(x), -1).sum(1) + base - f
    result = xr.Dataset(
        {
            "phi": (("sample", *dims), scale.slope * phi),
            **{name: (("sample", *dims), scale.slope * array) for name, array in more.items()},
            "value": (("sample", "step", "feature"), x),
            "prediction": ("sample", scale.slope * f + scale.offset),
            "base_value": ((), scale.slope * base + scale.offset),
            "additivity_error": ("sample", np.abs(scale.slope * gap)),
        },
        coords={"step": np.arange(1, x.shape[1] + 1), "feature": list(features)},
        attrs=attrs,
    )
    for name in ("phi", *more, "prediction", "base_value", "additivity_error"):
        result[name].attrs["units"] = "m3 m-3"
    result["phi"].attrs["long_name"] = "Shapley value"
    return result
