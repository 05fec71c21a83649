"""The LSTM of Fang et al. (2019), section II-B, eqs 1-8, doi:10.1109/TGRS.2018.2872131.

``PlainProlongation`` is the paper's equations, gate by gate and day by day: the text to read.
``Prolongation`` computes the same with the gates stacked and is the one to train. The operator D of
eqs 2-6 is dropout whose masks stay constant through an instance, after Gal and Ghahramani (2016),
arXiv:1512.05287, and Semeniuta et al. (2016), arXiv:1603.05118.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soilbook.errors import ParameterError

GATES = ("i", "f", "g", "o")  # the order of nn.LSTM
DAYS = 64  # whose products with the inputs are taken at once; more would take more memory


class Masks(NamedTuple):
    """One mask for each thing that D is applied to, (batch, hidden): 0, or 1 / (1 - rate).

    ``x``: input after the ReLU layer; ``h``: hidden state on its way to the gates; ``g``: input
    node on its way to the memory cell. The same mask serves every step and all four gates.
    """

    x: Tensor
    h: Tensor
    g: Tensor


class Memory(NamedTuple):
    """Hidden state and memory cell, each (batch, hidden)."""

    h: Tensor
    s: Tensor


def check_rate(rate: float) -> float:
    """Return the rate; ParameterError unless 0 <= rate < 1."""
    if not 0 <= rate < 1:
        raise ParameterError(f"dropout is {rate}; allowed: 0 or more and below 1")
    return rate


def draw_masks(
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


class PlainProlongation(nn.Module):
    """Eqs 1-8: (batch, step, feature) -> moisture of every step, (batch, step).

    ``dropout_rate`` is the share of connections that D sets to zero. Without ``masks`` they are
    drawn when the module is in training mode, and D does nothing otherwise.
    """

    def __init__(self, n_features: int, n_hidden: int = 128, dropout_rate: float = 0.5):
        super().__init__()
        self.n_hidden = n_hidden
        self.dropout_rate = check_rate(dropout_rate)
        self.input = nn.Linear(n_features, n_hidden)
        self.from_x = nn.ModuleDict({gate: nn.Linear(n_hidden, n_hidden) for gate in GATES})
        self.from_h = nn.ModuleDict(
            {gate: nn.Linear(n_hidden, n_hidden, bias=False) for gate in GATES}
        )
        self.output = nn.Linear(n_hidden, 1)

    def forward(self, x0: Tensor, masks: Masks | None = None) -> Tensor:
        masks = masks or self.masks(x0)
        h = s = x0.new_zeros(len(x0), self.n_hidden)
        moisture = []
        for x0_t in x0.unbind(1):
            x = torch.relu(self.input(x0_t))  # eq 1
            dx, dh = x * masks.x, h * masks.h
            g = torch.tanh(self.from_x["g"](dx) + self.from_h["g"](dh))  # eq 2
            i = torch.sigmoid(self.from_x["i"](dx) + self.from_h["i"](dh))  # eq 3
            f = torch.sigmoid(self.from_x["f"](dx) + self.from_h["f"](dh))  # eq 4
            o = torch.sigmoid(self.from_x["o"](dx) + self.from_h["o"](dh))  # eq 5
            s = g * masks.g * i + s * f  # eq 6
            h = torch.tanh(s) * o  # eq 7
            moisture.append(self.output(h).squeeze(-1))  # eq 8
        return torch.stack(moisture, dim=1)

    def masks(self, x0: Tensor) -> Masks:
        """Masks of a batch: drawn in training mode, without effect otherwise."""
        rate = self.dropout_rate if self.training else 0.0
        return draw_masks(len(x0), self.n_hidden, rate, device=x0.device)


class Prolongation(nn.Module):
    """Eqs 1-8: (batch, step, feature) -> moisture of every step, (batch, step). Gates are stacked
    in the order i, f, g, o, as in nn.LSTM, with one bias. Without ``masks`` they are drawn in
    training mode, and D does nothing otherwise."""

    def __init__(self, n_features: int, n_hidden: int = 128, dropout_rate: float = 0.5):
        super().__init__()
        self.n_hidden = n_hidden
        self.dropout_rate = check_rate(dropout_rate)
        self.input = nn.Linear(n_features, n_hidden)
        self.weight_x = nn.Parameter(torch.empty(4 * n_hidden, n_hidden))
        self.weight_h = nn.Parameter(torch.empty(4 * n_hidden, n_hidden))
        self.bias = nn.Parameter(torch.empty(4 * n_hidden))
        for parameter in (self.weight_x, self.weight_h, self.bias):
            nn.init.uniform_(parameter, -1 / math.sqrt(n_hidden), 1 / math.sqrt(n_hidden))
        self.output = nn.Linear(n_hidden, 1)

    masks = PlainProlongation.masks

    def forward(self, x0: Tensor, masks: Masks | None = None) -> Tensor:
        states = [memory.h for memory in self.remember(x0, masks or self.masks(x0))]
        return self.output(torch.stack(states, 1)).squeeze(-1)  # eq 8

    def remember(
        self, x0: Tensor, masks: Masks | None = None, memory: Memory | None = None
    ) -> Iterator[Memory]:
        """The memory after each step; ``memory`` is that before the first, None an empty one.
        Without ``masks`` D does nothing."""
        masks = masks or draw_masks(len(x0), self.n_hidden, 0.0, device=x0.device)
        empty = x0.new_zeros(len(x0), self.n_hidden)
        memory = memory or Memory(empty, empty)
        for days in x0.split(DAYS, 1):
            x = torch.relu(self.input(days))  # eq 1
            from_x = F.linear(x * masks.x.unsqueeze(1), self.weight_x, self.bias)
            for gates in from_x.unbind(1):
                gates = gates + F.linear(memory.h * masks.h, self.weight_h)
                i, f, g, o = gates.chunk(4, 1)
                g = torch.tanh(g) * masks.g  # eq 2
                i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)  # eqs 3-5
                s = g * i + memory.s * f  # eq 6
                memory = Memory(torch.tanh(s) * o, s)  # eq 7
                yield memory

    @classmethod
    def of(cls, plain: PlainProlongation) -> "Prolongation":
        """The stacked network with the parameters of a plain one."""
        network = cls(plain.input.in_features, plain.n_hidden, plain.dropout_rate)
        network.input.load_state_dict(plain.input.state_dict())
        network.output.load_state_dict(plain.output.state_dict())
        with torch.no_grad():
            x, h = ([part[gate] for gate in GATES] for part in (plain.from_x, plain.from_h))
            network.weight_x.copy_(torch.cat([layer.weight for layer in x]))
            network.weight_h.copy_(torch.cat([layer.weight for layer in h]))
            network.bias.copy_(torch.cat([layer.bias for layer in x]))
        return network


def follow(
    network: Prolongation, x0: Tensor, memory: Memory | None = None
) -> tuple[Tensor, list[Memory]]:
    """Moisture (batch, step) and the memory after each step, without dropout: to stop on a day and
    go on otherwise, since after its issue a forecast may have several futures.

    ``x0`` (batch, step, feature); ``memory`` is that before the first step, None an empty one.
    """
    memories = list(network.remember(x0, memory=memory))
    moisture = network.output(torch.stack([one.h for one in memories], 1)).squeeze(-1)
    return moisture, memories


class LibraryProlongation(nn.Module):
    """nn.LSTM behind the input layer of eq 1, with the parameters of a stacked network. It knows no
    masks: dropout cannot be constant through an instance in nn.LSTM."""

    def __init__(self, stacked: Prolongation):
        super().__init__()
        self.input, self.output = stacked.input, stacked.output
        self.lstm = nn.LSTM(stacked.n_hidden, stacked.n_hidden, batch_first=True)
        with torch.no_grad():
            self.lstm.weight_ih_l0.copy_(stacked.weight_x)
            self.lstm.weight_hh_l0.copy_(stacked.weight_h)
            self.lstm.bias_ih_l0.copy_(stacked.bias)
            self.lstm.bias_hh_l0.zero_()

    def forward(self, x0: Tensor) -> Tensor:
        return self.output(self.lstm(torch.relu(self.input(x0)))[0]).squeeze(-1)


def largest_differences(
    n_features: int, n_hidden: int, rate: float = 0.5, n_batch: int = 20, n_steps: int = 60,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Largest differences of moisture and of the gradient of the input layer's weights. One row a
    pair of ways: stacked ("fast") and plain with dropout at ``rate`` and without, nn.LSTM and plain
    without. Columns: ways, dropout, moisture, gradient (largest of the plain one = 1 each)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        plain = PlainProlongation(n_features, n_hidden, rate)
        x = torch.randn(n_batch, n_steps, n_features)
        dropped = draw_masks(n_batch, n_hidden, rate)
        whole = draw_masks(n_batch, n_hidden, 0.0)
        fast = Prolongation.of(plain)
        library = LibraryProlongation(fast)
    rows = []
    for ways, dropout, network, masks in (
        ("fast - plain", rate, fast, dropped),
        ("fast - plain", 0.0, fast, whole),
        ("nn.LSTM - plain", 0.0, library, None),
    ):
        both = _run(plain, x, masks or whole), _run(network, x, masks)
        apart = [float((a - b).abs().max() / a.abs().max()) for a, b in zip(*both, strict=True)]
        rows.append((ways, dropout, *apart))
    return pd.DataFrame(rows, columns=["ways", "dropout", "moisture", "gradient"])


def _run(network: nn.Module, x: Tensor, masks: Masks | None) -> tuple[Tensor, Tensor]:
    network.zero_grad()
    moisture = network(x) if masks is None else network(x, masks)
    moisture.square().mean().backward()
    return moisture.detach(), network.input.weight.grad.clone()
