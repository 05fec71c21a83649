"""Fig D1 of Wang et al. (2024): soil moisture of every site at all depths."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import xarray as xr
from matplotlib.dates import AutoDateLocator, DateFormatter

from soilbook.figures.style import style


def sites(series: xr.Dataset):
    """One panel a site; ``series["sm"]`` (site, depth, time) in m3 m-3, NaN outside the record."""
    sm = series["sm"]
    columns = min(3, sm.sizes["site"])
    rows = -(-sm.sizes["site"] // columns)
    with style():
        figure, axes = plt.subplots(
            rows, columns, figsize=(10, 1.45 * rows + 0.6), squeeze=False, sharey=True
        )
        palette = sns.color_palette("viridis_r", sm.sizes["depth"])
        for axis, name in zip(axes.flat, sm["site"].values, strict=False):
            part = sm.sel(site=name)
            there = np.flatnonzero(np.isfinite(part.values).any(0))
            part = part.isel(time=slice(there[0], there[-1] + 1)) if there.size else part
            for colour, depth in zip(palette, part["depth"].values, strict=True):
                axis.plot(
                    part["time"],
                    part.sel(depth=depth),
                    color=colour,
                    lw=0.6,
                    label=f"{depth:.2f} m",
                )
            axis.set_title(name, loc="left")
            axis.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=6))
            axis.xaxis.set_major_formatter(DateFormatter("%Y"))
        for axis in axes.flat[sm.sizes["site"] :]:
            axis.set_axis_off()
        for axis in axes[:, 0]:
            axis.set_ylabel("m$^3$ m$^{-3}$")
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=5, title="depth")
    return figure
