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

DAYS = 10  # days of a block
# oneDNN's product of 32-bit numbers, where torch has it, takes half the time of the default one.
ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
threshold_backward = torch.ops.aten.threshold_backward.default


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


class Block(NamedTuple):
    """What backwards needs of a block of days: of all days (day and batch, hidden) the inputs under
    eq 2, hidden states and D of those before; gates and memory cell of each, the first cell being
    that of the day before."""

    x: Tensor
    h: Tensor
    masked: Tensor
    gates: list[Tensor]
    cells: list[Tensor]


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
        cell = masked = torch.zeros_like(mask_h)
        blocks, y = [], []
        for block in x0.split(DAYS):
            x = product(block.flatten(0, 1), weight_0, bias_0).relu_()
            x = x.unflatten(0, block.shape[:2]).mul_(mask_x).flatten(0, 1)
            gates, cells, hidden, before = [], [cell], [], []
            for inputs in product(x, weight_x, bias).split(x0.shape[1]):
                before.append(masked)
                gate, cell, h, masked = kernels.ahead(
                    inputs, product(masked, weight_h), cell, mask_h, mask_g
                )
                hidden.append(h)
                if keep:
                    gates.append(gate)
                    cells.append(cell)
            h = torch.cat(hidden)
            y.append(torch.mv(h, weight_y))
            if keep:
                blocks.append(Block(x, h, torch.cat(before), gates, cells))
        if keep:
            ctx.kernels, ctx.blocks = kernels, blocks
            ctx.save_for_backward(x0, weight_x, weight_h, weight_y, mask_x, mask_h, mask_g)
        return torch.cat(y).view(x0.shape[:2]) + bias_y

    @staticmethod
    @once_differentiable
    def backward(ctx, d_y: Tensor):
        x0, weight_x, weight_h, weight_y, mask_x, mask_h, mask_g = ctx.saved_tensors
        n_hidden, n_features = len(weight_y), x0.shape[2]
        # Turned over, for faster products; those of weight_x lie above those of weight_h.
        d_weights = x0.new_zeros(2 * n_hidden, 4 * n_hidden)
        d_weight_0 = x0.new_zeros(n_features, n_hidden)
        d_bias_0, d_bias, d_weight_y = (x0.new_zeros(k * n_hidden) for k in (1, 4, 1))
        d_masked = d_s = torch.zeros_like(mask_h)
        parts = zip(ctx.blocks, x0.split(DAYS), d_y.contiguous().split(DAYS), strict=True)
        for block, x0_s, d_y_s in reversed(list(parts)):
            d_gates = []
            for t in reversed(range(len(d_y_s))):
                d_a, d_s = ctx.kernels.back(
                    block.gates[t], block.cells[t + 1], block.cells[t], d_y_s[t], weight_y,
                    d_masked, d_s, mask_h, mask_g,
                )  # fmt: skip
                d_masked = product(d_a, weight_h.t())
                d_gates.append(d_a)
            d_a = torch.cat(d_gates[::-1])
            d_x = threshold_backward(product(d_a, weight_x.t()), block.x, 0)  # eq 1
            d_x = d_x.unflatten(0, x0_s.shape[:2]).mul_(mask_x).flatten(0, 1)
            d_weights += product(torch.cat((block.x.t(), block.masked.t())), d_a.t())
            d_weight_0.addmm_(x0_s.flatten(0, 1).t(), d_x)
            d_weight_y.addmv_(block.h.t(), d_y_s.flatten())
            d_bias += d_a.sum(0)
            d_bias_0 += d_x.sum(0)
        d_weight_x, d_weight_h = d_weights.t().split(n_hidden, 1)
        return (
            None, d_weight_0.t(), d_bias_0, d_weight_x, d_weight_h, d_bias, d_weight_y,
            d_y.sum().reshape(1), None, None, None, None,
        )  # fmt: skip


def product(a: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """a (n, k) times the transposed weight (m, k), plus the bias (m)."""
    if ONEDNN is not None and a.device.type == "cpu" and a.dtype == torch.float32:
        return ONEDNN.default(a, weight, bias, "none", [], "")
    return F.linear(a, weight, bias)


def examples(n_batch: int, n_hidden: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Arguments of ``ahead`` and of ``back``, to compile them for batches of one shape."""

    def one(n: int = n_hidden) -> Tensor:
        return torch.zeros(n_batch, n)

    before = one(4 * n_hidden), one(4 * n_hidden), one(), one(), one()
    outputs = torch.zeros(n_batch), torch.zeros(n_hidden)
    return before, (one(4 * n_hidden), one(), one(), *outputs, one(), one(), one(), one())
