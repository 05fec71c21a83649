"""Results by content: found again when equal, noticed when damaged, never half-written."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import xarray as xr

from soilbook.errors import SoilbookError
from soilbook.store import Store, canonical, remove_tagged, tagged_folder, write


def result(value: float = 1.0) -> xr.Dataset:
    time = np.datetime64("2020-01-01", "ns") + np.arange(400) * np.timedelta64(1, "D")
    moisture = np.linspace(0, value, 800, dtype="float32").reshape(2, 400)
    moisture[0, 3] = np.nan
    return xr.Dataset(
        {
            "sm": (("model", "time"), moisture, {"units": "m3 m-3"}),
            "epoch": ("model", np.array([3, 40])),
        },
        {"time": time, "model": ["LSTM", "1D-CNN"], "site": "Kingston-1-W"},
        {"track": "twin"},
    )


def entries(store: Store) -> list[str]:
    return sorted(file.name for file in store.folder.rglob("*") if file.is_file())


@contextmanager
def largest_file(size: int):
    """No file may grow beyond ``size`` bytes: the write fails half-way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_returns_the_same_dataset(tmp_path):
    store = Store(tmp_path)
    assert store.get({"model": "LSTM"}) is None and not store.has({"model": "LSTM"})
    store.put({"model": "LSTM"}, result())
    assert store.has({"model": "LSTM"})
    again = Store(tmp_path).get({"model": "LSTM"})
    xr.testing.assert_identical(again, result())
    assert again["sm"].dtype == "float32"


def test_keys_are_equal_by_content_not_by_order_or_kind_of_number():
    @dataclass
    class Profile:
        epochs: int

    one = {"a": (1, 2), "b": np.float64(0.5), "c": Profile(3)}
    other = {"c": {"epochs": 3}, "b": 0.5, "a": np.array([1, 2])}
    assert canonical(one) == canonical(other)
    assert canonical({"a": 1}) != canonical({"a": 2})
    with pytest.raises(TypeError, match="object"):
        canonical({"a": object()})


def test_sidecar_tells_what_made_the_result(tmp_path):
    store = Store(tmp_path)
    file = store.put({"model": "LSTM", "depth": 0.05}, result())
    (sidecar,) = tmp_path.rglob("*.json")
    entry = json.loads(sidecar.read_text())
    assert entry["key"] == {"model": "LSTM", "depth": 0.05}
    assert entry["file"] == file.name and entry["soilbook"] and entry["created"]


@pytest.mark.parametrize("damage", ["truncated", "changed", "absent", "sidecar"])
def test_damaged_result_is_noticed_and_made_again(tmp_path, damage):
    store = Store(tmp_path)
    key = {"model": "LSTM"}
    file = store.put(key, result())
    (sidecar,) = tmp_path.rglob("*.json")
    content = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        file.write_bytes(content[:900] + bytes([content[900] ^ 1]) + content[901:])
    elif damage == "absent":
        file.unlink()
    else:
        sidecar.write_text(sidecar.read_text()[:40])
    with pytest.warns(UserWarning, match=r"damaged result in the store, made again: .*\.json"):
        assert store.get(key) is None
    store.put(key, result())
    xr.testing.assert_identical(store.get(key), result())


def test_write_that_stops_half_way_leaves_nothing(tmp_path):
    store = Store(tmp_path)
    noise = xr.Dataset({"x": ("i", np.random.default_rng(0).normal(size=10_000))})
    store.put({"n": 1}, result())
    before = entries(store)
    with largest_file(20_000), pytest.raises(SoilbookError, match=r"cannot write .*File too large"):
        store.put({"n": 2}, noise)
    assert entries(store) == before
    assert store.get({"n": 2}) is None
    xr.testing.assert_identical(store.get({"n": 1}), result())


