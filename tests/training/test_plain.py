"""Plain PyTorch, one network at a time, against the trainer of many."""

from functools import partial

import numpy as np
import pytest
import torch
from samples import make_site

from soilbook.models import NETWORKS
from soilbook.training import Settings, Task, train
from soilbook.training.plain import train_alone, with_torchs_layers
from soilbook.training.windows import series

SHORT = {"epochs": 4, "first_choice": 2, "batches_per_epoch": 5, "batch": 20}
ONE = series(make_site(300), 0.05)


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_alone_is_that_of_the_ensemble(name, variant):
    make, task = partial(NETWORKS[name], 4, variant=variant), Task(ONE, name, 1)
    settings = Settings(**SHORT, variant=variant)
    alone, together = train_alone(make, task, settings), train(make, [task], settings)
    assert alone["best_epoch"].item() == together["best_epoch"].item()
    for part in ("parameters", "training_loss", "validation_mse"):
        np.testing.assert_allclose(alone[part], together[part], atol=2e-5, err_msg=part)
        assert alone[part].dims == together[part].dims
    assert set(alone.variables) == set(together.variables)


@pytest.mark.parametrize("n_steps", [3, 6])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_from_windows_of_other_lengths(name, n_steps):
    one = series(make_site(300), 0.05, n_steps=n_steps)
    make, task = partial(NETWORKS[name], 4, n_steps), Task(one, name)
    settings = Settings(**SHORT)
    alone, together = train_alone(make, task, settings), train(make, [task], settings)
    for part in ("parameters", "training_loss", "validation_mse"):
        np.testing.assert_allclose(alone[part], together[part], atol=2e-5, err_msg=part)


def test_it_learns_the_change_where_that_is_asked():
    make, task = partial(NETWORKS["LSTM"], 4), Task(ONE, "LSTM")
    settings = Settings(**SHORT, target="change")
    alone, together = train_alone(make, task, settings), train(make, [task], settings)
    np.testing.assert_allclose(alone["validation_mse"], together["validation_mse"], rtol=1e-4)


@pytest.mark.parametrize("name", ["LSTM-CNN", "CNN-with-LSTM", "GAN-LSTM"])
def test_torchs_layers_compute_the_same_and_none_of_our_own_is_left(name):
    torch.manual_seed(0)
    own, x = NETWORKS[name](5), torch.randn(7, 4, 5)
    expected = own(x)
    changed = with_torchs_layers(own)
    torch.testing.assert_close(changed(x), expected, rtol=1e-5, atol=1e-6)
    assert not any(type(m).__module__ == "soilbook.models.cells" for m in changed.modules())
    assert any(isinstance(m, torch.nn.LSTM) for m in changed.modules())


def test_the_random_state_and_the_number_of_threads_are_left_as_they_were():
    threads = torch.get_num_threads()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    made = train_alone(partial(NETWORKS["1D-CNN"], 4), Task(ONE, "1D-CNN"), Settings(**SHORT))
    assert torch.equal(torch.rand(2), expected)
    assert torch.get_num_threads() == threads
    assert made["seconds_per_100_epochs"].item() > 0
