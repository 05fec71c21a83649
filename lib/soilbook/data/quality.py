"""Quality control of measured series, and the Dataset that readers return.

Rules, each with its count in the attributes of the variable it touched:

- ``n_outside_range``: values outside the range that ``schema.VARIABLES`` allows become missing.
  Soil moisture of exactly zero is a dead sensor, not a dry soil, and counts as outside.
- ``n_above_extraterrestrial``: short-wave above the radiation at the top of the atmosphere of
  that latitude and day, by more than the 5 W m-2 of a thermopile's offset, becomes missing.
- ``n_spikes`` (networks without flags): a single day that departs from both its neighbours to
  the same side by more than ``SPIKE`` becomes missing.

Nothing is filled, smoothed or moved in time.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data.fao56 import extraterrestrial

SPIKE = 0.15  # m3 m-3 from one day to the next and back
SHORTWAVE_OFFSET = 5.0  # W m-2


def within_range(values: np.ndarray, name: str) -> tuple[np.ndarray, int]:
    """Values of a variable (any shape) with those out of range made NaN, and how many those are."""
    variable = schema.VARIABLES[name]
    outside = (values < variable.low) | (values > variable.high)
    if name == "sm":
        outside |= values == 0
    return np.where(outside, np.nan, values), int(outside.sum())


def possible_shortwave(
    values: np.ndarray, latitude: float, days: np.ndarray
) -> tuple[np.ndarray, int]:
    """Short-wave (W m-2, day) without values that the sun cannot reach, and how many those are."""
    highest = extraterrestrial(latitude, pd.DatetimeIndex(days).day_of_year.to_numpy())
    impossible = values > highest + SHORTWAVE_OFFSET
    return np.where(impossible, np.nan, values), int(impossible.sum())


def without_spikes(values: np.ndarray, threshold: float = SPIKE) -> tuple[np.ndarray, int]:
    """Series (last axis: days) without isolated one-day spikes, and how many those are."""
    back = values[..., 1:-1] - values[..., :-2]
    ahead = values[..., 1:-1] - values[..., 2:]
    spike = np.zeros(values.shape, dtype=bool)
    spike[..., 1:-1] = (np.minimum(np.abs(back), np.abs(ahead)) > threshold) & (back * ahead > 0)
    return np.where(spike, np.nan, values), int(spike.sum())


def dataset(
    columns: Mapping[str, tuple[np.ndarray, str]],
    days: np.ndarray,
    depths,
    *,
    site: str,
    latitude: float,
    longitude: float,
    source: str,
) -> xr.Dataset:
    """A site's Dataset out of ``columns``: name -> (values (day,) or (depth, day), source text).

    Applies the range rules above, sets units, names and sources, and leaves out what is absent.
    """
    dims = {name: schema.VARIABLES[name].dims for name in columns}
    result = xr.Dataset(
        coords={
            "time": np.asarray(days, dtype="datetime64[ns]"),
            "depth": np.asarray(depths, dtype=float),
            "site": site,
            "latitude": latitude,
            "longitude": longitude,
        }
    )
    for name, (values, origin) in columns.items():
        values, outside = within_range(np.asarray(values, dtype=float), name)
        attributes = {"source": origin, "n_outside_range": outside}
        if name == "shortwave":
            values, above = possible_shortwave(values, latitude, days)
            attributes["n_above_extraterrestrial"] = above
        result[name] = (dims[name], values, attributes)
    result["latitude"].attrs["units"] = "degrees_north"
    result["longitude"].attrs["units"] = "degrees_east"
    result.attrs["track"] = "observed"
    return schema.describe(result, source)
