"""MyST of products, and the page that is made of a notebook."""

import pytest

from soilbook.book import myst


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [("fig", "9", "fig-9"), ("Table", "A1", "table-a1"), ("fig", "P_value", "fig-p-value"),
     ("Claims", "", "claims")],
)  # fmt: skip
def test_anchors(kind, number, expected):
    assert myst.name_of(kind, number) == expected


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
    text = myst.figure("**Figure 8a.** Maps", None, "alt", "label", "data")
    assert "{figure}" not in text and "Maps" in text and "data" in text
