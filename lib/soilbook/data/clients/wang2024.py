"""The authors' own data and programs of study 1, from Zenodo, checked by Zenodo's MD5."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from soilbook.data import archive, files
from soilbook.data.clients.download import Client, File, Plan
from soilbook.errors import DataError, ParameterError

RECORD = "https://zenodo.org/api/records/10060492"
PACE = 1.0


def plan(root: Path, names: Iterable[str], start=None, end=None) -> Plan:
    """All files of the record, which is asked for its list first.

    Raises ParameterError where a choice is asked for, DataError for a list of another form.
    """
    if list(names) or start or end:
        raise ParameterError("wang2024 comes whole: no --sites, --from and --to")
    content = Client(PACE).read(RECORD)
    try:
        listed = json.loads(content)["files"]
        made = tuple(_file(entry) for entry in listed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{RECORD}: not the list of files that was expected ({type(error).__name__})"
        ) from None
    if not made:
        raise DataError(f"{RECORD}: no files")
    return Plan("wang2024", made, PACE)


def _file(entry: dict) -> File:
    """One entry; Zenodo has two spellings of its fields."""
    name = entry.get("key") or entry["filename"]
    if Path(name).name != name or name.startswith("."):
        raise ValueError(name)
    size = int(entry["size"] if "size" in entry else entry["filesize"])
    md5 = entry["checksum"].removeprefix("md5:")
    # The address of the content, so that none that an answer names is followed.
    return File(f"{archive.FOLDER}/{name}", f"{RECORD}/files/{name}/content", _check, size, md5)


def _check(path: Path) -> None:
    """A zip can be opened and a table is text; what else the record has is kept as it is."""
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        raise DataError(f"{path}: no zip")
    if path.suffix == ".csv":
        files.read_text(path)
