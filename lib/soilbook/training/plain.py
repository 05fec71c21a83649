"""One network at a time in plain PyTorch, with torch's own layers and optimisers.

What the trainer of many networks is compared with, and the clock of the papers' costs: their
networks were trained one after another.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from soilbook.models.cells import Convolution, LSTMLayer
from soilbook.models.networks import discriminator_loss, generator_loss, past_sm
from soilbook.training.ensemble import convergence_epoch
from soilbook.training.fast import one_thread
from soilbook.training.step import start
from soilbook.training.windows import Settings, ShardData, Sizes, Task


class _LSTM(nn.LSTM):
    """nn.LSTM that returns the hidden states alone."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[0]


class _Convolution(nn.Conv1d):
    """nn.Conv1d on (batch, step, input)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


def with_torchs_layers(module: nn.Module) -> nn.Module:
    """The module itself, with nn.LSTM and nn.Conv1d in the place of the layers of
    ``models.cells``; parameters keep their values and their order."""
    for name, child in module.named_children():
        if isinstance(child, LSTMLayer):
            layer = _LSTM(child.weight_ih.shape[1], child.n_hidden, batch_first=True)
        elif isinstance(child, Convolution):
            n_out, n_in, kernel = child.weight.shape
            layer = _Convolution(n_in, n_out, kernel, padding=child.padding)
        else:
            with_torchs_layers(child)
            continue
        vector_to_parameters(parameters_to_vector(child.parameters()), layer.parameters())
        setattr(module, name, layer)
    return module


def train_alone(make: Callable[[], nn.Module], task: Task, settings: Settings) -> xr.Dataset:
    """Train the network of one task on one core; the variables of ``training.train``, one network.

    It starts from the same parameters and sees the same batches as in ``train``, so that both
    agree but for rounding. ``seconds_per_100_epochs`` are processor seconds of this network alone,
    the validation part looked at after every epoch.
    """
    with one_thread(), torch.random.fork_rng(devices=[]):
        module = make()
        vector_to_parameters(start(make, task.number), module.parameters())
        return _train(with_torchs_layers(module), task, settings)


def _train(module: nn.Module, task: Task, settings: Settings) -> xr.Dataset:
    data = ShardData([task], Sizes.of([task]), torch.device("cpu"))
    update = _alternating if hasattr(module, "discriminator") else _least_squares
    step = update(module, settings)
    losses, mses, kept = [], [], None
    began = time.process_time()
    for epoch in range(settings.epochs):
        batches = data.training(range(epoch, epoch + 1), settings)[0, :, 0]
        losses.append(np.mean([step(*_windows(data, starts)) for starts in batches]))
        starts, weights = data.validation(epoch, settings)
        with torch.no_grad():
            x, y = _windows(data, starts[0])
            error = (_predict(module, x, settings) - y).square()
            mses.append(float((error * weights[0]).sum()))
        first = settings.first_choice - 1
        if epoch >= first and mses[-1] <= min(mses[first:]):
            kept = epoch + 1, parameters_to_vector(module.parameters()).detach().clone()
    seconds = time.process_time() - began
    history = np.array([losses, mses], np.float32)[:, None]
    return xr.Dataset(
        {
            "parameters": (("network", "parameter"), kept[1].numpy()[None]),
            "training_loss": (("network", "epoch"), history[0]),
            "validation_mse": (("network", "epoch"), history[1]),
            "best_epoch": ("network", [kept[0]]),
            "convergence_epoch": ("network", convergence_epoch(history[1])),
            "seconds_per_100_epochs": ("network", [100 * seconds / settings.epochs]),
        },
        coords={"epoch": np.arange(1, settings.epochs + 1)},
    )


def _windows(data: ShardData, starts: Tensor) -> tuple[Tensor, Tensor]:
    rows = starts.unsqueeze(1) + torch.arange(1, data.n_steps + 1)
    return data.rows[0, rows], data.target[0, starts + data.n_steps]


def _predict(module: nn.Module, x: Tensor, settings: Settings) -> Tensor:
    return module(x) + (x[:, -1, -1] if settings.target == "change" else 0)


def _least_squares(module: nn.Module, settings: Settings) -> Callable[[Tensor, Tensor], float]:
    """A step of Adam on the mean square error of a batch; returns the error before it."""
    optimiser = torch.optim.Adam(module.parameters(), lr=settings.rate)

    def step(x: Tensor, y: Tensor) -> float:
        optimiser.zero_grad()
        loss = (_predict(module, x, settings) - y).square().mean()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def _alternating(module: nn.Module, settings: Settings) -> Callable[[Tensor, Tensor], float]:
    """A round of discriminator and generator, eqs 16 to 18; see ``step.alternating``."""
    how = module.adversarial[settings.variant]
    for_g = torch.optim.Adam(module.generator.parameters(), lr=how.generator_rate)
    for_d = torch.optim.Adam(module.discriminator.parameters(), lr=how.discriminator_rate)

    def step(x: Tensor, y: Tensor) -> float:
        past = past_sm(x)
        with torch.no_grad():
            before = _predict(module, x, settings)
        for _ in range(how.discriminator_updates):
            for_d.zero_grad()
            believed = module.discriminate(past, y), module.discriminate(past, before)
            discriminator_loss(*believed).backward()
            for_d.step()
        for _ in range(how.generator_updates):
            for_g.zero_grad()
            made = _predict(module, x, settings)
            believed = module.discriminate(past, made)
            generator_loss(y, made, believed, how.lambda_bce).backward()
            for_g.step()
        return (before - y).square().mean().item()

    return step
