"""The LSTM layer of many networks against the equations, network by network."""

import pytest
import torch
from torch.func import functional_call, vmap

from soilbook.models import recurrence
from soilbook.models.cells import LSTMLayer

N, BATCH, STEPS, INPUTS, HIDDEN = 3, 11, 4, 5, 7


@pytest.fixture
def layer():
    return LSTMLayer(INPUTS, HIDDEN).double()


@pytest.fixture
def tensors(layer):
    """Parameters and inputs of three networks, gates from idle to saturated, and weights of the
    states in a loss."""
    torch.manual_seed(0)
    named = {k: torch.randn(N, *p.shape).double() for k, p in layer.named_parameters()}
    x = 3 * torch.randn(N, BATCH, STEPS, INPUTS).double()
    return named, x, torch.randn(N, BATCH, STEPS, HIDDEN).double()


def leaves(named, x):
    return [one.clone().requires_grad_() for one in (*named.values(), x)]


@pytest.mark.parametrize("n_steps", [1, STEPS])
def test_many_networks_are_each_the_equations_with_their_gradient(layer, tensors, n_steps):
    named, x, weights = tensors
    x, weights = x[:, :, :n_steps], weights[:, :, :n_steps]

    def loss(named, x, weights):
        return (functional_call(layer, named, (x,)) * weights).sum()

    ours, theirs = leaves(named, x), leaves(named, x)
    run = recurrence.together(vmap(loss))
    together = run(dict(zip(named, ours, strict=False)), ours[-1], weights)
    together.sum().backward()
    alone = torch.stack([
        loss({k: p[i] for k, p in zip(named, theirs, strict=False)}, theirs[-1][i], weights[i])
        for i in range(N)
    ])  # fmt: skip
    alone.sum().backward()
    assert torch.allclose(together, alone, atol=1e-12)
    for one, other in zip(ours, theirs, strict=True):
        expected = torch.zeros(()) if other.grad is None else other.grad  # one step: no recurrence
        assert (one.grad - expected).abs().max() < 1e-12
    assert theirs[0].grad.abs().max() > 1e-3


def test_inputs_or_parameters_may_be_shared_and_inputs_need_no_gradient(layer, tensors):
    named, x, _ = tensors
    one = {k: p[1].clone().requires_grad_() for k, p in named.items()}

    def states(named, x):
        return functional_call(layer, named, (x,))

    shared_x = recurrence.together(vmap(states, in_dims=(0, None)))(named, x[0])
    shared_parameters = recurrence.together(vmap(states, in_dims=(None, 0)))(one, x)
    for i in range(N):
        own = {k: p[i] for k, p in named.items()}
        assert torch.allclose(shared_x[i], states(own, x[0]), atol=1e-12)
        assert torch.allclose(shared_parameters[i], states(one, x[i]), atol=1e-12)
    given = torch.autograd.grad(shared_parameters.sum(), list(one.values()), retain_graph=True)
    asked = torch.autograd.grad(sum(states(one, x[i]).sum() for i in range(N)), list(one.values()))
    assert all(torch.allclose(a, b, atol=1e-11) for a, b in zip(given, asked, strict=True))


def test_only_inside_of_together_are_networks_at_once():
    seen = []

    def look():
        seen.append(recurrence.at_once())
        raise ValueError

    assert not recurrence.at_once()
    with pytest.raises(ValueError):
        recurrence.together(look)()
    assert seen == [True]
    assert not recurrence.at_once()
