"""What the book's prose says by numbers follows from the papers' tables and the committed run."""

import json
import re
from pathlib import Path

import pytest

from soilbook import published
from soilbook.wang2024 import claims, s3_models

ROOT = Path(__file__).parents[2]


def prose(name: str) -> str:
    """All text of a chapter, or a page of the book, in one line."""
    file = ROOT / name
    text = file.read_text()
    if file.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("4.2-2", "it is above Transformer in {} of {} depths and leads"),
        ("4.4-2", '"in most cases"; in the table in {} of {} depths and leads'),
    ],
)
def test_contradictions_named_among_the_slips_are_those_of_the_tables(key, words):
    (claim,) = (one for one in published.claims().itertuples() if one.id == key)
    assert words.format(*claims._printed_cells(claim)) in prose("book/slips.md")


def test_hybrids_have_several_times_the_parameters_of_the_lstm():
    assert "several times the parameters of the LSTM" in prose(
        "chapters/wang2024/s4_3_cnn_lstm_hybrids.ipynb"
    )
    totals = s3_models.totals().set_index("model")["paper"]
    assert (totals[["LSTM-CNN", "CNN-LSTM", "CNN-with-LSTM"]] > 2 * totals["LSTM"]).all()


def test_the_smallest_p_of_eight_sites_is_the_one_told():
    assert "At eight sites the smallest p of Wilcoxon's test is 0.0078" in prose(
        "book/statistics.md"
    )
    assert f"{2**-7:.4f}" == "0.0078"


# Orders that a run may contradict: they are asked for, or made from the result, never stated.
STATED = (
    "five core sites carry", "shows the oscillations", "outweighs all other", "forgets first",
    "Everything measured", "Attention costs little", "hangs on one site", "is often nearer",
    "loses to yesterday's reading",
)  # fmt: skip


@pytest.mark.parametrize("words", STATED)
def test_no_page_states_an_order_that_its_numbers_may_contradict(words):
    files = [*ROOT.glob("chapters/*/*.ipynb"), *ROOT.glob("book/*.md")]
    found = [f.name for f in files if re.search(rf"(?<!layer ){re.escape(words)}", prose(f))]
    assert found == []
    assert words not in (ROOT / "lib/soilbook/book/page.py").read_text()
