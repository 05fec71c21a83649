"""Where observed data lie, what identifies the files read, their text as numbers and days, and
what is fetched from their owners.

Every error names the file and, where there is one, the row of the first bad cell.
"""

import csv
import glob
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import platformdirs

from soilbook.errors import DataError

# No record is older or younger: an hour or day of another year is a slip.
YEARS = (1900, 2100)
Folder = Path | str | None  # of data; None is the one that ``folder`` names
SAME_PLACE = 0.1  # degrees; what the positions of one station may differ by
# What float() takes for part of a number and no table means: 1_000, or digits of other scripts.
STRANGE = re.compile(r"[^-+.0-9eE nNaAiIfFtTyY]")


@dataclass(frozen=True)
class File:
    """One file: its path below the data folder, its address, and ``check(path)``, which raises
    DataError for anything but what was asked for.

    ``size`` (bytes) is an estimate, or the owner's own figure where ``md5`` is given as well;
    ``changing`` marks what its owner still writes.
    """

    path: str
    address: str
    check: Callable[[Path], object]
    size: int = 0
    md5: str | None = None
    changing: bool = False


@dataclass(frozen=True)
class Plan:
    """What is fetched of a product, at least ``pace`` seconds apart.

    ``answer`` (s) is what the owner needs for one, ``headers()`` gives credentials when they are
    needed, and ``account`` says what to do where they are refused.
    """

    product: str
    files: tuple[File, ...]
    pace: float
    answer: float = 0.3
    headers: Callable[[], Mapping[str, str]] = dict
    account: str = ""


def folder() -> Path:
    """Folder of observed data: ``SOILBOOK_DATA``, else ``soilbook/data`` in the user's cache."""
    named = os.environ.get("SOILBOOK_DATA")
    return Path(named) if named else platformdirs.user_cache_path("soilbook") / "data"


def product(root: Folder, name: str) -> Path:
    """Path of one product (``uscrn``, ``ismn``, ...) in the data folder ``root``.

    Raises DataError if the data folder or the product in it is absent.
    """
    root = folder() if root is None else Path(root)
    if not root.is_dir():
        raise DataError(
            f"{root}: no such data folder; set SOILBOOK_DATA to the folder that holds the "
            "observations, or use the twin"
        )
    path = there(root / name)
    if not path.exists():
        raise DataError(f"{path}: not there; the data folder {root} must hold it")
    return path


