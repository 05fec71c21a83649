"""Reader of NASA POWER daily point JSON: ``power/NAME.json`` in the data folder.

Layout (power.larc.nasa.gov/docs/services/api/temporal/daily): ``properties.parameter`` maps each
parameter to {YYYYMMDD: value}, ``header.fill_value`` is missing, ``parameters`` gives units and
``geometry.coordinates`` is [longitude, latitude, elevation]. Radiation comes in MJ m-2 or kW h m-2
a day, or in W m-2, depending on the community asked for.
"""

import json
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook.data import files, parse, quality
from soilbook.data.fao56 import WATT_PER_MEGAJOULE_DAY
from soilbook.errors import DataError

MEGAJOULE_PER_KILOWATT_HOUR = 3.6
RADIATION = {
    "MJ/m^2/day": WATT_PER_MEGAJOULE_DAY,
    "kW-hr/m^2/day": MEGAJOULE_PER_KILOWATT_HOUR * WATT_PER_MEGAJOULE_DAY,
    "kWh/m^2/day": MEGAJOULE_PER_KILOWATT_HOUR * WATT_PER_MEGAJOULE_DAY,
    "W/m^2": 1.0,
}
# Our name: parameter, and factor to our units by POWER's units.
PARAMETERS = {
    "precipitation": ("PRECTOTCORR", {"mm/day": 1.0}),
    "air_temperature": ("T2M", {"C": 1.0}),
    "longwave": ("ALLSKY_SFC_LW_DWN", RADIATION),
    "shortwave": ("ALLSKY_SFC_SW_DWN", RADIATION),
    "relative_humidity": ("RH2M", {"%": 1.0}),
    "wind_speed": ("WS2M", {"m/s": 1.0}),
}


def path_of(folder: Path | str | None, name: str) -> Path:
    """Where the file of a site belongs, whether it is there or not."""
    root = files.folder() if folder is None else Path(folder)
    return root / "power" / f"{name}.json"


def read(path: Path) -> xr.Dataset:
    """Daily weather of one point (time), in our names and units, for the parameters it holds.

    No soil, so the dimension ``depth`` is empty. Raises DataError for a file that is absent, no
    JSON, of another layout, or in units that are not known.
    """
    try:
        content = json.loads(files.read_text(path), object_pairs_hook=partial(_once, path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, row {error.lineno}: no JSON ({error.msg})") from None
    series = _part(content, path, "properties", "parameter")
    units = _part(content, path, "parameters")
    fill = _number(_part(content, path, "header", "fill_value"), path, "header.fill_value")
    clock = content["header"].get("time_standard", "unknown")
    longitude, latitude = _position(content, path)
    held = {name: entry for name, entry in PARAMETERS.items() if entry[0] in series}
    if not held:
        known = ", ".join(parameter for parameter, _ in PARAMETERS.values())
        raise DataError(f"{path}: none of the parameters {known}")
    names = sorted({day for parameter, _ in held.values() for day in series[parameter]})
    if not names:
        raise DataError(f"{path}: no days in properties.parameter")
    days = parse.days(names, "%Y%m%d", path, np.array(names))
    columns = {}
    for name, (parameter, factors) in held.items():
        unit = _part(units, path, parameter, "units")
        if unit not in factors:
            raise DataError(f"{path}: {parameter} is in {unit!r}; allowed: {', '.join(factors)}")
        cells = np.array([[str(series[parameter].get(day, ""))] for day in names])
        values = parse.numbers(cells, [parameter], path, np.array(names))[:, 0]
        values = np.where(values == fill, np.nan, values) * factors[unit]
        columns[name] = (values, f"model: NASA POWER {parameter}, days in {clock}")
    calendar, table = parse.calendar(days, np.stack([values for values, _ in columns.values()]))
    columns = {name: (table[k], origin) for k, (name, (_, origin)) in enumerate(columns.items())}
    return quality.dataset(
        columns,
        calendar,
        [],
        site=path.stem,
        latitude=latitude,
        longitude=longitude,
        source=f"NASA POWER, {path.name}, days in {clock}",
    )


def _once(path: Path, pairs: list[tuple[str, object]]) -> dict:
    """A JSON object whose names stand once each, so that no day is taken twice."""
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise DataError(f"{path}: duplicated entry {name!r}; each day stands once")
    return dict(pairs)


def _part(content: object, path: Path, *keys: str):
    for depth, key in enumerate(keys):
        if not isinstance(content, dict) or key not in content:
            raise DataError(
                f"{path}: no {'.'.join(keys[: depth + 1])!r}; a NASA POWER daily point JSON is "
                "needed"
            )
        content = content[key]
    return content


def _position(content: dict, path: Path) -> tuple[float, float]:
    point = _part(content, path, "geometry", "coordinates")
    if not isinstance(point, list) or len(point) < 2:
        raise DataError(f"{path}: geometry.coordinates is {point!r}; [longitude, latitude] needed")
    return tuple(_number(one, path, "geometry.coordinates") for one in point[:2])


def _number(value: object, path: Path, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{path}: {name} is {value!r}; a number is needed")
    return float(value)
