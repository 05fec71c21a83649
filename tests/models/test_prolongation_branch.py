"""The network stopped and taken up again is the network run through."""

import torch

from soilbook.models.prolongation_branch import follow
from soilbook.models.prolongation_fast import Prolongation


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
