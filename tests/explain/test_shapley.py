"""Shapley values against closed forms and shap's exact ones; their summaries; DeepExplainer."""

import numpy as np
import pytest
import shap
import torch
from torch import nn

from soilbook import explain
from soilbook.errors import DataError, ParameterError
from soilbook.models import NETWORKS

NAMES = ("P", "AT", "ST", "SM")


def small_network(name: str = "1D-CNN", n_features: int = 3, n_steps: int = 4):
    """A network of random weights as a function of windows."""
    torch.manual_seed(0)
    return explain.predictor(NETWORKS[name](n_features, n_steps))


def exact(f, x, masker) -> np.ndarray:
    """Values by shap's exact explainer, of the shape of x (sample, step, feature)."""
    explainer = shap.explainers.Exact(lambda flat: f(flat.reshape(-1, *x.shape[1:])), masker)
    return explainer(x.reshape(len(x), -1), silent=True).values.reshape(x.shape)


def test_a_quadratic_function_gets_its_closed_form(quadratic, windows):
    x, rows = windows(5), windows(7, seed=1)
    values = explain.shapley.inputs(quadratic, x, rows, NAMES, n_background=7, n_pairs=1)
    np.testing.assert_allclose(values["phi"], quadratic.phi(x, rows), atol=1e-5)
    assert float(values["base_value"]) == pytest.approx(quadratic(rows).mean())


def test_exact_values_of_features_are_the_sums_of_a_quadratic_function(quadratic, windows):
    x, rows = windows(5), windows(7, seed=1)
    values = explain.shapley.grouped(quadratic, x, rows, NAMES, n_background=7)
    np.testing.assert_allclose(values["phi"], quadratic.phi(x, rows).sum(1), atol=1e-5)


def test_walks_come_near_shaps_exact_values_where_a_feature_has_one_day(windows):
    def f(x):
        return np.asarray(x, float).prod((1, 2)) + np.exp(np.asarray(x, float)[:, 0, :3].sum(1))

    x, rows = windows(3, (1, 5)), windows(4, (1, 5), seed=1)
    true = exact(f, x, shap.maskers.Independent(rows.reshape(4, -1)))
    names = (*NAMES, "V")
    far, near = (
        explain.shapley.inputs(f, x, rows, names, n_background=4, n_pairs=n)["phi"].values
        for n in (1, 300)
    )
    assert np.abs(near - true).max() < 0.02 < np.abs(far - true).max()
    grouped = explain.shapley.grouped(f, x, rows, names, n_background=4)
    np.testing.assert_allclose(grouped["phi"], true[:, 0], atol=1e-6)


def test_walks_come_near_shaps_exact_values_of_days_that_enter_together(windows):
    """Two features of two days: shap's tree of inputs is the one of features and their days."""
    f = small_network("FTA-LSTM", 2, 2)
    x, rows = windows(4, (2, 2)), windows(5, (2, 2), seed=1)
    tree = np.array([[0, 2, 1, 2], [1, 3, 1, 2], [4, 5, 2, 4]], dtype=float)
    true = exact(f, x, shap.maskers.Partition(rows.reshape(5, -1), clustering=tree))
    values = explain.shapley.inputs(f, x, rows, NAMES[:2], n_background=5, n_pairs=200)
    spread = float(values["prediction"].std())
    np.testing.assert_allclose(values["phi"], true, atol=0.01 * spread)


