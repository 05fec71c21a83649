"""Shapley values against closed forms and shap's exact ones; attention weights; their summaries."""

import numpy as np
import pytest
import shap
import torch
import xarray as xr

from soilbook.errors import DataError, ParameterError
from soilbook.explain import importance, predictor
from soilbook.models import NETWORKS

NAMES = ("P", "AT", "ST", "SM")
WEIGHED = [f"x{i}" for i in range(8)]


def small_network(name: str = "1D-CNN", n_features: int = 3, n_steps: int = 4):
    """A network of random weights as a function of windows."""
    torch.manual_seed(0)
    return predictor(NETWORKS[name](n_features, n_steps))


def exact(f, x, masker) -> np.ndarray:
    """Values by shap's exact explainer, of the shape of x (sample, step, feature)."""
    explainer = shap.explainers.Exact(lambda flat: f(flat.reshape(-1, *x.shape[1:])), masker)
    return explainer(x.reshape(len(x), -1), silent=True).values.reshape(x.shape)


def test_a_quadratic_function_gets_its_closed_form(quadratic, windows):
    x, rows = windows(5), windows(7, seed=1)
    values = importance.inputs(quadratic, x, rows, NAMES, n_background=7, n_pairs=1)
    np.testing.assert_allclose(values["phi"], quadratic.phi(x, rows), atol=1e-5)
    assert float(values["base_value"]) == pytest.approx(quadratic(rows).mean())


def test_exact_values_of_features_are_the_sums_of_a_quadratic_function(quadratic, windows):
    x, rows = windows(5), windows(7, seed=1)
    values = importance.grouped(quadratic, x, rows, NAMES, n_background=7)
    np.testing.assert_allclose(values["phi"], quadratic.phi(x, rows).sum(1), atol=1e-5)


def test_walks_come_near_shaps_exact_values_where_a_feature_has_one_day(windows):
    def f(x):
        return np.asarray(x, float).prod((1, 2)) + np.exp(np.asarray(x, float)[:, 0, :3].sum(1))

    x, rows = windows(3, (1, 5)), windows(4, (1, 5), seed=1)
    true = exact(f, x, shap.maskers.Independent(rows.reshape(4, -1)))
    names = (*NAMES, "V")
    far, near = (
        importance.inputs(f, x, rows, names, n_background=4, n_pairs=n)["phi"].values
        for n in (1, 300)
    )
    assert np.abs(near - true).max() < 0.02 < np.abs(far - true).max()
    grouped = importance.grouped(f, x, rows, names, n_background=4)
    np.testing.assert_allclose(grouped["phi"], true[:, 0], atol=1e-6)


def test_walks_come_near_shaps_exact_values_of_days_that_enter_together(windows):
    """Two features of two days: shap's tree of inputs is the one of features and their days."""
    f = small_network("FTA-LSTM", 2, 2)
    x, rows = windows(4, (2, 2)), windows(5, (2, 2), seed=1)
    tree = np.array([[0, 2, 1, 2], [1, 3, 1, 2], [4, 5, 2, 4]], dtype=float)
    true = exact(f, x, shap.maskers.Partition(rows.reshape(5, -1), clustering=tree))
    values = importance.inputs(f, x, rows, NAMES[:2], n_background=5, n_pairs=200)
    spread = float(values["prediction"].std())
    np.testing.assert_allclose(values["phi"], true, atol=0.01 * spread)


