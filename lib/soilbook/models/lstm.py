"""LSTM, section 3.2.1 and Fig. 4a of Wang et al. (2024), doi:10.5194/hess-28-917-2024."""

from torch import Tensor, nn

from soilbook.models.cells import check_variant, stacked_lstm


class LSTM(nn.Module):
    """Two LSTM layers of 16, last hidden state, linear: (batch, step, feature) -> (batch,).

    Eqs 1-6. Table A1 names no activation for the output and the released program has none, so the
    variants are one and the same here. ``bounded`` adds the tanh that Table A1 gives the LSTM
    inside GAN-LSTM and CNN-with-LSTM. ParameterError for an unknown variant.
    """

    def __init__(
        self, n_features: int, n_steps: int = 4, variant: str = "paper", bounded: bool = False
    ):
        super().__init__()
        self.variant = check_variant(variant)
        self.lstm = stacked_lstm(n_features)
        self.output = nn.Sequential(nn.Linear(16, 1), nn.Tanh() if bounded else nn.Identity())

    def encode(self, x: Tensor) -> Tensor:
        """The last hidden state h_t, (batch, 16)."""
        return self.lstm(x)[:, -1]

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.encode(x)).squeeze(-1)
