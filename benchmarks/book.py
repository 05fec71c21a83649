"""Processor seconds of every chapter, of one checkout or of several in turns.

``python benchmarks/book.py [--profile quick] [FOLDER ...]``: each chapter runs in every folder, by
default in this one, each with a store of its own that is empty at the start; who begins changes
from chapter to chapter. Kernels, workers and compilers count: they are looked at every 0.3 s, so
that a process shorter than that is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from soilbook.book import render

HERE = Path(__file__).parents[1]


def seconds(command: list[str], folder: Path, environment: dict) -> float:
    """Processor seconds of a command and of all that it starts."""
    found = {}
    process = psutil.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    while process.poll() is None:
        for one in (process, *process.children(recursive=True)):
            try:
                times = one.cpu_times()
            except psutil.Error:  # it has just ended
                continue
            found[one.pid, one.create_time()] = times.user + times.system
        time.sleep(0.3)
    if process.returncode:
        sys.exit(f"{folder}: exit code {process.returncode} of {' '.join(command)}")
    return sum(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, default=[HERE])
    parser.add_argument("--profile", default="smoke")
    asked = parser.parse_args()
    folders = [folder.resolve() for folder in asked.folders]
    total = dict.fromkeys(folders, 0.0)
    with tempfile.TemporaryDirectory() as place:
        for k, chapter in enumerate(render.in_contents(HERE)):
            row = {}
            for i in range(len(folders)):
                folder = folders[(i + k) % len(folders)]
                own = Path(place) / str(folders.index(folder))
                environment = os.environ | {
                    "PYTHONPATH": str(folder / "lib"),
                    "SOILBOOK_CACHE": str(own),
                    "TORCHINDUCTOR_CACHE_DIR": str(own / "compiled"),
                }
                command = [sys.executable, "-m", "soilbook.cli", "run", chapter]
                row[folder] = seconds([*command, "--profile", asked.profile], folder, environment)
                total[folder] += row[folder]
            print(f"{chapter:34}", *(f"{row[one]:8.1f}" for one in folders), flush=True)
    print(f"{'all chapters, processor seconds':34}", *(f"{one:8.1f}" for one in total.values()))


if __name__ == "__main__":
    main()
