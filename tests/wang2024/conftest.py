"""One small run of study 1 on the twin, shared by the tests."""

import pytest
import xarray as xr

from soilbook.store import Store
from soilbook.wang2024 import runs
from soilbook.wang2024.experiment import Experiment


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    """A store of this session's own."""
    return Store(tmp_path_factory.mktemp("store"))


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
