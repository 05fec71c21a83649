"""A sweep runs every combination once, goes on where it stopped, and is compared as a whole."""

import json
from contextlib import nullcontext

import pandas as pd
import pytest
from distributed import LocalCluster

from soilbook import cli, cluster
from soilbook.book import compare, runner, sweep
from soilbook.errors import ParameterError

PARAMETERS = """data: str = "twin"  # track
profile: str = "quick"  # how much
models: list[str] = ["LSTM"]  # networks
seed: int = 0  # of all
"""


@pytest.fixture
def ran(project, monkeypatch) -> list[dict]:
    """Values of each run, which leaves R2 = 0.5 + 0.1 seed + 0.01 for each model; seed 3 fails."""
    project.add("beyond/one", "1", parameters=PARAMETERS)
    done = []

    def run(name, parameters, out):
        chapter = runner.chapters.find(name)
        values = runner.prepare(chapter, parameters)
        done.append(values)
        if values["seed"] == 3:
            raise runner.ChapterFailed("failed in cell [2]")
        if values["seed"] == 4:
            raise ParameterError("no such seed")
        folder = runner.results_folder(name, values, project.root, out)
        folder.mkdir(parents=True, exist_ok=True)
        stamp = {"chapter": name, "parameters": values}
        (folder / "provenance.json").write_text(json.dumps(stamp))
        rows = [(model, 0.5 + 0.1 * values["seed"] + 0.01 * i, 0.9)
                for i, model in enumerate(values["models"])]  # fmt: skip
        table = pd.DataFrame(rows, columns=["model", "r2", "r2_published"])
        table.to_csv(folder / "table_1.csv", index=False)
        return runner.Run(name, folder, values, 1.0, ())

    monkeypatch.setattr(runner, "run", run)
    return done


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0..4", ["0", "1", "2", "3", "4"]),
        (" -1 .. 1", ["-1", "0", "1"]),
        ("2..2", ["2"]),
        ("LSTM,1D-CNN", ["LSTM", "1D-CNN"]),
        ("[LSTM, 1D-CNN],[RF]", ["[LSTM, 1D-CNN]", "[RF]"]),
        ("0.05,1.0", ["0.05", "1.0"]),
        ("paper", ["paper"]),
    ],
)
def test_values_of_an_axis(text, values):
    assert sweep.values_of("x", text) == values


@pytest.mark.parametrize(
    ("text", "said"), [("4..0", "allowed: 0..4"), ("", "missing"), ("a,,b", "missing")]
)
def test_an_axis_without_values_is_refused(text, said):
    with pytest.raises(ParameterError, match=said):
        sweep.values_of("x", text)


def test_cells_are_the_cross_product_under_names_of_their_values():
    cells = sweep.cells_of({"seed": "0..1", "models": "LSTM,[1D-CNN, RF]"})
    assert list(cells) == [
        "seed=0,models=LSTM", "seed=0,models=1D-CNN+RF",
        "seed=1,models=LSTM", "seed=1,models=1D-CNN+RF",
    ]  # fmt: skip
    assert cells["seed=1,models=1D-CNN+RF"] == {"seed": "1", "models": "[1D-CNN, RF]"}
    assert sweep.cells_of({}) == {"default": {}}
    with pytest.raises(ParameterError, match="two cells of the sweep are named 'x=1'"):
        sweep.cells_of({"x": "1,1"})


def run(project, seeds: str, **more) -> tuple[int, list[str]]:
    said = []
    axes = {"seed": seeds, "models": "LSTM,[LSTM,1D-CNN]"}
    code = sweep.sweep("beyond/one", axes, project.root / "s", 1, said.append, **more)
    return code, said


def test_a_sweep_goes_on_where_it_stopped(project, ran):
    code, said = run(project, "0..1", profile="smoke")
    assert code == 0 and len(ran) == 4 and ran[0]["profile"] == "smoke"
    assert said[0] == "0 of 4 cells done before, 4 to run"
    assert said[-1] == f"4 of 4 cells in {project.root / 's'}"
    code, said = run(project, "0..2", profile="smoke")
    assert code == 0 and [one["seed"] for one in ran[4:]] == [2, 2]
    assert said[0] == "4 of 6 cells done before, 2 to run"
    run(project, "0..1")  # another profile
    assert len(ran) == 10
    project.add("beyond/one", "2", parameters=PARAMETERS)  # another source
    run(project, "0..1")
    assert len(ran) == 14
    (project.root / "s/seed=0,models=LSTM/twin/quick/beyond/one/provenance.json").unlink()
    run(project, "0..1")
    assert len(ran) == 15


