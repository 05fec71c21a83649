"""How long the twin takes: all sites of study 1, and the continent of study 2.

python benchmarks/twin.py
"""

import time

from soilbook.twin import continent, sites


def measure(name: str, make) -> None:
    """Print processor and wall-clock time (s) of ``make()``."""
    processor, wall = time.process_time(), time.perf_counter()
    make()
    print(f"{name}: {time.process_time() - processor:.1f} s of processor time,", end=" ")
    print(f"{time.perf_counter() - wall:.1f} s in all")


if __name__ == "__main__":
    measure("thirty sites", lambda: [sites.load(name) for name in sites.NAMES])
    measure("grid", continent.grid)
    measure("core sites", lambda: continent.insitu("core"))
    measure("sparse network", lambda: continent.insitu("sparse"))
    measure("truth", continent.truth)
