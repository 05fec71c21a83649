"""What makes training faster changes nothing, and is missed by nobody where it fails."""

import os
import signal
from functools import partial

import numpy as np
import pytest
import torch

from soilbook.errors import SoilbookError
from soilbook.models import NETWORKS
from soilbook.training import Settings, Task, train
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
    fast = train(make, tasks, SHORT, compile_=True)
    for name in ("parameters", "training_loss", "validation_mse"):
        assert np.allclose(fast[name], plain[name], atol=1e-5), name
    assert fast["best_epoch"].equals(plain["best_epoch"])


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
        (fast,) = compiled((times(factor), (x,)))
        assert torch.equal(fast(x), factor * x)


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
    (fast,) = compiled((lambda x: torch.tanh(x) * 2, (x,)))
    assert torch.allclose(fast(x), 2 * torch.tanh(x))


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
