"""Training of study 2's LSTM on made-up places, and prediction by it."""

import numpy as np
import pytest
import torch
import xarray as xr
from samples import made_up

from soilbook import costs
from soilbook.errors import ParameterError
from soilbook.models.prolongation import Prolongation
from soilbook.store import Store
from soilbook.training import sequence_trainer
from soilbook.training.sequence_trainer import (
    Run,
    SequenceSettings,
    monte_carlo,
    network,
    predict,
    train_one,
    train_sequences,
)
from soilbook.training.sequences import Sequences, batches

SMALL = SequenceSettings(n_hidden=8, length=20, batch=6, epochs=4, dropout=0.1)
SCALING = xr.Dataset({"target_mean": 0.2, "target_deviation": 0.1})


def test_a_place_without_observation_is_not_drawn_but_predicted():
    x, y = made_up()
    y[2] = np.nan
    sequences = Sequences.of(x, y)
    assert sequences.observed.tolist() == [0, 1, 3, 4, 5]
    marked = Sequences(torch.arange(6 * 60).view(6, 60, 1).float(), sequences.y)
    drawn = torch.cat([x[:, 0, 0] // 60 for x, _ in batches(marked, 20, 6, 20, seed=0, epoch=0)])
    assert sorted(set(drawn.tolist())) == [0, 1, 3, 4, 5]
    trained = train_sequences(sequences, [SMALL])
    assert np.isfinite(trained["training_loss"]).all()
    moisture = predict(trained, SMALL, SCALING, x)
    assert moisture.shape == (1, 6, 60)
    assert np.isfinite(moisture).all()


def test_what_a_place_without_observation_sees_does_not_matter():
    x, y = made_up()
    y[2] = np.nan
    other = x.copy()
    other[2] += 5
    one, two = (train_sequences(Sequences.of(a, y), [SMALL])["parameters"] for a in (x, other))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("optimiser", ["adam", "adadelta"])
def test_training_learns_a_memory(sequences, optimiser):
    settings = SequenceSettings(
        n_hidden=16, length=30, batch=12, epochs=150, dropout=0.0, optimiser=optimiser
    )
    result = train_sequences(sequences, [settings])
    loss = result["training_loss"].values[0]
    assert loss[-5:].mean() < 0.25 * loss[:3].mean()
    assert result["seconds"].shape == (1, 150)


def test_adadelta_is_that_of_the_paper(sequences):
    settings = SequenceSettings(optimiser="adadelta")
    assert settings.rate_at(0.0) == settings.rate_at(0.9) == 1.0
    run = Run(sequences, settings)
    assert isinstance(run.optimiser, torch.optim.Adadelta)


def test_rate_of_adam_falls_along_half_a_cosine():
    settings = SequenceSettings(rate=0.1, last_rate=0.2)
    rates = [settings.rate_at(progress) for progress in (0, 0.5, 1)]
    assert rates == pytest.approx([0.1, 0.06, 0.02])


def test_same_seed_same_network_and_another_seed_another(sequences):
    settings = [SMALL.but(seed=seed) for seed in (0, 0, 1)]
    parameters = train_sequences(sequences, settings, workers=1)["parameters"].values
    assert np.array_equal(parameters[0], parameters[1])
    assert not np.allclose(parameters[0], parameters[2])


def test_an_ensemble_equals_its_networks_trained_alone(sequences):
    settings = [SMALL.but(seed=seed) for seed in (3, 4)]
    together = train_sequences(sequences, settings, workers=2)
    for i, one in enumerate(settings):
        alone = train_sequences(sequences, [one])
        assert np.array_equal(together["parameters"][i], alone["parameters"][0])
    assert together["seed"].values.tolist() == [3, 4]


@pytest.mark.parametrize("averaging", [0.0, 0.9])
@pytest.mark.parametrize("optimiser", ["adam", "adadelta"])
def test_a_training_broken_off_goes_on_to_the_same_result(
    sequences, tmp_path, optimiser, averaging
):
    settings = SMALL.but(epochs=5, optimiser=optimiser, averaging=averaging)
    whole = train_one(sequences, settings)
    store = Store(tmp_path)

    def stop(epoch, _):
        if epoch == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_one(sequences, settings, store, look=stop)
    told = []
    again = train_one(sequences, settings, store, tell=told.append)
    assert told[0] == 3  # the last quarter finished before the break
    assert np.array_equal(again["parameters"], whole["parameters"])
    np.testing.assert_array_equal(again["training_loss"], whole["training_loss"])


def test_a_finished_training_comes_from_the_store(sequences, tmp_path, monkeypatch):
    store = Store(tmp_path)
    first = train_sequences(sequences, [SMALL], store)
    monkeypatch.setattr(sequence_trainer, "Run", None)
    again = train_sequences(sequences, [SMALL], store)
    xr.testing.assert_identical(first, again)
    with pytest.raises(TypeError):  # other data: it would have to train
        train_sequences(Sequences(sequences.x, sequences.y / 2), [SMALL], store)


def test_the_moving_mean_is_kept(sequences):
    plain = Run(sequences, SMALL)
    averaged = Run(sequences, SMALL.but(averaging=0.99))
    path = []
    for _ in range(4):
        plain.epoch()
        averaged.epoch()
        path.append(plain.mean.clone())
    latest = torch.cat([p.detach().flatten() for p in averaged.network.parameters()])
    assert torch.equal(latest, plain.mean)  # averaging does not disturb the training
    assert not torch.equal(averaged.mean, latest)
    assert (averaged.mean - path[1]).norm() < (averaged.mean - path[-1]).norm() + path[-1].norm()


def test_monte_carlo_dropout_spreads_around_the_network(sequences):
    made = network(train_one(sequences, SMALL)["parameters"].values, 3, SMALL)
    x = sequences.x.numpy()
    draws = monte_carlo(made, SCALING, x, n_draws=60)
    assert draws.shape == (60, 6, 60)
    assert (draws.std(0) > 0).all()
    with torch.no_grad():
        plain = made(sequences.x).numpy() * 0.1 + 0.2
    assert np.abs(draws.mean(0) - plain).mean() < draws.std(0).mean()
    np.testing.assert_array_equal(draws, monte_carlo(made, SCALING, x, n_draws=60))
    assert not np.array_equal(draws, monte_carlo(made, SCALING, x, n_draws=60, seed=1))


def test_monte_carlo_needs_draws_and_dropout():
    x = np.zeros((1, 5, 3), np.float32)
    with pytest.raises(ParameterError, match="n_draws is 1; allowed: 2 or more"):
        monte_carlo(Prolongation(3, 4, 0.5), SCALING, x, n_draws=1)
    with pytest.raises(ParameterError, match="without dropout"):
        monte_carlo(Prolongation(3, 4, 0.0), SCALING, x)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("optimiser", "sgd", "allowed: adadelta, adam"),
        ("epochs", 0, "allowed: 1 or more"),
        ("length", -3, "allowed: 1 or more"),
        ("dropout", 1.0, "allowed: below 1"),
        ("averaging", -0.1, "or more"),
        ("rate", 0.0, "allowed: above 0"),
    ],
)
def test_impossible_settings(name, value, line):
    with pytest.raises(ParameterError, match=line):
        SequenceSettings(**{name: value})


def test_an_ensemble_differs_in_its_seeds_alone(sequences):
    with pytest.raises(ParameterError, match="seed alone"):
        train_sequences(sequences, [SMALL, SequenceSettings()])
    with pytest.raises(ParameterError, match="no network"):
        train_sequences(sequences, [])


def test_a_dry_run_counts_what_is_missing_and_a_run_leaves_its_rate(sequences, tmp_path):
    store, members = Store(tmp_path), [SMALL.but(seed=k) for k in range(3)]
    days = SMALL.days(len(sequences.observed), sequences.n_days)
    train_sequences(sequences, members[:2], store)
    with costs.dry_run() as found, pytest.raises(costs.NotMade):
        train_sequences(sequences, members, store)
    (work,) = found.values()
    assert (work.total, work.missing, work.steps, work.how) == (3, 1, days, "cpu")
    rate = costs.measured(work, store)
    assert rate.steps == 2 * days and 0 <= rate.fixed < rate.seconds
    with costs.dry_run() as found:
        train_sequences(sequences, members[:2], store)
    assert [(one.missing, one.steps) for one in found.values()] == [(0, 0)]
