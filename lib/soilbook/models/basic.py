"""LSTM, 1D-CNN and Transformer, section 3.2 and Fig. 4 of Wang et al. (2024).

doi:10.5194/hess-28-917-2024.
"""

import math

import torch
from torch import Tensor, nn

from soilbook.models.cells import Network, convolved_steps, stacked_lstm, two_convolutions


class LSTM(Network):
    """Two LSTM layers of 16, last hidden state, linear: (batch, step, feature) -> (batch,).

    Eqs 1-6. Table A1 names no activation for the output and the released program has none, so the
    variants are one and the same here. ``bounded`` adds the tanh that Table A1 gives the LSTM
    inside GAN-LSTM and CNN-with-LSTM. ParameterError for an unknown variant.
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
    """Two convolutions, flatten, linear, tanh: (batch, step, feature) -> (batch,).

    32 and 64 channels, kernel 2, stride 1, no pooling (Table A1), alike in both variants: of 4
    steps 2 are left.
    ParameterError for an unknown variant or fewer than three steps.
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
    """One encoder layer read at a class token: (batch, step, feature) -> (batch,).

    The class token is the row after the last step (eq 11); attention, residual and LayerNorm; then
    a linear to d_ff, tanh, linear on the class token. d_model is the number of features.
    Section 3.2.3 tried both position codings: ``paper`` takes sine-cosine (the one it defines) and
    d_ff 20, ``released`` a learned coding and d_ff 10. Token and learned coding start from a
    standard normal, on which the paper says no more than "randomly".
    ParameterError for an unknown variant.
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
