"""One update of many networks against torch's own optimiser and plain loops."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from soilbook.models import NETWORKS
from soilbook.models.networks import GANLSTM, discriminator_loss, generator_loss, past_sm
from soilbook.training.step import (
    Stack,
    Update,
    adam,
    alternating,
    gather,
    judge,
    least_squares,
    start,
)

STEPS, N_ROWS = 6, 40


def test_adam_is_torchs_adam():
    torch.manual_seed(0)
    parameter = torch.nn.Parameter(torch.randn(3, 20))
    optimiser = torch.optim.Adam([parameter], lr=0.01)
    state = (parameter.detach().clone(), torch.zeros(3, 20), torch.zeros(3, 20))
    scales = Update(adam, (0.01,)).scales(0, 300, torch.device("cpu"))
    for t in range(300):
        gradient = torch.randn(3, 20) * 10.0 ** torch.randint(-6, 2, (20,))
        parameter.grad = gradient
        optimiser.step()
        state = adam(state, gradient, scales[t, 0])
    assert torch.allclose(state[0], parameter, rtol=1e-5, atol=1e-6)


@pytest.fixture
def tensors():
    """Rows, target and the starts of six batches of 12 windows for three networks."""
    torch.manual_seed(1)
    rows = torch.rand(3, N_ROWS, 5) * 2 - 1
    return rows, torch.rand(3, N_ROWS), torch.randint(0, N_ROWS - 5, (STEPS, 3, 12))


def test_gather_takes_four_rows_after_the_start(tensors):
    rows, target, starts = tensors
    x, y = gather(rows, target, starts[0])
    s = starts[0][2, 7]
    assert torch.equal(x[2, 7], rows[2, s + 1 : s + 5])
    assert y[2, 7] == target[2, s + 4]


def run(rule, flat, tensors):
    rows, target, starts = tensors
    state, losses = (flat, torch.zeros_like(flat), torch.zeros_like(flat)), []
    scales = rule.scales(0, STEPS, torch.device("cpu"))
    for t in range(STEPS):
        *state, loss = rule.function(*state, scales[t], rows, target, starts[t])
        losses.append(loss)
    return state[0], torch.stack(losses)


def module_of(make, flat):
    stack = Stack.of(make)
    stack.template.load_state_dict(stack.named(flat.clone()), strict=False)
    return stack.template


@pytest.mark.parametrize("name", ["LSTM", "Transformer", "1D-CNN"])
@pytest.mark.parametrize("target", ["value", "change"])
def test_networks_side_by_side_are_each_trained_by_a_plain_loop(name, target, tensors):
    def make():
        return NETWORKS[name](5)

    flat = torch.stack([start(make, seed) for seed in (3, 4, 5)])
    ended, losses = run(least_squares(Stack.of(make, target), 0.001), flat, tensors)
    for k in range(3):
        module = module_of(make, flat[k])
        optimiser = torch.optim.Adam(module.parameters(), lr=0.001)
        for t in range(STEPS):
            x, y = (part[k] for part in gather(*tensors[:2], tensors[2][t]))
            prediction = module(x) + (x[:, -1, -1] if target == "change" else 0)
            loss = torch.nn.functional.mse_loss(prediction, y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            assert losses[t, k].item() == pytest.approx(loss.item(), rel=1e-5)
        plain = torch.nn.utils.parameters_to_vector(module.parameters())
        assert torch.allclose(ended[k], plain, atol=1e-5)
    assert not torch.allclose(ended, flat, atol=1e-3)


@pytest.mark.parametrize("name", ["1D-CNN", "GAN-LSTM"])
def test_both_targets_compile_to_one(name, tensors, monkeypatch):
    one_turn = {"paper": replace(GANLSTM.adversarial["paper"], discriminator_updates=1)}
    monkeypatch.setattr(GANLSTM, "adversarial", one_turn)  # traced in a third of the time

    def keep(graph, examples):
        graphs.append(graph.code)
        return graph.forward

    graphs, ended = [], []
    flat = torch.stack([start(partial(NETWORKS[name], 5), seed) for seed in (3, 4, 5)])
    for target in ("value", "change"):
        rule = Update.of(Stack.of(partial(NETWORKS[name], 5), target), 0.001, "paper")
        scales = rule.scales(0, 1, torch.device("cpu"))[0]
        torch.compiler.reset()
        step = torch.compile(rule.function, backend=keep, fullgraph=True)
        with torch.no_grad():
            zeros = torch.zeros_like(flat)
            ended.append(step(flat, zeros, zeros, scales, *tensors[:2], tensors[2][0])[0])
    assert graphs[0] == graphs[1] and not torch.equal(*ended)


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_adversarial_turns_are_those_of_a_plain_loop(variant, tensors):
    def make():
        return NETWORKS["GAN-LSTM"](5, variant=variant)

    how = make().adversarial[variant]
    flat = torch.stack([start(make, seed) for seed in (3, 4, 5)])
    ended, losses = run(alternating(Stack.of(make), variant), flat, tensors)
    for k in range(3):
        module = module_of(make, flat[k])
        g, d = module.generator.parameters(), module.discriminator.parameters()
        for_g = torch.optim.Adam(g, lr=how.generator_rate)
        for_d = torch.optim.Adam(d, lr=how.discriminator_rate)
        for t in range(STEPS):
            x, y = (part[k] for part in gather(*tensors[:2], tensors[2][t]))
            past = past_sm(x)
            with torch.no_grad():
                fixed = module(x)
            assert losses[t, k].item() == pytest.approx(
                (fixed - y).square().mean().item(), rel=1e-5
            )
            for _ in range(how.discriminator_updates):
                for_d.zero_grad()
                truth, made = module.discriminate(past, y), module.discriminate(past, fixed)
                discriminator_loss(truth, made).backward()
                for_d.step()
            for _ in range(how.generator_updates):
                for_g.zero_grad()
                made = module(x)
                believed = module.discriminate(past, made)
                generator_loss(y, made, believed, how.lambda_bce).backward()
                for_g.step()
        plain = torch.nn.utils.parameters_to_vector(module.parameters())
        assert torch.allclose(ended[k], plain, atol=1e-5)


def test_judge_weighs_samples(tensors):
    def make():
        return NETWORKS["LSTM"](5)

    flat = torch.stack([start(make, seed) for seed in (3, 4, 5)])
    rows, target, starts = tensors
    weights = torch.zeros(3, 12)
    weights[:, :4] = 0.25
    mses = judge(Stack.of(make))(flat, rows, target, starts[0], weights)
    x, y = gather(rows, target, starts[0])
    for k in range(3):
        error = module_of(make, flat[k])(x[k, :4]) - y[k, :4]
        assert mses[k].item() == pytest.approx(error.square().mean().item(), rel=1e-5)


def test_start_leaves_torchs_random_state_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = start(lambda: torch.nn.Linear(3, 1), 11)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first, start(lambda: torch.nn.Linear(3, 1), 11))
    assert not torch.equal(first, start(lambda: torch.nn.Linear(3, 1), 12))
