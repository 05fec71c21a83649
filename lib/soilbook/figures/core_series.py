"""Figs 5 and 6 of Fang et al. (2019): series of soil moisture at the core sites."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from soilbook.figures.style import colour, letters, style

IN_SITU = "#A0A0A0"  # broad and pale below the products
LAUNCH = np.datetime64("2015-04-01")
AXES = {"surface": "anomaly (m$^3$ m$^{-3}$)", "rootzone": "m$^3$ m$^{-3}$"}
# Days of continuous series and single retrievals.
LOOKS = {
    "SMAP": {"marker": "o", "ms": 1.8, "ls": "none", "zorder": 4},
    "LSTM": {"lw": 1.0, "zorder": 3},
    "Noah": {"lw": 0.8, "zorder": 2},
    "in situ": {"lw": 2.4, "zorder": 1},
}


def panels(found: xr.Dataset):
    """One panel a site; ``found`` has ``sm`` (series, place, time) and the attribute ``layer``.

    A dashed line marks the first day of SMAP.
    """
    names = found["place"].values
    with style():
        figure, axes = plt.subplots(
            len(names), 1, figsize=(11, 1.55 * len(names) + 0.7), sharex=True, squeeze=False
        )
        days = found["time"].values
        for axis, name in zip(axes[:, 0], names, strict=True):
            for series in found["series"].values:
                look = {"color": IN_SITU if series == "in situ" else colour(series)}
                values = found["sm"].sel(series=series, place=name)
                axis.plot(days, values, label=str(series), **look, **LOOKS.get(str(series), {}))
            if days[0] < LAUNCH < days[-1]:
                axis.axvline(LAUNCH, color="black", lw=0.8, ls="--")
            axis.set_title(name)
            axis.set_ylabel(AXES[found.attrs["layer"]])
            axis.margins(x=0.01)
        letters(axes[:, 0])
        locator = AutoDateLocator()
        axes[-1, 0].xaxis.set_major_locator(locator)
        axes[-1, 0].xaxis.set_major_formatter(ConciseDateFormatter(locator))
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure
