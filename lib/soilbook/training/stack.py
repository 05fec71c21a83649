"""Many networks of one architecture as one: flat parameters, and what one network computes."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.func import functional_call


@dataclass(frozen=True)
class Stack:
    """An architecture and where each of its parameters lies in a flat vector.

    ``template`` is one such module; its buffers, if any, serve all networks.
    """

    template: nn.Module
    target: str = "value"

    @classmethod
    def of(cls, make: Callable[[], nn.Module], target: str = "value") -> "Stack":
        """The stack of what ``make()`` gives; leaves torch's random state as it was."""
        with torch.random.fork_rng(devices=[]):
            return cls(make(), target)

    @property
    def shapes(self) -> dict[str, torch.Size]:
        """Shape of each parameter, in the order of the flat vector."""
        return {name: p.shape for name, p in self.template.named_parameters()}

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """The named parameters of one network, views of its flat vector."""
        parts = flat.split([prod(shape) for shape in self.shapes.values()])
        return {k: p.view(s) for (k, s), p in zip(self.shapes.items(), parts, strict=True)}

    def predict(self, named: dict[str, Tensor], x: Tensor) -> Tensor:
        """Scaled soil moisture of the target day by one network, (batch, step, feature) ->
        (batch,). With the target ``change`` the network adds to that of the last observed day."""
        output = functional_call(self.template, named, (x,))
        return output + x[:, -1, -1] if self.target == "change" else output


def start(make: Callable[[], nn.Module], number: int) -> Tensor:
    """Flat parameters of the network that ``make()`` draws with torch seeded by ``number``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(number)
        return torch.cat([p.detach().flatten() for p in make().parameters()])
