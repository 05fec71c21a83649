"""Dropout whose masks stay constant through an instance: the operator D of eqs 2-6.

Fang et al. (2019), doi:10.1109/TGRS.2018.2872131, after Gal and Ghahramani (2016),
arXiv:1512.05287, and Semeniuta et al. (2016), arXiv:1603.05118.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from soilbook.errors import ParameterError


class Masks(NamedTuple):
    """One mask for each thing that D is applied to, (batch, hidden): 0, or 1 / (1 - rate).

    ``x``: input after the ReLU layer; ``h``: hidden state on its way to the gates; ``g``: input
    node on its way to the memory cell. The same mask serves every step and all four gates.
    """

    x: Tensor
    h: Tensor
    g: Tensor


def check_rate(rate: float) -> float:
    """Return the rate; ParameterError unless 0 <= rate < 1."""
    if not 0 <= rate < 1:
        raise ParameterError(f"dropout is {rate}; allowed: 0 or more and below 1")
    return rate


def draw(
    n_instances: int,
    n_hidden: int,
    rate: float,
    generator: torch.Generator | None = None,
    device: torch.device | str = "cpu",
) -> Masks:
    """Independent masks of ``n_instances`` instances; kept values are scaled up, so that the mean
    is 1. ``generator`` (of the CPU) makes the draw repeatable on every device."""
    kept = torch.rand(3, n_instances, n_hidden, generator=generator) >= check_rate(rate)
    return Masks(*(kept / (1 - rate)).to(device).unbind(0))
