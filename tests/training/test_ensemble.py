"""Networks trained at once against each by itself, and their iterated forecasts."""

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from soilbook import costs
from soilbook.errors import DeviceError, ParameterError
from soilbook.models import NETWORKS
from soilbook.store import Store
from soilbook.training import (
    Settings,
    Task,
    ensemble,
    iterate,
    iterate_ensemble,
    load_module,
    train,
)
from soilbook.training.ensemble import _Keeper, _shard_size, convergence_epoch
from soilbook.training.step import start
from soilbook.training.windows import series

SHORT = Settings(epochs=3, first_choice=2, batches_per_epoch=4, batch=20)
NUMBERS = ("parameters", "training_loss", "validation_mse", "best_epoch", "convergence_epoch")
make = partial(NETWORKS["LSTM"], 4)


@pytest.fixture(scope="module")
def tasks(several):
    return [Task(one, "LSTM", repetition) for repetition in range(2) for one in several]


@pytest.fixture(scope="module")
def result(tasks):
    return train(make, tasks, SHORT)


def same_bytes(a: xr.Dataset, b: xr.Dataset) -> bool:
    return all(a[name].values.tobytes() == b[name].values.tobytes() for name in NUMBERS)


def test_the_same_seed_gives_the_same_bytes(tasks, result):
    assert same_bytes(train(make, tasks, SHORT), result)


def test_sites_of_unlike_inputs_do_not_train_together(several):
    longer = replace(several[1], n_steps=5)
    wider = replace(several[1], x=np.column_stack((several[1].x, several[1].y)))
    for other, said in ((longer, "days of input"), (wider, "features")):
        with pytest.raises(ParameterError, match=rf"unlike numbers of {said} .*: site 0 has 4"):
            train(make, [Task(several[0], "LSTM"), Task(other, "LSTM")], SHORT)


def test_an_ensemble_is_its_single_trainings(tasks, result):
    for i, task in enumerate(tasks):
        alone = train(make, [task], SHORT).isel(network=0)
        together = result.isel(network=i)
        for name in NUMBERS:
            assert np.allclose(alone[name], together[name], atol=1e-5), name


def test_time_of_training_is_that_of_the_processor(tasks, monkeypatch):
    seconds = iter([7.0, 9.0])
    monkeypatch.setattr(ensemble.time, "process_time", lambda: next(seconds))
    alike = train(make, tasks, SHORT)["seconds_per_100_epochs"]
    assert alike.values.tolist() == pytest.approx([2 * 100 / 3 / len(tasks)] * len(tasks))


def test_company_order_and_shards_do_not_matter(tasks, result):
    mixed = train(make, tasks[::-1], SHORT, shard_size=4).isel(network=slice(None, None, -1))
    for name in NUMBERS:
        assert np.allclose(mixed[name], result[name], atol=1e-5), name


def test_networks_differ_by_repetition_site_and_seed(several, result):
    other = train(make, [Task(several[0], "LSTM", 0, seed=1)], SHORT)
    rows = np.concatenate([result["parameters"].values, other["parameters"].values])
    distance = np.abs(rows[:, None] - rows).max(-1)
    assert distance[~np.eye(len(rows), dtype=bool)].min() > 0.1


def test_training_learns(several):
    learnt = train(
        make, [Task(several[0], "LSTM")], Settings(epochs=40, first_choice=10, target="change")
    )
    assert learnt["validation_mse"][0, -1] < 0.2 * learnt["validation_mse"][0, 0]
    assert learnt["training_loss"].shape == (1, 40)
    assert (learnt["seconds_per_100_epochs"] > 0).all()


