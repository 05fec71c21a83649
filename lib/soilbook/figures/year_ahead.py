"""Figures of the year-ahead test: learning curves, maps of scores, and stated uncertainty."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures.maps import draw_base
from soilbook.figures.satellite_data import CONUS
from soilbook.figures.style import letters, style

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
# A way to state uncertainty: colour by its source, full lines where the misfit is added.
WAYS = {"dropout": "#D55E00", "ensemble": "#0072B2"}
LABELS = {
    "rmse": ("RMSE (m$^3$ m$^{-3}$)", "magma_r", 0.0),
    "ubrmse": ("ubRMSE (m$^3$ m$^{-3}$)", "magma_r", 0.0),
    "bias": ("bias (m$^3$ m$^{-3}$)", "RdBu_r", None),
    "r": ("R", "viridis", None),
}


def learning_curves(losses: dict[str, xr.DataArray]):
    """Loss of eq 9 by epoch, in squares of the deviation of moisture; a line each network.

    ``losses`` are (network, epoch) by the name of their training.
    """
    with style():
        figure, axis = plt.subplots(figsize=(5.5, 3.2))
        for k, (name, loss) in enumerate(losses.items()):
            for n, one in enumerate(loss.transpose("network", "epoch").values):
                axis.plot(
                    loss["epoch"], one, color=COLOURS[k % len(COLOURS)], lw=1.2,
                    label=None if n else name,
                )  # fmt: skip
        axis.set(xlabel="epoch", ylabel="loss (eq 9)", yscale="log")
        axis.legend()
    return figure


def maps(scores: xr.Dataset, metrics=("ubrmse", "r")):
    """Scores (pixel) with latitude and longitude on maps, one panel a metric."""
    with style():
        figure, axes = plt.subplots(len(metrics), 1, figsize=(7, 3.9 * len(metrics)), squeeze=False)
        for axis, metric in zip(axes.flat, metrics, strict=True):
            label, colours, low = LABELS[metric]
            values = scores[metric].values
            finite = values[np.isfinite(values)]
            draw_base(axis, CONUS, states=True)
            dots = axis.scatter(
                scores["longitude"], scores["latitude"], c=values, s=26, marker="s", cmap=colours,
                vmin=np.quantile(finite, 0.02) if low is None else low,
                vmax=np.quantile(finite, 0.98), zorder=2,
            )  # fmt: skip
            figure.colorbar(dots, ax=axis, label=label, shrink=0.8, extend="both")
            axis.set_title(label.partition(" (")[0])
        letters(axes.flat)
    return figure


def calibration(found: xr.Dataset):
    """Share of days inside central intervals against the stated level, and error against spread.

    ``found`` as ``studies.smap.prolongation_spread.calibration`` returns it, with one way at least.
    """
    with style():
        figure, (held, skill) = plt.subplots(1, 2, figsize=(8, 3.7))
        held.plot([0, 1], [0, 1], color="#999999", lw=0.8)
        largest = 0.0
        for way in found["way"].values:
            one, name = found.sel(way=way), str(way)
            source, _, added = name.partition(" ")
            look = {"color": WAYS[source], "ls": "-" if added else ":", "marker": "o", "ms": 3}
            held.plot(one["nominal"], one["inside"], label=name, **look)
            skill.plot(one["spread"], one["error"], label=name, **look)
            largest = max(largest, float(one["spread"].max()), float(one["error"].max()))
        skill.plot([0, largest], [0, largest], color="#999999", lw=0.8)
        held.set(xlabel="stated level", ylabel="share of days inside", title="coverage")
        skill.set(
            xlabel="stated deviation (m$^3$ m$^{-3}$)",
            ylabel="RMSE of those days (m$^3$ m$^{-3}$)", title="spread and skill",
        )  # fmt: skip
        letters((held, skill))
        figure.legend(*held.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
