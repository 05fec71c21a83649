"""How many decimals a column of numbers is shown with."""

import numpy as np
import pandas as pd

SMALL = 0.05  # errors of soil moisture (m3 m-3) and differences lie below, R and R2 above


def decimals(column: pd.Series) -> int:
    """None for whole numbers, two where that is exact, else three, for small numbers four."""
    if not pd.api.types.is_float_dtype(column):
        return 3
    values = column.dropna().to_numpy()
    exact = [n for n in (0, 2) if np.array_equal(values.round(n), values)]
    if exact:
        return exact[0]
    return 4 if np.median(np.abs(values)) < SMALL else 3
