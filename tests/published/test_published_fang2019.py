"""The statements of Fang et al. (2019), without the paper at hand."""

import numpy as np
import pytest

from soilbook import published

RELATIONS = {"=", "<", ">", "<=", ">=", "about"}


def rows(**wanted):
    frame = published.statements()
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


def test_every_row_says_what_is_stated():
    frame = published.statements()
    assert frame["id"].is_unique
    assert set(frame["kind"]) == {"setting", "result"}
    assert set(frame["relation"]) <= RELATIONS
    assert set(frame["period"]) == {"", "AL", "PL", "PL - AL"}
    for column in ("section", "statement", "quantity", "printed"):
        assert (frame[column] != "").all()


def test_every_row_holds_a_number_a_date_or_a_comparison():
    frame = published.statements()
    held = frame["value"].notna() | frame["date"].ne("") | frame["compared_with"].ne("")
    assert held.all(), frame.loc[~held, "id"].tolist()
    assert frame.loc[frame["compared_with"].ne(""), "product"].ne("").all()


def test_counts_have_denominators():
    frame = published.statements()
    assert (frame["count"].notna() == frame["of"].notna()).all()
    counted = frame[frame["count"].notna()]
    assert (counted["count"] <= counted["of"]).all()
    assert set(counted["count_relation"]) == {"=", ">="}
    assert set(counted["of"]) == {5, 9, 104}


def test_ranges_rise():
    frame = published.statements()
    ranged = frame[frame["upper"].notna()]
    assert len(ranged) and (ranged["upper"] > ranged["value"]).all()


@pytest.mark.parametrize(
    ("layer", "period", "count", "of"),
    [
        ("surface", "AL", 6, 9),
        ("surface", "PL", 5, 9),
        ("root zone", "AL", 4, 5),
        ("root zone", "PL", 5, 5),
    ],
)
def test_comb_against_noah_at_the_core_sites(layer, period, count, of):
    found = rows(
        product="Comb", compared_with="Noah", layer=layer, period=period, site="core sites"
    )
    found = found[found["relation"] == ">"]
    assert found[["count", "of"]].values.tolist() == [[count, of]]


def test_errors_of_four_sites_grow_by_more_than_said_and_no_more_than_the_bound():
    frame = rows(section="III-A.1", quantity="ubRMSE", relation="=")
    wide = frame.pivot(index="site", columns="period", values="value")
    assert wide.loc["Carman"].tolist() == [0.059, 0.069]
    growth = wide["PL"] - wide["AL"]
    bounds = rows(section="III-A.1", quantity="change of ubRMSE", relation=">")
    assert sorted(bounds["value"]) == [0.006, 0.011]
    assert len(growth) == 4
    assert np.all((growth > 0.006) & (growth <= 0.011))


def test_slope_correlations():
    slopes = rows(quantity="R of Sen's slopes")
    assert slopes["value"].tolist() == [0.88, 0.89, 0.53, 0.82]


def test_sparse_network_medians():
    assert rows(section="III-B", quantity="median R", relation=">")["value"].tolist() == [0.72]
    assert set(rows(quantity="median ubRMSE")["value"]) == {0.05}


def test_released_predictions_have_every_score_of_the_year_ahead_test():
    frame = published.year_ahead().pivot(index="predictor", columns="metric", values="value")
    assert set(frame.columns) == {"rmse", "bias", "ubrmse", "r"}
    assert frame.notna().all(axis=None)
    assert (frame["ubrmse"] < frame["rmse"]).all()
    assert frame.loc["released multi-target network", "r"] > frame.loc["released network", "r"]
