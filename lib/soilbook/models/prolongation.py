"""The LSTM of Fang et al. (2019), section II-B, eqs 1-8, doi:10.1109/TGRS.2018.2872131.

``PlainProlongation`` is the paper's equations, gate by gate and day by day: the text to read.
``prolongation_fast.Prolongation`` computes the same and is the one to train.
"""

import torch
from torch import Tensor, nn

from soilbook.models import dropout
from soilbook.models.dropout import Masks

GATES = ("i", "f", "g", "o")  # the order of nn.LSTM


class PlainProlongation(nn.Module):
    """Eqs 1-8: (batch, step, feature) -> moisture of every step, (batch, step).

    ``dropout`` is the share of connections that D sets to zero. Without ``masks`` they are drawn
    when the module is in training mode, and D does nothing otherwise.
    """

    def __init__(self, n_features: int, n_hidden: int = 128, dropout_rate: float = 0.5):
        super().__init__()
        self.n_hidden = n_hidden
        self.dropout_rate = dropout.check_rate(dropout_rate)
        self.input = nn.Linear(n_features, n_hidden)
        self.from_x = nn.ModuleDict({gate: nn.Linear(n_hidden, n_hidden) for gate in GATES})
        self.from_h = nn.ModuleDict(
            {gate: nn.Linear(n_hidden, n_hidden, bias=False) for gate in GATES}
        )
        self.output = nn.Linear(n_hidden, 1)

    def forward(self, x0: Tensor, masks: Masks | None = None) -> Tensor:
        masks = masks or self.masks(x0)
        h = s = x0.new_zeros(len(x0), self.n_hidden)
        moisture = []
        for x0_t in x0.unbind(1):
            x = torch.relu(self.input(x0_t))  # eq 1
            dx, dh = x * masks.x, h * masks.h
            g = torch.tanh(self.from_x["g"](dx) + self.from_h["g"](dh))  # eq 2
            i = torch.sigmoid(self.from_x["i"](dx) + self.from_h["i"](dh))  # eq 3
            f = torch.sigmoid(self.from_x["f"](dx) + self.from_h["f"](dh))  # eq 4
            o = torch.sigmoid(self.from_x["o"](dx) + self.from_h["o"](dh))  # eq 5
            s = g * masks.g * i + s * f  # eq 6
            h = torch.tanh(s) * o  # eq 7
            moisture.append(self.output(h).squeeze(-1))  # eq 8
        return torch.stack(moisture, dim=1)

    def masks(self, x0: Tensor) -> Masks:
        """Masks of a batch: drawn in training mode, without effect otherwise."""
        rate = self.dropout_rate if self.training else 0.0
        return dropout.draw(len(x0), self.n_hidden, rate, device=x0.device)
