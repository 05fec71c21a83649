"""One measurement each: plain PyTorch, the vectorised trainer, memory.

All train the network of study 1: 2-layer LSTM of 16, 8 features, 4 steps, batches of 50, Adam,
and the whole validation part looked at after every 20 steps.
"""

import resource
import subprocess
import sys
import time
from functools import partial

import numpy as np
import torch
from torch import nn

from soilbook.models import NETWORKS
from soilbook.training import Settings, Task, train
from soilbook.training.windows import PARTS, Series, rows_needed, split

N_DAYS, N_FEATURES = 1826, 8
make = partial(NETWORKS["LSTM"], N_FEATURES)


def made_up(seed: int) -> Series:
    """Five years of random numbers without gaps: speed does not depend on what they say."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (N_DAYS, N_FEATURES)).astype(np.float32)
    parts = split(N_DAYS)
    edges = (parts[part].start for part in PARTS[1:])
    starts = {
        part: np.arange(rows.start, rows.stop - rows_needed(part) + 1)
        for part, rows in parts.items()
    }
    time_ = np.datetime64("2011-01-01") + np.arange(N_DAYS)
    limits = np.zeros(N_FEATURES), np.ones(N_FEATURES)
    return Series(f"site {seed}", 0.05, x, x[:, -1].copy(), starts, time_, *edges, *limits)


class Plain(nn.Module):
    """The same network with nn.LSTM."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(N_FEATURES, 16, num_layers=2, batch_first=True)
        self.output = nn.Linear(16, 1)

    def forward(self, x):
        return self.output(self.lstm(x)[0][:, -1]).squeeze(-1)


def one_at_a_time(threads: int, option: str, device: str, epochs: int = 15) -> float:
    """Seconds a step of nn.LSTM with torch.optim.Adam, over some epochs of 20 steps."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    one = made_up(0)
    (x, y), (x_v, y_v) = (
        [torch.from_numpy(a).to(device) for a in one.windows(part)] for part in PARTS[:2]
    )
    module = Plain().to(device)
    options = {} if option == "for-loop" else {option: True}
    optimiser = torch.optim.Adam(module.parameters(), lr=0.001, **({"foreach": False} | options))
    if option == "fused":
        optimiser = torch.optim.Adam(module.parameters(), lr=0.001, fused=True)
    best, least = None, torch.inf
    for epoch in range(-2, epochs):
        if epoch == 0:  # two epochs to warm up
            began = time.perf_counter()
        for _ in range(20):
            chosen = torch.randperm(len(x), device=device)[:50]
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(module(x[chosen]), y[chosen])
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            mse = nn.functional.mse_loss(module(x_v), y_v).item()
        if mse < least:
            best = {name: p.clone() for name, p in module.state_dict().items()}
            least = mse
    seconds = time.perf_counter() - began
    torch.set_num_threads(before)
    assert best is not None
    return seconds / epochs / 20


def ensemble(n_networks: int, epochs: int, workers: int, device: str = "cpu") -> float:
    """Seconds a step of one network by ``train``, its share of all workers; starting workers and
    compiling, once for a run, are not counted."""
    tasks = [Task(made_up(i % 30), "LSTM", i // 30) for i in range(n_networks)]
    settings = Settings(epochs=epochs, first_choice=1)
    result = train(make, tasks, settings, device, workers=workers, compile_=True)
    share = 1 if n_networks == 1 else workers
    return float(result["seconds_per_100_epochs"].mean()) / 100 / 20 / share


def memory_per_network(few: int = 20, many: int = 420) -> float:
    """Kilobytes that one network more takes at the peak of a training."""
    return (_peak(many, 1, 2) - _peak(few, 1, 2)) / (many - few)


def memory_per_epoch(few: int = 100, many: int = 300) -> float:
    """Kilobytes that 25 networks take more for one epoch more of 20 steps."""
    return (_peak(25, many, 20) - _peak(25, few, 20)) / (many - few)


def _peak(n_networks: int, epochs: int, steps: int) -> int:
    """Largest resident memory (kB) of a process that trains so many networks in one shard."""
    command = [sys.executable, __file__, *map(str, (n_networks, epochs, steps))]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    count, epochs, steps = map(int, sys.argv[1:])
    asked = Settings(epochs=epochs, first_choice=1, batches_per_epoch=steps)
    tasks = [Task(made_up(i), "LSTM") for i in range(count)]
    train(make, tasks, asked, workers=1, compile_=epochs > 1, shard_size=count)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
