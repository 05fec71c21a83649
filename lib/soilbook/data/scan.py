"""Reader of USDA SCAN soil moisture tables (volume percent at 2, 4, 8, 20 and 40 inches).

``scan_alabama/SCAN_AL_SMS_only.csv``: columns ``Date, station, SMS-2.0in, ...``; station
``2057:AL:SCAN``; a value is that of 00:00 local time of its date. The table has no weather, so
its Dataset has ``sm`` alone and does not pass ``schema.check``; nor has it flags, so ISMN's upper
limit for soil moisture (0.6, Dorigo et al. 2013) and the spike rule of ``quality`` are applied.
"""

import os

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import files, quality
from soilbook.data.files import Folder
from soilbook.errors import DataError

FILE = "scan_alabama/SCAN_AL_SMS_only.csv"
INVENTORY = "scan_alabama/nwcc_inventory.csv"
# Paper sites that are SCAN stations of this table.
STATIONS = {"AAMU-jtg": 2057, "Cullman-NAHRC": 2113}
COLUMNS = ("SMS-2.0in", "SMS-4.0in", "SMS-8.0in", "SMS-20.0in", "SMS-40.0in")
HIGHEST = 0.6  # m3 m-3


def stations(folder: Folder = None) -> list[int]:
    """Numbers of the stations in the table; none where the data folder lacks it."""
    if not os.path.lexists(files.product(folder, ".") / FILE):
        return []
    return sorted({int(number) for number in _table(folder)["number"]})


def read(folder: Folder, station: int | str) -> xr.Dataset:
    """Daily ``sm`` (m3 m-3; depth 5, time) of a station given by number or by paper name.

    Attributes: ``n_outside_range``, ``n_spikes``. Raises DataError naming file and row.
    """
    path = files.product(folder, FILE)
    table = _table(folder)
    number = STATIONS.get(station, station)
    chosen = table[table["number"] == str(number)]
    if chosen.empty:
        known = ", ".join(table["number"].unique())
        raise DataError(f"{path}: no station {station!r}; there are: {known}")
    rows = chosen.index.to_numpy()
    # Two formats are mixed: 2023-02-07 and 2023-02-07 00:00:00.
    dates = chosen["Date"].str.replace(" 00:00:00", "", regex=False).tolist()
    days = files.times(dates, "%Y-%m-%d", path, rows)
    percent = files.numbers(chosen[list(COLUMNS)].to_numpy(dtype=str), COLUMNS, path, rows)
    days, sm = files.calendar(days, percent.T / 100)
    high = sm > HIGHEST
    sm, spikes = quality.without_spikes(np.where(high, np.nan, sm))
    latitude, longitude = _position(folder, str(number))
    result = quality.dataset(
        {"sm": (sm, "measured: USDA SCAN, value of 00:00 local time")},
        days,
        schema.DEPTHS,
        str(station),
        (latitude, longitude),
        f"USDA SCAN, station {number}",
    )
    result["sm"].attrs["n_outside_range"] += int(high.sum())
    result["sm"].attrs["n_spikes"] = spikes
    return result


def _table(folder: Folder) -> pd.DataFrame:
    """Rows of the table with the ``number`` of the station, all as text."""
    path = files.product(folder, FILE)
    table = files.table(files.read_text(path), ("Date", "station", *COLUMNS), path)
    number = table["station"].str.split(":").str[0]
    odd = ~number.str.fullmatch("[0-9]{1,9}").astype(bool)
    files.refuse(
        odd,
        path,
        lambda k: f"station is {table['station'].iloc[k]!r}; NUMBER:STATE:SCAN is needed",
        table.index,
    )
    return table.assign(number=number)


def _position(folder: Folder, number: str) -> tuple[float, float]:
    """Latitude and longitude of a station out of NRCS's inventory; NaN if it is not listed."""
    path = files.product(folder, INVENTORY)
    table = files.table(files.read_text(path), ("network", "station id", "lat", "lon"), path)
    listed = table[(table["station id"] == number) & (table["network"] == "scan")]
    if listed.empty:
        return np.nan, np.nan
    cells = listed[["lat", "lon"]].iloc[:1].to_numpy(dtype=str)
    latitude, longitude = files.numbers(cells, ["lat", "lon"], path, listed.index[:1])[0]
    return latitude, longitude
