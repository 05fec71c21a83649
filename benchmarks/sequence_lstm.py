"""Speed of study 2's LSTM: the plain loop of eqs 1-8, the stacked one and nn.LSTM, in one run.

    python benchmarks/sequence_lstm.py [--out FOLDER] [--repeats 25] [--train]

One training step each (forward, loss, backward) on the same batches. All take turns, and each
counts with its best turn, since other work on the machine can only slow a turn down; processor
seconds (of all threads) stand beside those of the clock. With --train and the 412 pixels in
SOILBOOK_DATA: seconds of training until the year-ahead test reaches the R of the authors' released
predictions. Prints tables and writes ``sequence_lstm.csv``.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from torch import nn

from soilbook import metrics, published
from soilbook.fang2019 import runs as prolongation
from soilbook.models.prolongation import (
    LibraryProlongation,
    PlainProlongation,
    Prolongation,
    draw_masks,
)
from soilbook.training.sequence_trainer import SequenceSettings, moisture_of, train_one
from soilbook.training.sequences import Sequences, masked_loss, target

N_FEATURES = 32
RELEASED = "released network"
SHAPES = {
    "ours": prolongation.METHODS["ours"],
    "hidden 128": prolongation.METHODS["ours"].but(n_hidden=128),
    "released": prolongation.METHODS["paper"],
}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--train", action="store_true")
    asked = parser.parse_args()
    rows = [row for name, shape in SHAPES.items() for row in steps(name, shape, asked.repeats)]
    table = pd.DataFrame(rows)
    for kind in ("seconds", "cpu_seconds"):
        plain = table[table["way"] == "plain loop"].groupby("shape")[kind].min()
        table[f"times_faster_{kind}"] = table["shape"].map(plain) / table[kind]
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
    masks = draw_masks(shape.batch, shape.n_hidden, shape.dropout)
    plain = PlainProlongation(N_FEATURES, shape.n_hidden, shape.dropout)
    stacked = Prolongation.of(plain)
    reference = LibraryProlongation(stacked)
    ways: dict[str, Callable] = {
        "plain loop": lambda: plain(x, masks),
        "stacked": lambda: stacked(x, masks),
        "nn.LSTM, without dropout": lambda: reference(x),
    }
    best: dict[tuple, np.ndarray] = {}
    for _ in range(repeats):
        for threads in sorted({1, joblib.cpu_count()}):
            torch.set_num_threads(threads)
            for way, moisture in ways.items():
                began = clocks()
                masked_loss(moisture(), y).backward()
                best[way, threads] = np.fmin(best.get((way, threads), np.inf), clocks() - began)
    return [
        {"shape": name, "batch": shape.batch, "days": shape.length, "hidden": shape.n_hidden,
         "way": way, "threads": threads, "seconds": seconds[0], "cpu_seconds": seconds[1]}
        for (way, threads), seconds in best.items()
    ]  # fmt: skip


def clocks() -> np.ndarray:
    """Seconds of the clock, and processor seconds of this process."""
    return np.array([time.perf_counter(), time.process_time()])


def time_to_skill() -> None:
    """Train one network with one thread and with all, and print the R of the test year."""
    settings = prolongation.YearAhead(
        data="observed", profile="standard", method="ours", networks=1
    )
    released = published.year_ahead().set_index(["predictor", "metric"])["value"][RELEASED, "r"]
    ready = prolongation.prepare(settings, prolongation.read(settings))
    observed, n = ready.test["sm_smap"].values, ready.training.sizes["time"]
    sequences = Sequences.of(ready.x[:, :n], target(ready.training, ready.scaling))
    print(f"One network, {settings.sequence.epochs} epochs: seconds since the call,")
    print("without the looks at the test year, on which no choice rests.")
    for threads in sorted({1, joblib.cpu_count()}):
        torch.set_num_threads(threads)
        watch = Watch(ready.scaling, ready.x, observed)
        train_one(sequences, settings.members()[0], look=watch)
        reached = [spent for spent, r in watch.seen if r >= released]
        text = f"after {spoken(reached[0])}" if reached else "not reached"
        print(f"{threads} threads: R {released} {text}; {watch.text()}")


class Watch:
    """Notes seconds since the start, and the median R of the test year, every other epoch."""

    def __init__(self, scaling, x: np.ndarray, observed: np.ndarray):
        self.scaling, self.x, self.observed = scaling, x, observed
        self.began, self.looking, self.seen = clocks(), np.zeros(2), []

    def __call__(self, epoch: int, network: nn.Module) -> None:
        if epoch % 2:
            return
        start = clocks()
        moisture = moisture_of(network, self.scaling, self.x)[:, -self.observed.shape[1] :]
        r = float(np.nanmedian(metrics.r(self.observed, moisture)))
        self.seen.append((start - self.began - self.looking, r))
        self.looking += clocks() - start

    def text(self) -> str:
        return ", ".join(f"{spoken(spent)} {r:.4f}" for spent, r in self.seen)


def spoken(spent: np.ndarray) -> str:
    return f"{spent[0]:.0f} s ({spent[1]:.0f} s of processor)"


if __name__ == "__main__":
    main()
