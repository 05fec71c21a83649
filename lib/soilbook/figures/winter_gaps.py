"""Scores of the products where SMAP sees little, and how much they move from day to day."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from soilbook.figures.style import colour, letters, style


def panels(means: dict[str, pd.DataFrame]):
    """One panel for each entry: title to the frame of ``studies.smap.seasons.means``."""
    with style():
        figure, axes = plt.subplots(
            1, len(means), figsize=(3.4 * len(means), 3.4), layout="constrained", squeeze=False
        )
        for axis, (title, frame) in zip(axes.flat, means.items(), strict=True):
            parts, products = (frame[name].unique().tolist() for name in ("part", "product"))
            for k, product in enumerate(products):
                one = frame[frame["product"] == product].set_index("part").loc[parts]
                at = np.arange(len(parts)) + (k - (len(products) - 1) / 2) * 0.16
                away = [one["value"] - one["low"], one["high"] - one["value"]]
                axis.errorbar(
                    at, one["value"], np.nan_to_num(away), fmt="o", ms=4, capsize=2,
                    color=colour(product), label=product,
                )  # fmt: skip
            axis.set_xticks(range(len(parts)), parts)
            axis.set_ylim(bottom=0)
            axis.set_title(title)
        axes[0, 0].set_ylabel("m$^3$ m$^{-3}$")
        letters(axes.flat)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure
