"""Eqs 1-8 of Fang et al. (2019) with the memory in hand: to stop on a day and go on otherwise.

A forecast needs it: up to its issue the weather is known, after it there may be several futures.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from soilbook.models.prolongation_fast import Prolongation


class Memory(NamedTuple):
    """Hidden state and memory cell, each (batch, hidden)."""

    h: Tensor
    s: Tensor


def follow(
    network: Prolongation, x0: Tensor, memory: Memory | None = None
) -> tuple[Tensor, list[Memory]]:
    """Moisture (batch, step) and the memory after each step, without dropout.

    ``x0`` (batch, step, feature); ``memory`` is that before the first step, None an empty one.
    """
    if memory is None:
        nothing = x0.new_zeros(len(x0), network.n_hidden)
        memory = Memory(nothing, nothing)
    memories = []
    for x0_t in x0.unbind(1):
        x = torch.relu(network.input(x0_t))
        gates = F.linear(x, network.weight_x, network.bias) + F.linear(memory.h, network.weight_h)
        i, f, g, o = gates.chunk(4, 1)
        s = torch.tanh(g) * torch.sigmoid(i) + memory.s * torch.sigmoid(f)
        memory = Memory(torch.tanh(s) * torch.sigmoid(o), s)
        memories.append(memory)
    moisture = network.output(torch.stack([one.h for one in memories], 1)).squeeze(-1)
    return moisture, memories
