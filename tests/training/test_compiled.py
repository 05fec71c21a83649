"""The compiled step does the same as the plain one, and is missed by nobody where it fails."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from soilbook.models import NETWORKS
from soilbook.training import Settings, Task, train
from soilbook.training.compiled import bmm, compiled, turn_narrow_products


def test_narrow_products_are_turned_and_stay_the_same():
    def gradient(a, b, c):
        return torch.bmm(a.transpose(1, 2), b).flatten(1), torch.bmm(a, c)

    examples = torch.randn(3, 50, 64), torch.randn(3, 50, 8), torch.randn(3, 64, 20)
    graph = make_fx(gradient)(*examples)
    turn_narrow_products(graph.graph)
    graph.recompile()
    products = [node.meta.get("val") for node in graph.graph.nodes if node.target is bmm]
    assert products[0] is None and products[1].shape == (3, 50, 20)  # only the narrow one is new
    for new, old in zip(graph(*examples), gradient(*examples), strict=True):
        assert torch.allclose(new, old, atol=1e-5)
        assert new.stride() == old.stride()


def test_compiled_training_is_plain_training(several):
    make = partial(NETWORKS["LSTM"], 4)
    tasks = [Task(one, "LSTM") for one in several]
    settings = Settings(epochs=3, first_choice=1, batches_per_epoch=5)
    plain = train(make, tasks, settings)
    fast = train(make, tasks, settings, compile_=True)
    for name in ("parameters", "training_loss", "validation_mse"):
        assert np.allclose(fast[name], plain[name], atol=1e-5), name
    assert fast["best_epoch"].equals(plain["best_epoch"])


def test_where_compiling_fails_the_plain_function_serves(monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError("no compiler\nat all")

    monkeypatch.setattr(torch._inductor, "compile", broken)

    def function(x):
        return (2 * x,)

    with pytest.warns(UserWarning, match="does not compile: no compiler$"):
        assert compiled(function, (torch.ones(2),)) is function
