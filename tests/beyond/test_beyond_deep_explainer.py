"""Both explainers on the same networks and samples, and what the table says of them."""

import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from torch import nn

from soilbook.beyond import deep_explainer as additivity
from soilbook.errors import ParameterError
from soilbook.models import NETWORKS

# shap would compile for longer than these tests compute.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")


@pytest.fixture
def lab() -> SimpleNamespace:
    """Untrained networks and random windows where a laboratory has trained ones and a site's."""
    random = np.random.default_rng(0)
    x = {
        part: random.uniform(-1, 1, (40, 4, 8)).astype(np.float32) for part in ("training", "test")
    }

    def trained(model, site, depth):
        torch.manual_seed(1)
        series = SimpleNamespace(windows=lambda part: (x[part], None))
        return SimpleNamespace(modules=[NETWORKS[model](8)], series=series)

    return SimpleNamespace(
        experiment=SimpleNamespace(models=("persistence", "1D-CNN", "LSTM"), seed=0),
        profile=SimpleNamespace(explained=6),
        features=tuple("abcdefgh"),
        trained=trained,
    )


def test_walks_add_up_and_deep_explainer_only_where_it_has_rules(lab):
    table = additivity.compare(lab, "here", 0.05, n_background=10)
    assert table["model"].tolist() == ["1D-CNN", "1D-CNN", "LSTM", "LSTM"]
    largest = table.pivot(index="model", columns="estimator", values="largest")
    assert (largest[additivity.WALKS] < 1e-6).all()
    assert largest.loc["1D-CNN", additivity.DEEP] < 1e-3
    assert largest.loc["LSTM", additivity.DEEP] > 0.01
    assert (table["largest"] >= table["mean"]).all()
    deep = table[table["estimator"] == additivity.DEEP].set_index("model")
    assert deep.loc["LSTM", "no_rule"] == "LSTMLayer" and deep.loc["LSTM", "reason"] == ""


def test_errors_are_in_standard_deviations_of_the_prediction(lab, monkeypatch):
    values = {"additivity_error": [0.1, 0.3], "prediction": [1.0, 5.0]}  # a deviation of 2
    made = xr.Dataset({name: ("sample", array) for name, array in values.items()})
    monkeypatch.setattr(additivity.importance, "inputs", lambda *a, **k: made)
    table = additivity.compare(lab, "here", 0.05, n_background=10)
    walks = table[table["estimator"] == additivity.WALKS]
    assert walks[["largest", "mean"]].iloc[0].tolist() == pytest.approx([0.15, 0.1])


def test_the_same_samples_give_the_same_table(lab):
    first, second = (additivity.compare(lab, "here", 0.05, 4, 5) for _ in range(2))
    assert first.equals(second)


def test_too_few_background_rows_are_told(lab):
    with pytest.raises(ParameterError, match="50 background rows asked for and 40 there"):
        additivity.compare(lab, "here", 0.05)


@pytest.mark.parametrize("n", [0, 1, -3])
def test_too_few_samples_are_told(lab, n):
    with pytest.raises(ParameterError, match=f"samples is {n}; allowed: 2 or more"):
        additivity.compare(lab, "here", 0.05, n, 5)


def test_no_error_at_all_and_no_values_are_drawn():
    table = pd.DataFrame(
        {
            "model": ["LSTM", "LSTM", "GRU", "GRU"],
            "estimator": ["one", "other"] * 2,
            "largest": [0.5, 0.0, np.nan, 1e-12],
            "mean": [0.2, 0.0, np.nan, 0.0],
            "reason": ["", "", "RuntimeError: no", ""],
        }
    )
    axis = additivity.draw_errors(table).axes[0]
    other = axis.collections[2].get_offsets()
    np.testing.assert_allclose(other[:, 0], additivity.LEAST)
    assert axis.get_xlim()[0] < additivity.LEAST
    assert "one: no values" in [text.get_text() for text in axis.texts]


def windows(n: int, shape=(3, 4), seed: int = 0) -> np.ndarray:
    """Uniform inputs in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, (n, *shape)).astype(np.float32)


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


def test_known_layers_add_up_and_an_lstm_does_not():
    torch.manual_seed(0)
    x, rows = windows(12, (4, 8)), windows(20, (4, 8), seed=1)
    known = additivity.deep_explainer_error(Known(), x, rows)
    assert known.largest < 1e-4 and known.reason == ""
    network = NETWORKS["LSTM"](8)
    lstm = additivity.deep_explainer_error(network, x, rows)
    tenfold = additivity.deep_explainer_error(Tenfold(network), x, rows)
    assert tenfold.largest == pytest.approx(lstm.largest, rel=1e-3)  # both in deviations of f
    assert lstm.largest > 0.05 and lstm.largest >= lstm.mean > 0
    assert any("LSTMLayer" in text for text in lstm.warnings)


def test_an_operation_without_gradient_is_reported():
    found = additivity.deep_explainer_error(WithoutGradient(), windows(5), windows(5, seed=1))
    assert found.reason.startswith("RuntimeError: ")
    assert np.isnan(found.largest) and np.isnan(found.mean)
