"""The layer table made from the network itself."""

import pytest
import torch
from torch import nn

from soilbook.errors import ParameterError
from soilbook.models import NETWORKS, VARIANTS, describe


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_rows_hold_every_parameter_of_the_network(name, variant):
    network = NETWORKS[name](7, variant=variant)
    rows = describe(name, n_features=7, variant=variant)
    assert rows == describe(network, n_features=7)
    assert sum(row["parameters"] for row in rows) == sum(p.numel() for p in network.parameters())
    assert len({row["layer"] for row in rows}) == len(rows)


def test_the_cnn_of_table_a1():
    rows = describe("1D-CNN")
    assert [(row["kind"], row["output"], row["parameters"]) for row in rows] == [
        ("Convolution", (3, 32), 8 * 2 * 32 + 32),
        ("Tanh", (3, 32), 0),
        ("Convolution", (2, 64), 32 * 2 * 64 + 64),
        ("Tanh", (2, 64), 0),
        ("Flatten", (128,), 0),
        ("Linear", (1,), 129),
        ("Tanh", (1,), 0),
    ]


def test_parameters_that_are_no_layer_have_rows_too():
    rows = {row["layer"]: row for row in describe("Transformer", variant="released")}
    assert rows["class_token"] == {
        "layer": "class_token",
        "kind": "Parameter",
        "output": (1, 8),
        "parameters": 8,
    }
    assert rows["positions"]["output"] == (5, 8)


def test_discriminator_is_described():
    rows = {row["layer"]: row["parameters"] for row in describe("GAN-LSTM")}
    assert rows["discriminator.output.0"] == 6


def test_a_module_of_ones_own_is_left_as_it_was():
    own = nn.Sequential(nn.Flatten(), nn.Linear(4 * 3, 1), nn.Flatten(0))
    rows = describe(own, n_features=3)
    assert [row["kind"] for row in rows] == ["Flatten", "Linear", "Flatten"]
    assert not any(module._forward_hooks for module in own.modules())
    with pytest.raises(RuntimeError):
        describe(own, n_features=5)
    assert not any(module._forward_hooks for module in own.modules())
    assert own(torch.zeros(2, 4, 3)).shape == (2,)


def test_unknown_name():
    with pytest.raises(ParameterError, match="unknown network 'RNN'; allowed: 1D-CNN, LSTM"):
        describe("RNN")