def digest(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over names (below ``root``), sizes and contents of files, in order of their names."""
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        content = path.read_bytes()
        inside = path.is_relative_to(root)  # a file of one's own lies anywhere
        name = path.relative_to(root).as_posix() if inside else path.name
        line = f"{name} {len(content)} {hashlib.sha256(content).hexdigest()}\n"
        total.update(line.encode())
    return total.hexdigest()


def matching(root: Path, pattern: str) -> list[Path]:
    """Paths below ``root`` like the pattern, whatever the case of its ending, sorted."""
    stem, dot, ending = pattern.rpartition(".")
    if not dot:
        return sorted(root.glob(pattern))
    either = "".join(f"[{one.lower()}{one.upper()}]" if one.isalpha() else one for one in ending)
    return sorted(root.glob(f"{stem}.{either}"))


def there(path: Path) -> Path:
    """The path itself, or the file of the same name whose ending has other cases, as ``.CSV``."""
    if path.exists():
        return path
    return next(iter(matching(path.parent, glob.escape(path.name))), path)


def read_text(path: Path) -> str:
    """Text of a file; DataError if it is absent, empty or no text."""
    path = there(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    text = decode(path.read_bytes(), path)
    if not text.strip():
        raise DataError(f"{path}: empty file")
    return text


def decode(content: bytes, where: object) -> str:
    """Text of UTF-8, with or without byte-order marks at its start, whatever its line ends.

    Raises DataError naming the row of a zero byte, which no text has, but numbers in binary do.
    """
    text = content.decode("utf-8", errors="replace").lstrip("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    before, zero, _ = text.partition("\0")
    if zero:
        row = before.count("\n") + 1
        raise DataError(f"{where}, row {row}: a zero byte; text in UTF-8 is needed")
    return text


def table(text: str, needed: Sequence[str], where: object, delimiter: str = ",") -> pd.DataFrame:
    """A CSV with a header as text cells; the index is the line number of each row (from 1).

    Blank lines are passed over. Raises DataError if a needed column is absent or stands twice, a
    row has more or fewer fields than the header, or quotation marks do not close in their line.
    """
    rows = {}
    try:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.replace(delimiter, "").strip():
                rows[number] = next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DataError(f"{where}, row {number}: {error}") from None
    names = [name.strip() for name in next(iter(rows.values()), [])]
    for name in needed:
        if names.count(name) != 1:
            kind = "more than one" if name in names else "no"
            raise DataError(f"{where}: {kind} column {name!r}; needed: {', '.join(needed)}")
    for number, row in rows.items():
        if len(row) != len(names):
            raise DataError(f"{where}, row {number}: {len(row)} fields; {len(names)} are needed")
    return pd.DataFrame(rows.values(), index=list(rows), columns=names, dtype=object).iloc[1:]


def numbers(cells: np.ndarray, names: Sequence[str], where: object, rows: np.ndarray) -> np.ndarray:
    """Cells (row, column) of text as floats; an empty cell is NaN.

    ``where`` names the file and ``rows`` are its line numbers (from 1). Raises DataError naming
    file, row and column of the first cell that is not a number.
    """
    cells = np.where(cells == "", "nan", cells)
    if STRANGE.search("".join(cells.ravel().tolist())) is None:
        try:
            return cells.astype(float)
        except ValueError:
            pass
    row, column = next(at for at, cell in np.ndenumerate(cells) if not is_number(cell))
    raise DataError(
        f"{where}, row {rows[row]}: {names[column]} is {str(cells[row, column])!r}; "
        "a number is needed"
    )


def refuse(
    bad: np.ndarray, where: object, says: Callable[[int], str], rows: Sequence | None = None
) -> None:
    """Raise DataError at the first True of ``bad``: file, row and what ``says`` of its index.

    ``rows`` are the numbers of the rows, by default from 1.
    """
    for k in np.flatnonzero(bad)[:1].tolist():
        raise DataError(f"{where}, row {k + 1 if rows is None else rows[k]}: {says(k)}")


def is_number(cell: str) -> bool:
    """Whether a cell of text is a number, or a word such as "nan" that stands for one."""
    try:
        float(cell)
    except ValueError:
        return False
    return STRANGE.search(cell) is None


def times(
    texts: Sequence[str], pattern: str, where: object, rows: Sequence, unit: str = "D"
) -> np.ndarray:
    """Times of text (``strptime`` pattern) as rising datetime64, days or minutes ("m").

    Raises DataError naming file, row and time of the first that is none of ``YEARS``, stands twice
    or is out of order.
    """
    kind = {"D": "day", "m": "hour"}[unit]
    texts = pd.Series(texts, dtype=str)
    parsed = pd.to_datetime(texts, format=pattern, errors="coerce")
    length = len(pd.Timestamp(0).strftime(pattern))  # strptime also takes 2012-1-1
    known = parsed.dt.year.between(*YEARS) & (texts.str.len() == length)
    needed = f"{pattern} in the years {YEARS[0]} to {YEARS[1]} is needed"
    refuse(~known, where, lambda k: f"{texts[k]!r} is no {kind}; {needed}", rows)
    result = parsed.to_numpy().astype(f"datetime64[{unit}]")
    step = np.diff(result, prepend=result[:1] - 1).astype(int)

    def says(k: int) -> str:
        fault = f"duplicated {kind}" if step[k] == 0 else f"{kind} out of order"
        return f"{fault} {result[k]}; {kind}s must rise, each once"

    refuse(step <= 0, where, says, rows)
    return result


def check_place(latitude: float, longitude: float, where: object) -> None:
    """Raise DataError for a position (degrees) that is not on Earth; NaN passes as not known."""
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise DataError(
            f"{where}: position {latitude:g}, {longitude:g}; a latitude of -90 to 90 and a "
            "longitude of -180 to 180 are needed"
        )


def day(date: object) -> np.datetime64:
    """The day of anything that prints as yyyy-mm-dd: text, date, Timestamp or datetime64."""
    return np.datetime64(str(date)[:10], "D")


def calendar(rising: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every day from first to last, and the values (column, day) with NaN where there were none."""
    complete = np.arange(rising[0], rising[-1] + 1)
    filled = np.full((*values.shape[:-1], complete.size), np.nan)
    filled[..., (rising - rising[0]).astype(int)] = values
    return complete, filled
