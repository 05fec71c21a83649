"""No page states an order or a share of results that its numbers may contradict: a search.

A sentence is looked at if it is in a chapter or on a page of the book, speaks of two things that a
table compares (or of all networks, sites, places), and holds a number or a comparison. It may ask,
set a condition, speak of the paper or of print, or of what follows from how a model is built or
used; the last are ALLOWED, each by the words it begins with.
"""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from soilbook import models
from soilbook.fang2019 import hindcast

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("chapters/*/*.ipynb")), *sorted(ROOT.glob("book/*.md"))]
PAGES.remove(ROOT / "book/slips.md")  # the papers' own words, held against the papers' tables
COMPARED = (*models.NETWORKS, *models.MACHINE_LEARNING, *hindcast.PRODUCTS, "persistence")
NAMED = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in set(COMPARED)), re.I)
ALL = re.compile(
    r"\b(all|most|every|no|few|half of the) (networks?|models?|sites?|places?)\b", re.I
)
ORDER = re.compile(
    r"\b(best|worst|better|worse|largest|smallest|highest|lowest|higher|lower|above|below|ahead|"
    r"beats?|wins?|loses?|fails?|outperforms?|nearer|wider|narrower|faster|slower|steadier|"
    r"(more|less|fewer) than|(one|two|three|four|five|six|seven|eight|nine|ten|\d+) (of|in) (the )?"
    r"(two|three|four|five|six|seven|eight|nine|ten|\d+))\b|\d\s*%",
    re.I,
)
ASKS = re.compile(
    r"\?|\b(if|unless|whether|where|how|which|compare|can|cannot|could|should|may|might|would|"
    r"has to|need|says?|asks?|look|does|judged?|wanted|expected?|papers?|print(ed)?|"
    r"claim(ed|s)?|text)\b",
    re.I,
)
ALLOWED = ("The upper figure is the mean of all sites",)  # where two figures stand


def sentences(file: Path) -> list[str]:
    """Sentences of the text of a page, without code, tables, exercises and formulas."""
    text = file.read_text()
    if file.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        told = ("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        text = "\n\n".join(told)
    text = re.sub(r"```.*?```", " ", text, flags=re.S)
    text = re.sub(r"^## Exercises.*?(?=^## |\Z)", " ", text, flags=re.S | re.M)
    parts = re.split(r"\n\s*\n|^\s*(?:[-*|#]|\d+\.)\s", text, flags=re.M)
    flat = (re.sub(r"\s+", " ", part) for part in parts)
    return [one for part in flat for one in re.split(r"(?<=[.?!:;])\s+", part) if one]


def stated(text: str) -> bool:
    """Whether a sentence states an order or a share of what a run may show otherwise."""
    among = len({one.lower() for one in NAMED.findall(text)}) > 1 or ALL.search(text)
    return bool(among and ORDER.search(text) and not ASKS.search(text))


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_no_page_states_what_its_numbers_may_contradict(file):
    found = [one for one in sentences(file) if stated(one) and not one.startswith(ALLOWED)]
    assert found == []


def test_what_is_stated_of_deep_explainer_is_so_in_the_committed_run():
    table = pd.read_csv(ROOT / "book/reference/observed/beyond/deep_explainer/table_E1.csv")
    own = table[(table["estimator"] == "DeepExplainer") & (table["model"] != "1D-CNN")]
    assert len(own) == len(models.NETWORKS) - 1 and (own["largest"] > 0.1).all()


def test_every_sentence_that_is_allowed_still_stands():
    everything = [one for file in PAGES for one in sentences(file)]
    for beginning in ALLOWED:
        assert any(one.startswith(beginning) and stated(one) for one in everything), beginning


@pytest.mark.parametrize(
    "text",
    [
        "FA-LSTM is above LSTM at every depth.",
        "Persistence beats every network at 1.00 m.",
        "Comb lies above Noah at 6 of 9 sites.",
        "The Transformer trains faster than the 1D-CNN.",
        "In 80 % of all sites LSTM is nearer than SMAP.",
    ],
)
def test_the_search_finds_an_order(text):
    assert stated(text)


@pytest.mark.parametrize(
    "text",
    [
        "Is FA-LSTM above LSTM?",
        "Compare LSTM with persistence: which is better?",
        "The paper has FA-LSTM above LSTM in every table.",
        "Noah and VIC see the weather alone.",
    ],
)
def test_the_search_leaves_questions_print_and_method(text):
    assert not stated(text)
