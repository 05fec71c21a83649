"""Figs 3 and 4 of Fang et al. (2019): scores at the core sites as bars."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures.style import colour, letters, style

LABELS = {
    "bias": "bias (m$^3$ m$^{-3}$)",
    "ubrmse": "ubRMSE (m$^3$ m$^{-3}$)",
    "r": "R",
}
LAYERS = {"surface": "surface", "rootzone": "root zone"}
# Product and period of each bar. SMAP has no prelaunch days.
FIG_3 = (
    ("SMAP", "AL"),
    ("LSTM", "AL"),
    ("LSTM", "PL"),
    ("Noah", "AL"),
    ("Noah", "PL"),
    ("Comb", "AL"),
    ("Comb", "PL"),
)
FIG_4 = (("Comb", "AL"), ("Comb", "PL"), ("Noah+VIC", "AL"), ("Noah+VIC", "PL"))
NAMES = {"Comb": "LSTM+Noah"}
ONE_YEAR = "LSTM against SMAP, AL 1 Yr Test"
GROUP = 0.84  # share of the space between two sites that bars take


def bars(scores: xr.Dataset, shown=FIG_3, one_year: xr.Dataset | None = None):
    """A row a metric, a column a layer, a group of bars a site.

    ``scores`` has ``bias``, ``ubrmse`` (m3 m-3) and ``r`` (product, layer, place, period);
    ``shown`` names product and period of the bars; ``one_year`` has the same scores (place) of the
    one-year test against SMAP, drawn at the surface. AL bars are full, PL bars hatched.
    """
    layers = [name for name in LAYERS if _sites(scores, name)]
    widths = [2 + len(_sites(scores, name)) for name in layers]
    with style():
        figure, axes = plt.subplots(
            len(LABELS), len(layers), figsize=(11.5, 7.2), squeeze=False, sharey="row",
            sharex="col", width_ratios=widths,
        )  # fmt: skip
        for column, layer in enumerate(layers):
            last = one_year if layer == "surface" else None
            for axis, metric in zip(axes[:, column], LABELS, strict=True):
                _draw(axis, scores[metric].sel(layer=layer), _sites(scores, layer), shown, last)
            axes[0, column].set_title(LAYERS[layer])
            axes[-1, column].tick_params(axis="x", rotation=35)
            plt.setp(axes[-1, column].get_xticklabels(), ha="right", rotation_mode="anchor")
        for row, text in zip(axes, LABELS.values(), strict=True):
            row[0].set_ylabel(text)
        letters(axes[0])
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 7))
    return figure


def _sites(scores: xr.Dataset, layer: str) -> list[str]:
    there = scores["ubrmse"].sel(layer=layer).notnull().any(("product", "period"))
    return scores["place"].values[there.values].tolist()


def _draw(axis, values: xr.DataArray, sites: list[str], shown, one_year) -> None:
    count = len(shown) + (one_year is not None)
    width = GROUP / count
    middle = np.arange(len(sites))
    values = values.sel(place=sites)
    for k, (product, period) in enumerate(shown):
        late = period == "AL"
        axis.bar(
            middle + (k - (count - 1) / 2) * width,
            values.sel(product=product, period=period),
            width,
            color=colour(product) if late else "white",
            edgecolor=colour(product),
            linewidth=0.7,
            hatch=None if late else "/////",
            label=f"{NAMES.get(product, product) if shown is not FIG_3 else product} {period}",
        )
    if one_year is not None:
        axis.bar(
            middle + (count - 1) / 2 * width, one_year[values.name].sel(place=sites), width,
            color="#999999", edgecolor="black", linewidth=0.7, label=ONE_YEAR,
        )  # fmt: skip
    axis.axhline(0, color="black", linewidth=0.7)
    axis.set_xticks(middle, sites)
    axis.grid(axis="x", visible=False)
