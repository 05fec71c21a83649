"""The twin of all sites, made once for the tests that look at it."""

import time

import pytest

from soilbook.data import twin


@pytest.fixture(scope="session")
def made():
    """What the observatory records at each site, seed 0, and the processor time (s) it took."""
    start = time.process_time()
    records = {name: twin.load(name) for name in twin.NAMES}
    return records, time.process_time() - start


@pytest.fixture(scope="session")
def records(made):
    """What the observatory records at each site, seed 0."""
    return made[0]


@pytest.fixture(scope="session")
def truths(made):
    """What is true at each site, seed 0."""
    return {name: twin.truth(name) for name in twin.NAMES}
