"""Moisture by trained networks of study 2: one, an ensemble, or one with dropout left on."""

from collections.abc import Iterator

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from soilbook.errors import ParameterError
from soilbook.models import dropout
from soilbook.models.prolongation_fast import Prolongation
from soilbook.training.draws import seed_of
from soilbook.training.sequence_run import network
from soilbook.training.sequence_settings import SequenceSettings

PLACES = 100  # predicted at once


def predict(
    trained: xr.Dataset,
    settings: SequenceSettings,
    scaling: xr.Dataset,
    x: np.ndarray,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Moisture (network, place, day), m3 m-3, of inputs ``x`` (place, day, feature).

    ``trained`` as ``train_sequences`` returns it, ``scaling`` that of the inputs. The memory starts
    empty on the first day: let it run for some months before the days that count.
    """
    networks = [network(flat, x.shape[2], settings) for flat in trained["parameters"].values]
    return np.stack([moisture_of(one, scaling, x, device) for one in networks])


def moisture_of(
    made: Prolongation, scaling: xr.Dataset, x: np.ndarray, device: torch.device | str = "cpu"
) -> np.ndarray:
    """Moisture (place, day), m3 m-3, of one network in evaluation mode; see ``predict``."""
    made = made.to(device)
    with torch.no_grad():
        parts = [made(part).cpu() for part in _parts(x, device)]
    return _moisture(torch.cat(parts).numpy(), scaling)


def monte_carlo(
    made: Prolongation,
    scaling: xr.Dataset,
    x: np.ndarray,
    n_draws: int = 50,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Moisture (draw, place, day), m3 m-3, with dropout left on: masks are drawn for every place
    and stay for all its days. Mean and spread over draws are Monte-Carlo dropout's prediction and
    its model uncertainty (Gal and Ghahramani 2016, arXiv:1506.02142).

    ParameterError for fewer than two draws, or for a network without dropout.
    """
    if n_draws < 2:
        raise ParameterError(f"n_draws is {n_draws}; allowed: 2 or more")
    if made.dropout_rate == 0:
        raise ParameterError("a network without dropout has nothing to draw; allowed: above 0")
    made = made.to(device)
    draws = []
    for draw in range(n_draws):
        generator = torch.Generator().manual_seed(seed_of("monte carlo", seed, draw))
        parts = []
        for part in _parts(x, device):
            masks = dropout.draw(len(part), made.n_hidden, made.dropout_rate, generator, device)
            with torch.no_grad():
                parts.append(made(part, masks).cpu())
        draws.append(torch.cat(parts).numpy())
    return _moisture(np.stack(draws), scaling)


def _parts(x: np.ndarray, device: torch.device | str) -> Iterator[Tensor]:
    for first in range(0, len(x), PLACES):
        yield torch.from_numpy(x[first : first + PLACES]).to(device)


def _moisture(scaled: np.ndarray, scaling: xr.Dataset) -> np.ndarray:
    return scaled * scaling["target_deviation"].item() + scaling["target_mean"].item()
