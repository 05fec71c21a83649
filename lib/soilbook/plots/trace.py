"""What a network does with a sample, found by running it: boxes, each with the boxes it takes.

Layers are found by hooks and functions between them by a function mode, so that any module can be
traced, one with loops or branches too. What depends on no input and no parameter is no box.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

NAMES = {"LSTMLayer": "LSTM layer"}
DETAILS = ("kernel", "kernel_size", "stride", "padding", "num_layers", "num_heads")
SIGNS = {
    "add": "+", "sub": "−", "rsub": "−", "mul": "×", "div": "÷", "matmul": "matrix product",
    "cat": "concatenate",
}  # fmt: skip
BATCH = 2  # samples of a trace; the shapes shown are those of one
AGAIN = "same parameters"  # second line of a layer that ran before
SHAPE_ONLY = ("squeeze", "unsqueeze", "expand", "contiguous")  # no box: nothing is computed


@dataclass(frozen=True)
class Box:
    """One step of the computation.

    ``kind`` is input, values (parameters or constants used outside a layer), layer, part (several
    layers as one box), function, loss or output; ``layer`` its place in the module; ``output`` the
    shape for one sample; ``inputs`` the boxes it takes.
    """

    kind: str
    title: str
    layer: str
    output: tuple[int, ...]
    parameters: int = 0
    inputs: tuple[int, ...] = ()

    @property
    def shape(self) -> str:
        """The output's shape as "4 × 16"; "one value" where it has no sides."""
        return " × ".join(map(str, self.output)) or "one value"


def trace(
    module: nn.Module,
    inputs: dict[str, tuple[int, ...]],
    parts: tuple[str, ...] = (),
    output: str = "prediction",
) -> list[Box]:
    """Run a copy of the module on a batch and return its boxes in the order of computation.

    ``inputs`` are the shapes of one sample by name; sub-modules named in ``parts`` are one box
    each. A last box named ``output`` takes what the module returns; without a name what it returns
    has no box of its own. Parameters count once, at the first use.
    """
    copied = copy.deepcopy(module).eval()
    like = next(copied.parameters(), torch.zeros(()))
    tensors = [like.new_zeros((BATCH, *shape)) for shape in inputs.values()]
    recorder = _Recorder(copied, parts)
    for name, tensor in zip(inputs, tensors, strict=True):
        recorder.add(tensor, "input", name)
    with torch.no_grad(), recorder:
        result = copied(*tensors)
    last = recorder.taken(result)
    if output:
        recorder.add(result, "output", output, taken=last)
        last = (len(recorder.boxes) - 1,)
    return _used(recorder.boxes, last)


class Named(nn.Module):
    """A function that a trace shows as one box by the name ``drawn_as``: a loss."""

    def __init__(self, drawn_as: str, function: Callable):
        super().__init__()
        self.drawn_as, self.forward = drawn_as, function


class _Recorder(TorchFunctionMode):
    """Collects boxes while a module runs; silent inside layers and parts."""

    def __init__(self, module: nn.Module, parts: tuple[str, ...]):
        super().__init__()
        self.boxes: list[Box] = []
        self.made: dict[int, int] = {}  # the box that made a tensor, by the tensor's id
        self.kept: list[Tensor] = []  # an id is good only as long as its tensor lives
        self.counted: set[int] = set()
        self.inside = 0
        values = chain(module.named_parameters(), module.named_buffers())
        self.values = {id(tensor): name for name, tensor in values}
        for name, one in module.named_modules():
            if name in parts:
                self._watch(name, one, "part", name.replace("_", " "))
            elif isinstance(one, Named):
                self._watch(name, one, "loss", one.drawn_as)
            elif name and not any(one.children()) and not isinstance(one, nn.Identity):
                self._watch(name, one, "layer", _title(name, one))

    def _watch(self, name: str, module: nn.Module, kind: str, title: str) -> None:
        def enter(*_):
            self.inside += 1

        def leave(module, arguments, named, result):
            self.inside -= 1
            if self.inside:
                return
            trained = [self._count(parameter) for parameter in module.parameters()]
            again = f"\n{AGAIN}" if trained and not sum(trained) else ""
            taken = self.taken((arguments, named))
            self.add(result, kind, title + again, name, parameters=sum(trained), taken=taken)

        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave, with_kwargs=True)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if self.inside or not _tensors(result):
            return result
        taken = self.taken((args, kwargs))
        name = function.__name__
        if name == "__get__":  # a property such as x.T
            name = function.__self__.__name__
        if name in SHAPE_ONLY and taken:
            self._remember(result, taken[0])
        elif taken:
            self.add(result, "function", _function(name, args, kwargs or {}), taken=taken)
        return result

    def add(self, result, kind, title, layer="", shape=None, parameters=0, taken=()) -> None:
        """A new box for what made ``result``; its shape for one sample unless given."""
        shape = tuple(_tensors(result)[0].shape[1:] if shape is None else shape)
        self.boxes.append(Box(kind, title, layer, shape, parameters, taken))
        self._remember(result, len(self.boxes) - 1)

    def _remember(self, result, box: int) -> None:
        for tensor in _tensors(result):
            self.made[id(tensor)] = box
            self.kept.append(tensor)

    def _count(self, parameter: Tensor) -> int:
        new = id(parameter) not in self.counted
        self.counted.add(id(parameter))
        return parameter.numel() if new else 0

    def taken(self, arguments) -> tuple[int, ...]:
        """Boxes of the tensors among the arguments; a parameter gets its box when first used."""
        boxes = []
        for tensor in _tensors(arguments):
            if id(tensor) not in self.made and id(tensor) in self.values:
                name = self.values[id(tensor)]
                trained = self._count(tensor) if isinstance(tensor, nn.Parameter) else 0
                title = name.rpartition(".")[2].replace("_", " ")
                self.add(tensor, "values", title, name, tensor.shape, trained)
            if id(tensor) in self.made:
                boxes.append(self.made[id(tensor)])
        return tuple(dict.fromkeys(boxes))


def _tensors(values) -> list[Tensor]:
    """All tensors of lists, tuples and dicts within each other, in their order."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, dict):
        values = list(values.values())
    inner = values if isinstance(values, list | tuple) else ()
    return [tensor for value in inner for tensor in _tensors(value)]


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
    return "\n".join(filter(None, (title, ", ".join(details))))


def _function(name: str, args: tuple, kwargs: dict) -> str:
    """Sign or name of a function with its plain arguments: "÷ 2", "softmax dim=-1", "[:, -1]"."""
    if name == "__getitem__":
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        return f"[{', '.join(map(_index, index))}]"
    plain = [f"{value:.3g}" for value in args if isinstance(value, int | float)]
    plain += [f"{key}={value}" for key, value in kwargs.items() if isinstance(value, int | float)]
    return " ".join(filter(None, (SIGNS.get(name, name.strip("_")), ", ".join(plain))))


def _index(index) -> str:
    if index is Ellipsis:
        return "..."
    if not isinstance(index, slice):
        return str(index)
    ends = ("" if end is None else str(end) for end in (index.start, index.stop))
    return ":".join(ends) + (f":{index.step}" if index.step else "")


def _used(boxes: list[Box], last: tuple[int, ...]) -> list[Box]:
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
