"""Figs 12, 14 and 15: as many panels as asked for, labelled as the paper does."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from soilbook.figures import attention, attribution, embedding
from soilbook.schema import FEATURES

GENERATOR = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _values(n_models: int) -> xr.Dataset:
    shape = (n_models, 30, 4, 8)
    phi = GENERATOR.normal(size=shape) * 0.001
    phi[:, :, 3, 7] *= 20
    phi[:, :, 2, 6] *= 10
    dims = ("model", "sample", "step", "feature")
    return xr.Dataset(
        {"phi": (dims, phi), "value": (dims[1:], GENERATOR.normal(size=shape[1:]))},
        coords={
            "model": [f"network {i}" for i in range(n_models)],
            "step": np.arange(1, 5),
            "feature": list(FEATURES),
        },
    )


def test_a_beeswarm_ranks_inputs_and_names_them_by_symbol_and_day(tmp_path):
    figure = attribution.beeswarm(_values(10), n_inputs=6)
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert len(panels) == 10
    assert panels[9].get_title(loc="left") == "(j) network 9"
    assert len({axis.get_xlim() for axis in panels}) == 1
    ticks = panels[0].get_yticks(), panels[0].get_yticklabels()
    names = {text.get_text(): place for place, text in zip(*ticks, strict=True)}
    assert len(names) == 6
    bottom, top = panels[0].get_ylim()
    assert bottom < min(names.values()) and names["ST3"] == 4 < names["SM4"] == 5 < top
    figure.savefig(tmp_path / "fig.svg")
    assert (tmp_path / "fig.svg").stat().st_size < 1e6


def test_text_is_read_at_the_width_of_a_page_and_labels_stay_apart():
    figure = attribution.beeswarm(_values(5))
    assert figure.get_size_inches()[0] <= 7
    figure.canvas.draw()
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    texts = [text for axis in panels for text in axis.get_yticklabels()]
    for axis in panels:
        low, high = axis.get_xlim()
        texts += [t for t in axis.get_xticklabels() if low <= t.get_position()[0] <= high]
    assert min(text.get_fontsize() for text in texts) >= 8
    boxes = [text.get_window_extent() for text in texts]
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])


def test_dots_stay_in_their_row_coloured_by_value_and_are_all_there():
    values = _values(1).isel(model=0).drop_vars("model")
    values["phi"][:] = values["phi"] + 0.01 * values["value"]
    figure = attribution.beeswarm(values, n_inputs=3)
    axis = figure.axes[0]
    rows = [dots for dots in axis.collections if len(dots.get_offsets())]
    assert len(rows) == 3 and len(figure.axes) == 2  # the panel and one colour bar
    for row in rows:
        y = row.get_offsets()[:, 1]
        assert len(y) == 30 and np.abs(y - np.round(y.mean())).max() < 0.5
    best = next(row for row in rows if np.round(row.get_offsets()[:, 1].mean()) == 2)
    phi, value = (values[name].values[:, 3, 7] for name in ("phi", "value"))
    drawn = best.get_offsets()[:, 0].data
    np.testing.assert_allclose(np.sort(drawn), np.sort(phi))
    low, high = np.percentile(value, (5, 95))
    coloured = dict(zip(drawn.tolist(), best.get_array().tolist(), strict=True))
    expected = dict(zip(phi.tolist(), np.clip(value, low, high).tolist(), strict=True))
    assert coloured == pytest.approx(expected)


def test_a_picture_is_the_same_each_time_and_leaves_the_global_draws_alone():
    values, drawn = _values(1), []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        axis = attribution.beeswarm(values, n_inputs=2).axes[0]
        drawn.append(np.concatenate([dots.get_offsets() for dots in axis.collections]))
    np.testing.assert_array_equal(*drawn)
    after = np.random.random()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert after == np.random.random()  # noqa: NPY002


def test_a_feature_unknown_to_the_schema_keeps_its_name():
    assert attribution.label("soil_temperature", 3) == "ST3"
    assert attribution.label("texture", 1) == "texture1"


def test_a_network_that_uses_nothing_can_be_drawn():
    values = _values(1)
    values["phi"][:] = 0
    values["value"][:] = 1
    assert attribution.beeswarm(values).axes


def test_fig_15_has_a_panel_for_each_entry():
    n = 11
    pictures = xr.Dataset(
        {
            "position": (("panel", "sample", "axis"), GENERATOR.normal(size=(n, 40, 2))),
            "moisture": ("sample", GENERATOR.uniform(0.1, 0.4, 40)),
            "order": ("panel", np.linspace(0, 1, n)),
            "direction": ("panel", np.linspace(1, 0, n)),
        },
        coords={"panel": ["inputs", *(f"network {i}" for i in range(10))]},
    )
    figure = embedding.panels(pictures)
    drawn = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert len(drawn) == n and drawn[0].get_title(loc="left") == "(a) inputs"
    assert drawn[10].get_xlabel() == "order 1.00, direction 0.00"
    assert len(drawn[0].collections[0].get_offsets()) == 40


def test_stability_shows_every_picture_and_both_comparisons():
    grid = ("perplexity", "seed")
    stable = xr.Dataset(
        {
            "position": ((*grid, "sample", "axis"), GENERATOR.normal(size=(3, 2, 40, 2))),
            "moisture": ("sample", GENERATOR.uniform(0.1, 0.4, 40)),
            "order": (grid, np.full((3, 2), 0.5)),
            "direction": (grid, np.full((3, 2), 0.5)),
            "overlap": (("picture", "other"), np.eye(6)),
            "disparity": (("picture", "other"), 1 - np.eye(6)),
        },
        coords={"perplexity": [5, 30, 60], "seed": [0, 1]},
    )
    figure = embedding.stability(stable, "LSTM")
    titles = [axis.get_title() for axis in figure.axes]
    assert sum(title.startswith("perplexity") for title in titles) == 6
    assert "(b) shared nearest neighbours" in titles and "(c) disparity" in titles


def test_fig_12_draws_depths_with_spread_and_without():
    depths = [0.05, 0.1, 0.2, 0.5, 1.0]
    summary = xr.Dataset(
        {
            "feature_weight": (("depth", "feature"), np.full((5, 8), 0.125)),
            "feature_weight_sd": (("depth", "feature"), np.full((5, 8), 0.01)),
            "time_weight": (("depth", "step"), np.full((5, 4), 0.25)),
            "time_weight_sd": (("depth", "step"), np.full((5, 4), np.nan)),
            "least": 0.05,
            "most": 0.28,
        },
        coords={"depth": depths, "feature": list(FEATURES), "step": [1, 2, 3, 4]},
    )
    figure = attention.panels(summary)
    assert len(figure.axes) == 10
    assert figure.axes[5].get_title(loc="left") == "(f) 0.05 m"
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()][:2] == ["P", "AT"]
    assert [t.get_text() for t in figure.axes[5].get_xticklabels()] == ["t-3", "t-2", "t-1", "t"]
    assert len(figure.axes[0].containers) == 2 and len(figure.axes[5].containers) == 1
