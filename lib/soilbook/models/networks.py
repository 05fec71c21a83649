"""The ten networks of Wang et al. (2024), section 3, doi:10.5194/hess-28-917-2024.

Each maps (batch, step, feature) to (batch,) and raises ParameterError for an unknown variant, and
one with convolutions for too few steps. The variants ``paper`` and ``released`` are the text with
Table A1 and the authors' program; blocks that several share stand in ``cells``.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from soilbook.models.cells import (
    Network,
    check_variant,
    convolved_steps,
    stacked_lstm,
    two_convolutions,
)


class LSTM(Network):
    """Two LSTM layers of 16, last hidden state, linear.

    Section 3.2 and Fig. 4, eqs 1-6. Table A1 names no activation for the output and the released
    program has none, so the variants are one and the same here. ``bounded`` adds the tanh that
    Table A1 gives the LSTM inside GAN-LSTM and CNN-with-LSTM.
    """

    def __init__(
        self, n_features: int, n_steps: int = 4, variant: str = "paper", bounded: bool = False
    ):
        super().__init__(variant)
        self.lstm = stacked_lstm(n_features)
        self.output = nn.Sequential(nn.Linear(16, 1), nn.Tanh() if bounded else nn.Identity())

    def encode(self, x: Tensor) -> Tensor:
        """The last hidden state h_t, (batch, 16)."""
        return self.lstm(x)[:, -1]


class CNN(Network):
    """Two convolutions, flatten, linear, tanh.

    32 and 64 channels, kernel 2, stride 1, no pooling (Table A1), alike in both variants: of 4
    steps 2 are left, and three are needed.
    """

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        n_left = convolved_steps(n_steps, kernel=2)
        self.convolutions = two_convolutions(n_features, kernel=2)
        self.flatten = nn.Flatten()
        self.output = nn.Sequential(nn.Linear(64 * n_left, 1), nn.Tanh())

    def encode(self, x: Tensor) -> Tensor:
        """The flattened output of the second convolution, (batch, 128) for 4 steps."""
        return self.flatten(self.convolutions(x))


class SelfAttention(nn.Module):
    """Attention of one head with d_k = d_v, eqs 7 and 8.

    asking (batch, asking row, d_model), rows (batch, row, d_model) -> the shape of ``asking``.
    The equations have matrices without biases; W_O leads back from d_v to d_model.
    """

    def __init__(self, d_model: int, d_k: int = 4):
        super().__init__()
        self.query = nn.Linear(d_model, d_k, bias=False)
        self.key = nn.Linear(d_model, d_k, bias=False)
        self.value = nn.Linear(d_model, d_k, bias=False)
        self.output = nn.Linear(d_k, d_model, bias=False)

    def weights(self, asking: Tensor, rows: Tensor) -> Tensor:
        """S_A of eq 7, (batch, asking row, row); the weights of one asking row sum to one."""
        query, key = self.query(asking), self.key(rows)
        return torch.softmax(query @ key.transpose(1, 2) / math.sqrt(key.shape[-1]), dim=-1)

    def forward(self, asking: Tensor, rows: Tensor) -> Tensor:
        return self.output(self.weights(asking, rows) @ self.value(rows))


def sine_cosine(n_rows: int, d_model: int) -> Tensor:
    """Position coding of eqs 9 and 10, (row, d_model); an odd d_model ends on a sine."""
    position = torch.arange(n_rows).unsqueeze(1)
    even = torch.arange(0, d_model, 2)
    angle = position / 10000 ** (even / d_model)
    return torch.stack((torch.sin(angle), torch.cos(angle)), dim=-1).flatten(1)[:, :d_model]


class Transformer(Network):
    """One encoder layer read at a class token, section 3.2.3.

    The class token is the row after the last step (eq 11); attention, residual and LayerNorm; then
    a linear to d_ff, tanh, linear on the class token. d_model is the number of features.
    The section tried both position codings: ``paper`` takes sine-cosine (the one it defines) and
    d_ff 20, ``released`` a learned coding and d_ff 10. Token and learned coding start from a
    standard normal, on which the paper says no more than "randomly".
    """

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        d_ff = 20 if variant == "paper" else 10
        self.class_token = nn.Parameter(torch.randn(1, n_features))
        if variant == "paper":
            self.register_buffer("positions", sine_cosine(n_steps + 1, n_features))
        else:
            self.positions = nn.Parameter(torch.randn(n_steps + 1, n_features))
        self.self_attention = SelfAttention(n_features)
        self.norm = nn.LayerNorm(n_features)
        self.output = nn.Sequential(nn.Linear(n_features, d_ff), nn.Tanh(), nn.Linear(d_ff, 1))

    def _rows(self, x: Tensor) -> Tensor:
        """I_E of eq 11, (batch, step + 1, feature)."""
        token = self.class_token.expand(x.shape[0], 1, -1)
        return torch.cat((x, token), dim=1) + self.positions

    def encode(self, x: Tensor) -> Tensor:
        """The class token after the encoder layer, (batch, feature)."""
        rows = self._rows(x)
        # One layer mixes rows once, so only the token has to ask: the other outputs are not used.
        token = rows[:, -1:]
        return self.norm(token + self.self_attention(token, rows)).squeeze(1)

    def attention(self, x: Tensor) -> dict[str, Tensor]:
        """Under "self": S_A of eq 7, (batch, step + 1, step + 1), last row the class token's."""
        rows = self._rows(x)
        return {"self": self.self_attention.weights(rows, rows)}


