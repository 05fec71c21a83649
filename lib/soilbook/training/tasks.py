"""What is to be trained: one task a network, and settings that all of them share."""

from dataclasses import dataclass
from functools import cached_property

from soilbook.errors import ParameterError, unknown
from soilbook.settings import Profile
from soilbook.training.draws import seed_of
from soilbook.training.windows import VARIANTS, Series

TARGETS = ("value", "change")


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


@dataclass(frozen=True)
class Settings:
    """How every network is trained, section 4 of Wang et al. (2024).

    The model kept has the lowest validation error of the epochs ``first_choice`` .. ``epochs``,
    numbered from 1; ``variant`` paper looks at the whole validation part, released at one random
    batch of it. With the ``target`` change a network predicts the difference to the last observed
    day. ParameterError for numbers below 1 and unknown names.
    """

    epochs: int
    first_choice: int
    batches_per_epoch: int = 20
    batch: int = 50
    variant: str = "paper"
    target: str = "value"
    rate: float = 0.001

    def __post_init__(self):
        for name, allowed in (("variant", VARIANTS), ("target", TARGETS)):
            if getattr(self, name) not in allowed:
                raise unknown(name, getattr(self, name), allowed)
        for name in ("epochs", "first_choice", "batches_per_epoch", "batch"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} is {getattr(self, name)}; allowed: 1 or more")

    @classmethod
    def of(cls, profile: Profile, epochs: int, variant: str, target: str = "value") -> "Settings":
        """Settings of a profile, with another number of epochs."""
        first = min(profile.first_choice, epochs)
        return cls(epochs, first, profile.batches_per_epoch, profile.batch, variant, target)

    @property
    def steps(self) -> int:
        """Batches of the whole training."""
        return self.epochs * self.batches_per_epoch
