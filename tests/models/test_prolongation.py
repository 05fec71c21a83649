"""The LSTM of eqs 1-8: what the equations say, and the fast path against them and nn.LSTM."""

import numpy as np
import pytest
import torch
from torch import nn

from soilbook.errors import ParameterError
from soilbook.models.prolongation import (
    DAYS,
    GATES,
    PlainProlongation,
    Prolongation,
    draw_masks,
    follow,
    largest_differences,
)

N_BATCH, N_FEATURES, N_HIDDEN = 5, 7, 12
STEPS = 2 * DAYS + 1  # whole blocks of days and a part of one


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


def inputs(n_steps=STEPS, dtype=torch.float32):
    return torch.randn(N_BATCH, n_steps, N_FEATURES, dtype=dtype)


def pair(rate):
    plain = PlainProlongation(N_FEATURES, N_HIDDEN, rate)
    return plain, Prolongation.of(plain)


def gradients(plain, fast):
    """Gradients of the same parameters of both, by name."""
    names = {"input": "input.weight", "input bias": "input.bias", "output": "output.weight"}
    names["output bias"] = "output.bias"
    both = {
        name: (plain.get_parameter(path).grad, fast.get_parameter(path).grad)
        for name, path in names.items()
    }
    stacked = {"weight_x": ("from_x", "weight"), "weight_h": ("from_h", "weight")}
    for name, (part, kind) in (stacked | {"bias": ("from_x", "bias")}).items():
        gates = [getattr(getattr(plain, part)[gate], kind).grad for gate in GATES]
        both[name] = torch.cat(gates), getattr(fast, name).grad
    return both


@pytest.mark.parametrize("n_steps", [1, DAYS, STEPS])
@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_fast_path_gives_the_outputs_and_gradients_of_the_equations(rate, n_steps):
    plain, fast = pair(rate)
    x = inputs(n_steps)
    masks = draw_masks(N_BATCH, N_HIDDEN, rate)
    outputs = plain(x, masks), fast(x, masks)
    torch.testing.assert_close(*outputs, atol=1e-6, rtol=1e-5)
    weights = torch.randn_like(outputs[0])
    for output in outputs:
        (output * weights).sum().backward()
    for name, (expected, found) in gradients(plain, fast).items():
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5, msg=name)


@pytest.mark.parametrize("path", [0, 1])
def test_without_dropout_both_are_nn_lstm_behind_an_input_layer(path):
    network = pair(0.0)[path]
    fast = network if path else Prolongation.of(network)
    reference = nn.LSTM(N_HIDDEN, N_HIDDEN, batch_first=True)
    with torch.no_grad():
        reference.weight_ih_l0.copy_(fast.weight_x)
        reference.weight_hh_l0.copy_(fast.weight_h)
        reference.bias_ih_l0.copy_(fast.bias)
        reference.bias_hh_l0.zero_()
    x = inputs(40)
    expected = fast.output(reference(torch.relu(fast.input(x)))[0]).squeeze(-1)
    found = network(x)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    weights = torch.randn_like(found)
    (expected * weights).sum().backward()
    of_reference = fast.input.weight.grad.clone()
    fast.zero_grad()
    (found * weights).sum().backward()
    torch.testing.assert_close(network.input.weight.grad, of_reference, atol=1e-5, rtol=1e-5)
    if path:
        torch.testing.assert_close(
            fast.weight_h.grad, reference.weight_hh_l0.grad, atol=1e-5, rtol=1e-5
        )


def test_one_day_by_hand():
    network = PlainProlongation(1, 1, 0.0)
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.5)
    x = 0.5 * 2.0 + 0.5
    gate = 1 / (1 + np.exp(-(0.5 * x + 0.5)))
    s = np.tanh(0.5 * x + 0.5) * gate
    expected = 0.5 * np.tanh(s) * gate + 0.5
    assert network(torch.tensor([[[2.0]]])).item() == pytest.approx(expected, abs=1e-7)


def test_input_layer_is_rectified():
    network = PlainProlongation(1, 4, 0.0)
    nn.init.constant_(network.input.weight, 1.0)
    nn.init.constant_(network.input.bias, 0.0)
    wet, dry, drier = (network(torch.full((1, 3, 1), value)) for value in (1.0, -1.0, -5.0))
    assert torch.equal(dry, drier)
    assert not torch.allclose(wet, dry)


