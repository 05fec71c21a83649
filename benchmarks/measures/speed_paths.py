"""What each speed path of the trainer gains, paired: ways take turns in one process.

All are counted in processor seconds, which other work on the machine lengthens least. A way that
gains less than 1.2 is not worth its code. Tried and left out (times faster on two busy cores of an
AMD EPYC, torch 2.13): torch's private inductor call instead of ``torch.compile`` with the same
options 1.0 to 1.2; narrow batched products turned round 1.0 to 1.1; oneDNN's private product 0.9 to
1.0; glibc's mallopt 1.0 to 1.1; for study 2 a gradient written by hand, 1.0 plain, 1.1 to 1.25 with
its days compiled by ``torch.compile``, and 1.3 to 1.5 by the private call alone.
"""

import time
from collections.abc import Callable
from functools import partial
from unittest.mock import patch

import numpy as np
import torch
from measures.training_speed import N_FEATURES, made_up
from torch.nn import functional as F

from soilbook.models import NETWORKS
from soilbook.models.prolongation import PlainProlongation, Prolongation, draw_masks
from soilbook.training import Settings, Task, fast
from soilbook.training.sequences import masked_loss
from soilbook.training.step import Stack, Update, start
from soilbook.training.windows import ShardData, Sizes

DEVICE = torch.device("cpu")


def in_turns(ways: dict[str, Callable], repeats: int) -> dict[str, np.ndarray]:
    """Processor seconds of every turn of every way, after one turn each to warm up."""
    spent = {way: [] for way in ways}
    for turn in range(-1, repeats):
        for way, work in ways.items():
            began = time.process_time()
            work()
            if turn >= 0:
                spent[way].append(time.process_time() - began)
    return {way: np.array(seconds) for way, seconds in spent.items()}


def step_of(name: str, n_networks: int = 20) -> dict[str, Callable]:
    """An update of the networks of study 1: plain, compiled, and compiled with the quick tanh."""
    make, settings = partial(NETWORKS[name], N_FEATURES), Settings(epochs=5, first_choice=1)
    tasks = [Task(made_up(i), name) for i in range(n_networks)]
    data, stack = ShardData(tasks, Sizes.of(tasks), DEVICE), Stack.of(make)
    rule = Update.of(stack, settings.rate, settings.variant)
    flat = torch.stack([start(make, task.number) for task in tasks])
    arguments = (
        flat, torch.zeros_like(flat), torch.zeros_like(flat), rule.scales(0, 1, DEVICE)[0],
        data.rows, data.target, data.training(range(1), settings)[0, 0],
    )  # fmt: skip
    torch.compiler.reset()
    with torch.no_grad(), patch.object(fast, "_options", lambda device: {}):
        bare = fast._compiled(rule.function, arguments)
    with torch.no_grad():
        quick = fast._compiled(rule.function, arguments)
    ways = {"plain": rule.function, "compiled": bare, "compiled, quick tanh": quick}
    return {way: partial(_without_gradient, work, arguments) for way, work in ways.items()}


def _without_gradient(work: Callable, arguments: tuple) -> None:
    with torch.no_grad():
        work(*arguments)


def day_of_study_2(n_batch: int = 100, n_steps: int = 60, n_hidden: int = 64) -> dict:
    """A step of study 2: the equations gate by gate, and with the gates stacked."""
    plain = PlainProlongation(32, n_hidden, 0.15)
    stacked = Prolongation.of(plain)
    x, y = torch.randn(n_batch, n_steps, 32), torch.randn(n_batch, n_steps)
    masks = draw_masks(n_batch, n_hidden, 0.15)
    return {
        way: lambda network=network: masked_loss(network(x, masks), y).backward()
        for way, network in (("gate by gate", plain), ("stacked", stacked))
    }


def product(n: int = 1000, n_hidden: int = 64) -> dict[str, Callable]:
    """The product of ten days with the stacked weights, by torch and by oneDNN's private call."""
    a, weight = torch.randn(n, n_hidden), torch.randn(4 * n_hidden, n_hidden)
    ways = {"F.linear": lambda: F.linear(a, weight)}
    private = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    if private is not None:
        ways["oneDNN"] = lambda: private.default(a, weight, None, "none", [], "")
    return ways
