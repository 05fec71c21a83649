"""Figures of section III-D show what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook.figures import collocation, forecast_leads, fusion_weights, winter_gaps

PREDICTORS = list(forecast_leads.LOOKS)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def forecast() -> xr.Dataset:
    """Five predictors, three leads, four pixels; the forecast is 0.01 better than the hindcast."""
    level = np.array([0.02, 0.025, 0.03, 0.035, 0.05])[:, None] + 0.001 * np.arange(3)
    made = xr.Dataset(coords={"predictor": PREDICTORS, "lead": [1, 3, 7]})
    for name in ("median_rmse", "median_r", "difference_rmse"):
        for part, shift in (("", 0), ("_low", -0.002), ("_high", 0.002)):
            made[name + part] = ("predictor", "lead"), level + shift
    made["rmse"] = ("predictor", "lead", "pixel"), level[..., None] * np.ones(4)
    return made.assign_coords(
        longitude=("pixel", [-120.0, -110, -100, -90]), latitude=("pixel", [30.0, 35, 40, 45])
    )


def test_every_predictor_has_a_line_and_the_forecast_none_against_itself(forecast):
    figure = forecast_leads.by_lead(forecast)
    scores, _, differences = figure.axes
    assert [line.get_label() for line in scores.lines] == PREDICTORS
    np.testing.assert_allclose(scores.lines[2].get_ydata(), forecast["median_rmse"][2])
    assert "forecast" not in [line.get_label() for line in differences.lines]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == PREDICTORS


def test_map_is_blue_where_the_forecast_is_better(forecast):
    figure = forecast_leads.gain_map(forecast, 3)
    dots = figure.axes[0].collections[-1]
    np.testing.assert_allclose(dots.get_array(), 0.01)
    red, _, blue, _ = dots.cmap(dots.norm(0.01))
    assert blue > red


def test_winter_panels_keep_the_order_of_the_parts():
    frame = pd.DataFrame(
        {
            "part": ["under 10 %"] * 2 + ["30 % and more"] * 2,
            "product": ["LSTM", "Noah"] * 2,
            "value": [0.06, 0.05, 0.04, np.nan],
            "low": [0.05, 0.04, 0.03, np.nan],
            "high": [0.07, 0.06, 0.05, np.nan],
        }
    )
    figure = winter_gaps.panels({"ubRMSE": frame, "oscillation": frame})
    assert len(figure.axes) == 2
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_xticklabels()] == ["under 10 %", "30 % and more"]
    np.testing.assert_allclose(
        np.asarray(axis.containers[0].lines[0].get_ydata(), float), [0.06, 0.04]
    )
    assert axis.get_title(loc="left") == "(a) ubRMSE"


def test_fusion_shows_the_mean_gain_with_its_interval():
    schemes, members = ["plain mean", "inverse error variance", "BMA"], ["LSTM", "Noah", "VIC"]
    coords = {
        "scheme": schemes, "member": members, "product": members + schemes,
        "layer": ["surface"], "place": ["a", "b", "c"],
    }  # fmt: skip
    fused = xr.Dataset(coords=coords)
    fused["weight"] = ("scheme", "layer", "place", "member"), np.full((3, 1, 3, 3), 1 / 3)
    fused["ubrmse"] = ("product", "layer", "place"), np.full((6, 1, 3), 0.04)
    paired = pd.DataFrame(
        {"layer": "surface", "scheme": schemes[1:], "difference": [-0.002, 0.001],
         "low": [-0.003, 0.0], "high": [-0.001, 0.002]}
    )  # fmt: skip
    left, right = fusion_weights.weights_and_gains(fused, paired).axes
    names = [text.get_text() for text in right.get_xticklabels()]
    assert names == ["inverse\nerror variance", "BMA"]
    means = [bar.lines[0].get_ydata()[0] for bar in right.containers]
    np.testing.assert_allclose(means, [-0.002, 0.001])
    assert [text.get_text() for text in left.get_legend().get_texts()] == members


@pytest.mark.parametrize("known", [True, False])
def test_collocation_shows_answers_alone_and_the_truth_where_known(known):
    found = xr.Dataset(coords={"product": ["SMAP", "Noah", "in situ"], "place": list("abc")})
    values = np.array([[0.05, 0.02, 0.03], [0.02, 0.04, 0.03], [np.nan] * 3])
    for name in ("error", "r_truth"):
        for part, shift in (("", 0), ("_low", -0.01), ("_high", 0.01)):
            found[name + part] = ("place", "product"), values + shift
    if known:
        found["error_known"] = found["r_known"] = ("place", "product"), values
    found["reason"] = "place", ["", "", "constant product"]
    axes = collocation.places(found).axes
    assert len(axes) == 6
    assert len(axes[0].lines) == 1 + known
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), [0.02, 0.05])
