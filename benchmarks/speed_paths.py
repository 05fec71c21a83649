"""What each speed path of the trainer gains, measured in pairs in one run.

    python benchmarks/speed_paths.py [--out FOLDER] [--repeats 15]

Prints a table and writes ``speed_paths.csv``: processor seconds of each way (best and median of its
turns), and how many times faster it is than the first way of its group.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measures import speed_paths as measure


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--repeats", type=int, default=15)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    groups = {name: lambda name=name: measure.step_of(name) for name in ("LSTM", "CNN-LSTM")}
    groups |= {"step of study 2": measure.day_of_study_2, "product": measure.product}
    rows = []
    for group, make in groups.items():
        spent = measure.in_turns(make(), asked.repeats)
        first = next(iter(spent.values()))
        for way, seconds in spent.items():
            rows.append(
                {"group": group, "way": way, "best": seconds.min(), "median": np.median(seconds),
                 "times_faster": first.min() / seconds.min()}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    asked.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(asked.out / "speed_paths.csv", index=False)
    print(f"torch {torch.__version__}, one thread")
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4g}"))


if __name__ == "__main__":
    main()
