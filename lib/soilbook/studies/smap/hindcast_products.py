"""What a hindcast sets side by side: networks, land-surface models, SMAP and its climatology."""

from dataclasses import replace

import numpy as np
import xarray as xr

from soilbook.data.network import LAUNCH
from soilbook.errors import DataError
from soilbook.models import climatology
from soilbook.models.exponential_filter import CHARACTERISTIC_TIME, exponential_filter
from soilbook.store import Store
from soilbook.studies.smap import land_surface, prolongation
from soilbook.studies.smap import places as there
from soilbook.studies.smap.prolongation_scores import WINDOW
from soilbook.training.sequence_inputs import (
    MODELLED,
    STATISTICS,
    features,
    fit_scaling,
    target,
    with_departures,
    with_statistics,
)
from soilbook.training.sequence_predict import predict
from soilbook.training.sequence_trainer import train_sequences
from soilbook.training.sequences import Sequences

SPIN_UP = 365  # days that the networks see before the first: those of the first year
STEPS = {"smoke": 4, "quick": 4, "standard": 8, "paper": 8}  # of the models, a day
ROOT_ZONES = {"network": "second network", "filter": "exponential filter"}
YEAR = 365.25  # days


def epochs(of_a_year: int, grid: xr.Dataset) -> int:
    """Epochs in which a longer record gives as many days of instances as ``of_a_year`` epochs of
    one year do; at least 1."""
    years = _training(grid, "sm_smap").sizes["time"] / YEAR
    return max(1, round(of_a_year / years))


def guides(settings, grid: xr.Dataset, places: xr.Dataset, store: Store) -> list[xr.Dataset]:
    """MODELLED (pixel, time) from the launch on and (place, time), m3 m-3, as our models say.

    Ours at the places too where NLDAS-2's are at hand: a network must meet there what it learnt
    from at the pixels.
    """
    steps = STEPS[settings.profile]
    at_pixels = land_surface.at_pixels(grid.sel(time=slice(LAUNCH, None)), steps, store)
    at_places = land_surface.at_places(settings.data, places, steps, store)
    return [land_surface.as_inputs(one) for one in (at_pixels, at_places)]


def networks(
    settings,
    grid: xr.Dataset,
    places: xr.Dataset,
    name: str,
    store: Store,
    modelled: list[xr.Dataset] | None = None,
) -> np.ndarray:
    """Moisture (network, place, time), m3 m-3, of networks that learnt the variable ``name``.

    They see the weather of INPUTS, the attributes, what SMAP said of the pixel in training, and
    ``modelled`` of ``guides`` if given, as departures from its mean over the days of training. A
    pixel without any observation is kept out of the loss. DataError if none has one.
    """
    training = _training(grid, name)
    forcing = there.INPUTS[settings.data]
    if modelled:
        at_pixels, at_places = modelled
        days = training["time"]
        training = with_departures(training, at_pixels, days)
        shared = at_places["time"].sel(time=slice(days[0], days[-1]))
        places = with_departures(places, at_places, shared)
        forcing = (*forcing, *MODELLED)
    inputs = replace(prolongation.OUR_INPUTS, forcing=forcing)
    training = with_statistics(training, training)
    scaling = fit_scaling(training, inputs, name)
    sequences = Sequences.of(
        features(training, scaling), target(training, scaling), settings.device
    )
    trained = train_sequences(sequences, settings.members(), store)
    pixels = training.sel(pixel=places["pixel"].values)
    own = {one: ("place", pixels[one].values) for one in STATISTICS}
    x = features(places.assign(own), scaling)
    x = np.concatenate([x[:, :SPIN_UP], x], axis=1)
    made = predict(trained, settings.members()[0], scaling, x, settings.device)
    return made[:, :, -places.sizes["time"] :]


def smap(grid: xr.Dataset, places: xr.Dataset, name: str) -> dict[str, np.ndarray]:
    """``SMAP`` at the pixel of each place (place, time), NaN without a retrieval, and the mean of
    its calendar day as ``climatology``, m3 m-3."""
    observed = _training(grid, name)[name].sel(pixel=places["pixel"].values)
    days = places["time"].values
    at = observed.reindex(time=days).values
    means = climatology(observed["time"].values, observed.values, days, WINDOW)
    return {"SMAP": at, "climatology": means}


def filtered(surface: np.ndarray) -> np.ndarray:
    """Root-zone moisture (..., time) that the exponential filter makes of the surface's."""
    return exponential_filter(surface, CHARACTERISTIC_TIME)


def without_target(grid: xr.Dataset) -> str:
    """Pixels without a retrieval, separated by commas."""
    none = grid["sm_smap"].isnull().all("time").values
    return ", ".join(str(pixel) for pixel in grid["pixel"].values[none])


def _training(grid: xr.Dataset, name: str) -> xr.Dataset:
    """The days from launch to the last retrieval."""
    source = grid.attrs.get("source", "grid")
    if name not in grid:
        raise DataError(f"{source}: no variable {name!r} to learn from")
    days = grid["time"].values
    seen = grid[name].notnull().any("pixel").values & (days >= LAUNCH)
    if not seen.any():
        raise DataError(f"{source}: variable {name!r} has no observation to learn from")
    return grid.sel(time=slice(LAUNCH, days[seen][-1]))
