"""Compiled steps, processes side by side, and threads."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from soilbook.errors import SoilbookError
from soilbook.models import NETWORKS
from soilbook.training import Settings, Task, fast, train
from soilbook.training.fast import compiled, run_all

SHORT = Settings(epochs=3, first_choice=1, batches_per_epoch=5)
make = partial(NETWORKS["1D-CNN"], 4)  # the soonest compiled


@pytest.fixture(scope="module")
def tasks(several):
    return [Task(one, "1D-CNN") for one in several]


@pytest.fixture(scope="module")
def plain(tasks):
    return train(make, tasks, SHORT)


@pytest.mark.slow
def test_compiled_training_is_plain_training(tasks, plain):
    quick = train(make, tasks, SHORT, compile_=True)
    for name in ("parameters", "training_loss", "validation_mse"):
        assert np.allclose(quick[name], plain[name], atol=1e-5), name
    assert quick["best_epoch"].equals(plain["best_epoch"])


@pytest.mark.filterwarnings("error:trained slowly")
def test_one_function_after_another_compiles_however_many(monkeypatch):
    real = torch.compile
    monkeypatch.setattr(  # traced alone, which is what torch counts, without the time of a compiler
        torch, "compile", lambda f, options, **rest: real(f, backend="eager", **rest)
    )

    def times(factor):
        return lambda x: factor * x

    x = torch.arange(3.0)
    for factor in range(12):  # torch alone gives up after eight versions of one function
        (made,) = compiled((times(factor), (x,)))
        assert torch.equal(made(x), factor * x)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of soilbook, and none that torch was told of."""
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(fast.CACHE, "")  # put back at the end, whatever is set meanwhile
    return tmp_path / "cache"


def test_compiled_steps_are_kept_in_the_cache_unless_told_otherwise(cache, monkeypatch, tmp_path):
    assert fast.kept() == cache / "compiled" and (cache / "compiled/CACHEDIR.TAG").is_file()
    assert os.environ[fast.CACHE] == str(cache / "compiled")
    monkeypatch.setenv(fast.CACHE, str(tmp_path / "mine"))
    assert fast.kept() == tmp_path / "mine"
    monkeypatch.setenv(fast.CACHE, "")
    (tmp_path / "file").touch()
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "file"))
    fast.kept()  # one that takes no file
    assert not os.environ[fast.CACHE]


@pytest.mark.parametrize(("sizes", "at_once"), [((3, 3), 1), ((3, 4), 2)])
def test_the_same_step_is_compiled_by_one_while_others_wait(cache, monkeypatch, sizes, at_once):
    here, most, lock = [], [], threading.Lock()
    together = threading.Barrier(2)

    def compile_(function, examples):
        with lock:
            here.append(1)
            most.append(len(here))
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=0.5)
        with lock:
            here.pop()
        return function

    monkeypatch.setattr(fast, "_compiled", compile_)
    monkeypatch.setattr(torch.compiler, "reset", lambda: None)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: compiled((torch.tanh, (torch.ones(n),))), sizes))
    assert max(most) == at_once


def broken(*arguments, **options):
    raise RuntimeError("no compiler\nat all")


def test_where_compiling_fails_training_goes_on_without(tasks, plain, monkeypatch):
    monkeypatch.setattr(torch, "compile", broken)
    with pytest.warns(UserWarning, match="does not compile: no compiler$"):
        slow = train(make, tasks, SHORT, compile_=True)
    for name in ("parameters", "training_loss", "validation_mse", "best_epoch"):
        assert slow[name].equals(plain[name])


def test_a_torch_without_a_list_of_options_compiles_all_the_same(monkeypatch):
    monkeypatch.delattr(torch._inductor, "list_options")
    x = torch.ones(2)
    (made,) = compiled((lambda x: torch.tanh(x) * 2, (x,)))
    assert torch.allclose(made(x), 2 * torch.tanh(x))


def threads(n, tell):
    tell(n)
    return torch.get_num_threads(), n * n


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_runs_with_one_thread_and_tells_how_far_it_is(workers):
    told, before = [], torch.get_num_threads()
    jobs = {i: {"n": i} for i in (3, 4, 5)}
    done = dict(run_all(threads, jobs, workers, told.append))
    assert done == {3: (1, 9), 4: (1, 16), 5: (1, 25)}
    assert sum(told) == 12
    assert torch.get_num_threads() == before


def test_a_killed_worker_is_one_clear_line(tasks):
    parent = os.getpid()

    def deadly():
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return make()

    with pytest.raises(SoilbookError, match=r"killed from outside .* run again") as caught:
        train(deadly, tasks, SHORT, workers=2, shard_size=1)
    assert "\n" not in str(caught.value)


HERE = Path(__file__).parents[1]
# Of these sizes, four threads change the sequences' network unless the trainer holds torch to one,
# and the ELM unless it holds BLAS to one.
MAKE = """
import sys
from functools import partial
import numpy as np
import torch
sys.path.insert(0, sys.argv[2])
from samples import make_site
from soilbook.models import MACHINE_LEARNING, NETWORKS
from soilbook.training import Settings, Task, train
from soilbook.training.sequence_trainer import SequenceSettings, train_sequences
from soilbook.training.sequences import Sequences
from soilbook.training.windows import series

torch.set_num_threads(int(sys.argv[1]))

def show(name, *arrays):
    print(name, *(np.asarray(array).tobytes().hex() for array in arrays))

sites = [series(make_site(400, i, f"site {i}"), 0.05) for i in range(8)]
short = Settings(epochs=2, first_choice=1, batches_per_epoch=4)
for name in ("LSTM", "Transformer", "GAN-LSTM"):
    found = train(partial(NETWORKS[name], 4), [Task(one, name) for one in sites], short)
    show(name, found["parameters"], found["training_loss"], found["validation_mse"])
random = np.random.default_rng(0)
x, y = random.normal(size=(30, 240, 20)), random.normal(size=(30, 240))
sequences = Sequences.of(x.astype("f4"), y.astype("f4"))
settings = SequenceSettings(n_hidden=8, length=120, batch=100, epochs=2)
found = train_sequences(sequences, [settings], workers=1)
show("sequences", found["parameters"], found["training_loss"])
x, y = random.normal(size=(30_000, 12)), random.normal(size=30_000)
for name, n in (("RF", 300), ("SVR", 300), ("ELM", 30_000)):
    show(name, MACHINE_LEARNING[name](0).fit(x[:n], y[:n]).predict(x[:n]))
"""


def test_the_number_of_threads_changes_nothing():
    made = []
    for threads in ("1", "4"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        found = subprocess.run(
            [sys.executable, "-c", MAKE, threads, HERE],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, found.stderr
        made.append(dict(line.split(" ", 1) for line in found.stdout.splitlines()))
    assert len(made[0]) == 7
    assert [name for name in made[0] if len({one[name] for one in made}) > 1] == []
