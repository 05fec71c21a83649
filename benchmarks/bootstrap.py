"""Speed of the block bootstrap of a score against a plain loop over replicates, side by side.

    python benchmarks/bootstrap.py [--series 100] [--days 1000] [--replicates 1000] [--repeats 3]

Prints milliseconds a series of both, the best of the repeats.
"""

import argparse
import time

import numpy as np

from soilbook import metrics

LENGTH = 30  # days of a block


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, value in (("series", 100), ("days", 1000), ("replicates", 1000), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    random = np.random.default_rng(0)
    observed, predicted = (
        random.normal(size=asked.days),
        random.normal(size=(asked.series, asked.days)),
    )
    best = dict.fromkeys(("sums", "plain loop"), np.inf)
    for _ in range(asked.repeats):  # other work on the machine can only slow a turn down
        for name, what, some in (("sums", sums, predicted), ("plain loop", plain, predicted[:1])):
            begin = time.perf_counter()
            what(observed, some, asked.replicates)
            best[name] = min(best[name], 1000 * (time.perf_counter() - begin) / len(some))
    for name, milliseconds in best.items():
        print(f"{name:12}{milliseconds:10.3f} ms a series")


def sums(observed, predicted, n_replicates: int) -> None:
    """R2 of every replicate from weighted sums, as in the library."""
    metrics.resample(observed, predicted, length=LENGTH, n_replicates=n_replicates)


def plain(observed, predicted, n_replicates: int) -> None:
    """R2 of the days of every replicate, one after the other."""
    random, n_days = np.random.default_rng(0), observed.size
    for _ in range(n_replicates):
        starts = random.integers(n_days, size=-(-n_days // LENGTH))
        days = ((starts[:, None] + np.arange(LENGTH)) % n_days).ravel()[:n_days]
        metrics.r2(observed[days], predicted[:, days])


if __name__ == "__main__":
    main()
