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


@pytest.fixture(scope="session")
def made() -> Made:
    faces = continent.grid(), continent.insitu("core"), continent.insitu("sparse")
    return Made(*faces, continent.truth())


@pytest.fixture(scope="session")
def world(made) -> continent.World:
    """What the faces of the continent were made from."""
    return continent.world(0)


@pytest.fixture(scope="session")
def records():
    """What the observatory records at each site."""
    return {name: sites.load(name) for name in sites.NAMES}


@pytest.fixture(scope="session")
def truths(records):
    """What is true at each site."""
    return {name: sites.truth(name) for name in sites.NAMES}
