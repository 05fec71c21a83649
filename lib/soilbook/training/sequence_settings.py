"""How a network of study 2 is trained: by the paper's method, or by ours."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from soilbook.errors import ParameterError, unknown

OPTIMISERS = ("adadelta", "adam")


@dataclass(frozen=True)
class SequenceSettings:
    """Training by random instances of ``length`` days (the paper's rho), ``batch`` at a time.

    An epoch sees as many days as the record has. ``adadelta`` is the paper's optimiser (Zeiler
    2012, arXiv:1212.5701) with a learning rate of 1; with ``adam`` the ``rate`` falls along half a
    cosine to ``last_rate`` of itself. Gradients longer than ``clip`` are shortened to it. With
    ``averaging`` above 0 the network kept is the moving mean of those of all steps, each step
    having the weight 1 - averaging. The paper states neither n_hidden, length, batch nor epochs.
    ParameterError for values out of range.
    """

    n_hidden: int = 64
    dropout: float = 0.1
    length: int = 60
    batch: int = 100
    epochs: int = 60
    optimiser: str = "adam"
    rate: float = 0.01
    last_rate: float = 0.05
    clip: float = 1.0
    averaging: float = 0.0
    seed: int = 0

    def __post_init__(self):
        if self.optimiser not in OPTIMISERS:
            raise unknown("optimiser", self.optimiser, OPTIMISERS)
        for name in ("n_hidden", "length", "batch", "epochs"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} is {getattr(self, name)}; allowed: 1 or more")
        for name in ("dropout", "averaging"):
            if not 0 <= getattr(self, name) < 1:
                raise ParameterError(
                    f"{name} is {getattr(self, name)}; allowed: 0 or more and below 1"
                )
        for name in ("rate", "last_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ParameterError(f"{name} is {getattr(self, name)}; allowed: above 0")

    def steps_per_epoch(self, n_places: int, n_days: int) -> int:
        """Batches that hold as many days as the record of ``n_places`` has."""
        return math.ceil(n_places * n_days / (self.batch * self.length))

    def days(self, n_places: int, n_days: int) -> int:
        """Days of instances that a whole training sees."""
        return self.epochs * self.steps_per_epoch(n_places, n_days) * self.batch * self.length

    def make_optimiser(self, network: nn.Module) -> torch.optim.Optimizer:
        """The optimiser of a network's parameters."""
        if self.optimiser == "adadelta":
            return torch.optim.Adadelta(network.parameters(), lr=1.0)
        return torch.optim.Adam(network.parameters(), lr=self.rate)

    def rate_at(self, progress: float) -> float:
        """Learning rate when this share, 0 to 1, of the training is done."""
        if self.optimiser == "adadelta":
            return 1.0
        fall = (1 + math.cos(math.pi * progress)) / 2
        return self.rate * (self.last_rate + (1 - self.last_rate) * fall)
