"""Verdicts on claims, on results made by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import claims as judge
from soilbook import published
from soilbook.beyond import persistence
from soilbook.claims import COLUMNS
from soilbook.wang2024 import claims, s5_conclusions
from soilbook.wang2024 import experiment as stand_in
from soilbook.wang2024 import runs as insitu

MORE, LESS = [0.03, 0.031], [-0.03, -0.031]
UNSURE, UNSURE_LESS = [0.05, -0.04], [-0.05, 0.04]

BASE = {"persistence": 0.90, "climatology": 0.10}


def verdict(result, section, identity):
    """The row of one claim; the others of the section are left out, which saves their time."""
    others = [key for key in published.claims()["id"] if key != identity]
    left_out = pd.DataFrame("", index=others, columns=COLUMNS)
    table = claims.verdicts(result, section, left_out)
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
    assert row["verdict"] == "not"  # 1D-CNN is ahead for sure: LSTM is not the most accurate
    assert "LSTM and 1D-CNN" in row["why"] and "fewer than 100%" in row["not_if"]


def test_no_gain_is_reproduced_unless_a_gain_is_sure(made):
    models = {"LSTM": 0.95, "LSTM-CNN": 0.94, "CNN-LSTM": 0.94, "CNN-with-LSTM": 0.94}
    assert verdict(made(BASE | models), "4.3", "4.3-3")["verdict"] == "reproduced"
    better = models | {"LSTM-CNN": 0.98}
    assert verdict(made(BASE | better), "4.3", "4.3-3")["verdict"] == "not"


def test_the_published_difference_is_that_of_the_tables(made):
    models = BASE | {"LSTM": 0.95, "GAN-LSTM": 0.96}
    row = verdict(made(models), "5", "5-10")
    # Mean over the 15 cells of Table 6.
    assert row["published"] == pytest.approx(0.0097, abs=0.0015)


@pytest.mark.parametrize(
    ("ahead", "expected"), [(15, "reproduced"), (11, "reproduced"), (7, "not"), (0, "not")]
)
def test_in_most_cases_is_counted_over_depths_and_leads(made, ahead, expected):
    """A mean over them would be carried by a few: one cell is far ahead in all of these."""
    result = made(BASE | {"LSTM": 0.9, "GAN-LSTM": 0.9}, noise=0)
    gain = np.where(np.arange(15) < ahead, 0.002, -0.002).reshape(5, 3)
    gain[0, 0] += 0.3 * (ahead > 0)
    sites = 0.0001 * np.arange(8)[:, None, None]
    result["site_r2"].loc[{"model": "GAN-LSTM"}] += (gain + sites)[..., None]
    row = verdict(result, "4.5", "4.5-1")
    assert row["verdict"] == expected and row["reproduced"] == pytest.approx(ahead / 15)
    assert f"holds in {ahead} of 15 depths and leads, 8 sites" in row["why"]
    assert row["published"] > 0.5


@pytest.mark.parametrize(("key", "section", "held"), [("4.2-2", "4.2", 4), ("4.4-2", "4.4", 6)])
def test_a_claim_that_the_paper_s_own_tables_contradict_says_so(made, key, section, held):
    names = ("1D-CNN", "LSTM", "Transformer", "FA-LSTM", "TA-LSTM", "FTA-LSTM")
    why = verdict(made(BASE | dict.fromkeys(names, 0.9)), section, key)["why"]
    assert "contradict" in why and f"in {held} of 15" in why
    assert (
        "contradict" not in verdict(made(BASE | dict.fromkeys(names, 0.9)), "4.2", "4.2-1")["why"]
    )


def test_that_attention_can_do_harm_takes_one_place_beyond_chance(made):
    result = made(BASE | {"LSTM": 0.9, "TA-LSTM": 0.9})
    assert verdict(result, "4.4", "4.4-6")["verdict"] in ("not", "cannot tell")
    result["site_r2"].loc[{"model": "TA-LSTM", "depth": 1.0, "lead": 7}] -= 0.05
    row = verdict(result, "4.4", "4.4-6")
    assert row["why"].endswith(" sites; shown: the largest")
    assert row["verdict"] == "reproduced" and row["reproduced"] == pytest.approx(0.05, abs=0.002)
    result["site_r2"].loc[{"model": "TA-LSTM"}] = 0.95
    assert verdict(result, "4.4", "4.4-6")["verdict"] == "not"


@pytest.mark.parametrize(
    ("r2", "cost", "expected"),
    [
        (0.90, 1.0, "reproduced"),  # as accurate, as dear
        (0.94, 1.0, "not"),  # more accurate
        (0.90, 0.5, "not"),  # as accurate, at half the cost
        (0.80, 0.5, "reproduced"),  # cheaper, but much less accurate
    ],
)
def test_a_hybrid_is_of_use_if_it_is_more_accurate_or_saves_time_at_like_accuracy(
    made, r2, cost, expected
):
    hybrids = ("LSTM-CNN", "CNN-LSTM", "CNN-with-LSTM")
    result = made(BASE | {"LSTM": 0.9} | dict.fromkeys(hybrids, 0.9))
    result["site_r2"].loc[{"model": "CNN-LSTM"}] += r2 - 0.9
    for name in ("epochs_to_convergence", "seconds_alone"):
        result[name].loc[{"model": ["LSTM", *hybrids]}] = 10.0
    result["seconds_alone"].loc[{"model": "CNN-LSTM"}] *= cost
    assert verdict(result, "4.3", "4.3-7")["verdict"] == expected


@pytest.mark.parametrize(("r2", "expected"), [(0.8, "reproduced"), (0.6, "not")])
def test_doing_well_has_a_bound(made, r2, expected):
    row = verdict(made(BASE | {"RF": 0.9, "ELM": 0.9, "SVR": r2}), "4.1", "4.1-1")
    assert row["verdict"] == expected and row["why"].startswith("R2 above 0.7")
    assert row["reproduced"] == pytest.approx(r2 - 0.7, abs=0.002)


def test_the_clock_tells_whether_machine_learning_trains_in_little_time():
    def row(seconds):
        rows = [(name, s * k) for name, s in seconds.items() for k in (1.0, 1.1, 0.9)]
        times = pd.DataFrame(rows, columns=["model", "seconds"])
        return claims.of_clock(times.assign(site="Weslaco", machine="a processor")).loc["4.1-8"]

    quick = row({"RF": 1, "ELM": 0.1, "SVR": 2, "LSTM": 100})
    assert quick["verdict"] == "reproduced" and quick["reproduced"] == pytest.approx(np.log(50))
    assert "SVR, 50 times faster than LSTM" in quick["why"] and "a processor" in quick["why"]
    assert row({"RF": 1, "ELM": 0.1, "SVR": 200, "LSTM": 100})["verdict"] == "not"
    nothing = claims.of_clock(None).loc["4.1-8"]
    assert nothing["verdict"] == "cannot tell" and "no clock" in nothing["why"]


def test_a_sweep_tells_whether_the_weight_of_the_adversarial_loss_matters():
    def row(*differences):
        names = ["LSTM", "GAN-LSTM", "GAN-LSTM, lambda 0.1", "GAN-LSTM, lambda 1"]
        rows = [(n, d, d - 0.004, d + 0.004) for n, d in zip(names, (0, *differences), strict=True)]
        table = pd.DataFrame(rows, columns=["network", "difference", "low", "high"])
        return claims.of_sweep(table.assign(lead_d=1)).loc["4.5-5"]

    assert row(0.0, -0.03, -0.1)["verdict"] == "reproduced"
    assert row(0.0, 0.0005, 0.001)["verdict"] == "not"
    assert "3 weights from 1e-07 to 1" in row(0.0, -0.03, -0.1)["why"]
    assert row(0.0, 0.004, 0.008)["verdict"] == "cannot tell"
    nothing = claims.of_sweep(None).loc["4.5-5"]
    assert nothing["verdict"] == "cannot tell" and "no sweep" in nothing["why"]


def test_two_sites_decide_nothing(made):
    models = BASE | {"1D-CNN": 0.93, "LSTM": 0.96, "Transformer": 0.92, "GAN-LSTM": 0.99}
    few = made(models, n_sites=2)
    for section, key in (("4.2", "4.2-1"), ("4.5", "4.5-1"), ("4.5", "4.5-4")):
        row = verdict(few, section, key)
        assert row["verdict"] == "cannot tell" and "n too small" in row["why"], key


def test_the_twin_is_held_against_nothing_printed(made):
    models = BASE | {"1D-CNN": 0.93, "LSTM": 0.96, "Transformer": 0.92}
    result = made(models).assign_attrs(data="twin")
    table = claims.verdicts(result, "4.2")
    assert set(table["verdict"]) & {"holds on the twin"} and table["published"].isnull().all()
    assert not set(table["verdict"]) & set(judge.OBSERVED_ONLY)


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
    assert flat["verdict"] == "not" and "not run: ELM" in flat["why"]
    result["site_r2"][:] = result["site_r2"] - 0.02 * result["lead"]
    row = verdict(result, "5", "5-19")
    assert row["verdict"] == "cannot tell"  # of thirteen models two were run, under half
    assert row["reproduced"] == pytest.approx(0.12, abs=0.002) and row["low"] > 0.11
    assert "not run: ELM" in row["why"] and "2 of 13 cases" in row["why"]
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


def test_claims_on_figures_of_section_4_6_are_judged_there_and_taken_over():
    found = s5_conclusions.of_section_46(None)
    assert found.index.tolist() == ["5-14", "5-15"]
    assert (found["verdict"] == "not testable").all()
    assert found["why"].str.contains("4.6 has not been run").all()
    rows = [["5-14: x", *[np.nan] * 4, "not", "told", "stated"], ["4.6-1: y", *[np.nan] * 7]]
    found = s5_conclusions.of_section_46(pd.DataFrame(rows, columns=COLUMNS))
    assert found.loc["5-14", ["verdict", "why"]].tolist() == ["not", "told"]
    assert found.loc["5-15", "verdict"] == "not testable"
    old = pd.DataFrame([["4.6-1: y", *[np.nan] * 6]], columns=COLUMNS[:-1])
    assert (s5_conclusions.of_section_46(old)["verdict"] == "not testable").all()


def test_rows_that_were_judged_elsewhere_are_taken_over(made):
    row = ["4.2-2: given", 1, 2, 3, 4, "exceeded", "told", "stated"]
    given = pd.DataFrame([row], ["4.2-2"], COLUMNS)
    models = BASE | {"1D-CNN": 0.93, "LSTM": 0.96, "Transformer": 0.92}
    table = claims.verdicts(made(models), "4.2", given)
    assert table.iloc[1].tolist() == given.iloc[0].tolist() and len(table) == 12


def test_similar_costs_are_within_a_factor(made):
    for cost, expected in ((1.05, "reproduced"), (1.5, "not")):
        result = made(BASE | {"LSTM": 0.96, "Transformer": 0.92})
        for name in ("epochs_to_convergence", "seconds_alone"):
            result[name].loc[{"model": "Transformer"}] = cost * result[name].sel(model="LSTM")
        row = verdict(result, "4.2", "4.2-10")
        assert row["verdict"] == expected
        assert row["reproduced"] == pytest.approx(2 * np.log(cost))
        assert row["why"].startswith("log of the ratio of training time; ")


def test_claims_without_a_score_are_left_to_others(made):
    result = made(BASE | {"RF": 0.9, "ELM": 0.9, "SVR": 0.9})
    row = verdict(result, "4.4", "4.4-10")
    assert row["verdict"] == "not testable" and "the scores do not decide it" in row["why"]
    assert verdict(result, "5", "5-14")["verdict"] == "not testable"


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
    table = persistence.against_persistence(low, high)
    assert table["verdict"].tolist() == ["not", "reproduced"]
    assert table["reproduced"].tolist() == [0, 15]


def test_the_nearest_site_stands_in_and_the_caption_says_so():
    assert stand_in.nearest("AAMU-jtg", ["AAMU-jtg", "Kenai-29-ENE"]) == "AAMU-jtg"
    shown = stand_in.nearest("AAMU-jtg", ["Kenai-29-ENE", "Durham-11-W", "Bodega-6-WSW"])
    assert shown == "Durham-11-W"
    assert "stands in for AAMU-jtg" in stand_in.stand_in("AAMU-jtg", shown)
    assert stand_in.stand_in("AAMU-jtg", "AAMU-jtg") == ""


def test_the_largest_gain_is_shown_where_none_is_claimed(made):
    models = {"LSTM": 0.95, "LSTM-CNN": 0.99, "CNN-LSTM": 0.945, "CNN-with-LSTM": 0.945}
    assert "shown: LSTM-CNN and LSTM" in verdict(made(BASE | models), "4.3", "4.3-3")["why"]


def test_gains_that_may_be_chance_are_partly(made):
    gains = insitu.gains(made(BASE | {"LSTM": 0.97}, n_sites=16))
    chance = gains.assign(p=gains["p"] * 0 + 1)
    assert persistence.against_persistence(gains, chance)["verdict"].tolist() == [
        "reproduced",
        "cannot tell",
    ]


def test_a_section_holds_its_own_claims_with_those_judged_elsewhere_in_their_place(made):
    own = ["4.4-10: mine", 1.0, 2.0, 3.0, 4.0, "partly", "by hand", "stated"]
    judged = pd.DataFrame([own], columns=claims.COLUMNS, index=["4.4-10"])
    table = claims.verdicts(made(BASE | {"LSTM": 0.95}), "4.4", judged)
    assert [text.split(":")[0] for text in table["claim"]] == [f"4.4-{k}" for k in range(1, 12)]
    assert table.iloc[9].tolist() == own
    assert table["verdict"].drop(9).eq("not testable").all()
    assert len(claims.verdicts(made(BASE), "4.2")) == 12


def moved(made, models: dict[str, list[float]]) -> xr.Dataset:
    """Scores at eight sites where a model's R2 differs from 0.9 by a number of the site's own."""
    result = made(BASE | dict.fromkeys(models, 0.9), noise=0)
    for model, by_site in models.items():
        gain = np.resize(by_site, 8)[:, None, None, None]
        result["site_r2"].loc[{"model": model}] += gain
    return result


@pytest.mark.parametrize(
    ("second", "third", "expected", "words"),
    [
        (LESS, LESS, "reproduced", "2 of 2 pairs in the claimed direction, 2 beyond"),
        (LESS, UNSURE_LESS, "partly", "2 of 2 pairs in the claimed direction, 1 beyond"),
        (UNSURE_LESS, UNSURE_LESS, "cannot tell", "2 of 2 pairs in the claimed direction, 0"),
        (UNSURE_LESS, MORE, "not", "1 of 2 pairs in the claimed direction, 0 beyond"),
        (UNSURE, MORE, "not", "0 of 2 pairs in the claimed direction, 0 beyond"),
    ],
)
def test_a_difference_counts_as_sure_where_its_interval_leaves_out_zero(
    made, second, third, expected, words
):
    """LSTM before 1D-CNN and Transformer."""
    result = moved(made, {"LSTM": [0.0], "1D-CNN": second, "Transformer": third})
    row = verdict(result, "4.2", "4.2-1")
    assert row["verdict"] == expected and words in row["why"]
    gains = {"1D-CNN": -np.mean(second), "Transformer": -np.mean(third)}
    weakest = min(gains, key=gains.get)
    assert f"shown: LSTM and {weakest}, 8 sites" in row["why"]
    assert row["reproduced"] == pytest.approx(gains[weakest])
    assert row["low"] < row["reproduced"] < row["high"]
    assert row["published"] > 0


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        (LESS, "reproduced"),
        ([0.004, 0.0041], "reproduced"),  # a gain, but none of note
        (UNSURE, "cannot tell"),
        (UNSURE_LESS, "cannot tell"),
        (MORE, "not"),
    ],
)
def test_a_gain_is_denied_only_if_it_is_shown_to_be_small(made, gains, expected):
    """TA-LSTM no better than LSTM."""
    row = verdict(moved(made, {"LSTM": [0.0], "TA-LSTM": gains}), "4.4", "4.4-5")
    assert row["verdict"] == expected
    assert row["reproduced"] == pytest.approx(np.mean(gains))
    held = int(expected == "reproduced")
    assert f"{held} of 1 pairs with a gain shown to be below 0.01" in row["why"]


@pytest.mark.parametrize(("gain", "held"), [(0.04, 2), (0.02, 2), (-0.01, 3)])
def test_of_several_pairs_without_a_gain_the_one_furthest_from_zero_is_shown(made, gain, held):
    hybrids = {"LSTM-CNN": [gain, gain], "CNN-LSTM": LESS, "CNN-with-LSTM": [0.001, 0.0011]}
    row = verdict(moved(made, {"LSTM": [0.0], **hybrids}), "5", "5-6")
    assert row["verdict"] == ("reproduced" if held == 3 else "not")
    assert f"{held} of 3 pairs" in row["why"]
    furthest = max(gain, -0.0305, key=abs)
    assert f"shown: {'LSTM-CNN' if gain == furthest else 'CNN-LSTM'} and LSTM" in row["why"]
    assert row["reproduced"] == pytest.approx(furthest)


@pytest.mark.parametrize(
    ("second", "third", "expected"),
    [
        ([0.008, 0.0081], [-0.008, -0.0081], "reproduced"),
        ([0.008, 0.0081], [0.012, 0.0121], "not"),
        ([0.012, 0.0121], [0.012, 0.0121], "not"),
        ([-0.012, -0.0121], [-0.012, -0.0121], "not"),
        ([0.008, 0.0081], [-0.012, -0.0121], "not"),
        ([0.03, -0.02], [0.0, 0.0001], "partly"),  # alike in the mean, beyond it by the interval
        ([-0.03, 0.02], [-0.03, 0.02], "cannot tell"),
        ([0.004, 0.03], [-0.004, -0.03], "cannot tell"),
    ],
)
def test_scores_are_similar_where_their_interval_stays_within_a_hundredth(
    made, second, third, expected
):
    """LSTM-CNN about as accurate as the other two hybrids."""
    models = {"LSTM-CNN": [0.0], "CNN-LSTM": second, "CNN-with-LSTM": third}
    row = verdict(moved(made, models), "4.3", "4.3-1")
    assert row["verdict"] == expected
    assert "intervals within 0.01 of zero" in row["why"]
    furthest = max(-np.mean(second), -np.mean(third), key=abs)
    assert abs(row["reproduced"]) == pytest.approx(abs(furthest))


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1.2, "reproduced"), (1 / 1.2, "reproduced"), (1.3, "not"), (1 / 1.3, "not")],
)
def test_costs_are_similar_within_a_quarter(made, factor, expected):
    """GAN-LSTM costs about as much as LSTM."""
    result = made(BASE | {"LSTM": 0.95, "GAN-LSTM": 0.95})
    for name in ("epochs_to_convergence", "seconds_alone"):
        result[name].loc[{"model": "GAN-LSTM"}] = np.sqrt(factor)
        result[name].loc[{"model": "LSTM"}] = 1.0
    row = verdict(result, "4.5", "4.5-3")
    assert row["verdict"] == expected
    assert row["reproduced"] == pytest.approx(np.log(factor))
    assert row["why"].startswith("log of the ratio of training time; ")
    assert "intervals within 0.223 of zero" in row["why"]


def test_what_was_not_run_is_named_beside_what_was(made):
    row = verdict(moved(made, {"LSTM": [0.0], "1D-CNN": LESS}), "4.2", "4.2-1")
    assert row["verdict"] == "partly" and row["why"].endswith("; not run: Transformer")
    assert row["why"].startswith("R2; ")


def gains(above: int, sure: int) -> xr.Dataset:
    """Gains of two networks over persistence in 15 cells, ``sure`` of those ``above`` by p.

    Networks take turns in which of them is above; a cell of none has a small p below persistence.
    RF is above and sure everywhere, and does not count.
    """
    cells = np.arange(15)
    gain = np.full((3, 15), -0.01)
    p = np.full((3, 15), 0.2)
    gain[cells % 2, cells] = np.where(cells < above, 0.01, -0.01)
    p[cells % 2, cells] = np.where((cells < sure) | (cells >= above), 0.04, 0.06)
    gain[2], p[2] = 0.01, 0.001
    dims = ("model", "depth", "lead")
    return xr.Dataset(
        {"gain": (dims, gain.reshape(3, 5, 3)), "p": (dims, p.reshape(3, 5, 3))},
        {"model": ["LSTM", "1D-CNN", "RF"]},
        {"n_sites": 16},
    )


@pytest.mark.parametrize(
    ("above", "sure", "expected"),
    [
        (15, 15, "reproduced"),
        (15, 13, "reproduced"),
        (15, 12, "partly"),
        (14, 14, "partly"),
        (1, 0, "not"),
        (0, 0, "not"),
    ],
)
def test_networks_beat_persistence_in_every_cell_and_in_thirteen_beyond_chance(
    above, sure, expected
):
    table = persistence.against_persistence(gains(above, sure), gains(0, 0))
    row = table.iloc[0]
    assert row["verdict"] == expected and row["reproduced"] == above
    assert f"{above} of 15 depths and leads" in row["why"]
    assert f"{sure} beyond chance after correction, 16 sites" in row["why"]
    assert table["claim"].str.extract("predict the (.*) beat")[0].tolist() == ["value", "change"]
    assert table["verdict"][1] == "not"


def test_paired_differences_are_the_others_minus_the_one_named(made):
    result = made(BASE | {"LSTM": 0.95, "1D-CNN": 0.97, "RF": 0.91}, n_sites=12)
    result["site_r2"].loc[{"reading": "at_lead"}] = 0.5
    result["site_r2"].loc[{"model": "1D-CNN", "depth": 1.0, "lead": 7}] -= 0.05
    table = claims.paired(result, against="LSTM").set_index(["model", "depth_m", "lead_d"])
    assert table.loc[("1D-CNN", 0.05, 1), "difference"] == pytest.approx(0.02, abs=0.002)
    assert table.loc[("1D-CNN", 0.05, 1), "verdict"] == "better"
    assert table.loc[("1D-CNN", 1.0, 7), "difference"] == pytest.approx(-0.03, abs=0.002)
    assert table.loc[("1D-CNN", 1.0, 7), "verdict"] == "worse"
    assert table.loc[("RF", 0.1, 3), "difference"] == pytest.approx(-0.04, abs=0.002)
    assert (table["n_sites"] == 12).all()
    assert set(table.index.get_level_values("model")) == {*BASE, "1D-CNN", "RF"}


def test_most_accurate_of_three_is_counted_against_the_better_of_the_other_two(made):
    models = {"FA-LSTM": 0.95, "TA-LSTM": 0.97, "FTA-LSTM": 0.92}
    row = verdict(made(BASE | models), "4.4", "4.4-1")
    assert row["verdict"] == "not" and row["reproduced"] == 0
    models["TA-LSTM"] = 0.93
    assert verdict(made(BASE | models), "4.4", "4.4-1")["reproduced"] == 1
