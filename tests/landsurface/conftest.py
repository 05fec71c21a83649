"""Weather made by rule, for tests of the land-surface models."""

import numpy as np
import pytest
import xarray as xr

STEFAN_BOLTZMANN = 5.670374419e-8


def weather(n_sites=4, n_days=400, seed=0) -> xr.Dataset:
    """Weather like that of a continental climate, another at every site."""
    rng = np.random.default_rng(seed)
    day = np.arange(n_days)
    season = -np.cos(2 * np.pi * (day - 20) / 365.25)
    shape = n_sites, n_days
    values = {
        "precipitation": rng.gamma(0.5, 16, shape) * (rng.random(shape) < 0.3),
        "air_temperature": 8 + 14 * season + rng.normal(0, 4, shape),
        "shortwave": np.clip(170 + 100 * season + rng.normal(0, 40, shape), 5, None),
        "relative_humidity": np.clip(65 + rng.normal(0, 15, shape), 10, 100),
    }
    return dataset(values)


def dataset(values: dict) -> xr.Dataset:
    shape = next(iter(values.values())).shape
    time = np.datetime64("2015-01-01", "ns") + np.arange(shape[1]).astype("timedelta64[D]")
    sites = [f"site-{k}" for k in range(shape[0])]
    variables = {name: (("site", "time"), array) for name, array in values.items()}
    return xr.Dataset(variables, coords={"site": sites, "time": time})


def soils(forcing: xr.Dataset, sand=(20, 45, 65, 85), clay=(50, 25, 12, 4)) -> xr.Dataset:
    n = forcing.sizes["site"]
    columns = {"sand": sand, "clay": clay, "latitude": (48, 40, 33, 30)}
    variables = {
        name: ("site", np.resize(array, n).astype(float)) for name, array in columns.items()
    }
    return xr.Dataset(variables, coords={"site": forcing["site"]})


def no_demand(rain: float, n_sites=4, n_days=300) -> xr.Dataset:
    """The same rain (mm d-1) every day, out of air in which nothing evaporates."""
    shape = n_sites, n_days
    kelvin = 10 + 273.15
    return dataset(
        {
            "precipitation": np.full(shape, rain),
            "air_temperature": np.full(shape, 10.0),
            "shortwave": np.zeros(shape),
            "longwave": np.full(shape, STEFAN_BOLTZMANN * kelvin**4),
            "relative_humidity": np.full(shape, 100.0),
        }
    )


def imbalance(forcing: xr.Dataset, result: xr.Dataset) -> np.ndarray:
    """Water (mm) that appeared or vanished on each day, (site, day)."""
    left = sum(result[name].values for name in ("evapotranspiration", "runoff", "drainage"))
    before = result["storage_before"].values[:, None]
    change = np.diff(result["storage"].values, axis=1, prepend=before)
    return forcing["precipitation"].values - left - change


@pytest.fixture
def make():
    """The makers of weather and soils above, by name."""
    return {
        "weather": weather,
        "dataset": dataset,
        "soils": soils,
        "no_demand": no_demand,
        "imbalance": imbalance,
    }
