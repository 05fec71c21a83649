"""Small series with a known law, on which networks train in seconds."""

import numpy as np
import pytest
import xarray as xr

from soilbook import schema
from soilbook.training.windows import Series, series


def make_site(n_days: int = 400, seed: int = 0, name: str = "made") -> xr.Dataset:
    """A site of one depth: moisture that follows rain with a memory of 0.9 a day, no noise."""
    random = np.random.default_rng(seed)
    rain = random.gamma(0.3, 10, n_days)
    sm = np.zeros(n_days)
    sm[0] = 0.2
    for t in range(1, n_days):
        sm[t] = 0.05 + 0.9 * (sm[t - 1] - 0.05) + 0.002 * min(rain[t], 20)
    site = xr.Dataset(
        {
            "precipitation": ("time", rain),
            "air_temperature": ("time", random.normal(10, 8, n_days)),
            "soil_temperature": (("depth", "time"), random.normal(10, 5, (1, n_days))),
            "sm": (("depth", "time"), sm[None]),
        },
        coords={
            "time": np.datetime64("2011-01-01", "ns") + np.arange(n_days) * np.timedelta64(1, "D"),
            "depth": [0.05],
            "site": name,
        },
    )
    return schema.describe(site, "made by a test")


@pytest.fixture
def site() -> xr.Dataset:
    """A gap-free site of 400 days."""
    return make_site()


@pytest.fixture(scope="session")
def several() -> list[Series]:
    """Series of three sites, unlike in length and content."""
    sizes = (400, 360, 430)
    return [series(make_site(n, i, f"site {i}"), 0.05) for i, n in enumerate(sizes)]
