"""The twin of both studies, seed 0, made once for the tests that look at it."""

from typing import NamedTuple

import pytest
import xarray as xr

from soilbook.twin import continent, sites


class Made(NamedTuple):
    """The faces of the continent."""

    grid: xr.Dataset
    core: xr.Dataset
    sparse: xr.Dataset
    truth: xr.Dataset
    world: continent.World


@pytest.fixture(scope="session")
def made() -> Made:
    # At once: only the last seed is remembered, and some tests ask for others.
    faces = continent.grid(), continent.insitu("core"), continent.insitu("sparse")
    return Made(*faces, continent.truth(), continent.world(0))


@pytest.fixture(scope="session")
def world(made) -> continent.World:
    """What the faces of the continent were made from."""
    return made.world


@pytest.fixture(scope="session")
def observatory() -> dict[str, tuple[xr.Dataset, xr.Dataset]]:
    """Record and truth of each site."""
    return {name: (sites.load(name), sites.truth(name)) for name in sites.NAMES}


@pytest.fixture(scope="session")
def records(observatory) -> dict[str, xr.Dataset]:
    """What the observatory records at each site."""
    return {name: both[0] for name, both in observatory.items()}


@pytest.fixture(scope="session")
def truths(observatory) -> dict[str, xr.Dataset]:
    """What is true at each site."""
    return {name: both[1] for name, both in observatory.items()}
