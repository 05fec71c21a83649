"""Train many small networks at once: sites x depths x repetitions of one architecture.

Networks are trained in shards of constant size, so that a network's numbers do not depend on which
others it trains with; on the CPU one worker process for each core takes one shard after the other.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError
from torch import nn

from soilbook import progress
from soilbook.errors import DeviceError, SoilbookError
from soilbook.settings import Profile
from soilbook.training.draws import draw, seed_of
from soilbook.training.step import Layout, gather, make_step, many
from soilbook.training.windows import Series

SHARD = {"cpu": 25, "cuda": 4096}
# Below this number of steps, compiling takes longer than it saves.
LEAST_COMPILED = 400


@dataclass(frozen=True)
class Task:
    """One network to train: its series, and the identity that its seed comes from."""

    series: Series
    model: str
    repetition: int
    seed: int

    @property
    def number(self) -> int:
        """Seed of this network's start and batches."""
        where = (self.series.site, round(self.series.depth, 4))
        return seed_of(self.seed, *where, self.model, self.repetition)


@dataclass(frozen=True)
class Settings:
    """How networks are trained; see ``settings.Profile``.

    ``variant`` ``released`` chooses the model kept on one random batch of the validation part
    instead of all of it.
    """

    epochs: int
    first_choice: int
    batches_per_epoch: int
    batch: int
    variant: str = "paper"
    target: str = "value"

    @classmethod
    def of(cls, profile: Profile, epochs: int, variant: str, target: str) -> "Settings":
        """Settings of a profile, with another number of epochs."""
        first = min(profile.first_choice, epochs)
        return cls(epochs, first, profile.batches_per_epoch, profile.batch, variant, target)


