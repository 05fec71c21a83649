"""How the book, or a page of it, is cited: BibTeX with version and commit."""

import os

from soilbook import __version__

REPOSITORY = "SOILBOOK_REPOSITORY"  # environment: address of the repository, for links and buttons
BOOK = "soilbook: two soil moisture studies, recomputed"


def bibtex(commit: dict | None, title: str = "", page: str = "") -> str:
    """An entry for the book, or for the page of that title and name (``study/section``).

    ``commit`` is what ``provenance.commit`` returns; without one the version alone is told.
    """
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
