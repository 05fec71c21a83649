"""A network of one's own: from a file or a notebook cell to a name that ``models`` takes.

A file is executed like any program of its owner. Each public ``nn.Module`` that it defines is tried
out before any training, then stands in ``models.NETWORKS`` under the name of its class.
"""

import hashlib
import importlib.util
import inspect
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

import torch
from joblib.externals.loky import cloudpickle_wrapper
from torch import Tensor, nn
from torch.func import grad_and_value, vmap

from soilbook.errors import ParameterError
from soilbook.models import NETWORKS
from soilbook.settings import N_STEPS, OWN, Own
from soilbook.training.step import Stack, start

N_FEATURES = (8, 7)  # of a site with wind speed and of one without
CLOSE = 1e-4  # scaled moisture


def load(file: str | Path) -> dict[str, Own]:
    """Execute a Python file and add its public networks, those it imports left out. Returns what is
    recorded of each by name. ParameterError in one line for a file that is absent, does not run or
    defines no network, and as ``add``."""
    path = Path(file).expanduser().resolve()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ParameterError(f"model file {path}: {error.strerror}") from error
    module = _executed(path)
    networks = [
        one
        for name, one in vars(module).items()
        if inspect.isclass(one) and issubclass(one, nn.Module)
        if one.__module__ == module.__name__ and not name.startswith("_")
    ]
    if not networks:
        raise ParameterError(f"{path.name} defines no public subclass of torch.nn.Module")
    digest = hashlib.sha256(content).hexdigest()
    for one in networks:
        add(one, str(path), digest)
    return {one.__name__: OWN[one.__name__] for one in networks}


def _executed(path: Path):
    name, there = path.stem, sys.modules.get(path.stem)
    if path.suffix != ".py" or not name.isidentifier():
        raise ParameterError(f"model file {path.name}; allowed: a name such as my_model.py")
    if there is None:
        found = importlib.util.find_spec(name)
        taken = found is not None and found.origin != str(path)
    else:
        taken = getattr(there, "__file__", None) != str(path)
    if taken:
        raise ParameterError(f"{path.name} bears the name of another module; rename the file")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where the fingerprint of a class looks for its source
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise ParameterError(f"{path.name}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        del sys.modules[name]
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.name and
                 f.filename == str(path)]  # fmt: skip
        where = f", line {lines[-1]}" if lines else ""
        raise ParameterError(f"{path.name}{where}: {_said(error)}") from error
    # Workers cannot import it. joblib brings its own cloudpickle or takes the installed one.
    inspect.getmodule(cloudpickle_wrapper.dumps).register_pickle_by_value(module)
    return module


def add(network: type[nn.Module], file: str = "", sha256: str = "") -> type[nn.Module]:
    """Try out a network and add it under the name of its class; usable as a decorator.

    Its constructor takes ``n_features`` and, if it wants, ``n_steps`` and ``variant``; it maps
    (batch, step, feature) to (batch,). One that ``vmap`` refuses trains in a plain loop, which is
    right and slow. A class of the same name that was added before is replaced. ParameterError in
    one line for a name of the book's own and for a network that cannot train.
    """
    name = network.__name__
    if name in NETWORKS and name not in OWN:
        raise ParameterError(f"model {name!r} exists already in the book; rename the class")

    def make(n_features: int, n_steps: int = N_STEPS, variant: str = "paper") -> nn.Module:
        offered = {"n_features": n_features, "n_steps": n_steps, "variant": variant}
        wanted = inspect.signature(network).parameters
        made = network(**{key: offered[key] for key in offered if key in wanted})
        made.one_at_a_time = why != ""
        return made

    make.__wrapped__ = network  # what the fingerprint of the code looks at
    why, stack = "", None
    for n_features in N_FEATURES:
        stack = _tried(make, n_features, name)
    why = _refusal_of_vmap(stack)
    n = sum(shape.numel() for shape in stack.shapes.values())
    NETWORKS[name] = make
    OWN[name] = Own(n, "loop" if why else "vmap", why, file, sha256)
    return network


