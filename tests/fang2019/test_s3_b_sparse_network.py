"""Section III-B: medians beside the printed ones, and Figs 7 and 8."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook.fang2019 import hindcast
from soilbook.fang2019 import s3_b_sparse_network as sparse_network
from soilbook.fang2019.hindcast import LAYERS, PERIODS, PRODUCTS


@pytest.fixture
def summary():
    rows = [
        {
            "metric": metric, "layer": layer, "period": period, "product": product,
            "median": 0.7, "low": 0.6, "high": 0.8, "quartile_1": 0.5, "quartile_3": 0.9,
            "n_places": 9,
        }
        for metric, layer, period, product in itertools.product(
            hindcast.NAMES, ("surface", "rootzone"), ("PL", "AL"), ("SMAP", "LSTM", "Noah")
        )
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    table.loc[(table["product"] == "SMAP") & (table["period"] == "PL"), "median"] = float("nan")
    return table


def test_the_three_medians_that_the_paper_prints():
    rows = sparse_network.printed().set_index(["product", "period", "metric"])["text"].to_dict()
    assert rows == {
        ("SMAP", "AL", "ubrmse"): "about 0.05",
        ("LSTM", "PL", "ubrmse"): "about 0.05",
        ("LSTM", "PL", "r"): "above 0.72",
    }


def test_a_row_a_product_with_what_is_printed_beside(summary):
    shown = sparse_network.side_by_side(summary)
    assert len(shown) == 2 * (3 + 2)
    keyed = shown.set_index(["layer", "period", "product"])
    row = keyed.loc[("surface", "PL", "LSTM")]
    assert row["R"] == "0.700 [0.600, 0.800]" and row["R, published"] == "above 0.72"
    assert row["bias"].startswith("+0.700") and row["places"] == 9
    assert (keyed.drop(index=("surface", "PL", "LSTM"))["R, published"] == "").all()
    assert ("surface", "PL", "SMAP") not in keyed.index


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
    # Prelaunch stands below after launch; the first product stands on top.
    low = [line for line in axis.lines if np.isclose(np.mean(line.get_ydata()), -0.2)]
    last = scores["r"].sel(layer="surface", product=PRODUCTS[-1], period="PL").median()
    assert any(np.allclose(line.get_xdata(), last) for line in low)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == list(PRODUCTS[::-1])


def test_a_filtered_root_zone_is_not_called_smap(scores):
    filtered = scores.assign_attrs(root_zone=hindcast.ROOT_ZONES["observed"])
    surface, deep = (sparse_network.boxes(filtered).axes[k] for k in (0, 4))
    for axis, ending in ((surface, ""), (deep, ", filtered")):
        names = [label.get_text() for label in axis.get_yticklabels()]
        assert names[-2:] == [f"LSTM{ending}", f"SMAP{ending}"] and "Noah" in names
    titles = [axis.get_title(loc="left") for axis in sparse_network.maps(filtered, "rootzone").axes]
    assert "(a) SMAP, filtered AL, root zone" in titles


def test_maps_of_r_mark_the_declines_and_cut_no_station(scores):
    scores = scores.assign_coords(
        latitude=("place", np.linspace(25.1, 49.9, N_PLACES)),
        longitude=("place", np.linspace(-124.2, -67.0, N_PLACES)),
    )
    panels = [one for one in sparse_network.maps(scores).axes if one.get_title(loc="left")]
    north_east, western = (-71.5, 44.5), (-109.05, 41.0)  # Vermont; where the three states meet
    for k, axis in enumerate(panels):
        assert len(axis.patches) == (2 if k % 2 else 0)
        if axis.patches:
            path = [one.get_patch_transform().inverted() for one in axis.patches]
            for inverse, point in zip(path, (north_east, western), strict=True):
                assert np.hypot(*inverse.transform(point)) < 1
        (west, east), (south, north) = axis.get_xlim(), axis.get_ylim()
        assert west < -125 and east > -66.5 and south < 24.5 and north > 50.5


def test_maps_show_every_place_once(scores):
    figure = sparse_network.maps(scores, "surface")
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert len(panels) == 6
    last = panels[-1]
    assert "LSTM PL" in last.get_title(loc="left")
    dots, crosses = (c for c in last.collections if len(c.get_offsets()) and hasattr(c, "get_sizes")
                     and len(c.get_sizes()))  # fmt: skip
    assert len(crosses.get_offsets()) == 2 and len(dots.get_offsets()) == N_PLACES - 2
    shown = scores["r"].sel(layer="surface", product="LSTM", period="PL").values
    np.testing.assert_allclose(dots.get_array(), shown[np.isfinite(shown)])
