"""NLDAS-2 series at points, as NASA's Giovanni service gives them: reader, and what is fetched.

``nldas/points/PRODUCT_VARIABLE/LATITUDE_LONGITUDE.csv``: lines ``key,value`` (among them
``prod_name``, ``unit``, ``undef``, ``lat`` and ``lon``), an empty line, ``Timestamp (UTC),Data``
and a row an hour.
Names, units and what is made of them are those of ``nldas``.
"""

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.data import earthdata, files, network, nldas, observed
from soilbook.data.files import File, Folder, Plan
from soilbook.errors import DataError, ParameterError, unknown

FOLDER = "nldas/points"
HEADER = re.compile(r"Timestamp \(UTC\),\s*Data")
# Farther off, the series is another cell's; NLDAS-2 has 0.125 degrees.
SAME_CELL = 0.125  # degrees
# The variables of each product that are read, as the service names them.
SERIES = {
    product: tuple(field.names[0] for field in nldas.FIELDS[kind].values())
    for kind, product in nldas.PRODUCTS.items()
}
_UNITS = {
    (product, field.names[0]): field.units
    for kind, product in nldas.PRODUCTS.items()
    for field in nldas.FIELDS[kind].values()
}
BASE = "https://api.giovanni.earthdata.nasa.gov/timeseries"
PACE, ANSWER = 1.0, 11.0  # s
BYTES_PER_HOUR = 30
START, END = pd.Timestamp("2009-01-01"), pd.Timestamp("2018-12-31")
ACCOUNT = (
    f"a free NASA Earthdata account is needed, its token in {earthdata.TOKEN} (or "
    f"{earthdata.LOGIN} in .netrc and pip install 'soilbook[nasa]'), and its approval of "
    "NASA GESDISC DATA ARCHIVE"
)


def path_of(product: str, name: str, latitude: float, longitude: float) -> str:
    """Where a series lies below the data folder."""
    return f"{FOLDER}/{product}_{name}/{latitude:.3f}_{longitude:.3f}.csv"


def named(path: Path) -> tuple[str, str] | None:
    """Product and variable of a file that lies where ``path_of`` says; None for another."""
    product, _, name = path.parent.name.partition("0125_H_")
    fits = re.fullmatch(r"-?\d+\.\d{3}_-?\d+\.\d{3}\.(?i:csv)", path.name)
    product = f"{product}0125_H"
    return (product, name) if fits and name in SERIES.get(product, ()) else None


def read_point(path: Path, product: str, name: str, place: tuple[float, float]) -> pd.Series:
    """Hours (UTC) of one variable in the units of the service, NaN where missing.

    Raises DataError naming file and row for another form, variable, unit or place.
    """
    text = files.read_text(path)
    head, found, body = text.partition("\n\n")
    about = dict(line.split(",", 1) for line in head.splitlines() if "," in line)
    first, _, rows = body.partition("\n")
    if not found or not HEADER.fullmatch(first.strip()):
        raise DataError(f"{path}: no line 'Timestamp (UTC),Data' after the description")
    told = f"{product}_2_0_{name}"
    if not about.get("prod_name", "").endswith((told, name)):
        raise DataError(f"{path}: prod_name is {about.get('prod_name')!r}; {told} is needed")
    units = _UNITS[product, name]
    if about.get("unit") not in units:
        raise DataError(f"{path}: unit is {about.get('unit')!r}; allowed: {', '.join(units)}")
    start = len(head.splitlines()) + 3
    cells = [row.split(",") for row in rows.split()]
    numbers = np.arange(start, start + len(cells))
    files.refuse([len(row) != 2 for row in cells], path, lambda k: "time and value needed", numbers)
    if not cells:
        raise DataError(f"{path}: no hours")
    cells = np.array(cells)
    axes = ["lat", "lon", "undef"]
    where = np.array([[about.get(one, "") for one in axes]])
    latitude, longitude, undef = files.numbers(where, axes, path, [1])[0]
    if not (abs(latitude - place[0]) <= SAME_CELL and abs(longitude - place[1]) <= SAME_CELL):
        raise DataError(
            f"{path}: at {latitude:g}, {longitude:g}; {place[0]:g}, {place[1]:g} needed"
        )
    stamps = [str(one)[:16] for one in cells[:, 0]]
    hours = files.times(stamps, "%Y-%m-%dT%H:%M", path, numbers, unit="m")
    values = files.numbers(cells[:, 1:], ["Data"], path, numbers)[:, 0]
    return pd.Series(np.where(values == undef, np.nan, values), hours.astype("datetime64[ns]"))


