"""Reader of NLDAS-2 series at points, as NASA's Giovanni service gives them.

``nldas/points/PRODUCT_VARIABLE/LATITUDE_LONGITUDE.csv``: lines ``key,value`` (among them
``prod_name``, ``unit``, ``undef``, ``lat`` and ``lon``), an empty line, ``Timestamp (UTC),Data``
and a row an hour.
Names, units and what is made of them are those of ``nldas``.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import files, nldas
from soilbook.errors import DataError, unknown

FOLDER = "nldas/points"
HEADER = re.compile(r"Timestamp \(UTC\),\s*Data")
# Farther off, the series is another cell's; NLDAS-2 has 0.125 degrees.
SAME_CELL = 0.125  # degrees
_FIELDS = {"FORA": nldas.FORCING, **{name.upper(): one for name, one in nldas.MODELS.items()}}
KINDS = {"forcing": "FORA"} | {name: name.upper() for name in nldas.MODELS}
# The variables of each product that are read, as the service names them.
SERIES = {
    f"NLDAS_{name}0125_H": tuple(field.names[0] for field in fields.values())
    for name, fields in _FIELDS.items()
}


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
    units = _field(product, name).units
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


def read(
    folder: Path | str | None, kind: str, places: dict[str, tuple[float, float]]
) -> xr.Dataset:
    """Daily means (station, time) by UTC day of ``forcing``, ``noah`` or ``vic`` at places, which
    are latitude and longitude (degrees) by name; a day needs all of its 24 hours.

    Variables and units are those of ``nldas``. Raises ParameterError for another kind, DataError
    naming the file that is absent or of another form.
    """
    if kind not in KINDS:
        raise unknown("kind of NLDAS series", kind, KINDS)
    product = f"NLDAS_{KINDS[kind]}0125_H"
    stations = []
    for place in places.values():
        columns = {}
        for name, field in _FIELDS[KINDS[kind]].items():
            path = files.product(folder, ".") / path_of(product, field.names[0], *place)
            hours = read_point(path, product, field.names[0], place)
            days = hours.groupby(hours.index.floor("D")).agg(["mean", "count"])
            mean = days["mean"].where(days["count"] == nldas.HOURS)
            columns[name] = mean * field.factor + field.offset
        stations.append(pd.DataFrame(columns).asfreq("D").rename_axis("time").to_xarray())
    joined = xr.concat(stations, xr.IndexVariable("station", list(places)), join="outer")
    at = np.array(list(places.values()))
    joined = joined.assign_coords(latitude=("station", at[:, 0]), longitude=("station", at[:, 1]))
    if kind == "forcing":
        joined["wind_speed"] = np.hypot(joined["eastward_wind"], joined["northward_wind"])
    source = f"NLDAS-2 at points ({product}, Giovanni)"
    return schema.check_grid(schema.describe_grid(joined, source), source, place="station")


def files_of(
    folder: Path | str | None, kinds: Iterable[str], places: dict[str, tuple[float, float]]
) -> list[Path]:
    """The files of these kinds (forcing, noah, vic) at places; none unless all are there."""
    root = files.product(folder, ".")
    paths = [
        files.there(root / path_of(f"NLDAS_{KINDS[kind]}0125_H", field.names[0], *place))
        for place in places.values()
        for kind in kinds
        for field in _FIELDS[KINDS[kind]].values()
    ]
    return paths if all(path.is_file() for path in paths) else []


def _field(product: str, name: str) -> nldas.Field:
    fields = _FIELDS[product.removeprefix("NLDAS_").removesuffix("0125_H")]
    return next(field for field in fields.values() if field.names[0] == name)
