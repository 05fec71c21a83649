"""Section 4.6 of Wang et al. (2024): Shapley values (Fig 14) and t-SNE (Fig 15) of the networks."""

from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap

from soilbook import models as library
from soilbook.explain import embedding, encoded, importance, predictor
from soilbook.plots.style import letters, style
from soilbook.schema import VARIABLES
from soilbook.wang2024.experiment import stand_in
from soilbook.wang2024.pictures import means
from soilbook.wang2024.runs import Laboratory, chosen, chosen_rows, explained

# Low and high values of an input stay apart for colour-blind readers; the middle is not white.
LOW_TO_HIGH = LinearSegmentedColormap.from_list("low_to_high", ("#0072B2", "#8A5A9B", "#D55E00"))
TEXT = 8  # pt, at the width of a page
COLOURS = "YlGnBu"  # light is dry, dark is wet, as in the paper
LABEL = "soil moisture (m$^3$ m$^{-3}$)"
DOT = {"s": 7, "linewidths": 0.15, "edgecolors": "#555555", "rasterized": True}


def attribution(
    lab: Laboratory, site: str, depth: float, n_samples: int | None = None, n_background: int = 50
) -> tuple[xr.Dataset, pd.DataFrame]:
    """Fig 14: Shapley values of all inputs of every network, and how far they can be trusted.

    Returns the values of ``importance.inputs`` by ``model``, and one row a network with what
    ``importance.agreement`` says of them against exact values grouped by feature. The mean of a
    network's repetitions is explained. Raises ParameterError for too few samples or background
    rows.
    """
    wanted = explained(lab, n_samples)
    values, checks = [], []
    for model in lab.experiment.models:
        if model not in library.NETWORKS:
            continue
        one = lab.trained(model, site, depth)
        x = chosen(one.series.windows("test")[0], wanted, lab.experiment.seed)
        background = one.series.windows("training")[0]
        common = {"n_background": n_background, "scale": one.scale, "seed": lab.experiment.seed}
        predict = predictor(one.modules)
        single = importance.inputs(predict, x, background, lab.features, **common)
        exact = importance.grouped(predict, x, background, lab.features, **common)
        values.append(single.expand_dims(model=[model]))
        checks.append({"model": model} | importance.agreement(single, exact))
    return xr.concat(values, "model"), pd.DataFrame(checks)


def fig_14(values: xr.Dataset, site: str, depth: float = 0.05) -> tuple:
    """Fig 14 at Monahans or the site that stands in for it, as ``Page.figure`` takes it."""
    caption = (
        "Shapley values (m3 m-3) of the ten most important inputs of each network at "
        f"{site}{stand_in('Monahans-6-ENE', site)}, {depth:.2f} m, test part. Each dot is a "
        "sample, coloured by the value of the input. ST3 is the soil temperature of the third day "
        "of the window. The data file holds the mean absolute value and the effect of each input."
    )
    return "14", beeswarm(values), means(values), caption


def pictures(lab: Laboratory, site: str, depth: float) -> xr.Dataset:
    """Fig 15: t-SNE of the inputs and of the state that each network encodes, test part."""
    x, moisture, states = _states(lab, site, depth)
    return embedding.pictures({"inputs": x.reshape(len(x), -1), **states}, moisture)


def stability(lab: Laboratory, site: str, depth: float, model: str = "LSTM") -> xr.Dataset:
    """The encoded states of one network pictured with other seeds and perplexities."""
    _, moisture, states = _states(lab, site, depth, [model])
    perplexities = [p for p in (5, 15, 30, 60) if 3 * p < len(moisture)]
    return embedding.stability(states[model], moisture, perplexities=perplexities)


def _states(lab: Laboratory, site: str, depth: float, models=None):
    one = lab.records.series[site, depth]
    x, y = one.windows("test")
    kept = chosen_rows(len(x), lab.profile.pictured, lab.experiment.seed)
    x, moisture = x[kept], one.unscale(y[kept])
    names = models or [model for model in lab.experiment.models if model in library.NETWORKS]
    states = {model: encoded(lab.trained(model, site, depth).modules[0], x) for model in names}
    return x, moisture, states


def fig_15(pictures: xr.Dataset, site: str, depth: float = 0.05) -> tuple:
    """Fig 15 at LittleRiver or the site that stands in for it, as ``Page.figure`` takes it."""
    measures = pictures[["order", "direction", "silhouette", "islands", "trustworthiness"]]
    caption = (
        "t-SNE embedding of the inputs (a) and of the last encoded state of each network at "
        f"{site}{stand_in('LittleRiver', site)}, {depth:.2f} m, test part, coloured by soil "
        "moisture (m3 m-3). Order: how well the moisture of a sample is predicted by its "
        "neighbours in the embedding; direction: by its position along a straight line."
    )
    return "15", draw_pictures(pictures), measures, caption


