"""Numbers as a reader wants them, and paired differences short enough for a page."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import metrics
from soilbook.book import html


def compared():
    """A model better at all of ten sites, one that is not there, and one with a single outlier."""
    base = xr.DataArray(np.linspace(0.5, 0.7, 10), dims="site")
    gain = np.full(10, 0.01)
    odd = np.where(np.arange(10) == 0, 1.0, -0.01)
    scores = xr.concat(
        [base + gain, base * np.nan, base + odd], pd.Index(["a", "b", "c"], name="model")
    )
    return metrics.compare(scores, base)


def test_a_row_reads_as_a_sentence():
    shown = html.for_reading(compared()).set_index("model")
    assert list(shown.columns) == ["difference [95 %]", "p", "better at", "verdict"]
    first = shown.loc["a"]
    assert first["difference [95 %]"] == "+0.010 [+0.010, +0.010]"
    assert first["better at"] == "10 of 10" and first["verdict"] == "better"
    assert first["p"] == "0.004"  # 2 / 2 ** 10, twice


def test_a_reason_stands_with_its_verdict_and_what_is_missing_is_a_dash():
    shown = html.for_reading(compared()).set_index("model")
    assert shown.loc["b", "difference [95 %]"] == shown.loc["b", "p"] == "–"
    assert shown.loc["b", "verdict"].startswith("not testable (")
    assert "a few sites dominate" in shown.loc["c", "verdict"]
    sure = html.for_reading(compared().assign(p_corrected=1e-7))
    assert set(sure["p"]) == {"<0.001"}


def test_two_products_share_a_column():
    table = compared().rename(columns={"model": "product"})
    table.insert(1, "against", "Noah")
    shown = html.for_reading(table)
    assert shown["product"][0] == "a − Noah" and "against" not in shown


def test_what_a_table_has_besides_stays_and_the_table_itself_is_not_touched():
    table = compared().rename(columns={"n_sites": "n_places"}).drop(columns="reason")
    table.insert(0, "layer", "surface")
    before = table.copy()
    shown = html.for_reading(table)
    assert list(shown.columns[:2]) == ["layer", "model"] and "better at" in shown
    pd.testing.assert_frame_equal(table, before)


def test_small_differences_have_a_decimal_more():
    table = compared().iloc[[0, 0]].assign(difference=[0.0113, 0.2], low=-0.00021, high=0.1)
    texts = html.for_reading(table)["difference [95 %]"]
    assert texts.iloc[0] == "+0.011 [-0.000, +0.100]"
    texts = html.for_reading(table.assign(difference=[0.0113, 0.02]))
    assert texts["difference [95 %]"].iloc[0] == "+0.0113 [-0.0002, +0.1000]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.500"), (1234.56, "1234.6"), (2.5e6, "2.5e+06"), (0.0004, "0.0004"), (0.0, "0.000")],
)
def test_very_large_and_very_small_numbers_stay_legible(value, text):
    assert html.number(value) == text


def test_decimals_go_by_size_whatever_the_sign():
    assert html.decimals(pd.Series([-0.512, -0.633])) == 3
    assert html.decimals(pd.Series([-0.0512, 0.0333])) == 4


def test_a_claim_that_counts_has_no_decimals():
    row = {"claim": "c", "published": 3.0, "reproduced": 0.25, "low": 0.1, "high": 0.3}
    markup = html.verdicts(pd.DataFrame([{**row, "verdict": "not", "why": "w"}]))
    assert ">3</td>" in markup and ">0.250</td>" in markup and "0.100 to 0.300" in markup


def test_a_value_and_its_interval_share_a_column():
    table = pd.DataFrame(
        {"model": ["a", "b"],
         "r": [0.5, np.nan], "r_low": [0.41234, np.nan], "r_high": [0.6, np.nan],
         "difference": [0.0123, -0.01], "low": [0.001, -0.02], "high": [0.02, 0.0]}
    )  # fmt: skip
    shown = html.with_intervals(table)
    assert list(shown.columns) == ["model", "r", "difference"]
    assert shown["r"].tolist() == ["0.500 [0.412, 0.600]", "–"]
    assert shown["difference"].tolist()[0] == "0.0123 [0.0010, 0.0200]"
    assert "r_low" in table, "the table itself is not touched"


@pytest.mark.parametrize(
    ("rows", "columns", "folded"), [(40, 14, False), (41, 2, True), (2, 15, True)]
)
def test_what_is_too_long_or_too_wide_is_folded(rows, columns, folded):
    markup = html.table(pd.DataFrame(np.ones((rows, columns))))
    assert markup.startswith("<details") == folded
    assert ("soilbook-many" in markup) == (columns > html.MANY)


def test_a_column_of_sentences_has_room_and_no_other():
    made = html.table(pd.DataFrame({"claim": ["T-1"], "why": ["a " * 40], "n": [3]}))
    heads = dict(re.findall(r"<th([^>]*)>(\w+)</th>", made))
    widths = {name: "min-width" in look for look, name in heads.items()}
    assert widths.pop("why") and not any(widths.values())
    several = pd.DataFrame([["a " * 40]], columns=pd.MultiIndex.from_tuples([("x", "y")]))
    assert "min-width" not in html.table(several)


def test_a_claim_tells_its_verdict_first_and_names_its_columns_for_cards():
    row = {"claim": "c", "published": 3.0, "reproduced": 0.25, "low": 0.1, "high": 0.3}
    markup = html.verdicts(pd.DataFrame([{**row, "verdict": "not testable", "why": "w"}]))
    labels = re.findall(r'data-label="(\w+)"', markup)
    assert labels == ["verdict", "claim", "published", "reproduced", "interval", "why"]
    assert "soilbook-verdict-not-testable" in markup
    unknown = pd.DataFrame([{**row, "verdict": "of older code", "why": "w"}])
    assert "of older code</td>" in html.verdicts(unknown)