def read(folder: Folder, kind: str, places: dict[str, tuple[float, float]]) -> xr.Dataset:
    """Daily means (station, time) by UTC day of ``forcing``, ``noah`` or ``vic`` at places, which
    are latitude and longitude (degrees) by name; a day needs all of its 24 hours.

    Variables and units are those of ``nldas``. Raises ParameterError for another kind, DataError
    naming the file that is absent or of another form.
    """
    if kind not in nldas.FIELDS:
        raise unknown("kind of NLDAS series", kind, nldas.FIELDS)
    product = nldas.PRODUCTS[kind]
    stations = []
    for place in places.values():
        columns = {}
        for name, field in nldas.FIELDS[kind].items():
            path = files.product(folder, ".") / path_of(product, field.names[0], *place)
            hours = read_point(path, product, field.names[0], place)
            days = hours.groupby(hours.index.floor("D")).agg(["mean", "count"])
            mean = days["mean"].where(days["count"] == nldas.HOURS)
            columns[name] = mean * field.factor + field.offset
        stations.append(pd.DataFrame(columns).asfreq("D").rename_axis("time").to_xarray())
    joined = xr.concat(stations, xr.IndexVariable("station", list(places)), join="outer")
    at = np.array(list(places.values()))
    joined = joined.assign_coords(latitude=("station", at[:, 0]), longitude=("station", at[:, 1]))
    return nldas.finished(joined, kind, f"NLDAS-2 at points ({product}, Giovanni)", "station")


def files_of(
    folder: Folder, kinds: Iterable[str], places: dict[str, tuple[float, float]]
) -> list[Path]:
    """The files of these kinds (forcing, noah, vic) at places; none unless all are there."""
    root = files.product(folder, ".")
    paths = [
        files.there(root / path_of(nldas.PRODUCTS[kind], name, *place))
        for place in places.values()
        for kind in kinds
        for name in SERIES[nldas.PRODUCTS[kind]]
    ]
    return paths if all(path.is_file() for path in paths) else []


def plan(root: Path, names: Iterable[str], start, end, ask) -> Plan:
    """Series at stations of the data folder (default: all of USCRN's in study 2), which say where
    they lie; 2009 to 2018, or from ``start`` to ``end``.

    Raises DataError where a station is not there.
    """
    start, end = start or START, end or END
    hours = ((end - start).days + 1) * 24
    made = []
    for place in _places(root, list(names)):
        for product, names_of in SERIES.items():
            for name in names_of:
                # Written out, as the service does not read commas and slashes of an encoded query.
                address = (
                    f"{BASE}?data={product}_2_0_{name}&location=[{place[0]},{place[1]}]"
                    f"&time={start:%Y-%m-%d}T00:00:00/{end:%Y-%m-%d}T23:59:59"
                )
                check = partial(_check, hours=hours, product=product, name=name, place=place)
                path = path_of(product, name, *place)
                made.append(File(path, address, check, hours * BYTES_PER_HOUR))
    return Plan("nldas", tuple(made), PACE, ANSWER, _headers, ACCOUNT)


def _check(path: Path, hours: int, **asked) -> None:
    found = read_point(path, **asked).size
    if found != hours:
        raise DataError(f"{path}: {found} hours; {hours} were asked for")


def _places(root: Path, names: list[str]) -> list[tuple[float, float]]:
    """Latitude and longitude of the stations, to three digits."""
    if not names:
        table = network.stations(root)
        table = table[table["conus"]]
        return list(zip(table["latitude"].round(3), table["longitude"].round(3), strict=True))
    found = []
    for name in names:
        record = observed.load(name, root)
        place = float(record["latitude"]), float(record["longitude"])
        if not np.isfinite(place).all():
            raise ParameterError(f"{name}: no position")
        found.append((round(place[0], 3), round(place[1], 3)))
    return found


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {earthdata.token('nldas', ACCOUNT)}"}
