"""Figs 12, 14 and 15: as many panels as asked for, labelled as the paper does."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from soilbook.schema import FEATURES
from soilbook.wang2024 import s4_6_visualization as attribution

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