@pytest.mark.parametrize("kind", [PlainProlongation, Prolongation])
def test_masks_are_drawn_in_training_only(kind):
    network = kind(N_FEATURES, N_HIDDEN, 0.5)
    x = inputs()
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_mask_stays_through_an_instance():
    # Day after day of the same weather: the memory settles, which new masks each day would forbid.
    network = Prolongation(N_FEATURES, N_HIDDEN, 0.5)
    still = inputs(1).expand(-1, 300, -1)
    days = network(still)
    assert (days[:, -1] - days[:, -2]).abs().max() < 1e-5
    assert not torch.allclose(days[:, -1], network(still)[:, -1], atol=1e-3)


@pytest.mark.parametrize("name", ["x", "h", "g"])
def test_every_mask_has_its_effect(name):
    plain, fast = pair(0.5)
    masks = draw_masks(N_BATCH, N_HIDDEN, 0.0)
    closed = masks._replace(**{name: torch.zeros(N_BATCH, N_HIDDEN)})
    x = inputs()
    for network in (plain, fast):
        assert not torch.allclose(network(x, masks), network(x, closed), atol=1e-4)
    if name == "g":  # nothing enters the memory cell, which stays empty: h = 0
        expected = fast.output.bias.expand(N_BATCH, STEPS)
        torch.testing.assert_close(fast(x, closed), expected)


def test_masks_are_scaled_and_independent():
    masks = draw_masks(400, 50, 0.3, torch.Generator().manual_seed(0))
    for mask in masks:
        assert mask.unique().tolist() == pytest.approx([0, 1 / 0.7])
        assert mask.mean().item() == pytest.approx(1, abs=0.02)
    correlation = np.corrcoef([mask.flatten().numpy() for mask in masks])
    assert np.abs(correlation - np.eye(3)).max() < 0.03


def test_masks_follow_from_the_generator():
    one, two, other = (
        draw_masks(3, 8, 0.5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one.h, two.h)
    assert not torch.equal(one.h, other.h)


@pytest.mark.parametrize("rate", [-0.1, 1.0])
@pytest.mark.parametrize("kind", [PlainProlongation, Prolongation])
def test_impossible_dropout(kind, rate):
    with pytest.raises(ParameterError, match="allowed: 0 or more and below 1"):
        kind(N_FEATURES, N_HIDDEN, rate)


def test_no_gradient_is_kept_for_prediction():
    _, fast = pair(0.0)
    with torch.no_grad():
        moisture = fast(inputs())
    assert moisture.grad_fn is None
    assert moisture.shape == (N_BATCH, STEPS)


def made():
    torch.manual_seed(0)
    return Prolongation(5, 8, 0.5).eval(), torch.randn(3, 20, 5)


def test_followed_day_by_day_it_is_the_same_network():
    network, x0 = made()
    with torch.no_grad():
        torch.testing.assert_close(follow(network, x0)[0], network(x0), rtol=0, atol=1e-6)


def test_taken_up_at_any_day_it_goes_on_as_if_it_had_not_stopped():
    network, x0 = made()
    with torch.no_grad():
        whole, memories = follow(network, x0)
        assert len(memories) == 20
        for day in (0, 7, 18):
            rest, _ = follow(network, x0[:, day + 1 :], memories[day])
            torch.testing.assert_close(rest, whole[:, day + 1 :], rtol=0, atol=1e-6)


def test_another_future_leaves_the_past_alone():
    network, x0 = made()
    with torch.no_grad():
        whole, memories = follow(network, x0)
        branched, _ = follow(network, x0[:, 10:] + 1, memories[9])
    assert (branched - whole[:, 10:]).abs().min() > 0


def test_all_ways_agree_to_rounding():
    table = largest_differences(5, 16, n_batch=4, n_steps=20)
    assert table["ways"].tolist() == ["fast - plain", "fast - plain", "nn.LSTM - plain"]
    assert table["dropout"].tolist() == [0.5, 0.0, 0.0]
    assert (table[["moisture", "gradient"]] < 1e-5).all(axis=None)


def test_another_network_is_seen_to_differ(monkeypatch):
    def forgetful(plain, of=Prolongation.of):
        network = of(plain)
        nn.init.zeros_(network.weight_h)
        return network

    monkeypatch.setattr(Prolongation, "of", forgetful)
    table = largest_differences(5, 8, n_batch=2, n_steps=9)
    assert (table[["moisture", "gradient"]] > 1e-3).all(axis=None)
