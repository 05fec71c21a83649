"""Do networks come in the printed order, and do persistence, noise and the twin fail?"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import kendalltau, spearmanr

from soilbook import models, published
from soilbook.wang2024 import agreement, runs
from soilbook.wang2024.experiment import Experiment

NETWORKS = tuple(models.NETWORKS)
REFERENCE = Path(__file__).parents[2] / "book/reference/observed/wang2024"
TABLES = {
    "s4_2_basic_networks": "table_3.csv",
    "s4_3_cnn_lstm_hybrids": "table_4.csv",
    "s4_4_attention": "table_5.csv",
    "s4_5_gan": "table_6.csv",
}


def printed() -> xr.DataArray:
    """Tables 3 to 6 by (model, depth, lead)."""
    table = published.scores().drop_duplicates(["model", "depth_m", "lead_d"])
    table = table[table["model"].isin(NETWORKS)]
    made = table.set_index(["model", "depth_m", "lead_d"])["r2"].to_xarray()
    return made.rename(depth_m="depth", lead_d="lead").sel(model=list(NETWORKS))


def result(r2: xr.DataArray, n_sites: int = 12, noise: float = 0.001, **others) -> xr.Dataset:
    """Scores at sites around ``r2`` (model, depth, lead); ``others`` have one R2 everywhere."""
    parts = [r2, *(0 * r2.isel(model=[0]).assign_coords(model=[n]) + v for n, v in others.items())]
    whole = xr.concat(parts, "model").expand_dims(site=[f"site {k}" for k in range(n_sites)])
    random = np.random.default_rng(0)
    made = whole + noise * random.normal(size=whole.shape)
    made = made.expand_dims(reading=["pooled", "at_lead"])
    return xr.Dataset({"site_r2": made, "site_rmse": 0.1 * (1 - made)})


def judged(r2: xr.DataArray, **options) -> pd.DataFrame:
    table = agreement.of_tables(agreement.scores(agreement.site_scores(result(r2, **options))))
    return table.set_index(table["claim"].str.split(":").str[0])


def test_the_printed_tables_themselves_are_reproduced():
    table = judged(printed())
    assert (table["verdict"] == "reproduced").all()
    assert table.loc["T-1", "reproduced"] == pytest.approx(1, abs=0.01)
    assert "FA-LSTM is no. 1 (printed 1), GAN-LSTM is no. 2 (printed 2)" in table.loc["T-1", "why"]


def test_another_level_in_the_printed_order_fails_on_the_level_alone():
    table = judged(printed() + 0.1)
    assert table["verdict"].to_dict() == dict.fromkeys(table.index, "reproduced") | {"T-6": "not"}
    for shift, n in ((0.0, 150), (0.1, 0), (-0.1, 0)):  # above and below count alike
        assert f"; {n} values and " in judged(printed() + shift).loc["T-6", "why"]


def test_the_order_turned_round_fails_at_the_same_mean():
    turned = printed().mean() * 2 - printed()
    table = judged(turned)
    assert (table["verdict"][["T-1", "T-2", "T-3", "T-4", "T-5"]] == "not").all()
    assert table.loc["T-1", "reproduced"] == pytest.approx(-1, abs=0.01)


def test_noise_between_sites_leaves_it_open():
    wide = judged(0 * printed() + 0.9, noise=0.05)
    assert set(wide["verdict"][["T-1", "T-2", "T-3"]]) <= {"cannot tell", "not"}
    assert wide.loc["T-1", "high"] - wide.loc["T-1", "low"] > 0.5


def test_rank_correlations_and_signs_are_those_of_scipy_and_of_counting():
    random = np.random.default_rng(0)
    own, told = random.normal(size=10), random.normal(size=10).round(1)
    assert agreement.spearman(own, told) == pytest.approx(spearmanr(own, told).statistic)
    assert agreement.kendall(own, told) == pytest.approx(kendalltau(own, told).statistic)
    share, n = agreement.signs(np.array([[3.0], [2.0], [1.0]]), np.array([[0.5], [0.6], [0.5]]))
    assert (float(share), n) == (0.5, 2)  # 3 above 2 is not printed, 2 above 1 is; the rest equal
    _, close = agreement.signs(np.zeros((2, 1)), np.array([[0.501], [0.5]]))
    assert close == 0


def test_agreement_stands_by_depth_and_lead():
    table = agreement.by_cell(agreement.scores(agreement.site_scores(result(printed()))))
    assert len(table) == 15 and (table["networks"] == 10).all()
    assert (table["spearman"] > 0.9).all() and (table["signs_low"] <= table["signs"]).all()
    assert table["differences"].sum() > 500


def test_what_a_chapter_keeps_is_compact_and_gives_back_its_scores(made):
    found = made({"persistence": 0.9, "LSTM": 0.95, "1D-CNN": 0.93})
    each = found["site_r2"].expand_dims(repetition=[0])
    table = agreement.site_scores(found.assign(repetition_r2=each))
    sites = table[table["site"] != ""]
    assert len(sites) == 3 * 8 * 15 and len(table) - len(sites) == 3 * 15
    one = sites[(sites["model"] == "LSTM") & (sites["site"] == "site-3")].iloc[0]
    cell = found.sel(model="LSTM", site="site-3", depth=0.05, lead=1)
    assert one["r2"] == pytest.approx(float(cell["site_r2"].sel(reading="pooled")), abs=1e-5)
    assert one["r2_at_lead"] == pytest.approx(
        float(cell["site_r2"].sel(reading="at_lead")), abs=1e-5
    )
    assert len(table.to_csv(index=False)) < 80 * len(table)
    assert agreement.scores(table).names == ("1D-CNN", "LSTM")


def test_without_scores_by_site_the_value_stands_and_nothing_is_decided():
    tables = [pd.read_csv(REFERENCE / section / name) for section, name in TABLES.items()]
    found = agreement.scores(pd.concat(tables))
    table = agreement.of_tables(found)
    first = table.iloc[0]
    assert (table["verdict"][:5] == "cannot tell").all() and table["low"].isnull().all()
    assert "an interval needs a rerun" in first["why"] and -1 < first["reproduced"] < 1


def test_persistence_of_the_committed_run_does_not_pass_for_the_lstm_of_the_tables():
    """By "the interval holds the printed value" it would, in most cells; its mean over all cells is
    nearly the printed one. At fewer than 80 % of depths and leads its R2 is at that level."""
    table = pd.read_csv(REFERENCE / "s4_2_basic_networks/table_3.csv")
    found = agreement.controls(table).set_index("control")
    level = found.loc["persistence as LSTM"]
    assert level["verdict"] == "not" and set(level["not_if"].split()) >= {"80%", "0.05;"}
    assert "intervals within 0.05" in level["why"] and abs(level["reproduced"]) < 0.05
    assert found.loc["persistence as FA-LSTM", "verdict"] == "cannot tell"  # no scores by site


@pytest.mark.parametrize(
    ("control", "r2"), [("persistence", 0.87), (agreement.SHUFFLED, -0.1), ("persistence", 0.99)]
)
def test_negative_controls_fail(control, r2):
    """Persistence comes near the printed LSTM in the mean over depths and leads, and fails."""
    made = result(printed(), **{control: r2})
    table = agreement.controls(agreement.site_scores(made))
    own = table[table["control"].str.startswith(control)]
    assert own["control"].tolist() == [f"{control} as LSTM", f"{control} as FA-LSTM"]
    expected = ["not", "not" if r2 < 0.95 else "reproduced"]
    assert own["verdict"].tolist() == expected
    absent = table[~table["control"].str.startswith(control)]
    assert set(absent["verdict"]) == {"not testable"}


def test_a_twin_with_another_order_fails_as_real_sites_would():
    random = np.random.default_rng(1)
    other = printed() * 0 + 0.9 + xr.DataArray(0.02 * random.normal(size=10), dims="model")
    twin = agreement.site_scores(result(other))
    table = agreement.controls(None, twin)
    table = table[table["control"] == "the twin"]
    assert len(table) == 6 and "reproduced" not in set(table["verdict"][:3])
    assert (table["verdict"] == "not").any()
    on_its_page = agreement.of_tables(agreement.scores(twin), data="twin")
    assert set(on_its_page["verdict"]) == {"not testable"}


@pytest.mark.slow
def test_a_network_with_shuffled_target_knows_nothing(store):
    asked = Experiment(profile="smoke", sites=("Weslaco",), depths=(0.05,), epochs=60)
    control = agreement.shuffled(asked, store)
    assert agreement.SHUFFLED in control["model"]
    r2 = control["r2"].sel(reading="pooled", depth=0.05)
    assert (r2.sel(model=agreement.SHUFFLED) < r2.sel(model="persistence") - 0.3).all()
    plain = runs.run(asked.but(models=("LSTM",)), store)
    assert plain["r2"].sel(model="LSTM", reading="pooled", depth=0.05, lead=1) > 0.5
