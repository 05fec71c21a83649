"""What all ten networks have in common: shapes, size, bounds, vmap, bad input."""

import copy

import pytest
import torch
from torch.func import functional_call, grad, stack_module_state, vmap

from soilbook.errors import ParameterError
from soilbook.models import NETWORKS, VARIANTS

EVERY = [(name, variant) for name in NETWORKS for variant in VARIANTS]


def lstm_size(n_inputs, n_hidden=16):
    """Values of one LSTM layer: four gates of input, recurrent and two bias terms."""
    return 4 * n_hidden * (n_inputs + n_hidden + 2)


def linear_size(n_inputs, n_outputs):
    return n_inputs * n_outputs + n_outputs


def convolutions_size(n_inputs, kernel):
    return linear_size(n_inputs * kernel, 32) + linear_size(32 * kernel, 64)


LSTM_8 = lstm_size(8) + lstm_size(16)
TEMPORAL = linear_size(4, 4)
FEATURE = linear_size(8, 8)
# Hand counts for 8 features and 4 steps by the sizes of Table A1: (paper, released).
SIZES = {
    "1D-CNN": (convolutions_size(8, 2) + linear_size(128, 1),) * 2,
    "LSTM": (LSTM_8 + linear_size(16, 1),) * 2,
    "Transformer": tuple(
        8 + positions + 4 * 8 * 4 + 2 * 8 + linear_size(8, d_ff) + linear_size(d_ff, 1)
        for positions, d_ff in ((0, 20), (5 * 8, 10))
    ),
    "LSTM-CNN": tuple(
        LSTM_8 + convolutions_size(16, kernel) + linear_size(flat, 1)
        for kernel, flat in ((3, 256), (2, 128))
    ),
    "CNN-LSTM": (convolutions_size(8, 2) + lstm_size(64) + lstm_size(16) + linear_size(16, 1),) * 2,
    "CNN-with-LSTM": tuple(
        convolutions_size(8, kernel)
        + linear_size(flat, 1)
        + LSTM_8
        + linear_size(16, 1)
        + linear_size(2, 10)
        + linear_size(10, 1)
        for kernel, flat in ((3, 256), (2, 128))
    ),
    "FA-LSTM": (FEATURE + LSTM_8 + linear_size(16, 1),) * 2,
    "TA-LSTM": (LSTM_8 + TEMPORAL + linear_size(16, 1),) * 2,
    "FTA-LSTM": (FEATURE + LSTM_8 + linear_size(16, 1) + TEMPORAL + linear_size(4, 1),) * 2,
    "GAN-LSTM": (LSTM_8 + linear_size(16, 1) + linear_size(5, 1),) * 2,
}
STATES = {
    "1D-CNN": (128, 128),
    "LSTM": (16, 16),
    "Transformer": (8, 8),
    "LSTM-CNN": (256, 128),
    "CNN-LSTM": (16, 16),
    "CNN-with-LSTM": (10, 10),
    "FA-LSTM": (16, 16),
    "TA-LSTM": (16, 16),
    "FTA-LSTM": (4, 4),
    "GAN-LSTM": (16, 16),
}
BOUNDED = {
    "paper": {"1D-CNN", "LSTM-CNN", "CNN-with-LSTM", "FTA-LSTM", "GAN-LSTM"},
    "released": {"1D-CNN", "LSTM-CNN", "CNN-with-LSTM"},
}


def test_names_of_the_paper():
    assert set(NETWORKS) == set(SIZES)


@pytest.mark.parametrize(("name", "variant"), EVERY)
def test_size_and_state(name, variant):
    network = NETWORKS[name](8, variant=variant)
    which = VARIANTS.index(variant)
    assert sum(p.numel() for p in network.parameters()) == SIZES[name][which]
    assert network.encode(torch.randn(3, 4, 8)).shape == (3, STATES[name][which])


@pytest.mark.parametrize("n_features", [1, 7])
@pytest.mark.parametrize(("name", "variant"), EVERY)
def test_any_number_of_features_and_steps(name, variant, n_features):
    network = NETWORKS[name](n_features, 6, variant)
    assert network(torch.randn(3, 6, n_features)).shape == (3,)


@pytest.mark.parametrize(("name", "variant"), EVERY)
def test_samples_do_not_see_each_other(name, variant):
    torch.manual_seed(4)
    network = NETWORKS[name](8, variant=variant)
    x = torch.randn(5, 4, 8)
    torch.testing.assert_close(network(x)[2:3], network(x[2:3]))


@pytest.mark.parametrize(("name", "variant"), EVERY)
def test_output_is_bounded_where_table_a1_has_a_tanh(name, variant):
    torch.manual_seed(5)
    network = NETWORKS[name](8, variant=variant)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(30)
        reach = network(torch.randn(200, 4, 8)).abs().max()
    assert (reach <= 1) == (name in BOUNDED[variant])


@pytest.mark.parametrize(("name", "variant"), EVERY)
def test_three_networks_at_once_are_the_three_one_by_one(name, variant):
    torch.manual_seed(6)
    networks = [NETWORKS[name](8, variant=variant) for _ in range(3)]
    x, y = torch.randn(3, 10, 4, 8), torch.randn(3, 10)
    base = copy.deepcopy(networks[0]).to("meta")
    parameters, buffers = stack_module_state(networks)

    def loss(parameters, buffers, x, y):
        prediction = functional_call(base, (parameters, buffers), (x,))
        return (prediction - y).square().mean(), prediction

    together, predictions = vmap(grad(loss, has_aux=True))(parameters, buffers, x, y)
    for k, network in enumerate(networks):
        prediction = network(x[k])
        torch.testing.assert_close(predictions[k], prediction, rtol=1e-5, atol=1e-5)
        (prediction - y[k]).square().mean().backward()
        for key, parameter in network.named_parameters():
            if key.startswith("discriminator"):  # no part of the forward pass
                assert parameter.grad is None and not together[key][k].any()
                continue
            assert parameter.grad.any(), key
            torch.testing.assert_close(together[key][k], parameter.grad, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_unknown_variant_says_what_is_allowed(name):
    with pytest.raises(ParameterError, match="unknown variant 'mine'; allowed: paper, released"):
        NETWORKS[name](8, variant="mine")


@pytest.mark.parametrize("name", ["1D-CNN", "CNN-LSTM"])
def test_too_few_steps_for_the_convolutions(name):
    with pytest.raises(ParameterError, match=r"n_steps=2 .* allowed: 3 or more"):
        NETWORKS[name](8, n_steps=2)
