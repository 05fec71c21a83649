"""Pages before anything is computed, and how long the rest will take."""

import json
from pathlib import Path

import pytest

from soilbook.book import build, chapters, front

ROOT = Path(__file__).parents[2]
NAMES = [
    file.relative_to(ROOT / "chapters").with_suffix("").as_posix()
    for file in sorted((ROOT / "chapters").glob("*/*.ipynb"))
]


@pytest.mark.parametrize("name", NAMES)
def test_every_product_of_the_reference_run_stands_once_below_a_cell_that_shows_it(name):
    page = front.first_look(ROOT, name, "wait")
    outputs = [one for cell in page["cells"] for one in cell.get("outputs", [])]
    there = [one for one in front.left_by(ROOT, name) if one.known(ROOT, "x")]
    assert len(outputs) == len(there)
    for cell in page["cells"]:
        if cell.get("outputs"):
            assert front.CALL.search("".join(cell["source"]))


def test_products_stand_where_the_chapter_names_them():
    page = front.first_look(ROOT, "fang2019/s2_b_model", "wait")
    below = {}
    for cell in page["cells"]:
        for one in cell.get("outputs", []):
            below[one["data"]["text/markdown"]] = "".join(cell["source"])
    for text, source in below.items():
        for number in ("M3", "M6", "M8"):
            if f'id="table-{number.lower()}"' in text:
                assert f'"{number}"' in source
    notice = [cell for cell in page["cells"] if "wait" in "".join(cell["source"])]
    assert len(notice) == 1


def test_the_chapter_itself_is_not_touched():
    file = chapters.all_chapters(ROOT)["wang2024/s4_2_basic_networks"].file
    before = file.read_bytes()
    front.first_look(ROOT, "wang2024/s4_2_basic_networks", "wait")
    assert file.read_bytes() == before


def test_a_caption_is_taken_from_the_cell_where_it_stands():
    cell = {"source": 'page.table("M1", f(), "Trained " "parameters.")'}
    assert front._written(cell, "M1") == "Trained parameters."
    assert front._written(cell, "M2") == ""
    assert front._written({"source": "page.table(*section.table_3(result))"}, "3") == ""


def test_a_long_caption_ends_at_a_word_in_the_list():
    kept, cut = ("word " * 22).strip(), ("word " * 23).strip()  # 109 and 114 characters
    assert front._short(kept) == kept and front._short(cut) == f"{kept} …"


def test_time_left_is_that_of_the_last_runs_here():
    costs = {"a": 100.0, "b": 50.0}
    assert build.time_left(costs, {}, 1) == 150
    assert build.time_left(costs, {"a": 90.0}, 2) == 25


def test_what_never_ran_here_takes_the_mean_of_what_did_once_a_quarter_is_done():
    costs = {"a": None, "b": None, "c": 10.0, "d": None, "e": None}
    assert build.time_left(costs, {}, 1) is None
    assert build.time_left(costs, {"a": 20.0}, 1) is None
    assert build.time_left(costs, {"a": 20.0, "b": 40.0}, 1) == 10 + 2 * 30
    assert build.time_left(dict.fromkeys("abcd"), {"a": 20.0}, 1) == 3 * 20
    assert build.in_words(None) == "" and build.in_words(45) == "about 45 s left"
    assert build.in_words(600) == "about 10 min left"


def test_costs_are_those_of_the_same_track_and_profile(tmp_path):
    file = tmp_path / "results/twin/quick/beyond/one/provenance.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"duration_s": 7}))
    assert build.cost(tmp_path, "beyond/one", "twin", "quick") == 7
    assert build.cost(tmp_path, "beyond/one", "twin", "paper") is None
    assert build.cost(tmp_path, "beyond/two", "twin", "quick") is None
