"""The book runs what changed, renders what changed, and does nothing where nothing did."""

import json
from pathlib import Path

import joblib
import pytest
import torch

from soilbook import cli
from soilbook.book import build, render, runner
from soilbook.errors import DataError, ParameterError

# Stands in for jupyter-book: counts its calls and fails if the prose says so.
RENDERER = """import pathlib, sys
folder = pathlib.Path("_build/html")
assert not folder.exists(), "not a clean _build"
folder.mkdir(parents=True)
(folder / "index.html").write_text("pages")
with open("renders", "a") as file:
    file.write("x")
sys.exit("BROKEN" in pathlib.Path("book/intro.md").read_text())
"""


class Book:
    """A book of two chapters whose runs and renderings are counted."""

    def __init__(self, project, monkeypatch):
        self.project, self.root = project, project.root
        self.ran, self.said = [], []
        (self.root / "book").mkdir()
        (self.root / "book/intro.md").write_text("# Intro\n")
        (self.root / "_config.yml").write_text("title: x\n")
        for name in ("beyond/one", "beyond/two"):
            project.add(name, "1")
        project.contents("beyond/one", "beyond/two")
        monkeypatch.setattr(render, "COMMAND", ("-c", RENDERER))
        monkeypatch.setattr(runner, "run", self.run)

    def run(self, name: str, parameters: dict) -> runner.Run:
        self.ran.append(name)
        chapter = build.chapters.find(name)
        values = runner.prepare(chapter, parameters)
        folder = runner.results_folder(name, values, self.root)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "chapter.ipynb").write_bytes(chapter.file.read_bytes())
        return runner.Run(name, folder, values, 1.0, ())

    def build(self, **options) -> tuple[int, list[str], int]:
        """Exit code, chapters that ran, renderings in all."""
        self.ran.clear()
        self.said.clear()
        code = build.build(say=self.said.append, **{"jobs": 1, **options})
        renders = self.root / "renders"
        return code, list(self.ran), len(renders.read_text()) if renders.exists() else 0


@pytest.fixture
def book(project, monkeypatch) -> Book:
    return Book(project, monkeypatch)


BOTH = ["beyond/one", "beyond/two"]


def test_nothing_changed_does_nothing(book):
    assert book.build() == (0, BOTH, 1)
    assert (book.root / "book/executed/beyond/one.ipynb").is_file()
    assert book.build() == (0, [], 1)
    assert "nothing changed" in book.said[-1] and "index.html" in book.said[-1]


def test_only_what_changed_runs(book):
    book.build()
    book.project.add("beyond/two", "2")
    assert book.build() == (0, ["beyond/two"], 2)
    (book.root / "book/intro.md").write_text("# Other\n")
    assert book.build() == (0, [], 3)
    assert book.build(profile="smoke") == (0, BOTH, 3)
    assert book.build(data="twin") == (0, BOTH, 3)


def test_code_of_the_library_reference_runs_and_observed_files_count(book, monkeypatch, tmp_path):
    book.build()
    with monkeypatch.context() as patch:
        patch.setattr(build, "of_package", lambda: "changed")
        assert book.build()[1] == BOTH
    assert book.build()[1] == BOTH
    reference = book.root / "book/reference/observed/beyond/two/table_3.csv"
    reference.parent.mkdir(parents=True)
    reference.write_text("model,r2")
    assert book.build()[1] == ["beyond/two"]
    (tmp_path / "data/uscrn/daily01").mkdir(parents=True)
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("soilbook.data.available", lambda *a: ["Kingston-1-W"])
    assert book.build(data="observed")[1] == BOTH
    assert book.build(data="observed")[1] == []
    (tmp_path / "data/new.txt").write_text("x")
    assert book.build(data="observed")[1] == BOTH


