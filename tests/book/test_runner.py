"""A run leaves whole results or none; what came before stays."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

from soilbook.book import chapters, runner
from soilbook.errors import DataError, ParameterError, SoilbookError

LEAVES = """import json, os, sys
with open(os.environ["SOILBOOK_OUT"] + "/table_1.csv", "w") as file:
    file.write(json.dumps([data, sites, depths, repetitions, noise, sys.executable, os.getcwd()]))
"""
# Four parts of work, each kept in the store; what was computed is written down.
SHARDS = """import os, tempfile, time
import numpy as np, xarray as xr
from soilbook.store import Store
os.makedirs(f"{tempfile.gettempdir()}/joblib_memmapping_folder_{os.getpid()}_x")
store, log = Store(), os.environ["SOILBOOK_LOG"]
parts = []
for i in range(4):
    if not store.has({"part": i}):
        store.put({"part": i}, xr.Dataset({"x": i * 1.5}))
        open(log, "a").write(f"{i} ")
        time.sleep(float(os.environ["SOILBOOK_PAUSE"]) * (i == 1))
    parts.append(float(store.get({"part": i})["x"]))
with open(os.environ["SOILBOOK_OUT"] + "/table_1.csv", "w") as file:
    file.write(str(parts))
"""


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


STUDY_1 = """data: str = "twin"
profile: str = "smoke"
sites: list[str] = []
depths: list[float] = []
split: float = 0.6
window: int = 4
"""


def test_what_leaves_nothing_to_forecast_is_refused_before_anything_starts(
    project, monkeypatch, tmp_path
):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    days = np.datetime64("2019-01-01") + np.arange(150)
    rows = [f"{day},{0.2 + 0.001 * (i % 7)}" for i, day in enumerate(days)]
    text = "\n".join(["date,sm_0.05", "yyyy-mm-dd,m3 m-3", *rows]) + "\n"
    (tmp_path / "mine.csv").write_text(text)
    project.add("wang2024/one", "1", parameters=STUDY_1)
    chapter = chapters.find("wang2024/one")
    given = {"data": "observed", "sites": str(tmp_path / "mine.csv")}
    assert runner.prepare(chapter, given)["window"] == 4
    assert runner.prepare(chapter, given | {"window": "9", "split": "0.5"})["split"] == 0.5
    for more in ({"window": "25"}, {"split": "0.9"}, {"split": "0.3"}):
        with pytest.raises(DataError, match=r"nothing left to forecast: site 'mine'") as refusal:
            runner.prepare(chapter, given | more)
        assert "\n" not in str(refusal.value)


def test_records_are_read_beforehand_only_where_that_can_matter(project, monkeypatch):
    read = []
    monkeypatch.setattr("soilbook.wang2024.experiment.load", read.append)
    project.add("wang2024/one", "1", parameters=STUDY_1)
    chapter = chapters.find("wang2024/one")
    runner.prepare(chapter, {"sites": "Kingston-1-W", "window": 4})
    assert read == []
    runner.prepare(chapter, {"sites": "Kingston-1-W", "window": 5})
    runner.prepare(chapter, {"sites": "Kingston-1-W", "split": "0.7"})
    assert [(one.window, one.split) for one in read] == [(5, 0.6), (4, 0.7)]


def test_run_leaves_results_under_track_profile_and_chapter(project, monkeypatch):
    warned = "import warnings; warnings.warn('site A has few windows')"
    project.add("beyond/one", LEAVES, warned)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("SOILBOOK_DATA", "data")  # relative to where the user is
    read = "assert os.environ['SOILBOOK_DATA'] == '%s'" % (project.root / "data")
    project.add("beyond/one", LEAVES, warned, read)
    run = runner.run("beyond/one", {"sites": "Kingston-1-W,Joplin-24-N", "noise": "1e3"})
    assert run.folder == project.root / "results/twin/quick/beyond/one"
    assert names(run.folder) == ["chapter.ipynb", "table_1.csv"]
    values = json.loads((run.folder / "table_1.csv").read_text())
    assert values[:5] == ["twin", ["Kingston-1-W", "Joplin-24-N"], [0.05, 1.0], 1, 1000.0]
    assert Path(values[5]) == Path(sys.executable)
    assert values[6] == str(project.root / "chapters/beyond")
    assert run.warnings == ("site A has few windows",)
    executed = nbformat.read(run.folder / "chapter.ipynb", 4)
    (injected,) = [c for c in executed.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert "sites" in injected.source and "depths" not in injected.source
    assert str(project.root) not in json.dumps(executed.metadata)
    assert names(run.folder.parent) == ["one"]

    again = runner.run("beyond/one", profile="smoke", out=project.root / "mine")
    assert again.folder == project.root / "mine/twin/smoke/beyond/one"
    second = runner.run("beyond/one")
    assert names(second.folder.parent) == ["one", "one.previous"]
    previous = json.loads((second.folder.parent / "one.previous/table_1.csv").read_text())
    assert previous[1] == ["Kingston-1-W", "Joplin-24-N"]


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ({"siets": "A"}, {}, "has no parameter 'siets'; allowed: data, profile, sites"),
        ({"repetitions": "two"}, {}, "repetitions is 'two'; allowed: a whole number"),
        ({"sites": "Atlantis"}, {}, "unknown site 'Atlantis'"),
        ({"depths": "0.3"}, {}, "unknown depth 0.3"),
        ({}, {"device": "cuda"}, "has no parameter 'device'"),
        ({"profile": "quick"}, {"profile": "smoke"}, "profile is given twice"),
        ({}, {"data": "real"}, "unknown data 'real'"),
    ],
)
def test_bad_parameters_start_no_kernel(project, monkeypatch, given, options, said):
    project.add("beyond/one", LEAVES)
    monkeypatch.setattr(runner, "_execute", lambda *a: pytest.fail("a kernel was started"))
    with pytest.raises(ParameterError) as refusal:
        runner.run("beyond/one", given, **options)
    assert said in str(refusal.value)
    assert not (project.root / "results").exists()


def test_failures_keep_earlier_results(project, monkeypatch):
    project.add("beyond/one", "1")
    folder = project.root / "results/twin/quick/beyond/one"
    folder.mkdir(parents=True)
    (folder / "table_1.csv").write_text("good")

    fails = (
        LEAVES + "from soilbook.errors import DataError\nraise DataError('a.txt, row 3:\\n bad')"
    )
    project.add("beyond/one", fails)
    with pytest.raises(DataError, match=r"^a\.txt, row 3: bad$"):
        runner.run("beyond/one")
    assert names(folder.parent) == ["one"] and names(folder) == ["table_1.csv"]

    project.add("beyond/one", "x = 5", LEAVES + "1 / 0")
    with pytest.raises(runner.ChapterFailed) as failure:
        runner.run("beyond/one")
    kept = folder.parent / "one.failed/chapter.ipynb"
    assert str(failure.value) == (
        "beyond/one failed in cell [3]: ZeroDivisionError: division by zero; "
        f"the notebook so far: {kept}"
    )
    assert "1 / 0" in kept.read_text() and (folder / "table_1.csv").read_text() == "good"

    project.add("beyond/one", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(
        runner.ChapterFailed, match="beyond/one failed: Kernel died; notebook and log"
    ):
        runner.run("beyond/one")
    assert (folder / "table_1.csv").read_text() == "good"

    full = "raise OSError(28, 'No space left on device')"
    project.add("beyond/one", full)
    with pytest.raises(SoilbookError, match="the disk is full"):
        runner.run("beyond/one")
    assert names(folder) == ["table_1.csv"]


def start(project, log: Path, pause: float) -> subprocess.Popen:
    environment = os.environ | {"SOILBOOK_LOG": str(log), "SOILBOOK_PAUSE": str(pause)}
    program = [sys.executable, "-m", "soilbook.cli", "run", "beyond/one"]
    return subprocess.Popen(program, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def children(process: int) -> list[int]:
    """Running processes whose parent is ``process``."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == process and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


