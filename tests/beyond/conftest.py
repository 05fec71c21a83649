"""A small run of study 1 and a store of its own."""

import pytest

from soilbook.wang2024.experiment import Experiment


@pytest.fixture(scope="session")
def small() -> Experiment:
    """Two sites of the twin, two depths, one network, four epochs."""
    return Experiment(
        models=("1D-CNN",),
        profile="smoke",
        sites=("Cape-Charles-5-ENE", "Weslaco"),
        depths=(0.05, 1.0),
    )
