"""Values of parameters take the type that the cell declares, and are held against what there is
before any work."""

import shutil

import numpy as np
import papermill
import pytest

from soilbook.book import chapters
from soilbook.book.chapters import check, declared
from soilbook.errors import DataError, DeviceError, ParameterError
from soilbook.models import MACHINE_LEARNING, NETWORKS

CELL = """# comment before
data: str = "twin"  # track, for example data=observed
sites: list[str] = []  # names
depths: list[float] = [
    0.05,
    1.0,
]  # m
epochs = 20
rate: float = 1e-3  # learning rate
device: str | None = None
fast = True
"""


def test_cell_is_read_with_types_defaults_and_help():
    found = declared(CELL, "x.ipynb")
    assert list(found.values()) == [
        ("data", "str", "twin", "track, for example data=observed", False),
        ("sites", "list[str]", [], "names", False),
        ("depths", "list[float]", [0.05, 1.0], "m", False),
        ("epochs", "int", 20, "", False),
        ("rate", "float", 0.001, "learning rate", False),
        ("device", "str", None, "", True),
        ("fast", "bool", True, "", False),
    ]


def test_agrees_with_papermill_where_papermill_can_read(project):
    file = project.add("beyond/one", "1", parameters="a: int = 1  # one\nb: list[str] = ['x']\n")
    theirs = papermill.inspect_notebook(str(file))
    ours = declared(papermill.iorw.load_notebook_node(str(file)).cells[1].source, "one")
    assert list(theirs) == list(ours)
    for name, theirs_one in theirs.items():
        assert theirs_one["inferred_type_name"] == ours[name].kind
        assert theirs_one["help"] == ours[name].help


@pytest.mark.parametrize(
    ("cell", "said"),
    [("x = len([1])", "default of parameter 'x'"), ("x = (", "line 1"), ("x: int = y", "'x'")],
)
def test_cell_that_is_no_list_of_plain_values_is_named(cell, said):
    with pytest.raises(ParameterError, match=r"x\.ipynb: .*") as refusal:
        declared(cell, "x.ipynb")
    assert said in str(refusal.value)


def typed(kind: str, value, name: str = "p", default=None):
    """The value as a parameter of that kind takes it."""
    made = declared(f"{name}: {kind} = {default!r}", "x")
    return chapters.typed(made.values(), {name: value})[name]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("str", "1e3", "1e3"),
        ("int", "1e3", 1000),
        ("int", "-4", -4),
        ("int", "12345678901234567891", 12345678901234567891),
        ("int", 5.0, 5),
        ("int|None", " none ", None),
        ("int | None", "None", None),
        ("int | None", "7", 7),
        ("list[str] | None", "None", None),
        ("float", "1e3", 1000.0),
        ("float", "5", 5.0),
        ("bool", "false", False),
        ("bool", "Yes", True),
        ("list[str]", "Kingston-1-W, Joplin-24-N", ["Kingston-1-W", "Joplin-24-N"]),
        ("list[str]", "", []),
        ("list[str]", "007", ["007"]),
        ("list[float]", "0.05,1", [0.05, 1.0]),
        ("list[int]", [1, 2.0], [1, 2]),
        ("list[int]", "1e3,2", [1000, 2]),
        ("list[float]", 0.05, [0.05]),
    ],
)
def test_text_becomes_the_declared_type(kind, text, value):
    got = typed(kind, text)
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("int", "1.5", "p is '1.5'; allowed: a whole number"),
        ("int", "many", "p is 'many'; allowed: a whole number"),
        ("int", True, "p is 'True'; allowed: a whole number"),
        ("int", "inf", "p is 'inf'; allowed: a whole number"),
        ("int", None, "p is None; allowed: a whole number"),
        ("int", "None", "p is 'None'; allowed: a whole number"),
        ("float", "nan", "p is 'nan'; allowed: a number"),
        ("float", "0,05", "p is '0,05'; allowed: a number"),
        ("float", False, "p is 'False'; allowed: a number"),
        ("bool", "maybe", "p is 'maybe'; allowed: true or false"),
        ("list[float]", "0.05;1", "p is '0.05;1'; allowed: a number"),
        ("str", 3, "p is 3; allowed: a word"),
        ("set", "x", "parameter 'p' has type 'set'; allowed: str, int, float, bool and list[...]"),
    ],
)
def test_wrong_type_is_one_line(kind, value, line):
    with pytest.raises(ParameterError) as refusal:
        typed(kind, value, default=0)
    assert str(refusal.value).startswith(line) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["RF, SVR", '["RF", "SVR"]', "['RF','SVR']", "[RF, SVR]", "RF,SVR,"]
)
def test_a_list_may_be_written_as_the_cell_has_it(text):
    assert typed("list[str]", text, "models") == ["RF", "SVR"]
    assert typed("list[float]", "[0.05, 1]") == [0.05, 1.0]
    assert typed("list[str]", "[]") == []


