"""What the network of study 2 sees, and the scaling that belongs to it.

Scaled are (value - mean) / deviation, as the authors do. Their means and deviations come from a
data base that holds the test years; here they come from the training part alone. Theirs are those
of the values between the 10th and the 90th percentile, because rain is skewed; here the root of
rain is taken, and mean and deviation are the plain ones.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilbook import schema
from soilbook.errors import DataError, ParameterError, unknown

# What SMAP said of a place in the training part, as two more attributes of it.
STATISTICS = ("sm_smap_mean", "sm_smap_deviation")
# What land-surface models say of a place, day by day: see ``with_departures``.
MODELLED = ("noah_surface", "noah_rootzone", "vic_surface", "vic_rootzone")
STILL = 1e-6  # m3 m-3
# The day of the year as a point on a circle.
SEASON = {"season_sine": np.sin, "season_cosine": np.cos}
YEAR = 365.2425  # days
TRANSFORMS = {"none": lambda values: values, "root": np.sqrt}


@dataclass(frozen=True)
class Inputs:
    """Names of the inputs: weather that varies from day to day, among which MODELLED may be, and
    attributes that do not, among which STATISTICS may be.

    ``rain`` says whether the network sees precipitation ("none") or its square root ("root"),
    ``season`` whether it sees the day of the year. Classes become one column each. ParameterError
    for an unknown name.
    """

    forcing: tuple[str, ...] = (*schema.FORCING, "wind_speed")
    attributes: tuple[str, ...] = schema.ATTRIBUTES
    rain: str = "root"
    season: bool = False

    def __post_init__(self):
        allowed = (*schema.GRID_VARIABLES, *STATISTICS, *MODELLED)
        for name in (*self.forcing, *self.attributes):
            if name not in allowed:
                raise unknown("input", name, allowed)
        if self.rain not in TRANSFORMS:
            raise unknown("transform of rain", self.rain, TRANSFORMS)
        if not self.forcing:
            raise ParameterError("no weather among the inputs; allowed: at least one variable")


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
    """Scaled inputs (place, day, feature), 32-bit, of pixels or stations.

    A missing attribute becomes the mean of training, a class unknown to training no class.
    Raises DataError naming variable, place and day of missing weather.
    """
    inputs = Inputs(forcing=tuple(_forcing(scaling)), rain=scaling.attrs["rain"])
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


def _forcing(scaling: xr.Dataset) -> list[str]:
    names = [str(name) for name in scaling["feature"].values]
    daily = {n for n, v in schema.GRID_VARIABLES.items() if v.dims == schema.DAILY}
    daily |= {*MODELLED}
    return [name for name in names if name in daily]


def _weather(places: xr.Dataset, name: str, inputs: Inputs) -> np.ndarray:
    _there(places, name)
    values = places[name].values.astype(np.float64)
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
    return TRANSFORMS[inputs.rain](values) if name == "precipitation" else values


def _attribute(places: xr.Dataset, name: str) -> np.ndarray:
    _there(places, name)
    return places[name].values.astype(np.float64)


def _there(places: xr.Dataset, name: str) -> None:
    if name not in places:
        raise DataError(f"{_source(places)}: no variable {name!r}, an input of the network")


def _source(places: xr.Dataset) -> str:
    return str(places.attrs.get("source", "places"))
