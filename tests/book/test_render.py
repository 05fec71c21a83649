"""The PDF is counted against the page that it was printed from."""

import shutil

import pytest

from soilbook.book import render
from soilbook.errors import DataError

PAGE = (
    '<p><strong>Table 3.</strong> R²</p><img src="_images/a.svg">'
    "<p><strong>Figure 9.</strong> E</p>"
    "<p><strong>Table 3.</strong> R² of the other run</p><strong>Bold.</strong>"
)


def test_captions_are_those_of_both_tabs():
    assert render.captions(PAGE) == ["Table 3.", "Figure 9.", "Table 3."]


def test_no_browser_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DataError, match="no browser to print with; looked for chromium"):
        render.pdf(tmp_path)


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("Table 3. R2 Figure 9. E\n Table 3. again", []),
        ("Table 3. R2 Figure 9. E", ["Table 3."]),
        ("Table\n3. Table 3. and no more", ["Figure 9."]),
    ],
)
def test_what_was_not_printed_is_named(monkeypatch, text, lacking):
    class Reader:
        def __init__(self, file):
            self.pages = [self]

        def extract_text(self):
            return text

    monkeypatch.setitem(__import__("sys").modules, "pypdf", type("m", (), {"PdfReader": Reader}))
    found, counted = render.compared("x.pdf", PAGE)
    assert found == lacking
    assert counted == "1 pages; 3 captions (1 of figures), 1 pictures"
