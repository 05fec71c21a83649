"""Training of one shard: a number of networks side by side, from start to the model kept."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
import xarray as xr
from torch import nn

from soilbook.training.adversarial import alternating, is_adversarial
from soilbook.training.compiled import compiled
from soilbook.training.data import ShardData, Sizes
from soilbook.training.memory import give_back_free_memory, keep_freed_memory
from soilbook.training.stack import Stack, start
from soilbook.training.step import judge, least_squares
from soilbook.training.tasks import Settings, Task

DRAWN_AT_ONCE = 10_000  # batches; of 50 windows they take 4 MB
TIDIED = 20  # epochs after which free memory goes back to the system
CONVERGED = 0.05  # training has converged this close to its lowest validation error, relative


def train_shard(
    make: Callable[[], nn.Module],
    tasks: Sequence[Task],
    settings: Settings,
    device: torch.device,
    compile_: bool = False,
    size: int | None = None,
    sizes: Sizes | None = None,
    tell: Callable[[int], None] = lambda n: None,
) -> xr.Dataset:
    """Train the networks of one shard; the Dataset is described at ``ensemble.train``.

    The shard is filled with copies of its first network up to ``size``. ``tell`` hears after every
    epoch how many steps of a network were made.
    """
    keep_freed_memory()
    filled = [*tasks, *[tasks[0]] * ((size or len(tasks)) - len(tasks))]
    data = ShardData(filled, sizes or Sizes.of(tasks), device)
    stack = Stack.of(make, settings.target)
    stack.template.to(device)
    rule = (
        alternating(stack, settings.variant)
        if is_adversarial(stack)
        else least_squares(stack, settings.rate)
    )
    flat = torch.stack([start(make, task.number) for task in filled]).to(device)
    state = (flat, torch.zeros_like(flat), torch.zeros_like(flat))
    with torch.no_grad():
        update, error = rule.function, judge(stack)
        if compile_:
            starts = data.training(range(1), settings)[0, 0]
            scale = rule.scales(0, 1, device)[0]
            update = compiled(update, (*state, scale, data.rows, data.target, starts))
            error = compiled(error, (flat, data.rows, data.target, *data.validation(0, settings)))
        keeper = _Keeper(flat, settings)
        # On a CPU the processor's seconds, which other work on the machine does not lengthen.
        clock = time.process_time if device.type == "cpu" else time.perf_counter
        began = clock()
        for epoch, batches in _epochs(data, settings, len(filled)):
            losses = []
            n = settings.batches_per_epoch
            for scale, starts in zip(rule.scales(epoch * n, n, device), batches, strict=True):
                *state, loss = update(*state, scale, data.rows, data.target, starts)
                losses.append(loss)
            mse = error(state[0], data.rows, data.target, *data.validation(epoch, settings))
            keeper.look(state[0], torch.stack(losses).mean(0), mse)
            tell(len(tasks) * n)
            if epoch % TIDIED == 0:
                give_back_free_memory()
        result = keeper.result(len(tasks))
    seconds = clock() - began
    each = np.full(len(tasks), seconds * 100 / settings.epochs / len(filled))
    return result.assign(seconds_per_100_epochs=("network", each))


def _epochs(data: ShardData, settings: Settings, n_networks: int):
    """Yield (epoch from 0, its batches), drawn for as many epochs at once as take little memory."""
    block = max(1, DRAWN_AT_ONCE // (n_networks * settings.batches_per_epoch))
    for first in range(0, settings.epochs, block):
        epochs = range(first, min(first + block, settings.epochs))
        yield from zip(epochs, data.training(epochs, settings), strict=True)


class _Keeper:
    """Keeps the history of each network and its parameters of lowest validation error."""

    def __init__(self, flat: torch.Tensor, settings: Settings):
        self.first_choice = settings.first_choice
        self.best = flat
        self.best_mse = torch.full((len(flat),), torch.inf, device=flat.device)
        self.best_epoch = torch.zeros(len(flat), dtype=torch.int64, device=flat.device)
        self.losses, self.mses = [], []

    def look(self, flat: torch.Tensor, loss: torch.Tensor, mse: torch.Tensor) -> None:
        """Take the next epoch's parameters, training loss and validation error."""
        self.losses.append(loss)
        self.mses.append(mse)
        epoch = len(self.mses)
        if epoch >= self.first_choice:
            better = mse < self.best_mse
            self.best = torch.where(better.unsqueeze(1), flat, self.best)
            self.best_mse = torch.where(better, mse, self.best_mse)
            self.best_epoch = torch.where(better, epoch, self.best_epoch)

    def result(self, n: int) -> xr.Dataset:
        """The first n networks."""
        mses = torch.stack(self.mses, 1)[:n].cpu().numpy()
        return xr.Dataset(
            {
                "parameters": (("network", "parameter"), self.best[:n].cpu().numpy()),
                "training_loss": (
                    ("network", "epoch"),
                    torch.stack(self.losses, 1)[:n].cpu().numpy(),
                ),
                "validation_mse": (("network", "epoch"), mses),
                "best_epoch": ("network", self.best_epoch[:n].cpu().numpy()),
                "convergence_epoch": ("network", convergence_epoch(mses)),
            },
            coords={"epoch": np.arange(1, mses.shape[1] + 1)},
        )


def convergence_epoch(mses: np.ndarray) -> np.ndarray:
    """The first epoch, from 1, at which the validation error is within CONVERGED of its minimum
    over the whole training: (network, epoch) -> (network,). The epoch kept is this or a later one.
    """
    reached = mses <= (1 + CONVERGED) * np.nanmin(mses, 1, keepdims=True)
    return reached.argmax(1) + 1
