"""Drawings of networks: nothing lies on anything, texts fit, arrows run down and around boxes."""

import itertools

import matplotlib

matplotlib.use("agg")
import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from soilbook.models import VARIANTS
from soilbook.plots.diagrams import curve, data, draw_panels, layout
from soilbook.plots.trace import Box
from soilbook.wang2024.s3_models import Models, panels


def drawings():
    for figure, variant in itertools.product("4567", VARIANTS):
        for title, boxes in panels(figure, Models(variant=variant)).items():
            yield f"{figure} {variant} {title}", boxes


def inside(points, low, high):
    return ((points > low + 1e-6) & (points < high - 1e-6)).all(axis=-1)


def along(points):
    """Points close to each other on the drawn line, in inches."""
    (line,) = curve(points * 100).to_polygons(closed_only=False)
    pieces = [np.linspace(a, b, 20) for a, b in itertools.pairwise(line)]
    return np.concatenate(pieces) / 100


def test_nothing_lies_on_anything():
    for (name, boxes), stacked in itertools.product(drawings(), (False, True)):
        sizes = np.array([(0.3 + 0.1 * len(b.title), 0.2 + 0.2 * stacked * (i % 2))
                          for i, b in enumerate(boxes)])  # fmt: skip
        centres, routes = layout(sizes, [box.inputs for box in boxes])
        low, high = centres - sizes / 2, centres + sizes / 2
        for i, j in itertools.combinations(range(len(boxes)), 2):
            apart = (low[i] >= high[j] - 1e-6) | (high[i] <= low[j] + 1e-6)
            assert apart.any(), f"{name}: {boxes[i].title} lies on {boxes[j].title}"
        assert set(routes) == {(i, j) for j, box in enumerate(boxes) for i in box.inputs}
        for (i, j), points in routes.items():
            assert (np.diff(points[:, 1]) >= -1e-9).all(), f"{name}: an arrow runs upwards"
            assert np.allclose(points[0], (centres[i, 0], high[i, 1]))
            assert points[-1, 1] == pytest.approx(low[j, 1])
            assert low[j, 0] < points[-1, 0] < high[j, 0], f"{name}: an arrow beside its box"
            line = along(points)
            for k in range(len(boxes)):
                assert not inside(line, low[k], high[k]).any(), f"{name}: arrow over a box"


def test_boxes_stand_as_low_as_those_that_take_them_allow_and_a_chain_straight():
    #     0 -> 1 -> 2 -> 4, 3 -> 4
    centres, routes = layout(np.tile((1.0, 0.5), (5, 1)), [(), (0,), (1,), (), (2, 3)])
    (x0, x1, x2, x3, _), y = centres.T
    assert x0 == pytest.approx(x1) and x1 == pytest.approx(x2) and abs(x3 - x2) > 1
    assert y[0] < y[1] < y[2] == y[3] < y[4]
    heads = {i: routes[i, 4][-1, 0] for i in (2, 3)}  # side by side, as they come
    assert heads[2] != heads[3] and (heads[2] < heads[3]) == (x2 < x3)
    assert np.mean([*heads.values()]) == pytest.approx(centres[4, 0])


def test_rows_follow_the_longest_way():
    # 0 -> 1 -> 4 and 0 -> 2 -> 3 -> 4
    centres, _ = layout(np.tile((1.0, 0.5), (5, 1)), [(), (0,), (0,), (2,), (1, 3)])
    assert len(set(centres[:, 1].round(6))) == 4 and centres[1, 1] == pytest.approx(centres[3, 1])


def test_links_do_not_cross_without_need():
    # 0 and 1 feed 2 and 3, each its own, whatever the order in which they were met.
    centres, _ = layout(np.tile((1.0, 0.5), (5, 1)), [(), (), (1,), (0,), (2, 3)])
    x = centres[:, 0]
    assert (x[0] < x[1]) == (x[3] < x[2])


@pytest.mark.parametrize("number", ["4", "5", "6", "7"])
def test_texts_fit_their_boxes_and_the_figure(number):
    figure = draw_panels(panels(number))
    (axis,) = figure.axes
    figure.canvas.draw()
    written = {text: text.get_window_extent() for text in axis.texts}
    boxes = [p.get_window_extent() for p in axis.patches if isinstance(p, FancyBboxPatch)]
    for box in boxes:
        (inner,) = [e for e in written.values() if box.contains(*e.get_points().mean(axis=0))]
        assert box.x0 <= inner.x0 and inner.x1 <= box.x1
        assert box.y0 <= inner.y0 and inner.y1 <= box.y1
    for (a, first), (b, second) in itertools.combinations(written.items(), 2):
        assert not first.overlaps(second), f"{a.get_text()!r} on {b.get_text()!r}"
    assert min(text.get_fontsize() for text in written) >= 8 and figure.get_figwidth() < 8
    for text, extent in written.items():
        assert -1 <= extent.x0 and extent.x1 <= figure.bbox.x1 + 1, text.get_text()


def test_texts_say_what_a_box_is():
    boxes = [
        Box("input", "x", "", (4, 8)),
        Box("layer", "Linear", "output.0", (4, 1), 9, (0,)),
        Box("layer", "Linear (own)", "own", (4, 1), 2, (1,)),
        Box("layer", "Tanh", "output.1", (4, 1), 0, (2,)),
        Box("loss", "loss", "loss", (), 0, (3,)),
    ]
    two = draw_panels({"One": boxes, "Other": boxes[:1]})
    texts = [text.get_text() for text in two.axes[0].texts]
    assert texts == [
        "(a) One", "11 parameters", "x\n4 × 8", "Linear\noutput.0\n4 × 1, 9 parameters",
        "Linear (own)\n4 × 1, 2 parameters", "Tanh", "loss",
        "(b) Other", "0 parameters", "x\n4 × 8",
    ]  # fmt: skip
    alone = draw_panels({"One": boxes})
    assert alone.axes[0].texts[0].get_text() == "One"
    boxes = [patch for patch in two.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert len({patch.get_facecolor() for patch in boxes}) == 4  # input, layer, function, loss


def test_panels_that_do_not_fit_start_a_new_row():
    wide = [Box("input", "w" * 40, "", (1,))]
    figure = draw_panels({"One": wide, "Other": wide, "Third": wide})
    places = [text.get_position() for text in figure.axes[0].texts if "(" in text.get_text()]
    (x1, y1), (x2, y2), (x3, y3) = places
    assert y1 == y2 < y3 and x1 == x3 < x2


def test_an_arrow_that_runs_straight_has_a_direction_for_its_head():
    path = curve(np.array([(0, 0), (0, 0), (0, 1), (0, 1)], dtype=float))
    assert len(path.vertices) == 4  # start and one curve, no piece of no length


def test_data_behind_a_figure():
    frame = data(panels("4"))
    assert set(frame["panel"]) == {"LSTM", "1D-CNN", "Transformer", "Self-attention"}
    last = frame[frame["panel"] == "LSTM"].iloc[-1]
    assert (last["title"], last["output"], last["inputs"]) == ("prediction", "one value", "4")
    assert "Convolution, kernel 2" in set(frame["title"])
