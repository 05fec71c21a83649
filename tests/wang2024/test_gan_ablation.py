"""What each part of GAN-LSTM does."""

import numpy as np
import pytest

from soilbook.training.windows import N_STEPS
from soilbook.wang2024 import s4_5_gan as section


@pytest.fixture(scope="module")
def table(small, store):
    return section.ablation(small.but(models=("LSTM",), depths=(0.05,)), store)


def test_a_discriminator_without_weight_changes_nothing(table):
    r2 = table.pivot(index="network", columns="lead_d", values="r2")
    bare, weightless = r2.loc["LSTM with tanh, half the rate"], r2.loc["GAN-LSTM, lambda 0"]
    np.testing.assert_allclose(weightless, bare, atol=1e-4)
    assert (abs(r2.loc["GAN-LSTM, lambda 1"] - weightless) > 1e-3).any()
    assert (abs(r2.loc["GAN-LSTM, generator 3 : 1"] - r2.loc["GAN-LSTM"]) > 1e-3).any()
    assert (abs(r2.loc["LSTM with tanh"] - bare) > 1e-3).any()


def test_differences_are_those_to_the_lstm_with_intervals_around(table):
    base = table[table["network"] == "LSTM"].set_index("lead_d")["r2"]
    expected = table["r2"] - table["lead_d"].map(base)
    np.testing.assert_allclose(table["difference"], expected, atol=1e-12)
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()
    assert set(table["lead_d"]) == {1, 3, 7} and (table["n_sites"] == 2).all()


def test_the_table_has_a_row_a_step_in_the_order_of_building(table):
    number, kept, caption, shown = section.table_6e(table)
    assert (number, len(kept)) == ("6e", 30) and "LSTM" in caption
    assert list(shown.index)[:2] == ["LSTM", "LSTM with tanh"]
    assert shown.loc["LSTM", "1 d"] == "+0.000 [+0.000, +0.000]"


def test_without_a_run_the_table_is_empty():
    assert section.table_6e(None)[3].empty


def test_changes_reach_the_network_alone():
    changed = section.gan(5, N_STEPS, lambda_bce=0.5)
    assert changed.adversarial["paper"].lambda_bce == 0.5
    assert section.gan(5).adversarial["paper"].lambda_bce == 1e-7
