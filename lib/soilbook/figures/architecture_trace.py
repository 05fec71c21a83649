"""What a network does with a sample, found by running it: boxes, each with the boxes it takes.

Layers are found by hooks and functions between them by a function mode, so that any module can be
traced, one with loops or branches too. What depends on no input and no parameter is no box.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

NAMES = {"LSTMLayer": "LSTM layer"}
DETAILS = ("kernel", "kernel_size", "stride", "padding", "num_layers", "num_heads")
SIGNS = {
    "add": "+",
    "sub": "−",
    "rsub": "−",
    "mul": "×",
    "div": "÷",
    "matmul": "matrix product",
    "cat": "concatenate",
}
AGAIN = "same parameters"  # second line of a layer that ran before
SHAPE_ONLY = ("squeeze", "unsqueeze", "expand", "contiguous")  # no box: nothing is computed


@dataclass(frozen=True)
class Box:
    """One step of the computation.

    ``kind`` is input, values (parameters or constants used outside a layer), layer, part (several
    layers as one box), function, loss or output; ``layer`` its place in the module; ``output`` the
    shape for one sample; ``inputs`` the boxes it takes; ``frame`` the call it belongs to.
    """

    kind: str
    title: str
    layer: str
    output: tuple[int, ...]
    parameters: int = 0
    inputs: tuple[int, ...] = ()
    frame: str = ""


def trace(
    module: nn.Module,
    inputs: dict[str, Tensor],
    parts: tuple[str, ...] = (),
    frames: tuple[str, ...] = (),
    output: str = "prediction",
) -> list[Box]:
    """Run a copy of the module on a batch and return its boxes in the order of computation.

    ``inputs`` are named tensors (batch, ...); sub-modules named in ``parts`` are one box each, and
    calls of those in ``frames`` mark their boxes. A last box named ``output`` takes what the module
    returns; without a name what it returns has no box of its own. Parameters count once, at the
    first use.
    """
    copied = copy.deepcopy(module).eval()
    recorder = _Recorder(copied, parts, frames)
    for name, tensor in inputs.items():
        recorder.add(tensor, "input", name, "", tensor.shape[1:])
    with torch.no_grad(), recorder:
        result = copied(*inputs.values())
    last = [recorder.made[id(tensor)] for tensor in _tensors(result) if id(tensor) in recorder.made]
    if output:
        shape = next(_tensors(result)).shape[1:]
        recorder.boxes.append(Box("output", output, "", tuple(shape), inputs=tuple(last)))
        last = [len(recorder.boxes) - 1]
    return _used(recorder.boxes, last)


class _Recorder(TorchFunctionMode):
    """Collects boxes while a module runs; silent inside layers and parts."""

    def __init__(self, module: nn.Module, parts: tuple[str, ...], frames: tuple[str, ...]):
        super().__init__()
        self.boxes: list[Box] = []
        self.made: dict[int, int] = {}  # the box that made a tensor, by the tensor's id
        self.kept: list[Tensor] = []  # an id is good only as long as its tensor lives
        self.counted: set[int] = set()
        self.inside = 0
        self.frames = [""]
        self.values = {
            id(tensor): (name, tensor)
            for name, tensor in chain(module.named_parameters(), module.named_buffers())
        }
        for name, one in module.named_modules():
            if name in frames:
                self._follow(name, one)
            if name in parts:
                self._watch(name, one, "part", name.replace("_", " "))
            elif hasattr(one, "drawn_as"):
                self._watch(name, one, "loss", one.drawn_as)
            elif name and not any(one.children()) and not isinstance(one, nn.Identity):
                self._watch(name, one, "layer", _title(name, one))

    def _follow(self, name: str, module: nn.Module) -> None:
        calls = iter(range(1, 1000))
        module.register_forward_pre_hook(lambda *_: self.frames.append(f"{name} {next(calls)}"))
        module.register_forward_hook(lambda *_: self.frames.pop() and None)

    def _watch(self, name: str, module: nn.Module, kind: str, title: str) -> None:
        def enter(*_):
            self.inside += 1

        def leave(module, arguments, named, result):
            self.inside -= 1
            if self.inside:
                return
            parameters = [self._count(parameter) for parameter in module.parameters()]
            again = f"\n{AGAIN}" if parameters and not sum(parameters) else ""
            taken = self._taken((arguments, named))
            self.add(result, kind, title + again, name, None, sum(parameters), taken)

        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave, with_kwargs=True)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if self.inside or next(_tensors(result), None) is None:
            return result
        taken = self._taken((args, kwargs))
        name = function.__name__
        if name == "__get__":  # a property such as x.T
            name = function.__self__.__name__
        if name in SHAPE_ONLY and taken:
            self._remember(result, taken[0])
        elif taken:
            self.add(result, "function", _function(name, args, kwargs or {}), "", None, 0, taken)
        return result

    def add(self, result, kind, title, layer, shape, parameters=0, taken=()) -> int:
        """A new box for what made ``result``; its shape for one sample unless given."""
        if shape is None:
            shape = next(_tensors(result)).shape[1:]
        self.boxes.append(Box(kind, title, layer, tuple(shape), parameters, taken, self.frames[-1]))
        self._remember(result, len(self.boxes) - 1)
        return len(self.boxes) - 1

    def _remember(self, result, box: int) -> None:
        for tensor in _tensors(result):
            self.made[id(tensor)] = box
            self.kept.append(tensor)

    def _count(self, parameter: Tensor) -> int:
        new = id(parameter) not in self.counted
        self.counted.add(id(parameter))
        return parameter.numel() if new else 0

    def _taken(self, arguments) -> tuple[int, ...]:
        """Boxes of the tensors among the arguments; a parameter gets its box when first used."""
        boxes = []
        for tensor in _tensors(arguments):
            if id(tensor) not in self.made and id(tensor) in self.values:
                name, _ = self.values[id(tensor)]
                trained = self._count(tensor) if isinstance(tensor, nn.Parameter) else 0
                title = name.rpartition(".")[2].replace("_", " ")
                self.add(tensor, "values", title, name, tensor.shape, trained)
            if id(tensor) in self.made:
                boxes.append(self.made[id(tensor)])
        return tuple(dict.fromkeys(boxes))


def _tensors(values) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _tensors(value)
    elif isinstance(values, dict):
        yield from _tensors(list(values.values()))


def _title(name: str, module: nn.Module) -> str:
    """Type of a layer, its name where it has one, and what its shape does not tell."""
    kind = NAMES.get(type(module).__name__, type(module).__name__)
    own = name.rpartition(".")[2]
    title = kind if own.isdigit() or own == kind.lower() else f"{kind} ({own.replace('_', ' ')})"
    details = []
    for detail in DETAILS:
        value = getattr(module, detail, None)
        value = value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
        if value and not (detail == "stride" and value == 1):
            details.append(f"{detail.removesuffix('_size').replace('_', ' ')} {value}")
    return "\n".join([title, *([", ".join(details)] if details else [])])


def _function(name: str, args: tuple, kwargs: dict) -> str:
    """Sign or name of a function with its plain arguments: "÷ 2", "softmax dim=-1", "[:, -1]"."""
    if name == "__getitem__":
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        return f"[{', '.join(map(_index, index))}]"
    words = [SIGNS.get(name, name.strip("_"))]
    plain = [f"{value:.3g}" for value in args if isinstance(value, int | float)]
    plain += [f"{key}={value}" for key, value in kwargs.items() if isinstance(value, int | float)]
    return " ".join([*words, *([", ".join(plain)] if plain else [])])


def _index(index) -> str:
    if index is Ellipsis:
        return "..."
    if not isinstance(index, slice):
        return str(index)
    ends = ("" if end is None else str(end) for end in (index.start, index.stop))
    return ":".join(ends) + (f":{index.step}" if index.step else "")


def _used(boxes: list[Box], last: list[int]) -> list[Box]:
    """Only boxes on which the last ones depend, renumbered; inputs stay."""
    wanted, open_ends = set(), list(last)
    while open_ends:
        box = open_ends.pop()
        if box not in wanted:
            wanted.add(box)
            open_ends += boxes[box].inputs
    wanted |= {i for i, box in enumerate(boxes) if box.kind == "input"}
    numbers = {old: new for new, old in enumerate(sorted(wanted))}
    return [
        replace(boxes[old], inputs=tuple(numbers[i] for i in boxes[old].inputs)) for old in numbers
    ]
