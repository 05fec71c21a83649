"""The update of a network trained against a discriminator, eqs 16-18 of Wang et al. (2024).

A module takes this path if it has ``generator`` and ``discriminator`` as sub-modules, a method
``discriminate(past_sm, y)`` and ``adversarial``, which for each variant holds the weight of the
adversarial term, the two learning rates and how many turns each side takes in a step.
"""

import torch
from torch import Tensor
from torch.func import functional_call, grad, grad_and_value, vmap

from soilbook.models.gan import discriminator_loss, generator_loss, past_sm
from soilbook.training.stack import Stack
from soilbook.training.step import Update, adam, gather


def is_adversarial(stack: Stack) -> bool:
    """Whether the module has a discriminator."""
    return hasattr(stack.template, "discriminator")


def alternating(stack: Stack, variant: str) -> Update:
    """A step is a round on one batch: turns of the discriminator, the generator kept, then turns
    of the generator, the discriminator kept. The loss is the mean square error before the round.
    """
    how = stack.template.adversarial[variant]
    n_d, n_g = how.discriminator_updates, how.generator_updates
    names = list(stack.shapes)
    sizes = [shape.numel() for shape in stack.shapes.values()]
    n_generator = sum(s for s, k in zip(sizes, names, strict=True) if k.startswith("generator."))

    def discriminate(named, x: Tensor, y: Tensor) -> Tensor:
        return functional_call(_Discriminate(stack.template), _inside(named), (past_sm(x), y))

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
        x, y = gather(rows, target, starts)
        state = (flat, first, second)
        g, d = zip(*(part.split([n_generator, part.shape[1] - n_generator], 1) for part in state),
                   strict=True)  # fmt: skip
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


class _Discriminate(torch.nn.Module):
    """``discriminate`` of a module as a forward, which is what functional_call calls."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        self.module = module

    def forward(self, past: Tensor, y: Tensor) -> Tensor:
        return self.module.discriminate(past, y)


def _inside(named: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"module.{name}": parameter for name, parameter in named.items()}
