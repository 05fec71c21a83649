"""A dry run says what a run would train, and neither trains nor leaves results."""

import io
import sys

import pytest

from soilbook import cli, costs
from soilbook.book import chapters, dry_run, runner
from soilbook.errors import DataError, ParameterError
from soilbook.wang2024 import s4_5_gan

PARAMETERS = """profile: str = "quick"  # how much
device: str = "cpu"  # where
networks: int = 3  # trained
"""
TRAINS = """
import os
import numpy as np, xarray as xr
from soilbook import costs
from soilbook.store import Store
store = Store()
def train(name):
    key = {"kind": "trained", "name": name}
    there = store.has(key)
    work = costs.Work(name, networks, 0 if there else networks, 0 if there else 10 * networks)
    with costs.training(work, key, store):
        if not there:
            store.put(key, xr.Dataset({"x": np.float32(len(name))}))
    return store.get(key)
"""


@pytest.fixture
def chapter(project):
    """A chapter that trains three kinds, one by one and two in a statement, and shows something."""
    project.add(
        "beyond/one",
        TRAINS,
        "one = train('one')\nassert os.path.basename(os.getcwd()) == 'beyond'",
        "both = costs.every(train, ['two', 'three'])\nrests = float(one['x'] + both['two']['x'])",
        "page.table(train('shown'))",
        "last = train('one')",
        parameters=PARAMETERS,
    )
    return chapters.find("beyond/one")


def kinds(chapter, **given) -> list[tuple]:
    found = dry_run.works_of(chapter, runner.prepare(chapter, given), chapters.root())
    return [(one.kind, one.total, one.missing) for one in found.values()]


def test_every_training_of_a_chapter_is_counted_and_none_is_done(chapter, project, capsys):
    assert kinds(chapter) == [("one", 3, 3), ("two", 3, 3), ("three", 3, 3)]
    assert kinds(chapter, networks=5)[0] == ("one", 5, 5)
    assert not [*project.root.glob("results/**/*"), *project.root.glob("../cache/results/??/*")]
    assert capsys.readouterr().out == ""


def test_the_ablation_is_counted_by_its_steps():
    """Each has a rate of its own."""
    gan = chapters.find("wang2024/s4_5_gan")
    given = {"profile": "smoke", "sites": ["Weslaco"], "depths": [0.05], "ablation": True}
    found = dry_run.works_of(gan, runner.prepare(gan, given), chapters.root()).values()
    assert [work.kind for work in found] == ["LSTM", "GAN-LSTM", *s4_5_gan.steps()]
    assert {work.total for work in found} == {1}


def test_what_is_in_the_store_is_not_to_be_trained(project):
    project.add("beyond/two", TRAINS, "print(train('one'))", parameters=PARAMETERS)
    runner.run("beyond/two")
    project.add("beyond/one", TRAINS, "train('one'); train('new')", parameters=PARAMETERS)
    one = chapters.find("beyond/one")
    assert kinds(one) == [("one", 3, 0), ("new", 3, 3)]
    known = chapters.find("beyond/two")
    known = known, runner.prepare(known, {})
    assert dry_run.estimate([known]).summary().endswith("nothing to train")
    both = dry_run.estimate([known, (one, runner.prepare(one, {}))])  # "one" is needed by both
    assert both.summary().startswith("3 of 6 models to train, 3 in the store")


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("from soilbook.errors import DataError\nraise DataError('no file')", DataError, "no file"),
        ("1 / 0", runner.ChapterFailed, "failed in its dry run: ZeroDivisionError: division"),
    ],
)
def test_a_chapter_that_fails_says_so(project, source, error, said):
    project.add("beyond/one", source, parameters=PARAMETERS)
    with pytest.raises(error, match=said):
        kinds(chapters.find("beyond/one"))


def test_the_command_prints_a_line_for_each_kind(chapter, project, capsys):
    assert cli.main(["run", "beyond/one", "--dry-run", "-p", "networks=4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["one", "4"], ["two", "4"], ["three", "4"]]
    assert lines[3].startswith("12 of 12 models to train, 0 in the store; without a rate")
    assert not (project.root / "results").exists()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def ran(monkeypatch) -> list[str]:
    """Chapters that the command line ran."""
    done = []

    def run(chapter, parameters, **options):
        done.append(chapter)
        raise runner.ChapterFailed("ran")

    monkeypatch.setattr(runner, "run", run)
    return done


def test_paper_on_a_cpu_says_what_it_takes_and_needs_a_yes(chapter, capsys, ran, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert cli.main(["run", "beyond/one", "--profile", "paper"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and not ran
    assert "profile paper on a CPU: 9 of 9 models to train" in said and said.endswith("--yes\n")
    assert cli.main(["run", "beyond/one", "--profile", "paper", "--yes"]) == 1 and len(ran) == 1
    assert cli.main(["run", "beyond/one", "--profile", "standard"]) == 1 and len(ran) == 2


@pytest.mark.parametrize(("answer", "code"), [("y", 1), ("Yes ", 1), ("", 2), ("n", 2)])
def test_on_a_terminal_it_asks(chapter, capsys, ran, monkeypatch, answer, code):
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("builtins.input", lambda question: answer)
    nothing = costs.Estimate((), 0.0, 0, ())
    monkeypatch.setattr(dry_run, "estimate", lambda runs: nothing)
    assert cli.main(["run", "beyond/one", "--profile", "paper"]) == code
    assert len(ran) == (code == 1) and "on a CPU: " in sys.stderr.getvalue()


def test_a_gpu_and_a_chapter_that_trains_nothing_are_not_asked_about(project, monkeypatch):
    monkeypatch.setattr(dry_run, "estimate", lambda *a: pytest.fail("estimated"))
    project.add("beyond/one", "1", parameters=PARAMETERS)
    one = chapters.find("beyond/one")
    monkeypatch.setattr(dry_run, "find_device", lambda name: "cuda")
    dry_run.consent([(one, {"profile": "paper", "device": "auto"}), (one, {"profile": "paper"})])
    monkeypatch.undo()
    with pytest.raises(ParameterError, match="--yes"):
        monkeypatch.setattr(dry_run, "estimate", lambda *a: costs.Estimate((), 0.0, 0, ()))
        dry_run.consent([(one, {"profile": "paper", "device": "cpu"})])


def test_a_sweep_and_a_book_ask_too_and_begin_nothing_without_an_answer(
    chapter, project, capsys, ran, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    given = ["beyond/one", "-p", "device=cpu,auto"]
    assert cli.main(["sweep", *given, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1].startswith("9 of 9 models to train")  # both need the same
    assert cli.main(["sweep", *given, "--profile", "paper"]) == 2
    assert "beyond/one, 2 runs with profile paper on a CPU" in capsys.readouterr().err
    project.add("beyond/two", "1", parameters=PARAMETERS)
    project.contents("beyond/one", "beyond/two")
    assert cli.main(["build", "--profile", "paper", "--device", "cpu"]) == 2
    said = capsys.readouterr().err
    assert "2 chapters with profile paper on a CPU; what each takes: soilbook run" in said
    assert said.count("\n") == 1 and said.endswith("--yes\n")
    assert not ran and not (project.root / "results").exists()
    assert not (project.root / "book/executed").exists()
    monkeypatch.setattr("soilbook.book.sweep.build.at_once", lambda device: 1)
    cli.main(["sweep", *given, "--profile", "paper", "--yes"])
    assert len(ran) == 2