def test_the_parameters_kept_are_those_of_the_best_epoch(several):
    for epochs in (4, 6):
        settings = Settings(epochs=epochs, first_choice=2, batches_per_epoch=4, batch=20)
        kept = train(make, [Task(several[0], "LSTM")], settings).isel(network=0)
        best = int(kept["best_epoch"])
        assert best == 2 + kept["validation_mse"].values[1:].argmin()
        # Training that ends at this very epoch ends with the same parameters.
        shorter = settings.but(epochs=best, first_choice=best)
        cut = train(make, [Task(several[0], "LSTM")], shorter).isel(network=0)
        assert np.array_equal(cut["parameters"], kept["parameters"])
        x, y = (torch.from_numpy(part) for part in several[0].windows("validation"))
        with torch.no_grad():
            mse = (load_module(make, kept["parameters"])(x) - y).square().mean().item()
        assert mse == pytest.approx(float(kept["validation_mse"].min()), rel=1e-4)


@pytest.mark.parametrize("workers", [1, 2, 4, 64])
def test_of_several_networks_none_trains_alone(workers):
    assert _shard_size(1, workers, 25) == 1
    for n_tasks in range(2, 300):
        assert 2 <= _shard_size(n_tasks, workers, 25) <= 25
    if workers <= 4:  # large runs are cut as finely as the workers ask
        assert all(_shard_size(50 * k, workers, 25) == 25 for k in (2, 4, 6))


def test_choice_starts_at_first_choice_and_takes_the_first_of_equals():
    keeper = _Keeper(torch.zeros(2, 1), Settings(epochs=5, first_choice=3))
    for epoch, mses in enumerate([(0.1, 5.0), (0.2, 4.0), (0.5, 3.0), (0.3, 3.0), (0.4, 9.0)]):
        keeper.look(torch.full((2, 1), epoch + 1.0), torch.zeros(2), torch.tensor(mses))
    kept = keeper.result(2)
    assert kept["best_epoch"].values.tolist() == [4, 3]
    assert kept["parameters"].values.ravel().tolist() == [4, 3]


def test_convergence_is_the_first_epoch_within_five_percent_of_the_minimum():
    mses = np.array([[9.0, 2.0, 1.04, 1.0, 1.2], [1.0, 1.0, 1.0, 1.0, 1.0]])
    assert convergence_epoch(mses).tolist() == [3, 1]


def test_the_epoch_kept_is_not_that_of_convergence():
    keeper = _Keeper(torch.zeros(1, 1), Settings(epochs=5, first_choice=4))
    for mse in (9.0, 1.04, 1.3, 1.0, 1.2):
        keeper.look(torch.zeros(1, 1), torch.zeros(1), torch.tensor([mse]))
    kept = keeper.result(1)
    assert kept["best_epoch"].values.tolist() == [4]
    assert kept["convergence_epoch"].values.tolist() == [2]


def test_two_worker_processes_give_the_same_bytes(tasks, result):
    parallel = train(make, tasks, SHORT, workers=2, shard_size=3)
    assert same_bytes(parallel, train(make, tasks, SHORT, workers=1, shard_size=3))
    assert np.allclose(parallel["parameters"], result["parameters"], atol=1e-5)


class Halved(NETWORKS["LSTM"]):
    """A network of a reader's own."""

    def forward(self, x):
        return super().forward(x) / 2


# No __main__ guard, two workers, and the process killed when one shard of three is stored.
KILLED = """
    import os, signal, sys
    from functools import partial
    sys.path.insert(0, sys.argv[2])
    from samples import make_site
    from soilbook.models import NETWORKS
    from soilbook.store import Store
    from soilbook.training import Settings, Task, train
    from soilbook.training.windows import series

    class Deadly(Store):
        def put(self, key, dataset):
            super().put(key, dataset)
            os.kill(os.getpid(), signal.SIGKILL)

    sizes = (400, 360, 430)
    several = [series(make_site(n, i, f"site {i}"), 0.05) for i, n in enumerate(sizes)]
    tasks = [Task(one, "LSTM", r) for r in range(2) for one in several]
    settings = Settings(epochs=3, first_choice=2, batches_per_epoch=4, batch=20)
    train(partial(NETWORKS["LSTM"], 4), tasks, settings, "cpu", Deadly(sys.argv[1]),
          workers=2, shard_size=2)
"""


