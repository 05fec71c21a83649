"""Iterated forecasts: the predicted moisture is the next day's input, the weather is the observed.

Section 4 of Wang et al. (2024), doi 10.5194/hess-28-917-2024.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from soilbook.training.step import Stack
from soilbook.training.windows import N_LEADS, Series


def load_module(make: Callable[[], nn.Module], row) -> nn.Module:
    """A module with the parameters of one trained network, a row of ``train``'s ``parameters``."""
    stack = Stack.of(make)
    named = stack.named(torch.as_tensor(np.array(row)))
    stack.template.load_state_dict(named, strict=False)  # buffers are not among the parameters
    return stack.template.eval()


def iterate(predict: Callable[[Tensor], Tensor], one: Series) -> np.ndarray:
    """Forecasts of one model from every test sample, (sample, lead 1..7), m3 m-3.

    ``predict`` maps (sample, step, feature) to scaled moisture (sample,).
    """
    starts = torch.from_numpy(one.starts["test"]).unsqueeze(0)
    rows = torch.from_numpy(np.nan_to_num(one.x)).unsqueeze(0)
    moisture = _iterate(lambda window: predict(window[0]).unsqueeze(0), rows, starts, one.n_steps)
    return one.unscale(moisture[0].double().numpy())


def iterate_ensemble(
    make: Callable[[], nn.Module],
    parameters: np.ndarray,
    series: Sequence[Series],
    target: str = "value",
    device: str = "cpu",
    chunk: int = 25,
) -> list[np.ndarray]:
    """Forecasts of trained networks, each on its own series: (sample, lead) in m3 m-3 for each.

    ``parameters`` (network, parameter) and ``series`` in the same order; ``chunk`` networks are
    worked out at once.
    """
    stack = Stack.of(make, target)
    stack.template.to(device)
    predict = stack.each(lambda flat, x: stack.predict(stack.named(flat), x))
    forecasts = []
    for first in range(0, len(series), chunk):
        part = series[first : first + chunk]
        starts = _filled([torch.from_numpy(one.starts["test"]) for one in part]).to(device)
        rows = _filled([torch.from_numpy(np.nan_to_num(one.x)) for one in part]).to(device)
        flat = torch.as_tensor(np.array(parameters[first : first + chunk])).to(device)
        with torch.no_grad():
            moisture = _iterate(
                lambda window, flat=flat: predict(flat, window), rows, starts, part[0].n_steps
            )
        for one, values in zip(part, moisture.cpu().double().numpy(), strict=True):
            forecasts.append(one.unscale(values[: len(one.starts["test"])]))
    return forecasts


def _filled(tensors: list[Tensor]) -> Tensor:
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True)


def _iterate(
    predict: Callable[[Tensor], Tensor], rows: Tensor, starts: Tensor, n_steps: int
) -> Tensor:
    """(network, sample, lead) of scaled moisture; rows (network, row, feature), starts (network,
    sample) and ``n_steps`` as ``windows.Series`` has them."""
    network = torch.arange(len(rows), device=rows.device).unsqueeze(1)
    steps = torch.arange(1, n_steps + 1, device=rows.device)
    window = rows[network.unsqueeze(2), starts.unsqueeze(2) + steps]
    forecasts = [predict(window)]
    for lead in range(1, N_LEADS):
        tomorrow = rows[network, starts + n_steps + lead]
        tomorrow = torch.cat((tomorrow[..., :-1], forecasts[-1].unsqueeze(2)), dim=2)
        window = torch.cat((window[:, :, 1:], tomorrow.unsqueeze(2)), dim=2)
        forecasts.append(predict(window))
    return torch.stack(forecasts, dim=2)
