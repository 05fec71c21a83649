"""Chapters are found by name or unique beginning."""

import pytest

from soilbook.book import chapters
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
