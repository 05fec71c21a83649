"""Fig 12 of Wang et al. (2024): how attention weighs features and days, by depth."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures.style import colour, letters, style
from soilbook.schema import VARIABLES


def panels(summary: xr.Dataset):
    """Fig 12: (a-e) weights of the features and (f-j) of the days, one column a depth.

    ``summary`` has ``feature_weight`` (depth, feature) and ``time_weight`` (depth, step), both with
    ``_sd`` over repetitions (NaN: no error bar), and the bounds ``least`` and ``most`` of
    the first. The line is the weight of an attention that prefers nothing.
    """
    depths = summary["depth"].values
    with style():
        figure, axes = plt.subplots(
            2, len(depths), figsize=(2.15 * len(depths) + 0.4, 4.9), squeeze=False, sharey="row"
        )
        symbols = [VARIABLES[f].symbol if f in VARIABLES else f for f in summary["feature"].values]
        n_steps = summary.sizes["step"]
        days = [f"t-{n_steps - step}" if step < n_steps else "t" for step in summary["step"].values]
        for column, depth in enumerate(depths):
            one = summary.sel(depth=depth)
            for axis, kind, names, model in (
                (axes[0, column], "feature_weight", symbols, "FA-LSTM"),
                (axes[1, column], "time_weight", days, "GAN-LSTM"),
            ):
                _bars(axis, one[kind], one[f"{kind}_sd"], names, colour(model))
            for bound in ("least", "most"):
                axes[0, column].axhline(float(summary[bound]), color="#999999", ls=":", lw=0.9)
            axes[0, column].set_title(f"{depth:.2f} m")
            axes[1, column].set_title(f"{depth:.2f} m")
        axes[0, 0].set_ylabel("weight of the feature (1)")
        axes[1, 0].set_ylabel("weight of the day (1)")
        letters(axes.flat)
        figure.supxlabel(
            "dashed: equal weights; dotted: bounds of a feature's weight, "
            f"{float(summary['least']):.3f} and {float(summary['most']):.3f}",
            fontsize=7,
        )
    return figure


def _bars(axis, mean: xr.DataArray, sd: xr.DataArray, names: list[str], fill: str) -> None:
    place = np.arange(len(names))
    spread = None if np.isnan(sd.values).all() else np.nan_to_num(sd.values)
    axis.bar(
        place, mean.values, 0.75, yerr=spread, color=fill, edgecolor="black", linewidth=0.4,
        error_kw={"lw": 0.8, "capsize": 2, "ecolor": "#222222"},
    )  # fmt: skip
    axis.axhline(1 / len(names), color="#222222", ls="--", lw=0.9)
    axis.set_xticks(place, names, fontsize=7)
    axis.grid(axis="x", visible=False)
    axis.set_ylim(bottom=0)
