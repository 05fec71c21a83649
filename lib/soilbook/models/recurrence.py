"""The recurrent part of eqs 2-7 with its gradient written out, for speed.

PyTorch records each of the two dozen small operations of a day and walks back through all of them.
Here the days go by in blocks, small enough to stay in the cache of a core: only the product with
the hidden state is taken day by day, all others once a block.
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
    """The two functions of a block of DAYS days, ``ahead`` and ``back``, or compiled ones."""

    ahead: Callable
    back: Callable


def ahead(inputs, masked, s, weight_h, mask_h, mask_g) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Eqs 2-7: gates (day, batch, 4 hidden); memory cell, hidden state, D of it (day, batch, hidden).

    ``inputs`` are W x + b of the gates, ``masked`` and ``s`` (batch, hidden) the state before. The
    arguments of g are doubled: tanh(a) = 2 sigmoid(2 a) - 1, and on a CPU a sigmoid takes a tenth
    of the time of a tanh.
    """
    days = []
    for a in inputs.unbind(0):
        gates = torch.sigmoid(a + product(masked, weight_h))
        i, f, g, o = gates.chunk(4, 1)
        s = s * f + mask_g * (2 * g - 1) * i
        h = (2 * torch.sigmoid(2 * s) - 1) * o
        masked = h * mask_h
        days.append((gates, s, h, masked))
    return tuple(torch.stack(each) for each in zip(*days, strict=True))


def back(
    gates, cells, s_before, grad, d_masked, d_s, weight_h, mask_h, mask_g
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the gates' arguments (day, batch, 4 hidden) and of the state before the block.

    ``grad`` is that of the hidden states as seen by the output layer; ``d_masked`` and ``d_s``
    (batch, hidden) are those of D of the hidden state and of the memory cell after the block.
    """
    days = []
    before = (s_before, *cells.unbind(0))
    for t in reversed(range(len(gates))):
        i, f, g, o = gates[t].chunk(4, 1)
        d_h = grad[t] + d_masked * mask_h
        bent = 2 * torch.sigmoid(2 * cells[t]) - 1
        d_s = d_s + d_h * o * (1 - bent * bent)
        d_i = d_s * mask_g * (2 * g - 1) * i * (1 - i)
        d_f = d_s * before[t] * f * (1 - f)
        d_g = d_s * mask_g * i * 2 * g * (1 - g)
        d_o = d_h * bent * o * (1 - o)
        d_a = torch.cat((d_i, d_f, d_g, d_o), 1)
        d_masked, d_s = product(d_a, weight_h.t()), d_s * f
        days.append(d_a)
    return torch.stack(days[::-1]), d_masked, d_s


EAGER = Kernels(ahead, back)


class Recurrence(Function):
    """Hidden states (step, batch, hidden) of masked inputs ``x`` (step, batch, hidden).

    Weights (4 hidden, hidden) and bias (4 hidden) hold the gates in the order i, f, g, o, those of
    g doubled. Masks (batch, hidden) of the hidden state and the input node. Hidden state and
    memory cell start at zero. ``kernels`` serve the whole blocks.
    """

    @staticmethod
    def forward(ctx, x, weight_x, weight_h, bias, mask_h, mask_g, kernels) -> Tensor:
        keep = any(ctx.needs_input_grad)
        s = last = torch.zeros_like(x[0])
        hidden, kept = [], []
        for block in x.split(DAYS):
            inputs = product(block.flatten(0, 1), weight_x, bias).unflatten(0, block.shape[:2])
            function = kernels.ahead if len(block) == DAYS else ahead
            gates, cells, h, masked = function(inputs, last, s, weight_h, mask_h, mask_g)
            if keep:
                kept += gates, cells, torch.cat((last[None], masked[:-1]))
            last, s = masked[-1], cells[-1]
            hidden.append(h)
        if keep:
            ctx.kernels = kernels
            ctx.save_for_backward(x, weight_x, weight_h, mask_h, mask_g, *kept)
        return torch.cat(hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        x, weight_x, weight_h, mask_h, mask_g, *kept = ctx.saved_tensors
        start = torch.zeros_like(mask_h)
        gates, cells, masked = kept[::3], kept[1::3], kept[2::3]
        before = [start, *(block[-1] for block in cells[:-1])]
        blocks = list(zip(gates, cells, before, grad.split(DAYS), strict=True))
        d_weight_x, d_weight_h = x.new_zeros(2, x.shape[2], len(weight_h))  # turned: faster
        d_bias = x.new_zeros(len(weight_h))
        d_masked = d_s = start
        d_x = []
        for k, block in reversed(list(enumerate(x.split(DAYS)))):
            function = ctx.kernels.back if len(block) == DAYS else back
            d_a, d_masked, d_s = function(*blocks[k], d_masked, d_s, weight_h, mask_h, mask_g)
            d_a = d_a.flatten(0, 1)
            d_x.append(product(d_a, weight_x.t()).view_as(block))
            d_weight_x += product(block.flatten(0, 1).t(), d_a.t())
            d_weight_h += product(masked[k].flatten(0, 1).t(), d_a.t())
            d_bias += d_a.sum(0)
        d_weights = d_weight_x.t(), d_weight_h.t(), d_bias
        return torch.cat(d_x[::-1]), *d_weights, None, None, None


def product(a: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """a (n, k) times the transposed weight (m, k), plus the bias (m)."""
    if ONEDNN is not None and a.device.type == "cpu" and a.dtype == torch.float32:
        return ONEDNN(a, weight, bias, "none", [], "")
    return F.linear(a, weight, bias)


def examples(n_batch: int, n_hidden: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Arguments of ``ahead`` and of ``back``, to compile them for a batch and a hidden size."""
    one = torch.zeros(n_batch, n_hidden)
    four = torch.zeros(DAYS, n_batch, 4 * n_hidden)
    days, weight = torch.zeros(DAYS, n_batch, n_hidden), torch.zeros(4 * n_hidden, n_hidden)
    return (four, one, one, weight, one, one), (
        *(four, days, one, days, one, one),
        *(weight, one, one),
    )
