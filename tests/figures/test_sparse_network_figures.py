"""Figs 7 and 8: what is drawn are the scores, all of them, and nothing else."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from soilbook.figures import sparse_network
from soilbook.studies.smap.hindcast import LAYERS, PERIODS, PRODUCTS

N_PLACES = 10


@pytest.fixture
def scores():
    random = np.random.default_rng(0)
    shape = len(PRODUCTS), len(LAYERS), N_PLACES, len(PERIODS)
    dims = "product", "layer", "place", "period"
    made = xr.Dataset(
        {name: (dims, random.uniform(0.1, 0.9, shape)) for name in sparse_network.LABELS},
        coords={
            "product": list(PRODUCTS), "layer": list(LAYERS), "period": list(PERIODS),
            "place": [f"p{k}" for k in range(N_PLACES)],
            "latitude": ("place", np.linspace(30, 48, N_PLACES)),
            "longitude": ("place", np.linspace(-120, -75, N_PLACES)),
        },
    )  # fmt: skip
    for name in sparse_network.LABELS:
        made[name].loc[{"product": "SMAP", "period": "PL"}] = np.nan
    made["r"].loc[{"product": "LSTM", "period": "PL", "place": ["p0", "p1"]}] = np.nan
    yield made
    plt.close("all")


def test_boxes_stand_at_the_medians(scores):
    figure = sparse_network.boxes(scores)
    assert len(figure.axes) == 8
    axis = figure.axes[3]
    assert axis.get_xlabel() == "R" and "surface" in axis.get_title(loc="left")
    # Median lines are the vertical ones as long as a box is high.
    drawn = [
        line.get_xdata()[0]
        for line in axis.lines
        if len(line.get_xdata()) == 2
        and line.get_xdata()[0] == line.get_xdata()[1]
        and np.isclose(np.ptp(line.get_ydata()), sparse_network.HEIGHT)
    ]
    medians = scores["r"].sel(layer="surface").median("place").values.ravel()
    np.testing.assert_allclose(sorted(drawn), sorted(medians[np.isfinite(medians)]))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == list(PRODUCTS[::-1])


def test_maps_show_every_place_once(scores):
    figure = sparse_network.maps(scores, "surface")
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert len(panels) == 6
    last = panels[-1]
    assert "LSTM PL" in last.get_title(loc="left")
    crosses, dots = (c for c in last.collections if len(c.get_offsets()) and hasattr(c, "get_sizes")
                     and len(c.get_sizes()))  # fmt: skip
    assert len(crosses.get_offsets()) == 2 and len(dots.get_offsets()) == N_PLACES - 2
    shown = scores["r"].sel(layer="surface", product="LSTM", period="PL").values
    np.testing.assert_allclose(dots.get_array(), shown[np.isfinite(shown)])
