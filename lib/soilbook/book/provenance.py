"""What made a page: code, data, device and versions, for its ``provenance.json`` and its stamp; and
how the book, or a page of it, is cited."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from soilbook import __version__
from soilbook import data as room
from soilbook.book import products
from soilbook.book.links import REPOSITORY
from soilbook.data import download
from soilbook.device import find as find_device

BOOK = "soilbook: two soil moisture studies, recomputed"
PACKAGES = (
    "torch numpy pandas xarray scipy scikit-learn statsmodels shap matplotlib papermill".split()
)


def versions() -> dict[str, str]:
    """Versions of Python, soilbook and the packages that results rest on."""
    own = {"python": platform.python_version(), "soilbook": __version__}
    return own | {name: metadata.version(name) for name in PACKAGES}


def commit(folder: Path) -> dict | None:
    """Commit of the checkout that holds ``folder`` and whether files differ from it, or None."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def of_data(values: dict) -> str:
    """Fingerprint of the data behind a chapter's parameters ``data``, ``sites`` and ``seed``.

    Of the twin its code and seed; of observed stations the content of the files read; of a chapter
    that names no sites the ``listing`` of the data folder.
    """
    track = values.get("data", "twin")
    if track != "twin" and "sites" not in values:
        return products.listing(room.folder())
    names = values.get("sites") or room.available(track)
    return room.fingerprint(track, names, seed=values.get("seed", 0))


def fetched(track: str) -> dict:
    """SHA-256 of the manifests of what was fetched from its owners; nothing on the twin."""
    made = {} if track == "twin" else download.manifests(room.folder())
    return {"manifests": made} if made else {}


def device(name: str | None) -> str:
    """The processor in words: the GPU where one is asked for or found, else the CPU's cores.

    Raises as ``device.find``.
    """
    import torch

    found = find_device(name or "auto")
    if found != "cpu":
        return torch.cuda.get_device_name(found)
    return f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads"


def in_words(made: dict) -> dict[str, str]:
    code = made["code"]
    changed = " with uncommitted changes" if code and code["dirty"] else ""
    manifests = made["data"].get("manifests", {})
    told = ", ".join(f"{name} {digest[:16]}" for name, digest in manifests.items())
    fetched = f"; manifests of what was fetched: {told}" if told else ""
    return {
        "chapter": made["chapter"],
        "parameters": ", ".join(f"{name}={value}" for name, value in made["parameters"].items()),
        "data": f"{made['data']['track']}, fingerprint {made['data']['fingerprint'][:16]}{fetched}",
        "code": f"commit {code['commit'][:12]}{changed}" if code else "no version control",
        "versions": ", ".join(f"{name} {number}" for name, number in made["versions"].items()),
        "device": made["device"],
        "date": made["date"],
        "duration": f"{made['duration_s']} s",
    }


def bibtex(commit: dict | None, title: str = "", page: str = "") -> str:
    """BibTeX with version and commit, for the book or its page of that title and name
    (``study/section``); ``commit`` is as ``commit`` returns it."""
    version = f"version {__version__}"
    if commit:
        changed = ", with uncommitted changes" if commit["dirty"] else ""
        version += f", commit {commit['commit'][:12]}{changed}"
    fields = {
        "title": f"{title}. In: {BOOK}" if title else BOOK,
        "author": "{the soilbook authors}",
        "year": "2026",
        "note": version,
    }
    if address := os.environ.get(REPOSITORY):
        fields["url"] = address
    key = "-".join(["soilbook", *filter(None, page.replace("_", "-").split("/"))])
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return "\n".join([f"@misc{{{key},", ",\n".join(lines), "}"])
