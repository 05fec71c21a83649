"""How far the values of explainers are from adding up, network by network."""

import matplotlib.pyplot as plt
import pandas as pd

from soilbook.figures.style import style

COLOURS = ("#D55E00", "#0072B2")  # of the first and the second estimator
LEAST = 1e-8  # smaller errors, and none at all, are drawn here
TRUSTED = 0.01  # of the prediction's spread: below, a plot of the values can be believed


def errors(table: pd.DataFrame):
    """Largest (dot) and mean (tick) error of additivity, one row a network, logarithmic from LEAST.

    ``table`` has a row for each ``model`` and ``estimator`` with ``largest`` and ``mean``, in
    standard deviations of the prediction, and ``reason`` where there are no values.
    """
    models = list(dict.fromkeys(table["model"]))
    with style():
        figure, axis = plt.subplots(figsize=(7, 0.28 * len(models) + 1.4))
        place = {model: -i for i, model in enumerate(models)}
        for (name, rows), colour in zip(
            table.groupby("estimator", sort=False), COLOURS, strict=True
        ):
            y = rows["model"].map(place)
            axis.scatter(
                rows["largest"].clip(LEAST),
                y,
                color=colour,
                s=32,
                label=f"{name}, largest",
                zorder=3,
            )
            axis.scatter(
                rows["mean"].clip(LEAST),
                y,
                color=colour,
                marker="|",
                s=70,
                label=f"{name}, mean",
                zorder=3,
            )
            for row, where in zip(rows.itertuples(), y, strict=True):
                if row.reason:
                    axis.text(1, where, f"{name}: no values", color=colour, ha="right", va="center")
        axis.axvline(TRUSTED, color="#999999", ls=":", lw=1)
        axis.axvline(1, color="#222222", ls="--", lw=0.9)
        axis.set_xscale("log")
        axis.set_yticks(list(place.values()), models)
        axis.set_xlabel("|sum of values + mean prediction - prediction| / spread of the prediction")
        figure.legend(loc="outside upper center", ncols=2)
        axis.set_xlim(left=LEAST / 2)
    return figure