def test_values_of_features_are_shaps_exact_ones_of_whole_features(windows):
    f = small_network()
    x, rows = windows(3, (4, 3)), windows(6, (4, 3), seed=1)
    ours = importance.grouped(f, x, rows, NAMES[:3], n_background=6)
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
    true = importance.grouped(f, x, rows, names, n_background=5)["phi"].values
    values = importance.inputs(f, x, rows, names, n_background=5, n_pairs=500)
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
    phi = importance.inputs(f, x, rows, NAMES, n_background=6)["phi"]
    assert float(np.abs(phi.isel(step=slice(1, None))).max()) == 0
    np.testing.assert_allclose(phi[:, 0, 0], phi[:, 0, 1], atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_values_of_every_network_add_up_and_agree_with_the_exact_ones(name, windows):
    torch.manual_seed(0)
    predict = predictor(NETWORKS[name](8))
    x, rows = windows(10, (4, 8)), windows(8, (4, 8), seed=1)
    features = [f"x{i}" for i in range(8)]
    values = importance.inputs(predict, x, rows, features, n_background=8)
    exact = importance.grouped(predict, x, rows, features, n_background=8)
    found = importance.agreement(values, exact)
    assert found["additivity_error"] < 1e-4
    assert found["rank_correlation"] > 0.99
    assert float(exact["additivity_error"].max() / exact["prediction"].std()) < 1e-4


def test_values_of_an_ensemble_are_the_mean_of_its_members(windows):
    torch.manual_seed(0)
    members = [NETWORKS["LSTM"](4, 3) for _ in range(3)]
    x, rows = windows(5), windows(6, seed=1)

    def phi(modules):
        predict = predictor(modules)
        return importance.grouped(predict, x, rows, NAMES, n_background=6)["phi"].values

    np.testing.assert_allclose(phi(members), np.mean([phi(m) for m in members], 0), atol=1e-6)


def test_values_of_a_sample_do_not_depend_on_the_others_nor_on_the_parts(
    quadratic, windows, monkeypatch
):
    x, rows = windows(9), windows(12, seed=1)
    every = importance.inputs(quadratic, x, rows, NAMES, n_background=6, seed=3)
    again = importance.inputs(quadratic, x, rows, NAMES, n_background=6, seed=3)
    assert every.identical(again)
    monkeypatch.setattr(importance, "MASKED", 1)
    first = importance.inputs(quadratic, x[:4], rows, NAMES, n_background=6, seed=3)
    np.testing.assert_allclose(first["phi"], every["phi"][:4], rtol=0, atol=1e-12)
    other = importance.inputs(quadratic, x, rows, NAMES, n_background=6, seed=4)
    assert not np.allclose(other["phi"], every["phi"])


def test_scale_gives_soil_moisture(quadratic, windows):
    x, rows = windows(4), windows(6, seed=1)
    plain = importance.inputs(quadratic, x, rows, NAMES, n_background=6)
    scale = importance.Scale(0.2, 0.25)
    scaled = importance.inputs(quadratic, x, rows, NAMES, n_background=6, scale=scale)
    np.testing.assert_allclose(scaled["phi"], 0.2 * plain["phi"])
    np.testing.assert_allclose(scaled["prediction"], 0.2 * plain["prediction"] + 0.25)
    total = scaled["phi"].sum(("step", "feature")) + scaled["base_value"]
    np.testing.assert_allclose(total, scaled["prediction"])
    assert scaled["phi"].attrs["units"] == "m3 m-3"
    assert scaled["step"].values.tolist() == [1, 2, 3]


def test_fewer_background_rows_than_asked_for_names_both_numbers(quadratic, windows):
    for function in (importance.inputs, importance.grouped):
        with pytest.raises(ParameterError, match=r"^50 background rows asked for and 12 there"):
            function(quadratic, windows(4), windows(12), NAMES)


def test_other_bad_input_is_one_clear_line(quadratic, windows):
    x, rows = windows(4), windows(6, seed=1)
    inputs, grouped = importance.inputs, importance.grouped
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
        predictor([])
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
    return importance.inputs(linear, windows(300), windows(40, seed=1), NAMES, n_background=40)


def test_importance_width_and_effect_of_a_linear_function(values):
    size = importance.mean_absolute(values)
    assert size.dims == ("step", "feature")
    np.testing.assert_allclose(size / size.max(), np.abs(W) / 8, atol=0.03)
    # A uniform input in [-1, 1] covers 0.98 of its range of 2 between the two percentiles.
    np.testing.assert_allclose(importance.width(values), 1.96 * np.abs(W), atol=0.05 * 8)
    effect = importance.effect(values).values
    np.testing.assert_allclose(effect[W != 0], np.sign(W[W != 0]))
    assert np.isnan(effect[W == 0]).all()


def test_similarity_is_one_with_itself_and_minus_one_with_the_opposite(values):
    opposite = values.assign(phi=-values["phi"])
    assert importance.similarity(values, values) == pytest.approx(1)
    assert importance.similarity(values, opposite) == pytest.approx(-1)


def test_agreement_sees_values_that_are_wrong(windows):
    torch.manual_seed(0)
    predict = predictor(NETWORKS["LSTM"](4, 3))
    x, rows = windows(30), windows(10, seed=1)
    values = importance.inputs(predict, x, rows, NAMES, n_background=10)
    exact = importance.grouped(predict, x, rows, NAMES, n_background=10)
    right = importance.agreement(values, exact)
    assert right["additivity_error"] < 1e-4 and right["rank_correlation"] > 0.99
    assert right["difference"] < 0.05 and right["by_sample"] == pytest.approx(1)
    turned = values.assign(phi=values["phi"].roll(feature=1))
    assert importance.agreement(turned, exact)["rank_correlation"] < 0.5
    opposite = importance.agreement(values.assign(phi=-values["phi"]), exact)
    assert opposite["rank_correlation"] < -0.99 and opposite["ranking"] == right["ranking"]


def test_agreement_wants_the_same_samples(values):
    with pytest.raises(ParameterError, match="other samples"):
        importance.agreement(values, values.isel(sample=slice(10)))


def _members(name: str, n: int = 3):
    torch.manual_seed(0)
    return [NETWORKS[name](8) for _ in range(n)]


@pytest.fixture
def x(windows):
    """Windows of 4 steps and 8 features."""
    return windows(20, (4, 8))


@pytest.mark.parametrize("name", ["FA-LSTM", "TA-LSTM", "FTA-LSTM"])
def test_weights_sum_to_one_and_keep_their_bounds(name, x):
    found = importance.attention_weights(_members(name), x, WEIGHED)
    kinds = {"FA-LSTM": {"feature"}, "TA-LSTM": {"time"}, "FTA-LSTM": {"feature", "time"}}[name]
    assert set(found.data_vars) == {f"{kind}_weight" for kind in kinds}
    for kind, dim in (("feature", "feature"), ("time", "step")):
        if kind in kinds:
            np.testing.assert_allclose(found[f"{kind}_weight"].sum(dim), 1, atol=1e-6)
    shown = importance.attention_summary(found)
    for kind in kinds:
        assert (shown[f"{kind}_weight_sd"] > 0).all()
        assert "repetition" not in shown[f"{kind}_weight"].dims
        of_all = found[f"{kind}_weight"].mean("step") if kind == "feature" else found["time_weight"]
        sd = of_all.std("repetition", ddof=1)
        np.testing.assert_allclose(shown[f"{kind}_weight_sd"], sd)
    if "feature" in kinds:
        weight = found["feature_weight"]
        assert float(shown["least"]) < float(weight.min())
        assert float(weight.max()) < float(shown["most"])


def test_a_feature_pushed_to_the_bound_reaches_it(x):
    member = _members("FA-LSTM", 1)[0]
    with torch.no_grad():
        member.feature_attention[0].weight.zero_()
        member.feature_attention[0].bias.copy_(torch.tensor([50.0] + [-50.0] * 7))
    found = importance.attention_summary(importance.attention_weights([member], x, WEIGHED))
    assert float(found["feature_weight"][0]) == pytest.approx(float(found["most"]), abs=1e-6)
    assert np.isnan(found["feature_weight_sd"]).all()  # one repetition has no spread
    assert float(found["most"]) == pytest.approx(0.28, abs=0.001)
    assert float(found["least"]) == pytest.approx(0.05, abs=0.001)


def test_summary_keeps_depth(x):
    found = importance.attention_weights(_members("FTA-LSTM"), x, WEIGHED)
    both = xr.concat([found, found], "depth").assign_coords(depth=[0.05, 1.0])
    shown = importance.attention_summary(both)
    assert shown["feature_weight"].dims == ("depth", "feature")
    assert shown["time_weight"].dims == ("depth", "step")
    np.testing.assert_allclose(
        shown["feature_weight"][0], found["feature_weight"].mean(("repetition", "step"))
    )


def test_a_network_without_attention_is_refused(x):
    for name in ("LSTM", "Transformer"):
        with pytest.raises(ParameterError, match="allowed: FA-, TA-, FTA-LSTM"):
            importance.attention_weights(_members(name), x, WEIGHED)


def test_agreement_is_one_for_equal_ranks_and_none_for_chance():
    generator = np.random.default_rng(0)
    dims = ("repetition", "feature")
    weight = xr.DataArray(generator.uniform(size=(60, 8)), dims=dims)
    same = importance.attention_agreement(weight, weight**3)
    assert float(same["mean"]) == pytest.approx(1) and same["rho"].dims == ("repetition",)
    assert float(importance.attention_agreement(weight, -weight)["mean"]) == pytest.approx(-1)
    other = xr.DataArray(generator.uniform(size=(60, 8)), dims=dims)
    chance = importance.attention_agreement(weight, other)
    assert chance["low"] < 0 < chance["high"]
    assert chance["high"] - chance["low"] < 0.5
    one = importance.attention_agreement(weight[:1], other[:1])
    assert np.isfinite(one["mean"]) and np.isnan(one["low"]) and np.isnan(one["high"])
