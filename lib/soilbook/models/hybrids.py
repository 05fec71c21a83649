"""Three ways to join CNN and LSTM, section 3.3.1 and Fig. 5 of Wang et al. (2024).

doi:10.5194/hess-28-917-2024. Table A1 gives LSTM-CNN and CNN-with-LSTM a kernel of 3, and two of
these do not fit into four steps (4 -> 2 -> 0). ``paper`` therefore pads one row of zeros at either
end, which keeps the four steps; ``released`` has the kernel of 2 of the 1D-CNN, unpadded.
"""

import torch
from torch import Tensor, nn

from soilbook.models.basic import LSTM
from soilbook.models.cells import Network, convolved_steps, stacked_lstm, two_convolutions

KERNEL = {"paper": {"kernel": 3, "padding": 1}, "released": {"kernel": 2, "padding": 0}}


class CNNLSTM(Network):
    """Two convolutions, then the LSTM on what they leave: (batch, step, feature) -> (batch,).

    Fig. 5a; kernel 2 and a plain linear output (Table A1 names none) in both variants.
    ParameterError for an unknown variant or fewer than three steps.
    """

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
    """The LSTM, then two convolutions on its states: (batch, step, feature) -> (batch,).

    Fig. 5b; flatten, linear and tanh as in Table A1; kernel by variant, see the module's head.
    ParameterError for an unknown variant or too few steps.
    """

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
    """CNN and LSTM side by side, joined by two linear layers: (batch, step, feature) -> (batch,).

    Fig. 5c; each branch gives one number, the two pass a linear layer of 10 with tanh and one of 1
    with tanh. In ``paper`` the LSTM's number passes a tanh as well (Table A1); in ``released`` it
    does not, like the LSTM alone. Kernel by variant, see the module's head.
    ParameterError for an unknown variant or too few steps.
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
