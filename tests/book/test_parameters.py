"""Values of parameters take the type that the cell declares, whatever they look like."""

import papermill
import pytest

from soilbook.book.parameters import Parameter, choose, declared, split_options, typed
from soilbook.errors import ParameterError

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
    assert [(p.name, p.kind, p.default, p.help) for p in found.values()] == [
        ("data", "str", "twin", "track, for example data=observed"),
        ("sites", "list[str]", [], "names"),
        ("depths", "list[float]", [0.05, 1.0], "m"),
        ("epochs", "int", 20, ""),
        ("rate", "float", 0.001, "learning rate"),
        ("device", "str", None, ""),
        ("fast", "bool", True, ""),
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


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("str", "1e3", "1e3"),
        ("str", "None", "None"),
        ("int", "1e3", 1000),
        ("int", "-4", -4),
        ("int", "12345678901234567891", 12345678901234567891),
        ("int", 5.0, 5),
        ("float", "1e3", 1000.0),
        ("float", "5", 5.0),
        ("bool", "false", False),
        ("bool", "Yes", True),
        ("list[str]", "Kingston-1-W, Joplin-24-N", ["Kingston-1-W", "Joplin-24-N"]),
        ("list[str]", "", []),
        ("list[str]", "007", ["007"]),
        ("list[float]", "0.05,1", [0.05, 1.0]),
        ("list[int]", [1, 2.0], [1, 2]),
        ("list[float]", 0.05, [0.05]),
    ],
)
def test_text_becomes_the_declared_type(kind, text, value):
    got = typed(Parameter("p", kind, None, ""), text)
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("int", "1.5", "'1.5' is not a whole number"),
        ("int", "many", "'many' is not a whole number"),
        ("int", True, "True is not a whole number"),
        ("int", "inf", "'inf' is not a whole number"),
        ("float", "nan", "'nan' is not a number"),
        ("float", "0,05", "'0,05' is not a number"),
        ("bool", "maybe", "'maybe' is not true or false"),
        ("list[float]", "0.05;1", "'0.05;1' is not a number (a list[float], separated by commas)"),
        ("str", 3, "3 is not a text"),
        ("set", "x", "has type 'set'; allowed: str"),
    ],
)
def test_wrong_type_is_one_line(kind, value, said):
    with pytest.raises(ParameterError) as refusal:
        typed(Parameter("p", kind, 0, ""), value)
    assert said in str(refusal.value) and "'p'" in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["RF, SVR", '["RF", "SVR"]', "['RF','SVR']", "[RF, SVR]", "RF,SVR,"]
)
def test_a_list_may_be_written_as_the_cell_has_it(text):
    assert typed(Parameter("models", "list[str]", [], ""), text) == ["RF", "SVR"]
    assert typed(Parameter("depths", "list[float]", [], ""), "[0.05, 1]") == [0.05, 1.0]
    assert typed(Parameter("sites", "list[str]", [], ""), "[]") == []


def test_unknown_name_lists_the_chapter_s_own():
    cell = declared("a: int = 1\nb: int = 2\n", "x")
    assert choose(cell, {"b": "5"}, "beyond/one") == {"a": 1, "b": 5}
    with pytest.raises(ParameterError, match="beyond/one has no parameter 'siets'; allowed: a, b"):
        choose(cell, {"siets": "x"}, "beyond/one")


def test_options_of_the_command_line():
    assert split_options(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(ParameterError, match="name=value"):
        split_options(["a"])
    with pytest.raises(ParameterError, match="given twice"):
        split_options(["a=1", "a=2"])
