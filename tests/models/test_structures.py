"""Each network against its equations, written out with torch's own layers."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from soilbook.models import NETWORKS, VARIANTS
from soilbook.models.basic import SelfAttention, sine_cosine

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
