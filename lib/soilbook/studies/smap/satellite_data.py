"""What study 2 rests on, on each track: sources, places, days, and how often SMAP sees a pixel."""

from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.errors import unknown
from soilbook.studies.smap.places import INPUTS, TRACKS

# The boxes of Fig 1: where each comes from, two short lines.
SOURCES = {
    "twin": {
        "forcing": "made weather,\n412 pixels, daily",
        "attributes": "made soils and\nland cover",
        "SMAP L3": "truth as the\nsatellite sees it",
        "SMAP L4": "truth, smoothed,\n0-100 cm",
        "LSTM": "eqs 1-8",
        "Noah": "Noah-type model\nof this library",
        "VIC": "VIC-type model\nof this library",
        "Comb": "LSTM and Noah",
        "Noah+VIC": "the two models",
        "in situ": "9 core sites,\n104 stations, made",
    },
    "observed": {
        "forcing": "NLDAS-2 (pixels),\nstation (hindcast)",
        "attributes": "ISRIC-WISE and\nSMAP masks",
        "SMAP L3": "36 km, morning,\n412 pixels",
        "SMAP L4": "absent: exponential\nfilter instead",
        "LSTM": "eqs 1-8",
        "Noah": "Noah-type model\nof this library",
        "VIC": "VIC-type model\nof this library",
        "Comb": "LSTM and Noah",
        "Noah+VIC": "the two models",
        "in situ": "USCRN; 5 stations\nfor the core sites",
    },
}


def sources(data: str) -> dict[str, str]:
    """Where each box of Fig 1 comes from on a track; ParameterError for an unknown one."""
    if data not in TRACKS:
        raise unknown("data", data, TRACKS)
    return SOURCES[data]


def inventory(grid: xr.Dataset, insitu: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row a data set: places, first and last day with a value, share of the days between.

    ``grid`` (pixel, time); ``insitu`` (place, time) by kind. Columns: data, variable, places (with
    a value), first, last, share_of_days.
    """
    rows = [
        _row("pixels", name, grid[name], "pixel")
        for name in (*INPUTS["twin"], "sm_smap", "sm_smap_rootzone")
        if name in grid
    ]
    rows += [
        _row(f"in situ, {kind}", name, places[name], "place")
        for kind, places in insitu.items()
        for name in ("sm_surface", "sm_rootzone", "soil_temperature")
        if name in places
    ]
    return pd.DataFrame(rows)


def positions(insitu: dict[str, xr.Dataset]) -> pd.DataFrame:
    """Kind, place, latitude and longitude of all in-situ places, Datasets (place, ...) by kind."""
    parts = {
        kind: pd.DataFrame({n: places[n].values for n in ("place", "latitude", "longitude")})
        for kind, places in insitu.items()
    }
    return pd.concat(parts, names=["kind"]).reset_index(0).reset_index(drop=True)


def _row(what: str, name: str, values: xr.DataArray, place: str) -> dict:
    there = values.notnull().transpose(place, "time").values
    days = np.flatnonzero(there.any(0))
    row = {"data": what, "variable": name, "places": int(there.any(1).sum())}
    if not days.size:
        return row | {"first": "", "last": "", "share_of_days": np.nan}
    seen = there[there.any(1), days[0] : days[-1] + 1]
    first, last = values["time"].values[days[[0, -1]]].astype("datetime64[D]")
    return row | {"first": str(first), "last": str(last), "share_of_days": seen.mean()}


def coverage(smap: xr.DataArray, parts: int = 3) -> xr.Dataset:
    """How often SMAP gives a value: ``share`` (pixel) of the days from its first to its last, and
    ``monthly`` (band, month) in ``parts`` bands of latitude with as many pixels each.

    ``smap`` (pixel, time) has the coordinate latitude. Bands run from south to north.
    """
    there = smap.notnull()
    days = np.flatnonzero(there.any("pixel").values)
    there = there.isel(time=slice(days[0], days[-1] + 1))
    edges = np.quantile(smap["latitude"].values, np.linspace(0, 1, parts + 1))
    band = np.clip(np.searchsorted(edges, smap["latitude"].values, side="right") - 1, 0, parts - 1)
    names = [f"{low:.0f} to {high:.0f} N" for low, high in pairwise(edges)]
    monthly = [
        there.isel(pixel=np.flatnonzero(band == k)).mean("pixel").resample(time="MS").mean()
        for k in range(parts)
    ]
    joined = xr.concat(monthly, xr.Variable("band", names)).rename(time="month")
    return xr.Dataset({"share": there.mean("time"), "monthly": joined})


def printed() -> pd.DataFrame:
    """What sections II to II-C of the paper say of data: statement, value, upper, units, date."""
    rows = published.statements()
    rows = rows[rows["section"].str.startswith("II") & ~rows["section"].str.startswith("III")]
    rows = rows[rows["kind"] == "setting"]
    return rows[["id", "section", "statement", "value", "upper", "units", "date"]]
