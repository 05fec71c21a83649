"""Where the stations of the Climate Reference Network are."""

from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.data import files, parse, uscrn
from soilbook.errors import DataError

# States and countries of the network outside the conterminous USA.
ELSEWHERE = ("AK", "HI", "PR", "ON", "SA")
# NCEI's list of stations, tab-separated; ELEVATION is in feet.
LIST = "uscrn/stations.tsv"
FOOT = 0.3048
# Mean elevation of the USA (2,500 feet; USGS, Elevations and Distances in the United States),
# taken for pressure where NCEI's list is not at hand: the daily files have no elevation.
UNKNOWN_ELEVATION = 2500 * FOOT


def stations(folder: Path | str | None = None) -> pd.DataFrame:
    """Station -> latitude, longitude, elevation (m, NaN unknown), state, conus, first, last year.

    Positions are those of the first row of the newest file. Raises DataError naming file and row.
    """
    height = _elevations(folder)
    rows = {}
    for name, (path, years) in uscrn_files(folder).items():
        cells = files.read_text(path).split("\n", 1)[0].split()
        if len(cells) != uscrn.N_FIELDS:
            raise DataError(f"{path}, row 1: {len(cells)} fields; {uscrn.N_FIELDS} are needed")
        at = list(uscrn.POSITION)
        fields = list(uscrn.POSITION.values())
        longitude, latitude = parse.numbers(
            np.array([[cells[k] for k in at]]), fields, path, np.array([1])
        )[0]
        rows[name] = {
            "latitude": latitude,
            "longitude": longitude,
            "elevation": height.get(name, np.nan),
            "state": name[:2],
            "conus": name[:2] not in ELSEWHERE,
            "first": years[0],
            "last": years[-1],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("station")


def uscrn_files(folder: Path | str | None) -> dict[str, tuple[Path, list[int]]]:
    """Newest file of every station and the years it has files of."""
    there = uscrn.years(folder)
    root = files.product(folder, "uscrn/daily01")
    result = {}
    for name in uscrn.stations(folder):
        years = sorted(there[name[3:]])
        path = root / str(years[-1]) / f"{uscrn.PREFIX}-{years[-1]}-{name}.txt"
        result[name] = path, years
    return result


def _elevations(folder: Path | str | None) -> dict[str, float]:
    path = files.product(folder, "uscrn") / Path(LIST).name
    if not path.is_file():
        return {}
    lines = [line.split("\t") for line in files.read_text(path).splitlines() if line.strip()]
    header = [name.strip() for name in lines[0]]
    needed = ["STATE", "LOCATION", "VECTOR", "ELEVATION"]
    absent = [name for name in needed if name not in header]
    if absent:
        raise DataError(f"{path}: no column {absent[0]!r}; needed: {', '.join(needed)}")
    at = [header.index(name) for name in needed]
    result = {}
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            raise DataError(f"{path}, row {number}: {len(line)} fields; {len(header)} are needed")
        state, location, vector, feet = (line[k].strip() for k in at)
        try:
            height = float(feet) * FOOT
        except ValueError:
            raise DataError(
                f"{path}, row {number}: ELEVATION is {feet!r}; a number (feet) is needed"
            ) from None
        result["_".join(f"{state} {location} {vector}".split())] = height
    return result
