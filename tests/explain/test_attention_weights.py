"""Attention weights in summary, and their agreement with Shapley importance."""

import numpy as np
import pytest
import torch
import xarray as xr

from soilbook import explain
from soilbook.errors import ParameterError
from soilbook.models import NETWORKS

NAMES = [f"x{i}" for i in range(8)]
attention = explain.attention


def _members(name: str, n: int = 3):
    torch.manual_seed(0)
    return [NETWORKS[name](8) for _ in range(n)]


@pytest.fixture
def x(windows):
    """Windows of 4 steps and 8 features."""
    return windows(20, (4, 8))


@pytest.mark.parametrize("name", ["FA-LSTM", "TA-LSTM", "FTA-LSTM"])
def test_weights_sum_to_one_and_keep_their_bounds(name, x):
    found = attention.weights(_members(name), x, NAMES)
    kinds = {"FA-LSTM": {"feature"}, "TA-LSTM": {"time"}, "FTA-LSTM": {"feature", "time"}}[name]
    assert set(found.data_vars) == {f"{kind}_weight" for kind in kinds}
    for kind, dim in (("feature", "feature"), ("time", "step")):
        if kind in kinds:
            np.testing.assert_allclose(found[f"{kind}_weight"].sum(dim), 1, atol=1e-6)
    shown = attention.summary(found)
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
    found = attention.summary(attention.weights([member], x, NAMES))
    assert float(found["feature_weight"][0]) == pytest.approx(float(found["most"]), abs=1e-6)
    assert np.isnan(found["feature_weight_sd"]).all()  # one repetition has no spread
    assert float(found["most"]) == pytest.approx(0.28, abs=0.001)
    assert float(found["least"]) == pytest.approx(0.05, abs=0.001)


def test_summary_keeps_depth(x):
    found = attention.weights(_members("FTA-LSTM"), x, NAMES)
    both = xr.concat([found, found], "depth").assign_coords(depth=[0.05, 1.0])
    shown = attention.summary(both)
    assert shown["feature_weight"].dims == ("depth", "feature")
    assert shown["time_weight"].dims == ("depth", "step")
    np.testing.assert_allclose(
        shown["feature_weight"][0], found["feature_weight"].mean(("repetition", "step"))
    )


def test_a_network_without_attention_is_refused(x):
    for name in ("LSTM", "Transformer"):
        with pytest.raises(ParameterError, match="allowed: FA-, TA-, FTA-LSTM"):
            attention.weights(_members(name), x, NAMES)


def test_agreement_is_one_for_equal_ranks_and_none_for_chance():
    generator = np.random.default_rng(0)
    dims = ("repetition", "feature")
    weight = xr.DataArray(generator.uniform(size=(60, 8)), dims=dims)
    same = attention.agreement(weight, weight**3)
    assert float(same["mean"]) == pytest.approx(1) and same["rho"].dims == ("repetition",)
    assert float(attention.agreement(weight, -weight)["mean"]) == pytest.approx(-1)
    other = xr.DataArray(generator.uniform(size=(60, 8)), dims=dims)
    chance = attention.agreement(weight, other)
    assert chance["low"] < 0 < chance["high"]
    assert chance["high"] - chance["low"] < 0.5
    one = attention.agreement(weight[:1], other[:1])
    assert np.isfinite(one["mean"]) and np.isnan(one["low"]) and np.isnan(one["high"])
