"""Whatever process of a run is killed, and whenever: the next run gives the same bytes, and
nothing stays behind. ``make kills`` does this 20 times, the suite twice."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from soilbook.book import runner

ROUNDS = int(os.environ.get("KILLS", 2))
ROOT = Path(__file__).parents[2]
COMMAND = (
    "run wang2024/s4_1 --profile smoke --device cpu "
    "-p sites=Kingston-1-W -p depths=0.05 -p models=ELM,LSTM --out"
)
CHAPTER = "twin/smoke/wang2024/s4_1_machine_learning"
TIMED = ("chapter.ipynb", "provenance.json")  # hold dates
TOOK = re.compile(r": (\d+) s, results in ")


class Run:
    """A run of the chapter on the command line, and all processes that it has started."""

    def __init__(self, folder: Path, temporary: Path):
        changed = {"SOILBOOK_ROOT": str(ROOT), "TMPDIR": str(temporary)}
        changed["SOILBOOK_CACHE"] = str(folder / "store")
        self.results = folder / "results" / CHAPTER
        self.process = psutil.Popen(
            [sys.executable, "-m", "soilbook.cli", *COMMAND.split(), str(folder / "results")],
            env=os.environ | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.seen: set[psutil.Process] = {self.process}

    def look(self, kind: str | None = None) -> psutil.Process | None:
        """Note the processes that there are; return the first one of a kind."""
        for one in [self.process, *self.process.children(recursive=True)]:
            try:
                line = " ".join(one.cmdline())
            except psutil.Error:  # it ended between the two looks
                continue
            self.seen.add(one)
            marks = {"command": "soilbook.cli", "kernel": "ipykernel", "worker": "popen_loky"}
            if kind and marks[kind] in line:
                return one
        return None

    def going(self) -> bool:
        return self.process.poll() is None

    def end(self) -> str:
        """Wait for its end, and that of all its processes; what it said."""
        while self.going():
            self.look()
            time.sleep(0.5)
        said = self.process.stdout.read()
        self.process.stdout.close()
        gone, alive = psutil.wait_procs(self.seen, timeout=20)
        assert not alive, f"still there: {[one.cmdline() for one in alive]}"
        return said

    def left(self) -> list[str]:
        """Names in shared memory that bear the number of one of its processes."""
        numbers = "|".join(str(one.pid) for one in self.seen)
        ours = re.compile(rf"(?:joblib_memmapping_folder_|sem\.loky-)(?:{numbers})[_-]")
        shared = Path(runner.SHARED)
        return [one.name for one in shared.glob("*") if ours.match(one.name)]


    def content(self) -> dict[str, bytes]:
        """The results that stand in their place, but for dates."""
        files = [file for file in self.results.glob("*") if file.name not in TIMED]
        return {file.name: file.read_bytes() for file in files}


def kill(run: Run, kind: str, latest: float, draw: random.Random) -> str:
    """Kill a process within ``latest`` seconds of its start; say what became of the run."""
    while (victim := run.look(kind)) is None and run.going():
        time.sleep(0.1)
    time.sleep(draw.uniform(0, latest))
    run.look()
    try:
        victim.kill()
    except (AttributeError, psutil.NoSuchProcess):
        run.end()
        return "ended before"
    said = run.end()
    code = run.process.returncode
    assert "Traceback" not in said, said
    if kind == "command":
        assert code == -signal.SIGKILL
        return "killed"
    if code == 0:
        return "had no more work"
    expected = {"worker": (2, "a worker process was killed"), "kernel": (1, "failed: Kernel died")}
    assert code == expected[kind][0] and expected[kind][1] in said, (code, said)
    return "one line, exit " + str(code)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs the processes of Linux")
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
            outcomes[kind, kill(run, kind, 3.0 if kind == "worker" else took, draw)] += 1
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
