"""The ten networks: shapes, structure, parity with torch.nn, and the losses of GAN-LSTM."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn import functional as F

from soilbook.errors import ParameterError
from soilbook.models import NETWORKS, VARIANTS
from soilbook.models.networks import (
    GANLSTM,
    SelfAttention,
    binary_cross_entropy,
    discriminator_loss,
    generator_loss,
    past_sm,
    sine_cosine,
)

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def reference_lstm(lstm, x):
    """States of nn.LSTM with the weights of a stacked LSTM."""
    reference = nn.LSTM(x.shape[-1], 16, num_layers=2, batch_first=True)
    with torch.no_grad():
        for theirs, mine in zip(reference.parameters(), lstm.parameters(), strict=True):
            theirs.copy_(mine)
    return reference(x)[0]


def reference_convolutions(layers, x, padding):
    """Both convolutions by torch, (batch, channel, step)."""
    x = x.transpose(1, 2)
    for layer in (layers[0], layers[2]):
        x = torch.tanh(F.conv1d(x, layer.weight, layer.bias, padding=padding))
    return x


def make(name, variant="paper", n_features=8):
    torch.manual_seed(7)
    return NETWORKS[name](n_features, variant=variant), torch.randn(20, 4, n_features)


def test_cnn():
    network, x = make("1D-CNN")
    maps = reference_convolutions(network.convolutions, x, 0).transpose(1, 2)
    expected = torch.tanh(network.output[0](maps.flatten(1))).squeeze(1)
    torch.testing.assert_close(network(x), expected, **TOLERANCE)


def test_lstm():
    network, x = make("LSTM")
    state = reference_lstm(network.lstm, x)[:, -1]
    torch.testing.assert_close(network.encode(x), state, **TOLERANCE)
    torch.testing.assert_close(network(x), network.output[0](state).squeeze(1), **TOLERANCE)


def test_cnn_lstm():
    network, x = make("CNN-LSTM")
    maps = reference_convolutions(network.convolutions, x, 0).transpose(1, 2)
    state = reference_lstm(network.lstm, maps)[:, -1]
    torch.testing.assert_close(network(x), network.output(state).squeeze(1), **TOLERANCE)


@pytest.mark.parametrize(("variant", "padding"), [("paper", 1), ("released", 0)])
def test_lstm_cnn(variant, padding):
    network, x = make("LSTM-CNN", variant)
    states = reference_lstm(network.lstm, x)
    maps = reference_convolutions(network.convolutions, states, padding).transpose(1, 2)
    expected = torch.tanh(network.output[0](maps.flatten(1))).squeeze(1)
    torch.testing.assert_close(network(x), expected, **TOLERANCE)


@pytest.mark.parametrize(("variant", "padding"), [("paper", 1), ("released", 0)])
def test_cnn_with_lstm(variant, padding):
    network, x = make("CNN-with-LSTM", variant)
    maps = reference_convolutions(network.cnn, x, padding).transpose(1, 2)
    by_cnn = torch.tanh(network.cnn[5](maps.flatten(1)))
    by_lstm = network.lstm.output[0](reference_lstm(network.lstm.lstm, x)[:, -1])
    if variant == "paper":
        by_lstm = torch.tanh(by_lstm)
    joint = torch.tanh(network.joint[0](torch.cat((by_cnn, by_lstm), 1)))
    torch.testing.assert_close(network.encode(x), joint, **TOLERANCE)
    expected = torch.tanh(network.output[0](joint)).squeeze(1)
    torch.testing.assert_close(network(x), expected, **TOLERANCE)


def test_fa_lstm_equations_12_and_13():
    network, x = make("FA-LSTM")
    score = torch.sigmoid(network.feature_attention[0](x)).exp()
    alpha = score / score.sum(2, keepdim=True)
    state = reference_lstm(network.lstm, alpha * x)[:, -1]
    torch.testing.assert_close(network.attention(x)["feature"], alpha, **TOLERANCE)
    torch.testing.assert_close(network(x), network.output(state).squeeze(1), **TOLERANCE)


@pytest.mark.parametrize(("variant", "activation"), [("paper", F.relu), ("released", F.sigmoid)])
def test_ta_lstm_equations_14_and_15(variant, activation):
    network, x = make("TA-LSTM", variant)
    states = reference_lstm(network.lstm, x)
    linear = network.temporal_attention.weigh[0]
    expected = torch.zeros(20, 16)
    for channel in range(16):
        score = activation(states[:, :, channel] @ linear.weight.T + linear.bias)
        beta = score.softmax(1)
        torch.testing.assert_close(network.attention(x)["time"][:, :, channel], beta, **TOLERANCE)
        expected[:, channel] = (beta * states[:, :, channel]).sum(1)
    torch.testing.assert_close(network.encode(x), expected, **TOLERANCE)
    torch.testing.assert_close(network(x), network.output(expected).squeeze(1), **TOLERANCE)


@pytest.mark.parametrize(("variant", "activation"), [("paper", F.relu), ("released", F.sigmoid)])
def test_fta_lstm(variant, activation):
    network, x = make("FTA-LSTM", variant)
    alpha = torch.sigmoid(network.feature_attention[0](x)).softmax(2)
    steps = network.step_output(reference_lstm(network.lstm, alpha * x)).squeeze(2)
    beta = activation(network.temporal_attention.weigh[0](steps)).softmax(1)
    expected = network.output[0](beta * steps).squeeze(1)
    if variant == "paper":
        expected = torch.tanh(expected)
    torch.testing.assert_close(network.attention(x)["feature"], alpha, **TOLERANCE)
    torch.testing.assert_close(network.attention(x)["time"], beta, **TOLERANCE)
    torch.testing.assert_close(network(x), expected, **TOLERANCE)


@pytest.mark.parametrize("name", ["Transformer", "FA-LSTM", "TA-LSTM", "FTA-LSTM"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_attention_weights_sum_to_one(name, variant):
    network, x = make(name, variant, n_features=7)
    axis = {"self": 2, "feature": 2, "time": 1}
    shape = {"self": (20, 5, 5), "feature": (20, 4, 7), "time": (20, 4)}
    for kind, weights in network.attention(x).items():
        assert weights.shape[: len(shape[kind])] == shape[kind]
        assert (weights >= 0).all()
        torch.testing.assert_close(
            weights.sum(axis[kind]), torch.ones_like(weights.sum(axis[kind]))
        )


def test_sine_cosine_equations_9_and_10():
    table = sine_cosine(5, 7)
    assert table.shape == (5, 7)
    for row in range(5):
        for pair in range(4):
            angle = torch.tensor(row / 10000 ** (2 * pair / 7))
            torch.testing.assert_close(table[row, 2 * pair], angle.sin())
            if 2 * pair + 1 < 7:
                torch.testing.assert_close(table[row, 2 * pair + 1], angle.cos())


def test_self_attention_is_that_of_torch():
    """d_k = 4 against nn.MultiheadAttention's d_k = 8: pad with zeros, undo the other scaling."""
    torch.manual_seed(8)
    ours = SelfAttention(8)
    reference = nn.MultiheadAttention(8, 1, bias=False, batch_first=True)
    blank = torch.zeros(4, 8)
    query = torch.cat((ours.query.weight * (8 / 4) ** 0.5, blank))
    parts = (query, ours.key.weight, blank, ours.value.weight, blank)
    with torch.no_grad():
        reference.in_proj_weight.copy_(torch.cat(parts))
        reference.out_proj.weight.copy_(torch.cat((ours.output.weight, blank.T), dim=1))
    rows = torch.randn(20, 5, 8)
    expected, weights = reference(rows, rows, rows)
    torch.testing.assert_close(ours(rows, rows), expected, **TOLERANCE)
    torch.testing.assert_close(ours.weights(rows, rows), weights, **TOLERANCE)


