"""Training instances of study 2: what the network sees, its scaling, and the loss.

Section II-B of Fang et al. (2019), doi:10.1109/TGRS.2018.2872131. Scaled are (value - mean) /
deviation, as the authors do. Their means and deviations come from a data base that holds the test
years; here they come from the training part alone. Theirs are those of the values between the 10th
and the 90th percentile, because rain is skewed; here the root of rain is taken, and mean and
deviation are the plain ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
import xarray as xr
from pydantic import field_validator
from torch import Tensor

from soilbook import fingerprint, schema
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.settings import Checked
from soilbook.training.windows import seed_of

# What SMAP said of a place in the training part, as two more attributes of it.
STATISTICS = ("sm_smap_mean", "sm_smap_deviation")
# What land-surface models say of a place, day by day: see ``with_departures``.
MODELLED = ("noah_surface", "noah_rootzone", "vic_surface", "vic_rootzone")
STILL = 1e-6  # m3 m-3
# The day of the year as a point on a circle.
SEASON = {"season_sine": np.sin, "season_cosine": np.cos}
YEAR = 365.2425  # days


class Inputs(Checked):
    """Names of the inputs: weather that varies from day to day, among which MODELLED may be, and
    attributes that do not, among which STATISTICS may be.

    ``rain`` says whether the network sees precipitation ("none") or its square root ("root"),
    ``season`` whether it sees the day of the year. Classes become one column each.
    """

    forcing: tuple[str, ...] = (*schema.FORCING, "wind_speed")
    attributes: tuple[str, ...] = schema.ATTRIBUTES
    rain: Literal["none", "root"] = "root"
    season: bool = False

    @field_validator("forcing", "attributes")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        allowed = (*schema.GRID_VARIABLES, *STATISTICS, *MODELLED)
        for name in names:
            if name not in allowed:
                raise unknown("input", name, allowed)
        return names

    @field_validator("forcing")
    @classmethod
    def _some(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise ParameterError("no weather among the inputs; allowed: at least one variable")
        return names


def with_statistics(places: xr.Dataset, training: xr.Dataset) -> xr.Dataset:
    """``places`` with STATISTICS of the same places in the training part, NaN where nothing was
    observed there, as new variables."""
    observed = training["sm_smap"]
    made = observed.mean("time"), observed.std("time")
    return places.assign(dict(zip(STATISTICS, made, strict=True)))


def with_departures(places: xr.Dataset, modelled: xr.Dataset, days: xr.DataArray) -> xr.Dataset:
    """``places`` with MODELLED (place, time) as new variables: departures of each of ``modelled``
    from its mean at the place over ``days``, those of the training part, in its deviations there.

    Departures, because the level and range that a model gives to a place come from its soil texture
    and say little of the satellite's.
    """
    learnt = modelled.sel(time=days)
    mean, deviation = learnt.mean("time"), learnt.std("time")
    # Where a model stands still, what is left is rounding.
    departures = (modelled - mean) / deviation.where(deviation > STILL, 1)
    return places.assign({name: departures[name].astype(np.float32) for name in MODELLED})


def fit_scaling(places: xr.Dataset, inputs: Inputs, target: str = "sm_smap") -> xr.Dataset:
    """Mean and deviation of every feature and of the target, from ``places`` of the training part.

    Returns ``mean`` and ``deviation`` (feature), ``target_mean`` and ``target_deviation`` (m3 m-3).
    Features are named by their variable, those of classes ``name=value``. DataError if the target
    has no observation.
    """
    observed = places[target].values
    if not np.isfinite(observed).any():
        raise DataError(f"{_source(places)}: variable {target!r} has no observation to learn from")
    names, values = [], []
    for name in inputs.forcing:
        names.append(name)
        values.append(_weather(places, name, inputs))
    for name in inputs.attributes:
        if name in schema.CLASSES:
            present = np.unique(_attribute(places, name))
            names += [f"{name}={value:g}" for value in present[~np.isnan(present)]]
        else:
            names.append(name)
            values.append(_attribute(places, name))
    numbers = dict(zip((n for n in names if "=" not in n), values, strict=True))
    names += list(SEASON) if inputs.season else []
    # A column of a class is 0 or 1 as it is, one of the season a sine.
    mean = [np.nanmean(numbers[n]) if n in numbers else 0.0 for n in names]
    deviation = [np.nanstd(numbers[n]) if n in numbers else 1.0 for n in names]
    return xr.Dataset(
        {
            "mean": ("feature", np.array(mean)),
            # A feature that never varies, such as a flag no pixel has, stays 0.
            "deviation": ("feature", np.where(np.array(deviation) > 0, deviation, 1.0)),
            "target_mean": ((), float(np.nanmean(observed))),
            "target_deviation": ((), float(np.nanstd(observed))),
        },
        coords={"feature": names},
        attrs={"rain": inputs.rain, "target": target},
    )


def features(places: xr.Dataset, scaling: xr.Dataset) -> np.ndarray:
    """Scaled inputs (place, day, feature), 32-bit, of pixels or stations. A missing attribute
    becomes the mean of training, a class unknown to training no class. Raises DataError naming
    variable, place and day of missing weather."""
    inputs = Inputs(forcing=_forcing(scaling), rain=scaling.attrs["rain"])
    n_places, n_days = places[inputs.forcing[0]].shape
    out = np.zeros((n_places, n_days, scaling.sizes["feature"]), np.float32)
    for k, feature in enumerate(scaling["feature"].values):
        name, _, value = str(feature).partition("=")
        if value:
            out[:, :, k] = (_attribute(places, name) == float(value))[:, None]
            continue
        if name in SEASON:
            column = SEASON[name](_angle(places["time"].values))
        elif name in inputs.forcing:
            column = _weather(places, name, inputs)
        else:
            column = _attribute(places, name)[:, None]
        scaled = (column - scaling["mean"].values[k]) / scaling["deviation"].values[k]
        out[:, :, k] = np.nan_to_num(scaled)
    return out


def target(places: xr.Dataset, scaling: xr.Dataset) -> np.ndarray:
    """Scaled target (place, day), 32-bit, NaN where there is no observation."""
    observed = places[scaling.attrs["target"]].values
    scaled = (observed - scaling["target_mean"].item()) / scaling["target_deviation"].item()
    return scaled.astype(np.float32)


def _angle(time: np.ndarray) -> np.ndarray:
    """Angle of each day's place in the year, with 1 January at 0."""
    days = time.astype("datetime64[D]")
    return 2 * np.pi * (days - days.astype("datetime64[Y]")).astype(int) / YEAR


