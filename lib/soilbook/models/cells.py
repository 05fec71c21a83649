"""Building blocks of the networks, written so that many of them train at once.

``torch.func.vmap`` has no rule for nn.LSTM and a slow one for nn.Conv1d, so both stand here as a
few large products. Parameters, their shapes, order and random start are those of torch's layers.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soilbook.errors import ParameterError, unknown

VARIANTS = ("paper", "released")


def check_variant(variant: str) -> str:
    """Return the variant; ParameterError unless it is "paper" or "released"."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, VARIANTS)
    return variant


class Network(nn.Module):
    """Base of the ten networks, (batch, step, feature) -> (batch,): ``output`` of ``encode``. A
    network lays its layers and writes ``encode``. ParameterError for an unknown variant."""

    def __init__(self, variant: str):
        super().__init__()
        self.variant = check_variant(variant)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.encode(x)).squeeze(-1)


class LSTMLayer(nn.Module):
    """One LSTM layer, (batch, step, input) -> hidden states (batch, step, hidden). Eqs 1-6 of Wang
    et al. (2024), doi:10.5194/hess-28-917-2024, with the gates i, f, c~, o stacked in that order
    and two biases, as in nn.LSTM."""

    def __init__(self, n_inputs: int, n_hidden: int):
        super().__init__()
        self.n_hidden = n_hidden
        self.weight_ih = nn.Parameter(torch.empty(4 * n_hidden, n_inputs))
        self.weight_hh = nn.Parameter(torch.empty(4 * n_hidden, n_hidden))
        self.bias_ih = nn.Parameter(torch.empty(4 * n_hidden))
        self.bias_hh = nn.Parameter(torch.empty(4 * n_hidden))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(n_hidden), 1 / math.sqrt(n_hidden))

    def forward(self, x: Tensor) -> Tensor:
        # The input product of all steps is one product; only the recurrent one waits for h.
        inputs = F.linear(x, self.weight_ih, self.bias_ih + self.bias_hh).unbind(1)
        h = c = None
        states = []
        for gates in inputs:
            if h is not None:  # h and c start at zero: the first step has no recurrent product
                gates = gates + F.linear(h, self.weight_hh)
            i, f, c_new, o = gates.chunk(4, dim=-1)
            c_new = torch.sigmoid(i) * torch.tanh(c_new)
            c = c_new if c is None else torch.sigmoid(f) * c + c_new
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states, dim=1)


def stacked_lstm(n_inputs: int, n_hidden: int = 16, n_layers: int = 2) -> nn.Sequential:
    """LSTM layers one on the other; Table A1 has two of 16: (batch, step, input) -> states."""
    sizes = [n_inputs] + [n_hidden] * n_layers
    return nn.Sequential(*(LSTMLayer(n_in, n_out) for n_in, n_out in pairwise(sizes)))


class Convolution(nn.Module):
    """Convolution along the steps with stride 1, (batch, step, input) -> (batch, step', output).

    step' = step + 2 padding - kernel + 1. The weight has the shape (output, input, kernel) of
    nn.Conv1d.
    """

    def __init__(self, n_inputs: int, n_outputs: int, kernel: int, padding: int = 0):
        super().__init__()
        self.kernel, self.padding = kernel, padding
        self.weight = nn.Parameter(torch.empty(n_outputs, n_inputs, kernel))
        self.bias = nn.Parameter(torch.empty(n_outputs))
        for parameter in self.parameters():
            bound = 1 / math.sqrt(n_inputs * kernel)
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        if self.padding:
            x = F.pad(x, (0, 0, self.padding, self.padding))
        n_windows = x.shape[1] - self.kernel + 1
        windows = torch.cat([x[:, j : j + n_windows] for j in range(self.kernel)], dim=-1)
        return F.linear(windows, self.weight.transpose(1, 2).flatten(1), self.bias)


def convolved_steps(n_steps: int, kernel: int, padding: int = 0, n_layers: int = 2) -> int:
    """Steps left after convolutions of stride 1; ParameterError if none is left."""
    left = n_steps + n_layers * (2 * padding - kernel + 1)
    if left < 1:
        raise ParameterError(
            f"n_steps={n_steps} is too short for {n_layers} convolutions of kernel {kernel}; "
            f"allowed: {n_steps - left + 1} or more"
        )
    return left


def two_convolutions(n_inputs: int, kernel: int, padding: int = 0) -> nn.Sequential:
    """The two convolutions of Table A1, to 32 and 64 channels, each with tanh."""
    return nn.Sequential(
        Convolution(n_inputs, 32, kernel, padding),
        nn.Tanh(),
        Convolution(32, 64, kernel, padding),
        nn.Tanh(),
    )
