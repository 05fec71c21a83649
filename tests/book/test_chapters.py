"""Chapters are found by name or unique beginning, and say which others they read."""

import ast
from pathlib import Path

import pytest

import soilbook
from soilbook.book import chapters, scorecard
from soilbook.errors import DataError, ParameterError


@pytest.fixture
def three(project):
    for name in ("wang2024/s4_1_machine_learning", "wang2024/s4_2_basic_networks", "beyond/one"):
        project.add(name, "1")
    return project


def test_all_chapters_with_title_and_parameters(three):
    found = chapters.all_chapters()
    assert list(found) == [
        "beyond/one",
        "wang2024/s4_1_machine_learning",
        "wang2024/s4_2_basic_networks",
    ]
    chapter = found["beyond/one"]
    assert chapter.title == "About beyond/one"
    assert list(chapter.parameters)[:3] == ["data", "profile", "sites"]


@pytest.mark.parametrize(
    "name",
    [
        "wang2024/s4_2",
        "wang2024/s4_2_basic_networks",
        "chapters/wang2024/s4_2_basic_networks.ipynb",
    ],
)
def test_unique_beginning_of_a_name_will_do(three, name):
    assert chapters.find(name).name == "wang2024/s4_2_basic_networks"


def test_whole_name_wins_over_a_longer_one(project):
    project.add("beyond/one", "1")
    project.add("beyond/one_more", "1")
    assert chapters.find("beyond/one").name == "beyond/one"


def test_ambiguous_name_lists_what_it_may_be(three):
    with pytest.raises(ParameterError, match=r"may be any of: .*s4_1_mach.*, .*s4_2_basic"):
        chapters.find("wang2024/s4")


def test_unknown_chapter_lists_all(three):
    with pytest.raises(ParameterError, match=r"unknown chapter 's9'; allowed: beyond/one, wang"):
        chapters.find("s9")


def test_damaged_notebook_is_named(project):
    (project.root / "chapters/beyond").mkdir()
    (project.root / "chapters/beyond/bad.ipynb").write_text("{")
    with pytest.raises(DataError, match=r"bad\.ipynb: not a notebook"):
        _ = chapters.find("beyond/bad").title


def test_root_is_found_from_below_and_its_absence_told(project, monkeypatch, tmp_path):
    monkeypatch.delenv("SOILBOOK_ROOT")
    monkeypatch.chdir(project.root / "chapters")
    assert chapters.root() == project.root
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match="no book here"):
        chapters.root()
    monkeypatch.setenv("SOILBOOK_ROOT", str(tmp_path))
    with pytest.raises(ParameterError, match="no book here"):
        chapters.root()


def test_chapters_read_by_another_are_in_its_metadata(project):
    project.add("wang2024/scorecard", "1", soilbook={"reads": ["wang2024/s4"]})
    assert chapters.find("wang2024/scorecard").reads == ("wang2024/s4",)


def test_reading_is_of_others_in_this_book_only(project):
    project.add("wang2024/s4_6", "1")
    project.add("wang2024/s4_7", "1")
    project.add("wang2024/s5", "1", soilbook={"reads": ["wang2024/s4_6", "wang2024/s9"]})
    project.add("wang2024/scorecard", "1", soilbook={"reads": ["wang2024/"]})
    assert chapters.reading(["wang2024/scorecard", "wang2024/s5", "wang2024/s4_6"]) == {
        "wang2024/scorecard": ["wang2024/s5", "wang2024/s4_6"],
        "wang2024/s5": ["wang2024/s4_6"],
        "wang2024/s4_6": [],
    }


def test_circle_is_told_in_the_order_of_reading(project):
    for name, read in (("a", "b"), ("b", "c"), ("c", "a")):
        project.add(f"beyond/{name}", "1", soilbook={"reads": [f"beyond/{read}"]})
    with pytest.raises(DataError, match=r"circle: .*beyond/a reads beyond/b"):
        chapters.reading(["beyond/a", "beyond/b", "beyond/c"])


BOOK = Path(__file__).parents[2]


def calls(chapter: chapters.Chapter) -> list[ast.Call]:
    """All calls of functions in the chapter's code cells."""
    cells = [c for c in chapter.notebook["cells"] if c["cell_type"] == "code"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def read_by(chapter: chapters.Chapter) -> set[str]:
    """Chapters whose results the code asks for, through ``Page.other`` or the scorecard."""
    names = set()
    for call in calls(chapter):
        called = ast.unparse(call.func)
        if called.endswith(".other"):
            names.add(ast.literal_eval(call.args[0]))
        if called in ("scorecard.items", "scorecard.claims"):
            study = ast.literal_eval(call.args[1]) if len(call.args) > 1 else "wang2024"
            names |= {f"{study}/{item.section}" for item in scorecard.ITEMS[study]}
    return names


@pytest.mark.parametrize("name", chapters.all_chapters(BOOK))
def test_chapters_of_the_book_declare_exactly_what_they_read(name):
    """``ast.literal_eval`` refuses a name that is not written out, which nobody could check."""
    known = chapters.all_chapters(BOOK)
    assert set(chapters.reading(list(known), BOOK)[name]) == read_by(known[name])
    for beginning in known[name].reads:
        assert any(one.startswith(beginning) for one in known if one != name), beginning


def test_only_the_scorecard_reads_other_chapters_from_within_the_library():
    library = Path(soilbook.__file__).parent
    readers = [f for f in library.rglob("*.py") if "page.other" in f.read_text(encoding="utf-8")]
    assert [file.name for file in readers] == ["scorecard.py"]
