"""What pairs of models differ by, on results whose cells are told apart by their size."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from soilbook import metrics, published
from soilbook.wang2024 import claims

DEPTHS, LEADS = (0.05, 0.1, 0.2, 0.5, 1.0), (1, 3, 7)
LOSS, GROWTH = "loss of R2 from 1 to 7 days", "growth of RMSE from 1 to 7 days"


def claim(quantity="R2", relation="better", subject=("LSTM",), reference=("RF",), **cells):
    """A claim on all depths and leads unless ``cells`` says which."""
    everything = {"depths_m": DEPTHS, "leads_d": LEADS}
    return SimpleNamespace(
        quantity=quantity, relation=relation, subject=subject, reference=reference,
        **{**everything, **cells},
    )  # fmt: skip


def result() -> xr.Dataset:
    """LSTM lies above RF in R2 by 0.01 times the place of the depth and 0.0001 times the lead.

    Sites lie around it; RMSE is a tenth of R2, turned.
    """
    depth = np.arange(1, 6)[:, None] / 100
    lead = np.array(LEADS) / 10_000
    sites = np.array([-1, 0, 1])[:, None, None] / 100_000
    gain = depth + lead + sites
    r2 = np.full((2, 3, 5, 3, 2), 0.5)
    r2[0, ..., 0] += gain
    r2[0, ..., 1] -= 10 * gain  # the other reading says the opposite
    rmse = 0.3 - 0.1 * r2
    cost = np.ones((2, 2, 3, 5))
    cost[0] = np.exp(np.array([0.5, 1.5])[:, None, None])  # by repetition
    dims = ("model", "site", "depth", "lead", "reading")
    return xr.Dataset(
        {
            "site_r2": (dims, r2),
            "site_rmse": (dims, rmse),
            "epochs_to_convergence": (("model", "repetition", "site", "depth"), cost),
            "seconds_alone": (("model", "turn"), cost[:, :, 0, 0] ** 2),
        },
        {
            "model": ["LSTM", "RF"],
            "site": ["A", "B", "C"],
            "depth": list(DEPTHS),
            "lead": list(LEADS),
            "reading": ["pooled", "at_lead"],
        },
    )


def only(asked, found=None) -> claims.Pair:
    ((pair,), missing) = claims.compared(asked, result() if found is None else found)
    assert missing == ""
    return pair


MEAN_LEAD = np.mean(LEADS) / 10_000


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        ({}, 0.03 + MEAN_LEAD),
        ({"depths_m": ()}, 0.03 + MEAN_LEAD),
        ({"depths_m": (0.5, 1.0)}, 0.045 + MEAN_LEAD),
        ({"depths_m": (0.1, 0.7)}, 0.02 + MEAN_LEAD),
        ({"leads_d": (7,)}, 0.03 + 0.0007),
        ({"depths_m": (0.05,), "leads_d": (3, 7)}, 0.01 + 0.0005),
    ],
)
def test_the_mean_is_over_the_depths_and_leads_of_the_claim(cells, value):
    pair = only(claim(**cells))
    assert pair.value == pytest.approx(value)
    assert pair.names == "LSTM and RF" and pair.n_sites == 3
    assert value - 2e-5 < pair.low < pair.value < pair.high < value + 2e-5


@pytest.mark.parametrize(
    ("relation", "sign"),
    [
        ("better", 1),
        ("higher", 1),
        ("worse", -1),
        ("lower", -1),
        ("similar", 1),
        ("no better", 1),
    ],
)
def test_a_difference_that_agrees_with_the_claim_is_positive(relation, sign):
    value = 0.03 + MEAN_LEAD
    assert only(claim(relation=relation)).value == pytest.approx(sign * value)
    assert only(claim("RMSE", relation)).value == pytest.approx(sign * value / 10)
    pair = only(claim(relation=relation, depths_m=(0.05,), leads_d=(1,)))
    printed = published.r2("LSTM", 0.05, 1) - published.r2("RF", 0.05, 1)
    assert pair.published == pytest.approx(sign * printed)
    assert pair.low < pair.value < pair.high


def test_loss_and_growth_are_changes_from_the_first_lead_to_the_last():
    # LSTM gains from lead to lead, so that its R2 falls by less and its RMSE by more.
    assert only(claim(LOSS, "lower")).value == pytest.approx(0.0006)
    assert only(claim(LOSS, "higher")).value == pytest.approx(-0.0006)
    assert only(claim(LOSS, "lower", leads_d=(1, 3))).value == pytest.approx(0.0002)
    assert only(claim(GROWTH, "lower")).value == pytest.approx(0.00006)
    assert only(claim(GROWTH, "lower", leads_d=())).value == pytest.approx(0.00006)


def test_the_published_loss_is_that_of_the_depths_of_the_claim():
    pair = only(claim(LOSS, "lower", depths_m=(0.5, 1.0), leads_d=(1, 7)))
    loss = {
        model: np.mean([published.r2(model, d, 1) - published.r2(model, d, 7) for d in (0.5, 1.0)])
        for model in ("LSTM", "RF")
    }
    assert pair.published == pytest.approx(loss["RF"] - loss["LSTM"])
    assert np.isnan(only(claim("RMSE")).published)
    assert np.isnan(only(claim(GROWTH, "lower")).published)


def test_costs_are_logarithms_averaged_over_depths_and_repetitions():
    for quantity, log in {
        "epochs to convergence": 1,  # mean of the exponents 0.5 and 1.5
        "time per 100 epochs": 2,
        "training time": 3,
    }.items():
        assert only(claim(quantity, "higher")).value == pytest.approx(log)
        assert only(claim(quantity, "lower")).value == pytest.approx(-log)
        assert np.isnan(only(claim(quantity, "higher")).published)


def test_models_without_a_training_time_are_not_compared_in_cost():
    untimed = result()
    untimed["epochs_to_convergence"][1] = np.nan
    pairs, missing = claims.compared(claim("training time", "lower"), untimed)
    assert pairs == [] and missing == "no training time is kept for these models"
    three = xr.concat([result(), result().isel(model=[1]).assign_coords(model=["SVR"])], "model")
    three["epochs_to_convergence"][1] = np.nan
    asked = claim("training time", "lower", reference=("RF", "SVR"))
    pairs, missing = claims.compared(asked, three)
    assert [pair.names for pair in pairs] == ["LSTM and SVR"] and missing == ""
    assert len(claims.compared(claim("R2"), untimed)[0]) == 1
    absent = claim("training time", "lower", reference=("RF", "ELM"))
    assert claims.compared(absent, untimed) == ([], "not run: ELM")
    pairs, missing = claims.compared(absent, result())
    assert len(pairs) == 1 and missing == "not run: ELM"


def test_a_model_that_was_timed_at_some_sites_is_compared_there():
    found = result()
    found["epochs_to_convergence"][1, :, 0] = np.nan
    pair = only(claim("training time", "higher"), found)
    assert pair.n_sites == 2 and pair.value == pytest.approx(3)


def test_every_subject_is_held_against_every_reference_that_was_run():
    asked = claim(subject=("LSTM", "SVR"), reference=("RF", "ELM"))
    pairs, missing = claims.compared(asked, result())
    assert [pair.names for pair in pairs] == ["LSTM and RF"]
    assert missing == "not run: ELM, SVR"
    four = xr.concat([result(), result().assign_coords(model=["SVR", "ELM"]) * 0.5], "model")
    pairs, missing = claims.compared(asked, four)
    assert missing == ""
    assert [p.names for p in pairs] == ["LSTM and RF", "LSTM and ELM", "SVR and RF", "SVR and ELM"]


@pytest.mark.parametrize(
    "asked",
    [
        claim("the weather"),
        claim(relation="differ"),
        claim(reference=()),
        claim("autocorrelation against lag", "falls"),
    ],
)
def test_what_scores_cannot_decide_is_left_to_others(asked):
    pairs, missing = claims.compared(asked, result())
    assert pairs == [] and "the scores do not decide it" in missing


def test_sites_without_a_score_are_not_counted():
    found = result()
    found["site_r2"][:, 0] = np.nan
    pair = only(claim(leads_d=(1,)), found)
    assert pair.n_sites == 2
    assert pair.value == pytest.approx(0.03 + 0.0001 + 0.5e-5)


def test_a_fall_with_lead_is_a_case_a_model():
    falling = result()
    falling["site_r2"] = falling["site_r2"] - 0.01 * falling["lead"]
    asked = claim("R2 against lead", "falls with lead", ("LSTM", "RF", "SVR"), ())
    pairs, missing = claims.compared(asked, falling)
    assert missing == "not run: SVR" and [pair.names for pair in pairs] == ["LSTM", "RF"]
    assert [pair.value for pair in pairs] == pytest.approx([0.06 - 0.0006, 0.06])
    expected = np.mean([published.r2("RF", d, 1) - published.r2("RF", d, 7) for d in DEPTHS])
    assert pairs[1].published == pytest.approx(expected)


def test_a_spread_grows_by_what_the_span_of_all_models_gains_from_the_first_lead_to_the_last():
    three = xr.concat([result(), result().isel(model=[1]).assign_coords(model=["SVR"])], "model")
    falls = 0.01 * three["lead"] * (three["model"] == "SVR")
    three["site_r2"] = three["site_r2"] - falls
    asked = claim("spread of R2 over the three", "grows", ("LSTM", "RF", "SVR"), (), leads_d=(7,))
    ((pair,), missing) = claims.compared(asked, three)
    # LSTM rises by 0.0006 from 1 to 7 days, SVR falls by 0.06.
    assert pair.value == pytest.approx(0.0606) and missing == ""
    assert pair.names == "LSTM, RF, SVR" and np.isnan(pair.published) and pair.n_sites == 3
    two = claim("spread of R2 over the three", "grows", ("LSTM", "ELM"), ())
    assert claims.compared(two, three) == ([], "not run: ELM")


def test_the_largest_gain_somewhere_has_an_interval_that_allows_for_all_cells():
    found = result().isel(site=[0] * 12).assign_coords(site=list("ABCDEFGHIJKL"))
    found["site_r2"][0, ..., 0] += np.random.default_rng(0).normal(0, 0.01, (12, 5, 3))
    asked = claim(relation="worse", subject=("RF",), reference=("LSTM",))
    measured = claims.SCORED["somewhere"](asked, found)
    gains = (found["site_r2"][0] - found["site_r2"][1])[..., 0].values.reshape(12, -1)
    wide = metrics.mean_over_sites(gains, level=1 - 0.05 / 15, n_replicates=10_000)
    most = int(wide.value.argmax())
    assert measured.value == pytest.approx(wide.value[most])
    assert measured.low == pytest.approx(wide.low[most])
    assert measured.high == pytest.approx(wide.high[most])
    assert len(measured.cases) == 15


def test_the_printed_order_is_counted_against_the_best_of_several():
    def held(*references: str) -> int:
        asked = claim(subject=("FA-LSTM",), reference=references)
        return claims._printed_cells(asked)[0]

    assert held("LSTM", "GAN-LSTM") == held("GAN-LSTM") < held("LSTM") == 15
