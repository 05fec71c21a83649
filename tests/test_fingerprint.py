"""The code behind a result is found by the program: a change anywhere in it is seen."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import soilbook
from soilbook import fingerprint
from soilbook.fang2019 import hindcast
from soilbook.fang2019 import retrievals as satellite_forecast
from soilbook.fang2019 import runs as prolongation
from soilbook.fang2019 import s3_c_trends as trend_slopes
from soilbook.models import NETWORKS
from soilbook.training.ensemble import train
from soilbook.training.sequence_trainer import train_one
from soilbook.wang2024 import forecasts

MAKERS = (
    forecasts.make,
    hindcast.run,
    prolongation.year_ahead,
    satellite_forecast.run,
    trend_slopes.readings,
    train,
    train_one,
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        Path(soilbook.__file__).parent,
        root / "soilbook",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return root


def sources(root: Path) -> dict[str, Path]:
    """Every module of the copy by its dotted name."""
    found = {}
    for file in root.rglob("*.py"):
        parts = file.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: f"{maker.__module__}.{maker.__name__}")
def test_every_module_behind_a_result_changes_its_key_and_no_other(copy, maker):
    def key() -> dict:
        return fingerprint.closure([maker.__module__], copy)

    before = key()
    assert maker.__module__ in before
    texts = {name: (file, file.read_text()) for name, file in sources(copy).items()}
    behind = {name for name in texts if name in before or f"{name} (around)" in before}
    try:
        for name in texts.keys() - behind:  # all at once: none of them may count
            edit(*texts[name])
        assert key() == before
        for name in behind:
            file, text = texts[name]
            edit(file, text)
            assert key() != before, name
            file.write_text(text)
        assert key() == before
    finally:
        for file, text in texts.values():
            file.write_text(text)


def edit(file: Path, text: str) -> None:
    file.write_text(f"{text}\nedited = True\n")


def test_what_results_are_known_to_rest_on_is_behind_them():
    """Modules that a list kept by hand had missed."""
    forecast = fingerprint.closure([forecasts.make.__module__])
    assert {
        "soilbook.wang2024.forecasts",
        "soilbook.wang2024.experiment",
        "soilbook.models.networks",
    } <= set(forecast)
    ahead = fingerprint.closure([satellite_forecast.run.__module__])
    assert {"soilbook.metrics.scores", "soilbook.training.sequences"} <= set(ahead)
    assert "soilbook.cli" not in forecast and "soilbook.book.page" not in ahead


def test_comments_and_docstrings_do_not_count_and_tables_do(copy):
    before = fingerprint.closure([forecasts.make.__module__], copy)
    file = copy / "soilbook/models/networks.py"
    text = file.read_text()
    file.write_text(f"# a comment\n{text}")
    assert fingerprint.closure([forecasts.make.__module__], copy) == before
    file.write_text(text)
    table = next(copy.rglob("wang2024_table_1.csv"))
    text = table.read_text()
    table.write_text(f"{text}another,row\n")
    assert fingerprint.closure([forecasts.make.__module__], copy) != before
    table.write_text(text)


def test_imports_in_functions_and_relative_ones_are_followed(tmp_path):
    package = tmp_path / "studied"
    (package / "deep").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "one.py": "def make():\n    from .deep import two\n    return two.x",
        "deep/__init__.py": "from . import four",
        "deep/two.py": "from ..three import x",
        "three.py": "x = 1",
        "deep/four.py": "x = 4",
    }.items():
        (package / name).write_text(text)
    found = fingerprint.closure(["studied.one"], tmp_path)
    modules = {name for name in found if not name.endswith("(around)")}
    assert modules == {"studied.one", "studied.deep.two", "studied.three"}


def test_a_network_of_a_readers_own_counts_with_its_code():
    class Mine(NETWORKS["LSTM"]):
        def forward(self, x):
            return 2 * super().forward(x)

    first = Mine

    class Mine(NETWORKS["LSTM"]):
        def forward(self, x):
            return 3 * super().forward(x)

    of = [fingerprint.of_code(partial(one, 4)) for one in (first, Mine, NETWORKS["LSTM"])]
    assert len(set(of)) == 3
    assert fingerprint.of_code(partial(Mine, 5)) != of[1]


def test_one_typed_at_a_prompt_counts_with_its_compiled_code():
    def typed(text: str):
        names = {"__name__": "__main__"}
        exec(text, names)
        return names["make"]

    one, same, other = (typed(f"def make(): return {n}") for n in (1, 1, 2))
    assert fingerprint.of_code(one) == fingerprint.of_code(same) != fingerprint.of_code(other)


def test_arrays_of_equal_bytes_and_other_shapes_differ():
    values = np.arange(6.0)
    digests = [
        fingerprint.of_arrays(*arrays)
        for arrays in ((values,), (values.reshape(2, 3),), (values.astype(int),), (values + 1,))
    ]
    assert len(set(digests)) == 4
    assert fingerprint.of_arrays(values.reshape(2, 3).T) == fingerprint.of_arrays(
        np.ascontiguousarray(values.reshape(2, 3).T)
    )