def check_window(names: Sequence[str], n_steps: int) -> None:
    """ParameterError if one of the reader's networks among ``names`` cannot take windows of that
    many days."""
    for name in names:
        if name not in OWN:
            continue
        x = torch.zeros(2, n_steps, N_FEATURES[0])
        try:
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                y = NETWORKS[name](N_FEATURES[0], n_steps)(x)
        except Exception as error:
            raise ParameterError(
                f"model {name!r} does not take windows of {n_steps} days: {_said(error)}"
            ) from error
        if tuple(y.shape) != (2,):
            raise ParameterError(
                f"model {name!r} gives {tuple(y.shape)} for two windows of {n_steps} days; "
                "allowed: (2,)"
            )


def _tried(make, n_features: int, name: str) -> Stack:
    """One forward and one backward pass on two samples; ParameterError for what fails."""

    def refuse(text: str, cause: Exception | None = None):
        raise ParameterError(f"model {name!r} {text}") from cause

    x = torch.rand(2, N_STEPS, n_features, generator=torch.Generator().manual_seed(0)) * 2 - 1
    kept = x.clone()
    try:
        stack = Stack.of(lambda: make(n_features))
    except Exception as error:
        refuse(f"cannot be made with n_features={n_features}: {_said(error)}", error)
    network = stack.template
    if not stack.shapes:
        refuse("has no parameter to train")
    try:
        y = network(x)
    except Exception as error:
        refuse(f"fails on an input of shape {tuple(x.shape)}: {_said(error)}", error)
    shape = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
    if shape != (2,):
        hint = "; end with .squeeze(-1)" if shape == (2, 1) else ""
        refuse(f"gives {shape} for an input of {tuple(x.shape)}; allowed: (2,){hint}")
    if not torch.equal(x, kept):
        refuse("changes its input in place; allowed: a new tensor, such as x = x.clone()")
    if not torch.isfinite(y).all():
        refuse("gives NaN or infinity for inputs in [-1, 1]")
    if not torch.equal(network(x), y):
        refuse("gives another output for the same input; allowed: no dropout, no random numbers")
    alone = torch.cat([network(row.unsqueeze(0)) for row in x]) if _takes_one(network, x) else None
    if alone is None or (alone - y).abs().max() > CLOSE:
        refuse("mixes the samples of a batch; allowed: no normalisation over the batch")
    if not y.requires_grad:
        refuse("has an output that does not depend on its parameters")
    try:
        y.square().mean().backward()
    except Exception as error:
        refuse(f"fails in the backward pass: {_said(error)}", error)
    wrong = [k for k, p in network.named_parameters() if p.grad is not None
             and not torch.isfinite(p.grad).all()]  # fmt: skip
    if wrong:
        refuse(f"has a gradient that is NaN or infinite at {wrong[0]}")
    network.zero_grad(set_to_none=True)
    return stack


def _takes_one(network: nn.Module, x: Tensor) -> bool:
    try:
        return network(x[:1]).shape == (1,)
    except (RuntimeError, ValueError, IndexError):
        return False


def _refusal_of_vmap(stack: Stack) -> str:
    """Empty if two networks train under ``vmap`` as each by itself, else why not, in one line."""
    flat = torch.stack([start(lambda: stack.template, 0)] * 2)
    flat[1] *= 0.5
    n_features = N_FEATURES[-1]
    x = torch.rand(2, 3, N_STEPS, n_features, generator=torch.Generator().manual_seed(1)) * 2 - 1

    def loss(one: Tensor, x: Tensor) -> Tensor:
        return stack.predict(stack.named(one), x).square().mean()

    step = grad_and_value(loss)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a slow path
            together = vmap(step)(flat, x)
            with torch.no_grad():
                vmap(lambda one, x: stack.predict(stack.named(one), x))(flat, x)
    except Exception as error:
        return _said(error)
    alone = [torch.stack(parts) for parts in zip(*map(step, flat, x), strict=True)]
    close = all((a - b).abs().max() <= CLOSE for a, b in zip(together, alone, strict=True))
    return "" if close else "its results differ under vmap"


def _said(error: Exception) -> str:
    """Kind and first sentence of an error, 100 characters of it."""
    if "data-dependent control flow" in str(error):
        return "it branches on the values of a tensor"
    first = (str(error).strip().splitlines() or [""])[0].partition(". ")[0]
    return shorten(f"{type(error).__name__}: {first}", 100)