def test_networks_of_a_readers_file_join_where_chapters_take_them(
    book, model_file, capsys, monkeypatch
):
    models = 'models: list[str] = ["LSTM"]  # networks\n'
    book.project.add("beyond/one", "1", parameters=models, soilbook={"own_models": True})
    book.project.add("beyond/two", "1", parameters=models)
    asked = []
    monkeypatch.setattr(
        runner, "run", lambda name, given: (asked.append((name, given)), book.run(name, given))[1]
    )
    own = ["build", "--jobs", "1", "--model-file", str(model_file)]
    assert cli.main(own) == 0
    joined = {"models": ["LSTM", "Mine"]}
    assert asked == [("beyond/one", joined), ("beyond/two", {})]
    assert f"executing {model_file}" in capsys.readouterr().err
    assert cli.main(own) == 0 and len(asked) == 2
    model_file.write_text(model_file.read_text() + "\n# changed\n")
    assert cli.main(own) == 0 and asked[2:] == [("beyond/one", joined)]
    assert build.build(jobs=1) == 0 and asked[3:] == [("beyond/one", {})]
    assert cli.main([*own, "--no-run"]) == 2
    assert "leave --no-run out" in capsys.readouterr().err


def test_damaged_page_record_or_result_is_made_again(book):
    book.build()
    for name in (
        "book/executed/beyond/one.ipynb",
        "book/executed/beyond/one.json",
        "results/twin/quick/beyond/one/chapter.ipynb",
    ):
        (book.root / name).write_text("{}")
        assert book.build()[:2] == (0, ["beyond/one"])
    (book.root / "_build/html/index.html").unlink()
    before = len((book.root / "renders").read_text())
    assert book.build() == (0, [], before + 1)


def test_chapter_that_shows_others_runs_after_them_and_with_them(book):
    book.project.add("beyond/card", "1", soilbook={"reads": ["beyond/o"]})
    book.project.contents("beyond/card", *BOTH)
    assert book.build()[1] == ["beyond/one", "beyond/card", "beyond/two"]
    book.project.add("beyond/one", "5")
    assert book.build()[1] == ["beyond/one", "beyond/card"]
    book.project.add("beyond/two", "5")
    assert book.build()[1] == ["beyond/two"]
    (book.root / "results/twin/quick/beyond/one/chapter.ipynb").write_text("{}")
    assert book.build()[1] == ["beyond/one", "beyond/card"]


def test_reader_of_a_reader_runs_last_and_with_all_that_it_rests_on(book):
    """``card`` reads all of its study, itself by that name too, and ``sum``, which reads one."""
    book.project.add("beyond/card", "1", soilbook={"reads": ["beyond"]})
    book.project.add("beyond/last", "1", soilbook={"reads": ["beyond/sum"]})
    book.project.add("beyond/sum", "1", soilbook={"reads": ["beyond/one"]})
    book.project.contents("beyond/last", "beyond/sum", *BOTH)
    assert book.build()[1] == ["beyond/one", "beyond/sum", "beyond/last", "beyond/two"]
    book.project.add("beyond/one", "5")
    assert book.build()[1] == ["beyond/one", "beyond/sum", "beyond/last"]
    book.project.contents("beyond/card", "beyond/last", "beyond/sum", *BOTH)
    assert book.build()[1] == ["beyond/card"]
    book.project.add("beyond/one", "6")
    assert book.build()[1] == ["beyond/one", "beyond/sum", "beyond/last", "beyond/card"]


def test_chapters_that_read_each_other_in_a_circle_are_named(book):
    book.project.add("beyond/one", "1", soilbook={"reads": ["beyond/two"]})
    book.project.add("beyond/two", "1", soilbook={"reads": ["beyond/one"]})
    for jobs in (1, 2):
        with pytest.raises(DataError) as circle:
            book.build(jobs=jobs)
        line = str(circle.value)
        assert "beyond/one reads beyond/two reads beyond/one" in line and "\n" not in line
    assert book.ran == []