def test_a_killed_run_goes_on_from_the_finished_shards(tmp_path, tasks):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(KILLED))
    here = str(Path(__file__).parents[1])
    ended = subprocess.run([sys.executable, script, tmp_path / "store", here], check=False)
    assert ended.returncode == -signal.SIGKILL
    store = _Counting(tmp_path / "store")
    same = partial(NETWORKS["LSTM"], 4)
    resumed = train(same, tasks, SHORT, "cpu", store, shard_size=2)
    assert (store.found, store.written) == (1, 2)
    assert same_bytes(resumed, train(make, tasks, SHORT, shard_size=2))
    again = train(same, tasks, SHORT, "cpu", store, shard_size=2)
    assert (store.found, store.written) == (4, 2)
    assert same_bytes(resumed, again)
    other = [replace(task, series=replace(task.series, y=task.series.y / 2)) for task in tasks]
    train(same, other, SHORT, "cpu", store, shard_size=2)  # other data
    assert store.written == 5
    train(partial(Halved, 4), tasks, SHORT, "cpu", store, shard_size=2)  # another network
    assert store.written == 8


class _Counting(Store):
    found = written = 0

    def get(self, key):
        kept = super().get(key)
        self.found += kept is not None
        return kept

    def put(self, key, dataset):
        self.written += 1
        return super().put(key, dataset)


def test_gan_trains_like_any_other(several):
    gan = train(partial(NETWORKS["GAN-LSTM"], 4), [Task(several[0], "GAN-LSTM")], SHORT)
    assert np.isfinite(gan["parameters"]).all()
    assert gan["training_loss"].shape == (1, 3)


def test_bad_input_is_one_line(tasks, several, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="'cuda' is not there; allowed here: auto, cpu"):
        train(make, tasks, SHORT, "cuda")
    with pytest.raises(ParameterError, match="no network to train"):
        train(make, [], SHORT)
    with pytest.raises(ParameterError, match="unknown variant 'leaky'; allowed: paper, released"):
        SHORT.but(variant="leaky")
    with pytest.raises(ParameterError, match="unknown target 'slope'; allowed: value, change"):
        SHORT.but(target="slope")
    with pytest.raises(ParameterError, match="epochs is 0; allowed: 1 or more"):
        SHORT.but(epochs=0)


def test_a_dry_run_counts_what_is_missing_and_a_run_leaves_its_rate(tasks, tmp_path):
    store = Store(tmp_path)
    train(make, tasks[:3], SHORT, store=store, shard_size=3)
    with costs.dry_run() as found, pytest.raises(costs.NotMade):
        train(make, tasks, SHORT, store=store, shard_size=3)
    (work,) = found.values()
    assert (work.kind, work.total, work.missing, work.how) == ("LSTM", 6, 3, "cpu")
    assert work.steps == 3 * SHORT.steps
    n_parameters = sum(p.numel() for p in make().parameters())
    assert work.size == 6 * 4 * (n_parameters + 2 * SHORT.epochs)
    rate = costs.measured(work, store)
    assert rate.steps == 3 * SHORT.steps and 0 <= rate.fixed < rate.seconds
    train(make, tasks, SHORT, store=store, shard_size=3)
    with costs.dry_run() as found:
        train(make, tasks, SHORT, store=store, shard_size=3)
    assert [(one.missing, one.steps) for one in found.values()] == [(0, 0)]


