"""Series of made-up sites, shared by the tests of training."""

import pytest
import xarray as xr
from samples import made_up, make_site

from soilbook.training.sequences import Sequences
from soilbook.training.windows import Series, series


@pytest.fixture
def site() -> xr.Dataset:
    """A gap-free site of 400 days."""
    return make_site()


@pytest.fixture(scope="session")
def several() -> list[Series]:
    """Series of three sites, unlike in length and content."""
    sizes = (400, 360, 430)
    return [series(make_site(n, i, f"site {i}"), 0.05) for i, n in enumerate(sizes)]


@pytest.fixture
def sequences() -> Sequences:
    """Six places of 60 days."""
    return Sequences.of(*made_up())
