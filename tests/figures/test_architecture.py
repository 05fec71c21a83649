"""Drawings of networks: what is in them comes from the module, and nothing lies on anything."""

import itertools

import matplotlib

matplotlib.use("agg")
import numpy as np
import pytest
import torch
from matplotlib.patches import FancyBboxPatch
from torch import nn

from soilbook.errors import ParameterError
from soilbook.figures import architecture
from soilbook.figures.architecture_drawing import curve, draw_panels
from soilbook.figures.architecture_layout import layout
from soilbook.figures.architecture_trace import AGAIN, trace
from soilbook.models import NETWORKS, VARIANTS


def titles(boxes):
    return [box.title for box in boxes]


def taken(boxes, title):
    """Titles of the boxes that the first box of that title takes."""
    box = next(box for box in boxes if box.title == title)
    return [boxes[i].title for i in box.inputs]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_boxes_hold_every_parameter_once(name, variant):
    network = NETWORKS[name](7, variant=variant)
    trained = network.generator if name == "GAN-LSTM" else network
    boxes = architecture.boxes(name, n_features=7, variant=variant)
    assert sum(box.parameters for box in boxes) == sum(p.numel() for p in trained.parameters())
    assert boxes[0].output == (4, 7) and boxes[-1].output == ()
    assert all(i < n for n, box in enumerate(boxes) for i in box.inputs)


def test_lstm_is_drawn_as_it_runs():
    boxes = architecture.boxes("LSTM")
    assert [(box.title, box.output, box.parameters, box.inputs) for box in boxes] == [
        ("input", (4, 8), 0, ()),
        ("LSTM layer", (4, 16), 4 * 16 * (8 + 16 + 2), (0,)),
        ("LSTM layer", (4, 16), 4 * 16 * (16 + 16 + 2), (1,)),
        ("[:, -1]", (16,), 0, (2,)),
        ("Linear", (1,), 17, (3,)),
        ("prediction", (), 0, (4,)),
    ]
    assert [box.layer for box in boxes] == ["", "lstm.0", "lstm.1", "", "output.0", ""]


def test_a_kernel_is_said_since_no_shape_tells_it():
    assert "Convolution\nkernel 2" in titles(architecture.boxes("LSTM-CNN", variant="released"))
    assert "Convolution\nkernel 3, padding 1" in titles(architecture.boxes("LSTM-CNN"))


class Student(nn.Module):
    """A network that no name knows: a loop, a branch, own values, a layer used twice."""

    def __init__(self, extra: bool = False):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(8))
        self.unused = nn.Linear(8, 8)
        self.twice = nn.Linear(8, 8)
        self.rest = nn.Sequential(nn.Identity(), *([nn.Tanh()] if extra else []), nn.Linear(8, 1))

    def forward(self, x):
        days = [day for day in (x * self.scale).unbind(1)]
        if x.shape[1] > 3:
            days = days[-2:]
        first, last = (self.twice(day) for day in days)
        self.unused(first)
        return self.rest(torch.relu(first) - last + torch.ones(8)).squeeze(-1)


def test_a_layer_more_is_a_box_more():
    plain, extended = (architecture.boxes(Student(extra)) for extra in (False, True))
    assert len(extended) == len(plain) + 1
    assert set(titles(extended)) - set(titles(plain)) == {"Tanh"}
    assert titles(plain) == [
        "input", "scale", "×", "unbind 1", "Linear (twice)", f"Linear (twice)\n{AGAIN}", "relu",
        "−", "+", "Linear", "prediction",
    ]  # fmt: skip
    assert plain[1].kind == "values" and taken(plain, "×") == ["input", "scale"]
    assert taken(plain, "−") == ["relu", f"Linear (twice)\n{AGAIN}"]
    assert plain[5].parameters == 0  # counted at its first use
    assert taken(plain, "+") == ["−"]  # a constant is no box


