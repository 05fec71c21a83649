"""Readers of NLDAS-2: hourly forcing, and soil moisture of its Noah and VIC models, as netCDF.

Files of GES DISC, 0.125 degrees, anywhere below ``nldas``: ``NLDAS_FORA0125_H.AYYYYMMDD.HHMM.*``
(doi 10.5067/THUF4J1RLSYG), ``NLDAS_NOAH0125_H.*`` and ``NLDAS_VIC0125_H.*``.
Names are those of version 2.0; forcing is also read under the names of GRIB files converted by GES
DISC or by NCL. A pixel is the mean of the NLDAS cells whose centres lie in it.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import easegrid, files, hdf5
from soilbook.data.files import Folder
from soilbook.errors import DataError, ParameterError, unknown

HOURS = 24
AXES = (("lat", "lon"), ("lat_110", "lon_110"))
NAME = re.compile(r"NLDAS_(?P<kind>FORA|NOAH|VIC)0125_H\.A(?P<stamp>\d{8}\.\d{4})\.\S*(?i:nc4?)")
SINCE = re.compile(r"(second|minute|hour|day)s? since (.+)")
EVEN = 1e-3  # degrees that a coordinate may be off
WIDTH = easegrid.GRIDS["36km"].columns


@dataclass(frozen=True)
class Field:
    """A variable in a file: the names it may have, its units, and ours = factor x it + offset."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    factor: float = 1.0
    offset: float = 0.0


FLUX = ("W m-2", "W/m^2", "W/m**2")
SPEED = ("m s-1", "m/s")
WATER = ("kg m-2", "kg/m^2", "mm")
FORCING = {
    "precipitation": Field(("Rainf", "APCP", "A_PCP_110_SFC_acc1h"), WATER, factor=HOURS),
    "air_temperature": Field(("Tair", "TMP", "TMP_110_HTGL"), ("K",), offset=-273.15),
    "longwave": Field(("LWdown", "DLWRF", "DLWRF_110_SFC"), FLUX),
    "shortwave": Field(("SWdown", "DSWRF", "DSWRF_110_SFC"), FLUX),
    "specific_humidity": Field(
        ("Qair", "SPFH", "SPF_H_110_HTGL"), ("kg kg-1", "kg/kg", "kg kg^-1")
    ),
    "pressure": Field(("PSurf", "PRES", "PRES_110_SFC"), ("Pa",)),
    "eastward_wind": Field(("Wind_E", "UGRD", "U_GRD_110_HTGL"), SPEED),
    "northward_wind": Field(("Wind_N", "VGRD", "V_GRD_110_HTGL"), SPEED),
}
# Water of a layer in kg m-2; 1000 kg m-3 times its thickness makes it a volume fraction. VIC's
# first layer is 0.1 m everywhere; the other two vary in depth (Xia et al. 2012, doi
# 10.1029/2011JD016048), so its 0-100 cm is taken as the product gives it.
_ROOT_ZONE = Field(("SoilM_0_100cm",), WATER, factor=1 / 1000)
FIELDS = {
    "forcing": FORCING,
    "noah": {
        "sm_surface": Field(("SoilM_0_10cm",), WATER, factor=1 / 100),
        "sm_rootzone": _ROOT_ZONE,
    },
    "vic": {
        "sm_surface": Field(("SoilM_layer1",), WATER, factor=1 / 100),
        "sm_rootzone": _ROOT_ZONE,
    },
}
PRODUCTS = {
    "forcing": "NLDAS_FORA0125_H",
    "noah": "NLDAS_NOAH0125_H",
    "vic": "NLDAS_VIC0125_H",
}


def read(
    folder: Folder, kind: str, rows, columns, *, start=None, end=None, at_least=HOURS
) -> xr.Dataset:
    """Daily means of ``forcing``, ``noah`` or ``vic`` in 36 km cells, by UTC day.

    Dataset (pixel, time): the models' ``sm_surface`` (0-10 cm) and ``sm_rootzone`` (0-100 cm),
    m3 m-3; or the forcing with ``wind_speed``, that of the daily mean vector as in ``conus412``. A
    day with fewer than ``at_least`` of its 24 hours is NaN. Raises ParameterError for another kind,
    DataError naming file and variable.
    """
    if kind not in FIELDS:
        raise unknown("kind of NLDAS", kind, FIELDS)
    found = _find(folder, PRODUCTS[kind], start, end)
    result = _means(found, FIELDS[kind], rows, columns, at_least)
    return finished(result, kind, f"NLDAS-2 {kind} ({PRODUCTS[kind]})")


def finished(result: xr.Dataset, kind: str, source: str, place: str = "pixel") -> xr.Dataset:
    """A Dataset of a kind with wind speed, names and units, checked."""
    if kind == "forcing":
        result["wind_speed"] = np.hypot(result["eastward_wind"], result["northward_wind"])
    return schema.check_grid(schema.describe_grid(result, source), source, place)


def _find(folder: Folder, product: str, start, end) -> dict[str, Path]:
    """Files by their time stamp, in order of time; DataError if there are none or one twice."""
    root = files.product(folder, "nldas")
    found: dict[str, Path] = {}
    for path in sorted(root.rglob(f"{product}.A*")):
        if not (match := NAME.fullmatch(path.name)):
            continue
        stamp = match["stamp"]
        if stamp in found:
            raise DataError(
                f"{path}: the same time as {found[stamp].name}; one file for each time is needed"
            )
        found[stamp] = path
    return hdf5.within(found, start, end, f"{root}: no files {product}.A*.nc")


