"""Reading of the CSV files that hold what the papers print."""

from functools import cache
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent / "csv"


@cache
def _printed(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv", dtype=str, keep_default_na=False)


def table(name: str, numbers=(), whole=(), dates=(), lists=None) -> pd.DataFrame:
    """One file as a DataFrame: text as printed, the named columns converted.

    ``numbers`` become float with NaN where empty, ``whole`` int, ``dates`` Timestamp; ``lists``
    maps a column of values joined by semicolons to the type of one value and gives tuples.
    """
    frame = _printed(name).copy()
    for column in numbers:
        frame[column] = pd.to_numeric(frame[column]).astype(float)
    for column in whole:
        frame[column] = frame[column].astype(int)
    for column in dates:
        frame[column] = pd.to_datetime(frame[column], format="%Y-%m-%d")
    for column, kind in (lists or {}).items():
        parts = [tuple(kind(part) for part in cell.split(";") if part) for cell in frame[column]]
        frame[column] = pd.Series(parts, index=frame.index, dtype=object)
    return frame
