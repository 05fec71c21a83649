"""The fast path of eqs 1-8 of Fang et al. (2019), doi:10.1109/TGRS.2018.2872131.

The same numbers as ``prolongation.PlainProlongation``: the weights of the four gates are stacked,
the products with the inputs are taken out of the loop over days, masks are drawn once.
"""

import math

import torch
from torch import Tensor, nn

from soilbook.models import dropout
from soilbook.models.dropout import Masks
from soilbook.models.prolongation import GATES, PlainProlongation
from soilbook.models.prolongation_steps import EAGER, Kernels, Prolong


class Prolongation(nn.Module):
    """Eqs 1-8: (batch, step, feature) -> moisture of every step, (batch, step).

    Gates are stacked in the order i, f, g, o, as in nn.LSTM, with one bias. Without ``masks`` they
    are drawn in training mode, and D does nothing otherwise. ``kernels`` may be compiled ones.
    """

    def __init__(self, n_features: int, n_hidden: int = 128, dropout_rate: float = 0.5):
        super().__init__()
        self.n_hidden = n_hidden
        self.dropout_rate = dropout.check_rate(dropout_rate)
        self.input = nn.Linear(n_features, n_hidden)
        self.weight_x = nn.Parameter(torch.empty(4 * n_hidden, n_hidden))
        self.weight_h = nn.Parameter(torch.empty(4 * n_hidden, n_hidden))
        self.bias = nn.Parameter(torch.empty(4 * n_hidden))
        for parameter in (self.weight_x, self.weight_h, self.bias):
            nn.init.uniform_(parameter, -1 / math.sqrt(n_hidden), 1 / math.sqrt(n_hidden))
        self.output = nn.Linear(n_hidden, 1)

    @classmethod
    def of(cls, plain: PlainProlongation) -> "Prolongation":
        """The fast network with the parameters of a plain one."""
        network = cls(plain.input.in_features, plain.n_hidden, plain.dropout_rate)
        network.input.load_state_dict(plain.input.state_dict())
        network.output.load_state_dict(plain.output.state_dict())
        with torch.no_grad():
            network.weight_x.copy_(torch.cat([plain.from_x[gate].weight for gate in GATES]))
            network.weight_h.copy_(torch.cat([plain.from_h[gate].weight for gate in GATES]))
            network.bias.copy_(torch.cat([plain.from_x[gate].bias for gate in GATES]))
        return network

    def forward(self, x0: Tensor, masks: Masks | None = None, kernels: Kernels = EAGER) -> Tensor:
        masks = masks or self.masks(x0)
        # The argument of g is doubled, see prolongation_steps.ahead.
        double = x0.new_tensor([1.0, 1.0, 2.0, 1.0]).repeat_interleave(self.n_hidden)
        by_row = double.unsqueeze(1)
        moisture = Prolong.apply(
            x0.transpose(0, 1).contiguous(),
            self.input.weight,
            self.input.bias,
            self.weight_x * by_row,
            self.weight_h * by_row,
            self.bias * double,
            self.output.weight[0],
            self.output.bias,
            *masks,
            kernels,
        )
        return moisture.t()

    masks = PlainProlongation.masks
