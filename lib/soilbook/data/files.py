"""Where observed data lie, what identifies the files read, and their text as numbers and days.

Every error names the file and, where there is one, the row of the first bad cell.
"""

import csv
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
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


def digest(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over names (below ``root``), sizes and contents of files, in order of their names."""
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        line = f"{name} {len(content)} {hashlib.sha256(content).hexdigest()}\n"
        total.update(line.encode())
    return total.hexdigest()


def read_text(path: Path) -> str:
    """Text of a file that must not be empty; DataError if it is absent or empty."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    text = decode(path.read_bytes())
    if not text.strip():
        raise DataError(f"{path}: empty file")
    return text


def decode(content: bytes) -> str:
    """Text of UTF-8, with or without a byte-order mark, whatever its line ends."""
    text = content.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def table(text: str, needed: Sequence[str], where: object, delimiter: str = ",") -> pd.DataFrame:
    """A CSV with a header as text cells; the index is the line number of each row (from 1).

    Blank lines are passed over. Raises DataError if a needed column is absent or a row has more
    or fewer fields than the header.
    """
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    names = [name.strip() for name in lines[0][1]]
    absent = [name for name in needed if name not in names]
    if absent:
        raise DataError(f"{where}: no column {absent[0]!r}; needed: {', '.join(needed)}")
    for line, row in lines:
        if len(row) != len(names):
            raise DataError(f"{where}, row {line}: {len(row)} fields; {len(names)} are needed")
    numbers, rows = zip(*lines[1:], strict=True) if lines[1:] else ((), ())
    return pd.DataFrame(rows, index=numbers, columns=names, dtype=object)


def numbers(cells: np.ndarray, names: Sequence[str], where: object, rows: np.ndarray) -> np.ndarray:
    """Cells (row, column) of text as floats; an empty cell is NaN.

    ``where`` names the file and ``rows`` are its line numbers (from 1). Raises DataError naming
    file, row and column of the first cell that is not a number.
    """
    cells = np.where(cells == "", "nan", cells)
    try:
        return cells.astype(float)
    except ValueError:
        row, column = next(at for at, cell in np.ndenumerate(cells) if not is_number(cell))
        raise DataError(
            f"{where}, row {rows[row]}: {names[column]} is {str(cells[row, column])!r}; "
            "a number is needed"
        ) from None


def is_number(cell: str) -> bool:
    """Whether a cell of text is a number, or a word such as "nan" that stands for one."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def days(texts: Sequence[str], pattern: str, where: object, rows: np.ndarray) -> np.ndarray:
    """Dates of text (``strptime`` pattern) as rising datetime64[D].

    Raises DataError naming file, row and date of the first that is no date, stands twice or is
    out of order.
    """
    parsed = pd.to_datetime(pd.Series(texts, dtype=str), format=pattern, errors="coerce")
    bad = np.flatnonzero(parsed.isna())
    if bad.size:
        raise DataError(
            f"{where}, row {rows[bad[0]]}: {str(texts[bad[0]])!r} is no date; {pattern} is needed"
        )
    result = parsed.to_numpy().astype("datetime64[D]")
    step = np.diff(result).astype(int)
    bad = np.flatnonzero(step <= 0)
    if bad.size:
        row = bad[0] + 1
        kind = "duplicated day" if step[bad[0]] == 0 else "day out of order"
        raise DataError(
            f"{where}, row {rows[row]}: {kind} {result[row]}; days must rise, each once"
        )
    return result


def day(date: object) -> np.datetime64:
    """The day of anything that prints as yyyy-mm-dd: text, date, Timestamp or datetime64."""
    return np.datetime64(str(date)[:10], "D")


def calendar(rising: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every day from first to last, and the values (column, day) with NaN where there were none."""
    complete = np.arange(rising[0], rising[-1] + 1)
    filled = np.full((*values.shape[:-1], complete.size), np.nan)
    filled[..., (rising - rising[0]).astype(int)] = values
    return complete, filled
