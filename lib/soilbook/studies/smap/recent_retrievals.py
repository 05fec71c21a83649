"""What is known of SMAP at the issue of a forecast, as inputs of the network.

Section III-D of Fang et al. (2019): "the current and past soil moisture observations are included
as inputs". On a target day, ``lead`` days after the issue, these are the last retrieval at or
before the issue, and how many days ago it was made.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.errors import ParameterError
from soilbook.models import climatology

OLDEST = 60  # days; older retrievals, and none at all, count as this old
WINDOW = 31  # days around a calendar day whose weather is averaged where none is forecast
N_INPUTS = 2


def latest(retrievals: np.ndarray, lead: int) -> tuple[np.ndarray, np.ndarray]:
    """Last retrieval at least ``lead`` days before each day, in its units, and its age in days.

    Both (pixel, time); NaN before the first retrieval. ParameterError for a lead below 1.
    """
    if lead < 1:
        raise ParameterError(f"lead {lead} is not allowed; allowed: 1 or more days")
    day = np.arange(retrievals.shape[1])
    made = np.where(np.isfinite(retrievals), day, np.nan)
    # Two columns a pixel: the value and the day it was made, carried forward alike.
    value, made_on = (
        pd.DataFrame(array.T.astype(float)).ffill().shift(lead).to_numpy().T
        for array in (retrievals, made)
    )
    return value, day - made_on


def inputs(retrievals: np.ndarray, lead: int, scaling: xr.Dataset) -> np.ndarray:
    """The two inputs (pixel, time, 2), 32-bit: scaled value and age on a scale from 0 to 1.

    The age is its logarithm over that of 60 days. A pixel without a retrieval so far gets the mean
    and the highest age.
    """
    value, age = latest(retrievals, lead)
    scaled = (value - scaling["target_mean"].item()) / scaling["target_deviation"].item()
    old = np.log(np.minimum(np.nan_to_num(age, nan=OLDEST), OLDEST)) / np.log(OLDEST)
    return np.stack([np.nan_to_num(scaled), old], -1).astype(np.float32)


def usual_weather(x: np.ndarray, time: np.ndarray, training: slice) -> np.ndarray:
    """Inputs ``x`` (pixel, time, feature) as usual for the calendar day in the ``training`` days.

    The mean of the days within a month: what is known of the weather where none is forecast.
    Inputs that never vary stay as they are.
    """
    by_feature = np.moveaxis(x, -1, 1)
    means = climatology(time[training], by_feature[..., training], time, WINDOW)
    return np.moveaxis(means, 1, -1).astype(np.float32)
