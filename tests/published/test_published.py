"""The papers' numbers as the library gives them, without the papers at hand."""

import numpy as np
import pandas as pd
import pytest

from soilbook import published
from soilbook.errors import ParameterError
from soilbook.models import MACHINE_LEARNING, NETWORKS
from soilbook.schema import DEPTHS

MODELS = {
    2: ["RF", "ELM", "SVR"],
    3: ["1D-CNN", "LSTM", "Transformer"],
    4: ["LSTM-CNN", "CNN-LSTM", "CNN-with-LSTM"],
    5: ["FA-LSTM", "TA-LSTM", "FTA-LSTM"],
    6: ["LSTM", "GAN-LSTM"],
}


def test_scores_are_complete():
    scores = published.scores()
    assert list(scores.columns) == ["table", "model", "depth_m", "lead_d", "r2", "text"]
    for number, models in MODELS.items():
        part = scores[scores["table"] == number]
        assert part["model"].unique().tolist() == models
        for _, cells in part.groupby("model"):
            assert sorted(cells["depth_m"].unique()) == list(DEPTHS)
            assert sorted(cells["lead_d"].unique()) == [1, 3, 7]
            assert len(cells) == 15
    assert scores["table"].value_counts().to_dict() == {2: 45, 3: 45, 4: 45, 5: 45, 6: 30}


def test_models_are_those_that_can_be_made_in_the_same_order():
    assert published.models("deep") == tuple(NETWORKS)
    assert published.models("machine") == tuple(MACHINE_LEARNING)


def test_unprinted_scores_stay_as_printed():
    scores = published.scores()
    unprinted = scores["text"] == "(-)"
    assert unprinted.sum() == 8
    assert scores["r2"].isna().equals(unprinted)
    assert set(scores.loc[unprinted, "model"]) == {"ELM", "SVR"}
    printed = scores[~unprinted]
    assert (printed["text"].str.len() == 5).all()
    assert np.allclose(printed["text"].astype(float), printed["r2"])
    assert printed["r2"].between(0, 1).all()


def test_scores_fall_with_lead():
    wide = published.scores().pivot_table(
        index=["table", "model", "depth_m"], columns="lead_d", values="r2"
    )
    assert (wide[1] > wide[3].fillna(-1)).all()
    assert (wide[3].fillna(-1) >= wide[7].fillna(-1)).all()


@pytest.mark.parametrize(
    ("model", "depth", "lead", "value"),
    [
        ("RF", 0.05, 1, 0.924),
        ("ELM", 1.00, 7, 0.170),
        ("1D-CNN", 0.50, 7, 0.532),
        ("Transformer", 0.20, 7, 0.843),
        ("CNN-with-LSTM", 1.00, 7, 0.575),
        ("FA-LSTM", 0.10, 3, 0.921),
        ("GAN-LSTM", 1.00, 7, 0.793),
    ],
)
def test_spot_values(model, depth, lead, value):
    assert published.r2(model, depth, lead) == value


def test_an_unprinted_value_is_nan():
    assert np.isnan(published.r2("SVR", 1.00, 3))


def test_lstm_is_alike_in_tables_3_and_6():
    scores = published.scores()
    third, sixth = (
        scores[(scores["table"] == n) & (scores["model"] == "LSTM")]["text"].tolist()
        for n in (3, 6)
    )
    assert third == sixth


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("GRU", 0.05, 1), "GAN-LSTM"),
        (("LSTM", 0.3, 1), "0.05, 0.1, 0.2, 0.5, 1.0"),
        (("LSTM", 0.05, 2), "1, 3, 7"),
    ],
)
def test_unknown_names_are_refused(arguments, named):
    with pytest.raises(ParameterError, match=named):
        published.r2(*arguments)


def test_callers_cannot_spoil_the_tables():
    scores, sites = published.scores(), published.sites()
    scores["r2"] = 0
    sites["sand"] = 0
    assert published.r2("LSTM", 0.05, 1) == 0.943
    assert published.sites()["sand"].iloc[0] == 85