@pytest.mark.parametrize("variant", VARIANTS)
def test_transformer_is_the_first_half_of_an_encoder_layer(variant):
    """With d_k = d_model torch's layer, less its feed-forward half, gives outputs and gradients."""
    network, x = make("Transformer", variant)
    network.self_attention = ours = SelfAttention(8, d_k=8)
    layer = nn.TransformerEncoderLayer(8, 1, 20, dropout=0.0, bias=False, batch_first=True)
    parts = (ours.query.weight, ours.key.weight, ours.value.weight)
    with torch.no_grad():
        layer.self_attn.in_proj_weight.copy_(torch.cat(parts))
        layer.self_attn.out_proj.weight.copy_(ours.output.weight)
        layer.linear2.weight.zero_()
    layer.norm2 = nn.Identity()
    rows = torch.cat((x, network.class_token.expand(20, 1, 8)), 1) + network.positions
    torch.testing.assert_close(network.encode(x), layer(rows)[:, -1], **TOLERANCE)

    expected = network.output(layer(rows)[:, -1]).squeeze(1)
    torch.testing.assert_close(network(x), expected, **TOLERANCE)
    shared = [network.class_token, *network.output.parameters()]
    mine = torch.autograd.grad(network(x).square().sum(), [*parts, ours.output.weight, *shared])
    theirs = torch.autograd.grad(
        expected.square().sum(),
        [layer.self_attn.in_proj_weight, layer.self_attn.out_proj.weight, *shared],
    )
    torch.testing.assert_close(torch.cat(mine[:3]), theirs[0], **TOLERANCE)
    for a, b in zip(mine[3:], theirs[1:], strict=True):
        torch.testing.assert_close(a, b, **TOLERANCE)
    assert mine[4].abs().min() > 0  # the class token learns


