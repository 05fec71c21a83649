"""Training instances of study 2 and its loss: section II-B of Fang et al. (2019), eq 9,
doi:10.1109/TGRS.2018.2872131."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from soilbook import fingerprint
from soilbook.errors import DataError, ParameterError
from soilbook.training.draws import seed_of


@dataclass(frozen=True)
class Sequences:
    """Scaled inputs ``x`` (place, day, feature) and target ``y`` (place, day), NaN if missing.

    A place without any observation is never drawn. DataError if none has one, ParameterError for
    shapes that do not fit.
    """

    x: Tensor
    y: Tensor

    def __post_init__(self):
        if self.x.shape[:2] != self.y.shape:
            raise ParameterError(
                f"inputs of shape {tuple(self.x.shape)} and target {tuple(self.y.shape)} do not "
                "fit; allowed: the same places and days"
            )
        if not len(self.observed):
            raise DataError("no place has an observation to learn from")

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, device: torch.device | str = "cpu") -> "Sequences":
        """The same from arrays."""
        x, y = (torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(device) for a in (x, y))
        return cls(x, y)

    @property
    def observed(self) -> Tensor:
        """Numbers of the places with an observation."""
        return torch.isfinite(self.y).any(1).nonzero().squeeze(1)

    @property
    def n_days(self) -> int:
        return self.x.shape[1]

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of what networks learn from."""
        return fingerprint.of_arrays(*(one.cpu().numpy() for one in (self.x, self.y)))


def masked_loss(predicted: Tensor, observed: Tensor) -> Tensor:
    """Eq 9, mean of the batch: squared errors of the days with an observation, over all days.

    Both (batch, step); days without an observation are NaN in ``observed``.
    """
    there = torch.isfinite(observed)
    error = torch.where(there, predicted - torch.where(there, observed, 0.0), 0.0)
    return error.square().mean()


def batches(
    sequences: Sequences, n: int, batch: int, length: int, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """``n`` batches of instances: a place and the day of its start, each drawn at random.

    Yields x (batch, length, feature) and y (batch, length). A function of seed and epoch alone, so
    that training goes on after a break as it would have. ParameterError if ``length`` is longer
    than the record.
    """
    latest = sequences.n_days - length
    if latest < 0:
        raise ParameterError(
            f"instances of {length} days in a record of {sequences.n_days} days; "
            f"allowed: 1 to {sequences.n_days}"
        )
    generator = torch.Generator().manual_seed(seed_of("instances", seed, epoch))
    places = sequences.observed
    chosen = places[torch.randint(len(places), (n, batch), generator=generator).to(places.device)]
    starts = torch.randint(latest + 1, (n, batch, 1), generator=generator).to(places.device)
    steps = torch.arange(length, device=places.device)
    for place, start in zip(chosen, starts, strict=True):
        days = start + steps
        yield sequences.x[place.unsqueeze(1), days], sequences.y[place.unsqueeze(1), days]
