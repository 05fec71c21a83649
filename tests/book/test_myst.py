"""MyST of products, and the page that is made of a notebook."""

from dataclasses import replace

import pytest

from soilbook.book import myst
from soilbook.book.myst import Product


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [("Figure", "9", "fig-9"), ("Table", "A1", "table-a1"), ("Figure", "P_value", "fig-p-value"),
     ("Claims", "", "claims")],
)  # fmt: skip
def test_anchors(kind, number, expected):
    assert Product("a/b", kind, number, "", ()).name == expected


def test_text_stays_as_it_is():
    assert myst.escape("R2 of *all* {x} [y] <z> a_b $1") == (
        r"R2 of \*all\* \{x\} \[y\] \<z\> a\_b \$1"
    )
    assert myst.escape("two\n lines") == "two lines"


def test_the_outputs_that_carry_myst_become_it_and_others_stay():
    known = {
        "data": {"image/png": "x"},
        "metadata": {"soilbook": {"myst": "M", "files": ["a.csv"]}},
    }
    other = {"data": {"text/html": "h"}, "metadata": {}}
    notebook = {"cells": [{"outputs": [known, other, known]}, {"cell_type": "markdown"}]}
    page, files = myst.page_of(notebook)
    outputs = page["cells"][0]["outputs"]
    assert [one["data"] for one in outputs] == [
        {"text/markdown": "M"}, {"text/html": "h"}, {"text/markdown": "M"},
    ]  # fmt: skip
    assert files == ["a.csv"]
    assert notebook["cells"][0]["outputs"][0] is known and "image/png" in known["data"]


def test_tabs_turn_together_and_one_panel_needs_none():
    one, other = myst.Panel("A", "observed", "a"), myst.Panel("B", "twin", "b")
    both = myst.tabs("fig-9", [one, other])
    assert both.count("{tab-item}") == 2 and ":sync: reference" in both and ":sync: other" in both
    assert both.index("soilbook-observed") < both.index("soilbook-twin")
    assert "tab-set" not in myst.tabs("fig-9", [other])


def test_a_figure_without_a_picture_keeps_its_caption():
    maps = Product("a/b", "Figure", "8a", "Maps", ("fig_8a.csv",), "seen")
    text = maps.panel("This run", "twin", None).body
    assert "{figure}" not in text and "**Figure 8a.** Maps" in text and "data (CSV)" in text
    drawn = replace(maps, files=("fig_8a.csv", "fig_8a.svg"))
    text = drawn.panel("This run", "twin", None).body
    assert "{figure} b/fig_8a.svg" in text and ":name: a-b-fig-8a\n" in text
    known = drawn.panel("Reference", "observed", None, folder="up/a/b").body
    assert ":name: a-b-fig-8a-observed" in known and ':alt: "seen"' in known
