"""The command line: exit codes, one line for what a user can mend, no traceback."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import xarray as xr

from soilbook import __version__, cli
from soilbook.book import build, runner
from soilbook.errors import ParameterError
from soilbook.store import Store, tagged_folder

CELL = """data: str = "twin"  # track
profile: str = "quick"  # how much
sites: list[str] = []  # names
device: str = "auto"  # where
"""


@pytest.fixture
def book(tmp_path, monkeypatch) -> Path:
    """A root with one chapter that fails as its parameter says."""
    parameters = nbformat.v4.new_code_cell(CELL, metadata={"tags": ["parameters"]})
    cells = [nbformat.v4.new_markdown_cell("# First"), parameters]
    file = tmp_path / "chapters/wang2024/s4_2_basic_networks.ipynb"
    file.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    monkeypatch.setenv("SOILBOOK_ROOT", str(tmp_path))
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path / "data"))
    return tmp_path


def refused(capsys, *arguments: str, code: int = 2) -> str:
    """Run a command that must fail; the one line it says."""
    try:
        got = cli.main(list(arguments))
    except SystemExit as stop:
        got = stop.code
    said = capsys.readouterr()
    assert got == code and said.out == ""
    assert said.err.count("\n") == 1 and said.err.startswith("soilbook")
    return said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "s9"], "unknown chapter 's9'; allowed: wang2024/s4_2_basic_networks"),
        (["run", "wang2024/s4", "-p", "siets=A"], "no parameter 'siets'; allowed: data, profile"),
        (["run", "wang2024/s4", "-p", "sites"], "write it as name=value"),
        (["run", "wang2024/s4", "-p", "sites=Atlantis"], "unknown site 'Atlantis'; allowed: King"),
        (["run", "wang2024/s4", "--profile", "fast"], "unknown profile 'fast'; allowed: smoke"),
        (["run", "wang2024/s4", "--data", "observed"], "no such data folder; set SOILBOOK_DATA"),
        (["build", "--profile", "fast"], "unknown profile 'fast'"),
        (["compare", "here", "there"], "no run 'here'"),
        (["compare", "."], "allowed: two or more, or a sweep of them"),
        (["sweep", "wang2024/s4", "-p", "sites=4..2"], "the range is empty; allowed: 2..4"),
        (["sweep", "wang2024/s4", "-p", "profile=smoke,fast"], "unknown profile 'fast'"),
        (["store", "clean"], "say what to remove: --older DAYS, or --all"),
        (["store", "clean", "--all", "--older", "3"], "say what to remove"),
        (["store", "clean", "--older", "old"], "argument --older: invalid float value: 'old'"),
        (["data", "get", "modis"], "unknown product 'modis'; allowed: uscrn, scan"),
        (["data", "check"], "no such data folder"),
        (["run"], "the following arguments are required: chapter"),
        (["build", "--jobs", "two"], "argument --jobs: invalid int value: 'two'"),
        (["fly"], "invalid choice: 'fly'"),
        ([], "required: COMMAND"),
    ],
)
def test_input_to_mend_is_one_line_and_exit_2(book, capsys, arguments, said):
    assert said in refused(capsys, *arguments)
    assert not (book / "results").exists()


def test_options_of_the_command_line():
    assert cli.split_options(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(ParameterError, match="name=value"):
        cli.split_options(["a"])
    with pytest.raises(ParameterError, match="given twice"):
        cli.split_options(["a=1", "a=2"])


def test_device_that_is_absent(book, capsys, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = refused(capsys, "run", "wang2024/s4", "--device", "cuda")
    assert "device 'cuda' is not there; allowed here: auto, cpu" in said


def test_chapters_lists_titles_and_parameters(book, capsys):
    assert cli.main(["chapters"]) == 0
    out = capsys.readouterr().out
    assert "wang2024/s4_2_basic_networks: First" in out and "sites=  (list[str])  names" in out


def test_run_passes_everything_on_and_says_where_results_are(book, capsys, monkeypatch):
    asked = []

    def run(chapter, parameters, **options):
        asked.append((chapter, parameters, options))
        (book / "r.previous").mkdir()
        return runner.Run("wang2024/s4_2", book / "r", {}, 61.2, ("site A left out",))

    monkeypatch.setattr(runner, "run", run)
    line = "run wang2024/s4 -p sites=A,B -p seed=1 --data observed --profile smoke --device cpu"
    assert cli.main([*line.split(), "--out", "mine"]) == 0
    options = {"data": "observed", "profile": "smoke", "device": "cpu", "out": "mine"}
    assert asked == [("wang2024/s4", {"sites": "A,B", "seed": "1"}, options)]
    said = capsys.readouterr()
    assert f"results in {book / 'r'}" in said.out and "soilbook compare" in said.out
    assert said.err == "soilbook: warning: site A left out\n"


def test_other_failures_exit_1_and_an_interruption_130(book, capsys, monkeypatch):
    def fail(*arguments, **options):
        raise runner.ChapterFailed("failed in cell [3]: ZeroDivisionError: division by zero")

    monkeypatch.setattr(runner, "run", fail)
    assert "cell [3]" in refused(capsys, "run", "wang2024/s4", code=1)

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupt)
    assert "interrupted" in refused(capsys, "run", "wang2024/s4", code=130)


@pytest.mark.parametrize("code", [1, 2])
def test_build_passes_exit_codes_on(book, capsys, monkeypatch, code):
    def fail(*arguments, **options):
        raise build.BuildFailed("not rendered; failed: a/b", code)

    monkeypatch.setattr(build, "build", fail)
    assert "not rendered" in refused(capsys, "build", code=code)
    monkeypatch.setattr(build, "build", lambda *arguments, **options: 5)
    assert cli.main(["build", "--no-run"]) == 5


def test_compare_prints_and_leaves_scores(book, capsys, tmp_path):
    for name, value in (("a", 0.5), ("b", 0.75)):
        (tmp_path / name).mkdir()
        stamp = {"chapter": "wang2024/s4_2", "parameters": {"seed": len(name)}}
        (tmp_path / name / "provenance.json").write_text(json.dumps(stamp))
        (tmp_path / name / "table_3.csv").write_text(f"model,r2\nLSTM,{value}\n")
    file = tmp_path / "changed.csv"
    assert cli.main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--csv", str(file)]) == 0
    assert "0.25" in capsys.readouterr().out
    assert file.read_text().splitlines()[1] == "wang2024/s4_2,3,LSTM,r2,0.5,0.75,0.25,"


def test_store_is_listed_by_kind_and_cleaned_by_age(book, capsys, monkeypatch):
    monkeypatch.setenv("SOILBOOK_CACHE", str(book / "cache"))
    store = Store()
    for n in range(3):
        store.put({"kind": "forecast" if n else "training", "n": n}, xr.Dataset({"x": n}))
    assert cli.main(["store", "list"]) == 0
    forecasts, trainings, total, compiled = capsys.readouterr().out.splitlines()
    assert forecasts.split()[:2] == ["forecast", "2"] and trainings.split()[:2] == ["training", "1"]
    assert forecasts.endswith(" s old") and " MB" in forecasts
    assert total.startswith("3 results, ") and total.endswith(f"in {book / 'cache/results'}")
    assert compiled == f"compiled steps of trainings, 0.0 MB, in {book / 'cache/compiled'}"
    assert cli.main(["store", "clean", "--older", "1"]) == 0
    assert capsys.readouterr().out.startswith("removed 0 results, 0.0 MB, from ")
    assert cli.main(["store", "clean", "--all"]) == 0
    assert capsys.readouterr().out.startswith("removed 3 results, ") and not store.entries()


def test_clean_all_says_what_it_removes_of_the_store_and_leaves_other_files(tmp_path):
    """With a virtual environment that is this one, in a copy of the book's folder."""
    root, cache = Path(__file__).parents[1], tmp_path / "cache"
    shutil.copy(root / "Makefile", tmp_path)
    (tmp_path / "venv/bin").mkdir(parents=True)
    program = tmp_path / "venv/bin/soilbook"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m soilbook.cli "$@"\n')
    program.chmod(0o755)
    Store(cache / "results").put({"n": 1}, xr.Dataset({"x": 1}))
    (cache / "results/thesis.txt").write_text("mine")
    (tagged_folder(cache / "compiled") / "step.so").write_text("x" * 10**6)
    made = subprocess.run(
        ["make", "clean-all", "VENV=venv"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"SOILBOOK_CACHE": str(cache)}, check=True,
    )  # fmt: skip
    assert f"removed 1 results, 0.0 MB, from {cache / 'results'}" in made.stdout
    assert f"removed compiled steps, 1.0 MB, from {cache / 'compiled'}" in made.stdout
    assert [file.name for file in cache.rglob("*") if file.is_file()] == ["thesis.txt"]
    assert not program.exists()


