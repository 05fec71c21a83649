"""Whatever process of a run is killed, and whenever: the next run gives the same bytes, and
nothing stays behind. ``make kills`` does this 20 times, which takes half an hour; the suite does
not, as a round takes a minute."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil

from soilbook.book import runner

ROUNDS = int(os.environ.get("KILLS", 20))
ROOT = Path(__file__).parents[2]
COMMAND = (
    "run wang2024/s4_1 --profile smoke --device cpu "
    "-p sites=Kingston-1-W -p depths=0.05 -p models=ELM,LSTM --out"
)
CHAPTER = "twin/smoke/wang2024/s4_1_machine_learning"
CLOCKED = re.compile(rb"^4\.1-8:.*\n", re.M)  # measured anew in every store
TIMED = ("chapter.ipynb", "provenance.json")  # hold dates
SHARED = Path(runner.SHARED)
MARKS = {"kernel": "ipykernel", "worker": "popen_loky"}
TOOK = re.compile(r": (\d+) s, results in ")


class Run:
    """A run of the chapter on the command line, and all processes that it has started."""

    def __init__(self, folder: Path, temporary: Path):
        changed = {"SOILBOOK_ROOT": str(ROOT), "TMPDIR": str(temporary)}
        changed["SOILBOOK_CACHE"] = str(folder / "store")
        self.results = folder / "results" / CHAPTER
        self.before = set(SHARED.iterdir())  # of processes long gone, whose numbers come again
        self.process = psutil.Popen(
            [sys.executable, "-m", "soilbook.cli", *COMMAND.split(), str(folder / "results")],
            env=os.environ | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.seen: dict[psutil.Process, str] = {self.process: "command"}

    def find(self, kind: str) -> list[psutil.Process]:
        """Note which processes there are; return those of a kind, ended or not."""
        with suppress(psutil.NoSuchProcess):
            for one in self.process.children(recursive=True):
                self.seen[one] = "other"
                with suppress(psutil.NoSuchProcess):
                    line = " ".join(one.cmdline())
                    self.seen[one] = next((k for k, mark in MARKS.items() if mark in line), "other")
        return [one for one, known in self.seen.items() if known == kind]

    def going(self) -> bool:
        """Whether the command line has not ended."""
        return self.process.poll() is None

    def end(self) -> str:
        """Wait for its end, and that of its kernel; what it said."""
        while self.going():
            self.find("worker")
            time.sleep(0.5)
        psutil.wait_procs(self.find("kernel"))
        said = self.process.stdout.read()
        self.process.stdout.close()
        return said

    def left(self) -> list[str]:
        """Its processes that are still there, and names in shared memory with their numbers."""
        alive = [one.name() for one in psutil.wait_procs(self.seen, timeout=10)[1]]
        numbers = "|".join(str(one.pid) for one in self.seen)
        ours = re.compile(rf"(?:joblib_memmapping_folder_|sem\.loky-)(?:{numbers})[_-]")
        added = set(SHARED.iterdir()) - self.before
        return alive + [one.name for one in added if ours.match(one.name)]

    def content(self) -> dict[str, bytes]:
        """The results that stand in their place, but for dates and the claim on times."""
        files = [file for file in self.results.glob("*") if file.name not in TIMED]
        return {file.name: CLOCKED.sub(b"", file.read_bytes()) for file in files}


def kill(run: Run, kind: str, latest: float, draw: random.Random) -> str:
    """Kill a process within ``latest`` seconds of its start; say what became of the run."""
    while not (victims := run.find(kind)) and run.going():
        time.sleep(0.1)
    time.sleep(draw.uniform(0, latest))
    run.find(kind)
    try:
        victims[0].kill()
    except (IndexError, psutil.NoSuchProcess):
        run.end()
        return "ended before"
    said = run.end()
    code = run.process.returncode
    assert "Traceback" not in said, said
    if code == 0:
        return "had no more work" if kind != "command" else "ended before"
    if kind == "command":
        assert code == -signal.SIGKILL
        return "killed"
    expected = {"worker": (2, "a worker process was killed"), "kernel": (1, "failed: Kernel died")}
    assert code == expected[kind][0] and expected[kind][1] in said, (code, said)
    return "one line, exit " + str(code)


def test_the_run_after_a_kill_is_as_if_undisturbed(tmp_path):
    draw = random.Random(1)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    first = Run(tmp_path / "undisturbed", temporary)
    took = float(TOOK.search(first.end())[1])
    expected = first.content()
    assert "table_2.csv" in expected
    usual = set(temporary.iterdir())  # torch's own cache
    outcomes, runs = Counter(), []
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        # The worker first: a store that holds the forecasts needs no worker.
        for kind in ("worker", *draw.sample(["kernel", "command"], 2)):
            run = Run(folder, temporary)
            latest = 3.0 if kind == "worker" else 0.6 * took  # with what the first run has kept
            outcomes[kind, kill(run, kind, latest, draw)] += 1
            assert run.content() in ({}, expected)
            runs.append(run)
        last = Run(folder, temporary)
        assert TOOK.search(last.end())
        assert last.content() == expected
        beside = {one.name for one in last.results.parent.iterdir()}
        assert beside <= {last.results.name, f"{last.results.name}.previous"}
        runs.append(last)
        assert not [name for run in runs for name in run.left()]
        assert set(temporary.iterdir()) <= usual
        counted = ", ".join(f"{kind} {what} {n}" for (kind, what), n in sorted(outcomes.items()))
        print(f"{number + 1} rounds: {counted}", flush=True)
