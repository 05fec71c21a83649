"""The Climate Reference Network as the sparse network of Fang et al. (2019), section II-C."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import progress, schema
from soilbook.data import easegrid, files, uscrn
from soilbook.data.files import Folder
from soilbook.errors import ParameterError
from soilbook.physics.air import specific_humidity

LAUNCH = np.datetime64("2015-04-01")  # first day of the paper's period after launch
WEATHER = ("precipitation", "air_temperature", "shortwave", "relative_humidity")
BOTTOM = 1.0  # m, the root zone of SMAP L4
# Soil temperatures (degC) below which a reading does not count.
COLD = 4.0
COLD_FOR_TRENDS = 0.0
# States and countries of the network outside the conterminous USA.
ELSEWHERE = ("AK", "HI", "PR", "ON", "SA")
# Mean elevation of the USA (2,500 feet; USGS, Elevations and Distances in the United States),
# taken for pressure where NCEI's list is not at hand: the daily files have no elevation.
UNKNOWN_ELEVATION = 2500 * uscrn.FOOT


def stations(folder: Folder = None) -> pd.DataFrame:
    """All stations on file: latitude, longitude, elevation (m), state, conus, first and last year.

    Positions are those of the first row of the newest file, elevations those of NCEI's list
    ``uscrn/stations.tsv`` where it is there (NaN otherwise). Raises DataError naming file and row.
    """
    height = uscrn.elevations(folder)
    rows = {}
    for name, years in sorted(uscrn.years(folder).items()):
        longitude, latitude = uscrn.position(uscrn.path_of(folder, name, years[-1]))
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


def files_of(folder: Folder = None, names: Iterable[str] | None = None) -> list[Path]:
    """The files that ``read`` reads, for ``files.digest``."""
    chosen = _chosen(folder, stations(folder), names)
    paths = [path for name in chosen for path in uscrn.files_of(folder, name)]
    listed = files.product(folder, "uscrn") / uscrn.LIST
    return [*paths, listed] if listed.is_file() else paths


def read(
    folder: Folder = None, names: Iterable[str] | None = None, *, threshold: float = COLD
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
    height = table["elevation"].fillna(UNKNOWN_ELEVATION)
    records = []
    with progress.bar(len(chosen), "stations", "station") as bar:
        for name in chosen:
            record = uscrn.read(folder, name)
            records.append(_station(record, threshold, height[name]))
            bar.update(1)
    joined = xr.concat(records, "station", join="outer")
    days = pd.date_range(joined["time"].values[0], joined["time"].values[-1])
    places = {k: ("station", table[k].to_numpy()) for k in ("latitude", "longitude", "elevation")}
    result = xr.Dataset(coords={"station": chosen, "time": days, **places}).assign(joined)
    result.attrs |= {"track": "observed", "soil_temperature_threshold": threshold}
    source = str(files.product(folder, "uscrn/daily01"))
    result = schema.describe_grid(result, "NOAA USCRN daily")
    return schema.check_grid(result, source, place="station")


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
    at, away = easegrid.nearest(
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


def rootzone_weights(depths) -> np.ndarray:
    """Share of 0..``BOTTOM`` (m) that each probe stands for, in order of rising depths (m).

    A probe's layer reaches to the midpoints between it and its neighbours, the first one's to the
    surface, the last one's to the bottom. Raises ParameterError for depths that do not rise or lie
    outside.
    """
    depths = np.asarray(depths, dtype=float)
    if not depths.size or np.any(np.diff(depths) <= 0) or depths[0] <= 0 or depths[-1] > BOTTOM:
        raise ParameterError(
            f"depths of probes are {depths.tolist()}; rising depths above 0 and to {BOTTOM:g} m "
            "are needed"
        )
    edges = np.concatenate([[0.0], (depths[1:] + depths[:-1]) / 2, [BOTTOM]])
    return np.diff(edges) / BOTTOM


def warm(sm: np.ndarray, soil_temperature: np.ndarray, threshold: float = COLD) -> np.ndarray:
    """Soil moisture with NaN where the soil at the same probe is colder (degC) or not known."""
    return np.where(soil_temperature >= threshold, sm, np.nan)


def rootzone(sm: np.ndarray, depths, probes=None) -> np.ndarray:
    """Mean soil moisture (time,) of 0..``BOTTOM`` from probes (depth, time).

    ``probes`` (depth,) says which depths have one (default: those that ever report). A day on which
    one of them is missing is NaN, and so is a station with fewer than two or none below half of
    the layer.
    """
    depths = np.asarray(depths, dtype=float)
    there = np.isfinite(sm).any(axis=1) if probes is None else np.asarray(probes, dtype=bool)
    there = there & (depths <= BOTTOM)
    if there.sum() < 2 or depths[there][-1] < BOTTOM / 2:
        return np.full(sm.shape[1], np.nan)
    return rootzone_weights(depths[there]) @ sm[there]


def _chosen(folder, table: pd.DataFrame, names: Iterable[str] | None) -> list[str]:
    if names is None:
        return table.index[table["conus"]].tolist()
    return [uscrn.find(folder, name) for name in names]


def _station(record: xr.Dataset, threshold: float, elevation: float) -> xr.Dataset:
    """What the network has of one station, 32-bit (time)."""
    temperature = record["soil_temperature"].values
    sm = warm(record["sm"].values, temperature, threshold)
    columns = {name: record[name].values for name in WEATHER}
    columns["specific_humidity"] = specific_humidity(
        columns["air_temperature"], columns["relative_humidity"], elevation
    )
    columns |= {
        "sm_surface": sm[0],
        # Section II-C: only stations "at all design depths" have a root zone.
        "sm_rootzone": rootzone(sm, record["depth"].values, np.ones(len(sm))),
        "soil_temperature": temperature[0],
    }
    series = {name: ("time", values.astype(np.float32)) for name, values in columns.items()}
    return xr.Dataset(series, {"time": record["time"].values})
