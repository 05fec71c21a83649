"""Where and when study 2 has data: the map of pixels and in-situ places, SMAP by month."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from soilbook.figures.maps import draw_base
from soilbook.figures.style import style

CONUS = (-126, -66, 24, 51)
# Marker, size and colour of each kind of in-situ place.
PLACES = {"core": ("*", 120, "#D55E00"), "sparse": ("^", 22, "#CC79A7")}
BANDS = ("#E69F00", "#009E73", "#0072B2", "#CC79A7")


def places(share: xr.DataArray, insitu: dict[str, xr.Dataset]):
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
            label = f"{kind} ({found.sizes['place']})"
            axis.scatter(
                found["longitude"], found["latitude"], marker=marker, s=size, color=colour,
                edgecolor="black", linewidth=0.6, zorder=3, label=label,
            )  # fmt: skip
        figure.colorbar(dots, ax=axis, label="days with SMAP (%)", shrink=0.8)
        axis.legend(loc="lower left")
    return figure


def coverage(monthly: xr.DataArray):
    """Share of days with a SMAP value by month, one line a band of latitude.

    ``monthly`` has the dimensions band and month.
    """
    with style():
        figure, axis = plt.subplots(figsize=(7.5, 2.8))
        months = monthly["month"].values
        for k, band in enumerate(monthly["band"].values):
            values = 100 * monthly.sel(band=band).values
            axis.plot(months, values, "o-", ms=3, color=BANDS[k % len(BANDS)], label=str(band))
        locator = AutoDateLocator()
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axis.set_ylabel("days with SMAP (%)")
        axis.set_ylim(0, max(5.0, 100 * float(np.nanmax(monthly)) * 1.05))
        figure.legend(loc="outside upper center", ncols=4)
    return figure
