"""II-A, II-C: what study 2 rests on: sources, places, days, and how often SMAP sees a pixel."""

from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from soilbook import published
from soilbook.fang2019.places import INPUTS
from soilbook.plots.flow import Arrow, Box, Sign, draw
from soilbook.plots.style import draw_base, style

CSV = Path(__file__).parent / "csv"
SIZE = (8.2, 4.6)  # of Fig 1, inches
CONUS = (-126, -66, 24, 51)
# Marker, size and colour of each kind of in-situ place.
PLACES = {"core": ("*", 120, "#D55E00"), "sparse": ("^", 22, "#CC79A7")}
BANDS = ("#E69F00", "#009E73", "#0072B2", "#CC79A7")


def drawing(name: str, lines: str = "lines") -> tuple[dict[str, Box | Sign], list[Arrow]]:
    """Things by name and arrows of a drawing, placed by hand in ``csv`` (inches); ``lines`` is the
    column of the small lines in the boxes."""
    tables = (
        pd.read_csv(CSV / f"drawn_{kind}.csv", keep_default_na=False)
        for kind in ("things", "arrows")
    )
    boxes, joined = (table[table["drawing"] == name].itertuples() for table in tables)
    things = {
        row.name: Sign(row.x, row.y, row.title, row.width / 2)
        if row.kind == "sign"
        else Box(
            *(row.x, row.y, row.title, row.kind, row.width, row.height),
            getattr(row, lines).replace("|", "\n"),
        )
        for row in boxes
    }
    arrows = [
        Arrow(
            *(tuple(map(float, end.split(";"))) if ";" in end else end for end in row[2:4]),
            *(row.kind, row.sides, row.bend, row.text, (row.dx, row.dy)),
        )
        for row in joined
    ]
    return things, arrows


def sources(data: str) -> pd.DataFrame:
    """Where each box of Fig 1 comes from on a track: box, source."""
    things, _ = drawing("information flow", data)
    return pd.DataFrame(
        [(name, box.lines) for name, box in things.items()], columns=["box", "source"]
    )


def information_flow(data: str):
    """Fig 1: what flows into the models of a track, and what they are held against."""
    with style():
        figure, axis = plt.subplots(figsize=SIZE)
        draw(axis, *drawing("information flow", data), SIZE)
    return figure


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


def _row(what: str, name: str, values: xr.DataArray, place: str) -> dict:
    there = values.notnull().transpose(place, "time").values
    days = np.flatnonzero(there.any(0))
    row = {"data": what, "variable": name, "places": int(there.any(1).sum())}
    if not days.size:
        return row | {"first": "", "last": "", "share_of_days": np.nan}
    seen = there[there.any(1), days[0] : days[-1] + 1]
    first, last = values["time"].values[days[[0, -1]]].astype("datetime64[D]")
    return row | {"first": str(first), "last": str(last), "share_of_days": seen.mean()}


def positions(insitu: dict[str, xr.Dataset]) -> pd.DataFrame:
    """Kind, place, latitude and longitude of all in-situ places, Datasets (place, ...) by kind."""
    parts = {
        kind: pd.DataFrame({n: places[n].values for n in ("place", "latitude", "longitude")})
        for kind, places in insitu.items()
    }
    return pd.concat(parts, names=["kind"]).reset_index(0).reset_index(drop=True)


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


def map_of_places(share: xr.DataArray, insitu: dict[str, xr.Dataset]):
    """Map of the pixels, coloured by ``share`` (pixel) of days with SMAP, and in-situ places.

    All have the coordinates latitude and longitude; ``insitu`` are Datasets (place) by kind.
    """
    with style():
        figure, axis = plt.subplots(figsize=(8, 4.6))
        draw_base(axis, CONUS, states=True)
        dots = axis.scatter(
            share["longitude"], share["latitude"], c=100 * share, s=26, marker="s", cmap="viridis",
            vmin=0, zorder=2, label=f"pixels ({share.size})",
        )  # fmt: skip
        for kind, found in insitu.items():
            marker, size, colour = PLACES[kind]
            axis.scatter(
                found["longitude"], found["latitude"], marker=marker, s=size, color=colour,
                edgecolor="black", linewidth=0.6, zorder=3,
                label=f"{kind} ({found.sizes['place']})",
            )  # fmt: skip
        figure.colorbar(dots, ax=axis, label="days with SMAP (%)", shrink=0.8)
        axis.legend(loc="lower left")
    return figure


def by_month(monthly: xr.DataArray):
    """Share of days with a SMAP value: ``monthly`` (band, month), one line a band of latitude."""
    with style():
        figure, axis = plt.subplots(figsize=(7.5, 2.8))
        for k, band in enumerate(monthly["band"].values):
            values = 100 * monthly.sel(band=band).values
            colour = BANDS[k % len(BANDS)]
            axis.plot(monthly["month"].values, values, "o-", ms=3, color=colour, label=str(band))
        locator = AutoDateLocator()
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axis.set_ylabel("days with SMAP (%)")
        axis.set_ylim(0, max(5.0, 100 * float(np.nanmax(monthly)) * 1.05))
        figure.legend(loc="outside upper center", ncols=4)
    return figure
