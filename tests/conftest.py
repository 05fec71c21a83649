"""Fixtures shared by all tests: real observations and the papers' texts, where they are at hand."""

import os
from pathlib import Path

import pytest

NEEDS = {"observed": "SOILBOOK_DATA", "papers": "SOILBOOK_PAPERS"}


def pytest_collection_modifyitems(items):
    """Leave out what needs files that this machine does not have, and say which variable names them."""
    for item in items:
        for marker, variable in NEEDS.items():
            if item.get_closest_marker(marker) and not os.environ.get(variable):
                item.add_marker(pytest.mark.skip(reason=f"{variable} is not set"))


@pytest.fixture(scope="session")
def observed_folder() -> Path:
    """Folder of real observations."""
    return Path(os.environ["SOILBOOK_DATA"]).resolve()


@pytest.fixture(scope="session")
def papers_folder() -> Path:
    """Folder with the papers' texts."""
    return Path(os.environ["SOILBOOK_PAPERS"]).resolve()
