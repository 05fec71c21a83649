"""Sites and sequences with a known law, on which networks train in seconds."""

import numpy as np
import xarray as xr

from soilbook import schema


def record(rain, air_temperature, soil_temperature, sm, depths, name: str) -> xr.Dataset:
    """A site's record from 2011 on: weather by day, soil by depth (m) and day."""
    days = np.arange(len(rain)) * np.timedelta64(1, "D")
    site = xr.Dataset(
        {
            "precipitation": ("time", rain),
            "air_temperature": ("time", air_temperature),
            "soil_temperature": (("depth", "time"), soil_temperature),
            "sm": (("depth", "time"), sm),
        },
        coords={
            "time": np.datetime64("2011-01-01", "ns") + days,
            "depth": list(depths),
            "site": name,
        },
    )
    return schema.describe(site, "made by a test")


def make_site(n_days: int = 400, seed: int = 0, name: str = "made") -> xr.Dataset:
    """A site of one depth: moisture that follows rain with a memory of 0.9 a day, no noise."""
    random = np.random.default_rng(seed)
    rain = random.gamma(0.3, 10, n_days)
    sm = np.zeros(n_days)
    sm[0] = 0.2
    for t in range(1, n_days):
        sm[t] = 0.05 + 0.9 * (sm[t - 1] - 0.05) + 0.002 * min(rain[t], 20)
    weather = rain, random.normal(10, 8, n_days), random.normal(10, 5, (1, n_days))
    return record(*weather, sm[None], (0.05,), name)


def made_up(n_places=6, n_days=60, seed=0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and moisture that remembers yesterday's rain; four days in ten are observed."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n_places, n_days, 3)).astype(np.float32)
    y = np.zeros((n_places, n_days), np.float32)
    for t in range(1, n_days):
        y[:, t] = 0.8 * y[:, t - 1] + 0.5 * x[:, t, 0]
    y[random.random(y.shape) < 0.6] = np.nan
    return x, y
