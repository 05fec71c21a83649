"""The series of a shard as tensors, and the windows that each step and each choice looks at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from soilbook.training.draws import batches
from soilbook.training.tasks import Settings, Task

_VALIDATION = 1  # draws of validation batches come from another stream than those of training


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


PARTS = ("training", "validation")


class ShardData:
    """``rows`` (network, row, feature) and ``target`` (network, row), scaled, on the device."""

    def __init__(self, tasks: Sequence[Task], sizes: Sizes, device: torch.device):
        series = [task.series for task in tasks]
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
