"""Batches as a pure function of a network's seed and the number of the step.

A network sees the same windows whatever it trains beside, in which shard, on which device and
wherever a run was taken up again: no generator has a state that could differ.
"""

import hashlib

import torch
from torch import Tensor

# Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators,
# doi:10.1145/2660193.2660195: splitmix64. torch has no unsigned 64-bit product, so these are the
# constants as signed numbers; products wrap alike.
_GAMMA = 0x9E3779B97F4A7C15 - 2**64
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64


def seed_of(*identity) -> int:
    """A stable integer below 2^63 for an identity: texts and numbers, e.g. seed, model, site."""
    text = "\x1f".join(repr(part) for part in identity)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def batches(seeds: Tensor, n_windows: Tensor, first: int, n_steps: int, batch: int) -> Tensor:
    """Draws without replacement for the steps first .. first + n_steps - 1.

    ``seeds`` and ``n_windows`` (network,) int64, every n_windows at least ``batch``. Returns
    positions (step, network, batch), int64, between 0 and n_windows - 1; steps are independent.
    Many steps in one call are up to ten times faster than one by one.
    Robert Floyd's algorithm, Bentley and Floyd (1987), doi:10.1145/30401.315746.
    """
    device = seeds.device
    step = torch.arange(first, first + n_steps, device=device).unsqueeze(1)
    # Comparing short integers takes half the time.
    chosen = torch.empty((batch, n_steps, len(seeds)), dtype=torch.int32, device=device)
    for i in range(batch):
        last = n_windows - batch + i
        candidate = ((_random(seeds, step * batch + i) * (last + 1)) >> 32).int()
        taken = (chosen[:i] == candidate).any(0)
        chosen[i] = torch.where(taken, last.int(), candidate)
    return chosen.permute(1, 2, 0).long()


def _random(seeds: Tensor, counter: Tensor) -> Tensor:
    """32 random bits for every pair of seed and counter, in int64."""
    return _shift(_mix(_mix(seeds + _GAMMA) + (counter + 1) * _GAMMA), 32)


def _mix(z: Tensor) -> Tensor:
    z = (z ^ _shift(z, 30)) * _FIRST
    z = (z ^ _shift(z, 27)) * _SECOND
    return z ^ _shift(z, 31)


def _shift(z: Tensor, n: int) -> Tensor:
    """Shift to the right with zeros, which torch's own shift of negative numbers does not do."""
    return (z >> n) & ((1 << (64 - n)) - 1)
