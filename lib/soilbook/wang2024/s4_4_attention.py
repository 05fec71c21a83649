"""Section 4.4 of Wang et al. (2024): attention and the LSTM; Table 5, Fig 11 and Fig 12."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.explain import importance, predictor
from soilbook.plots.style import colour, letters, style
from soilbook.schema import VARIABLES
from soilbook.wang2024 import runs
from soilbook.wang2024.experiment import stand_in
from soilbook.wang2024.runs import Laboratory, chosen

# As ``Page.table`` and ``Page.figure`` take them.
table_5 = partial(runs.table_of_r2, "5")
table_5b = partial(runs.table_at_lead, "5")
fig_11 = partial(runs.fig_of_rmse, "11")


def attention_weights(lab: Laboratory, site: str, feature="FA-LSTM", time="TA-LSTM") -> xr.Dataset:
    """Fig 12: mean weights of features and days over the test samples, by depth and repetition.

    ``feature_weight`` (depth, repetition, step, feature) of one network and ``time_weight``
    (depth, repetition, step) of the other.
    """
    parts = []
    for depth in lab.depths(site):
        found = []
        for model, name in ((feature, "feature_weight"), (time, "time_weight")):
            one = lab.trained(model, site, depth)
            x, _ = one.series.windows("test")
            found.append(importance.attention_weights(one.modules, x, lab.features)[[name]])
        parts.append(xr.merge(found).expand_dims(depth=[depth]))
    return xr.concat(parts, "depth")


def attention_and_shapley(lab: Laboratory, site: str, model: str = "FA-LSTM") -> xr.Dataset:
    """Mean |Shapley value| of the features by depth and repetition, to hold the weights against."""
    parts = []
    for depth in lab.depths(site):
        one = lab.trained(model, site, depth)
        x = chosen(one.series.windows("test")[0], lab.profile.explained, lab.experiment.seed)
        background = one.series.windows("training")[0]
        found = (
            importance.grouped(predictor(module), x, background, lab.features, scale=one.scale)
            for module in one.modules
        )
        values = [importance.mean_absolute(phi) for phi in found]
        joined = xr.concat(values, "repetition").expand_dims(depth=[depth])
        parts.append(joined.to_dataset(name="importance"))
    return xr.concat(parts, "depth")


def fig_12(weights: xr.Dataset, site: str) -> tuple:
    """Fig 12: weights of features and days at AAMU-jtg or the site that stands in for it."""
    summary = importance.attention_summary(weights)
    caption = (
        "Attention weights of the features in FA-LSTM (a-e) and of the days in TA-LSTM (f-j) at "
        f"{site}{stand_in('AAMU-jtg', site)} at five depths, mean over the test part; lines: "
        "standard deviation over repetitions."
    )
    return "12", draw_weights(summary), summary, caption


def draw_weights(summary: xr.Dataset):
    """Fig 12: (a-e) weights of the features and (f-j) of the days, one column a depth.

    ``summary`` has ``feature_weight`` (depth, feature) and ``time_weight`` (depth, step), both with
    ``_sd`` over repetitions (NaN: no error bar), and the bounds ``least`` and ``most`` of
    the first. The line is the weight of an attention that prefers nothing.
    """
    depths = summary["depth"].values
    with style():
        n, size = len(depths), (2.15 * len(depths) + 0.4, 4.9)
        figure, axes = plt.subplots(2, n, figsize=size, squeeze=False, sharey="row")
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
        for kind, row, least in (
            ("feature_weight", axes[0], float(summary["most"])),
            ("time_weight", axes[1], 0.0),
        ):  # after all bars of the row, which shares its axis
            spread = summary[f"{kind}_sd"].fillna(0)
            row[0].set_ylim(0, 1.06 * max(float((summary[kind] + spread).max()), least))
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
    axis.set_xticks(place, names, rotation=90 if len(names) > 4 else 0)
    axis.grid(axis="x", visible=False)
