"""One small run of study 1 on the twin, shared by the tests."""

import pytest
import xarray as xr

from soilbook.store import Store
from soilbook.studies import insitu


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    """A store of this session's own."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def small() -> insitu.Experiment:
    """Two sites of the twin, two depths, four epochs."""
    return insitu.Experiment(
        models=("ELM", "1D-CNN"),
        profile="smoke",
        sites=("Cape-Charles-5-ENE", "Weslaco"),
        depths=(0.05, 1.0),
    )


@pytest.fixture(scope="session")
def result(small, store) -> xr.Dataset:
    """Its result."""
    return insitu.run(small, store)
