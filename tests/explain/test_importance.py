"""Summaries of Shapley values, and the measures of trust."""

import numpy as np
import pytest
import torch

from soilbook import explain
from soilbook.errors import ParameterError
from soilbook.models import NETWORKS

NAMES = ("P", "AT", "ST", "SM")
W = np.array([[0.0, 1.0, -2.0, 4.0], [0.5, 0.0, 0.0, 8.0], [0.0, 0.0, 0.0, 0.0]])


def linear(x):
    """Weights W of the window."""
    return (np.asarray(x, float) * W).sum((1, 2))


@pytest.fixture
def values(windows):
    """Shapley values of a linear function."""
    return explain.shapley.inputs(linear, windows(300), windows(40, seed=1), NAMES, n_background=40)


def test_importance_width_and_effect_of_a_linear_function(values):
    size = explain.importance.mean_absolute(values)
    assert size.dims == ("step", "feature")
    np.testing.assert_allclose(size / size.max(), np.abs(W) / 8, atol=0.03)
    # A uniform input in [-1, 1] covers 0.98 of its range of 2 between the two percentiles.
    np.testing.assert_allclose(explain.importance.width(values), 1.96 * np.abs(W), atol=0.05 * 8)
    effect = explain.importance.effect(values).values
    np.testing.assert_allclose(effect[W != 0], np.sign(W[W != 0]))
    assert np.isnan(effect[W == 0]).all()


def test_similarity_is_one_with_itself_and_minus_one_with_the_opposite(values):
    opposite = values.assign(phi=-values["phi"])
    assert explain.importance.similarity(values, values) == pytest.approx(1)
    assert explain.importance.similarity(values, opposite) == pytest.approx(-1)


def test_agreement_sees_values_that_are_wrong(windows):
    torch.manual_seed(0)
    predict = explain.predictor(NETWORKS["LSTM"](4, 3))
    x, rows = windows(30), windows(10, seed=1)
    values = explain.shapley.inputs(predict, x, rows, NAMES, n_background=10)
    exact = explain.shapley.grouped(predict, x, rows, NAMES, n_background=10)
    right = explain.importance.agreement(values, exact)
    assert right["additivity_error"] < 1e-4 and right["rank_correlation"] > 0.99
    assert right["difference"] < 0.05 and right["by_sample"] == pytest.approx(1)
    turned = values.assign(phi=values["phi"].roll(feature=1))
    assert explain.importance.agreement(turned, exact)["rank_correlation"] < 0.5


def test_agreement_wants_the_same_samples(values):
    with pytest.raises(ParameterError, match="other samples"):
        explain.importance.agreement(values, values.isel(sample=slice(10)))