def draw_pictures(pictures: xr.Dataset):
    """Fig 15: one panel for each entry of ``pictures["panel"]``, dots coloured by soil moisture.
    Needs ``position`` (panel, sample, axis), ``moisture`` (sample, m3 m-3), ``order`` and
    ``direction`` (panel), which are printed under each panel."""
    names = pictures["panel"].values
    n_columns = min(4, len(names))
    n_rows = -(-len(names) // n_columns)
    with style():
        size = (2.35 * n_columns, 2.6 * n_rows)
        figure, axes = plt.subplots(n_rows, n_columns, figsize=size, squeeze=False, dpi=120)
        for axis, name in zip(axes.flat, names, strict=False):
            dots = _dots(axis, pictures.sel(panel=name), pictures["moisture"])
            axis.set_title(str(name))
        for axis in axes.flat[len(names) :]:
            axis.set_axis_off()
        letters(axes.flat[: len(names)])
        figure.colorbar(dots, ax=axes, label=LABEL, extend="both", shrink=0.6)
    return figure


def draw_stability(stable: xr.Dataset, name: str = "pictures"):
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
                dots = _dots(axes[row, column], one, stable["moisture"])
                axes[row, column].set_title(f"perplexity {perplexity:g}, seed {seed}", fontsize=7)
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


def _dots(axis, picture: xr.Dataset, moisture: xr.DataArray):
    """One picture; wet samples are drawn last, so that the few of them are seen."""
    xy = picture["position"].transpose("sample", "axis").values
    wetness = moisture.values
    order = np.argsort(wetness)
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.margins(0.05)
    measures = f"order {float(picture['order']):.2f}, direction {float(picture['direction']):.2f}"
    axis.set_xlabel(measures, fontsize=7)
    # A few very wet days must not take all the colours.
    low, high = np.percentile(wetness, (1, 99))
    return axis.scatter(*xy[order].T, c=wetness[order], cmap=COLOURS, vmin=low, vmax=high, **DOT)


def beeswarm(values: xr.Dataset, n_inputs: int = 10):
    """Fig 14: the ``n_inputs`` most important inputs of each network, one dot a sample.

    ``values`` has ``phi`` (m3 m-3) and ``value`` (scaled input) by (model, sample, step, feature);
    without ``model`` there is one panel; all share their scale. "ST3" is soil temperature of the
    third of the four days, "SM4" the moisture known on the last: that of the day before the target.
    """
    import shap  # takes seconds

    if "model" not in values["phi"].dims:
        values = values.expand_dims("model" if "model" in values.coords else {"model": ["network"]})
    models = values["model"].values
    n_columns = min(3, len(models))
    n_rows = -(-len(models) // n_columns)
    with style():
        figure, axes = plt.subplots(
            n_rows, n_columns, figsize=(2.1 * n_columns + 0.5, (0.16 * n_inputs + 0.55) * n_rows),
            squeeze=False, sharex=True, dpi=150,
        )  # fmt: skip
        for axis, model in zip(axes.flat, models, strict=False):
            with _same_draws():
                shap.plots.beeswarm(
                    explanation(values.sel(model=model)), max_display=n_inputs, ax=axis, s=5,
                    color=LOW_TO_HIGH, color_bar=False, group_remaining_features=False,
                    plot_size=None, show=False,
                )  # fmt: skip
            _in_house_style(axis, str(model))
        for axis in axes.flat[len(models) :]:
            axis.set_axis_off()
        letters(axes.flat[: len(models)])
        figure.supxlabel("Shapley value (m$^3$ m$^{-3}$)", fontsize=9)
        scale = plt.cm.ScalarMappable(plt.Normalize(0, 1), LOW_TO_HIGH)
        bar = figure.colorbar(scale, ax=axes, label="value of the input", shrink=0.4, aspect=50)
        bar.set_ticks([0, 1], labels=["low", "high"])
    return figure


def explanation(values: xr.Dataset):
    """One network's values as a ``shap.Explanation`` (sample, input), what shap's plots take."""
    import shap

    phi, value = (
        values[name].stack(input=("step", "feature")).transpose("sample", "input")
        for name in ("phi", "value")
    )
    names = [label(feature, step) for step, feature in phi["input"].values]
    return shap.Explanation(phi.values, data=value.values, feature_names=names)


def label(feature: str, step: int) -> str:
    """The paper's name of an input: symbol and day ("ST3"); an unknown feature keeps its name."""
    return f"{VARIABLES[feature].symbol if feature in VARIABLES else feature}{step}"


@contextmanager
def _same_draws():
    """NumPy's global state, by which shap scatters dots: the same each time, then as it was."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _in_house_style(axis, title: str) -> None:
    """Text and ticks as in the other figures; shap's are made for one panel on a screen."""
    axis.set_title(title)
    axis.set(xlabel="", ylim=(-0.6, len(axis.get_yticks()) - 0.4))
    axis.tick_params(axis="y", labelsize=TEXT, length=0)
    axis.tick_params(axis="x", labelsize=TEXT, labelbottom=True)
    axis.locator_params(axis="x", nbins=4)
    axis.grid(visible=False)
    for line in axis.lines:
        line.set_linewidth(0.6)
    for dots in axis.collections:
        dots.set_rasterized(True)