def test_a_student_s_network_is_drawn_and_left_as_it_was():
    network = Student().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    figure = architecture.draw(network)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[0] == "Student" and texts[1] == "89 parameters" and "prediction" in texts[-1]
    assert network.training and not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_torch_s_own_layers_with_several_outputs():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 16, num_layers=2, batch_first=True)
            self.attend = nn.MultiheadAttention(16, 2, batch_first=True)

        def forward(self, x):
            states, (last, _) = self.lstm(x)
            mixed, _ = self.attend(last.transpose(0, 1), key=states, value=states)
            return mixed.mean(dim=(1, 2))

    boxes = architecture.boxes(Own(), parts=("attend",))
    assert titles(boxes)[1:4] == ["LSTM\nnum layers 2", "transpose 0, 1", "attend"]
    assert taken(boxes, "attend") == ["transpose 0, 1", "LSTM\nnum layers 2"]
    assert sum(box.parameters for box in boxes) == sum(p.numel() for p in Own().parameters())


def test_functions_and_indices_say_their_arguments():
    class Own(nn.Module):
        def forward(self, x, y):
            one = torch.softmax(x[..., 1:3], dim=-1) / 2
            return (one.mT @ y[:, None, ::2].squeeze(1)).sum(1)

    boxes = trace(Own(), {"x": torch.zeros(2, 4, 8), "y": torch.zeros(2, 8, 4)}, output="")
    assert titles(boxes) == [
        "x", "y", "[..., 1:3]", "softmax dim=-1", "÷ 2", "mT", "[:, None, ::2]", "matrix product",
        "sum 1",
    ]  # fmt: skip


def test_attention_weights_multiply_what_they_weigh():
    panels = architecture.panels("6")
    framework, feature, temporal = panels.values()
    assert taken(framework, "×") == ["feature attention", "input"]
    assert taken(feature, "×") == ["Softmax", "input"]
    assert taken(temporal, "sum dim=1") == ["×"]
    assert {box.frame for box in feature} == {"", "feature_attention 1"}
    framed = [box.title for box in temporal if box.frame]
    assert framed == ["transpose 1, 2", "Linear", "ReLU", "Softmax", "transpose 1, 2"]


def test_self_attention_is_the_one_inside_the_transformer():
    panels = architecture.panels("4", n_features=7)
    (part,) = [box for box in panels["Transformer"] if box.kind == "part"]
    assert part.parameters == sum(box.parameters for box in panels["Self-attention"]) == 4 * 4 * 7
    assert "÷ 2" in titles(panels["Self-attention"])  # the square root of d_k


@pytest.mark.parametrize(
    ("variant", "updates", "weight"), [("paper", (3, 1), "1e-07"), ("released", (1, 3), "1e-06")]
)
def test_gan_shows_both_losses_and_the_discriminator_twice(variant, updates, weight):
    (boxes,) = architecture.panels("7", variant=variant).values()
    loss_d, loss_g = (box for box in boxes if box.kind == "loss")
    assert f"updates a round: {updates[0]}" in loss_d.title and "eq 16" in loss_d.title
    assert f"updates a round: {updates[1]}" in loss_g.title and f"λ = {weight}" in loss_g.title
    frames = [box.frame for box in boxes if box.title.startswith("Linear")]
    assert frames == ["generator 1", "discriminator 1", "discriminator 2"]
    prediction = next(i for i in reversed(range(len(boxes))) if boxes[i].frame == "generator 1")
    says = [i for i, box in enumerate(boxes) if box.title == "Sigmoid"]
    truth = titles(boxes).index("truth")
    assert set(loss_d.inputs) == set(says)
    assert set(loss_g.inputs) == {truth, prediction, says[1]}
    total = sum(box.parameters for box in boxes)
    assert total == sum(p.numel() for p in NETWORKS["GAN-LSTM"](8).parameters())


def drawings():
    for figure, variant, n_features in itertools.product("4567", VARIANTS, (7, 8)):
        for title, boxes in architecture.panels(figure, n_features, variant=variant).items():
            yield f"{figure} {variant} {title}", boxes


