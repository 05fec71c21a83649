"""Time and peak memory against the number of networks (study 1) and of pixels (study 2).

    python benchmarks/growth.py [--out FOLDER] [--networks 1 10 100 1000] [--pixels 412 1648 6321]

Each size trains in a process of its own, of which the peak memory is taken: LSTMs of study 1 for
some epochs on made-up sites, and one LSTM of study 2 for an epoch of a year of made-up pixels.
Prints a table, with what ``LARGE`` pixels, the land of SMAP's grid, would take at the rate and
memory of the two largest sizes, and writes ``growth.csv``.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measures.training_speed import made_up, make

from soilbook.settings import satellite
from soilbook.training import Settings, Task, train
from soilbook.training.sequence_trainer import SequenceSettings, train_one
from soilbook.training.sequences import Sequences

EPOCHS, STEPS = 2, 10  # of the networks of study 1
N_DAYS, N_FEATURES = 366, 32  # of the pixels of study 2
LARGE, YEARS = 100_000, 2  # pixels, and years of training, of the plan
SEQUENCE = SequenceSettings(epochs=1)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--networks", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--pixels", type=int, nargs="+", default=[412, 1648, 6321])
    asked = parser.parse_args()
    rows = [in_own_process(kind, n) for kind in WORKS for n in getattr(asked, kind)]
    table = pd.DataFrame(rows)
    table["milliseconds_each"] = 1000 * table["cpu_seconds"] / table["number"]
    asked.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(asked.out / "growth.csv", index=False)
    print(f"networks: {EPOCHS * STEPS} steps each; pixels: one epoch of {N_DAYS} days")
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4g}"))
    print(plan(table[table["kind"] == "pixels"]))


def in_own_process(kind: str, number: int) -> dict:
    """Processor seconds of the training, and peak memory (MiB) of a process that does nothing
    else."""
    command = [sys.executable, __file__, "--one", kind, str(number)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {"kind": kind, "number": number, "cpu_seconds": float(said[-2]),
            "peak_mebibytes": float(said[-1])}  # fmt: skip


def networks(number: int) -> float:
    """Processor seconds of so many networks of study 1, uncompiled, on one core."""
    sites = [made_up(i) for i in range(min(number, 30))]
    tasks = [Task(sites[i % 30], "LSTM", i // 30) for i in range(number)]
    settings = Settings(epochs=EPOCHS, first_choice=1, batches_per_epoch=STEPS)
    began = time.process_time()
    train(make, tasks, settings, workers=1, compile_=False)
    return time.process_time() - began


def pixels(number: int) -> float:
    """Processor seconds of an epoch of study 2's network on so many pixels, on one core."""
    random = np.random.default_rng(0)
    x = random.standard_normal((number, N_DAYS, N_FEATURES), np.float32)
    sequences = Sequences.of(x, random.standard_normal((number, N_DAYS), np.float32))
    began = time.process_time()
    train_one(sequences, SEQUENCE)
    return time.process_time() - began


WORKS = {"networks": networks, "pixels": pixels}


def plan(table: pd.DataFrame) -> str:
    """What a training on LARGE pixels takes, by the growth between the two largest sizes."""
    less, most = table.sort_values("number").iloc[-2:].to_dict("records")
    apart = most["number"] - less["number"]
    grows = {k: (most[k] - less[k]) / apart for k in ("cpu_seconds", "peak_mebibytes")}
    missing = LARGE * YEARS - most["number"]  # pixels of a year each
    memory = most["peak_mebibytes"] + missing * grows["peak_mebibytes"]
    epoch = most["cpu_seconds"] + missing * grows["cpu_seconds"]
    epochs = satellite("standard").own_epochs
    inputs = 4 * LARGE * YEARS * N_DAYS * (N_FEATURES + 1)
    return (
        f"{LARGE:,} pixels, {YEARS} years: {inputs / 2**30:.1f} GiB of inputs, "
        f"{memory / 1024:.1f} GiB of memory, {epoch / 3600:.2f} h an epoch on one core, "
        f"{epochs * epoch / 3600:.0f} h for the {epochs} epochs of a network at standard"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        torch.set_num_threads(1)
        seconds = WORKS[sys.argv[2]](int(sys.argv[3]))
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        main()
