"""Figs 2 and 3 of Wang et al. (2024): correlations between variables and with the past."""

import matplotlib.pyplot as plt
import seaborn as sns
import xarray as xr

from soilbook.figures.style import letters, style


def correlations(matrices: xr.Dataset):
    """Fig 2: Pearson matrices. ``matrices["r"]`` has (site, depth, variable, other)."""
    r = matrices["r"]
    panels = [(site, depth) for site in r["site"].values for depth in r["depth"].values]
    with style():
        figure, axes = plt.subplots(
            r.sizes["site"], r.sizes["depth"], figsize=(9, 4.1 * r.sizes["site"]), squeeze=False
        )
        for axis, (site, depth) in zip(axes.flat, panels, strict=True):
            part = r.sel(site=site, depth=depth)
            sns.heatmap(
                part.to_pandas(), ax=axis, vmin=-1, vmax=1, cmap="RdBu_r", annot=True, fmt=".2f",
                square=True, cbar=False, annot_kws={"size": 7}, linewidths=0.4,
            )  # fmt: skip
            axis.set(title=f"{site}, {depth:.2f} m", xlabel="", ylabel="")
        letters(axes.flat)
        scale = plt.cm.ScalarMappable(plt.Normalize(-1, 1), "RdBu_r")
        figure.colorbar(scale, ax=axes, label="Pearson R", shrink=0.6)
    return figure


def autocorrelation(curves: xr.Dataset):
    """Fig 3: autocorrelation of soil moisture; ``curves["r"]`` has (depth, lag), lag in days."""
    r = curves["r"]
    with style():
        figure, axis = plt.subplots(figsize=(6, 3.6))
        palette = sns.color_palette("viridis_r", r.sizes["depth"])
        for colour, depth in zip(palette, r["depth"].values, strict=True):
            axis.plot(r["lag"], r.sel(depth=depth), "o-", color=colour, label=f"{depth:.2f} m")
        axis.set(xlabel="lag (d)", ylabel="autocorrelation of soil moisture")
        axis.set_ylim(top=1.01)
        axis.legend(title="depth")
    return figure
