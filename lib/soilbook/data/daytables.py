"""Tables without header, a row a place and a column a day, and the list of those days."""

from pathlib import Path

import numpy as np

from soilbook.data import files, parse
from soilbook.errors import DataError


def table(path: Path, rows: int | None, columns: int, dtype=np.float32) -> np.ndarray:
    """Numbers (row, column) of a CSV file without header; ``rows`` None takes any number.

    Raises DataError naming file and row (from 1) where the shape is another or a cell is no
    finite number.
    """
    text = files.read_text(path)
    lines = text.splitlines()
    if rows is not None and len(lines) != rows:
        raise DataError(f"{path}: {len(lines)} rows; {rows} are needed")
    try:
        values = np.loadtxt(lines, delimiter=",", dtype=dtype, ndmin=2, comments=None)
    except ValueError:
        raise _first_fault(path, lines, columns) from None
    if values.shape != (len(lines), columns) or not np.isfinite(values).all():
        raise _first_fault(path, lines, columns)
    return values


def days(path: Path, year: int) -> np.ndarray:
    """The dates in a file, one a row (yyyy-mm-dd): all days from 1 April to 31 March.

    Raises DataError naming file and row of the first that is another.
    """
    texts = files.read_text(path).split()
    found = parse.days(texts, "%Y-%m-%d", path, np.arange(1, len(texts) + 1))
    first = np.datetime64(f"{year}-04-01", "D")
    needed = np.arange(first, np.datetime64(f"{year + 1}-04-01", "D"))
    n = min(found.size, needed.size)
    other = np.flatnonzero(found[:n] != needed[:n])
    if other.size or found.size != needed.size:
        row = int(other[0]) if other.size else n
        given = found[row] if row < found.size else "nothing"
        due = needed[row] if row < needed.size else "the end of the file"
        raise DataError(
            f"{path}, row {row + 1}: {given}; {due} is needed (1 April to 31 March, "
            f"{needed.size} days)"
        )
    return found


def _first_fault(path: Path, lines: list[str], columns: int) -> DataError:
    for number, line in enumerate(lines, start=1):
        cells = line.split(",")
        if len(cells) != columns:
            return DataError(f"{path}, row {number}: {len(cells)} columns; {columns} are needed")
        for position, cell in enumerate(cells, start=1):
            if not _is_finite(cell):
                return DataError(
                    f"{path}, row {number}, column {position}: {cell.strip()!r}; a number is needed"
                )
    return DataError(f"{path}: no table of numbers with {columns} columns")


def _is_finite(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False