def test_transformer_knows_the_order_of_days():
    network, x = make("Transformer")
    assert not torch.allclose(network(x), network(x.flip(1)), atol=1e-4)
    network.positions.zero_()
    torch.testing.assert_close(network(x), network(x.flip(1)), **TOLERANCE)


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


@pytest.fixture
def network():
    torch.manual_seed(9)
    return NETWORKS["GAN-LSTM"](8)


def test_generator_is_the_lstm(network):
    x = torch.randn(6, 4, 8)
    lstm = NETWORKS["LSTM"](8)
    lstm.load_state_dict(network.generator.state_dict())
    torch.testing.assert_close(network(x), torch.tanh(lstm(x)))
    torch.testing.assert_close(network.encode(x), lstm.encode(x))


def test_discriminator_sees_five_values(network):
    x, y = torch.randn(6, 4, 8), torch.randn(6)
    past = past_sm(x)
    torch.testing.assert_close(past, x[:, :, 7])
    linear = network.discriminator.output[0]
    expected = 1 / (1 + torch.exp(-(past @ linear.weight[0, :4] + y * linear.weight[0, 4])
                                  - linear.bias))  # fmt: skip
    torch.testing.assert_close(network.discriminate(past, y), expected)


def test_losses_by_hand():
    half = torch.full((3,), 0.5)
    assert binary_cross_entropy(half, 1).item() == pytest.approx(math.log(2))
    expected = -math.log(0.8) - math.log(0.7)
    loss = discriminator_loss(torch.tensor([0.8]), torch.tensor([0.3]))
    assert loss.item() == pytest.approx(expected)
    y, prediction = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    loss = generator_loss(y, prediction, torch.tensor([0.25, 1.0]), lambda_bce=0.1)
    assert loss.item() == pytest.approx(0.125 + 0.1 * math.log(4) / 2)


def test_cross_entropy_is_that_of_torch():
    p = torch.linspace(0.01, 0.99, 50)
    for label in (0, 1):
        expected = F.binary_cross_entropy(p, torch.full_like(p, label))
        torch.testing.assert_close(binary_cross_entropy(p, label), expected)


@pytest.mark.parametrize("label", [0, 1])
def test_cross_entropy_stays_finite_at_the_ends(label):
    ends = torch.tensor([0.0, 1.0])
    assert torch.isfinite(binary_cross_entropy(ends, label))
    assert torch.isfinite(grad(lambda p: binary_cross_entropy(p, label))(ends)).all()


def test_generator_loss_without_the_second_term_is_the_mean_square_error():
    y, prediction, p = torch.randn(3, 40)
    assert generator_loss(y, prediction, p.sigmoid(), 0.0) == F.mse_loss(prediction, y)


def test_a_few_rounds_teach_the_discriminator_to_tell_truth_from_prediction(network):
    """Truth follows on the past (persistence), a fresh generator does not."""
    torch.manual_seed(10)
    x = torch.randn(400, 4, 8)
    x[:, :, -1] = torch.rand(400, 1) * 2 - 1
    past, truth, prediction = past_sm(x), x[:, -1, -1], torch.zeros(400) + 1
    optimiser = torch.optim.Adam(network.discriminator.parameters(), lr=0.05)

    def loss():
        discriminate = network.discriminate
        return discriminator_loss(discriminate(past, truth), discriminate(past, prediction))

    before = loss().item()
    for _ in range(60):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    assert loss().item() < 0.8 * before
    assert network.discriminate(past, truth).mean() > network.discriminate(past, prediction).mean()


def test_training_of_both_variants():
    assert set(GANLSTM.adversarial) == set(VARIANTS)
    paper, released = GANLSTM.adversarial["paper"], GANLSTM.adversarial["released"]
    assert (paper.lambda_bce, released.lambda_bce) == (1e-7, 1e-6)
    assert (paper.generator_rate, paper.discriminator_rate) == (0.0005, 0.001)
    assert (released.generator_rate, released.discriminator_rate) == (0.001, 0.0005)
    assert (paper.generator_updates, paper.discriminator_updates) == (1, 3)
    assert (released.generator_updates, released.discriminator_updates) == (3, 1)
