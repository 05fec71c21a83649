"""The building blocks against torch's own layers: outputs, gradients, start values."""

import pytest
import torch
from torch import nn

from soilbook.errors import ParameterError
from soilbook.models.cells import Convolution, LSTMLayer, convolved_steps, stacked_lstm

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def gradients(outputs, tensors):
    """Gradients of a sum with unequal weights, so that no error cancels."""
    weights = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
    return torch.autograd.grad((outputs * weights).sum(), tensors, materialize_grads=True)


@pytest.mark.parametrize("n_features", [7, 8])
@pytest.mark.parametrize("n_steps", [1, 4, 9])
def test_stacked_lstm_is_nn_lstm(n_features, n_steps):
    torch.manual_seed(1)
    reference = nn.LSTM(n_features, 16, num_layers=2, batch_first=True)
    ours = stacked_lstm(n_features)
    with torch.no_grad():
        for mine, theirs in zip(ours.parameters(), reference.parameters(), strict=True):
            mine.copy_(theirs)
    x = torch.randn(20, n_steps, n_features, requires_grad=True)
    expected, _ = reference(x)
    torch.testing.assert_close(ours(x), expected, **TOLERANCE)
    for mine, theirs in zip(
        gradients(ours(x), [x, *ours.parameters()]),
        gradients(expected, [x, *reference.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, **TOLERANCE)


@pytest.mark.parametrize(("kernel", "padding"), [(1, 0), (2, 0), (3, 0), (3, 1)])
def test_convolution_is_nn_conv1d(kernel, padding):
    torch.manual_seed(2)
    reference = nn.Conv1d(8, 32, kernel, padding=padding)
    ours = Convolution(8, 32, kernel, padding)
    ours.load_state_dict(reference.state_dict())
    x = torch.randn(20, 4, 8, requires_grad=True)
    expected = reference(x.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(ours(x), expected, **TOLERANCE)
    for mine, theirs in zip(
        gradients(ours(x), [x, *ours.parameters()]),
        gradients(expected, [x, *reference.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, **TOLERANCE)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: LSTMLayer(8, 16), lambda: nn.LSTM(8, 16)),
        (lambda: stacked_lstm(8), lambda: nn.LSTM(8, 16, num_layers=2)),
        (lambda: Convolution(8, 32, 2), lambda: nn.Conv1d(8, 32, 2)),
    ],
)
def test_start_values_are_those_of_torch(ours, theirs):
    torch.manual_seed(3)
    mine = list(ours().parameters())
    torch.manual_seed(3)
    for a, b in zip(mine, theirs().parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_convolved_steps():
    assert convolved_steps(4, kernel=2) == 2
    assert convolved_steps(4, kernel=3, padding=1) == 4
    with pytest.raises(ParameterError, match=r"n_steps=4 .* kernel 3; allowed: 5 or more"):
        convolved_steps(4, kernel=3)
    assert convolved_steps(5, kernel=3) == 1
