"""Shapley values against closed forms, their definition, and another library."""

import numpy as np
import pytest
import torch

from soilbook import explain
from soilbook.errors import DataError, ParameterError
from soilbook.models import NETWORKS

NAMES = ("P", "AT", "ST", "SM")


def cubic(x):
    """Three inputs of different days and features interact."""
    x = np.asarray(x, float)
    return x[:, 0, 0] * x[:, 1, 1] * x[:, 1, 2] + np.exp(x[:, 1, 0] * x[:, 0, 2]) + x[:, 0, 1]


@pytest.mark.parametrize("walk", explain.shapley.WALKS)
def test_a_quadratic_function_gets_its_closed_form(quadratic, windows, walk):
    x, rows = windows(5), windows(7, seed=1)
    values = explain.shapley.inputs(quadratic, x, rows, NAMES, n_background=7, n_pairs=1, walk=walk)
    np.testing.assert_allclose(values["phi"], quadratic.phi(x, rows), atol=1e-5)
    assert float(values["base_value"]) == pytest.approx(quadratic(rows).mean())


def test_exact_values_of_features_are_the_sums_of_a_quadratic_function(quadratic, windows):
    x, rows = windows(5), windows(7, seed=1)
    values = explain.shapley.grouped(quadratic, x, rows, NAMES, n_background=7)
    np.testing.assert_allclose(values["phi"], quadratic.phi(x, rows).sum(1), atol=1e-5)


def test_walks_come_near_the_definition(windows, enumerated):
    x, rows = windows(2, (2, 3)), windows(3, (2, 3), seed=1)
    exact = enumerated(cubic, x, rows)
    far, near = (
        explain.shapley.inputs(cubic, x, rows, NAMES[:3], n_background=3, n_pairs=n, walk="free")[
            "phi"
        ].values
        for n in (1, 400)
    )
    assert np.abs(near - exact).max() < 0.01 < np.abs(far - exact).max()


def test_exact_values_are_the_definition_where_a_feature_has_one_day(windows, enumerated):
    def f(x):
        return np.asarray(x, float).prod((1, 2)) + np.asarray(x, float)[:, 0, 0] ** 3

    x, rows = windows(3, (1, 4)), windows(4, (1, 4), seed=1)
    values = explain.shapley.grouped(f, x, rows, NAMES, n_background=4)
    np.testing.assert_allclose(values["phi"], enumerated(f, x, rows)[:, 0], atol=1e-6)


def test_days_that_enter_together_add_up_to_the_exact_values_of_the_feature(windows):
    def two_days_and_another(x):
        x = np.asarray(x, float)
        return x[:, 0, 0] * x[:, 1, 0] * x[:, 0, 1]

    x, rows = windows(20, (2, 3)), windows(5, (2, 3), seed=1)
    f, names = two_days_and_another, NAMES[:3]
    exact = explain.shapley.grouped(f, x, rows, names, n_background=5)["phi"].values
    gap = {}
    for walk in explain.shapley.WALKS:
        values = explain.shapley.inputs(f, x, rows, names, n_background=5, n_pairs=500, walk=walk)
        gap[walk] = np.abs(values["phi"].sum("step").values - exact).max()
    assert gap["by_feature"] < 0.02
    assert gap["free"] > 0.1