def test_data_list_and_get_say_where_to_look(book, capsys):
    assert cli.main(["data", "list"]) == 0
    out = capsys.readouterr().out
    assert f"{book / 'data'} (absent)" in out and out.count(" absent ") >= 5
    assert cli.main(["data", "get", "uscrn", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "https://www.ncei.noaa.gov/pub/data/uscrn/products/daily01/" in out
    assert "uscrn/daily01/2017/CRND0103-2017-WA_Darrington_21_NNE.txt" in out


def test_data_list_counts_only_files_that_are_read(book, capsys):
    for name in ("scan/2057.csv", "fluxnet/fluxnet2015_daily_4sites.csv", "fluxnet/CH-Dav.csv"):
        (book / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (book / "data" / name).touch()
    assert cli.main(["data", "list"]) == 0
    out = capsys.readouterr().out
    assert "scan     absent" in out and "fluxnet  1 files" in out
    assert "scan_alabama/SCAN_AL_SMS_only.csv" in out


@pytest.mark.observed
def test_data_check_reports_gaps_and_exits_2_on_damage(book, capsys, observed_folder):
    station = "RI_Kingston_1_W"
    for year in range(2012, 2024):
        name = f"uscrn/daily01/{year}/CRND0103-{year}-{station}.txt"
        (book / "data" / name).parent.mkdir(parents=True)
        shutil.copy(observed_folder / name, book / "data" / name)
    assert cli.main(["data", "check"]) == 0
    out = capsys.readouterr().out
    assert f"uscrn {station}: 2012-01-01 to 2023-" in out and "soil moisture: 0.05 m 1" in out
    text = (book / "data" / name).read_text()
    (book / "data" / name).write_text(text[: len(text) // 2])
    (book / "data/ismn").mkdir()
    (book / "data/ismn/bad.zip").write_text("no archive")
    assert cli.main(["data", "check"]) == 2
    said = capsys.readouterr()
    assert f"{station}.txt, row" in said.out and "bad.zip" in said.out
    assert said.err == "soilbook: 2 stations cannot be read\n"


def test_a_name_that_is_no_text_can_be_said(book):
    (book / "data/power").mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(book / "data/power") + b"/b\xffd.json")).write_text("x")
    command = [sys.executable, "-m", "soilbook.cli", "data", "check"]
    for encoding in ("ascii:strict", "utf-8:strict"):
        changed = {"PYTHONIOENCODING": encoding}
        done = subprocess.run(command, env=os.environ | changed, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (2, "soilbook: 1 stations cannot be read\n")
        assert "power not used: power/b\\udcffd.json" in done.stdout


FINGERPRINTS = """
import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from soilbook import cli, data, fingerprint
from soilbook.book import provenance
from soilbook.twin import sites
with redirect_stdout(StringIO()) as listed:
    cli.main(["chapters"])
found = [fingerprint.of_code(sites.load), fingerprint.of_package(), listed.getvalue()]
asked = {"data": "observed", "sites": []}
found += [data.fingerprint("twin", ["Weslaco"]), provenance.of_data(asked)]
print(json.dumps([found, provenance.commit(Path(provenance.__file__).parent)]))
"""


def test_a_copy_behind_a_link_is_the_same_library(book, tmp_path):
    """A linked checkout, a linked site-packages, and a linked package in it."""
    root = Path(__file__).parents[1]
    packages = tmp_path / "real/site-packages"
    shutil.copytree(root / "lib", packages, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "python").mkdir()
    for link, target in {
        "checkout": root,
        "environment": tmp_path / "real",
        "python/soilbook": packages / "soilbook",
    }.items():
        (tmp_path / link).symlink_to(target)
    (book / "data").mkdir()

    def told(folder: Path) -> list:
        changed = {"PYTHONPATH": str(folder), "SOILBOOK_ROOT": str(tmp_path / "checkout")}
        command = [sys.executable, "-c", FINGERPRINTS]
        done = subprocess.run(command, env=os.environ | changed, capture_output=True, check=True)
        return json.loads(done.stdout)

    found, commit = told(root / "lib")
    assert "wang2024/s4_2_basic_networks: " in found[2]
    for place in ("checkout/lib", "environment/site-packages", "python"):
        linked = told(tmp_path / place)
        assert linked == [found, commit if place == "checkout/lib" else None], place


def test_program_says_its_version_and_starts_fast(book):
    """Neither torch nor the notebook machinery is loaded to list chapters."""
    program = "import sys; from soilbook import cli; cli.main(['chapters']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"torch", "papermill", "matplotlib", "IPython", "sklearn"}
    # A page that trains nothing, and the build, start in half the time without these.
    program = "import sys; from soilbook.book import build, page; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not set(done.stdout.split()) & {"torch", "scipy", "sklearn", "shap", "distributed"}
    version = [sys.executable, "-m", "soilbook.cli", "--version"]
    shown = subprocess.run(version, capture_output=True, text=True, env=dict(os.environ))
    assert shown.stdout == f"soilbook {__version__}\n"


def test_a_product_is_planned_fetched_and_checked(book, capsys, monkeypatch):
    """Against a server of the owners; a second call fetches nothing, a wrong one is one line."""
    from soilbook.data import download

    sys.path.insert(0, str(Path(__file__).parent / "data"))
    from owners import serve

    owners, server = serve()
    monkeypatch.setenv("SOILBOOK_MIRROR", owners.address)
    monkeypatch.setattr(download, "pause", lambda seconds: None)
    line = ["data", "get", "power", "--sites", "Weslaco", "--from", "2015-01-01"]
    line += ["--to", "2015-02-01"]
    assert cli.main([*line, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "licence: open, no account" in out and "cite: NASA" in out
    assert "plan: 1 files to fetch, 0 there; about 0.0 MB and 1 min" in out
    assert not owners.asked and not (book / "data/power").exists()
    assert cli.main(line) == 0
    out = capsys.readouterr().out
    assert "1 files fetched, 0 were there" in out
    assert "power Weslaco: 2015-01-01 to 2015-02-01; weather only" in out
    assert cli.main(line) == 0 and "0 files fetched, 1 were there" in capsys.readouterr().out
    assert len(owners.asked) == 1
    server.shutdown()
    server.server_close()
    for more, says in (
        (["power", "--sites", "Cper"], "power.larc.nasa.gov cannot be reached; is there a network"),
        (["ismn", "--refresh"], "ismn is asked for by hand; no options"),
        (["power", "--from", "2016-01-01", "--to", "2015-01-01"], "2016-01-01 is after --to"),
    ):
        assert cli.main(["data", "get", *more]) == 2
        err = capsys.readouterr().err
        assert says in err and err.count("\n") == 1


def test_a_site_of_one_s_own_is_begun_and_checked(book, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["site", "new", "my_site"]) == 0
    file = tmp_path / "my_site.csv"
    text = file.read_text()
    assert "my_site.csv: fill it in" in capsys.readouterr().out
    assert "there already" in refused(capsys, "site", "new", "my_site", code=2)
    assert "the paper has a site of this name" in refused(capsys, "site", "new", "Cper", code=2)
    row = ",0,11,300,200,70,2" + ",0.2,10" * 5 + "\n"
    file.write_text(text + f"2019-05-01{row}2019-05-04{row}")
    assert cli.main(["site", "check", "my_site.csv"]) == 0
    out = capsys.readouterr().out
    assert "2 days are absent before 2019-05-04" in out and "my_site.csv: 2 days, 2019-05-01" in out
    file.write_text(text + f"2019-05-01{row}2019-05-01{row}03/05/2019{row}")
    assert cli.main(["site", "check", "my_site.csv"]) == 2
    said = capsys.readouterr()
    assert "column date: 2019-05-01 stands twice" in said.out
    assert "'03/05/2019' is no day yyyy-mm-dd" in said.out
    assert said.err == "soilbook: my_site.csv: 2 faults\n"
    assert "no such file" in refused(capsys, "site", "check", "none.csv", code=2)
