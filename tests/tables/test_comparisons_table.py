"""Paired differences, short enough for a page."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics
from soilbook.tables import comparisons


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
    shown = comparisons.for_reading(compared()).set_index("model")
    assert list(shown.columns) == [
        "difference", "95 % interval", "p, corrected", "better at", "verdict",
    ]  # fmt: skip
    first = shown.loc["a"]
    assert first["95 % interval"] == "0.010 to 0.010"
    assert first["better at"] == "10 of 10" and first["verdict"] == "better"


def test_a_reason_stands_with_its_verdict_and_no_interval_is_a_dash():
    shown = comparisons.for_reading(compared()).set_index("model")
    assert shown.loc["b", "95 % interval"] == "–"
    assert shown.loc["b", "verdict"].startswith("not testable (")
    assert "a few sites dominate" in shown.loc["c", "verdict"]


def test_what_a_table_has_besides_stays_and_the_table_itself_is_not_touched():
    table = compared().rename(columns={"n_sites": "n_places"}).drop(columns="reason")
    table.insert(0, "layer", "surface")
    before = table.copy()
    shown = comparisons.for_reading(table)
    assert list(shown.columns[:2]) == ["layer", "model"] and "better at" in shown
    pd.testing.assert_frame_equal(table, before)


def test_small_differences_have_a_decimal_more():
    table = compared().iloc[[0, 0]].assign(difference=[0.0113, 0.2], low=-0.00021, high=0.1)
    assert comparisons.for_reading(table)["95 % interval"].iloc[0] == "-0.000 to 0.100"
    table = table.assign(difference=[0.0113, 0.02])
    assert comparisons.for_reading(table)["95 % interval"].iloc[0] == "-0.0002 to 0.1000"
