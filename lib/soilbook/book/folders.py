"""Folders of results that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soilbook.errors import SoilbookError
from soilbook.store import cannot_write


@contextmanager
def partial(folder: Path) -> Iterator[Path]:
    """A folder beside the results, gone again afterwards unless it was put in place.

    What a killed run left is removed. SoilbookError if the place takes no folder.
    """
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not folder.is_dir():
            raise SoilbookError(f"{folder} is a file where the folder of results has to be")
        for left in folder.parent.glob(f".{folder.name}.*.partial"):
            if not _alive(int(left.name.split(".")[-2])):
                shutil.rmtree(left, ignore_errors=True)
        beside.mkdir()
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def put_in_place(made: Path, folder: Path) -> None:
    """Make a whole folder the result; the one before moves to ``.previous``."""
    previous = folder.with_name(f"{folder.name}.previous")
    try:
        replaced = folder.exists()
        if replaced:
            shutil.rmtree(previous, ignore_errors=True)
            folder.rename(previous)
        try:
            made.rename(folder)
        except OSError:
            if replaced:
                previous.rename(folder)
            raise
        shutil.rmtree(folder.with_name(f"{folder.name}.failed"), ignore_errors=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def keep_failed(made: Path, folder: Path) -> Path:
    """Keep what a failed run made as ``.failed`` beside the results, to be looked at."""
    failed = folder.with_name(f"{folder.name}.failed")
    shutil.rmtree(failed, ignore_errors=True)
    made.rename(failed)
    return failed
