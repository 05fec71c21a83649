"""The recurrent part of eqs 2-7 with its gradient written out, for speed.

PyTorch records each of the two dozen small operations of a day and walks back through all of them.
Here a day is one product and one function forwards, and the same backwards; all other products
take several days at a time, few enough to stay in the cache of a core.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

DAYS = 6  # days whose products are taken at once
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


def back(gates, s, s_before, grad, d_masked, d_s, mask_h, mask_g) -> tuple[Tensor, Tensor]:
    """Gradient of a day's gates' arguments (batch, 4 hidden) and of the memory cell before it.

    ``grad`` is that of the hidden state as seen by the output layer, ``d_masked`` that of D of the
    hidden state and ``d_s`` that of the memory cell as seen by the next day.
    """
    i, f, g, o = gates.split(s.shape[1], 1)
    d_h = grad + d_masked * mask_h
    bent = 2 * torch.sigmoid(2 * s) - 1
    d_s = d_s + d_h * o * (1 - bent * bent)
    d_i = d_s * mask_g * (2 * g - 1) * i * (1 - i)
    d_f = d_s * s_before * f * (1 - f)
    d_g = d_s * mask_g * i * 2 * g * (1 - g)
    d_o = d_h * bent * o * (1 - o)
    return torch.cat((d_i, d_f, d_g, d_o), 1), d_s * f


EAGER = Kernels(ahead, back)


class Recurrence(Function):
    """Hidden states (step, batch, hidden) of masked inputs ``x`` (step, batch, hidden).

    Weights (4 hidden, hidden) and bias (4 hidden) hold the gates in the order i, f, g, o, those of
    g doubled. Masks (batch, hidden) of the hidden state and the input node. Hidden state and
    memory cell start at zero.
    """

    @staticmethod
    def forward(ctx, x, weight_x, weight_h, bias, mask_h, mask_g, kernels) -> Tensor:
        keep = any(ctx.needs_input_grad)
        s = masked = torch.zeros_like(x[0])
        hidden, kept = [], []
        for block in x.split(DAYS):
            inputs = product(block.flatten(0, 1), weight_x, bias)
            for a in inputs.unflatten(0, block.shape[:2]).unbind(0):
                gates, s, h, masked = kernels.ahead(
                    a, product(masked, weight_h), s, mask_h, mask_g
                )
                hidden.append(h)
                if keep:
                    kept.append((gates, s, masked))
        if keep:
            gates, cells, masked = zip(*kept, strict=True)
            ctx.kernels, ctx.n_steps = kernels, len(kept)
            ctx.save_for_backward(
                x, weight_x, weight_h, mask_h, mask_g, *gates, *cells, *masked
            )
        return torch.stack(hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        x, weight_x, weight_h, mask_h, mask_g, *kept = ctx.saved_tensors
        n = ctx.n_steps
        start = torch.zeros_like(mask_h)
        gates, cells, masked = kept[:n], [start, *kept[n : 2 * n]], [start, *kept[2 * n :]]
        d_x = torch.empty_like(x)
        d_weight_x, d_weight_h = x.new_zeros(2, x.shape[2], len(weight_h))  # turned: faster products
        d_bias = x.new_zeros(len(weight_h))
        d_masked = d_s = start
        for last in range(n, 0, -DAYS):
            days = range(max(last - DAYS, 0), last)
            d_gates = []
            for t in reversed(days):
                d_a, d_s = ctx.kernels.back(
                    gates[t], cells[t + 1], cells[t], grad[t], d_masked, d_s, mask_h, mask_g
                )
                d_masked = product(d_a, weight_h.t())
                d_gates.append(d_a)
            d_a = torch.cat(d_gates[::-1])
            block = x[days.start : last]
            d_x[days.start : last] = product(d_a, weight_x.t()).view_as(block)
            d_weight_x += product(block.flatten(0, 1).t(), d_a.t())
            d_weight_h += product(torch.cat(masked[days.start : last]).t(), d_a.t())
            d_bias += d_a.sum(0)
        return d_x, d_weight_x.t(), d_weight_h.t(), d_bias, None, None, None


def product(a: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """a (n, k) times the transposed weight (m, k), plus the bias (m)."""
    if ONEDNN is not None and a.device.type == "cpu" and a.dtype == torch.float32:
        return ONEDNN(a, weight, bias, "none", [], "")
    return F.linear(a, weight, bias)
