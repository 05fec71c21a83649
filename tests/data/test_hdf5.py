"""Files in which libhdf5 loops for ever or ends the process are named, and the next one is read."""

import os
import subprocess
import sys
import textwrap
import time

import h5py
import numpy as np
import psutil
import pytest

from soilbook.data import hdf5
from soilbook.errors import DataError


def write(path):
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(6.0)
        file["x"].attrs["units"] = "m s-1"
        file.create_dataset("y", data=np.arange(600.0), chunks=(60,), compression="gzip")
    return path


def without_end(path):
    """The same, but the free room in its heap of texts (global heap, section III.E of the HDF5
    file format) seems smaller than it is: what follows are objects without a length."""
    content = bytearray(write(path).read_bytes())
    at = content.index(b"GCOL") + 16
    while int.from_bytes(content[at : at + 2], "little"):
        at += 16 + -(-int.from_bytes(content[at + 8 : at + 16], "little") // 8) * 8
    room = int.from_bytes(content[at + 8 : at + 16], "little")
    content[at + 8 : at + 16] = (room - 1024).to_bytes(8, "little")
    path.write_bytes(content)
    return path


@pytest.fixture(autouse=True)
def own_child(monkeypatch):
    """A child for each test, and memory of no file."""
    monkeypatch.setattr(hdf5, "_seen", set())
    hdf5._child.cache_clear()
    yield
    hdf5._child(os.getpid()).kill()
    hdf5._child(os.getpid()).communicate()
    hdf5._child.cache_clear()


def test_a_file_without_end_is_named_and_the_next_one_read(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "LIMIT", 1)
    bad, good = without_end(tmp_path / "bad.nc"), write(tmp_path / "good.nc")
    for _ in range(2):
        with pytest.raises(DataError, match=r"bad\.nc: damaged; it cannot be read") as caught:
            hdf5.read(bad, ["x"])
        assert "\n" not in str(caught.value)
        assert hdf5.read(good, ["x"])["x"].units == "m s-1"


def test_the_limit_is_for_one_file_and_not_for_all(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "LIMIT", 1)
    old = "    with contextlib.suppress(Exception)"
    work = """
    end = time.process_time() + 0.9
    while time.process_time() < end:
        pass
"""
    slow = hdf5.CHILD.replace(old, work + old)
    assert slow != hdf5.CHILD
    monkeypatch.setattr(hdf5, "CHILD", slow)
    for name in "ab":
        hdf5.read(write(tmp_path / f"{name}.nc"), ["x"])


def test_the_file_without_end_is_one(tmp_path):
    """The control: in a process of its own the reader's library does not come back."""
    code = "import h5py, sys; print(h5py.File(sys.argv[1])['x'].attrs['units'])"
    bad = without_end(tmp_path / "bad.nc")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", code, bad], timeout=2)


def test_a_file_that_ends_the_process_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "a.nc")
    deadly = hdf5.CHILD.replace("with contextlib", "os._exit(11)\n    with contextlib")
    monkeypatch.setattr(hdf5, "CHILD", deadly)
    with pytest.raises(DataError, match=r"a\.nc: damaged"):
        hdf5.read(path, ["x"])


def test_a_file_is_looked_at_once_until_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "LIMIT", 1)
    path = write(tmp_path / "a b ü.nc")
    hdf5.read(path, ["x"])
    child = hdf5._child(os.getpid())
    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(child.stdin, "flush", lambda: asked.append(1))
        hdf5.read(path, ["y"])
    assert not asked
    os.utime(without_end(path), (time.time() + 5, time.time() + 5))
    with pytest.raises(DataError, match="damaged"):
        hdf5.read(path, ["y"])


def test_another_child_takes_the_place_of_one_that_was_ended(tmp_path):
    hdf5.read(write(tmp_path / "a.nc"), ["x"])
    hdf5._child(os.getpid()).terminate()  # SIGINT may be ignored, as in the background
    hdf5._child(os.getpid()).wait()
    hdf5.read(write(tmp_path / "b.nc"), ["x"])


def test_the_child_ends_with_its_parent(tmp_path):
    path = write(tmp_path / "a.nc")
    code = f"""
        import os
        from pathlib import Path
        from soilbook.data import hdf5
        hdf5.look(Path({str(path)!r}))
        print(hdf5._child(os.getpid()).pid, flush=True)
        os.kill(os.getpid(), 9)
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    child = int(found.stdout)
    _, alive = psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], 10)
    assert not alive