class Linear(nn.Module):
    """y = w . x_t + b of the last step."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, x):
        return x[:, -1] @ self.weight + self.bias


def observed(one, sm):
    return np.stack([sm[one.starts["test"] + 3 + lead] for lead in range(1, 8)], axis=1)


def test_a_network_that_copies_the_last_moisture_is_persistence(site):
    one = series(site, 0.05)
    sm = site["sm"].values[0]
    forecast = iterate(lambda x: x[:, -1, -1], one)
    last = sm[one.starts["test"] + 3]
    assert forecast == pytest.approx(np.repeat(last[:, None], 7, 1), abs=1e-6)


def test_the_target_change_adds_to_the_last_moisture(site):
    one = series(site, 0.05)
    (forecast,) = iterate_ensemble(
        lambda: Linear([0.0] * 4, 0.0), np.zeros((1, 5), "f4"), [one], target="change"
    )
    last = site["sm"].values[0][one.starts["test"] + 3]
    assert forecast == pytest.approx(np.repeat(last[:, None], 7, 1), abs=1e-6)


def test_the_law_of_a_series_without_noise_forecasts_it_exactly(site):
    rain = site["precipitation"]
    rain[:] = np.minimum(rain, 20)
    one = series(site, 0.05)
    x, y = one.windows("training")
    # The law is linear in rain and the last moisture: least squares finds it.
    design = np.column_stack([x[:, -1], np.ones(len(x))]).astype(float)
    *weight, bias = np.linalg.lstsq(design, y, rcond=None)[0].astype("f4")
    parameters = np.array([[*weight, bias]])
    (forecast,) = iterate_ensemble(lambda: Linear([0.0] * 4, 0.0), parameters, [one])
    assert forecast == pytest.approx(observed(one, site["sm"].values[0]), abs=1e-6)
    module = load_module(lambda: Linear([0.0] * 4, 0.0), parameters[0])
    with torch.no_grad():
        assert iterate(module, one) == pytest.approx(forecast, abs=1e-6)


def test_a_forecast_sees_the_weather_to_come_but_no_moisture_to_come(site):
    one = series(site, 0.05)
    torch.manual_seed(0)
    module = NETWORKS["LSTM"](4)
    before = iterate(lambda x: module(x).detach(), one)
    s = one.starts["test"][10]
    changed = site.copy(deep=True)
    changed["sm"][0, s + 4 : s + 11] = 0.3
    assert iterate(lambda x: module(x).detach(), series(changed, 0.05))[10] == pytest.approx(
        before[10], abs=1e-6
    )
    changed = site.copy(deep=True)
    changed["precipitation"][s + 6] += 50
    after = iterate(lambda x: module(x).detach(), series(changed, 0.05))[10]
    assert after[:2] == pytest.approx(before[10, :2], abs=1e-7)
    assert np.abs(after[2:6] - before[10, 2:6]).min() > 1e-6


@pytest.mark.parametrize("n_steps", [3, 7])
def test_with_another_window_the_forecast_begins_on_the_day_after_it(site, n_steps):
    one = series(site, 0.05, n_steps=n_steps)
    seen = []

    def oldest(x):
        seen.append(tuple(x.shape))
        return x[:, 0, -1]

    sm, starts = site["sm"].values[0], one.starts["test"]
    forecast = iterate(oldest, one)
    assert seen == [(len(starts), n_steps, one.n_features)] * 7
    # The oldest moisture of a window moves on by a day a lead, and then to what was predicted.
    expected = np.array([sm[starts + min(lead, lead % n_steps)] for lead in range(7)]).T
    assert forecast == pytest.approx(expected, abs=1e-6)
    (together,) = iterate_ensemble(
        lambda: Linear([0.0] * 4, 0.0), np.zeros((1, 5), "f4"), [one], target="change"
    )
    last = sm[starts + n_steps - 1]
    assert together == pytest.approx(np.repeat(last[:, None], 7, 1), abs=1e-6)


def test_networks_together_forecast_as_each_alone(several):

    def make():
        return NETWORKS["Transformer"](4)

    parameters = torch.stack([start(make, seed) for seed in range(3)]).numpy()
    together = iterate_ensemble(make, parameters, several, chunk=2)
    for row, one, forecast in zip(parameters, several, together, strict=True):
        module = load_module(make, row)
        with torch.no_grad():
            assert forecast == pytest.approx(iterate(module, one), abs=1e-6)
        assert forecast.shape == (len(one.starts["test"]), 7)
