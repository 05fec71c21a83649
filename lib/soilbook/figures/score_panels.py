"""The figures of scores, Figs 8-11 and 13 of Wang et al. (2024): RMSE, convergence and time."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

from soilbook.figures.style import colour, letters, style
from soilbook.training.ensemble import CONVERGED


def rmse_panels(scores: xr.Dataset, cost: pd.DataFrame | None = None):
    """Panels (a-e): RMSE by lead, one panel a depth; (g): epochs to convergence; (h): time.

    ``scores`` has ``rmse``, ``rmse_low``, ``rmse_high`` (model, depth, lead) in m3 m-3; ``cost``
    one row a network with ``model``, ``epochs_to_convergence`` (see ``shard.convergence_epoch``)
    and ``seconds_per_100_epochs``. The legend names ``attrs["site"]`` of scores of one site, see
    ``studies.insitu.one_site``.
    """
    with_cost = cost is not None and len(cost) > 0
    with style():
        figure, axes = plt.subplots(
            3 if with_cost else 2, 3, figsize=(9.5, 8.2 if with_cost else 5.6), squeeze=False
        )
        panels, spare = list(axes.flat[:5]), axes.flat[5]
        for axis, depth in zip(panels, scores["depth"].values, strict=False):
            _bars(axis, scores.sel(depth=depth))
            axis.set_title(f"{depth:.2f} m")
        for axis in panels[scores.sizes["depth"] :]:
            axis.set_axis_off()
        spare.set_axis_off()
        whose = scores.attrs.get("site", "mean of sites")
        spare.legend(*panels[0].get_legend_handles_labels(), loc="center", title=whose)
        letters(panels[: scores.sizes["depth"]])
        if with_cost:
            until = f"epochs until within {100 * CONVERGED:g} %\nof the lowest validation error"
            _box(axes[2, 0], cost, "epochs_to_convergence", until)
            axes[2, 0].set_title("(g) epochs to convergence", loc="left")
            _box(axes[2, 1], cost, "seconds_per_100_epochs", "s per 100 epochs and network")
            axes[2, 1].set_title("(h) training time", loc="left")
            axes[2, 2].set_axis_off()
    return figure


def _bars(axis, scores: xr.Dataset) -> None:
    models, leads = scores["model"].values, scores["lead"].values
    width = 0.82 / len(models)
    for i, model in enumerate(models):
        row = scores.sel(model=model)
        middle, low, high = (row[name].values for name in ("rmse", "rmse_low", "rmse_high"))
        x = np.arange(len(leads)) + (i - (len(models) - 1) / 2) * width
        spread = np.clip([middle - low, high - middle], 0, None)
        axis.bar(
            x, middle, width, yerr=spread, color=colour(model), label=model,
            error_kw={"lw": 0.8, "ecolor": "#222222"},
        )  # fmt: skip
    axis.set_xticks(range(len(leads)), [f"{lead} d" for lead in leads])
    axis.set(xlabel="lead", ylabel="RMSE (m$^3$ m$^{-3}$)")
    _limit(axis, scores)


def _limit(axis, scores: xr.Dataset) -> None:
    """Cut the axis above the models that forecast at all, and write on the others what they reach.

    Climatology in deep soil and a runaway forecast (the paper's "(-)") would squeeze the rest flat.
    """
    highest = scores["rmse"].max("lead")
    usual = highest.isel(model=np.flatnonzero(highest <= 2 * highest.quantile(0.4)))
    top = 1.1 * float(scores["rmse_high"].sel(model=usual["model"]).max())
    if not top > 0:
        return
    axis.set_ylim(0, top)
    for bar in axis.patches:
        if bar.get_height() > top:
            middle = bar.get_x() + bar.get_width() / 2
            text = f"{bar.get_height():.2g}"
            axis.text(middle, 0.98 * top, text, rotation=90, ha="center", va="top", fontsize=6)


def _box(axis, cost: pd.DataFrame, column: str, label: str) -> None:
    models = list(dict.fromkeys(cost["model"]))
    values = [cost.loc[cost["model"] == model, column].to_numpy() for model in models]
    boxes = axis.boxplot(values, patch_artist=True, widths=0.6, showfliers=False)
    for box, model in zip(boxes["boxes"], models, strict=True):
        box.set(facecolor=colour(model), edgecolor="black")
    for line in boxes["medians"]:
        line.set_color("black")
    axis.set_xticks(range(1, len(models) + 1), models, rotation=20)
    axis.set_ylabel(label)
    axis.set_ylim(bottom=0)
