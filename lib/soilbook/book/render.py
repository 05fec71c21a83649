"""Render the executed chapters and the prose; nothing where the last pages still stand."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from soilbook.store import write

EXECUTED = Path("book/executed")
SETTINGS = ("_toc.yml", "_config.yml")
RECORD = Path("_build/soilbook.json")
PROGRAM = "from jupyter_book.cli.main import main; main()"
COMMAND = ("-c", PROGRAM, "build", ".", "--all", "-W", "-n", "--keep-going")


def render(base: Path, say=print) -> int:
    """Render with warnings as errors from a clean _build, unless the last pages still stand."""
    index = base / "_build/html/index.html"
    sources = _sources(base)
    if _stands(base, sources):
        say(f"nothing changed: {index}")
        return 0
    shutil.rmtree(base / "_build", ignore_errors=True)
    code = subprocess.run([sys.executable, *COMMAND], cwd=base).returncode
    if code == 0:
        record = {"sources": sources, "pages": _pages(base)}
        write(base / RECORD, json.dumps(record).encode())
        say(f"the book: {index}")
    return code


def _sources(base: Path) -> str:
    """Fingerprint of everything that jupyter-book reads."""
    files = [base / name for name in SETTINGS if (base / name).is_file()]
    own = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return content_fingerprint(base / "book", str(own), leave_out=base / EXECUTED)


def content_fingerprint(folder: Path, start: str = "", leave_out: Path | None = None) -> str:
    """Fingerprint of all files below a folder; without the records of runs in ``leave_out``."""
    total = hashlib.sha256(start.encode())
    for file in sorted(folder.rglob("*")):
        record = file.suffix == ".json" and leave_out in file.parents
        if file.is_file() and not record:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"{file.relative_to(folder).as_posix()} {content}\n".encode())
    return total.hexdigest()


def _pages(base: Path) -> dict[str, int]:
    folder = base / "_build/html"
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def _stands(base: Path, sources: str) -> bool:
    try:
        record = json.loads((base / RECORD).read_text())
    except (OSError, ValueError):
        return False
    return record == {"sources": sources, "pages": _pages(base)} and bool(record["pages"])
