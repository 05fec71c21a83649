"""Reader of FLUXNET2015 daily tables, weather with measured long-wave and wind, and what these
say of the estimates of downward long-wave radiation.

One CSV holds several sites (column ``siteid``). ``LW_IN_F`` is measured where the site measured
it and filled from its own other years or ERA-Interim elsewhere (Pastorello et al. 2020,
doi 10.1038/s41597-020-0534-3); the table has no flag that tells which.
"""

import os
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.data import files, quality
from soilbook.data.files import Folder
from soilbook.errors import DataError, unknown
from soilbook.physics.air import CLEAR_SKY, CLOUD, estimate, saturation_pressure

# Latitude and longitude (degrees), Table of sites in Pastorello et al. (2020).
SITES = {
    "CH-Dav": (46.8153, 9.8559),
    "CH-Lae": (47.4783, 8.3644),
    "FI-Hyy": (61.8474, 24.2948),
    "FR-Pue": (43.7413, 3.5957),
}
COLUMNS = {
    "precipitation": "P_F",
    "air_temperature": "TA_F",
    "longwave": "LW_IN_F",
    "shortwave": "SW_IN_F",
    "wind_speed": "WS_F",
}
NUMBERS = ("VPD_F", *COLUMNS.values())
MISSING = -9999.0
FILE = "fluxnet/fluxnet2015_daily_4sites.csv"


def stations(folder: Folder = None) -> list[str]:
    """Names of the sites that are read; none where the data folder lacks the table.

    Raises DataError if the table itself cannot be read.
    """
    if not os.path.lexists(files.product(folder, ".") / FILE):
        return []
    _table(folder)
    return list(SITES)


def read(folder: Folder, site: str) -> xr.Dataset:
    """Daily weather of one of ``SITES``; no soil, so the dimension ``depth`` is empty.

    Relative humidity (%) follows from the vapour pressure deficit. Raises ParameterError for an
    unknown site, DataError if the file is absent, lacks a column or has a bad row.
    """
    if site not in SITES:
        raise unknown("FLUXNET site", site, SITES)
    path, names = files.product(folder, FILE), list(NUMBERS)
    table = _table(folder)
    table = table[table["siteid"] == site]
    if table.empty:
        raise DataError(f"{path}: no rows of site {site!r}")
    rows = table.index.to_numpy()
    days = files.times(table["TIMESTAMP"].tolist(), "%Y-%m-%d", path, rows)
    cells = files.numbers(table[names].to_numpy(dtype=str), names, path, rows)
    days, cells = files.calendar(days, np.where(cells == MISSING, np.nan, cells).T)
    values = dict(zip(names, cells, strict=True))
    latitude, longitude = SITES[site]
    columns = {
        name: (values[column], f"measured, gaps filled: FLUXNET2015 {column}")
        for name, column in COLUMNS.items()
    }
    humidity = 100 * (1 - values["VPD_F"] / saturation_pressure(values["TA_F"]))
    columns["relative_humidity"] = (
        np.clip(humidity, 1, 100),
        "measured, gaps filled: FLUXNET2015 VPD_F and TA_F",
    )
    return quality.dataset(
        columns, days, [], site, (latitude, longitude), f"FLUXNET2015, {path.name}"
    )


def longwave_errors(folder: Folder = None) -> pd.DataFrame:
    """Error of every combination of formulas against long-wave measured at ``SITES``.

    Columns: site, clear_sky, cloud, bias and rmse (W m-2), r, n_days. Raises DataError if the
    table is absent or damaged.
    """
    rows = []
    for name in SITES:
        site = read(folder, name)
        weather = [site[v].values for v in ("air_temperature", "relative_humidity", "shortwave")]
        day = site["time"].dt.dayofyear.values
        for clear_sky, cloud in product(CLEAR_SKY, CLOUD):
            guess = estimate(*weather, float(site["latitude"]), day, clear_sky, cloud)
            error = _error(guess, site["longwave"].values)
            rows.append({"site": name, "clear_sky": clear_sky, "cloud": cloud, **error})
    return pd.DataFrame(rows)


def _table(folder: Folder) -> pd.DataFrame:
    """Rows of all sites, as text."""
    path = files.product(folder, FILE)
    return files.table(files.read_text(path), ["siteid", "TIMESTAMP", *NUMBERS], path)


def _error(guess: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    both = np.isfinite(guess) & np.isfinite(truth)
    guess, truth = guess[both], truth[both]
    return {
        "bias": float(np.mean(guess - truth)),
        "rmse": float(np.sqrt(np.mean((guess - truth) ** 2))),
        "r": float(np.corrcoef(guess, truth)[0, 1]),
        "n_days": int(both.sum()),
    }
