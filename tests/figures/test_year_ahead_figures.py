"""Figures of study 2's data and year-ahead test show what they are given."""

import numpy as np
import pytest
import xarray as xr

from soilbook.figures import lstm_unit, satellite_data, year_ahead


@pytest.fixture
def pixels():
    """Scores of five pixels."""
    random = np.random.default_rng(0)
    coords = {"latitude": ("pixel", np.linspace(30, 45, 5))}
    coords["longitude"] = "pixel", np.linspace(-120, -80, 5)
    scores = {name: ("pixel", random.random(5)) for name in ("ubrmse", "r", "share")}
    return xr.Dataset(scores, coords)


def test_maps_show_every_pixel(pixels):
    figure = year_ahead.maps(pixels)
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in panels] == ["(a) ubRMSE", "(b) R"]
    for axis, name in zip(panels, ("ubrmse", "r"), strict=True):
        drawn = axis.collections[-1].get_array()
        np.testing.assert_allclose(drawn, pixels[name])


def test_kinds_of_places_are_counted_in_the_legend(pixels):
    core = xr.Dataset(coords={"latitude": ("place", [40.0]), "longitude": ("place", [-100.0])})
    figure = satellite_data.places(pixels["share"], {"core": core})
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == ["pixels (5)", "core (1)"]


def test_each_band_of_latitude_is_a_line():
    months = np.array(["2015-04", "2015-05"], "datetime64[ns]")
    monthly = xr.DataArray(
        [[0.5, 0.4], [0.3, 0.0]],
        dims=("band", "month"),
        coords={"band": ["S", "N"], "month": months},
    )
    axis = satellite_data.coverage(monthly).axes[0]
    assert [line.get_ydata().tolist() for line in axis.lines] == [[50, 40], [30, 0]]


def test_a_line_for_each_network_and_one_entry_for_each_training():
    loss = xr.DataArray(
        [[1.0, 0.5], [0.9, 0.4]], dims=("network", "epoch"), coords={"epoch": [1, 2]}
    )
    axis = year_ahead.learning_curves({"Adam": loss, "AdaDelta": loss[:1]}).axes[0]
    assert len(axis.lines) == 3
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["Adam", "AdaDelta"]


def test_calibration_has_both_panels_for_every_way():
    ways = ["dropout", "dropout and misfit"]
    found = xr.Dataset(
        {
            "inside": (("way", "nominal"), [[0.1, 0.2], [0.5, 0.9]]),
            "spread": (("way", "bin"), [[0.01, 0.02], [0.03, 0.04]]),
            "error": (("way", "bin"), [[0.03, 0.04], [0.03, 0.04]]),
        },
        coords={"way": ways, "nominal": [0.5, 0.9]},
    )
    figure = year_ahead.calibration(found)
    held, skill = figure.axes
    assert len(held.lines) == len(skill.lines) == 3  # with the diagonal
    assert held.lines[2].get_ydata().tolist() == [0.5, 0.9]


def test_unit_shows_every_equation():
    figure = lstm_unit.lstm_unit()
    text = " ".join(text.get_text() for axis in figure.axes for text in axis.texts)
    assert all(f"eq {number}" in text for number in range(1, 9))