def test_all_models_are_those_of_the_kinds_that_the_chapter_has():
    networks = ["1D-CNN", "LSTM"]
    assert typed("list[str]", "all", "models", networks) == list(NETWORKS)
    assert typed("list[str]", ["all"], "models", networks) == list(NETWORKS)
    both = typed("list[str]", "all", "models", ["RF", "LSTM"])
    assert both == [*MACHINE_LEARNING, *NETWORKS] and len(both) == 13
    assert typed("list[str]", "LSTM", "models", networks) == ["LSTM"]


def test_a_default_is_held_to_the_same_rules():
    with pytest.raises(ParameterError, match="repetitions is 0; allowed: 1 or more"):
        chapters.typed(declared("repetitions: int = 0", "x").values(), {})


def test_a_name_of_another_type_than_the_common_one_is_the_chapter_s_own():
    assert typed("str", "as long as it takes", "epochs", "x") == "as long as it takes"


def test_names_that_start_with_an_underscore_are_no_parameters():
    assert list(declared("_a = 1\nb = 2\n", "x")) == ["b"]


def test_unknown_name_lists_the_chapter_s_own(project):
    project.add("beyond/one", "1", parameters="a: int = 1\nb: int = 2\n")
    chapter = chapters.find("beyond/one")
    assert chapter.values({"b": "5"}) == {"a": 1, "b": 5}
    with pytest.raises(ParameterError, match="beyond/one has no parameter 'siets'; allowed: a, b"):
        chapter.values({"siets": "x"})


def test_good_values_and_the_chapter_s_own_choice_pass():
    check({})
    check({"data": "twin", "profile": "smoke", "device": "auto", "sites": ["Kingston-1-W"]})
    check({"sites": [], "depths": [], "models": [], "repetitions": None, "device": None})
    check({"depths": [0.05, 1.0], "models": ["LSTM", "RF", "persistence"], "seed": 3})
    check({"anything": "else"})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"data": "real"}, "unknown data 'real'; allowed: twin, observed, archive"),
        ({"sites": ["my_site.csv"]}, "my_site.csv is a site of one's own, which is observed"),
        ({"depths": [0]}, "depths is 0"),
        ({"data": "observed", "depths": [0.07]}, "unknown depth 0.07; allowed: 0.05 m"),
        ({"profile": "fast"}, "unknown profile 'fast'; allowed: smoke, quick, standard, paper"),
        ({"device": "gpu"}, "unknown device 'gpu'; allowed: auto, cpu, cuda, cuda:N"),
        ({"sites": ["Kingston-1-W", "Atlantis"]}, "unknown site 'Atlantis'; allowed: Kingston-1-W"),
        ({"site": "Atlantis"}, "unknown site 'Atlantis'"),
        ({"depths": [0.05, 0.07]}, "unknown depth 0.07; allowed: 0.05 m, 0.10 m, 0.20 m"),
        ({"models": ["LSTM", "GRU"]}, "unknown model 'GRU'; allowed: 1D-CNN, LSTM, "),
        ({"repetitions": 0}, "repetitions is 0; allowed: 1 or more"),
        ({"networks": 0}, "networks is 0; allowed: 1 or more"),
        ({"seed": -1}, "seed is -1; allowed: 0 or more"),
        ({"folds": 1}, "folds is 1; allowed: 2 or more"),
        ({"split": 0.05}, "split is 0.05; allowed: 0.1 or more"),
        ({"split": 60.0}, "split is 60.0; allowed: 0.9 or less"),
        ({"window": 2}, "window is 2; allowed: 3 or more"),
        ({"window": 61}, "window is 61; allowed: 60 or less"),
        ({"method": "sgd"}, "unknown method 'sgd'; allowed: paper, ours, guided"),
        ({"variant": "mine"}, "unknown variant 'mine'; allowed: paper, released"),
    ],
)
def test_unknown_value_says_what_is_allowed(values, said):
    with pytest.raises(ParameterError) as refusal:
        check(values)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("device", ["cuda", "cuda:99"])
def test_absent_device_is_told(monkeypatch, device):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(
        DeviceError, match=f"device '{device}' is not there; allowed here: auto, cpu"
    ):
        check({"device": device})


def test_present_device_passes(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check({"device": "cuda"})
    check({"device": "cuda:1"})
    with pytest.raises(DeviceError, match="allowed here: auto, cpu, cuda, cuda:0, cuda:1"):
        check({"device": "cuda:2"})


def test_observed_without_a_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="nowhere: no such data folder; set SOILBOOK_DATA"):
        check({"data": "observed"})


