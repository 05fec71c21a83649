"""GAN-LSTM: its two networks, eqs 16-18, and how it is trained."""

import math

import pytest
import torch
from torch.func import grad
from torch.nn import functional as F

from soilbook.models import NETWORKS, VARIANTS
from soilbook.models.gan import (
    GANLSTM,
    binary_cross_entropy,
    discriminator_loss,
    generator_loss,
    past_sm,
)


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
