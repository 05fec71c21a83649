"""Figures of the chapters beyond the papers show what they are given."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook.figures import additivity, pooled

MODELS = [
    "persistence",
    "climatology",
    "LSTM per site",
    "LSTM all sites",
    "LSTM left-out sites",
    "LSTM left-out sites without constants",
]


@pytest.fixture
def scores() -> xr.Dataset:
    """Six models at three sites, two depths, three leads; one far below zero."""
    r2 = np.linspace(0.9, 0.5, 6)[:, None, None] - np.array([0, 0.05, 0.1]) * np.ones((1, 2, 1))
    r2[4] = -3
    rmse = np.arange(6)[:, None, None] * 0.01 + np.array([0.01, 0.03, 0.02])[None, :, None]
    dims = ("model", "depth", "lead")
    return xr.Dataset(
        {
            "r2": (dims, r2),
            "r2_low": (dims, r2 - 0.05),
            "r2_high": (dims, r2 + 0.05),
            "site_rmse": (("model", "site", "depth"), rmse * np.ones((1, 1, 2))),
            "latitude": ("site", [30.0, 50.0, 40.0]),
        },
        {"model": MODELS, "depth": [0.05, 1.0], "lead": [1, 3, 7], "site": ["A", "B", "C"]},
    )


def test_every_model_has_its_own_look_and_failures_do_not_squeeze_the_rest(scores):
    figure = pooled.by_lead(scores)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == MODELS
    assert len({pooled._look(model) for model in MODELS}) == len(MODELS)
    assert len(figure.axes) == 2
    for axis in figure.axes:
        assert -0.1 < axis.get_ylim()[0] <= 0


def test_sites_stand_from_south_to_north_upwards_without_climatology(scores):
    figure = pooled.by_site(scores)
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["A", "C", "B"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        model for model in MODELS if model != "climatology"
    ]
    persistence = axis.collections[0].get_offsets()
    np.testing.assert_allclose(persistence[:, 0], [0.01, 0.02, 0.03])


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
    axis = additivity.errors(table).axes[0]
    other = axis.collections[2].get_offsets()
    np.testing.assert_allclose(other[:, 0], additivity.LEAST)
    assert axis.get_xlim()[0] < additivity.LEAST
    assert "one: no values" in [text.get_text() for text in axis.texts]