def test_reader_of_a_failed_chapter_runs_and_runs_again_once_that_is_mended(book, monkeypatch):
    """Also if the mended chapter came out in a build that was stopped before its reader ran."""
    book.project.add("beyond/sum", "1", soilbook={"reads": ["beyond/one"]})
    book.project.add("beyond/card", "1", soilbook={"reads": ["beyond/sum"]})
    book.project.contents("beyond/one", "beyond/sum", "beyond/card")
    fails, stops = {"beyond/one": runner.ChapterFailed("no memory")}, {}

    def run(name, parameters):
        if problem := fails.get(name) or stops.get(name):
            raise problem
        return book.run(name, parameters)

    monkeypatch.setattr(runner, "run", run)
    with pytest.raises(build.BuildFailed, match="failed: beyond/one"):
        book.build()
    assert book.ran == ["beyond/sum", "beyond/card"]
    fails.clear()
    stops["beyond/sum"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        book.build()
    assert book.ran == ["beyond/one"]
    stops.clear()
    assert book.build()[:2] == (0, ["beyond/sum", "beyond/card"])
    assert book.build()[1] == []


def test_exit_code_of_the_renderer_is_passed_on_and_tried_again(book):
    (book.root / "book/intro.md").write_text("# BROKEN\n")
    assert book.build() == (1, BOTH, 1)
    assert book.build() == (1, [], 2)


def test_failing_chapter_stops_the_rendering_but_not_the_others(book, monkeypatch):
    def run(name, parameters):
        if name == "beyond/one":
            raise runner.ChapterFailed("beyond/one failed in cell [2]")
        return book.run(name, parameters)

    monkeypatch.setattr(runner, "run", run)
    with pytest.raises(build.BuildFailed) as failure:
        book.build()
    assert failure.value.code == 1 and failure.value.message == "not rendered; failed: beyond/one"
    assert book.ran == ["beyond/two"] and "beyond/one failed in cell [2]" in book.said[1]
    assert not (book.root / "renders").exists()


@pytest.mark.parametrize("other", [DataError("b.txt"), runner.ChapterFailed("no memory")])
def test_exit_code_is_2_only_if_a_user_can_mend_all(book, monkeypatch, other):
    problems = {"beyond/one": DataError("a.txt"), "beyond/two": other}

    def run(name, parameters):
        raise problems[name]

    monkeypatch.setattr(runner, "run", run)
    with pytest.raises(build.BuildFailed) as failure:
        book.build()
    assert failure.value.code == (2 if isinstance(other, DataError) else 1)


def test_bad_parameters_are_told_before_any_chapter_runs(book):
    with pytest.raises(ParameterError, match="unknown profile 'fast'"):
        book.build(profile="fast")
    assert book.ran == []


def test_device_is_passed_on_where_a_chapter_has_one(book, monkeypatch):
    cell = 'data: str = "twin"\nprofile: str = "quick"\ndevice: str = "auto"\n'
    book.project.add("beyond/one", "1", parameters=cell)
    given = {}
    run = book.run
    monkeypatch.setattr(runner, "run", lambda name, p: (given.update({name: p}), run(name, p))[1])
    book.build(device="cpu")
    assert given["beyond/one"]["device"] == "cpu" and "device" not in given["beyond/two"]
    assert book.build(device="auto")[1] == []


def test_pages_without_running_take_what_is_executed(book):
    with pytest.raises(DataError, match=r"beyond/one has no run \(any track, any profile\)"):
        book.build(execute=False)
    for name in BOTH:
        book.run(name, {"profile": "smoke"})
    assert book.build(execute=False) == (0, [], 1)
    assert (book.root / "book/executed/beyond/two.ipynb").is_file()
    with pytest.raises(DataError, match=r"beyond/one has no run \(observed, any profile\)"):
        book.build(execute=False, data="observed")


def test_contents_with_an_unknown_chapter(book):
    book.project.contents("beyond/three")
    with pytest.raises(ParameterError, match="unknown chapter 'beyond/three'"):
        book.build()
    (book.root / "_toc.yml").write_text("format: [")
    with pytest.raises(DataError, match=r"_toc\.yml: not readable"):
        book.build()


# Code cells of chapters that read each other: what each leaves, or found when it started.
LEAVES = """import joblib, os
import pandas as pd
from soilbook.book.page import Page
page = Page("{name}", {{"data": data, "profile": profile}})
{before}
found = {{name: page.other("beyond/" + name, "table_1.csv") for name in {reads}}}
lacking = [name for name, table in found.items() if table is None]
page.table("1", pd.DataFrame({{"lacking": [" ".join(lacking) or "nothing"]}}), "x")
print("cores", joblib.cpu_count(), os.environ["OMP_NUM_THREADS"])
"""
SLOW = "import time\ntime.sleep(3)"
UNTIL_SECOND_IS_THERE = """import time
start = time.monotonic()
while page.other("beyond/second", "table_1.csv") is None:
    assert time.monotonic() - start < 60, "second was made to wait"
    time.sleep(0.1)
"""


def test_readers_wait_for_exactly_what_they_read(project, monkeypatch):
    """From nothing, two at a time, in processes of their own with a core each: ``last`` reads the
    slow ``second``, which reads ``first``; none of them reads ``other``, which ends only when it
    sees that ``second`` did not wait for it."""
    monkeypatch.setattr(render, "COMMAND", ("-c", RENDERER))
    (project.root / "book").mkdir()
    (project.root / "book/intro.md").write_text("# Intro\n")
    for name, before, reads in (
        ("last", "", ["first", "second"]),
        ("other", UNTIL_SECOND_IS_THERE, []),
        ("second", SLOW, ["first"]),
        ("first", "", []),
    ):
        source = LEAVES.format(name=f"beyond/{name}", before=before, reads=reads)
        project.add(f"beyond/{name}", source, soilbook={"reads": [f"beyond/{n}" for n in reads]})
    project.contents("beyond/last", "beyond/other", "beyond/second", "beyond/first")
    said = []
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    assert build.build(jobs=2, say=said.append) == 0, said
    for name in ("second", "last"):
        table = project.root / f"results/twin/quick/beyond/{name}/table_1.csv"
        assert table.read_text() == "lacking\nnothing\n"
        record = json.loads((project.root / f"book/executed/beyond/{name}.json").read_text())
        assert set(record) == {"fingerprint", "notebook", "page"}
        executed = (project.root / f"book/executed/beyond/{name}.ipynb").read_text()
        assert '"execution_count": 2' in executed and "cores 1 1" in executed


SHOWS = """import pandas as pd
from soilbook.book.page import Page
page = Page("beyond/one", {"data": data, "profile": profile})
page.table("1", pd.DataFrame({"a": [1 / 8]}), "Numbers")
"""


def test_pages_show_both_runs_and_lie_beside_their_files(project, monkeypatch):
    """A chapter that is waited for shows the reference run; its page then shows both."""
    monkeypatch.setattr(render, "COMMAND", ("-c", RENDERER))
    project.add("beyond/one", SHOWS)
    project.contents("beyond/one")
    (project.root / "book").mkdir()
    (project.root / "book/intro.md").write_text("# Intro\n")
    left = project.root / "book/reference/observed/beyond/one"
    left.mkdir(parents=True)
    (left / "table_1.csv").write_text("a\n0.875\n")
    (left / "provenance.json").write_text(json.dumps({"files": {"table_1.csv": "x"}}))
    seen, run = [], runner.run

    def slow(name, parameters):
        seen.append((project.root / "book/executed/beyond/one.ipynb").read_text())
        return run(name, parameters)

    monkeypatch.setattr(runner, "run", slow)
    assert build.build(jobs=1, say=lambda line: None) == 0
    assert "0.875" in seen[0] and "still being computed" in seen[0] and "0.125" not in seen[0]
    page = (project.root / "book/executed/beyond/one.ipynb").read_text()
    assert "0.875" in page and "0.125" in page and "still being computed" not in page
    assert page.index("0.875") < page.index("0.125") and "image/png" not in page
    assert (project.root / "book/executed/beyond/one/table_1.csv").read_text() == "a\n0.125\n"
    lists = (project.root / "book/executed/front/lists.md").read_text()
    assert 'href="executed/beyond/one.html#table-1">Table 1</a>' in lists
    assert build.build(jobs=1, say=lambda line: None) == 0 and len(seen) == 1


def test_as_many_at_a_time_as_there_are_cores_for(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 16)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert build.at_once(None) == build.at_once("cpu") == 2
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (build.at_once("auto"), build.at_once("cuda"), build.at_once("cpu")) == (1, 1, 2)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    assert build.at_once("cpu") == 1


def test_renderer_is_jupyter_book_with_warnings_as_errors(project):
    """The real command on a page that has a broken reference, then on the mended page."""
    book = project.root / "book"
    book.mkdir()
    (project.root / "_config.yml").write_text("title: x\nonly_build_toc_files: true\n")
    (book / "intro.md").write_text("# Intro\n\n[](nowhere.md)\n")
    assert render.render(project.root, lambda line: None) != 0
    (book / "intro.md").write_text("# Intro\n\nText.\n")
    said = []
    assert render.render(project.root, said.append) == 0
    assert Path(said[0].removeprefix("the book: ")).is_file()
    assert render.render(project.root, said.append) == 0 and "nothing changed" in said[-1]
