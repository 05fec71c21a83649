"""Networks as plain functions of arrays, which is all that the rest of this room asks for."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from soilbook.errors import DataError, ParameterError

Predict = Callable[[np.ndarray], np.ndarray]
# Rows that a small network takes at once: more leave the cache of one core, and a GPU wants more.
ROWS = {"cpu": 2048, "cuda": 2**20}


def predictor(modules: nn.Module | Sequence[nn.Module], device: str = "cpu") -> Predict:
    """A function of x (sample, step, feature) that gives the mean output of the modules, (sample,).

    Several modules are repetitions of one network. Raises ParameterError if there is none.
    """
    modules = _as_list(modules)
    modules = [module.to(device).eval() for module in modules]

    def predict(x: np.ndarray) -> np.ndarray:
        return _in_pieces(lambda part: sum(m(part) for m in modules) / len(modules), x, device)

    return predict


def encoded(module: nn.Module, x: np.ndarray, device: str = "cpu") -> np.ndarray:
    """The state that a network's ``encode`` makes of x (sample, step, feature): (sample, state)."""
    return _in_pieces(module.to(device).eval().encode, x, device)


def _as_list(modules) -> list[nn.Module]:
    modules = [modules] if isinstance(modules, nn.Module) else list(modules)
    if not modules:
        raise ParameterError("no network to explain; allowed: one or more")
    return modules


def _in_pieces(function, x: np.ndarray, device: str) -> np.ndarray:
    x = torch.as_tensor(np.ascontiguousarray(x, dtype=np.float32))
    rows = ROWS["cpu" if device == "cpu" else "cuda"]
    with torch.inference_mode():
        return torch.cat([function(part.to(device)).cpu() for part in x.split(rows)]).numpy()


def checked(x, name: str) -> np.ndarray:
    """x as a float32 array (sample, step, feature).

    Raises ParameterError for another number of dimensions or no sample, DataError for the first
    sample that is not finite.
    """
    x = np.asarray(x, dtype=np.float32)
    if x.ndim != 3 or not len(x):
        raise ParameterError(f"{name} has the shape {x.shape}; needs (sample, step, feature)")
    bad = np.flatnonzero(~np.isfinite(x).all((1, 2)))
    if bad.size:
        raise DataError(f"{name}: sample {int(bad[0])} holds a missing value; needs whole windows")
    return x
