"""Speed of the trainer against plain PyTorch, measured side by side in one run.

    python benchmarks/training.py [--out FOLDER] [--networks 150] [--epochs 40] [--repeats 3]

Prints a table and writes ``training.csv`` and ``training.json`` into the folder.
"""

import argparse
import json
import platform
from pathlib import Path

import joblib
import pandas as pd
import torch
from measures.training_speed import ensemble, memory_per_epoch, memory_per_network, one_at_a_time


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--networks", type=int, default=150)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    rows = on_cpu(asked.networks, asked.epochs, asked.repeats)
    if torch.cuda.is_available():
        rows += on_gpu(asked.epochs)
    else:
        print("no GPU here: its section is left out")
    table = pd.DataFrame(rows)
    machine = {
        "processor": platform.processor() or platform.machine(),
        "cores": joblib.cpu_count(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
    asked.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(asked.out / "training.csv", index=False)
    text = json.dumps({"machine": machine, "rows": rows}, indent=1)
    (asked.out / "training.json").write_text(text)
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4g}", na_rep=""))


def on_cpu(n_networks: int, epochs: int, repeats: int) -> list[dict]:
    """Plain and vectorised training take turns, and each counts with its best turn, since other
    work on the machine can only slow a turn down."""
    cores = joblib.cpu_count()
    plain, fast = {}, []
    for _ in range(repeats):
        for threads in sorted({1, cores}):
            for option in ("for-loop", "foreach", "fused"):
                seconds = one_at_a_time(threads, option, "cpu")
                best = plain.get((threads, option), seconds)
                plain[threads, option] = min(best, seconds)
        fast.append(min(ensemble(n_networks, epochs, workers) for workers in {1, cores}))
    rows = [
        _row("nn.LSTM, one at a time", 1, seconds, threads=threads, option=option)
        for (threads, option), seconds in plain.items()
    ]
    reference = min(plain.values())
    rows.append(_row("ensemble, best of repeats", n_networks, min(fast)))
    for n in (1, 10, 100, 1000):
        rows.append(_row("ensemble", n, ensemble(n, max(2, epochs * 10 // max(n, 10)), cores)))
    for row in rows:
        row["times_faster"] = reference / row.pop("seconds_per_step")
    rows.append({"what": "memory per network", "kilobytes": memory_per_network()})
    rows.append({"what": "memory per epoch of 25 networks", "kilobytes": memory_per_epoch()})
    return rows


def on_gpu(epochs: int, n_networks: int = 3750) -> list[dict]:
    """The same on a GPU: 3,750 networks against one at a time."""
    reference = min(one_at_a_time(1, option, "cuda") for option in ("foreach", "fused"))
    rows = [_row("nn.LSTM, one at a time, GPU", 1, reference)]
    rows += [
        _row("ensemble, GPU", n, ensemble(n, epochs, 1, "cuda")) for n in (1, 100, 1000, n_networks)
    ]
    for row in rows:
        row["times_faster"] = reference / row.pop("seconds_per_step")
    rows.append({"what": "memory per network, GPU",
                 "kilobytes": torch.cuda.max_memory_allocated() / n_networks / 1e3})  # fmt: skip
    return rows


def _row(what: str, n_networks: int, seconds: float, **more) -> dict:
    return {
        "what": what,
        "networks": n_networks,
        **more,
        "microseconds_per_step_of_a_network": seconds * 1e6,
        "seconds_per_step": seconds,
    }


if __name__ == "__main__":
    main()
