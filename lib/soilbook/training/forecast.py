"""Iterated forecasts: the predicted moisture is the next day's input, the weather is the observed.

Section 4 of Wang et al. (2024), doi 10.5194/hess-28-917-2024.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from soilbook.training.step import Layout, many
from soilbook.training.windows import N_LEADS, N_STEPS, Series


def load_module(make: Callable[[], nn.Module], row, target: str = "value") -> nn.Module:
    """A module with the parameters of one trained network, a row of ``train``'s ``parameters``."""
    module = make()
    named = Layout(module, target).views(torch.as_tensor(np.array(row)))
    module.load_state_dict(named, strict=False)
    return module.eval()


def iterate(predict: Callable[[Tensor], Tensor], one: Series) -> np.ndarray:
    """Forecasts of one model from every test sample, (sample, lead 1..7), m3 m-3.

    ``predict`` maps (sample, step, feature) to scaled moisture (sample,).
    """
    rows = torch.from_numpy(one.starts["test"][None])
    x = torch.from_numpy(np.nan_to_num(one.x))[None]
    steps = _iterate(lambda window: predict(window[0])[None], x, rows)
    return one.unscale(steps[0].numpy().astype(float))


def iterate_ensemble(
    make: Callable[[], nn.Module],
    parameters: np.ndarray,
    series: Sequence[Series],
    target: str = "value",
    device: str = "cpu",
    chunk: int = 25,
) -> list[np.ndarray]:
    """Forecasts of trained networks, each on its own series: (sample, lead) in m3 m-3 for each.

    ``parameters`` (network, parameter) and ``series`` in the same order.
    """
    layout = Layout(make().to(device), target)
    predict = many(lambda p, x: layout.predict(layout.views(p), x), (0, 0), compiled=False)
    forecasts = []
    for first in range(0, len(series), chunk):
        part = series[first : first + chunk]
        rows = nn.utils.rnn.pad_sequence(
            [torch.from_numpy(one.starts["test"]) for one in part], batch_first=True
        ).to(device)
        x = nn.utils.rnn.pad_sequence(
            [torch.from_numpy(np.nan_to_num(one.x)) for one in part], batch_first=True
        ).to(device)
        p = torch.as_tensor(np.array(parameters[first : first + chunk])).to(device)
        with torch.no_grad():
            steps = _iterate(lambda window, p=p: predict(p, window), x, rows).cpu().numpy()
        for one, values in zip(part, steps, strict=True):
            forecasts.append(one.unscale(values[: len(one.starts["test"])].astype(float)))
    return forecasts


def _iterate(predict: Callable[[Tensor], Tensor], x: Tensor, starts: Tensor) -> Tensor:
    """(network, sample, lead) of scaled moisture; x (network, row, feature), starts by sample."""
    network = torch.arange(len(x), device=x.device)[:, None]
    rows = starts[..., None] + 1 + torch.arange(N_STEPS, device=x.device)
    window = x[network[..., None], rows].clone()
    steps = []
    for lead in range(1, N_LEADS + 1):
        moisture = predict(window)
        steps.append(moisture)
        if lead < N_LEADS:
            tomorrow = x[network, starts + N_STEPS + lead].clone()
            tomorrow[..., -1] = moisture
            window = torch.cat((window[:, :, 1:], tomorrow[:, :, None]), 2)
    return torch.stack(steps, -1)