def test_sites_keep_the_slips_of_table_1():
    sites = published.sites().set_index("site")
    assert len(sites) == 30
    assert (sites["sand"] + sites["silt"] + sites["clay"] == 100).all()
    assert sites.loc["Monahans-6-ENE", "longitude"] == 102.81
    position = ["latitude", "longitude"]
    durham, coshocton = sites.loc["Durham-11-W"], sites.loc["Coshocton-8-NNE"]
    assert durham[position].tolist() == coshocton[position].tolist() == [40.37, -81.78]
    assert sites.loc["GrouseCreek", "printed"] == "GrouseGreek"
    assert sites.loc["Weslaco", "land_cover"] == "Cropland, rained"
    assert (sites["first_year"] < sites["last_year"]).all()


def test_weather_has_a_row_for_each_site_and_variable():
    weather = published.weather()
    assert weather["site"].unique().tolist() == published.sites()["site"].tolist()
    assert weather["variable"].tolist() == ["P", "TA"] * 30
    assert weather["units"].value_counts().to_dict() == {"mm": 30, "degC": 30}
    assert (weather["min"] < weather["mean"]).all() and (weather["mean"] < weather["max"]).all()
    assert (weather["std"] > 0).all()
    assert (weather.loc[weather["variable"] == "P", "min"] == 0).all()
    grouse = weather.query("site == 'GrouseCreek'").set_index("variable")
    assert grouse.loc["P", "max"] == 786.38 and grouse.loc["TA", "min"] == -18.475


def test_parts_follow_one_another_in_the_ratio_6_2_2():
    splits = published.splits()
    assert (splits["training_end"] == splits["validation_start"]).all()
    assert (splits["validation_end"] == splits["test_start"]).all()
    days = (splits["test_end"] - splits["training_start"]).dt.days
    validation = (splits["validation_start"] - splits["training_start"]).dt.days
    test = (splits["test_start"] - splits["training_start"]).dt.days
    assert ((validation - (0.6 * days).astype(int)).abs() <= 1).all()
    assert ((test - (0.8 * days).astype(int)).abs() <= 1).all()
    assert splits["training_start"].iloc[0] == pd.Timestamp("2012-01-01")


def test_layers_of_table_a1():
    layers = published.layers()
    assert layers["model"].value_counts().to_dict() == {
        "CNN-with-LSTM": 9,
        "LSTM-CNN": 5,
        "1D-CNN": 4,
        "FTA-LSTM": 4,
        "CNN-LSTM": 3,
        "GAN-LSTM": 3,
        "FA-LSTM": 2,
        "TA-LSTM": 2,
    }
    for _, part in layers.groupby("model"):
        assert part["order"].tolist() == list(range(1, len(part) + 1))
    convolutions = layers[layers["layer"].str.startswith("Convolution")]
    assert convolutions["kernel_size"].notna().all() and len(convolutions) == 8
    assert set(layers.loc[layers["layer"] == "LSTM", "hidden_size"]) == {16}
    parts = layers.loc[layers["model"] == "GAN-LSTM", "part"].tolist()
    assert parts == ["Generator", "Generator", "Discriminator"]


def test_hyperparameters():
    rows = published.hyperparameters().groupby(["model", "name"])["value"].agg(set)
    assert rows["GAN-LSTM", "lambda_bce"] == {"1e-7"}
    assert rows["Transformer", "d_ff"] == {"20"}
    assert rows["deep", "epochs"] == {"1500"}
    # Section 2.1 announces thirty sites, section 4 and the captions ten.
    assert rows["all", "sites"] == {"30", "10"}


def test_claims_can_be_tested_by_a_program():
    claims = published.claims()
    models = set(published.scores()["model"])
    assert claims["id"].is_unique
    assert set(claims["section"]) == {"2.1", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "5", "T"}
    assert (claims["id"].str.rsplit("-", n=1).str[0] == claims["section"]).all()
    for row in claims.itertuples():
        assert row.claim and row.quantity and row.subject and row.rests_on
        assert set(row.depths_m) <= set(DEPTHS) and set(row.leads_d) <= {1, 3, 7}
        assert not set(row.subject) & set(row.reference)
        if row.relation in ("better", "no better", "worse", "similar"):
            assert row.reference and set(row.subject + row.reference) <= models
        if row.quantity in ("R2", "RMSE"):
            assert row.depths_m and row.leads_d


def test_every_model_of_the_tables_has_a_claim_in_its_section():
    claims = published.claims()
    for number, models in MODELS.items():
        rows = claims[claims["section"] == f"4.{number - 1}"]
        named = {m for row in rows.itertuples() for m in row.subject + row.reference}
        assert set(models) <= named


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
