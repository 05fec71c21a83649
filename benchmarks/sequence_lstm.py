"""Speed of study 2's LSTM: the plain loop of eqs 1-8, the fast path and nn.LSTM, in one run.

    python benchmarks/sequence_lstm.py [--out FOLDER] [--repeats 9] [--train]

One training step each (forward, loss, backward) on the same batches. All take turns, and each
counts with its best turn, since other work on the machine can only slow a turn down. With --train
and the 412 pixels in SOILBOOK_DATA: seconds of training until the year-ahead test reaches the R of
the authors' released predictions. Prints tables and writes ``sequence_lstm.csv``.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from torch import nn

from soilbook import metrics
from soilbook.models import dropout
from soilbook.models.prolongation import PlainProlongation
from soilbook.models.prolongation_fast import Prolongation
from soilbook.studies import prolongation
from soilbook.training.sequence_predict import moisture_of
from soilbook.training.sequence_run import compile_kernels
from soilbook.training.sequence_settings import SequenceSettings
from soilbook.training.sequence_trainer import train_one
from soilbook.training.sequences import masked_loss

N_FEATURES = 32
RELEASED_R = 0.841  # median over 412 pixels of the authors' released predictions
SHAPES = {
    "ours": prolongation.METHODS["adam"],
    "hidden 128": replace(prolongation.METHODS["adam"], n_hidden=128),
    "released": prolongation.METHODS["paper"],
}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--train", action="store_true")
    asked = parser.parse_args()
    rows = [row for name, shape in SHAPES.items() for row in steps(name, shape, asked.repeats)]
    table = pd.DataFrame(rows)
    plain = table[table["way"] == "plain loop"].groupby("shape")["seconds"].min()
    table["times_faster"] = table["shape"].map(plain) / table["seconds"]
    asked.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(asked.out / "sequence_lstm.csv", index=False)
    print(f"{joblib.cpu_count()} cores, torch {torch.__version__}; one training step each")
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4g}"))
    if asked.train:
        time_to_skill()


def steps(name: str, shape: SequenceSettings, repeats: int) -> list[dict]:
    """Seconds of a training step by every way and number of threads, best of their turns."""
    x = torch.randn(shape.batch, shape.length, N_FEATURES)
    y = torch.randn(shape.batch, shape.length)
    masks = dropout.draw(shape.batch, shape.n_hidden, shape.dropout)
    plain = PlainProlongation(N_FEATURES, shape.n_hidden, shape.dropout)
    fast, reference = Prolongation.of(plain), Reference(shape.n_hidden)
    kernels = compile_kernels(shape)
    ways: dict[str, Callable] = {
        "plain loop": lambda: plain(x, masks),
        "fast": lambda: fast(x, masks),
        "fast, compiled": lambda: fast(x, masks, kernels),
        "nn.LSTM, without dropout": lambda: reference(x),
    }
    best: dict[tuple, float] = {}
    for _ in range(repeats):
        for threads in sorted({1, joblib.cpu_count()}):
            torch.set_num_threads(threads)
            for way, moisture in ways.items():
                began = time.perf_counter()
                masked_loss(moisture(), y).backward()
                seconds = time.perf_counter() - began
                best[way, threads] = min(best.get((way, threads), np.inf), seconds)
    return [
        {"shape": name, "batch": shape.batch, "days": shape.length, "hidden": shape.n_hidden,
         "way": way, "threads": threads, "seconds": seconds}
        for (way, threads), seconds in best.items()
    ]  # fmt: skip


class Reference(nn.Module):
    """nn.LSTM behind the input layer of eq 1; it has no masks."""

    def __init__(self, n_hidden: int):
        super().__init__()
        self.input = nn.Linear(N_FEATURES, n_hidden)
        self.lstm = nn.LSTM(n_hidden, n_hidden, batch_first=True)
        self.output = nn.Linear(n_hidden, 1)

    def forward(self, x):
        return self.output(self.lstm(torch.relu(self.input(x)))[0]).squeeze(-1)


def time_to_skill() -> None:
    """Train one network with one thread and with all, and print the R of the test year."""
    settings = prolongation.YearAhead(networks=1)
    ready = prolongation.prepare(settings, prolongation.read(settings))
    observed, sequences = ready.test["sm_smap"].values, ready.sequences()
    print(f"One network, {settings.sequence.epochs} epochs: seconds since the call, with compiling")
    print("and without the looks at the test year, on which no choice rests.")
    for threads in sorted({1, joblib.cpu_count()}):
        torch.set_num_threads(threads)
        watch = Watch(ready.scaling, ready.x, observed)
        train_one(sequences, settings.members()[0], look=watch)
        reached = [seconds for seconds, r in watch.seen if r >= RELEASED_R]
        text = f"after {reached[0]:.0f} s" if reached else "not reached"
        print(f"{threads} threads: R {RELEASED_R} {text}; " + watch.text())


class Watch:
    """Notes seconds since the start, and the median R of the test year, every five epochs."""

    def __init__(self, scaling, x: np.ndarray, observed: np.ndarray):
        self.scaling, self.x, self.observed = scaling, x, observed
        self.began, self.looking, self.seen = time.perf_counter(), 0.0, []

    def __call__(self, epoch: int, network: nn.Module) -> None:
        if epoch % 5:
            return
        start = time.perf_counter()
        moisture = moisture_of(network, self.scaling, self.x)[:, -self.observed.shape[1] :]
        r = float(np.nanmedian(metrics.r(self.observed, moisture)))
        self.seen.append((start - self.began - self.looking, r))
        self.looking += time.perf_counter() - start

    def text(self) -> str:
        return ", ".join(f"{seconds:.0f} s {r:.4f}" for seconds, r in self.seen)


if __name__ == "__main__":
    main()