# Table A1 gives LSTM-CNN and CNN-with-LSTM a kernel of 3, and two of these do not fit into four
# steps (4 -> 2 -> 0). ``paper`` therefore pads one row of zeros at either end, which keeps the four
# steps; ``released`` has the kernel of 2 of the 1D-CNN, unpadded.
KERNEL = {"paper": {"kernel": 3, "padding": 1}, "released": {"kernel": 2, "padding": 0}}


class CNNLSTM(Network):
    """Two convolutions, then the LSTM on what they leave. Section 3.3.1, Fig. 5a; kernel 2 and a
    plain linear output (Table A1 names none) in both variants."""

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        convolved_steps(n_steps, kernel=2)
        self.convolutions = two_convolutions(n_features, kernel=2)
        self.lstm = stacked_lstm(64)
        self.output = nn.Linear(16, 1)

    def encode(self, x: Tensor) -> Tensor:
        """The last hidden state, (batch, 16)."""
        return self.lstm(self.convolutions(x))[:, -1]


class LSTMCNN(Network):
    """The LSTM, then two convolutions on its states. Fig. 5b; flatten, linear and tanh as in Table
    A1; kernel by variant, see KERNEL."""

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        n_left = convolved_steps(n_steps, **KERNEL[variant])
        self.lstm = stacked_lstm(n_features)
        self.convolutions = two_convolutions(16, **KERNEL[variant])
        self.flatten = nn.Flatten()
        self.output = nn.Sequential(nn.Linear(64 * n_left, 1), nn.Tanh())

    def encode(self, x: Tensor) -> Tensor:
        """The flattened convolutions; of 4 steps (batch, 256) in ``paper``, 128 in ``released``."""
        return self.flatten(self.convolutions(self.lstm(x)))


class CNNWithLSTM(Network):
    """CNN and LSTM side by side, joined by two linear layers.

    Fig. 5c; each branch gives one number, the two pass a linear layer of 10 with tanh and one of 1
    with tanh. In ``paper`` the LSTM's number passes a tanh as well (Table A1); in ``released`` it
    does not, like the LSTM alone. Kernel by variant, see KERNEL.
    """

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        n_left = convolved_steps(n_steps, **KERNEL[variant])
        self.cnn = nn.Sequential(
            *two_convolutions(n_features, **KERNEL[variant]),
            nn.Flatten(),
            nn.Linear(64 * n_left, 1),
            nn.Tanh(),
        )
        self.lstm = LSTM(n_features, n_steps, variant, bounded=variant == "paper")
        self.joint = nn.Sequential(nn.Linear(2, 10), nn.Tanh())
        self.output = nn.Sequential(nn.Linear(10, 1), nn.Tanh())

    def encode(self, x: Tensor) -> Tensor:
        """The joint layer, (batch, 10)."""
        return self.joint(torch.cat((self.cnn(x), self.lstm(x).unsqueeze(-1)), dim=-1))


