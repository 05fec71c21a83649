"""On the workers of a scheduler training gives what it gives here, also where one is lost."""

import os
import signal
import sys
from contextlib import contextmanager
from functools import partial

import cloudpickle
import numpy as np
import pytest
import torch
from distributed import LocalCluster
from samples import made_up

from soilbook import cluster
from soilbook.errors import ParameterError, SoilbookError
from soilbook.models import NETWORKS
from soilbook.store import Store
from soilbook.training import Settings, Task, ensemble, fast, train
from soilbook.training.sequence_trainer import SequenceSettings, train_sequences
from soilbook.training.sequences import Sequences

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers do not find the tests
SHORT = Settings(epochs=3, first_choice=1, batches_per_epoch=5)
make = partial(NETWORKS["LSTM"], 4)
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def workers():
    """Address of a scheduler with two workers, each a process."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options, silence_logs=50) as made:
        yield made.scheduler_address


@pytest.fixture
def there(workers, monkeypatch):
    """Work goes to these workers."""
    monkeypatch.setenv(cluster.SCHEDULER, workers)
    monkeypatch.delenv(cluster.SHARED, raising=False)
    cluster.size.cache_clear()
    return workers


@pytest.fixture(scope="module")
def tasks(several):
    return [Task(one, "LSTM") for one in several]


def mortal(flag, tell, **job):
    """The training of a shard, whose process is killed after two of the three epochs, once."""
    told = []

    def until(n: int) -> None:
        told.append(n)
        tell(n)
        if len(told) == 2 and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return ensemble.train_shard(**job, tell=until)


def test_same_bytes_with_two_workers_of_which_one_is_killed(tasks, there, monkeypatch, tmp_path):
    flag, told = tmp_path / "killed", []
    assert fast.at_hand() == 2
    with monkeypatch.context() as patch:
        patch.setattr(ensemble, "train_shard", partial(mortal, flag))
        real = cluster.run
        patch.setattr(cluster, "run", lambda work, jobs, tell: real(work, jobs, told.append))
        store = Store(tmp_path / "store")
        far = train(make, tasks, SHORT, store=store, workers=2, shard_size=1)
    assert flag.exists() and sum(told) == SHORT.steps * len(tasks) and min(told) > 0
    monkeypatch.delenv(cluster.SCHEDULER)
    near = train(make, tasks, SHORT, workers=2, shard_size=1)
    for name in ("parameters", "training_loss", "validation_mse", "best_epoch"):
        assert far[name].values.tobytes() == near[name].values.tobytes(), name
    kept = train(make, tasks, SHORT, store=store, workers=2, shard_size=1)  # nothing is trained
    assert kept.equals(far)


def threads(n, tell):
    tell(n)
    return os.getpid(), torch.get_num_threads()


def test_every_job_runs_elsewhere_with_one_thread_and_tells_how_far_it_is(there):
    told = []
    done = dict(fast.run_all(threads, {i: {"n": i} for i in (3, 4, 5)}, 2, told.append))
    assert sorted(done) == [3, 4, 5] and sum(told) == 12
    assert os.getpid() not in {process for process, _ in done.values()}
    assert {number for _, number in done.values()} == {1}


@pytest.mark.parametrize("shared", ["", "1"])
def test_sequence_networks_are_kept_by_whoever_has_the_store(there, monkeypatch, tmp_path, shared):
    monkeypatch.setenv(cluster.SHARED, shared)
    small = SequenceSettings(n_hidden=8, length=20, batch=6, epochs=4, dropout=0.1)
    members, sequences = [small.but(seed=k) for k in range(2)], Sequences.of(*made_up())
    store = Store(tmp_path)
    far = train_sequences(sequences, members, store, workers=2)
    near = train_sequences(sequences, members)
    assert np.array_equal(far["parameters"], near["parameters"])
    assert len(store.entries()) == 2 + 2 * 3 * bool(shared)  # and the states after each quarter
    assert not list(tmp_path.glob(".shared*"))


def fails(tell):
    raise ParameterError("depth is 3; allowed: 1")


def test_what_a_job_raises_arrives(there):
    with pytest.raises(ParameterError, match="depth is 3; allowed: 1"):
        list(fast.side_by_side(fails, {0: {}, 1: {}}, 2, lambda n: None))


def refused(error=SoilbookError) -> str:
    with pytest.raises(error) as caught:
        list(fast.side_by_side(threads, {0: {"n": 1}, 1: {"n": 2}}, 2, lambda n: None))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9"])
def test_a_scheduler_that_is_not_there(monkeypatch, address):
    monkeypatch.setenv(cluster.SCHEDULER, address)
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    assert f"no Dask scheduler answers at '{address}'" in refused()


@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1:9", "tcp://host", "tcp://host:a"])
def test_what_is_no_address(monkeypatch, address):
    monkeypatch.setenv(cluster.SCHEDULER, address)
    assert f"scheduler '{address}'; allowed: an address such as tcp:" in refused(ParameterError)


def test_a_scheduler_without_workers(monkeypatch):
    with LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50) as made:
        monkeypatch.setenv(cluster.SCHEDULER, made.scheduler_address)
        assert "has no worker; start some: dask worker tcp://" in refused()


def test_a_worker_with_another_version(there, monkeypatch):
    own = cluster.versions()
    monkeypatch.setattr(cluster, "versions", lambda: ("0" * 64, own[1]))
    assert f"another version of soilbook: {own[0][:12]} instead of 000000000000" in refused()
    monkeypatch.setattr(cluster, "versions", lambda: (own[0], "1.0"))
    assert f"another version of PyTorch: {own[1][:12]} instead of 1.0" in refused()


def test_a_shared_folder_that_is_none(there, monkeypatch, tmp_path):
    @contextmanager
    def elsewhere(folder):
        yield folder / "which no worker has"

    monkeypatch.setenv(cluster.SHARED, "1")
    monkeypatch.setattr(cluster, "_probe", elsewhere)
    jobs = {i: {"n": 1, "store": Store(tmp_path)} for i in range(2)}
    with pytest.raises(ParameterError, match=r"is no shared folder: .* or no --shared$"):
        list(fast.side_by_side(threads, jobs, 2, lambda n: None))


def test_without_the_extra(monkeypatch):
    monkeypatch.setenv(cluster.SCHEDULER, "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert refused(ParameterError).endswith("needs Dask: pip install 'soilbook[cluster]'")


def test_what_was_lost_with_a_worker_is_not_told_twice():
    told = []
    progress = cluster._Progress(told.append)
    for number, done in ((0, 4), (1, 5), (0, 2), (0, 4), (0, 7), (1, 5)):
        progress.hear(number, done)
    assert told == [4, 5, 3]
