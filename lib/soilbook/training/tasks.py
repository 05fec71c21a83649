"""What is to be trained: one task a network, the settings that all share, and the batches they see.

Batches are a pure function of a network's seed and the number of the step. A network sees the same
windows whatever it trains beside, in which shard, on which device and wherever a run was taken up
again: no generator has a state that could differ.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from soilbook.settings import Checked, Profile
from soilbook.training.windows import Series

Count = Annotated[int, Field(ge=1)]
PARTS = ("training", "validation")
_VALIDATION = 1  # draws of validation batches come from another stream than those of training

# Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators,
# doi:10.1145/2660193.2660195: splitmix64. torch has no unsigned 64-bit product, so these are the
# constants as signed numbers; products wrap alike.
_GAMMA = 0x9E3779B97F4A7C15 - 2**64
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64


@dataclass(frozen=True)
class Task:
    """One network: its windows, and the identity from which its start and its batches follow.

    ``seed`` is the seed of the whole run.
    """

    series: Series
    model: str
    repetition: int = 0
    seed: int = 0

    @property
    def identity(self) -> tuple:
        """Seed, model, site, depth (m), repetition."""
        depth = round(self.series.depth, 4)
        return (self.seed, self.model, self.series.site, depth, self.repetition)

    @cached_property
    def number(self) -> int:
        """The integer from which this network draws."""
        return seed_of(*self.identity)


class Settings(Checked):
    """How every network is trained, section 4 of Wang et al. (2024).

    The model kept has the lowest validation error of the epochs ``first_choice`` .. ``epochs``,
    numbered from 1; ``variant`` paper looks at the whole validation part, released at one random
    batch of it. With the ``target`` change a network predicts the difference to the last observed
    day.
    """

    epochs: Count
    first_choice: Count
    batches_per_epoch: Count = 20
    batch: Count = 50
    variant: Literal["paper", "released"] = "paper"
    target: Literal["value", "change"] = "value"
    rate: float = 0.001

    @classmethod
    def of(cls, profile: Profile, epochs: int, variant: str, target: str = "value") -> "Settings":
        """Settings of a profile, with another number of epochs."""
        return cls(
            epochs=epochs, first_choice=min(profile.first_choice, epochs), batch=profile.batch,
            batches_per_epoch=profile.batches_per_epoch, variant=variant, target=target,
        )  # fmt: skip

    @property
    def steps(self) -> int:
        """Batches of the whole training."""
        return self.epochs * self.batches_per_epoch


@dataclass(frozen=True)
class Sizes:
    """Lengths to which the arrays of every shard are filled up, so that all compile to one."""

    n_rows: int
    n_training: int
    n_validation: int

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> "Sizes":
        """The sizes that hold all tasks."""
        each = [(len(t.series.y), *(len(t.series.starts[p]) for p in PARTS)) for t in tasks]
        return cls(*map(max, zip(*each, strict=True)))


class ShardData:
    """``rows`` (network, row, feature) and ``target`` (network, row), scaled, on the device;
    windows have ``n_steps`` rows."""

    def __init__(self, tasks: Sequence[Task], sizes: Sizes, device: torch.device):
        series = [task.series for task in tasks]
        self.n_steps = series[0].n_steps
        self.rows = _filled([one.x for one in series], sizes.n_rows).float().to(device)
        self.target = _filled([one.y for one in series], sizes.n_rows).float().to(device)
        self.seeds = torch.tensor([task.number for task in tasks], device=device)
        starts = {part: [one.starts[part] for one in series] for part in PARTS}
        self.n = {p: torch.tensor([len(s) for s in starts[p]], device=device) for p in PARTS}
        lengths = {"training": sizes.n_training, "validation": sizes.n_validation}
        # Filled up with row 0, whose windows may hold gaps: _filled has made these zeros, and
        # their weight is zero.
        self.starts = {p: _filled(starts[p], lengths[p]).to(device) for p in PARTS}

    def training(self, epochs: range, settings: Settings) -> Tensor:
        """Rows where the samples of the epochs' batches start, (epoch, step, network, sample)."""
        n = settings.batches_per_epoch
        first, n_steps = epochs[0] * n, len(epochs) * n
        drawn = batches(self.seeds, self.n["training"], first, n_steps, settings.batch)
        starts = self.starts["training"].expand(n_steps, -1, -1).gather(2, drawn)
        return starts.unflatten(0, (len(epochs), n))

    def validation(self, epoch: int, settings: Settings) -> tuple[Tensor, Tensor]:
        """Rows where the samples start on which the epoch is judged, and their weights, which add
        up to one; both (network, sample)."""
        starts, n = self.starts["validation"], self.n["validation"]
        if settings.variant == "paper":
            places = torch.arange(starts.shape[1], device=starts.device).expand_as(starts)
        else:
            # Of fewer windows than a batch all are drawn; places beyond them have no weight.
            places = batches(
                self.seeds + _VALIDATION, n.clamp(min=settings.batch), epoch, 1, settings.batch
            )[0]
            starts = starts.gather(1, places.clamp(max=starts.shape[1] - 1))
        weights = (places < n.unsqueeze(1)).float()
        return starts, weights / weights.sum(1, keepdim=True)


def _filled(arrays: list[np.ndarray], length: int) -> Tensor:
    """Arrays of unlike length as one, with zeros for what is missing at the end or NaN."""
    full = np.zeros((len(arrays), length, *arrays[0].shape[1:]), arrays[0].dtype)
    for row, array in zip(full, arrays, strict=True):
        row[: len(array)] = np.nan_to_num(array)
    return torch.from_numpy(full)


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
