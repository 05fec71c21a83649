"""Figs 4-7 of Wang et al. (2024): networks drawn from their own modules, not from a picture.

doi:10.5194/hess-28-917-2024. A box is a layer or a function that the module runs, with the shape of
its output for one sample and its number of trained parameters. Change a module and its drawing
changes.
"""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor, nn

from soilbook.errors import ParameterError, unknown
from soilbook.figures.architecture_drawing import draw_panels, shape_text
from soilbook.figures.architecture_trace import Box, trace
from soilbook.models import NETWORKS
from soilbook.models.gan import discriminator_loss, generator_loss, past_sm

BATCH = 2  # samples of a trace; the shapes shown are those of one


def draw(network, n_features: int = 8, n_steps: int = 4, variant: str = "paper", parts=()):
    """Draw one network: a name out of NETWORKS, or a module (batch, step, feature) -> (batch,).

    Sub-modules named in ``parts`` are drawn as one box each. ParameterError for an unknown name.
    """
    title = network if isinstance(network, str) else type(network).__name__
    return draw_panels({title: boxes(network, n_features, n_steps, variant, parts)})


def boxes(
    network, n_features: int = 8, n_steps: int = 4, variant: str = "paper", parts=(), frames=()
) -> list[Box]:
    """Boxes of a network, a name or a module; see `architecture_trace.trace` for the others."""
    if isinstance(network, str):
        if network not in NETWORKS:
            raise unknown("network", network, NETWORKS)
        network = NETWORKS[network](n_features, n_steps, variant)
    sample = _sample(network, n_steps, n_features)
    return trace(network, {"input": sample}, parts, frames)


def panels(
    figure: str, n_features: int = 8, n_steps: int = 4, variant: str = "paper"
) -> dict[str, list[Box]]:
    """Boxes of each panel of a figure of the paper, "4", "5", "6" or "7", by the panel's title.

    ParameterError for another figure, an unknown variant or less than one feature.
    """
    if figure not in FIGURES:
        raise unknown("figure of architectures", figure, FIGURES)
    if n_features < 1:
        raise ParameterError(f"n_features={n_features} is not allowed; allowed: 1 or more")
    return {title: make(n_features, n_steps, variant) for title, make in FIGURES[figure].items()}


def data(panels: dict[str, list[Box]]) -> pd.DataFrame:
    """What is drawn, one row a box: panel, box, kind, title, layer, output, parameters, inputs."""
    rows = [
        {
            "panel": panel,
            "box": number,
            "kind": box.kind,
            "title": box.title.replace("\n", ", "),
            "layer": box.layer,
            "output": shape_text(box.output),
            "parameters": box.parameters,
            "inputs": " ".join(map(str, box.inputs)),
        }
        for panel, drawn in panels.items()
        for number, box in enumerate(drawn)
    ]
    return pd.DataFrame(rows)


def _sample(module: nn.Module, *shape: int) -> Tensor:
    """A batch of the given shape where the module is."""
    like = next(module.parameters(), torch.zeros(()))
    return like.detach().new_zeros((BATCH, *shape))


def _network(name: str, parts=(), frames=()) -> Callable[..., list[Box]]:
    return lambda *shape: boxes(name, *shape, parts=parts, frames=frames)


def _self_attention(n_features: int, n_steps: int, variant: str) -> list[Box]:
    """The self-attention inside the Transformer, asked by the class token alone."""
    inside = NETWORKS["Transformer"](n_features, n_steps, variant).self_attention
    rows = {
        "class token": _sample(inside, 1, n_features),
        "days and token": _sample(inside, n_steps + 1, n_features),
    }
    return trace(inside, rows, output="answer to the token")


class _Loss(nn.Module):
    """A loss as one box of a drawing, by the name in ``drawn_as``."""

    def __init__(self, drawn_as: str, function: Callable):
        super().__init__()
        self.drawn_as, self.function = drawn_as, function

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.function(*tensors)


class _Round(nn.Module):
    """What a round of GAN-LSTM's training computes: x and the truth y -> both losses."""

    def __init__(self, network: nn.Module):
        super().__init__()
        way = network.adversarial[network.variant]
        self.generator, self.discriminator = network.generator, network.discriminator
        self.loss_d = _Loss(
            "discriminator's loss, eq 16\n"
            f"updates a round: {way.discriminator_updates}, rate {way.discriminator_rate:g}",
            discriminator_loss,
        )
        self.loss_g = _Loss(
            f"generator's loss, eq 18, λ = {way.lambda_bce:g}\n"
            f"updates a round: {way.generator_updates}, rate {way.generator_rate:g}",
            lambda y, guess, p: generator_loss(y, guess, p, way.lambda_bce),
        )

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        guess, past = self.generator(x), past_sm(x)
        p_truth = self.discriminator(past, y)
        p_guess = self.discriminator(past, guess)
        return self.loss_d(p_truth, p_guess), self.loss_g(y, guess, p_guess)


def _gan(n_features: int, n_steps: int, variant: str) -> list[Box]:
    network = NETWORKS["GAN-LSTM"](n_features, n_steps, variant)
    inputs = {"input": _sample(network, n_steps, n_features), "truth": _sample(network)}
    frames = ("generator", "discriminator")
    return trace(_Round(network), inputs, frames=frames, output="")


# FIGURES[figure of the paper][title of the panel](n_features, n_steps, variant) -> boxes.
FIGURES = {
    "4": {
        "LSTM": _network("LSTM"),
        "1D-CNN": _network("1D-CNN"),
        "Transformer": _network("Transformer", parts=("self_attention",)),
        "Self-attention": _self_attention,
    },
    "5": {
        "CNN-LSTM": _network("CNN-LSTM"),
        "LSTM-CNN": _network("LSTM-CNN"),
        "CNN-with-LSTM": _network("CNN-with-LSTM", frames=("cnn", "lstm")),
    },
    "6": {
        "FTA-LSTM": _network("FTA-LSTM", parts=("feature_attention", "lstm", "temporal_attention")),
        "Feature attention (FA-LSTM)": _network(
            "FA-LSTM", parts=("lstm",), frames=("feature_attention",)
        ),
        "Temporal attention (TA-LSTM)": _network(
            "TA-LSTM", parts=("lstm",), frames=("temporal_attention",)
        ),
    },
    "7": {"GAN-LSTM": _gan},
}