def _means(found, fields: dict[str, Field], rows, columns, at_least: int) -> xr.Dataset:
    coordinates = easegrid.coordinates(rows, columns)
    numbers = coordinates["row"][1] * WIDTH + coordinates["column"][1]
    pixels, place = np.unique(numbers, return_inverse=True)
    holders: dict[tuple[bytes, bytes], np.ndarray] = {}  # found once for files of the same cells

    def of_file(path: Path) -> dict[str, np.ndarray]:
        with hdf5.opened(path) as file:
            _check_time(file, path)
            axes = _axes(file, path)
            key = axes[0].tobytes(), axes[1].tobytes()
            if key not in holders:
                holders[key] = _holders(path, *axes, pixels)
            means = {
                name: _mean(_values(file, path, field, axes).ravel(), holders[key], pixels.size)
                for name, field in fields.items()
            }
        return {
            name: means[name][place] * field.factor + field.offset for name, field in fields.items()
        }

    return hdf5.means(found, of_file, at_least, coordinates)


def check_file(path: Path) -> None:
    """Read one file as the readers do; DataError for what they refuse, whatever pixels are asked
    for."""
    kind = next(kind for kind, one in PRODUCTS.items() if path.name.startswith(one))
    with hdf5.opened(path) as file:
        _check_time(file, path)
        axes = _axes(file, path)
        for field in FIELDS[kind].values():
            _values(file, path, field, axes)


def _check_time(file: h5py.Group, path: Path) -> None:
    """The time of a file, if it has one, is that of its name."""
    time = file.get("time")
    # A dimension without values of its own is a dataset all the same, and says so.
    name = b"" if time is None else time.attrs.get("NAME", b"")
    if time is None or b"not a netCDF variable" in name:
        return
    found = hdf5.read_field(path, file, "time")
    told = SINCE.fullmatch(found.units or "")
    start = pd.to_datetime(told[2], utc=True, errors="coerce") if told else pd.NaT
    if pd.isna(start):
        raise DataError(
            f"{path}: variable 'time' has units {found.units!r}; 'minutes since' a date, or hours, "
            "days, seconds, are needed"
        )
    after = pd.to_timedelta(hdf5.numbers(found, np.float64).ravel(), unit=told[1])
    stamp = NAME.fullmatch(path.name)["stamp"]
    hdf5.check_times(path, "time", start.tz_localize(None) + after, stamp, timedelta(0))


def _holders(path: Path, latitude, longitude, pixels: np.ndarray) -> np.ndarray:
    """Index of the pixel (of rising numbers) that holds each cell's centre, -1 for none.

    Raises DataError naming the first pixel without a cell in the file.
    """
    try:
        row, _ = easegrid.row_column(latitude, np.zeros_like(latitude))
        _, column = easegrid.row_column(np.zeros_like(longitude), longitude)
    except ParameterError as error:
        raise DataError(f"{path}: {error}") from None
    cell = (row[:, None] * WIDTH + column[None, :]).ravel()
    at = np.searchsorted(pixels, cell).clip(max=pixels.size - 1)
    found = np.where(pixels[at] == cell, at, -1)
    empty = np.setdiff1d(np.arange(pixels.size), found)
    if empty.size:
        row, column = divmod(int(pixels[empty[0]]), WIDTH)
        raise DataError(
            f"{path}: no cell in the pixel of row {row}, column {column}; the file covers "
            f"latitudes {latitude.min():g} to {latitude.max():g} and longitudes "
            f"{longitude.min():g} to {longitude.max():g}"
        )
    return found


def _mean(values: np.ndarray, holder: np.ndarray, n_pixels: int) -> np.ndarray:
    """Mean of the cells' values in every pixel, missing cells left out."""
    known = (holder >= 0) & np.isfinite(values)
    total = np.bincount(holder[known], values[known], n_pixels)
    count = np.bincount(holder[known], minlength=n_pixels)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _axes(file: h5py.Group, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes (degrees) of a file; DataError without a pair of ``AXES``."""
    for pair in AXES:
        if set(pair) <= set(file):
            axes = tuple(hdf5.read_field(path, file, name).values.astype(float) for name in pair)
            for name, axis in zip(pair, axes, strict=True):
                if axis.ndim != 1 or not axis.size:
                    raise DataError(
                        f"{path}: variable {name!r} has shape {axis.shape}; one dimension is needed"
                    )
                even = np.linspace(axis[0], axis[-1], axis.size)
                if not np.allclose(axis, even, 0, EVEN) or not np.diff(even).all():
                    raise DataError(f"{path}: variable {name!r} has no even steps; they are needed")
            return axes
    wanted = " or ".join(", ".join(pair) for pair in AXES)
    raise DataError(f"{path}: no coordinates {wanted}; one of these pairs is needed")


def _values(file: h5py.Group, path: Path, field: Field, axes) -> np.ndarray:
    """The field (latitude, longitude) under the first of its names that the file has."""
    name = next((one for one in field.names if one in file), None)
    if name is None:
        raise DataError(f"{path}: no variable {' or '.join(field.names)}; it is needed")
    found = hdf5.read_field(path, file, name)
    if found.units not in field.units:
        raise DataError(
            f"{path}: variable {name!r} has units {found.units!r}; "
            f"allowed: {', '.join(field.units)}"
        )
    shape = (axes[0].size, axes[1].size)
    if found.values.shape not in (shape, (1, *shape)):
        raise DataError(
            f"{path}: variable {name!r} has shape {found.values.shape}; "
            f"one time of {shape} is needed"
        )
    return hdf5.numbers(found).reshape(shape)