@pytest.mark.parametrize(("number", "code"), [("SIGKILL", -9), ("SIGTERM", 143), ("SIGINT", 130)])
def test_killed_run_leaves_nothing_half_written_and_resumes(
    project, tmp_path, monkeypatch, number, code
):
    project.add("beyond/one", SHARDS)
    log, temporary = tmp_path / "log", tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    folder = project.root / "results/twin/quick/beyond/one"
    process = start(project, log, pause=100)
    wait_for(lambda: log.exists() and log.read_text() == "0 1 ")
    kernels = children(process.pid)
    process.send_signal(getattr(signal, number))
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in said
    wait_for(lambda: not any(Path(f"/proc/{kernel}").exists() for kernel in kernels))
    assert not folder.exists()
    if number != "SIGKILL":
        assert names(folder.parent) == [] and names(temporary) == []

    done = start(project, log, pause=0)
    assert done.wait(60) == 0
    done.stderr.close()
    assert log.read_text() == "0 1 2 3 "
    assert (folder / "table_1.csv").read_text() == "[0.0, 1.5, 3.0, 4.5]"
    assert names(folder.parent) == ["one"] and names(temporary) == []


def test_only_what_killed_runs_left_is_cleared(tmp_path, monkeypatch):
    """Not what a living run or kernel has, nor what belongs to no run, dead or not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(runner, "SHARED", str(tmp_path / "shm"))
    ended = [subprocess.Popen([sys.executable, "-c", ""]) for _ in range(3)]
    dead, kernel, stranger = (process.pid for process in ended if process.wait() == 0)
    alive = os.getpid()
    mine = {f"tmp/soilbook-{dead}-a/{kernel}", f"shm/joblib_memmapping_folder_{kernel}_b/x"}
    mine |= {f"tmp/soilbook-{dead}-a/kernel.json", f"shm/sem.loky-{kernel}-c"}
    others = {
        f"tmp/soilbook-{alive}-a/{kernel}0",
        f"tmp/soilbook-{dead}-orphan/{alive}",
        f"shm/joblib_memmapping_folder_{alive}_b/x",
        f"shm/joblib_memmapping_folder_{kernel}0_b/x",
        f"shm/joblib_memmapping_folder_{stranger}_b/x",
        f"shm/sem.loky-{stranger}-c",
        "tmp/soilbook-notes-a/1",
        "tmp/other.json",
    }
    for name in mine | others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    runner.clear_killed()
    left = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    assert left == others
    assert not (tmp_path / f"tmp/soilbook-{dead}-a").exists()


def test_place_that_takes_no_results_is_one_line(project):
    project.add("beyond/one", LEAVES)
    (project.root / "results").write_text("a file in place of the folder")
    with pytest.raises(SoilbookError, match=r"cannot write .*results"):
        runner.run("beyond/one")
    (project.root / "mine/twin/quick/beyond").mkdir(parents=True)
    (project.root / "mine/twin/quick/beyond/one").write_text("a file")
    with pytest.raises(SoilbookError, match="is a file where the folder of results has to be"):
        runner.run("beyond/one", out=project.root / "mine")


def test_results_come_back_if_the_new_ones_cannot_be_put_in_place(tmp_path, monkeypatch):
    folder, made = tmp_path / "one", tmp_path / "made"
    for one in (folder, made):
        one.mkdir()
        (one / "table_1.csv").write_text(one.name)
    real = Path.rename

    def rename(self, target):
        if self == made:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(SoilbookError, match=r"cannot write .*one: No space left on device"):
        runner.put_in_place(made, folder)
    assert (folder / "table_1.csv").read_text() == "one"


def test_no_progress_bar_in_a_notebook_that_papermill_executes(project, tmp_path):
    bar = (
        "import time\n"
        "from soilbook.progress import bar\n"
        "with bar(2, 'training', 'network') as shown:\n"
        "    for _ in range(2):\n"
        "        time.sleep(0.15)\n"
        "        shown.update(1)\n"
        "print('done')"
    )
    file = project.add("beyond/one", bar)
    executed = papermill.execute_notebook(
        file, tmp_path / "out.ipynb", kernel_name="python3", language="python", progress_bar=False
    )
    (output,) = [output for cell in executed.cells for output in cell.get("outputs", ())]
    assert output.text == "done\n"