def test_an_input_without_effect_gets_nothing_and_equals_get_the_same(windows):
    def f(x):
        return np.tanh(np.asarray(x, float)[:, 0, 0] + np.asarray(x, float)[:, 0, 1])

    x, rows = windows(4), windows(6, seed=1)
    x[:, :, 1], rows[:, :, 1] = x[:, :, 0], rows[:, :, 0]
    phi = explain.shapley.inputs(f, x, rows, NAMES, n_background=6)["phi"]
    assert float(np.abs(phi.isel(step=slice(1, None))).max()) == 0
    np.testing.assert_allclose(phi[:, 0, 0], phi[:, 0, 1], atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_values_of_every_network_add_up_and_agree_with_the_exact_ones(name, windows):
    torch.manual_seed(0)
    predict = explain.predictor(NETWORKS[name](8))
    x, rows = windows(10, (4, 8)), windows(8, (4, 8), seed=1)
    features = [f"x{i}" for i in range(8)]
    values = explain.shapley.inputs(predict, x, rows, features, n_background=8)
    exact = explain.shapley.grouped(predict, x, rows, features, n_background=8)
    found = explain.importance.agreement(values, exact)
    assert found["additivity_error"] < 1e-4
    assert found["rank_correlation"] > 0.99
    assert float(exact["additivity_error"].max() / exact["prediction"].std()) < 1e-4


def test_free_walks_agree_with_the_permutation_explainer_of_shap(windows):
    import shap

    torch.manual_seed(0)
    predict = explain.predictor(NETWORKS["1D-CNN"](3))
    x, rows = windows(4, (4, 3)), windows(6, (4, 3), seed=1)
    masker = shap.maskers.Independent(rows.reshape(6, -1), max_samples=6)
    explainer = shap.PermutationExplainer(
        lambda flat: predict(flat.reshape(-1, 4, 3)), masker, seed=0
    )
    theirs = explainer(x.reshape(4, -1), max_evals=25 * 20, silent=True)
    ours = explain.shapley.inputs(
        predict, x, rows, NAMES[:3], n_background=6, n_pairs=20, walk="free"
    )
    spread = float(ours["prediction"].std())
    np.testing.assert_allclose(ours["phi"].values.reshape(4, -1), theirs.values, atol=0.02 * spread)
    np.testing.assert_allclose(ours["base_value"], theirs.base_values, atol=1e-5)


def test_values_of_an_ensemble_are_the_mean_of_its_members(windows):
    torch.manual_seed(0)
    members = [NETWORKS["LSTM"](4, 3) for _ in range(3)]
    x, rows = windows(5), windows(6, seed=1)

    def phi(modules):
        predict = explain.predictor(modules)
        return explain.shapley.grouped(predict, x, rows, NAMES, n_background=6)["phi"].values

    np.testing.assert_allclose(phi(members), np.mean([phi(m) for m in members], 0), atol=1e-6)


def test_values_of_a_sample_do_not_depend_on_the_others_nor_on_the_parts(
    quadratic, windows, monkeypatch
):
    x, rows = windows(9), windows(12, seed=1)
    every = explain.shapley.inputs(quadratic, x, rows, NAMES, n_background=6, seed=3)
    again = explain.shapley.inputs(quadratic, x, rows, NAMES, n_background=6, seed=3)
    assert every.identical(again)
    monkeypatch.setattr(explain.shapley, "ROWS", 1)
    first = explain.shapley.inputs(quadratic, x[:4], rows, NAMES, n_background=6, seed=3)
    np.testing.assert_allclose(first["phi"], every["phi"][:4], rtol=0, atol=1e-12)
    other = explain.shapley.inputs(quadratic, x, rows, NAMES, n_background=6, seed=4)
    assert not np.allclose(other["phi"], every["phi"])


def test_scale_gives_soil_moisture(quadratic, windows):
    x, rows = windows(4), windows(6, seed=1)
    plain = explain.shapley.inputs(quadratic, x, rows, NAMES, n_background=6)
    scale = explain.shapley.Scale(0.2, 0.25)
    scaled = explain.shapley.inputs(quadratic, x, rows, NAMES, n_background=6, scale=scale)
    np.testing.assert_allclose(scaled["phi"], 0.2 * plain["phi"])
    np.testing.assert_allclose(scaled["prediction"], 0.2 * plain["prediction"] + 0.25)
    total = scaled["phi"].sum(("step", "feature")) + scaled["base_value"]
    np.testing.assert_allclose(total, scaled["prediction"])
    assert scaled["phi"].attrs["units"] == "m3 m-3"
    assert scaled["step"].values.tolist() == [1, 2, 3]


def test_fewer_background_rows_than_asked_for_names_both_numbers(quadratic, windows):
    for function in (explain.shapley.inputs, explain.shapley.grouped):
        with pytest.raises(ParameterError, match=r"^50 background rows asked for and 12 there"):
            function(quadratic, windows(4), windows(12), NAMES)


def test_other_bad_input_is_one_clear_line(quadratic, windows):
    x, rows = windows(4), windows(6, seed=1)
    inputs, grouped = explain.shapley.inputs, explain.shapley.grouped
    with pytest.raises(ParameterError, match="3 feature names do not fit"):
        inputs(quadratic, x, rows, NAMES[:3], n_background=6)
    with pytest.raises(ParameterError, match=r"needs \(sample, step, feature\)"):
        inputs(quadratic, x[0], rows, NAMES, n_background=6)
    with pytest.raises(ParameterError, match="n_pairs is 0"):
        inputs(quadratic, x, rows, NAMES, n_background=6, n_pairs=0)
    with pytest.raises(ParameterError, match="unknown walk 'drunken'; allowed: free, by_feature"):
        inputs(quadratic, x, rows, NAMES, n_background=6, walk="drunken")
    with pytest.raises(ParameterError, match="13 features; exact values allow at most 12"):
        grouped(quadratic, windows(2, (1, 13)), windows(2, (1, 13)), range(13), n_background=2)
    with pytest.raises(DataError, match="must give 4 finite numbers"):
        inputs(lambda x: np.full(len(x), np.nan), x, rows[:4], NAMES, n_background=4)
    with pytest.raises(ParameterError, match="no network to explain"):
        explain.predictor([])
    x[2, 0, 0] = np.nan
    with pytest.raises(DataError, match="x: sample 2 holds a missing value"):
        grouped(quadratic, x, rows, NAMES, n_background=6)
