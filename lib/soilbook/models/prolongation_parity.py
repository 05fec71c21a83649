"""The three ways to compute eqs 1-8 of Fang et al. (2019) side by side: do they agree?"""

import pandas as pd
import torch
from torch import Tensor, nn

from soilbook.models import dropout
from soilbook.models.dropout import Masks
from soilbook.models.prolongation import PlainProlongation
from soilbook.models.prolongation_fast import Prolongation


class LibraryProlongation(nn.Module):
    """nn.LSTM behind the input layer of eq 1, with the parameters of a fast network.

    It knows no masks: dropout cannot be constant through an instance in nn.LSTM.
    """

    def __init__(self, fast: Prolongation):
        super().__init__()
        self.input, self.output = fast.input, fast.output
        self.lstm = nn.LSTM(fast.n_hidden, fast.n_hidden, batch_first=True)
        with torch.no_grad():
            self.lstm.weight_ih_l0.copy_(fast.weight_x)
            self.lstm.weight_hh_l0.copy_(fast.weight_h)
            self.lstm.bias_ih_l0.copy_(fast.bias)
            self.lstm.bias_hh_l0.zero_()

    def forward(self, x0: Tensor) -> Tensor:
        return self.output(self.lstm(torch.relu(self.input(x0)))[0]).squeeze(-1)


def largest_differences(
    n_features: int, n_hidden: int, rate: float = 0.5, n_batch: int = 20, n_steps: int = 60,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Largest differences of moisture and of the gradient of the input layer's weights.

    One row a pair of ways: fast and plain with dropout at ``rate`` and without, nn.LSTM and plain
    without. Columns: ways, dropout, moisture, gradient (largest of the plain one = 1 each).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        plain = PlainProlongation(n_features, n_hidden, rate)
        x = torch.randn(n_batch, n_steps, n_features)
        masks = {rate: dropout.draw(n_batch, n_hidden, rate)}
    masks[0.0] = dropout.draw(n_batch, n_hidden, 0.0)
    fast = Prolongation.of(plain)
    library = LibraryProlongation(fast)
    rows = [
        _row("fast - plain", kind, _run(plain, x, m), _run(fast, x, m)) for kind, m in masks.items()
    ]
    rows.append(_row("nn.LSTM - plain", 0.0, _run(plain, x, masks[0.0]), _run(library, x)))
    return pd.DataFrame(rows)


def _run(network: nn.Module, x: Tensor, masks: Masks | None = None) -> tuple[Tensor, Tensor]:
    network.zero_grad()
    moisture = network(x) if masks is None else network(x, masks)
    moisture.square().mean().backward()
    return moisture.detach(), network.input.weight.grad.clone()


def _row(ways: str, rate: float, expected: tuple, found: tuple) -> dict:
    apart = [
        float((a - b).abs().max() / a.abs().max()) for a, b in zip(expected, found, strict=True)
    ]
    return {"ways": ways, "dropout": rate, "moisture": apart[0], "gradient": apart[1]}
