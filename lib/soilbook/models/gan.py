"""GAN-LSTM, section 3.3 and Fig. 7 of Wang et al. (2024), doi:10.5194/hess-28-917-2024."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from soilbook.models.basic import LSTM
from soilbook.models.cells import check_variant


@dataclass(frozen=True)
class Adversarial:
    """How generator and discriminator take turns: weight of the second term of eq 18, Adam's
    learning rates, and how many updates each makes in a round."""

    lambda_bce: float
    generator_rate: float
    discriminator_rate: float
    generator_updates: int
    discriminator_updates: int


class Discriminator(nn.Module):
    """Probability that y follows on the past soil moisture, one linear layer with sigmoid.

    past_sm (batch, step) holds SM_{t-4} .. SM_{t-1}, y (batch,) SM_t or its prediction -> (batch,).
    """

    def __init__(self, n_steps: int = 4):
        super().__init__()
        self.output = nn.Sequential(nn.Linear(n_steps + 1, 1), nn.Sigmoid())

    def forward(self, past_sm: Tensor, y: Tensor) -> Tensor:
        return self.output(torch.cat((past_sm, y.unsqueeze(-1)), dim=-1)).squeeze(-1)


class GANLSTM(nn.Module):
    """An LSTM trained against a discriminator: (batch, step, feature) -> (batch,), the generator.

    ``adversarial[variant]`` says how the two are trained. Section 3.3 speaks of updates of "G and D
    in the ratio 3:1" and goes on that D is updated three times for every G, which ``paper`` takes;
    the released program updates G three times for every D. G ends in a tanh in ``paper``
    (Table A1). ParameterError for an unknown variant.
    """

    adversarial: ClassVar[dict[str, Adversarial]] = {
        "paper": Adversarial(1e-7, 0.0005, 0.001, generator_updates=1, discriminator_updates=3),
        "released": Adversarial(1e-6, 0.001, 0.0005, generator_updates=3, discriminator_updates=1),
    }

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__()
        self.variant = check_variant(variant)
        self.generator = LSTM(n_features, n_steps, variant, bounded=variant == "paper")
        self.discriminator = Discriminator(n_steps)

    def encode(self, x: Tensor) -> Tensor:
        """The generator's last hidden state, (batch, 16)."""
        return self.generator.encode(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.generator(x)

    def discriminate(self, past_sm: Tensor, y: Tensor) -> Tensor:
        """Probability that y is the truth, (batch,), given `past_sm(x)`, (batch, step)."""
        return self.discriminator(past_sm, y)


def past_sm(x: Tensor) -> Tensor:
    """Soil moisture of the days before the target, (batch, step): in x it lags by a day."""
    return x[..., -1]


def binary_cross_entropy(probability: Tensor, label: float) -> Tensor:
    """Mean binary cross-entropy, eq 17, with probabilities kept 1e-7 away from 0 and 1."""
    probability = probability.clamp(1e-7, 1 - 1e-7)
    return -(label * torch.log(probability) + (1 - label) * torch.log1p(-probability)).mean()


def discriminator_loss(p_truth: Tensor, p_prediction: Tensor) -> Tensor:
    """Eq 16: what the discriminator gives the truth should be 1, and the prediction 0."""
    return binary_cross_entropy(p_truth, 1) + binary_cross_entropy(p_prediction, 0)


def generator_loss(
    y: Tensor, prediction: Tensor, p_prediction: Tensor, lambda_bce: float
) -> Tensor:
    """Eq 18: mean square error, and lambda times the error of not being taken for the truth."""
    mse = (prediction - y).square().mean()
    return mse + lambda_bce * binary_cross_entropy(p_prediction, 1)
