"""A function of tensors made faster: traced once and compiled by torch's inductor."""

import os
import shutil
import warnings
from collections.abc import Callable, Sequence

import torch
import torch._inductor
from torch import Tensor, fx
from torch._guards import TracingContext, tracing
from torch._inductor import config
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import ShapeEnv

bmm = torch.ops.aten.bmm.default
clone = torch.ops.aten.clone.default
permute = torch.ops.aten.permute.default

NARROW = 16  # columns; below, MKL's batched product is up to five times slower than turned round


def compiler_there() -> bool:
    """Whether a C++ compiler is at hand, which inductor needs on a CPU."""
    return shutil.which(os.environ.get("CXX", "g++")) is not None


def compiled(function: Callable, examples: Sequence[Tensor]) -> Callable:
    """The function compiled for arguments of the examples' shapes, types and device.

    Where the compiler fails, a warning says so and the function itself is returned.
    """
    try:
        graph = make_fx(function)(*examples)
        turn_narrow_products(graph.graph)
        graph.recompile()
        # Not torch.compile, whose look at the arguments takes a tenth of a step. The context lets
        # inductor take up what an earlier process compiled.
        with tracing(TracingContext(FakeTensorMode(shape_env=ShapeEnv()))):
            fast = torch._inductor.compile(graph, list(examples), options=_options(examples[0]))
        fast(*examples)
    except Exception as error:  # whatever the compiler trips over, training can do without it
        reason = str(error).strip().partition("\n")[0]
        warnings.warn(f"trained slowly, because the step does not compile: {reason}", stacklevel=2)
        return function
    return lambda *arguments: fast(*arguments)


def _options(example: Tensor) -> dict[str, bool]:
    # tanh by one exponential is five times faster than the library's and right to 1e-7.
    quick = hasattr(config.cpp, "use_decompose_tanh") and example.device.type == "cpu"
    return {"cpp.use_decompose_tanh": True} if quick else {}


def turn_narrow_products(graph: fx.Graph) -> None:
    """Replace batched products A B of few columns by (B' A')', the same numbers sooner."""
    for node in list(graph.nodes):
        if node.target is not bmm:
            continue
        _, n_rows, n_columns = node.meta["val"].shape
        if n_columns >= NARROW or n_rows < NARROW:
            continue
        with graph.inserting_before(node):
            turned = [graph.call_function(permute, (a, [0, 2, 1])) for a in reversed(node.args)]
            back = graph.call_function(
                permute, (graph.call_function(bmm, tuple(turned)), [0, 2, 1])
            )
            # What follows was traced for the usual memory layout.
            back = graph.call_function(clone, (back,), {"memory_format": torch.contiguous_format})
        node.replace_all_uses_with(back)
        graph.erase_node(node)
