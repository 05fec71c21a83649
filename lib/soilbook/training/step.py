"""One update of many networks at once: flat parameters, gradient and Adam, as functions of tensors.

The state of n networks is three tensors (network, parameter): parameters and Adam's two moments.
An update maps state, ``scales`` (turn, 2), rows, target and starts to the new state and the
training loss (network,); see ``windows.ShardData`` for the last three. A module with ``generator``
and ``discriminator`` as sub-modules trains as eqs 16-18 of Wang et al. (2024) say.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, grad_and_value, vmap

from soilbook.models.networks import discriminator_loss, generator_loss, past_sm
from soilbook.settings import N_STEPS

State = tuple[Tensor, Tensor, Tensor]
BETAS = (0.9, 0.999)
EPSILON = 1e-8


@dataclass(frozen=True)
class Stack:
    """An architecture and where each of its parameters lies in a flat vector.

    ``template`` is one such module; its buffers, if any, serve all networks. It sees windows of
    ``n_steps`` days. ``added`` is 1 with the target ``change``, where the prediction is the output
    plus the moisture of the last observed day, else 0: a tensor, so that both compile to one.
    """

    template: nn.Module
    added: Tensor
    n_steps: int = N_STEPS

    @classmethod
    def of(
        cls, make: Callable[[], nn.Module], target: str = "value", n_steps: int = N_STEPS
    ) -> "Stack":
        """The stack of what ``make()`` gives; leaves torch's random state as it was."""
        with torch.random.fork_rng(devices=[]):
            return cls(make(), torch.tensor(float(target == "change")), n_steps)

    def to(self, device: torch.device) -> "Stack":
        """The same on a device."""
        self.template.to(device)
        return replace(self, added=self.added.to(device))

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
        (batch,)."""
        return functional_call(self.template, named, (x,)) + self.added * x[:, -1, -1]

    def each(self, function: Callable) -> Callable:
        """A function of one network's tensors for many networks along the first axis: ``vmap``, or
        a plain loop for a module that is marked ``one_at_a_time``."""
        if not getattr(self.template, "one_at_a_time", False):
            return vmap(function)

        def loop(*arguments: Tensor):
            results = [function(*parts) for parts in zip(*arguments, strict=True)]
            if isinstance(results[0], Tensor):
                return torch.stack(results)
            return tuple(torch.stack(parts) for parts in zip(*results, strict=True))

        return loop


def start(make: Callable[[], nn.Module], number: int) -> Tensor:
    """Flat parameters of the network that ``make()`` draws with torch seeded by ``number``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(number)
        return torch.cat([p.detach().flatten() for p in make().parameters()])


@dataclass(frozen=True)
class Update:
    """An update function, and for its Adam turns in one step: the learning rate of each, the
    turns before it in the same step on the same parameters, and all turns of these in a step."""

    function: Callable
    rates: tuple[float, ...]
    turns_before: tuple[int, ...] = (0,)
    turns_per_step: tuple[int, ...] = (1,)

    @classmethod
    def of(cls, stack: Stack, rate: float, variant: str) -> "Update":
        """How the networks of a stack train; ``rate`` is for those without a discriminator."""
        if hasattr(stack.template, "discriminator"):
            return alternating(stack, variant)
        return least_squares(stack, rate)

    def scales(self, first: int, n_steps: int, device: torch.device) -> Tensor:
        """For the steps first .. first + n_steps - 1, counted from 0, what ``adam`` needs:
        (step, turn, 2) of rate / (1 - beta1^t) and sqrt(1 - beta2^t) with Adam's own count t."""
        step = torch.arange(first, first + n_steps, dtype=torch.float64).unsqueeze(1)
        t = step * torch.tensor(self.turns_per_step) + torch.tensor(self.turns_before) + 1
        rate = torch.tensor(self.rates, dtype=torch.float64) / (1 - BETAS[0] ** t)
        return torch.stack((rate, (1 - BETAS[1] ** t).sqrt()), dim=-1).float().to(device)


def adam(state: State, gradient: Tensor, scale: Tensor) -> State:
    """Adam as torch.optim.Adam computes it, Kingma and Ba (2015), arXiv:1412.6980.

    ``scale`` (2,): step size and root of the second correction, see ``Update.scales``.
    """
    flat, first, second = state
    first = first + (gradient - first) * (1 - BETAS[0])
    second = second * BETAS[1] + gradient * gradient * (1 - BETAS[1])
    flat = flat - scale[0] * first / (second.sqrt() / scale[1] + EPSILON)
    return flat, first, second


