"""Figures of section III-A show what they are given."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from soilbook.figures import core_bars, core_series
from soilbook.figures.style import colour

PRODUCTS = ["SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "climatology"]
SITES = ["Carman", "Fort Cobb", "TxSON"]


@pytest.fixture
def scores() -> xr.Dataset:
    """Scores that grow from product to product; the root zone has two sites."""
    dims = "product", "layer", "place", "period"
    shape = len(PRODUCTS), 2, len(SITES), 2
    values = np.arange(np.prod(shape), dtype=float).reshape(shape) / 1000
    values[0, :, :, 0] = np.nan
    values[:, 1, 0] = np.nan
    return xr.Dataset(
        {name: (dims, values + k / 10) for k, name in enumerate(("bias", "ubrmse", "r"))},
        {
            "product": PRODUCTS,
            "layer": ["surface", "rootzone"],
            "place": SITES,
            "period": ["PL", "AL"],
        },
    )


def heights(axis) -> np.ndarray:
    return np.array([[bar.get_height() for bar in group] for group in axis.containers])


def test_fig_3_has_a_bar_for_each_product_and_period(scores):
    figure = core_bars.bars(scores)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        f"{product} {period}" for product, period in core_bars.FIG_3
    ]
    surface, deep = figure.axes[2], figure.axes[3]
    expected = [
        scores["ubrmse"].sel(product=product, period=period, layer="surface").values
        for product, period in core_bars.FIG_3
    ]
    np.testing.assert_allclose(heights(surface), expected)
    assert heights(deep).shape == (len(core_bars.FIG_3), 2)
    names = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    assert names == ["Fort Cobb", "TxSON"]


def test_fig_4_adds_the_one_year_test_at_the_surface(scores):
    one_year = xr.Dataset(
        {name: ("place", [0.1, 0.2, 0.3]) for name in ("bias", "ubrmse", "r")}, {"place": SITES}
    )
    figure = core_bars.bars(scores, core_bars.FIG_4, one_year)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "LSTM+Noah AL" and labels[-1] == core_bars.ONE_YEAR
    np.testing.assert_allclose(heights(figure.axes[0])[-1], [0.1, 0.2, 0.3])
    assert len(heights(figure.axes[1])) == len(core_bars.FIG_4)


def test_a_layer_that_nobody_measured_has_no_panel(scores):
    scores = scores.where(scores["layer"] == "surface")
    assert len(core_bars.bars(scores).axes) == len(core_bars.LABELS)


def test_series_stand_below_each_other_with_the_launch_marked():
    days = np.arange("2014-04-01", "2016-04-01", dtype="datetime64[D]")
    names = ["SMAP", "LSTM", "Noah", "in situ"]
    values = np.random.default_rng(0).normal(size=(4, 2, days.size))
    found = xr.Dataset(
        {"sm": (("series", "place", "time"), values)},
        {"series": names, "place": ["A", "B"], "time": days.astype("datetime64[ns]")},
        {"layer": "surface"},
    )
    figure = core_series.panels(found)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["(a) A", "(b) B"]
    for k, axis in enumerate(figure.axes):
        lines = {line.get_label(): line for line in axis.lines}
        assert set(names) <= set(lines)
        np.testing.assert_allclose(lines["LSTM"].get_ydata(), values[1, k])
        assert len(axis.lines) == len(names) + 1
        assert "anomaly" in axis.get_ylabel()
    late = found.sel(time=slice("2016-01-01", None))
    assert len(core_series.panels(late).axes[0].lines) == len(names)


def test_bars_after_launch_are_full_and_those_before_are_hatched(scores):
    for axis in core_bars.bars(scores).axes:
        for (product, period), group in zip(core_bars.FIG_3, axis.containers, strict=True):
            for bar in group:
                own = to_hex(bar.get_edgecolor()).upper()
                assert own == colour(product).upper()
                inside = to_hex(bar.get_facecolor()).upper()
                assert inside == (own if period == "AL" else "#FFFFFF"), (product, period)
                assert bool(bar.get_hatch()) == (period == "PL"), (product, period)


def test_the_bars_of_a_site_stand_side_by_side_around_its_name(scores):
    one_year = xr.Dataset(
        {name: ("place", [0.1, 0.2, 0.3]) for name in ("bias", "ubrmse", "r")}, {"place": SITES}
    )
    for last, n_sites, axis in zip(
        (one_year, None), (3, 2), core_bars.bars(scores, one_year=one_year).axes[:2], strict=True
    ):
        n = len(core_bars.FIG_3) + (last is not None)
        left = np.array([[bar.get_x() for bar in group] for group in axis.containers])
        width = axis.containers[0][0].get_width()
        assert left.shape == (n, n_sites) and n * width == pytest.approx(core_bars.GROUP)
        np.testing.assert_allclose(np.diff(left, axis=0), width)
        middle = (left[0] + left[-1] + width) / 2
        np.testing.assert_allclose(middle, axis.get_xticks())
        np.testing.assert_allclose(middle, np.arange(n_sites), atol=1e-9)


def test_panels_of_a_score_share_their_axis_and_mark_zero(scores):
    axes = core_bars.bars(scores).axes
    for left, right in zip(axes[::2], axes[1::2], strict=True):
        assert left.get_ylim() == right.get_ylim()
    for axis in axes:
        assert [set(line.get_ydata()) for line in axis.lines] == [{0}]


def test_rows_are_scores_and_columns_layers(scores):
    axes = core_bars.bars(scores).axes
    labels = [axis.get_ylabel() for axis in axes]
    assert [label.split(" ")[0] for label in labels] == ["bias", "", "ubRMSE", "", "R", ""]
    assert [axis.get_title(loc="left") for axis in axes[:2]] == ["(a) surface", "(b) root zone"]
    for row, name in enumerate(("bias", "ubrmse", "r")):
        for column, layer in enumerate(("surface", "rootzone")):
            first = scores[name].sel(product="LSTM", period="AL", layer=layer).dropna("place")
            np.testing.assert_allclose(heights(axes[2 * row + column])[1], first)
