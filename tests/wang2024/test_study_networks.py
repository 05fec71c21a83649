"""Networks of study 1, on one whose forecast is known from its only parameter."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from soilbook import models
from soilbook.store import Store
from soilbook.wang2024 import forecasts
from soilbook.wang2024 import forecasts as networks
from soilbook.wang2024 import runs as insitu

EPOCHS = 8


class Drift(nn.Module):
    """Moisture changes by the same amount every day; the amount is learnt."""

    def __init__(self, n_features, n_steps=4, variant="paper"):
        super().__init__()
        self.asked = n_features, n_steps, variant
        self.change = nn.Parameter(0.05 + 0.1 * torch.rand(()))

    def forward(self, x):
        return x[:, -1, -1] + self.change


class Change(Drift):
    """The change alone, for the target of that name."""

    def forward(self, x):
        return 0 * x[:, -1, -1] + self.change


@pytest.fixture
def experiment(made_records) -> insitu.Experiment:
    """Settings that fit the records made by hand."""
    return insitu.Experiment(
        sites=made_records.sites,
        depths=made_records.depths,
        profile="smoke",
        repetitions=2,
        epochs=EPOCHS,
        device="cpu",
    ).resolve()


@pytest.fixture(autouse=True)
def own(monkeypatch):
    """Networks of one's own beside those of the paper."""
    monkeypatch.setitem(models.NETWORKS, "drift", Drift)
    monkeypatch.setitem(models.NETWORKS, "change", Change)


@pytest.fixture
def store(tmp_path) -> Store:
    """A store of this test's own."""
    return Store(tmp_path)


def first_within(curve: np.ndarray) -> int:
    """First epoch, from 1, with a validation error within 5 % of the least."""
    return 1 + next(i for i, error in enumerate(curve) if error <= 1.05 * curve.min())


def test_epochs_are_those_to_convergence_and_not_those_to_the_network_kept(
    experiment, made_records, store
):
    tasks, result = networks.trained(experiment, "drift", made_records, store)
    made = networks._network(experiment, "drift", made_records, store)
    told_apart = 0
    for j, task in enumerate(tasks):
        cell = made.sel(repetition=task.repetition, site=task.series.site, depth=task.series.depth)
        one = result.isel(network=j)
        assert cell["epochs_to_convergence"] == first_within(one["validation_mse"].values)
        assert cell["seconds_per_100_epochs"] == one["seconds_per_100_epochs"] > 0
        told_apart += int(cell["epochs_to_convergence"] != one["best_epoch"])
    assert told_apart and len(np.unique(made["epochs_to_convergence"])) > 1


@pytest.mark.parametrize(("model", "target"), [("drift", "value"), ("change", "change")])
def test_each_network_forecasts_its_own_site_depth_and_repetition(
    experiment, made_records, store, model, target
):
    experiment = experiment.but(target=target)
    tasks, result = networks.trained(experiment, model, made_records, store)
    made = forecasts.make(experiment, model, made_records, store)
    seen = set()
    for task, (change,) in zip(tasks, result["parameters"].values, strict=True):
        site, depth = task.series.site, task.series.depth
        seen.add((task.repetition, site, depth))
        sm = made_records.sm[site, depth]
        half = np.ptp(sm[: int(0.6 * len(sm))]) / 2
        part = made.sel(repetition=task.repetition, site=site, depth=depth)
        days = np.flatnonzero(np.isfinite(part["observed"].sel(step=1).values))
        last = sm[int(0.8 * len(sm)) + days]
        for step in (1, 3, 7):
            found = part["forecast"].sel(step=step)
            np.testing.assert_allclose(found[days], last + step * change * half, rtol=1e-4)
            assert found.notnull().sum() == len(days)
    cells = {(r, *key) for r in range(2) for key in made_records.series}
    assert seen == cells and len(tasks) == len(cells)
    assert len(np.unique(result["parameters"])) == len(cells)


def test_networks_train_as_the_experiment_says(experiment, made_records, store):
    for epochs in (2, 3):
        _, result = networks.trained(experiment.but(epochs=epochs), "drift", made_records, store)
        assert result.sizes["epoch"] == epochs
    one = networks.trained(experiment, "drift", made_records, store)[1]["parameters"].values
    for name, value in {"seed": 1, "variant": "released", "target": "change"}.items():
        changed = experiment.but(**{name: value})
        other = networks.trained(changed, "drift", made_records, store)[1]["parameters"].values
        assert not np.allclose(other, one, atol=1e-4), name


def test_a_network_is_made_for_the_features_of_the_site_and_the_variant(experiment, made_records):
    made = networks.maker(experiment.but(variant="released"), "drift", made_records)()
    assert made.asked == (4, 4, "released")


def test_networks_of_other_data_scaling_or_code_are_trained_anew(
    experiment, made_site, cut, store, monkeypatch
):
    sites = {"Weslaco": made_site("Weslaco", 260, 1)}
    sites["Weslaco"]["sm"][:, 200:] += 0.2  # the whole record has another range
    one = experiment.but(sites=("Weslaco",), repetitions=1)

    def trained(records, experiment=one):
        return networks.trained(experiment, "drift", records, store)[1]["parameters"].values

    base = trained(cut(sites))
    np.testing.assert_array_equal(trained(cut(sites)), base)
    whole = one.but(scaling="whole")
    assert not np.array_equal(trained(cut(sites, "whole"), whole), base)
    newer = replace(cut({"Weslaco": made_site("Weslaco", 260, 2)}), fingerprint="newer")
    assert not np.array_equal(trained(newer), base)

    class Drift(nn.Module):
        def __init__(self, n_features, n_steps=4, variant="paper"):
            super().__init__()
            self.change = nn.Parameter(torch.tensor(-0.7))

        def forward(self, x):
            return x[:, -1, -1] - self.change

    monkeypatch.setitem(models.NETWORKS, "drift", Drift)
    assert not np.array_equal(trained(cut(sites)), base)