def feature_attention(n_features: int) -> nn.Sequential:
    """alpha_t = softmax over features of sigmoid(W x_t + b), eq 12: the shape of x is kept."""
    return nn.Sequential(nn.Linear(n_features, n_features), nn.Sigmoid(), nn.Softmax(dim=-1))


class TemporalAttention(nn.Module):
    """beta = softmax over steps of activation(W s + b), eq 14, s the steps of one channel.

    (batch, step, channel) -> the same shape; one W serves all channels. The activation is a ReLU in
    Table A1 (``paper``) and a sigmoid in the released program. Table A1 gives a size of 8; a weight
    for each of four steps (eq 15) needs 4 -> 4, which is what the released program has.
    """

    def __init__(self, n_steps: int, variant: str):
        super().__init__()
        activation = nn.ReLU() if variant == "paper" else nn.Sigmoid()
        self.weigh = nn.Sequential(nn.Linear(n_steps, n_steps), activation, nn.Softmax(dim=-1))

    def forward(self, states: Tensor) -> Tensor:
        return self.weigh(states.transpose(1, 2)).transpose(1, 2)


class FALSTM(Network):
    """Feature attention before the LSTM, section 3.3.2, Fig. 6, eqs 12 and 13: x'_t = alpha_t x_t,
    alike in both variants."""

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        self.feature_attention = feature_attention(n_features)
        self.lstm = stacked_lstm(n_features)
        self.output = nn.Linear(16, 1)

    def attention(self, x: Tensor) -> dict[str, Tensor]:
        """Under "feature": alpha, (batch, step, feature); a step's weights sum to one."""
        return {"feature": self.feature_attention(x)}

    def encode(self, x: Tensor) -> Tensor:
        """The last hidden state, (batch, 16)."""
        return self.lstm(self.feature_attention(x) * x)[:, -1]


class TALSTM(Network):
    """Temporal attention after the LSTM, eqs 14 and 15."""

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        self.lstm = stacked_lstm(n_features)
        self.temporal_attention = TemporalAttention(n_steps, variant)
        self.output = nn.Linear(16, 1)

    def attention(self, x: Tensor) -> dict[str, Tensor]:
        """Under "time": beta, (batch, step, 16); a channel's weights of the steps sum to one."""
        return {"time": self.temporal_attention(self.lstm(x))}

    def encode(self, x: Tensor) -> Tensor:
        """H_att of eq 15, (batch, 16)."""
        states = self.lstm(x)
        return (self.temporal_attention(states) * states).sum(dim=1)


class FTALSTM(Network):
    """Feature attention, LSTM, temporal attention, eqs 12-15. A linear layer turns every hidden
    state into one number, the temporal attention weighs these, and a linear layer of the weighted
    steps ends in a tanh in ``paper`` (Table A1); the released program's output is linear."""

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__(variant)
        self.feature_attention = feature_attention(n_features)
        self.lstm = stacked_lstm(n_features)
        self.step_output = nn.Linear(16, 1)
        self.temporal_attention = TemporalAttention(n_steps, variant)
        activation = nn.Tanh() if variant == "paper" else nn.Identity()
        self.output = nn.Sequential(nn.Linear(n_steps, 1), activation)

    def _steps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Feature weights alpha, and one number for every step, (batch, step, 1)."""
        alpha = self.feature_attention(x)
        return alpha, self.step_output(self.lstm(alpha * x))

    def attention(self, x: Tensor) -> dict[str, Tensor]:
        """Under "feature": alpha, (batch, step, feature), and "time": beta, (batch, step)."""
        alpha, steps = self._steps(x)
        return {"feature": alpha, "time": self.temporal_attention(steps).squeeze(-1)}

    def encode(self, x: Tensor) -> Tensor:
        """The weighted steps, (batch, step)."""
        _, steps = self._steps(x)
        return (self.temporal_attention(steps) * steps).squeeze(-1)


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
    """An LSTM, the generator, trained against a discriminator.

    Section 3.3, Fig. 7; ``adversarial[variant]`` says how the two are trained. The text speaks of
    updates of "G and D in the ratio 3:1" and goes on that D is updated three times for every G,
    which ``paper`` takes; the released program updates G three times for every D. G ends in a tanh
    in ``paper`` (Table A1).
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