def _forcing(scaling: xr.Dataset) -> tuple[str, ...]:
    daily = {n for n, v in schema.GRID_VARIABLES.items() if v.dims == schema.DAILY}
    daily |= {*MODELLED}
    return tuple(str(name) for name in scaling["feature"].values if name in daily)


def _weather(places: xr.Dataset, name: str, inputs: Inputs) -> np.ndarray:
    values = _attribute(places, name)
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        place, day = bad[0]
        label = places[name].dims[0]
        raise DataError(
            f"{_source(places)}: variable {name!r} is missing at {label} "
            f"{places[label].values[place]} on "
            f"{np.datetime_as_string(places['time'].values[day], 'D')}; weather of every day is "
            "needed"
        )
    return np.sqrt(values) if name == "precipitation" and inputs.rain == "root" else values


def _attribute(places: xr.Dataset, name: str) -> np.ndarray:
    if name not in places:
        raise DataError(f"{_source(places)}: no variable {name!r}, an input of the network")
    return places[name].values.astype(np.float64)


def _source(places: xr.Dataset) -> str:
    return str(places.attrs.get("source", "places"))


@dataclass(frozen=True)
class Sequences:
    """Scaled inputs ``x`` (place, day, feature) and target ``y`` (place, day), NaN if missing. A
    place without any observation is never drawn. DataError if none has one, ParameterError for
    shapes that do not fit."""

    x: Tensor
    y: Tensor

    def __post_init__(self):
        if self.x.shape[:2] != self.y.shape:
            raise ParameterError(
                f"inputs of shape {tuple(self.x.shape)} and target {tuple(self.y.shape)} do not "
                "fit; allowed: the same places and days"
            )
        if not len(self.observed):
            raise DataError("no place has an observation to learn from")

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, device: torch.device | str = "cpu") -> "Sequences":
        """The same from arrays."""
        x, y = (torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(device) for a in (x, y))
        return cls(x, y)

    @property
    def observed(self) -> Tensor:
        """Numbers of the places with an observation."""
        return torch.isfinite(self.y).any(1).nonzero().squeeze(1)

    @property
    def n_days(self) -> int:
        return self.x.shape[1]

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of what networks learn from."""
        return fingerprint.of_arrays(*(one.cpu().numpy() for one in (self.x, self.y)))


def masked_loss(predicted: Tensor, observed: Tensor) -> Tensor:
    """Eq 9, mean of the batch: squared errors of the days with an observation, over all days. Both
    (batch, step); days without an observation are NaN in ``observed``."""
    there = torch.isfinite(observed)
    error = torch.where(there, predicted - torch.where(there, observed, 0.0), 0.0)
    return error.square().mean()


def batches(
    sequences: Sequences, n: int, batch: int, length: int, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """``n`` batches of instances: a place and the day of its start, each drawn at random.

    Yields x (batch, length, feature) and y (batch, length). A function of seed and epoch alone, so
    that training goes on after a break as it would have. ParameterError if ``length`` is longer
    than the record.
    """
    latest = sequences.n_days - length
    if latest < 0:
        raise ParameterError(
            f"instances of {length} days in a record of {sequences.n_days} days; "
            f"allowed: 1 to {sequences.n_days}"
        )
    generator = torch.Generator().manual_seed(seed_of("instances", seed, epoch))
    places = sequences.observed
    chosen = places[torch.randint(len(places), (n, batch), generator=generator).to(places.device)]
    starts = torch.randint(latest + 1, (n, batch, 1), generator=generator).to(places.device)
    steps = torch.arange(length, device=places.device)
    for place, start in zip(chosen, starts, strict=True):
        days = start + steps
        yield sequences.x[place.unsqueeze(1), days], sequences.y[place.unsqueeze(1), days]