def test_full_disk_is_one_line_and_keeps_the_earlier_file(tmp_path, monkeypatch):
    file = tmp_path / "table_3.csv"
    write(file, b"good")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        SoilbookError, match=r"cannot write .*table_3\.csv: No space left on device"
    ):
        write(file, b"half")
    assert file.read_bytes() == b"good"
    assert [one.name for one in tmp_path.iterdir()] == ["table_3.csv"]


def test_folder_that_takes_no_file_is_one_line(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(SoilbookError, match=r"cannot write .*cache"):
        Store(tmp_path / "cache").put({"n": 1}, result())


def test_workers_that_finish_the_same_result_leave_one_whole_one(tmp_path):
    store = Store(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: store.put({"n": i % 2}, result(1 + i % 3)), range(24)))
    for n in (0, 1):
        assert float(store.get({"n": n})["sm"].max()) in (1.0, 2.0, 3.0)
    assert not [name for name in entries(store) if name.startswith(".")]


def test_a_killed_writer_leaves_an_absent_result(tmp_path):
    """Killed between the two files, the sidecar is missing, so the result is not there."""
    program = (
        "import os, signal, sys, soilbook.store as s, xarray as xr\n"
        "real = s.write\n"
        "def once(file, content):\n"
        "    real(file, content)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "s.write = once\n"
        "s.Store(sys.argv[1]).put({'n': 1}, xr.Dataset({'x': 1}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True)
    assert done.returncode == -9
    store = Store(tmp_path)
    assert entries(store) and store.get({"n": 1}) is None
    store.put({"n": 1}, xr.Dataset({"x": 1}))
    assert store.get({"n": 1})["x"] == 1


def test_default_folder_is_the_named_one(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "mine"))
    assert Store().folder == tmp_path / "mine/results"
    monkeypatch.delenv("SOILBOOK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Store().folder == Path(platformdirs.user_cache_dir("soilbook")) / "results"
    assert Store(tmp_path / "here").folder == tmp_path / "here"


def age(folder: Path, hours: float) -> None:
    """Make all files below a folder older, in what the sidecars say as well."""
    then = datetime.now(UTC) - timedelta(hours=hours)
    for file in filter(Path.is_file, folder.rglob("*")):
        if file.suffix == ".json":
            told = json.loads(file.read_text()) | {"created": then.isoformat()}
            file.write_text(json.dumps(told))
        os.utime(file, (then.timestamp(), then.timestamp()))


def test_entries_tell_kind_age_and_size_the_oldest_first(tmp_path):
    store = Store(tmp_path)
    assert store.entries() == []
    store.put({"kind": "forecast"}, result())
    age(tmp_path, hours=3)
    file = store.put({"kind": "training", "n": 1}, result())
    first, second = store.entries()
    assert (first.kind, second.kind) == ("forecast", "training")
    assert 2.9 < (second.created - first.created).total_seconds() / 3600 < 3.1
    assert second.size == file.stat().st_size + second.files[0].stat().st_size
    second.files[0].write_text("{")
    assert [entry.kind for entry in store.entries()] == ["forecast", "damaged"]


def test_only_what_is_older_is_removed_and_the_rest_still_serves(tmp_path):
    store = Store(tmp_path)
    for n in range(3):
        store.put({"n": n}, result())
    size = sum(file.stat().st_size for file in tmp_path.rglob("*.*"))
    age(tmp_path, hours=50)
    store.put({"n": 3}, result())
    assert store.remove(datetime.now(UTC) - timedelta(days=3)) == (0, 0)
    count, freed = store.remove(datetime.now(UTC) - timedelta(days=2))
    assert count == 3 and abs(freed - size) < 300  # the test has written the sidecars anew
    assert store.get({"n": 0}) is None and store.get({"n": 3}) is not None
    assert len(entries(store)) == 2


def test_nothing_goes_that_a_store_does_not_make_or_that_may_be_in_use(tmp_path):
    store = Store(tmp_path)
    file = store.put({"n": 1}, result())
    foreign = [file.with_name("thesis.nc"), tmp_path / "data.csv", tmp_path / "ab/notes.json"]
    foreign += [tmp_path / "results" / file.name, tmp_path / "rates/readme.md"]
    in_use = [file.with_name("0123456789abcdef-0123456789abcdef.nc")]
    in_use += [file.with_name(f"{'0' * 64}.lock"), file.with_name(f".{'0' * 16}-x.json-tmp")]
    for one in [*foreign, *in_use]:
        one.parent.mkdir(exist_ok=True)
        one.write_text("x")
    (tmp_path / "rates/LSTM.json").write_text("{}")
    assert store.remove()[0] == 1
    left = {one for one in tmp_path.rglob("*") if one.is_file()}
    assert left == {*foreign, *in_use}
    for one in left:
        os.utime(one, (0, 0))
    store.remove()  # what a killed run left is not in use for ever
    assert {one for one in tmp_path.rglob("*") if one.is_file()} == {*foreign}


def test_only_a_folder_with_our_tag_is_removed_whole(tmp_path):
    folder = tagged_folder(tmp_path / "a/compiled")
    (folder / "x").write_text("12345")
    assert tagged_folder(folder) == folder
    assert remove_tagged(folder) > 5 and not folder.exists()
    assert remove_tagged(folder) == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/x").write_text("12345")
    assert remove_tagged(tagged_folder(tmp_path / "mine")) == 0  # that was there before
    assert (tmp_path / "mine/x").exists()
    with pytest.raises(SoilbookError, match="cannot write"):
        tagged_folder(tmp_path / "mine/x/compiled")


def test_an_emptied_store_leaves_no_folder_and_an_absent_one_is_no_error(tmp_path):
    store = Store(tmp_path / "store")
    assert store.remove() == (0, 0)
    store.put({"n": 1}, result())
    store.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_first_run_gets_what_a_second_one_gets(tmp_path):
    """Also the order of an array in memory, on which the last digits of its sums depend."""
    order = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    made = [
        Store(tmp_path).made({"a": 1}, lambda: xr.Dataset({"sm": (("x", "y"), order)}))
        for _ in range(2)
    ]
    assert made[0]["sm"].values.strides == made[1]["sm"].values.strides != order.strides


def test_changed_code_makes_a_result_anew(tmp_path):
    """The function that makes a result is in its key, without being named by the caller."""
    key = {"model": "LSTM"}
    first = Store(tmp_path).made(key, lambda: result(1.0))
    xr.testing.assert_identical(first, Store(tmp_path).made(key, lambda: result(1.0)))
    assert Store(tmp_path).made(key, lambda: result(3.0))["sm"].max() == 3


def test_what_several_want_at_once_is_made_once(tmp_path):
    made = []

    def make() -> xr.Dataset:
        made.append(1)
        time.sleep(0.2)
        return result()

    with ThreadPoolExecutor(4) as pool:
        wanted = [pool.submit(Store(tmp_path).made, {"model": "LSTM"}, make) for _ in range(4)]
        for one in wanted:
            xr.testing.assert_identical(one.result(), result())
    assert len(made) == 1
    assert Store(tmp_path).made({"model": "GRU"}, lambda: result(2.0))["sm"].max() == 2


KILLED = """
import os, signal, sys
from soilbook.store import Store
Store(sys.argv[1]).made({"model": "LSTM"}, lambda: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_one_killed_while_making_leaves_the_place_free(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert killed.returncode == -signal.SIGKILL
    xr.testing.assert_identical(Store(tmp_path).made({"model": "LSTM"}, result), result())


def test_an_error_in_making_leaves_the_place_free(tmp_path):
    with pytest.raises(ZeroDivisionError):
        Store(tmp_path).made({"model": "LSTM"}, lambda: 1 / 0)
    xr.testing.assert_identical(Store(tmp_path).made({"model": "LSTM"}, result), result())