def test_values_of_features_are_shaps_exact_ones_of_whole_features(windows):
    f = small_network()
    x, rows = windows(3, (4, 3)), windows(6, (4, 3), seed=1)
    ours = explain.shapley.grouped(f, x, rows, NAMES[:3], n_background=6)
    for sample in range(3):

        def worth(taken, sample=sample):
            taken = np.repeat(np.asarray(taken, bool), 6, axis=0)[:, None]
            mixed = np.where(taken, x[sample], np.tile(rows, (len(taken) // 6, 1, 1)))
            return f(mixed).reshape(-1, 6).mean(1)

        explainer = shap.explainers.Exact(worth, shap.maskers.Independent(np.zeros((1, 3))))
        theirs = explainer(np.ones((1, 3)), silent=True)
        np.testing.assert_allclose(ours["phi"][sample], theirs.values[0], atol=1e-6)
        np.testing.assert_allclose(ours["base_value"], theirs.base_values[0], atol=1e-6)


def test_days_add_up_to_the_exact_values_of_the_feature(windows):
    def two_days_and_another(x):
        x = np.asarray(x, float)
        return x[:, 0, 0] * x[:, 1, 0] * x[:, 0, 1]

    x, rows = windows(20, (2, 3)), windows(5, (2, 3), seed=1)
    f, names = two_days_and_another, NAMES[:3]
    true = explain.shapley.grouped(f, x, rows, names, n_background=5)["phi"].values
    values = explain.shapley.inputs(f, x, rows, names, n_background=5, n_pairs=500)
    assert np.abs(values["phi"].sum("step").values - true).max() < 0.02
    # In any order, as shap's permutations go, a day shares its gain with the other feature.
    masker = shap.maskers.Independent(rows.reshape(5, -1))
    free = exact(f, x, masker).sum(1)
    assert np.abs(free - true).max() > 0.1


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
    found = explain.shapley.agreement(values, exact)
    assert found["additivity_error"] < 1e-4
    assert found["rank_correlation"] > 0.99
    assert float(exact["additivity_error"].max() / exact["prediction"].std()) < 1e-4


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
    monkeypatch.setattr(explain.shapley, "MASKED", 1)
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
    with pytest.raises(ParameterError, match="13 features; exact values allow at most 12"):
        grouped(quadratic, windows(2, (1, 13)), windows(2, (1, 13)), range(13), n_background=2)
    with pytest.raises(DataError, match="must give 4 finite numbers"):
        inputs(lambda x: np.full(len(x), np.nan), x, rows[:4], NAMES, n_background=4)
    with pytest.raises(ParameterError, match="no network to explain"):
        explain.predictor([])
    x[2, 0, 0] = np.nan
    with pytest.raises(DataError, match="x: sample 2 holds a missing value"):
        grouped(quadratic, x, rows, NAMES, n_background=6)


W = np.array([[0.0, 1.0, -2.0, 4.0], [0.5, 0.0, 0.0, 8.0], [0.0, 0.0, 0.0, 0.0]])


def linear(x):
    """Weights W of the window."""
    return (np.asarray(x, float) * W).sum((1, 2))


@pytest.fixture
def values(windows):
    """Shapley values of a linear function."""
    return explain.shapley.inputs(linear, windows(300), windows(40, seed=1), NAMES, n_background=40)


def test_importance_width_and_effect_of_a_linear_function(values):
    size = explain.shapley.mean_absolute(values)
    assert size.dims == ("step", "feature")
    np.testing.assert_allclose(size / size.max(), np.abs(W) / 8, atol=0.03)
    # A uniform input in [-1, 1] covers 0.98 of its range of 2 between the two percentiles.
    np.testing.assert_allclose(explain.shapley.width(values), 1.96 * np.abs(W), atol=0.05 * 8)
    effect = explain.shapley.effect(values).values
    np.testing.assert_allclose(effect[W != 0], np.sign(W[W != 0]))
    assert np.isnan(effect[W == 0]).all()


def test_similarity_is_one_with_itself_and_minus_one_with_the_opposite(values):
    opposite = values.assign(phi=-values["phi"])
    assert explain.shapley.similarity(values, values) == pytest.approx(1)
    assert explain.shapley.similarity(values, opposite) == pytest.approx(-1)


def test_agreement_sees_values_that_are_wrong(windows):
    torch.manual_seed(0)
    predict = explain.predictor(NETWORKS["LSTM"](4, 3))
    x, rows = windows(30), windows(10, seed=1)
    values = explain.shapley.inputs(predict, x, rows, NAMES, n_background=10)
    exact = explain.shapley.grouped(predict, x, rows, NAMES, n_background=10)
    right = explain.shapley.agreement(values, exact)
    assert right["additivity_error"] < 1e-4 and right["rank_correlation"] > 0.99
    assert right["difference"] < 0.05 and right["by_sample"] == pytest.approx(1)
    turned = values.assign(phi=values["phi"].roll(feature=1))
    assert explain.shapley.agreement(turned, exact)["rank_correlation"] < 0.5


def test_agreement_wants_the_same_samples(values):
    with pytest.raises(ParameterError, match="other samples"):
        explain.shapley.agreement(values, values.isel(sample=slice(10)))


class Known(nn.Module):
    """Layers that the explainer has rules for."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(32, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, x):
        return self.layers(x)[:, 0]


class Tenfold(nn.Module):
    """Ten times what a network says."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return 10 * self.module(x)


class WithoutGradient(nn.Module):
    """An operation that no gradient passes."""

    def forward(self, x):
        return x.detach().sum((1, 2))


def test_known_layers_add_up_and_an_lstm_does_not(windows):
    torch.manual_seed(0)
    x, rows = windows(12, (4, 8)), windows(20, (4, 8), seed=1)
    known = explain.shapley.deep_explainer_error(Known(), x, rows)
    assert known.largest < 1e-4 and known.reason == ""
    network = NETWORKS["LSTM"](8)
    lstm = explain.shapley.deep_explainer_error(network, x, rows)
    tenfold = explain.shapley.deep_explainer_error(Tenfold(network), x, rows)
    assert tenfold.largest == pytest.approx(lstm.largest, rel=1e-3)  # both in deviations of f
    assert lstm.largest > 0.05 and lstm.largest >= lstm.mean > 0
    assert any("LSTMLayer" in text for text in lstm.warnings)


def test_an_operation_without_gradient_is_reported(windows):
    found = explain.shapley.deep_explainer_error(WithoutGradient(), windows(5), windows(5, seed=1))
    assert found.reason.startswith("RuntimeError: ")
    assert np.isnan(found.largest) and np.isnan(found.mean)