@pytest.mark.parametrize("seeds", ["0,1,2", "0..2", "[0, 1, 2]"])
def test_a_run_with_several_seeds_is_a_sweep_over_them(project, ran, capsys, monkeypatch, seeds):
    monkeypatch.setattr(sweep.build, "at_once", lambda device: 1)
    models = ("-p", "models=LSTM,1D-CNN")
    code = cli.main(["run", "beyond/one", "-p", f"seed={seeds}", *models, "--profile", "smoke"])
    assert code == 0 and [one["seed"] for one in ran] == [0, 1, 2]
    assert {(*one["models"], one["profile"]) for one in ran} == {("LSTM", "1D-CNN", "smoke")}
    folder = project.root / "results/sweeps/beyond/one"
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("3 seeds: a run each, as soilbook sweep does")
    assert said[-1] == f"3 of 3 cells in {folder}"
    assert sorted(one.name for one in folder.glob("seed=*")) == ["seed=0", "seed=1", "seed=2"]
    assert not (project.root / "results/twin").exists()
    _, scores = compare.long(compare.expand([str(folder)], project.root))
    assert set(scores["seed"]) == {"0", "1", "2"}


def test_bad_seeds_are_refused_before_any_run(project, ran, capsys):
    assert sweep.seeds("2") == ["2"] and sweep.seeds(None) == []
    for seeds, said in (("0,1,x", "seed is 'x'; allowed: a whole number"), ("3..1", "1..3")):
        assert cli.main(["run", "beyond/one", "-p", f"seed={seeds}"]) == 2
        err = capsys.readouterr().err
        assert said in err and err.count("\n") == 1
    assert cli.main(["run", "beyond/one", "-p", "seed=0,1", "-p", "modls=LSTM"]) == 2
    assert "no parameter 'modls'" in capsys.readouterr().err and ran == []


def test_all_models_are_one_cell_of_a_sweep(project, ran):
    sweep.sweep("beyond/one", {"models": "all", "seed": "0..1"}, project.root / "s", 1, print)
    assert [len(one["models"]) for one in ran] == [10, 10]


@pytest.mark.parametrize(("seeds", "code", "whole"), [("2..3", 1, 2), ("3..4", 1, 0), ("4", 2, 0)])
def test_a_failed_cell_stops_no_other_and_the_exit_code_tells(project, ran, seeds, code, whole):
    found, said = run(project, seeds)
    assert found == code and len(ran) == 2 * len(sweep.values_of("", seeds))
    assert said[-1].startswith(f"{whole} of ")
    if "3" in seeds:
        assert "seed=3,models=LSTM: failed in cell [2]" in said
    before = len(ran)
    assert run(project, seeds)[0] == code and len(ran) == 2 * before - whole


def test_nothing_starts_if_the_chapter_refuses_a_value(project, ran):
    with pytest.raises(ParameterError, match="unknown model 'GRU'"):
        sweep.sweep("beyond/one", {"models": "LSTM,GRU"}, project.root / "s", 1)
    assert not ran and not (project.root / "s").exists()


def test_runs_side_by_side_are_those_one_by_one(project):
    """With real kernels, in processes of their own; one cell fails."""
    source = "import os, json\nassert seed != 1\n"
    source += "out = os.environ['SOILBOOK_OUT']\n"
    source += "open(f'{out}/table_1.csv', 'w').write(f'a,b\\nx,{seed}\\n')\n"
    source += "stamp = {'chapter': 'beyond/one', 'parameters': {'seed': seed}}\n"
    source += "open(f'{out}/provenance.json', 'w').write(json.dumps(stamp))"
    project.add("beyond/one", source, parameters=PARAMETERS)
    assert cli.main(["sweep", "beyond/one", "-p", "seed=0..2", "--jobs", "2"]) == 1
    folder = project.root / "results/sweeps/beyond/one"
    tables = {p.relative_to(folder).parts[0]: p.read_text() for p in folder.rglob("table_1.csv")}
    assert tables == {"seed=0": "a,b\nx,0\n", "seed=2": "a,b\nx,2\n"}
    assert [name for name, _ in compare.expand([str(folder)], None)] == ["seed=0", "seed=2"]


