"""The table of section III-B: medians of a run beside the printed ones."""

import itertools

import pandas as pd
import pytest

from soilbook.tables import sparse_network


@pytest.fixture
def summary():
    rows = [
        {
            "metric": metric, "layer": layer, "period": period, "product": product,
            "median": 0.7, "low": 0.6, "high": 0.8, "quartile_1": 0.5, "quartile_3": 0.9,
            "n_places": 9,
        }
        for metric, layer, period, product in itertools.product(
            sparse_network.METRICS, ("surface", "rootzone"), ("PL", "AL"), ("SMAP", "LSTM", "Noah")
        )
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    table.loc[(table["product"] == "SMAP") & (table["period"] == "PL"), "median"] = float("nan")
    return table


def test_the_three_medians_that_the_paper_prints():
    rows = sparse_network.printed().set_index(["product", "period", "metric"])["text"].to_dict()
    assert rows == {
        ("SMAP", "AL", "ubrmse"): "about 0.05",
        ("LSTM", "PL", "ubrmse"): "about 0.05",
        ("LSTM", "PL", "r"): "above 0.72",
    }


def test_a_row_a_product_with_what_is_printed_beside(summary):
    shown = sparse_network.side_by_side(summary)
    assert len(shown) == 2 * (3 + 2)
    keyed = shown.set_index(["layer", "period", "product"])
    row = keyed.loc[("surface", "PL", "LSTM")]
    assert row["R"] == "0.700 [0.600, 0.800]" and row["R, published"] == "above 0.72"
    assert row["bias"].startswith("+0.700") and row["places"] == 9
    assert (keyed.drop(index=("surface", "PL", "LSTM"))["R, published"] == "").all()
    assert ("surface", "PL", "SMAP") not in keyed.index


def test_the_reference_run_stands_beside(summary):
    reference = summary.assign(median=0.9)
    shown = sparse_network.side_by_side(summary, reference)
    assert shown["R, observed"].str.startswith("0.900").all()
