"""Fig 15 of Wang et al. (2024): t-SNE of inputs and encoded states; and how stable it is."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import xarray as xr

from soilbook.figures.style import letters, style

COLOURS = "YlGnBu"  # light is dry, dark is wet, as in the paper
LABEL = "soil moisture (m$^3$ m$^{-3}$)"
DOT = {"s": 7, "linewidths": 0.15, "edgecolors": "#555555", "rasterized": True}


def panels(pictures: xr.Dataset):
    """Fig 15: one panel for each entry of ``pictures["panel"]``, dots coloured by soil moisture.

    Needs ``position`` (panel, sample, axis), ``moisture`` (sample, m3 m-3), ``order`` and
    ``direction`` (panel), which are printed under each panel.
    """
    names = pictures["panel"].values
    n_columns = min(4, len(names))
    n_rows = -(-len(names) // n_columns)
    with style():
        figure, axes = plt.subplots(
            n_rows, n_columns, figsize=(2.35 * n_columns, 2.6 * n_rows), squeeze=False, dpi=120
        )
        for axis, name in zip(axes.flat, names, strict=False):
            panel = pictures.sel(panel=name)
            dots = _dots(axis, panel["position"], pictures["moisture"])
            axis.set_title(str(name))
            axis.set_xlabel(
                f"order {float(panel['order']):.2f}, direction {float(panel['direction']):.2f}",
                fontsize=7,
            )
        for axis in axes.flat[len(names) :]:
            axis.set_axis_off()
        letters(axes.flat[: len(names)])
        figure.colorbar(dots, ax=axes, label=LABEL, extend="both", shrink=0.6)
    return figure


def stability(stable: xr.Dataset, name: str = "pictures"):
    """The pictures of one set of states by perplexity and seed, and how much they share.

    ``stable`` is by (perplexity, seed) with ``position``, ``order``, ``direction``, and by
    (picture, other) with ``overlap`` and ``disparity``; ``name`` says whose states these are.
    """
    perplexities, seeds = stable["perplexity"].values, stable["seed"].values
    n_rows, n_columns = len(seeds), len(perplexities)
    labels = [f"{p:g} / {s}" for p in perplexities for s in seeds]
    with style():
        figure = plt.figure(figsize=(2.3 * max(n_columns, 3), 2.3 * n_rows + 3.6), dpi=120)
        above, below = figure.subfigures(2, 1, height_ratios=(2.3 * n_rows, 3.6))
        axes = above.subplots(n_rows, n_columns, squeeze=False)
        for row, seed in enumerate(seeds):
            for column, perplexity in enumerate(perplexities):
                one = stable.sel(seed=seed, perplexity=perplexity)
                dots = _dots(axes[row, column], one["position"], stable["moisture"])
                axes[row, column].set_title(f"perplexity {perplexity:g}, seed {seed}", fontsize=7)
                axes[row, column].set_xlabel(
                    f"order {float(one['order']):.2f}, direction {float(one['direction']):.2f}",
                    fontsize=7,
                )
        above.suptitle(f"(a) {name}", fontsize=9)
        above.colorbar(dots, ax=axes, label=LABEL, extend="both", shrink=0.7)
        titles = {"overlap": "(b) shared nearest neighbours", "disparity": "(c) disparity"}
        for axis, (kind, title) in zip(below.subplots(1, 2), titles.items(), strict=True):
            sns.heatmap(
                stable[kind].values, ax=axis, vmin=0, vmax=1, cmap="viridis", square=True,
                xticklabels=labels, yticklabels=labels, cbar_kws={"shrink": 0.8},
            )  # fmt: skip
            axis.set_title(title)
            axis.set(xlabel="perplexity / seed", ylabel="perplexity / seed")
            axis.tick_params(labelsize=6)
    return figure


def _dots(axis, position: xr.DataArray, moisture: xr.DataArray):
    """One picture; wet samples are drawn last, so that the few of them are seen."""
    xy = position.transpose("sample", "axis").values
    wetness = moisture.values
    order = np.argsort(wetness)
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.margins(0.05)
    # A few very wet days must not take all the colours.
    low, high = np.percentile(wetness, (1, 99))
    return axis.scatter(*xy[order].T, c=wetness[order], cmap=COLOURS, vmin=low, vmax=high, **DOT)
