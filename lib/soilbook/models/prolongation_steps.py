"""Eqs 1-8 of Fang et al. (2019) over all days, with the gradient written out, for speed.

PyTorch records each of the two dozen small operations of a day and walks back through all of them.
Here a day is one product and one function forwards, and the same backwards. All other products
are taken for a block of days at once, small enough to stay in the cache of a core.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

DAYS = 6  # days of a block
# oneDNN's product of 32-bit numbers, where torch has it, takes half the time of the default one.
ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


class Kernels(NamedTuple):
    """The two functions of a day, ``ahead`` and ``back``, as they stand here or compiled."""

    ahead: Callable
    back: Callable


def ahead(inputs, recurrent, s, mask_h, mask_g) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Eqs 2-7 of a day: gates (batch, 4 hidden), memory cell, hidden state, and D of the latter.

    The arguments of g are doubled: tanh(a) = 2 sigmoid(2 a) - 1, and on a CPU a sigmoid takes a
    tenth of the time of a tanh.
    """
    gates = torch.sigmoid(inputs + recurrent)
    i, f, g, o = gates.split(s.shape[1], 1)
    s = s * f + mask_g * (2 * g - 1) * i
    h = (2 * torch.sigmoid(2 * s) - 1) * o
    return gates, s, h, h * mask_h


def back(gates, s, s_before, d_y, weight_y, d_masked, d_s, mask_h, mask_g) -> tuple[Tensor, Tensor]:
    """Gradient of a day's gates' arguments (batch, 4 hidden) and of the memory cell before it.

    ``d_y`` (batch,) is that of the moisture, ``d_masked`` that of D of the hidden state and
    ``d_s`` that of the memory cell as the next day sees them.
    """
    i, f, g, o = gates.split(s.shape[1], 1)
    d_h = d_y.unsqueeze(1) * weight_y + d_masked * mask_h
    bent = 2 * torch.sigmoid(2 * s) - 1
    d_s = d_s + d_h * o * (1 - bent * bent)
    d_i = d_s * mask_g * (2 * g - 1) * i * (1 - i)
    d_f = d_s * s_before * f * (1 - f)
    d_g = d_s * mask_g * i * 2 * g * (1 - g)
    d_o = d_h * bent * o * (1 - o)
    return torch.cat((d_i, d_f, d_g, d_o), 1), d_s * f


EAGER = Kernels(ahead, back)


class Prolong(Function):
    """Moisture (step, batch) of inputs ``x0`` (step, batch, feature).

    Weights: input layer (hidden, feature); gates in the order i, f, g, o (4 hidden, hidden), those
    of g doubled; output (hidden,). Masks (batch, hidden). Hidden state and memory cell start at 0.
    """

    @staticmethod
    def forward(
        ctx, x0, weight_0, bias_0, weight_x, weight_h, bias, weight_y, bias_y,
        mask_x, mask_h, mask_g, kernels,
    ) -> Tensor:  # fmt: skip
        keep = any(ctx.needs_input_grad)
        s = masked = torch.zeros_like(mask_h)
        days, y = [], []
        for block in x0.split(DAYS):
            x = _input(block, weight_0, bias_0).relu_().mul_(mask_x)
            inputs = product(x.flatten(0, 1), weight_x, bias).unflatten(0, x.shape[:2])
            for a in inputs.unbind(0):
                gates, s, h, masked = kernels.ahead(a, product(masked, weight_h), s, mask_h, mask_g)
                y.append(torch.mv(h, weight_y))
                if keep:
                    days.append((gates, s, h))
        if keep:
            ctx.kernels = kernels
            weights = weight_0, bias_0, weight_x, weight_h, weight_y
            ctx.save_for_backward(x0, *weights, mask_x, mask_h, mask_g, *sum(days, ()))
        return torch.stack(y) + bias_y

    @staticmethod
    @once_differentiable
    def backward(ctx, d_y: Tensor):
        d_y = d_y.contiguous()
        x0, weight_0, bias_0, weight_x, weight_h, weight_y, *rest = ctx.saved_tensors
        mask_x, mask_h, mask_g, *days = rest
        nothing = torch.zeros_like(mask_h)
        gates, cells, hidden = days[::3], [nothing, *days[1::3]], [nothing, *days[2::3]]
        d_weight_0, d_weight_x, d_weight_h = (  # turned over, for faster products
            torch.zeros_like(weight.t()) for weight in (weight_0, weight_x, weight_h)
        )
        d_bias_0, d_bias, d_weight_y = (
            torch.zeros_like(weight) for weight in (bias_0, weight_x[:, 0], weight_y)
        )
        d_masked = d_s = nothing
        for last in range(len(x0), 0, -DAYS):
            first = max(last - DAYS, 0)
            d_gates = []
            for t in range(last - 1, first - 1, -1):
                d_a, d_s = ctx.kernels.back(
                    gates[t], cells[t + 1], cells[t], d_y[t], weight_y, d_masked, d_s,
                    mask_h, mask_g,
                )  # fmt: skip
                d_masked = product(d_a, weight_h.t())
                d_gates.append(d_a)
            block = x0[first:last]
            x = _input(block, weight_0, bias_0).relu_().mul_(mask_x)
            d_a = torch.cat(d_gates[::-1])
            d_x = product(d_a, weight_x.t()).view_as(x).mul_(mask_x).mul_(x > 0)
            h = torch.stack(hidden[first : last + 1])
            d_weight_y += torch.mv(h[1:].flatten(0, 1).t(), d_y[first:last].flatten())
            before = h[:-1].mul_(mask_h)
            d_weight_h += product(before.flatten(0, 1).t(), d_a.t())
            d_weight_x += product(x.flatten(0, 1).t(), d_a.t())
            d_weight_0 += product(block.flatten(0, 1).t(), d_x.flatten(0, 1).t())
            d_bias += d_a.sum(0)
            d_bias_0 += d_x.sum((0, 1))
        return (
            None, d_weight_0.t(), d_bias_0, d_weight_x.t(), d_weight_h.t(), d_bias, d_weight_y,
            d_y.sum().reshape(1), None, None, None, None,
        )  # fmt: skip


def _input(x0: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return product(x0.flatten(0, 1), weight, bias).unflatten(0, x0.shape[:2])


def product(a: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """a (n, k) times the transposed weight (m, k), plus the bias (m)."""
    if ONEDNN is not None and a.device.type == "cpu" and a.dtype == torch.float32:
        return ONEDNN(a, weight, bias, "none", [], "")
    return F.linear(a, weight, bias)


def examples(n_batch: int, n_hidden: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Arguments of ``ahead`` and of ``back``, to compile them for batches of one shape."""

    def one(n: int = n_hidden) -> Tensor:
        return torch.zeros(n_batch, n)

    before = one(4 * n_hidden), one(4 * n_hidden), one(), one(), one()
    outputs = torch.zeros(n_batch), torch.zeros(n_hidden)
    return before, (one(4 * n_hidden), one(), one(), *outputs, one(), one(), one(), one())
