"""An LSTM layer for many networks at once, its gradient written by hand.

``torch.func.vmap`` would run through the equations of ``cells.LSTMLayer`` one small operation at a
time, forwards and backwards. Here a step of all networks is one product and a few operations on
whole blocks: the arrays of a step are (network, row, sample), so that the four gates are four
blocks of rows. The results are those of the equations to the rounding of single precision.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps

import torch
from torch import Tensor

# Gradients of sigmoid and tanh by their own values, written into a tensor that is there.
_of_sigmoid = torch.ops.aten.sigmoid_backward.grad_input
_of_tanh = torch.ops.aten.tanh_backward.grad_input
_inside = ContextVar("inside of together", default=False)  # each thread has its own


def together(function: Callable) -> Callable:
    """The function, with ``at_once`` true inside; it is one that ``vmap`` made."""

    @wraps(function)
    def inside(*arguments):
        before = _inside.set(True)
        try:
            return function(*arguments)
        finally:
            _inside.reset(before)

    return function if torch.compiler.is_compiling() else inside


def at_once() -> bool:
    """Whether this is inside of ``together`` and not in a graph that is compiled as a whole."""
    return not torch.compiler.is_compiling() and _inside.get()


def lstm(x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor) -> Tensor:
    """Hidden states (batch, step, hidden) of eqs 1-6 of Wang et al. (2024) from zero states.

    ``x`` (batch, step, input), ``weight_ih`` (4 hidden, input), ``weight_hh`` (4 hidden, hidden),
    ``bias`` (4 hidden), gates in the order i, f, c~, o. Under ``torch.func.vmap`` all networks are
    worked out together; the gradient is taken outside of it by ``torch.autograd``.
    """
    return _Layer.apply(x, weight_ih, weight_hh, bias)


class _Layer(torch.autograd.Function):
    """``lstm`` under vmap, which hands it all networks."""

    @staticmethod
    def forward(*tensors):
        return _Layers.apply(*(one.unsqueeze(0) for one in tensors)).squeeze(0)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def vmap(info, in_dims, *tensors):
        pairs = zip(tensors, in_dims, strict=True)
        n = info.batch_size
        stacked = (
            one.expand(n, *one.shape) if dim is None else one.movedim(dim, 0) for one, dim in pairs
        )
        return _Layers.apply(*stacked), 0


class _Layers(torch.autograd.Function):
    """``lstm`` of many networks, the network first in each tensor."""

    @staticmethod
    def forward(ctx, x, weight_ih, weight_hh, bias):
        states, *kept = _forwards(x, weight_ih, weight_hh, bias)
        ctx.save_for_backward(weight_ih, weight_hh, *kept)
        return states

    @staticmethod
    def backward(ctx, slope):
        return _backwards(ctx.needs_input_grad[0], slope, *ctx.saved_tensors)


def _forwards(x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    """Hidden states (network, batch, step, hidden), and for the gradient, with the network first
    and the step second: inputs of the products, gates, memory cells and their tanh."""
    n, n_batch, n_steps, n_inputs = x.shape
    n_hidden = weight_hh.shape[2]
    hidden = slice(n_inputs, n_inputs + n_hidden)
    # Rows that the weights are multiplied with: input, hidden state, and a one for the bias.
    rows = x.new_empty(n_steps + 1, n, n_inputs + n_hidden + 1, n_batch)
    rows[:-1, :, :n_inputs] = x.permute(2, 0, 3, 1)
    rows[0, :, hidden] = 0
    rows[:, :, -1] = 1
    weight = torch.cat((weight_ih, weight_hh, bias.unsqueeze(2)), 2)
    weight[:, 2 * n_hidden : 3 * n_hidden] *= 2
    gates = x.new_empty(n_steps, n, 4 * n_hidden, n_batch)
    cells = x.new_empty(n_steps, n, n_hidden, n_batch)
    bounded = torch.empty_like(cells)
    for k in range(n_steps):
        torch.bmm(weight, rows[k], out=gates[k])
        i, f, c_new, o = gates[k].sigmoid_().chunk(4, 1)
        c_new.mul_(2).sub_(1)  # tanh(a) = 2 sigmoid(2 a) - 1, a third of the time of tanh itself
        cell = torch.mul(i, c_new, out=cells[k])
        if k:
            cell.addcmul_(f, cells[k - 1])
        tanh = torch.mul(cell, 2, out=bounded[k]).sigmoid_().mul_(2).sub_(1)
        torch.mul(o, tanh, out=rows[k + 1, :, hidden])
    kept = (one.transpose(0, 1) for one in (rows, gates, cells, bounded))
    return rows[1:, :, hidden].permute(1, 3, 0, 2), *kept


def _backwards(of_x, slope, weight_ih, weight_hh, rows, gates, cells, bounded) -> tuple:
    """Gradients of x, weight_ih, weight_hh and bias, each with the network first."""
    n_inputs, n_hidden = weight_ih.shape[2], weight_hh.shape[2]
    slope = slope.permute(2, 0, 3, 1).contiguous()
    rows, gates, cells, bounded = (one.transpose(0, 1) for one in (rows, gates, cells, bounded))
    n_steps, n, _, n_batch = gates.shape
    back = (torch.cat((weight_ih, weight_hh), 2) if of_x else weight_hh).mT
    of_rows = slope.new_empty(n_steps, n, back.shape[1], n_batch)
    of_gates, of_cell = torch.empty_like(gates[0]), torch.zeros_like(cells[0])
    of_weight = slope.new_zeros(n, 4 * n_hidden, rows.shape[2])
    of_i, of_f, of_c_new, of_o = of_gates.chunk(4, 1)
    of_i_f = of_gates[:, : 2 * n_hidden]
    for k in reversed(range(n_steps)):
        i, f, c_new, o = gates[k].chunk(4, 1)
        of_h = slope[k]
        if k < n_steps - 1:
            of_h.add_(of_rows[k + 1, :, -n_hidden:])
        torch.mul(of_h, bounded[k], out=of_o)
        of_h.mul_(o)
        of_cell.add_(_of_tanh(of_h, bounded[k], grad_input=of_h))
        torch.mul(of_cell, c_new, out=of_i)
        if k:
            torch.mul(of_cell, cells[k - 1], out=of_f)
        else:
            of_f.zero_()
        torch.mul(of_cell, i, out=of_c_new)
        _of_sigmoid(of_i_f, gates[k, :, : 2 * n_hidden], grad_input=of_i_f)
        _of_tanh(of_c_new, c_new, grad_input=of_c_new)
        _of_sigmoid(of_o, o, grad_input=of_o)
        of_weight.baddbmm_(of_gates, rows[k].mT)
        if of_x or k:
            torch.bmm(back, of_gates, out=of_rows[k])
            of_cell.mul_(f)
    of_input, of_hidden = of_weight[..., :n_inputs], of_weight[..., n_inputs:-1]
    return (
        of_rows[:, :, :n_inputs].permute(1, 3, 0, 2) if of_x else None,
        of_input, of_hidden, of_weight[..., -1],
    )  # fmt: skip
