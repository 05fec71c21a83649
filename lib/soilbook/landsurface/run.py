"""The loop over time that both models share, and their results as a Dataset."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from soilbook import progress
from soilbook.errors import ParameterError
from soilbook.landsurface.cover import season
from soilbook.landsurface.demand import Drive, drive
from soilbook.landsurface.diurnal import disaggregate
from soilbook.landsurface.inputs import Inputs

STEPS = (4, 6, 8, 12, 24)
LONGEST_SPIN_UP = 100
BLOCK = 64  # days whose weather is prepared at a time
ROOT_ZONE = 1.0  # m
YEAR = 365.25
LAYERS = {
    "theta": ("sm", "m3 m-3", "volumetric soil moisture, mean of the day"),
    "temperature": ("soil_temperature", "degC", "soil temperature, mean of the day"),
}
DAILY = {
    "evapotranspiration": ("mm d-1", "evapotranspiration and sublimation"),
    "runoff": ("mm d-1", "surface runoff"),
    "drainage": ("mm d-1", "drainage or base flow"),
    "snow_water": ("mm", "water in the snow, end of the day"),
    "storage": ("mm", "water in soil, snow and on leaves, end of the day"),
}


class Fluxes(NamedTuple):
    """Water (mm) that left the sites in a step, each (site,)."""

    evapotranspiration: np.ndarray
    runoff: np.ndarray
    drainage: np.ndarray


def check(spin_up_years: float, steps_per_day: int) -> None:
    """Raises ParameterError for a number of years or steps that is not allowed."""
    if not 0 <= spin_up_years <= LONGEST_SPIN_UP:
        raise ParameterError(f"spin_up_years is {spin_up_years!r}; 0 to {LONGEST_SPIN_UP} allowed")
    if steps_per_day not in STEPS:
        allowed = ", ".join(map(str, STEPS))
        raise ParameterError(f"steps_per_day is {steps_per_day!r}; allowed: {allowed}")


def simulate(
    model, inputs: Inputs, spin_up_years: float, steps_per_day: int, title: str
) -> xr.Dataset:
    """Daily results of a model, after a spin-up with the first years of the weather.

    ``model``: its ``thickness`` (mm, (layer, 1)), ``start()`` -> state and ``step(state, drive)``
    -> state, Fluxes. A state has ``theta`` (layer, site), ``pack`` and ``canopy`` (mm, (site,)).
    """
    n_days, n_sites = inputs.precipitation.shape
    spin_up = np.arange(round(spin_up_years * YEAR)) % n_days
    state = model.start()
    layers = [name for name in LAYERS if name in state._fields]
    shape = n_days, len(model.thickness), n_sites
    means = {name: np.zeros(shape) for name in layers}
    daily = {name: np.zeros((n_days, n_sites)) for name in DAILY}
    with progress.bar(spin_up.size + n_days, title.split(" ")[0], "day") as bar:
        for _, drives in _days(inputs, spin_up, steps_per_day, bar):
            for now in drives:
                state, _ = model.step(state, now)
        before = _storage(model, state)
        for day, drives in _days(inputs, np.arange(n_days), steps_per_day, bar):
            for now in drives:
                state, left = model.step(state, now)
                for name, values in left._asdict().items():
                    daily[name][day] += values
                for name in layers:
                    means[name][day] += getattr(state, name)
            daily["snow_water"][day] = state.pack
            daily["storage"][day] = _storage(model, state)
    for values in means.values():
        values /= steps_per_day
    result = _dataset(inputs, model.thickness[:, 0] / 1000, means, daily, before)
    settings = {"spin_up_years": spin_up_years, "steps_per_day": steps_per_day}
    return result.assign_attrs(title=title, source=title, **settings)


def _days(inputs: Inputs, days: np.ndarray, steps: int, bar):
    """Every day's number and its steps' Drives."""
    leaf_out = season(inputs.air_temperature)
    for block in np.split(days, range(BLOCK, days.size, BLOCK)):
        weather = disaggregate(inputs, block, steps)
        leaves = np.repeat(leaf_out[block], steps, axis=0)
        block_drive = drive(weather, inputs.cover, inputs.pressure, leaves)
        rows = [Drive(*row) for row in zip(*block_drive, strict=True)]
        for k, day in enumerate(block):
            yield day, rows[k * steps : (k + 1) * steps]
        bar.update(block.size)


def _storage(model, state) -> np.ndarray:
    return (model.thickness * state.theta).sum(axis=0) + state.pack + state.canopy


def _dataset(inputs: Inputs, thickness, means, daily, before) -> xr.Dataset:
    """Results with names and units; ``thickness`` (m) of the layers."""
    place, bottom = inputs.place, np.cumsum(thickness)
    top = bottom - thickness
    result = xr.Dataset(
        coords={
            place: inputs.labels,
            "time": inputs.time,
            "layer": np.arange(thickness.size),
            "layer_top": ("layer", top, {"units": "m"}),
            "layer_thickness": ("layer", thickness, {"units": "m"}),
        }
    )

    def add(name, dims, values, units, long_name):
        result[name] = dims, values, {"units": units, "long_name": long_name}

    for key, values in means.items():
        add(LAYERS[key][0], (place, "layer", "time"), values.transpose(2, 1, 0), *LAYERS[key][1:])
    share = np.clip(np.minimum(bottom, ROOT_ZONE) - top, 0, None)
    root_zone = (means["theta"] * share[:, None]).sum(axis=1) / share.sum()
    series = place, "time"
    above = f"soil moisture, 0-{100 * bottom[0]:.0f} cm"
    add("sm_surface", series, means["theta"][:, 0].T, "m3 m-3", above)
    add("sm_rootzone", series, root_zone.T, "m3 m-3", "soil moisture, 0-100 cm")
    for name, labels in DAILY.items():
        add(name, series, daily[name].T, *labels)
    add("storage_before", (place,), before, "mm", "storage before the first day")
    return result
