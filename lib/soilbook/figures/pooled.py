"""One network for all sites against one for each: scores by depth and lead, and by site."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures.style import COLOURS, letters, style

# Marker and colour of each way to train, and of the baselines.
LOOKS = {
    "persistence": ("|", COLOURS["persistence"]),
    "climatology": ("x", COLOURS["climatology"]),
    "per site": ("o", "#0072B2"),
    "all sites": ("s", "#E69F00"),
    "left-out sites": ("D", "#CC79A7"),
    "without constants": ("^", "#009E73"),
}


def by_lead(scores: xr.Dataset):
    """Mean R2 with its interval by lead, one panel a depth; the axis ends at zero.

    ``scores`` has ``r2``, ``r2_low``, ``r2_high`` (model, depth, lead).
    """
    depths = scores["depth"].values
    columns = min(3, len(depths))
    rows = -(-len(depths) // columns)
    with style():
        figure, axes = plt.subplots(
            rows, columns, figsize=(3.1 * columns, 2.6 * rows + 0.5), squeeze=False
        )
        for axis, depth in zip(axes.flat, depths, strict=False):
            _points(axis, scores.sel(depth=depth))
            axis.set_title(f"{depth:.2f} m")
        for axis in axes.flat[len(depths) :]:
            axis.set_axis_off()
        letters(axes.flat[: len(depths)])
        figure.legend(
            *axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=3
        )
    return figure


def by_site(scores: xr.Dataset, depths=None):
    """RMSE at every site, one row a site from north to south, one panel a depth.

    ``scores`` has ``site_rmse`` (model, site, depth) in m3 m-3 and ``latitude`` (site); ``depths``
    are the shallowest and the deepest unless given.
    """
    there = scores["depth"].values
    depths = list(dict.fromkeys((there[0], there[-1]))) if depths is None else depths
    ordered = scores.sortby("latitude")
    place = np.arange(ordered.sizes["site"])
    with style():
        figure, axes = plt.subplots(
            1, len(depths), figsize=(4.6 * len(depths), 0.24 * len(place) + 1.5), squeeze=False,
            sharey=True,
        )  # fmt: skip
        for axis, depth in zip(axes.flat, depths, strict=True):
            for model in _without_climatology(scores):
                marker, colour = _look(model)
                rmse = ordered["site_rmse"].sel(model=model, depth=depth).values
                tick = {"s": 90, "linewidths": 2} if marker == "|" else {"s": 26}
                axis.scatter(
                    rmse, place, marker=marker, color=colour, label=model, zorder=3, **tick
                )
            axis.set_title(f"{depth:.2f} m")
            axis.set_xlabel("RMSE (m$^3$ m$^{-3}$)")
            axis.set_xlim(left=0)
        axes[0, 0].set_yticks(place, ordered["site"].values)
        letters(axes.flat)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def _without_climatology(scores: xr.Dataset) -> list[str]:
    """Climatology, several times as wrong, would squeeze the others together."""
    return [str(model) for model in scores["model"].values if model != "climatology"]


def _points(axis, scores: xr.Dataset) -> None:
    models, leads = scores["model"].values, scores["lead"].values
    place = np.arange(len(leads))
    for i, model in enumerate(models):
        row = scores.sel(model=model)
        middle, low, high = (row[name].values for name in ("r2", "r2_low", "r2_high"))
        marker, colour = _look(model)
        axis.errorbar(
            place + 0.13 * (i - (len(models) - 1) / 2), middle,
            np.clip([middle - low, high - middle], 0, None), fmt="none", ecolor=colour, lw=1,
        )  # fmt: skip
        axis.scatter(
            place + 0.13 * (i - (len(models) - 1) / 2), middle, marker=marker, color=colour,
            label=model, zorder=3, s=60 if marker == "|" else 24,
        )  # fmt: skip
    axis.set_xticks(place, [f"{lead} d" for lead in leads])
    axis.set(xlabel="lead", ylabel="R$^2$")
    usual = scores["r2_low"].sel(model=_without_climatology(scores)).fillna(scores["r2"])
    axis.set_ylim(max(float(usual.min()) - 0.03, -0.05), 1.01)


def _look(model: str) -> tuple[str, str]:
    """Marker and colour by the end of the model's name."""
    return next(look for end, look in LOOKS.items() if model.endswith(end))
