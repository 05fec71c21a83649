"""LSTM with feature and temporal attention, section 3.3.2 and Fig. 6 of Wang et al. (2024).

doi:10.5194/hess-28-917-2024. The temporal attention has a ReLU in Table A1 (``paper``) and a
sigmoid in the released program. Table A1 gives it a size of 8; a weight for each of four steps
(eq 15) needs a linear layer over the steps, 4 -> 4, which is what the released program has.
"""

from torch import Tensor, nn

from soilbook.models.cells import Network, stacked_lstm


def feature_attention(n_features: int) -> nn.Sequential:
    """alpha_t = softmax over features of sigmoid(W x_t + b), eq 12: the shape of x is kept."""
    return nn.Sequential(nn.Linear(n_features, n_features), nn.Sigmoid(), nn.Softmax(dim=-1))


class TemporalAttention(nn.Module):
    """beta = softmax over steps of activation(W s + b), eq 14, s the steps of one channel.

    (batch, step, channel) -> the same shape; one W serves all channels.
    """

    def __init__(self, n_steps: int, variant: str):
        super().__init__()
        activation = nn.ReLU() if variant == "paper" else nn.Sigmoid()
        self.weigh = nn.Sequential(nn.Linear(n_steps, n_steps), activation, nn.Softmax(dim=-1))

    def forward(self, states: Tensor) -> Tensor:
        return self.weigh(states.transpose(1, 2)).transpose(1, 2)


class FALSTM(Network):
    """Feature attention before the LSTM (eqs 12, 13): (batch, step, feature) -> (batch,).

    x'_t = alpha_t x_t, alike in both variants. ParameterError for an unknown variant.
    """

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
    """Temporal attention after the LSTM (eqs 14, 15): (batch, step, feature) -> (batch,).

    ParameterError for an unknown variant.
    """

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
    """Feature attention, LSTM, temporal attention (eqs 12-15): (batch, step, feature) -> (batch,).

    A linear layer turns every hidden state into one number, the temporal attention weighs these,
    and a linear layer of the weighted steps ends in a tanh in ``paper`` (Table A1); the released
    program's output is linear. ParameterError for an unknown variant.
    """

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
