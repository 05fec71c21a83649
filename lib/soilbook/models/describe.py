"""Layer table of a network, made from the network itself (Table A1, Figs 4-7)."""

import torch
from torch import nn

from soilbook.errors import unknown
from soilbook.models import NETWORKS


def describe(network, n_features: int = 8, n_steps: int = 4, variant: str = "paper") -> list[dict]:
    """One row for each layer in the order of computation.

    network: a name out of NETWORKS or a module. A row holds ``layer`` (its place in the module),
    ``kind``, ``output`` (shape for one sample) and ``parameters`` (number of trained values); the
    parameters of all rows are those of the network. ParameterError for an unknown name.
    """
    if isinstance(network, str):
        if network not in NETWORKS:
            raise unknown("network", network, NETWORKS)
        network = NETWORKS[network](n_features, n_steps, variant)
    rows = [
        _row(name, "Parameter", parameter.shape, parameter.numel())
        for name, parameter in network.named_parameters()
        if any(network.get_submodule(name.rpartition(".")[0]).children())
    ]
    names = {module: name for name, module in network.named_modules()}

    def record(module, _, output):
        own = sum(parameter.numel() for parameter in module.parameters())
        rows.append(_row(names[module], type(module).__name__, output.shape[1:], own))

    layers = [
        module
        for module in network.modules()
        if not any(module.children()) and not isinstance(module, nn.Identity)
    ]
    handles = [layer.register_forward_hook(record) for layer in layers]
    try:
        with torch.no_grad():
            x = next(network.parameters()).new_zeros(1, n_steps, n_features)
            prediction = network(x)
            if hasattr(network, "discriminate"):
                network.discriminate(x[:, :, -1], prediction)
    finally:
        for handle in handles:
            handle.remove()
    return rows


def _row(layer: str, kind: str, output, parameters: int) -> dict:
    return {"layer": layer, "kind": kind, "output": tuple(output), "parameters": parameters}
