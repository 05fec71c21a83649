"""Train many small networks at once: sites x depths x repetitions of one architecture.

Networks train in shards of one size. A network's start, batches and choice of epoch come from its
own identity, so its result does not depend on which others train with it.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from math import ceil

import joblib
import torch
import xarray as xr
from torch import nn

from soilbook import fingerprint, progress
from soilbook.device import find as find_device
from soilbook.errors import ParameterError
from soilbook.training.compiled import compiler_there
from soilbook.training.data import Sizes
from soilbook.training.shard import train_shard
from soilbook.training.tasks import Settings, Task
from soilbook.training.workers import one_thread, side_by_side

# Networks side by side. On a CPU 16 to 25 fit into the cache of a core and are the fastest.
LARGEST_SHARD = {"cpu": 25, "cuda": 4096}
# Steps of a network above which compiling, 10 to 20 s, and starting workers save more time than
# they take. What a step costs however few the networks is the work of about ten of them.
LEAST_COMPILED = 100_000
NETWORKS_OF_A_STEP = 10


def train(
    make: Callable[[], nn.Module],
    tasks: Sequence[Task],
    settings: Settings,
    device: str = "cpu",
    store=None,
    workers: int | None = None,
    compile_: bool | None = None,
    shard_size: int | None = None,
) -> xr.Dataset:
    """Train one network for each task, all of one architecture.

    ``make()`` gives an untrained module with a start drawn from torch's random state; a module
    with a ``discriminator`` trains as ``adversarial`` says. ``store`` (a ``soilbook.store.Store``)
    keeps each finished shard under settings, identities, the windows themselves, and the code of
    the training and of ``make``. ``workers``, ``compile_`` and ``shard_size`` are chosen by the
    amount of work if None.

    Returns ``parameters`` (network, parameter), those of lowest validation error;
    ``training_loss`` and ``validation_mse`` (network, epoch), of scaled moisture; ``best_epoch``
    (network), the one kept, from 1; ``convergence_epoch`` (network), see
    ``shard.convergence_epoch``; ``seconds_per_100_epochs`` (network), the share of one network in
    the time of one core (processor seconds) or GPU. Raises DeviceError, and ParameterError for no
    tasks or unlike numbers of features.
    """
    chosen = torch.device(find_device(device))
    _check(tasks)
    large = settings.steps * (len(tasks) + NETWORKS_OF_A_STEP) >= LEAST_COMPILED
    if compile_ is None:
        compile_ = large and (chosen.type == "cuda" or compiler_there())
    if workers is None:
        workers = joblib.cpu_count() if large else 1
    workers = 1 if chosen.type == "cuda" else workers
    size = shard_size or _shard_size(len(tasks), workers, LARGEST_SHARD[chosen.type])
    shards = [tasks[i : i + size] for i in range(0, len(tasks), size)]
    code = fingerprint.of_code(train, make)
    keys = [_key(code, settings, shard, chosen) for shard in shards]
    common = {
        "make": make, "settings": settings, "device": chosen, "compile_": compile_,
        "size": size, "sizes": Sizes.of(tasks),
    }  # fmt: skip
    # Another process that wants the same networks waits for these.
    with store.alone(_key(code, settings, tasks, chosen)) if store else nullcontext():
        done = {i: one for i, k in enumerate(keys) if store and (one := store.get(k)) is not None}
        jobs = {i: {"tasks": shards[i], **common} for i in range(len(shards)) if i not in done}
        n_steps = settings.steps * sum(len(job["tasks"]) for job in jobs.values())
        with progress.bar(n_steps, tasks[0].model, "step") as bar:
            for i, result in _run(jobs, workers, bar.update):
                if store:
                    store.put(keys[i], result)
                done[i] = result
    return xr.concat([done[i] for i in range(len(shards))], "network")


def _run(jobs: dict[int, dict], workers: int, tell: Callable[[int], None]):
    """Yield (number of the shard, result) as they finish."""
    if workers > 1 and len(jobs) > 1:
        yield from side_by_side(train_shard, jobs, workers, tell)
        return
    for i, job in jobs.items():
        with one_thread():
            result = train_shard(**job, tell=tell)
        yield i, result


def _shard_size(n_tasks: int, workers: int, largest: int) -> int:
    """Shards as equal as can be, as many for each worker, none above the largest size."""
    n_shards = workers * ceil(n_tasks / (workers * largest))
    return ceil(n_tasks / n_shards)


def _check(tasks: Sequence[Task]) -> None:
    if not tasks:
        raise ParameterError("no network to train; allowed: at least one site and depth")
    kinds = {task.series.n_features: task for task in tasks}
    if len(kinds) > 1:
        raise ParameterError(
            "sites of unlike numbers of features cannot train together: "
            + ", ".join(f"{task.series.site} has {n}" for n, task in sorted(kinds.items()))
        )


def _key(code: str, settings: Settings, shard: Sequence[Task], device: torch.device) -> dict:
    return {
        "kind": "trained networks",
        "code": code,
        "data": [task.series.fingerprint for task in shard],
        "settings": settings,
        "networks": [task.identity for task in shard],
        "device": device.type,
    }
