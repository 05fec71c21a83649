"""One update of many networks at once: loss, gradient and Adam, as functions of tensors.

The state of n networks is three tensors (network, parameter): parameters and Adam's two moments.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import grad_and_value, vmap

from soilbook.training.stack import Stack
from soilbook.training.windows import N_STEPS

State = tuple[Tensor, Tensor, Tensor]
BETAS = (0.9, 0.999)
EPSILON = 1e-8


def adam(state: State, gradient: Tensor, scale: Tensor) -> State:
    """Adam as torch.optim.Adam computes it, Kingma and Ba (2015), arXiv:1412.6980.

    ``scale`` (2,): the step size and the root of the second correction, see ``scales``.
    """
    flat, first, second = state
    first = first + (gradient - first) * (1 - BETAS[0])
    second = second * BETAS[1] + gradient * gradient * (1 - BETAS[1])
    flat = flat - scale[0] * first / (second.sqrt() / scale[1] + EPSILON)
    return flat, first, second


def scales(counts: Tensor, rates: Tensor) -> Tensor:
    """What Adam needs of its count (from 1) and rate: (..., 2) of rate / (1 - beta1^t) and
    sqrt(1 - beta2^t), worked out in double precision."""
    counts = counts.double()
    return torch.stack(
        (rates / (1 - BETAS[0] ** counts), (1 - BETAS[1] ** counts).sqrt()), dim=-1
    ).float()


def gather(rows: Tensor, target: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Windows of each network: rows (network, row, feature), target (network, row), starts
    (network, sample) -> x (network, sample, step, feature), y (network, sample)."""
    network = torch.arange(len(rows), device=rows.device).unsqueeze(1)
    steps = torch.arange(1, N_STEPS + 1, device=rows.device)
    x = rows[network.unsqueeze(2), starts.unsqueeze(2) + steps]
    return x, target[network, starts + N_STEPS]


def least_squares(stack: Stack) -> Callable:
    """The update by mean square error: (flat, first, second, scale (1, 2), rows, target, starts)
    -> (flat, first, second, loss (network,))."""

    def loss(flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return (stack.predict(stack.named(flat), x) - y).square().mean()

    def update(flat, first, second, scale, rows, target, starts):
        x, y = gather(rows, target, starts)
        gradient, losses = vmap(grad_and_value(loss))(flat, x, y)
        return *adam((flat, first, second), gradient, scale[0]), losses

    return update


def errors(stack: Stack) -> Callable:
    """The mean square error on weighted samples: (flat, rows, target, starts, weights) ->
    (network,); weights (network, sample) add up to one."""

    def square(flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return (stack.predict(stack.named(flat), x) - y).square()

    def evaluate(flat, rows, target, starts, weights):
        x, y = gather(rows, target, starts)
        return (vmap(square)(flat, x, y) * weights).sum(1)

    return evaluate
