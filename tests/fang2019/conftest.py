"""A store of its own for the tests of each file of study 2, and networks that train in no time."""

import pytest

from soilbook.fang2019 import runs


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory):
    """Results are kept in a folder of this file's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOILBOOK_CACHE", str(tmp_path_factory.mktemp("store")))
        yield


@pytest.fixture(scope="module", autouse=True)
def small():
    """Our methods and the paper's with fewer hidden units."""
    with pytest.MonkeyPatch.context() as patch:
        for name, method in runs.METHODS.items():
            patch.setitem(runs.METHODS, name, method.but(n_hidden=8))
        yield
