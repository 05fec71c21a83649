"""The twin of study 2, made once for the tests that look at it."""

import time
from typing import NamedTuple

import pytest
import xarray as xr

from soilbook.data import twin_smap
from soilbook.data.twin_smap import datasets


class Made(NamedTuple):
    """The three faces of the twin, seed 0, and the processor time (s) that they took."""

    grid: xr.Dataset
    core: xr.Dataset
    sparse: xr.Dataset
    truth: xr.Dataset
    seconds: float


@pytest.fixture(scope="session")
def made() -> Made:
    start = time.process_time()
    faces = twin_smap.grid(), twin_smap.insitu("core"), twin_smap.insitu("sparse")
    return Made(*faces, twin_smap.truth(), time.process_time() - start)


@pytest.fixture(scope="session")
def world(made) -> datasets.World:
    """What the faces were made from."""
    return datasets.world(0)
