"""One store for the tests of study 2."""

import pytest

from soilbook.store import Store


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    """A store of this session's own."""
    return Store(tmp_path_factory.mktemp("store"))
