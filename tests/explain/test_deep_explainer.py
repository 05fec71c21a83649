"""DeepExplainer: right on layers that it knows, wrong on these networks, and never a crash."""

import numpy as np
import torch
from torch import nn

from soilbook import explain
from soilbook.models import NETWORKS


class Known(nn.Module):
    """Layers that the explainer has rules for."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(32, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, x):
        return self.layers(x)[:, 0]


class WithoutGradient(nn.Module):
    """An operation that no gradient passes."""

    def forward(self, x):
        return x.detach().sum((1, 2))


def test_known_layers_add_up_and_an_lstm_does_not(windows):
    torch.manual_seed(0)
    x, rows = windows(12, (4, 8)), windows(20, (4, 8), seed=1)
    known = explain.deep.deep_explainer_error(Known(), x, rows)
    assert known.largest < 1e-4 and known.reason == ""
    lstm = explain.deep.deep_explainer_error(NETWORKS["LSTM"](8), x, rows)
    assert lstm.largest > 0.05 and lstm.largest >= lstm.mean > 0
    assert any("LSTMLayer" in text for text in lstm.warnings)


def test_an_operation_without_gradient_is_reported(windows):
    found = explain.deep.deep_explainer_error(WithoutGradient(), windows(5), windows(5, seed=1))
    assert found.reason.startswith("RuntimeError: ")
    assert np.isnan(found.largest) and np.isnan(found.mean)