def gather(
    rows: Tensor, target: Tensor, starts: Tensor, n_steps: int = N_STEPS
) -> tuple[Tensor, Tensor]:
    """Windows of each network: starts (network, sample) -> x (network, sample, step, feature),
    y (network, sample)."""
    network = torch.arange(len(rows), device=rows.device).unsqueeze(1)
    steps = torch.arange(1, n_steps + 1, device=rows.device)
    x = rows[network.unsqueeze(2), starts.unsqueeze(2) + steps]
    return x, target[network, starts + n_steps]


def least_squares(stack: Stack, rate: float) -> Update:
    """One turn of Adam on the mean square error of a batch."""

    def loss(flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return (stack.predict(stack.named(flat), x) - y).square().mean()

    def update(flat, first, second, scales, rows, target, starts):
        x, y = gather(rows, target, starts, stack.n_steps)
        gradient, losses = stack.each(grad_and_value(loss))(flat, x, y)
        return *adam((flat, first, second), gradient, scales[0]), losses

    return Update(update, (rate,))


def judge(stack: Stack) -> Callable:
    """The mean square error by weighted samples: (flat, rows, target, starts, weights) ->
    (network,); weights (network, sample) add up to one."""

    def square(flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return (stack.predict(stack.named(flat), x) - y).square()

    def error(flat, rows, target, starts, weights):
        x, y = gather(rows, target, starts, stack.n_steps)
        return (stack.each(square)(flat, x, y) * weights).sum(1)

    return error


def alternating(stack: Stack, variant: str) -> Update:
    """A step is a round on one batch: turns of the discriminator, the generator kept, then turns
    of the generator, the discriminator kept. The loss is the mean square error before the round.

    The module has a method ``discriminate(past_sm, y)`` and ``adversarial``, which for each variant
    holds the weight of the adversarial term, both learning rates and the turns of each side.
    """
    how = stack.template.adversarial[variant]
    n_d, n_g = how.discriminator_updates, how.generator_updates
    sizes = {name: shape.numel() for name, shape in stack.shapes.items()}
    n_generator = sum(n for name, n in sizes.items() if name.startswith("generator."))
    discriminator = _Discriminate(stack.template)

    def discriminate(named: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        inside = {f"module.{name}": parameter for name, parameter in named.items()}
        return functional_call(discriminator, inside, (past_sm(x), y))

    def of_discriminator(d: Tensor, g: Tensor, x: Tensor, y: Tensor, predicted: Tensor) -> Tensor:
        named = stack.named(torch.cat((g, d)))
        return discriminator_loss(discriminate(named, x, y), discriminate(named, x, predicted))

    def of_generator(g: Tensor, d: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        named = stack.named(torch.cat((g, d)))
        predicted = stack.predict(named, x)
        belief = discriminate(named, x, predicted)
        loss = generator_loss(y, predicted, belief, how.lambda_bce)
        return loss, (predicted - y).square().mean()

    def predict(flat: Tensor, x: Tensor) -> Tensor:
        return stack.predict(stack.named(flat), x)

    def update(flat, first, second, scales, rows, target, starts):
        x, y = gather(rows, target, starts, stack.n_steps)
        cut = [n_generator, flat.shape[1] - n_generator]
        g, d = zip(*(part.split(cut, 1) for part in (flat, first, second)), strict=True)
        predicted = vmap(predict)(flat, x)
        errors = []
        for turn in range(n_d):
            slope = vmap(grad(of_discriminator))(d[0], g[0], x, y, predicted)
            d = adam(d, slope, scales[turn])
        for turn in range(n_g):
            slope, (_, mse) = vmap(grad_and_value(of_generator, has_aux=True))(g[0], d[0], x, y)
            g = adam(g, slope, scales[n_d + turn])
            errors.append(mse)
        return *(torch.cat(parts, 1) for parts in zip(g, d, strict=True)), errors[0]

    return Update(
        update,
        (how.discriminator_rate,) * n_d + (how.generator_rate,) * n_g,
        (*range(n_d), *range(n_g)),
        (n_d,) * n_d + (n_g,) * n_g,
    )


class _Discriminate(nn.Module):
    """``discriminate`` of a module as a forward, which is what functional_call calls."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, past: Tensor, y: Tensor) -> Tensor:
        return self.module.discriminate(past, y)
