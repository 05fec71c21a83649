"""Fig 14 of Wang et al. (2024): Shapley values of every input, one panel a network, by shap."""

from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap

from soilbook.plots.style import letters, style
from soilbook.schema import VARIABLES

# Low and high values of an input stay apart for colour-blind readers; the middle is not white.
LOW_TO_HIGH = LinearSegmentedColormap.from_list("low_to_high", ("#0072B2", "#8A5A9B", "#D55E00"))
TEXT = 8  # pt, at the width of a page


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