def test_a_site_of_one_s_own_is_known_by_its_whole_path_and_its_depths(monkeypatch, tmp_path):
    """A chapter runs in another folder than the one in which its parameters are given."""
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("date,sm_0.07\nyyyy-mm-dd,m3 m-3\n2019-05-01,0.2\n")
    given = {"data": "observed", "sites": "mine.csv", "depths": "0.07"}
    cell = "data: str = 'twin'\nsites: list[str] = []\ndepths: list[float] = []\n"
    found = chapters.typed(declared(cell, "x").values(), given)
    assert found["sites"] == [str(tmp_path / "mine.csv")] and found["depths"] == [0.07]
    with pytest.raises(ParameterError, match=r"no soil moisture at 0.05 m; allowed: 0\.07"):
        chapters.typed(declared(cell, "x").values(), given | {"depths": "0.05"})
    (tmp_path / "mine.csv").write_text("date,sm_0.07\nyyyy-mm-dd,m3 m-3\n2019-05-01,20\n")
    with pytest.raises(DataError, match=r"row 3, column sm_0\.07: 20 m3 m-3; most values look"):
        chapters.typed(declared(cell, "x").values(), given)


def test_a_chapter_that_explains_networks_refuses_other_models(project):
    cell = "models: list[str] = ['LSTM']\n"
    project.add("wang2024/one", "1", parameters=cell, soilbook={"networks": True})
    project.add("wang2024/two", "1", parameters=cell)
    found = chapters.find("wang2024/one")
    assert found.values({"models": "all"})["models"] == list(NETWORKS)
    for asked, said in (
        ("LSTM,RF", "unknown network to explain in wang2024/one 'RF'; allowed: 1D-CNN, LSTM, "),
        ("persistence", "unknown network to explain in wang2024/one 'persistence'"),
        ("", "wang2024/one explains networks; name one: 1D-CNN, "),
    ):
        with pytest.raises(ParameterError) as refusal:
            found.values({"models": asked})
        assert str(refusal.value).startswith(said) and "\n" not in str(refusal.value)
    assert chapters.find("wang2024/two").values({"models": "RF"}) == {"models": ["RF"]}


def test_the_authors_archive_is_study_1_s(project, monkeypatch, tmp_path):
    cell = "data: str = 'twin'\n"
    project.add("fang2019/one", "1", parameters=cell)
    project.add("wang2024/one", "1", parameters=cell)
    with pytest.raises(ParameterError, match="data='archive' is study 1's"):
        chapters.find("fang2019/one").values({"data": "archive"})
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    assert chapters.find("wang2024/one").values({"data": "archive"}) == {"data": "archive"}
    with pytest.raises(DataError, match="no station of the paper; see: soilbook data get wang2024"):
        check({"data": "archive", "sites": []})


def test_observed_folder_without_stations(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    check({"data": "observed"})  # a chapter that asks for no sites may read something else
    with pytest.raises(DataError, match="no station of the paper"):
        check({"data": "observed", "sites": []})
    with pytest.raises(DataError):
        check({"data": "observed", "sites": ["Kingston-1-W"]})


@pytest.mark.observed
def test_observed_sites_and_depths(monkeypatch, observed_folder):
    monkeypatch.setenv("SOILBOOK_DATA", str(observed_folder))
    check({"data": "observed", "sites": ["Kingston-1-W", "RI_Kingston_1_W"], "depths": [0.05]})
    check({"data": "observed", "sites": ["Lander_11_SSE"], "depths": [0.05]})
    with pytest.raises(
        ParameterError, match=r"'Lander_11_SSE' has no .* 1 m; allowed: 0\.05, 0\.1"
    ):
        check({"data": "observed", "sites": ["Lander_11_SSE"], "depths": [0.05, 1.0]})
    with pytest.raises(ParameterError, match="unknown site 'Atlantis'; allowed: Kingston"):
        check({"data": "observed", "sites": ["Atlantis"]})
    with pytest.raises(DataError, match="Falkenberg"):
        check({"data": "observed", "sites": ["Falkenberg"]})


@pytest.mark.observed
def test_folder_without_that_station(monkeypatch, observed_folder, tmp_path):
    for year in range(2012, 2024):
        name = f"uscrn/daily01/{year}/CRND0103-{year}-RI_Kingston_1_W.txt"
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(observed_folder / name, tmp_path / name)
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    check({"data": "observed", "sites": ["Kingston-1-W"], "depths": np.array([0.05]).tolist()})
    with pytest.raises(DataError, match=r"no station 'Joplin_24_N'"):
        check({"data": "observed", "sites": ["Joplin-24-N"]})
