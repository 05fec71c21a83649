"""Figs 7 and 8 of Fang et al. (2019): scores over the sparse network, as boxes and as maps."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures.maps import draw_base
from soilbook.figures.style import colour, letters, style

LABELS = {
    "rmse": "RMSE (m$^3$ m$^{-3}$)",
    "bias": "bias (m$^3$ m$^{-3}$)",
    "ubrmse": "ubRMSE (m$^3$ m$^{-3}$)",
    "r": "R",
}
LAYERS = {"surface": "surface", "rootzone": "root zone"}
# From bottom to top within a product: before and after the launch of SMAP.
PERIODS = {"PL": "prelaunch (PL)", "AL": "after launch (AL)"}
USA = (-125.5, -66, 24, 50)
MAPPED = (("SMAP", "AL"), ("LSTM", "AL"), ("LSTM", "PL"))
HEIGHT = 0.36  # of a box; products lie 1 apart


def boxes(scores: xr.Dataset):
    """Fig 7: box plots over places, a row a layer and a column a metric.

    ``scores`` has ``rmse``, ``bias``, ``ubrmse`` (m3 m-3) and ``r`` (product, layer, place,
    period). Boxes reach from quartile to quartile, whiskers to the 5th and 95th percentile.
    """
    layers = scores["layer"].values
    with style():
        figure, axes = plt.subplots(
            len(layers), len(LABELS), figsize=(11, 3.3 * len(layers) + 0.4), squeeze=False,
            sharey=True,
        )  # fmt: skip
        for row, layer in zip(axes, layers, strict=True):
            for axis, metric in zip(row, LABELS, strict=True):
                _boxes(axis, scores[metric].sel(layer=layer))
                axis.set_xlabel(LABELS[metric])
                axis.set_title(LAYERS[layer])
        letters(axes.flat)
        marks = [
            plt.Rectangle((0, 0), 1, 1, facecolor=face, edgecolor="black")
            for face in ("white", "#999999")
        ]
        figure.legend(marks, PERIODS.values(), loc="outside upper center", ncols=2)
    return figure


def _boxes(axis, values: xr.DataArray) -> None:
    products = values["product"].values
    for k, product in enumerate(products[::-1]):
        for offset, period in zip((-0.2, 0.2), PERIODS, strict=True):
            one = values.sel(product=product, period=period).values
            one = one[np.isfinite(one)]
            if not one.size:
                continue
            made = axis.boxplot(
                one, positions=[k + offset], orientation="horizontal", widths=HEIGHT,
                whis=(5, 95), showfliers=False, patch_artist=True, manage_ticks=False,
            )  # fmt: skip
            late = period == "AL"
            made["boxes"][0].set(
                facecolor=colour(product) if late else "white", edgecolor=colour(product)
            )
            made["medians"][0].set(color="white" if late else colour(product), linewidth=1.6)
            for part in (*made["whiskers"], *made["caps"]):
                part.set_color(colour(product))
    axis.set_yticks(range(len(products)), products[::-1])
    axis.set_ylim(-0.6, len(products) - 0.4)
    if values.name == "bias":
        axis.axvline(0, color="black", linewidth=0.8)


def maps(scores: xr.Dataset, layer: str = "surface"):
    """Fig 8: ubRMSE and R at every place, of SMAP and LSTM after and LSTM before the launch.

    ``scores`` as for ``boxes``, with ``latitude`` and ``longitude`` (place). A cross marks a place
    without a score.
    """
    with style():
        figure, axes = plt.subplots(
            len(MAPPED), 2, figsize=(10, 3.1 * len(MAPPED)), sharex=True, sharey=True
        )
        for k, (metric, colours) in enumerate((("ubrmse", "viridis_r"), ("r", "RdYlBu"))):
            column = axes[:, k]
            low, high = (0, 1) if metric == "r" else (0, 0.1)
            for axis, (product, period) in zip(column, MAPPED, strict=True):
                one = scores[metric].sel(layer=layer, product=product, period=period)
                draw_base(axis, USA, states=True)
                none = one.isnull().values
                axis.scatter(
                    one["longitude"][none], one["latitude"][none], marker="x", color="#888888",
                    s=18, linewidth=0.8, zorder=3,
                )  # fmt: skip
                dots = axis.scatter(
                    one["longitude"][~none], one["latitude"][~none], c=one[~none], cmap=colours,
                    vmin=low, vmax=high, s=30, edgecolor="black", linewidth=0.4, zorder=4,
                )  # fmt: skip
                axis.set_title(f"{product} {period}, {LAYERS[layer]}")
                axis.label_outer()
            ends = "max" if metric == "ubrmse" else "min"
            figure.colorbar(
                dots, ax=column, label=LABELS[metric], shrink=0.6, extend=ends,
                orientation="horizontal",
            )  # fmt: skip
        letters(axes.flat)
    return figure