def train(
    make: Callable[[], nn.Module],
    tasks: Sequence[Task],
    settings: Settings,
    device: str = "cpu",
    store=None,
    key: dict | None = None,
    workers: int | None = None,
) -> xr.Dataset:
    """Train one network for each task.

    ``make()`` gives an untrained module; ``store`` keeps finished shards under ``key`` and their
    identities. Returns ``parameters`` (network, parameter), the weights of lowest validation error;
    ``training_loss`` and ``validation_mse`` (network, epoch), mean square errors on the scaled
    moisture; ``best_epoch`` (network), counted from 1, the epoch of convergence;
    ``seconds_per_100_epochs`` (network), the share of one network. Raises DeviceError.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device 'cuda' is not there; allowed: cpu")
    shards = _shards(tasks, SHARD[device])
    keys = [_shard_key(key, settings, part, device) for part in shards]
    done = {i: found for i, k in enumerate(keys) if store and (found := store.get(k)) is not None}
    missing = [i for i in range(len(shards)) if i not in done]
    steps = settings.epochs * settings.batches_per_epoch
    compiled = steps >= LEAST_COMPILED
    total = sum(len(shards[i]) for i in missing) * steps
    with progress.bar(total, tasks[0].model if tasks else "", "step") as bar:
        for i, trained in _run(make, shards, missing, settings, device, compiled, workers, bar):
            if store:
                store.put(keys[i], trained)
            done[i] = trained
    parts = [done[i].isel(network=slice(len(shards[i]))) for i in range(len(shards))]
    return xr.concat(parts, "network")


def _shards(tasks: Sequence[Task], size: int) -> list[list[Task]]:
    """Tasks in runs of ``size``; networks of unlike inputs cannot share one."""
    kinds: dict[tuple, list[Task]] = {}
    for task in tasks:
        kinds.setdefault((task.series.n_features,), []).append(task)
    if len(kinds) > 1:
        raise SoilbookError(f"series have unlike numbers of features: {sorted(kinds)}")
    return [list(tasks[i : i + size]) for i in range(0, len(tasks), size)]


def _shard_key(key, settings: Settings, shard: list[Task], device: str) -> dict:
    members = [(task.series.site, task.series.depth, task.repetition, task.seed) for task in shard]
    return {
        "kind": "trained networks",
        **(key or {}),
        "model": shard[0].model,
        "settings": settings,
        "networks": members,
        "device": device,
    }


def _run(make, shards, missing, settings, device, compiled, workers, bar):
    """Yield (shard number, result) as they finish."""
    workers = min(workers or os.cpu_count() or 1, len(missing))
    # Only a compiled step gains from one constant size; padding is lost work otherwise.
    size = SHARD["cpu"] if compiled and device == "cpu" else None
    if device == "cuda" or workers <= 1:
        for i in missing:
            yield i, train_shard(make, shards[i], settings, device, compiled, size, bar.update)
        return
    call = delayed(_in_worker)
    calls = [call(i, make, shards[i], settings, compiled, size) for i in missing]
    try:
        pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
        for i, trained in pool(calls):
            bar.update(len(shards[i]) * settings.epochs * settings.batches_per_epoch)
            yield i, trained
    except TerminatedWorkerError as error:
        raise SoilbookError(
            "a training process was ended from outside (out of memory?); "
            "run again to go on from the finished shards"
        ) from error


def _in_worker(i, make, shard, settings, compiled, size) -> tuple[int, xr.Dataset]:
    torch.set_num_threads(1)
    return i, train_shard(make, shard, settings, "cpu", compiled, size)


def train_shard(
    make, shard: list[Task], settings: Settings, device="cpu", compiled=True, size=None, tell=None
) -> xr.Dataset:
    """Train the networks of one shard, filled with copies of the first up to ``size``."""
    start = time.perf_counter()
    padded = [*shard, *[shard[0]] * ((size or len(shard)) - len(shard))]
    layout, p = _start(make, padded, settings)
    data = _Data(padded, settings, device)
    p = p.to(device)
    layout.module.to(device)
    state = (p, torch.zeros_like(p), torch.zeros_like(p))
    step = many(make_step(layout), (0, 0, 0, None, 0, 0, 0), compiled)
    judge = many(_validation_mse(layout), (0, 0, 0, 0, 0), compiled)
    best, best_mse = p.clone(), torch.full((len(padded),), torch.inf, device=device)
    best_epoch = torch.zeros(len(padded), dtype=torch.int64, device=device)
    losses, mses = [], []
    with torch.no_grad():
        for epoch in range(settings.epochs):
            first = epoch * settings.batches_per_epoch
            batches = data.training(first, settings)
            total = torch.zeros(len(padded), device=device)
            for j, starts in enumerate(batches):
                t = torch.tensor(float(first + j + 1), device=device)
                *state, loss = step(*state, t, data.x, data.y, starts)
                total += loss
            mse = judge(state[0], data.x, data.y, *data.validation(epoch, settings))
            losses.append(total / settings.batches_per_epoch)
            mses.append(mse)
            if epoch + 1 >= settings.first_choice:
                better = mse < best_mse
                best = torch.where(better[:, None], state[0], best)
                best_mse = torch.where(better, mse, best_mse)
                best_epoch = torch.where(better, epoch + 1, best_epoch)
            if tell:
                tell(len(shard) * settings.batches_per_epoch)
    seconds = time.perf_counter() - start
    n = len(shard)
    return xr.Dataset(
        {
            "parameters": (("network", "parameter"), best[:n].cpu().numpy()),
            "training_loss": (("network", "epoch"), torch.stack(losses, 1)[:n].cpu().numpy()),
            "validation_mse": (("network", "epoch"), torch.stack(mses, 1)[:n].cpu().numpy()),
            "best_epoch": (("network",), best_epoch[:n].cpu().numpy()),
            "seconds_per_100_epochs": (
                ("network",),
                np.full(n, seconds * 100 / settings.epochs / len(padded)),
            ),
        },
        coords={"epoch": np.arange(1, settings.epochs + 1)},
    )


def _start(make, tasks: list[Task], settings: Settings) -> tuple[Layout, torch.Tensor]:
    """Each network started from its own seed, as (network, parameter)."""
    rows = []
    with torch.random.fork_rng(devices=[]):
        for task in tasks:
            torch.manual_seed(task.number)
            module = make()
            rows.append(torch.cat([p.detach().flatten() for p in module.parameters()]))
    return Layout(module, settings.target), torch.stack(rows)


def _validation_mse(layout: Layout):
    def mse(p, x, y, starts, weight):
        inputs, truth = gather(x, y, starts)
        error = layout.predict(layout.views(p), inputs) - truth
        return (error.square() * weight).sum() / weight.sum()

    return mse


class _Data:
    """The series of a shard as tensors: rows padded to one length, starts to one number."""

    def __init__(self, tasks: list[Task], settings: Settings, device: str):
        n_rows = max(len(task.series.y) for task in tasks)
        self.x = torch.zeros(len(tasks), n_rows, tasks[0].series.n_features)
        self.y = torch.zeros(len(tasks), n_rows)
        for k, task in enumerate(tasks):
            n = len(task.series.y)
            self.x[k, :n] = torch.from_numpy(np.array(task.series.x))
            self.y[k, :n] = torch.from_numpy(np.array(task.series.y))
        self.x, self.y = self.x.nan_to_num().to(device), self.y.nan_to_num().to(device)
        self.seeds = torch.tensor([task.number for task in tasks], device=device)
        self.starts, self.n = {}, {}
        for part in ("training", "validation"):
            each = [torch.from_numpy(np.array(task.series.starts[part])) for task in tasks]
            padded = nn.utils.rnn.pad_sequence(each, batch_first=True)
            self.starts[part] = padded.to(device)
            self.n[part] = torch.tensor([len(one) for one in each], device=device)
        order = torch.arange(self.starts["validation"].shape[1], device=device)
        self.weight = (order < self.n["validation"][:, None]).to(torch.float32)

    def training(self, first: int, settings: Settings) -> torch.Tensor:
        """First rows of the samples of an epoch's batches, (step, network, batch)."""
        n = settings.batches_per_epoch
        chosen = draw(self.seeds, self.n["training"], first, n, settings.batch)
        return self.starts["training"].expand(n, -1, -1).gather(2, chosen)

    def validation(self, epoch: int, settings: Settings) -> tuple[torch.Tensor, torch.Tensor]:
        """First rows and weights of the samples that the model kept is chosen on."""
        starts, n = self.starts["validation"], self.n["validation"]
        if settings.variant == "paper":
            return starts, self.weight
        batch = min(settings.batch, int(n.min()))
        chosen = draw(self.seeds + 1, n, epoch, 1, batch)[0]
        return starts.gather(1, chosen), torch.ones_like(chosen, dtype=torch.float32)
