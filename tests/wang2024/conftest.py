"""One small run of study 1 on the twin, shared by the tests."""

import numpy as np
import pytest
import xarray as xr
from samples import record

from soilbook.training import windows
from soilbook.wang2024 import runs
from soilbook.wang2024.experiment import Experiment, Records

MADE_SITES = ("Cape-Charles-5-ENE", "Weslaco")
MADE_DEPTHS = (0.05, 1.0)


@pytest.fixture(scope="session")
def small() -> Experiment:
    """Two sites of the twin, two depths, four epochs."""
    return Experiment(
        models=("ELM", "1D-CNN"),
        profile="smoke",
        sites=("Cape-Charles-5-ENE", "Weslaco"),
        depths=(0.05, 1.0),
    )


@pytest.fixture(scope="session")
def result(small, store) -> xr.Dataset:
    """Its result."""
    return runs.run(small, store)


@pytest.fixture(scope="session")
def made_site():
    """Make a record by hand: ``made_site(name, n_days, seed)``, two depths, no gap."""
    return _made_site


@pytest.fixture(scope="session")
def made_records() -> Records:
    """Two sites of unlike length and content, two depths each."""
    return _cut({name: _made_site(name, 300 - 40 * i, i) for i, name in enumerate(MADE_SITES)})


@pytest.fixture(scope="session")
def cut():
    """Cut records made by hand into windows: ``cut({name: record}, scaling)``."""
    return _cut


def _made_site(name: str = "Weslaco", n_days: int = 300, seed: int = 0) -> xr.Dataset:
    random = np.random.default_rng(seed)
    rain = random.gamma(0.3, 10, n_days)
    sm = np.full((2, n_days), 0.2)
    for t in range(1, n_days):
        sm[:, t] = 0.05 + np.array([0.9, 0.97]) * (sm[:, t - 1] - 0.05) + 0.001 * min(rain[t], 20)
    weather = rain, random.normal(10, 8, n_days), random.normal(10, 5, (2, n_days))
    return record(*weather, sm, MADE_DEPTHS, name)


def _cut(sites: dict[str, xr.Dataset], scaling: str = "training") -> Records:
    depths = tuple(float(d) for d in next(iter(sites.values()))["depth"].values)
    found = Records(tuple(sites), depths, fingerprint="made by a test")
    for name, site in sites.items():
        for depth in depths:
            found.series[name, depth] = windows.series(site, depth, scaling)
            found.sm[name, depth] = site["sm"].sel(depth=depth).values
    return found