def test_a_sweep_is_compared_by_mean_and_spread_over_its_seeds(project, ran, capsys, tmp_path):
    run(project, "0..3")
    csv, page = tmp_path / "long.csv", tmp_path / "page.html"
    sweep_folder = str(project.root / "s")
    arguments = ["compare", sweep_folder, "--csv", str(csv), "--html", str(page)]
    assert cli.main(arguments) == 0
    rows = pd.read_csv(csv)
    assert len(rows) == 3 * (1 + 2)  # of 1D-CNN only the runs that have it
    rows = rows.set_index(["run", "key", "score"])
    assert rows.loc[("seed=1,models=LSTM", "LSTM", "r2"), "value"] == pytest.approx(0.6)
    _, found = compare.long(compare.expand([sweep_folder], None))
    summary = compare.spread(found).set_index(["models", "key"])
    alone = summary.loc["LSTM", "LSTM"]
    assert alone["n"] == 3 and alone["mean"] == pytest.approx(0.6)
    assert alone["spread"] == pytest.approx(0.1) and alone["published"] == 0.9
    assert (alone["least"], alone["greatest"]) == (0.5, pytest.approx(0.7))
    assert summary.loc[("LSTM,1D-CNN", "1D-CNN"), "mean"] == pytest.approx(0.61)
    text = capsys.readouterr().out
    assert "beyond/one, table 1" in text and "published" in text and "0.61" in text
    assert page.read_text().count("</tr>") == 1 + len(summary)
    assert "s</title>" in page.read_text()


def test_several_runs_by_name_and_equal_ones_stay_apart(project, ran):
    run(project, "0..2")
    cells = [str(project.root / f"s/seed={k},models=LSTM") for k in (0, 1, 1)]
    runs = compare.expand(cells, None)
    assert [name for name, _ in runs] == [cells[0], f"{cells[1]} (1)", f"{cells[2]} (2)"]
    summary = compare.spread(compare.long(runs)[1])
    assert summary["n"].tolist() == [1, 1, 1] and summary["spread"].isna().all()
    with pytest.raises(ParameterError, match="two or more, or a sweep"):
        compare.expand(cells[:1], None)


WHERE = """import json, os
out = os.environ["SOILBOOK_OUT"]
stamp = {"chapter": "beyond/one", "parameters": {"seed": seed}, "parent": os.getppid()}
stamp["told"] = {name: os.environ.get(name) for name in ("SOILBOOK_SCHEDULER", "SOILBOOK_CACHE")}
with open(f"{out}/provenance.json", "w") as file:
    json.dump(stamp, file)
"""


def test_runs_go_to_the_workers_of_a_scheduler_that_share_the_folders(project, monkeypatch, capsys):
    project.add("beyond/one", WHERE, parameters=PARAMETERS)
    folder = project.root / "results/sweeps/beyond/one"
    command = ["sweep", "beyond/one", "-p", "seed=0..1", "--shared"]
    other = {"SOILBOOK_CACHE": "nowhere", "SOILBOOK_ROOT": "nowhere"}  # as on another machine
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "env": other}
    with LocalCluster(**how, silence_logs=50) as made:
        on_them = ["--scheduler", made.scheduler_address]
        assert cli.main([*command, *on_them]) == 0
        pids = {one.pid for one in made.workers.values()}
        absent = cluster.versions(), folder / "x"
        with monkeypatch.context() as patch:  # a worker that does not see the folder
            patch.setattr(cluster, "terms_in", lambda folder: nullcontext(absent))
            assert cli.main(["sweep", "beyond/one", "-p", "seed=2..3", "--shared", *on_them]) == 2
    assert "is no shared folder: the worker on" in capsys.readouterr().err
    for seed in (0, 1):
        stamp = folder / f"seed={seed}/twin/quick/beyond/one/provenance.json"
        left = json.loads(stamp.read_text())
        assert left["parent"] in pids
        cache = str(project.root.parent / "cache")
        assert left["told"] == {"SOILBOOK_SCHEDULER": None, "SOILBOOK_CACHE": cache}
    assert cli.main(command) == 2 and "add --scheduler" in capsys.readouterr().err


def test_networks_of_a_readers_file_in_a_sweep(project, ran, model_file):
    axes = ["-p", "models=LSTM,Mine", "--jobs", "1", "--out", str(project.root / "s")]
    command = ["sweep", "beyond/one", *axes, "--model-file", str(model_file)]
    assert cli.main(command) == 0
    assert [one["models"] for one in ran] == [["LSTM"], ["Mine"]]
    model_file.write_text(model_file.read_text() + "\n# changed\n")
    assert cli.main(command) == 0 and [one["models"] for one in ran[2:]] == [["Mine"]]
