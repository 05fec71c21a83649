"""Where a result comes from: commit, versions, parameters, data, device, time."""

import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from soilbook import __version__
from soilbook.device import find as find_device

PACKAGES = (
    "torch",
    "numpy",
    "pandas",
    "xarray",
    "scipy",
    "scikit-learn",
    "statsmodels",
    "shap",
    "matplotlib",
    "papermill",
)


def versions() -> dict[str, str]:
    """Versions of Python, soilbook and the packages that results rest on, where installed."""
    found = {"python": platform.python_version(), "soilbook": __version__}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit(folder: Path) -> dict | None:
    """Commit of the checkout that holds ``folder`` and whether files differ from it, or None."""
    try:
        head = _git(folder, "rev-parse", "HEAD").strip()
        return {"commit": head, "dirty": bool(_git(folder, "status", "--porcelain").strip())}
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def of_data(values: dict) -> str:
    """Fingerprint of the data behind a chapter's parameters ``data``, ``sites`` and ``seed``.

    Of the twin its code and seed; of observed stations the content of the files read; of a chapter
    that names no sites the ``listing`` of the data folder.
    """
    from soilbook import data

    track = values.get("data", "twin")
    if track == "observed" and "sites" not in values:
        return listing(data.folder())
    names = values.get("sites") or data.available(track)
    return data.fingerprint(track, names, seed=values.get("seed", 0))


def listing(folder: Path, times: bool = False) -> str:
    """Fingerprint of names and sizes of all files below a folder; with ``times`` of dates as well.

    Dates differ between machines, but tell of any change on one without reading the files.
    """
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = file.stat()
        line = f"{file.relative_to(folder).as_posix()} {status.st_size}"
        total.update(f"{line} {status.st_mtime_ns if times else ''}\n".encode())
    return total.hexdigest()


def device(name: str | None) -> str:
    """The processor in words: the GPU where one is asked for or found, else the CPU's cores.

    Raises as ``device.find``.
    """
    import torch

    found = find_device(name or "auto")
    if found != "cpu":
        return torch.cuda.get_device_name(found)
    return f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