def corners(plan):
    half = plan.sizes / 2
    return plan.centres - half, plan.centres + half


def inside(points, low, high):
    return ((points > low + 1e-6) & (points < high - 1e-6)).all(axis=-1)


def along(points):
    """Points close to each other on the drawn line, in inches."""
    (line,) = curve(points * 100).to_polygons(closed_only=False)
    pieces = [np.linspace(a, b, 20) for a, b in itertools.pairwise(line)]
    return np.concatenate(pieces) / 100


@pytest.mark.parametrize("stacked", [False, True])
def test_nothing_lies_on_anything(stacked):
    for name, boxes in drawings():
        frames = {box.frame for box in boxes if box.frame}
        members = [[i for i, b in enumerate(boxes) if b.frame == frame] for frame in frames]
        sizes = np.array([(0.3 + 0.1 * len(b.title), 0.2 + 0.2 * stacked * (i % 2))
                          for i, b in enumerate(boxes)])  # fmt: skip
        plan = layout(sizes, [box.inputs for box in boxes], members)
        low, high = corners(plan)
        for i, j in itertools.combinations(range(len(boxes)), 2):
            apart = (low[i] >= high[j] - 1e-6) | (high[i] <= low[j] + 1e-6)
            assert apart.any(), f"{name}: {boxes[i].title} lies on {boxes[j].title}"
        for (i, j), points in plan.routes.items():
            assert (np.diff(points[:, 1]) >= -1e-9).all(), f"{name}: an arrow runs upwards"
            assert np.allclose(points[0], (plan.centres[i, 0], high[i, 1]))
            assert points[-1, 1] == pytest.approx(low[j, 1])
            line = along(points)
            for k in range(len(boxes)):
                assert not inside(line, low[k], high[k]).any(), f"{name}: arrow over a box"
        for group in members:
            left, right = plan.frame(group)
            for k in set(range(len(boxes))) - set(group):
                assert ((high[k] <= left + 1e-6) | (low[k] >= right - 1e-6)).any(), name


@pytest.mark.parametrize("number", ["4", "5", "6", "7"])
def test_texts_fit_their_boxes_and_the_figure(number):
    figure = draw_panels(architecture.panels(number))
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
    for text, extent in written.items():
        assert -1 <= extent.x0 and extent.x1 <= figure.bbox.x1 + 1, text.get_text()


def test_frames_of_two_that_run_side_by_side_have_their_names():
    figure = draw_panels(architecture.panels("5"))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "cnn" in texts and "lstm" in texts
    assert [text for text in texts if text.startswith("(")] == [
        "(a) CNN-LSTM", "(b) LSTM-CNN", "(c) CNN-with-LSTM",
    ]  # fmt: skip


def test_an_arrow_that_runs_straight_has_a_direction_for_its_head():
    path = curve(np.array([(0, 0), (0, 0), (0, 1), (0, 1)], dtype=float))
    assert len(path.vertices) == 4  # start and one curve, no piece of no length


def test_data_behind_a_figure():
    frame = architecture.data(architecture.panels("4"))
    assert set(frame["panel"]) == {"LSTM", "1D-CNN", "Transformer", "Self-attention"}
    last = frame[frame["panel"] == "LSTM"].iloc[-1]
    assert (last["title"], last["output"], last["inputs"]) == ("prediction", "one value", "4")
    assert "Convolution, kernel 2" in set(frame["title"])


def test_bad_names_and_numbers_are_one_line():
    with pytest.raises(ParameterError, match="unknown network 'RNN'; allowed: 1D-CNN, LSTM"):
        architecture.draw("RNN")
    with pytest.raises(ParameterError, match="unknown figure of architectures '8'; allowed: 4, 5"):
        architecture.panels("8")
    with pytest.raises(ParameterError, match="n_features=0 is not allowed; allowed: 1 or more"):
        architecture.panels("4", n_features=0)
    with pytest.raises(ParameterError, match="unknown variant 'other'"):
        architecture.panels("5", variant="other")
