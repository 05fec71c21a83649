"""Verdicts on claims, on results made by hand."""

import numpy as np
import pytest

from soilbook.studies import claims, insitu, stand_in

BASE = {"persistence": 0.90, "climatology": 0.10}


def verdict(result, section, identity):
    table = claims.verdicts(result, section)
    return table[table["claim"].str.startswith(f"{identity}:")].iloc[0]


def test_a_clear_order_is_reproduced_and_its_opposite_is_not(made):
    order = BASE | {"1D-CNN": 0.93, "LSTM": 0.96, "Transformer": 0.92}
    row = verdict(made(order), "4.2", "4.2-1")
    assert row["verdict"] == "reproduced"
    assert row["reproduced"] == pytest.approx(0.03, abs=0.002)
    assert row["low"] > 0
    turned = BASE | {"1D-CNN": 0.96, "LSTM": 0.92, "Transformer": 0.95}
    assert verdict(made(turned), "4.2", "4.2-1")["verdict"] == "not"


def test_a_claim_is_as_strong_as_its_weakest_pair(made):
    half = BASE | {"1D-CNN": 0.97, "LSTM": 0.96, "Transformer": 0.92}
    row = verdict(made(half), "4.2", "4.2-1")
    assert row["verdict"] == "partly"
    assert "LSTM and 1D-CNN" in row["why"]


def test_no_gain_is_reproduced_unless_a_gain_is_sure(made):
    models = {"LSTM": 0.95, "LSTM-CNN": 0.94, "CNN-LSTM": 0.94, "CNN-with-LSTM": 0.94}
    assert verdict(made(BASE | models), "4.3", "4.3-3")["verdict"] == "reproduced"
    better = models | {"LSTM-CNN": 0.98}
    assert verdict(made(BASE | better), "4.3", "4.3-3")["verdict"] == "partly"


def test_the_published_difference_is_that_of_the_tables(made):
    models = BASE | {"LSTM": 0.95, "GAN-LSTM": 0.96}
    row = verdict(made(models), "4.5", "4.5-1")
    # Mean over the 15 cells of Table 6.
    assert row["published"] == pytest.approx(0.0097, abs=0.0015)


def test_missing_models_and_claims_without_a_score_are_not_testable(made):
    table = claims.verdicts(made(BASE | {"LSTM": 0.95}), "4.2")
    assert (table["verdict"] == "not testable").all()
    assert "not run: 1D-CNN, Transformer" in table["why"].iloc[0]


def test_costs_are_compared_as_ratios(made):
    models = BASE | {"1D-CNN": 0.93, "LSTM": 0.96, "Transformer": 0.92}
    row = verdict(made(models), "4.2", "4.2-6")  # 1D-CNN fastest per epoch: 30 against 40 and 50
    assert row["verdict"] == "reproduced"
    assert row["reproduced"] == pytest.approx(np.log(40 / 30), abs=1e-6)


def test_paired_differences_are_corrected_over_the_whole_table(made):
    table = claims.paired(made(BASE | {"LSTM": 0.95, "1D-CNN": 0.95}), against="LSTM")
    assert set(table["model"]) == {"persistence", "climatology", "1D-CNN"}
    assert len(table) == 3 * 15
    assert (table["p_corrected"] >= table["p"]).all()


def test_a_reference_that_was_not_run_leaves_the_pairs_without_numbers(made):
    table = claims.paired(made(BASE | {"1D-CNN": 0.95}), against="LSTM")
    assert len(table) == 3 * 15 and set(table["reason"]) == {"not run: LSTM"}
    assert table[["difference", "low", "high", "p", "p_corrected"]].isnull().all(axis=None)


def test_gains_over_persistence(made):
    gains = insitu.gains(made(BASE | {"LSTM": 0.95}))
    np.testing.assert_allclose(gains["gain"].sel(model="LSTM"), 0.05, atol=0.002)
    assert "persistence" not in gains["model"].values


def test_beating_persistence_everywhere_is_stated_per_formulation(made):
    low = insitu.gains(made(BASE | {"LSTM": 0.85}, n_sites=16))
    high = insitu.gains(made(BASE | {"LSTM": 0.97}, n_sites=16))
    table = claims.against_persistence(low, high)
    assert table["verdict"].tolist() == ["not", "reproduced"]
    assert table["reproduced"].tolist() == [0, 15]


def test_the_nearest_site_stands_in_and_the_caption_says_so():
    assert stand_in.nearest("AAMU-jtg", ["AAMU-jtg", "Kenai-29-ENE"]) == "AAMU-jtg"
    shown = stand_in.nearest("AAMU-jtg", ["Kenai-29-ENE", "Durham-11-W", "Bodega-6-WSW"])
    assert shown == "Durham-11-W"
    assert "stands in for AAMU-jtg" in stand_in.words("AAMU-jtg", shown)
    assert stand_in.words("AAMU-jtg", "AAMU-jtg") == ""
