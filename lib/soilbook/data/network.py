"""The Climate Reference Network as the sparse network of Fang et al. (2019), section II-C."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import progress, schema_grid
from soilbook.data import distance, easegrid, files, layers, network_table, uscrn
from soilbook.data.humidity import specific_humidity
from soilbook.errors import ParameterError

LAUNCH = np.datetime64("2015-04-01")  # first day of the paper's period after launch
YEAR = 365
WEATHER = ("precipitation", "air_temperature", "shortwave", "relative_humidity")


def stations(folder: Path | str | None = None) -> pd.DataFrame:
    """All stations on file: latitude, longitude, elevation (m), state, conus, first and last year.

    Positions come from the files, elevations from NCEI's list ``uscrn/stations.tsv`` where it is
    there (NaN otherwise). Raises DataError naming file and row.
    """
    return network_table.stations(folder)


def files_of(folder: Path | str | None = None, names: Iterable[str] | None = None) -> list[Path]:
    """The files that ``read`` reads, for ``files.digest``."""
    chosen = _chosen(folder, stations(folder), names)
    paths = [path for name in chosen for path in uscrn.files_of(folder, name)]
    listed = files.product(folder, "uscrn") / Path(network_table.LIST).name
    return [*paths, listed] if listed.is_file() else paths


def read(
    folder: Path | str | None = None,
    names: Iterable[str] | None = None,
    *,
    threshold: float = layers.COLD,
    start=None,
    end=None,
) -> xr.Dataset:
    """Soil and weather of stations: Dataset (station, time), 32-bit, every day from first to last.

    ``sm_surface`` (5 cm probe) and ``sm_rootzone`` (0-100 cm) without readings in soil colder than
    ``threshold`` (degC) at the probe; ``soil_temperature`` at 5 cm; weather with
    ``specific_humidity``. ``names`` default to the conterminous USA. Raises DataError naming file
    and row.
    """
    table = stations(folder)
    chosen = _chosen(folder, table, names)
    table = table.loc[chosen]
    height = table["elevation"].fillna(network_table.UNKNOWN_ELEVATION)
    records = {}
    with progress.bar(len(chosen), "stations", "station") as bar:
        for name in chosen:
            record = uscrn.read(folder, name, start, end)
            records[name] = _station(record, threshold, height[name])
            bar.update(1)
    result = _stack(records)
    result = result.assign_coords(
        {name: ("station", table[name].to_numpy()) for name in ("latitude", "longitude")}
    ).assign_coords(elevation=("station", table["elevation"].to_numpy()))
    result.attrs |= {"track": "observed", "soil_temperature_threshold": threshold}
    source = str(files.product(folder, "uscrn/daily01"))
    result = schema_grid.describe(result, "NOAA USCRN daily")
    return schema_grid.check(result, source, place="station")


def _chosen(folder, table: pd.DataFrame, names: Iterable[str] | None) -> list[str]:
    if names is None:
        return table.index[table["conus"]].tolist()
    return [uscrn.find(folder, name) for name in names]


def _station(record: xr.Dataset, threshold: float, elevation: float) -> dict[str, xr.DataArray]:
    depths = record["depth"].values
    temperature, moisture = record["soil_temperature"].values, record["sm"].values
    sm = layers.warm(moisture, temperature, threshold)
    columns = {name: record[name].values for name in WEATHER}
    columns["specific_humidity"] = specific_humidity(
        columns["air_temperature"], columns["relative_humidity"], elevation
    )
    columns |= {
        "sm_surface": sm[0],
        # Section II-C: only stations "at all design depths" have a root zone.
        "sm_rootzone": layers.rootzone(sm, depths, np.ones(depths.size)),
        "soil_temperature": temperature[0],
    }
    days = record["time"].values
    return {
        name: xr.DataArray(values.astype(np.float32), {"time": days}, "time")
        for name, values in columns.items()
    }


def _stack(records: dict[str, dict[str, xr.DataArray]]) -> xr.Dataset:
    """Records of different length on the days from the first to the last of all of them."""
    ends = [(r["sm_surface"]["time"].values[[0, -1]]) for r in records.values()]
    days = np.arange(
        min(e[0] for e in ends).astype("datetime64[D]"),
        max(e[1] for e in ends).astype("datetime64[D]") + 1,
    )
    first = next(iter(records.values()))
    result = xr.Dataset(coords={"station": list(records), "time": days.astype("datetime64[ns]")})
    for name in first:
        values = np.full((len(records), days.size), np.nan, np.float32)
        for k, (record, (begin, _)) in enumerate(zip(records.values(), ends, strict=True)):
            at = int((begin.astype("datetime64[D]") - days[0]).astype(int))
            values[k, at : at + record[name].size] = record[name].values
        result[name] = ("station", "time"), values
    return result


def select(
    values: xr.DataArray, *, before=LAUNCH, at_least: int = YEAR, missing: float = 0.5
) -> tuple[list[str], dict[str, str]]:
    """Stations (station, time) with enough days before a date, and why the others are left out.

    ``at_least`` days with a value, and at most the share ``missing`` without one between the first
    of them and ``before`` (None: the last value). The defaults are the paper's for the root zone;
    its trends ask for three years and a share of 0.1.
    """
    if not 0 <= missing <= 1:
        raise ParameterError(f"missing is {missing}; a share from 0 to 1 is allowed")
    days = values["time"].values
    early = np.ones(days.size, bool) if before is None else days < np.datetime64(before)
    until = "" if before is None else f" before {str(before)[:10]}"
    kept, left_out = [], {}
    for station, series in zip(values["station"].values.tolist(), values.values, strict=True):
        there = np.flatnonzero(np.isfinite(series) & early)
        if there.size < max(at_least, 1):
            left_out[station] = f"{there.size} days{until}; {at_least} are needed"
            continue
        last = there[-1] if before is None else np.flatnonzero(early)[-1]
        share = 1 - there.size / (last - there[0] + 1)
        if share > missing:
            left_out[station] = f"{share:.0%} of days{until} missing; {missing:.0%} are allowed"
        else:
            kept.append(station)
    return kept, left_out


def match(
    places: xr.Dataset, pixels: xr.Dataset, farthest: float | None = None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The pixel of every station: pixel, distance (km) to its centre, inside; and those left out.

    ``pixels`` has the coordinates pixel, latitude, longitude, row and column of the 36 km grid;
    inside means that the station lies in the pixel itself. Stations farther than ``farthest`` km
    from every pixel's centre are left out, by name.
    """
    names = places["station"].values
    latitude, longitude = places["latitude"].values, places["longitude"].values
    at, away = distance.nearest(
        latitude, longitude, pixels["latitude"].values, pixels["longitude"].values
    )
    row, column = easegrid.row_column(latitude, longitude)
    inside = (row == pixels["row"].values[at]) & (column == pixels["column"].values[at])
    table = pd.DataFrame(
        {"pixel": pixels["pixel"].values[at], "distance": away, "inside": inside},
        index=pd.Index(names, name="station"),
    )
    if farthest is None:
        return table, {}
    far = table["distance"] > farthest
    left_out = {
        name: f"{away:.0f} km from the nearest pixel; at most {farthest:g} km are allowed"
        for name, away in table.loc[far, "distance"].items()
    }
    return table[~far], left_out
