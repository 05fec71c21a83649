"""The authors' scaling of the inputs: 10th and 90th percentile, mean and deviation.

``smap_conus412/Statistics`` holds one file of four rows a variable, computed over their full data
base of 6,321 pixels. Mean and standard deviation are those of the values *between* the two
percentiles, which the 412 pixels confirm: for precipitation the plain mean is 2.0 mm d-1, the
file's 0.5.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.data import conus412, daytables, files
from soilbook.errors import DataError

FOLDER = f"{conus412.PRODUCT}/Statistics"
COLUMNS = ["p10", "p90", "mean", "std"]
PERCENTILES = (10, 90)


def read(folder: Path | str | None = None) -> pd.DataFrame:
    """One row for each variable of ours that has a file, in our units: p10, p90, mean, std.

    Raises DataError naming the file that is absent or does not hold four rising sizes.
    """
    root = files.product(folder, FOLDER)
    rows = {}
    for name, column in (conus412.FORCING | conus412.TARGET | conus412.CONSTANTS).items():
        prefix = "const_" if name in conus412.CONSTANTS else ""
        path = root / f"{prefix}{column.file}_stat.csv"
        low, high, mean, std = daytables.table(path, len(COLUMNS), 1, dtype=float)[:, 0]
        if not (low <= mean <= high and std > 0):
            raise DataError(
                f"{path}: {low:g}, {high:g}, {mean:g}, {std:g}; 10th and 90th percentile, a mean "
                "between them and a positive deviation are needed"
            )
        place = np.array([low, high, mean]) * column.factor + column.offset
        rows[name] = [*place, std * column.factor]
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)


def of(values) -> pd.Series:
    """The same four numbers of an array of any shape, NaN left out."""
    finite = np.asarray(values, dtype=float)
    finite = finite[~np.isnan(finite)]
    if not finite.size:
        return pd.Series(np.nan, COLUMNS)
    low, high = np.percentile(finite, PERCENTILES)
    inner = finite[(finite >= low) & (finite <= high)]
    return pd.Series([low, high, inner.mean(), inner.std()], COLUMNS)
