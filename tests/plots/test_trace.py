"""What a trace finds in a module: layers, functions, values and parts, each counted once."""

import torch
from torch import nn

from soilbook.plots.trace import AGAIN, Named, trace


def titles(boxes):
    return [box.title for box in boxes]


def taken(boxes, title):
    """Titles of the boxes that the first box of that title takes."""
    box = next(box for box in boxes if box.title == title)
    return [boxes[i].title for i in box.inputs]


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
    plain, extended = (trace(Student(extra), {"input": (4, 8)}) for extra in (False, True))
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


def test_the_module_stays_as_it_was():
    network = Student().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trace(network, {"input": (4, 8)})
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

    boxes = trace(Own(), {"input": (4, 8)}, parts=("attend",))
    assert titles(boxes)[1:4] == ["LSTM\nnum layers 2", "transpose 0, 1", "attend"]
    assert taken(boxes, "attend") == ["transpose 0, 1", "LSTM\nnum layers 2"]
    assert sum(box.parameters for box in boxes) == sum(p.numel() for p in Own().parameters())


def test_functions_and_indices_say_their_arguments():
    class Own(nn.Module):
        def forward(self, x, y):
            one = torch.softmax(x[..., 1:3], dim=-1) / 2
            return (one.mT @ y[:, None, ::2].squeeze(1)).sum(1)

    boxes = trace(Own(), {"x": (4, 8), "y": (8, 4)}, output="")
    assert titles(boxes) == [
        "x", "y", "[..., 1:3]", "softmax dim=-1", "÷ 2", "mT", "[:, None, ::2]", "matrix product",
        "sum 1",
    ]  # fmt: skip


def test_a_function_with_a_name_is_one_box():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.loss = Named("the loss", lambda x: (x.exp() + 1).mean())
            self.same = nn.Identity()

        def forward(self, x):
            return self.loss(self.same(x))

    boxes = trace(Own(), {"x": (3,)}, output="")
    assert [(box.kind, box.title, box.layer, box.shape) for box in boxes] == [
        ("input", "x", "", "3"), ("loss", "the loss", "loss", "one value"),
    ]  # fmt: skip


def test_a_weight_used_outside_its_layer_too_counts_once_and_plain_settings_go_unsaid():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolve = nn.Conv1d(4, 4, 1, stride=1)

        def forward(self, x):
            return (self.convolve(x) * self.convolve.weight.squeeze(-1).sum()).sum((1, 2))

    boxes = trace(Tied(), {"x": (4, 8)})
    assert sum(box.parameters for box in boxes) == 4 * 4 + 4
    assert boxes[1].title == "Conv1d (convolve)\nkernel 1"
