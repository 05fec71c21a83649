"""Verdicts on claims, on results made by hand."""

import numpy as np
import pandas as pd
import pytest

from soilbook.claims import COLUMNS
from soilbook.studies import insitu, stand_in
from soilbook.wang2024 import claims

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


def test_a_loss_with_lead_is_judged_model_by_model(made):
    result = made(BASE | {"LSTM": 0.95, "RF": 0.9})
    flat = verdict(result, "5", "5-19")
    assert flat["verdict"] == "not" and "0 of 2 cases" in flat["why"]
    result["site_r2"][:] = result["site_r2"] - 0.02 * result["lead"]
    row = verdict(result, "5", "5-19")
    assert row["verdict"] == "reproduced"
    assert row["reproduced"] == pytest.approx(0.12, abs=0.002) and row["low"] > 0.11
    assert "not run: ELM" in row["why"] and "2 of 2 cases" in row["why"]
    assert 0 < row["published"] < 0.2  # LSTM or RF in Tables 2 and 3


def test_models_part_where_their_span_grows_with_lead(made):
    result = made(BASE | {"RF": 0.95, "ELM": 0.93, "SVR": 0.94})
    assert verdict(result, "4.1", "4.1-2")["verdict"] == "not"
    fall = result["lead"] * (result["model"] == "ELM")
    result["site_r2"][:] = (result["site_r2"] - 0.01 * fall).transpose(*result["site_r2"].dims)
    row = verdict(result, "4.1", "4.1-2")
    assert row["verdict"] == "reproduced" and row["reproduced"] == pytest.approx(0.06, abs=0.002)
    alone = verdict(made(BASE | {"RF": 0.95}), "4.1", "4.1-2")
    assert alone["verdict"] == "not testable" and "not run: ELM, SVR" in alone["why"]


def test_a_share_of_claims_has_an_interval():
    rows = [[f"4.6-{k}: x", *[np.nan] * 4, "partly" if k < 9 else "not", ""] for k in range(1, 10)]
    found = claims.of_section_46(pd.DataFrame(rows, columns=COLUMNS)).loc["5-14"]
    assert found["reproduced"] == pytest.approx(8 / 9)
    # Wilson (1927) by hand, z = 1.96.
    z, p, n = 1.959964, 8 / 9, 9
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    assert found["low"] == pytest.approx(middle - half, abs=1e-5)
    assert found["high"] == pytest.approx(middle + half, abs=1e-5)


def test_other_chapters_that_were_not_run_leave_their_claims_open():
    found = claims.of_section_46(None)
    assert found.index.tolist() == ["5-14", "5-15"]
    assert (found["verdict"] == "not testable").all()
    assert found["why"].str.contains("4.6 has not been run").all()
    rows = [[f"4.6-{k}: x", *[np.nan] * 4, "not", ""] for k in range(1, 13)]
    found = claims.of_section_46(pd.DataFrame(rows, columns=COLUMNS))
    assert found["verdict"].tolist() == ["not", "not"]
    assert "0 of the 3 claims of section 4.6 on t-SNE" in found.loc["5-15", "why"]


def test_rows_that_were_judged_elsewhere_are_taken_over(made):
    given = pd.DataFrame([["4.2-2: given", 1, 2, 3, 4, "exceeded", "told"]], ["4.2-2"], COLUMNS)
    models = BASE | {"1D-CNN": 0.93, "LSTM": 0.96, "Transformer": 0.92}
    table = claims.verdicts(made(models), "4.2", given)
    assert table.iloc[1].tolist() == given.iloc[0].tolist() and len(table) == 11


def test_similar_costs_are_within_a_factor(made):
    for cost, expected in ((1.05, "reproduced"), (1.5, "not")):
        result = made(BASE | {"LSTM": 0.96, "Transformer": 0.92})
        for name in ("epochs_to_convergence", "seconds_per_100_epochs"):
            result[name].loc[{"model": "Transformer"}] = cost * result[name].sel(model="LSTM")
        row = verdict(result, "4.2", "4.2-10")
        assert row["verdict"] == expected
        assert row["reproduced"] == pytest.approx(2 * np.log(cost))
        assert row["why"].startswith("log of the ratio of training time; ")


def test_claims_without_a_score_are_left_to_others(made):
    result = made(BASE | {"RF": 0.9, "ELM": 0.9, "SVR": 0.9})
    for section, key in (("4.1", "4.1-1"), ("4.4", "4.4-10"), ("5", "5-14")):
        row = verdict(result, section, key)
        assert row["verdict"] == "not testable" and "the scores do not decide it" in row["why"]


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


def test_the_largest_gain_is_shown_where_none_is_claimed(made):
    models = {"LSTM": 0.95, "LSTM-CNN": 0.99, "CNN-LSTM": 0.945, "CNN-with-LSTM": 0.945}
    assert "shown: LSTM-CNN and LSTM" in verdict(made(BASE | models), "4.3", "4.3-3")["why"]


def test_gains_that_may_be_chance_are_partly(made):
    gains = insitu.gains(made(BASE | {"LSTM": 0.97}, n_sites=16))
    chance = gains.assign(p=gains["p"] * 0 + 1)
    assert claims.against_persistence(gains, chance)["verdict"].tolist() == ["reproduced", "partly"]
