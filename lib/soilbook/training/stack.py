"""Many networks of one architecture as one: flat parameters, and functions over all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.func import functional_call


@dataclass(frozen=True)
class Stack:
    """An architecture and where each of its parameters lies in a flat vector.

    ``template`` is one such module; its buffers, if any, are the same for all networks.
    """

    template: nn.Module
    shapes: dict[str, torch.Size]
    target: str = "value"

    @classmethod
    def of(cls, make: Callable[[int], nn.Module], n_features: int, target: str = "value"):
        """The stack of ``make(n_features)``; leaves torch's own random state as it was."""
        with torch.random.fork_rng(devices=[]):
            template = make(n_features)
        return cls(template, {k: p.shape for k, p in template.named_parameters()}, target)

    @property
    def n_parameters(self) -> int:
        """Numbers in one network."""
        return sum(prod(shape) for shape in self.shapes.values())

    def to(self, device: torch.device) -> "Stack":
        """The same stack with its buffers on a device."""
        self.template.to(device)
        return self

    def start(self, make: Callable[[int], nn.Module], n_features: int, seed: int) -> Tensor:
        """Flat parameters of the network that ``make`` draws from this seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.flatten(dict(make(n_features).named_parameters())).detach()

    def flatten(self, parameters: dict[str, Tensor]) -> Tensor:
        """Named parameters of one network as a vector."""
        return torch.cat([parameters[name].flatten() for name in self.shapes])

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """The named parameters, views of the flat vector of one network."""
        parts = flat.split([prod(shape) for shape in self.shapes.values()])
        return {k: p.view(s) for (k, s), p in zip(self.shapes.items(), parts, strict=True)}

    def predict(self, named: dict[str, Tensor], x: Tensor) -> Tensor:
        """Scaled soil moisture of the target day by one network, (batch, step, feature) ->
        (batch,). For the target ``change`` the network adds to the last observed day's."""
        output = functional_call(self.template, named, (x,))
        return output + x[:, -1, -1] if self.target == "change" else output
