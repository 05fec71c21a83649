"""One update of many networks at once: gradient and Adam, as functions of tensors.

The state of n networks is three tensors (network, parameter): parameters and Adam's two moments.
An update maps state, ``scales`` (turn, 2), rows, target and starts to the new state and the
training loss (network,); see ``data.ShardData`` for the last three.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad_and_value, vmap

from soilbook.training.stack import Stack
from soilbook.training.windows import N_STEPS

State = tuple[Tensor, Tensor, Tensor]
BETAS = (0.9, 0.999)
EPSILON = 1e-8


@dataclass(frozen=True)
class Update:
    """An update function, and for its Adam turns in one step: the learning rate of each, the
    turns before it in the same step on the same parameters, and all turns of these in a step."""

    function: Callable
    rates: tuple[float, ...]
    turns_before: tuple[int, ...] = (0,)
    turns_per_step: tuple[int, ...] = (1,)

    def scales(self, first: int, n_steps: int, device: torch.device) -> Tensor:
        """For the steps first .. first + n_steps - 1, counted from 0, what ``adam`` needs:
        (step, turn, 2) of rate / (1 - beta1^t) and sqrt(1 - beta2^t) with Adam's own count t."""
        step = torch.arange(first, first + n_steps, dtype=torch.float64).unsqueeze(1)
        t = step * torch.tensor(self.turns_per_step) + torch.tensor(self.turns_before) + 1
        rate = torch.tensor(self.rates, dtype=torch.float64) / (1 - BETAS[0] ** t)
        return torch.stack((rate, (1 - BETAS[1] ** t).sqrt()), dim=-1).float().to(device)


def adam(state: State, gradient: Tensor, scale: Tensor) -> State:
    """Adam as torch.optim.Adam computes it, Kingma and Ba (2015), arXiv:1412.6980.

    ``scale`` (2,): step size and root of the second correction, see ``Update.scales``.
    """
    flat, first, second = state
    first = first + (gradient - first) * (1 - BETAS[0])
    second = second * BETAS[1] + gradient * gradient * (1 - BETAS[1])
    flat = flat - scale[0] * first / (second.sqrt() / scale[1] + EPSILON)
    return flat, first, second


def gather(rows: Tensor, target: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Windows of each network: starts (network, sample) -> x (network, sample, step, feature),
    y (network, sample)."""
    network = torch.arange(len(rows), device=rows.device).unsqueeze(1)
    steps = torch.arange(1, N_STEPS + 1, device=rows.device)
    x = rows[network.unsqueeze(2), starts.unsqueeze(2) + steps]
    return x, target[network, starts + N_STEPS]


def least_squares(stack: Stack, rate: float) -> Update:
    """One turn of Adam on the mean square error of a batch."""

    def loss(flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return (stack.predict(stack.named(flat), x) - y).square().mean()

    def update(flat, first, second, scales, rows, target, starts):
        x, y = gather(rows, target, starts)
        gradient, losses = vmap(grad_and_value(loss))(flat, x, y)
        return *adam((flat, first, second), gradient, scales[0]), losses

    return Update(update, (rate,))


def judge(stack: Stack) -> Callable:
    """The mean square error by weighted samples: (flat, rows, target, starts, weights) ->
    (network,); weights (network, sample) add up to one."""

    def square(flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return (stack.predict(stack.named(flat), x) - y).square()

    def error(flat, rows, target, starts, weights):
        x, y = gather(rows, target, starts)
        return (vmap(square)(flat, x, y) * weights).sum(1)

    return error
