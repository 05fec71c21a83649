"""Where observed data lie, and what identifies the files that were read."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from soilbook.errors import DataError


def folder() -> Path:
    """Folder of observed data: ``SOILBOOK_DATA``, else ``soilbook/data`` in the user's cache."""
    named = os.environ.get("SOILBOOK_DATA")
    return Path(named) if named else platformdirs.user_cache_path("soilbook") / "data"


def product(root: Path | str | None, name: str) -> Path:
    """Path of one product (``uscrn``, ``ismn``, ...) in the data folder ``root``.

    Raises DataError if the data folder or the product in it is absent.
    """
    root = folder() if root is None else Path(root)
    if not root.is_dir():
        raise DataError(
            f"{root}: no such data folder; set SOILBOOK_DATA to the folder that holds the "
            "observations, or use the twin"
        )
    path = root / name
    if not path.exists():
        raise DataError(f"{path}: not there; the data folder {root} must hold it")
    return path


def read_text(path: Path) -> str:
    """Text of a file that must not be empty; DataError if it is absent or empty."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    text = path.read_text(encoding="utf-8", errors="replace")
    if not text.strip():
        raise DataError(f"{path}: empty file")
    return text


def digest(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over names (below ``root``), sizes and contents of files, in order of their names."""
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        line = f"{name} {len(content)} {hashlib.sha256(content).hexdigest()}\n"
        total.update(line.encode())
    return total.hexdigest()
