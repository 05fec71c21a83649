"""Networks of one's own: what is tried out, refused in one line, and how they train."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from soilbook import fingerprint
from soilbook.book import chapters
from soilbook.cli import main
from soilbook.errors import ParameterError
from soilbook.models import NETWORKS
from soilbook.training import Settings, Task, own, train
from soilbook.wang2024 import experiment, forecasts

ROOT = Path(__file__).parents[2]
GOOD = """
import torch
from torch import nn
from torch.nn import LSTM


class {name}(nn.Module):
    def __init__(self, n_features, n_steps=4):
        super().__init__()
        self.out = nn.Linear(n_features * n_steps, 1)
        {init}

    def forward(self, x):
        y = self.out(x.flatten(1)).squeeze(-1)
        {body}
        return y
"""


@pytest.fixture(autouse=True)
def registry():
    """What a test adds is gone after it."""
    before = dict(NETWORKS)
    yield
    for name in NETWORKS.keys() - before:
        del NETWORKS[name]
        del own.OWN[name]


def written(folder: Path, stem: str, body: str = "pass", name: str = "Mine", init: str = "pass"):
    file = folder / f"{stem}.py"
    file.write_text(GOOD.format(name=name, init=init, body=body))
    return file


def test_the_networks_of_a_file_become_names(tmp_path):
    found = own.load(written(tmp_path, "own_good"))
    assert list(found) == ["Mine"] and found["Mine"].way == "vmap"
    assert found["Mine"].parameters == 7 * 4 + 1
    assert NETWORKS["Mine"](8, 4, "paper")(torch.zeros(3, 4, 8)).shape == (3,)
    assert experiment.Experiment(models=("Mine",)).models[-1] == "Mine"


def test_a_file_in_a_folder_that_python_searches_is_its_own(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)  # as the folder of a notebook is
    assert list(own.load(written(tmp_path, "own_beside"))) == ["Mine"]


WRONG = {
    "shape": ("y = y.unsqueeze(-1)", "pass", r"gives \(2, 1\) .*allowed: \(2,\)"),
    "scalar": ("y = y.mean()", "pass", r"gives \(\)"),
    "nan": ("y = y / 0 - y / 0", "pass", "NaN or infinity"),
    "gradient": ("y = (y - y).sqrt()", "pass", "gradient that is NaN"),
    "in_place": ("x[:, 0] = 0", "pass", "changes its input in place"),
    "random": ("y = y + torch.rand(())", "pass", "another output for the same input"),
    "batch": ("y = y - y.mean()", "pass", "mixes the samples"),
    "detached": ("y = y.detach()", "pass", "does not depend on its parameters"),
    "crash": ("y = y @ torch.zeros(5)", "pass", "fails on an input of shape"),
    "width": ("pass", "assert n_features == 8", "n_features=7: AssertionError"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_network_is_refused_in_one_line(tmp_path, kind):
    body, init, message = WRONG[kind]
    with pytest.raises(ParameterError, match=message) as refusal:
        own.load(written(tmp_path, f"own_{kind}", body, init=init))
    assert "\n" not in str(refusal.value) and "'Mine'" in str(refusal.value)
    assert "Mine" not in NETWORKS


def test_a_name_of_the_book_is_refused(tmp_path):
    before = NETWORKS["LSTM"]
    with pytest.raises(ParameterError, match="'LSTM' exists already"):
        own.load(written(tmp_path, "own_taken", name="LSTM"))
    assert NETWORKS["LSTM"] is before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("own_syntax.py", "x = 1\ndef f(:\n", "own_syntax.py, line 2: invalid syntax"),
        ("own_fails.py", "x = 1\nx = y\n", "own_fails.py, line 2: NameError: name 'y'"),
        ("own_empty.py", "from torch.nn import LSTM\n", "no public subclass"),
        ("torch.py", "", "name of another module"),
        ("own-dash.py", "", "allowed: a name such as my_model.py"),
    ],
)
def test_a_file_without_a_network_is_refused_in_one_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ParameterError, match=message) as refusal:
        own.load(tmp_path / name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "command", ["run wang2024/s4_2 -p models=Mine", "sweep wang2024/s4_2 -p models=Mine", "build"]
)
def test_the_command_line_refuses_before_any_chapter_starts(tmp_path, capsys, command):
    file = written(tmp_path, f"own_cli_{command[:3]}", "y = y.unsqueeze(-1)")
    assert main([*command.split(), "--model-file", str(file)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"soilbook: executing {file}, a program of yours"
    assert len(said) == 2 and "gives (2, 1)" in said[1]
    assert main([*command.split(), "--model-file", str(tmp_path / "no.py")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_branch_on_values_trains_in_a_loop_to_the_same_end(tmp_path, records):
    own.load(written(tmp_path, "own_vmapped", name="Vmapped"))
    text = "y = y if y.sum() > -1e9 else -y"
    found = own.load(written(tmp_path, "own_looped", text, name="Looped"))
    assert found["Looped"].way == "loop" and "branches on the values" in found["Looped"].why
    results = []
    for name in ("Vmapped", "Looped"):
        make = forecasts.maker(experiment.Experiment(models=(name,)), name, records)
        # The same identity, and so the same start and batches.
        tasks = [Task(one, "same") for one in records.series.values()]
        how = Settings(epochs=2, first_choice=1, batches_per_epoch=3)
        results.append(train(make, tasks, how))
    for name in ("parameters", "validation_mse"):
        together, alone = (one[name].values for one in results)
        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def records():
    asked = experiment.Experiment(profile="smoke", depths=(0.05,)).resolve()
    return experiment.load(asked)


def test_what_a_file_holds_is_part_of_the_key(tmp_path):
    file = written(tmp_path, "own_key", "y = y + helper(y)")
    file.write_text(file.read_text() + "\n\ndef helper(y):\n    return 0 * y\n")
    own.load(file)
    first = fingerprint.of_code(partial(NETWORKS["Mine"], 8))
    file.write_text(file.read_text().replace("0 * y", "1 * y"))  # not in the class itself
    own.load(file)
    assert fingerprint.of_code(partial(NETWORKS["Mine"], 8)) != first


def test_a_class_of_a_notebook_is_added_by_the_decorator():
    @own.add
    class FromCell(nn.Module):
        def __init__(self, n_features):
            super().__init__()
            self.out = nn.Linear(n_features, 1)

        def forward(self, x):
            return self.out(x[:, -1]).squeeze(-1)

    assert own.OWN["FromCell"].way == "vmap"
    assert own.OWN["FromCell"].parameters == 8


@pytest.mark.slow
def test_the_worked_example_runs_through_a_chapter(tmp_path):
    command = ["run", "wang2024/s4_2", "-p", "models=LSTM,Additive", "-p", "depths=0.05"]
    file = ROOT / "book/my_model.py"
    where = ["--profile", "smoke", "--out", str(tmp_path), "--model-file", str(file)]
    assert main([*command, *where]) == 0
    (folder,) = tmp_path.glob("twin/smoke/wang2024/*basic_networks")
    made = json.loads((folder / "provenance.json").read_text())
    assert made["own models"]["Additive"]["sha256"] == fingerprint._digest(file)
    assert "Additive" in (folder / "table_3.csv").read_text()


def test_a_window_that_a_network_cannot_take_is_refused_before_any_work(tmp_path):
    own.load(written(tmp_path, "told", name="Told"))
    fixed = written(tmp_path, "fixed", name="Fixed")
    fixed.write_text(fixed.read_text().replace("n_features, n_steps=4)", "n_features)"))
    fixed.write_text(fixed.read_text().replace("n_features * n_steps", "n_features * 4"))
    own.load(fixed)
    cell = chapters.declared("models: list[str] = ['LSTM']\nwindow: int = 4\n", "x").values()
    assert chapters.typed(cell, {"models": "Told,LSTM", "window": "9"})["window"] == 9
    assert chapters.typed(cell, {"models": "Fixed"})["models"] == ["Fixed"]
    with pytest.raises(ParameterError, match="'Fixed' does not take windows of 9 days") as refusal:
        chapters.typed(cell, {"models": "Told,Fixed", "window": "9"})
    assert "\n" not in str(refusal.value)
