"""Fixtures shared by all tests: real observations and the papers' texts, where they are at hand."""

import gc
import os

if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes: a core each, set before torch
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from soilbook.store import Store

NEEDS = {"observed": "SOILBOOK_DATA", "papers": "SOILBOOK_PAPERS"}
HERE = Path(__file__).parent
WHOLE = ("twin",)  # folders whose files share what takes long to make
LONG = (*WHOLE, "wang2024", "book", "training")  # folders that begin, so that no process is late


def pytest_itemcollected(item):
    """With several processes, keep tests together that share what they prepare. xdist reads the
    groups as soon as all tests are collected, before ``pytest_collection_modifyitems``."""
    file = item.path.relative_to(HERE)
    group = file.parts[0] if file.parts[0] in WHOLE else file.as_posix()
    item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_modifyitems(items):
    """Leave out what needs files that this machine lacks, and say which variable names them."""
    for item in items:
        for marker, variable in NEEDS.items():
            if item.get_closest_marker(marker) and not os.environ.get(variable):
                item.add_marker(pytest.mark.skip(reason=f"{variable} is not set"))
    items.sort(key=lambda item: _rank(item.path.relative_to(HERE).parts[0]))


def pytest_collection_finish():
    """What stays to the end, modules and tests, is not looked through at every collection."""
    gc.collect()
    gc.freeze()


def _rank(folder: str) -> int:
    return LONG.index(folder) if folder in LONG else len(LONG)


@pytest.fixture(scope="session")
def observed_folder() -> Path:
    """Folder of real observations."""
    return Path(os.environ["SOILBOOK_DATA"]).resolve()


@pytest.fixture(scope="session")
def papers_folder() -> Path:
    """Folder with the papers' texts."""
    return Path(os.environ["SOILBOOK_PAPERS"]).resolve()


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    """A store of this session's own."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def made():
    """Make scores of study 1 by hand: ``made({model: r2}, n_sites=8, noise=0.001)``."""
    return _made


def _made(levels: dict[str, float], n_sites: int = 8, noise: float = 0.001) -> xr.Dataset:
    """Scores in which every model has one R2 everywhere, up to small noise between sites."""
    random = np.random.default_rng(0)
    names = list(levels)
    shape = (len(names), n_sites, 5, 3, 2)
    site_r2 = np.array(list(levels.values())).reshape(-1, 1, 1, 1, 1) + noise * random.normal(
        size=shape
    )
    dims = ("model", "site", "depth", "lead", "reading")
    cost = np.full((len(names), 1, n_sites, 5), np.nan)
    for i, name in enumerate(names):
        if name not in ("persistence", "climatology"):
            cost[i] = 10 * (i + 1)
    mean = site_r2.mean(1)
    means = ("model", "depth", "lead", "reading")
    return xr.Dataset(
        {
            "site_r2": (dims, site_r2),
            "site_rmse": (dims, 0.1 * (1 - site_r2)),
            "r2": (means, mean),
            "r2_low": (means, mean - 0.01),
            "r2_high": (means, mean + 0.01),
            "rmse": (means, 0.1 * (1 - mean)),
            "n_sites": ("depth", np.full(5, n_sites)),
            "n_repetitions": ("model", np.ones(len(names), dtype=int)),
            "epochs_to_convergence": (("model", "repetition", "site", "depth"), cost),
            "seconds_per_100_epochs": (("model", "repetition", "site", "depth"), cost),
            "seconds_alone": (("model", "turn"), cost[:, 0, :, 0]),
        },
        coords={
            "model": names,
            "site": [f"site-{i}" for i in range(n_sites)],
            "depth": [0.05, 0.1, 0.2, 0.5, 1.0],
            "lead": [1, 3, 7],
            "reading": ["pooled", "at_lead"],
        },
    )
