"""II-A, II-C: what study 2 rests on: sources, places, days, and how often SMAP sees a pixel."""

from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.fang2019.places import INPUTS
from soilbook.plots.diagrams import Arrow, Box, Sign, draw
from soilbook.plots.style import date_axis, map_dots, style

CSV = Path(__file__).parent / "csv"
SIZE = (9.8, 4.7)  # of Fig 1, inches
CONUS = (-126, -66, 24, 51)
# Marker, size and colour of each kind of in-situ place.
PLACES = {"core": ("*", 120, "#D55E00"), "sparse": ("^", 22, "#CC79A7")}
BANDS = ("#E69F00", "#009E73", "#0072B2")  # from south to north


def drawing(
    name: str, lines: str = "lines", instead: dict[str, str] | None = None
) -> tuple[dict[str, Box | Sign], list[Arrow]]:
    """Things by name and arrows of a drawing, placed by hand in ``csv`` (inches); ``lines`` is the
    column of the small lines in the boxes, ``instead`` has those of some by the box's name. A track
    has no box without a line."""
    files = (CSV / f"drawn_{kind}.csv" for kind in ("things", "arrows"))
    tables = (pd.read_csv(file, keep_default_na=False) for file in files)
    boxes, joined = (table[table["drawing"] == name].itertuples() for table in tables)
    things, arrows = {}, []
    for row in boxes:
        at = row.x, row.y, row.title
        if row.kind == "sign":
            things[row.name] = Sign(*at, row.width / 2)
            continue
        text = (instead or {}).get(row.name, getattr(row, lines))
        if lines == "lines" or text:
            text = text.replace("|", "\n")
            things[row.name] = Box(*at, row.kind, row.width, row.height, text)
    for row in joined:
        if not all(end in things or ";" in end for end in row[2:4]):
            continue
        ends = (tuple(map(float, end.split(";"))) if ";" in end else end for end in row[2:4])
        arrows.append(Arrow(*ends, row.kind, row.sides, row.bend, row.text, (row.dx, row.dy)))
    return things, arrows


def sources(data: str, instead: dict[str, str] | None = None) -> pd.DataFrame:
    """Where each box of Fig 1 comes from on a track: box, source; see ``drawing``."""
    things, _ = drawing("information flow", data, instead)
    rows = [(name, box.lines) for name, box in things.items()]
    return pd.DataFrame(rows, columns=["box", "source"])


def information_flow(data: str, instead: dict[str, str] | None = None):
    """Fig 1: what flows into the models of a track, and what they are held against; see
    ``drawing``."""
    with style():
        figure, axis = plt.subplots(figsize=SIZE)
        draw(axis, *drawing("information flow", data, instead), SIZE)
    return figure


def inventory(grid: xr.Dataset, insitu: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row a data set: places, first and last day with a value, share of the days between.

    ``grid`` (pixel, time); ``insitu`` (place, time) by kind. Columns: data, variable, places (with
    a value), first, last, share_of_days.
    """
    pixels = grid.rename(pixel="place")
    seen = (*INPUTS["twin"], "sm_smap", "sm_smap_rootzone")
    probed = ("sm_surface", "sm_rootzone", "soil_temperature")
    series = [("pixels", pixels[name]) for name in seen if name in pixels]
    for kind, places in insitu.items():
        series += [(f"in situ, {kind}", places[name]) for name in probed if name in places]
    rows = []
    for what, values in series:
        there = values.notnull().transpose("place", "time").values
        days = np.flatnonzero(there.any(0))
        row = {"data": what, "variable": values.name, "places": there.any(1).sum()}
        row |= {"first": "", "last": "", "share_of_days": np.nan}
        if days.size:
            ends = values["time"].values[days[[0, -1]]]
            row["first"], row["last"] = np.datetime_as_string(ends, "D")
            row["share_of_days"] = there[there.any(1), days[0] : days[-1] + 1].mean()
        rows.append(row)
    return pd.DataFrame(rows)


def positions(insitu: dict[str, xr.Dataset]) -> pd.DataFrame:
    """Kind, place, latitude and longitude of all in-situ places, Datasets (place, ...) by kind."""
    parts = {
        kind: pd.DataFrame({n: places[n].values for n in ("place", "latitude", "longitude")})
        for kind, places in insitu.items()
    }
    return pd.concat(parts, names=["kind"]).reset_index(0).reset_index(drop=True)


def coverage(smap: xr.DataArray) -> xr.Dataset:
    """How often SMAP gives a value: ``share`` (pixel) of the days from its first to its last, and
    ``monthly`` (band, month) in three bands of latitude with as many pixels each.

    ``smap`` (pixel, time) has the coordinate latitude. Bands run from south to north.
    """
    there = smap.notnull()
    days = np.flatnonzero(there.any("pixel").values)
    there = there.isel(time=slice(days[0], days[-1] + 1))
    latitude = smap["latitude"].values
    edges = np.quantile(latitude, np.linspace(0, 1, len(BANDS) + 1))
    band = np.searchsorted(edges[1:-1], latitude, side="right")
    names = [f"{low:.0f} to {high:.0f} N" for low, high in pairwise(edges)]
    parts = (there.isel(pixel=band == k) for k in range(len(BANDS)))
    monthly = [part.mean("pixel").resample(time="MS").mean() for part in parts]
    joined = xr.concat(monthly, xr.Variable("band", names)).rename(time="month")
    return xr.Dataset({"share": there.mean("time"), "monthly": joined})


def printed() -> pd.DataFrame:
    """What sections II to II-C of the paper say of data: statement, value, upper, units, date."""
    rows = published.statements()
    rows = rows[rows["section"].str.startswith("II") & ~rows["section"].str.startswith("III")]
    rows = rows[rows["kind"] == "setting"]
    return rows[["id", "section", "statement", "value", "upper", "units", "date"]]


def map_of_places(share: xr.DataArray, insitu: dict[str, xr.Dataset]):
    """Map of the pixels, coloured by ``share`` (pixel) of days with SMAP, and in-situ places,
    Datasets (place) by kind."""
    with style():
        figure, axis = plt.subplots(figsize=(8, 4.6))
        dots = map_dots(axis, 100 * share, CONUS, vmin=0, label=f"pixels ({share.size})")
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
        for band, colour in zip(monthly, BANDS, strict=False):
            label = str(band["band"].values)
            axis.plot(monthly["month"], 100 * band, "o-", ms=3, color=colour, label=label)
        date_axis(axis)
        axis.set_ylabel("days with SMAP (%)")
        axis.set_ylim(0, max(5.0, 100 * float(np.nanmax(monthly)) * 1.05))
        figure.legend(loc="outside upper center", ncols=4)
    return figure
