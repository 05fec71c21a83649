"""Which estimate of downward long-wave radiation is best: all of them against measurements."""

from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.data import fluxnet
from soilbook.physics.air import CLEAR_SKY, CLOUD, estimate


def verify(folder: Path | str | None = None) -> pd.DataFrame:
    """Error of every combination of formulas against long-wave measured at FLUXNET sites.

    Columns: site, clear_sky, cloud, bias and rmse (W m-2), r, n_days. Raises DataError if the
    FLUXNET file is absent or damaged.
    """
    rows = []
    for name in fluxnet.SITES:
        site = fluxnet.read(folder, name)
        weather = [site[v].values for v in ("air_temperature", "relative_humidity", "shortwave")]
        day = site["time"].dt.dayofyear.values
        for clear_sky in CLEAR_SKY:
            for cloud in CLOUD:
                guess = estimate(*weather, float(site["latitude"]), day, clear_sky, cloud)
                error = _error(guess, site["longwave"].values)
                rows.append({"site": name, "clear_sky": clear_sky, "cloud": cloud, **error})
    return pd.DataFrame(rows)


def _error(guess: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    both = np.isfinite(guess) & np.isfinite(truth)
    guess, truth = guess[both], truth[both]
    return {
        "bias": float(np.mean(guess - truth)),
        "rmse": float(np.sqrt(np.mean((guess - truth) ** 2))),
        "r": float(np.corrcoef(guess, truth)[0, 1]),
        "n_days": int(both.sum()),
    }
