"""Readers of NLDAS-2: hourly forcing, and soil moisture of its Noah and VIC models, as netCDF.

Files of GES DISC, 0.125 degrees, anywhere below ``nldas``: ``NLDAS_FORA0125_H.AYYYYMMDD.HHMM.*``
(doi 10.5067/THUF4J1RLSYG), ``NLDAS_NOAH0125_*`` and ``NLDAS_VIC0125_*``, hourly (H) or monthly (M).
Names are those of version 2.0; forcing is also read under the names of GRIB files converted by GES
DISC or by NCL. A pixel is the mean of the NLDAS cells whose centres lie in it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import schema_grid
from soilbook.data import files, hdf5, nldas_cells
from soilbook.errors import DataError, unknown

HOURS = 24


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
MODELS = {
    "noah": {
        "sm_surface": Field(("SoilM_0_10cm",), WATER, factor=1 / 100),
        "sm_rootzone": Field(("SoilM_0_100cm",), WATER, factor=1 / 1000),
    },
    "vic": {
        "sm_surface": Field(("SoilM_layer1",), WATER, factor=1 / 100),
        "sm_rootzone": Field(("SoilM_0_100cm",), WATER, factor=1 / 1000),
    },
}
STEPS = {"hourly": "H", "monthly": "M"}


def read_forcing(
    folder: Path | str | None, rows, columns, *, start=None, end=None, at_least: int = HOURS
) -> xr.Dataset:
    """Daily forcing of 36 km cells, by UTC day: Dataset (pixel, time) with ``wind_speed`` as well.

    Wind speed is that of the daily mean vector, as in ``conus412``. A day with fewer than
    ``at_least`` of its 24 hours is NaN. Raises DataError naming file and variable.
    """
    found = _find(folder, "NLDAS_FORA0125_H", start, end)
    days, values, cells = _means(found, FORCING, rows, columns, "D", at_least)
    result = _dataset(values, cells, days)
    result["wind_speed"] = np.hypot(result["eastward_wind"], result["northward_wind"])
    return _checked(result, "NLDAS-2 forcing (NLDAS_FORA0125_H)")


def read_model(
    folder: Path | str | None,
    model: str,
    rows,
    columns,
    *,
    step: str = "hourly",
    start=None,
    end=None,
    at_least: int = HOURS,
) -> xr.Dataset:
    """``sm_surface`` (0-10 cm) and ``sm_rootzone`` (0-100 cm), m3 m-3, of "noah" or "vic".

    Dataset (pixel, time) of 36 km cells: daily means of "hourly" files (a day with fewer than
    ``at_least`` hours is NaN), or the "monthly" files as they are, stamped with the first of the
    month. Raises ParameterError for model or step, DataError naming file and variable.
    """
    if model not in MODELS:
        raise unknown("NLDAS model", model, MODELS)
    if step not in STEPS:
        raise unknown("step", step, STEPS)
    product = f"NLDAS_{model.upper()}0125_{STEPS[step]}"
    found = _find(folder, product, start, end)
    unit, needed = ("D", at_least) if step == "hourly" else ("M", 1)
    times, values, cells = _means(found, MODELS[model], rows, columns, unit, needed)
    result = _dataset(values, cells, times)
    source = f"NLDAS-2 {model} ({product})"
    if step == "hourly":
        return _checked(result, source)
    return schema_grid.describe(result, source)


def _find(folder: Path | str | None, product: str, start, end) -> dict[str, Path]:
    """Files by their time stamp, in order of time; DataError if there are none or one twice."""
    root = files.product(folder, "nldas")
    name = re.compile(product + r"\.A(\d{6}(?:\d{2}\.\d{4})?)\.\S*nc4?")
    found: dict[str, Path] = {}
    for path in sorted(root.rglob(f"{product}.A*")):
        match = name.fullmatch(path.name)
        if not match:
            continue
        if match[1] in found:
            raise DataError(
                f"{path}: the same time as {found[match[1]].name}; one file for each time is needed"
            )
        found[match[1]] = path
    first = "" if start is None else str(start)[:10].replace("-", "")
    last = "9" if end is None else str(end)[:10].replace("-", "")
    chosen = {
        stamp: found[stamp]
        for stamp in sorted(found)
        if first[: len(stamp)] <= stamp[:8] <= last[: len(stamp)]
    }
    if not chosen:
        raise DataError(
            f"{root}: no files {product}.A*.nc"
            f"{'' if start is None and end is None else ' in the days asked for'}"
        )
    return chosen


def _means(
    found: dict[str, Path], fields: dict[str, Field], rows, columns, unit: str, at_least: int
) -> tuple[np.ndarray, dict[str, np.ndarray], dict]:
    """Days or months, each field's mean (pixel, time) over their files, and coordinates."""
    stamps = np.array([f"{s[:4]}-{s[4:6]}-{s[6:8] or '01'}" for s in found], "datetime64[D]")
    stamps = stamps.astype(f"datetime64[{unit}]")
    times = np.arange(stamps[0], stamps[-1] + 1)
    averages = nldas_cells.Averages(rows, columns)
    total = {name: np.zeros((np.size(rows), times.size)) for name in fields}
    count = np.zeros(times.size, dtype=int)
    for stamp, path in zip(stamps, found.values(), strict=True):
        at = int((stamp - times[0]).astype(int))
        count[at] += 1
        for name, values in _fields(path, fields, averages).items():
            total[name][:, at] += values
    few = count < max(at_least, 1)
    means = {name: np.where(few, np.nan, t / np.maximum(count, 1)) for name, t in total.items()}
    return times, means, averages.coordinates


def _fields(path: Path, fields: dict[str, Field], averages) -> dict[str, np.ndarray]:
    """Every field's value (pixel,) in our units."""
    with hdf5.opened(path) as file:
        axes = nldas_cells.axes_of(file, path)
        return {
            name: averages.of(path, axes, _values(file, path, field, axes)) * field.factor
            + field.offset
            for name, field in fields.items()
        }


def _values(file: xr.Dataset, path: Path, field: Field, axes) -> np.ndarray:
    """The field (latitude, longitude) under the first of its names that the file has."""
    name = next((one for one in field.names if one in file.variables), None)
    if name is None:
        raise DataError(f"{path}: no variable {' or '.join(field.names)}; it is needed")
    variable = file.variables[name]
    units = variable.attrs.get("units")
    if units not in field.units:
        raise DataError(
            f"{path}: variable {name!r} has units {units!r}; allowed: {', '.join(field.units)}"
        )
    shape = (axes.latitude.size, axes.longitude.size)
    if variable.shape not in (shape, (1, *shape)):
        raise DataError(
            f"{path}: variable {name!r} has shape {variable.shape}; one time of {shape} is needed"
        )
    return hdf5.numbers(variable).reshape(shape)


def _dataset(values: dict[str, np.ndarray], cells: dict, times: np.ndarray) -> xr.Dataset:
    return xr.Dataset(
        {name: (("pixel", "time"), v.astype(np.float32)) for name, v in values.items()},
        {**cells, "time": times.astype("datetime64[ns]")},
        {"track": "observed"},
    )


def _checked(result: xr.Dataset, source: str) -> xr.Dataset:
    return schema_grid.check(schema_grid.describe(result, source), source)
