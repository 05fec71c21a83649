"""Fig 14 of Wang et al. (2024): Shapley values of every input, one panel a network."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap

from soilbook.figures.style import letters, style
from soilbook.schema import VARIABLES

# Low and high values of an input stay apart for colour-blind readers; the middle is not white.
LOW_TO_HIGH = LinearSegmentedColormap.from_list("low_to_high", ("#0072B2", "#8A5A9B", "#D55E00"))
BINS, ROW = 80, 0.38  # a dot is moved up or down in its row by how many others share its bin


def beeswarm(values: xr.Dataset, n_inputs: int = 10):
    """Fig 14: the ``n_inputs`` most important inputs of each network, one dot a sample.

    ``values`` has ``phi`` (m3 m-3) and ``value`` (scaled input) by (model, sample, step, feature);
    without ``model`` there is one panel; all share their scale. "ST3" is soil temperature of the
    third of the four days, "SM4" the moisture known on the last: that of the day before the target.
    """
    if "model" not in values["phi"].dims:
        values = values.expand_dims("model" if "model" in values.coords else {"model": ["network"]})
    models = values["model"].values
    n_columns = min(4, len(models))
    n_rows = -(-len(models) // n_columns)
    with style():
        figure, axes = plt.subplots(
            n_rows, n_columns, figsize=(2.4 * n_columns, (0.2 * n_inputs + 0.9) * n_rows + 0.5),
            squeeze=False, sharex=True, dpi=150,
        )  # fmt: skip
        for axis, model in zip(axes.flat, models, strict=False):
            _panel(axis, values.sel(model=model), n_inputs)
            axis.set_title(str(model))
        for axis in axes.flat[len(models) :]:
            axis.set_axis_off()
        letters(axes.flat[: len(models)])
        figure.supxlabel("Shapley value (m$^3$ m$^{-3}$)", fontsize=9)
        scale = plt.cm.ScalarMappable(plt.Normalize(0, 1), LOW_TO_HIGH)
        bar = figure.colorbar(scale, ax=axes, label="value of the input", shrink=0.5, aspect=40)
        bar.set_ticks([0, 1], labels=["low", "high"])
    return figure


def label(feature: str, step: int) -> str:
    """The paper's name of an input: symbol and day ("ST3"); an unknown feature keeps its name."""
    return f"{VARIABLES[feature].symbol if feature in VARIABLES else feature}{step}"


def _panel(axis, values: xr.Dataset, n_inputs: int) -> None:
    phi = values["phi"].stack(input=("step", "feature")).transpose("input", "sample")
    value = values["value"].stack(input=("step", "feature")).transpose("input", "sample")
    ranked = np.argsort(-np.abs(phi.values).mean(1), kind="stable")[:n_inputs]
    names = [label(feature, step) for step, feature in phi["input"].values[ranked]]
    axis.axvline(0, color="#999999", linewidth=0.8)
    edges = np.linspace(*_limits(phi.values[ranked]), BINS + 1)
    for row, index in enumerate(ranked):
        x = phi.values[index]
        axis.scatter(
            x, row + _swarm(x, edges), c=_relative(value.values[index]), cmap=LOW_TO_HIGH, vmin=0,
            vmax=1, s=3, linewidths=0, rasterized=True,
        )  # fmt: skip
    axis.set_yticks(range(len(ranked)), names, fontsize=7)
    axis.set_ylim(len(ranked) - 0.4, -0.6)
    axis.tick_params(axis="x", labelsize=7, labelbottom=True)
    axis.locator_params(axis="x", nbins=5)
    axis.grid(axis="x", visible=False)


def _limits(phi: np.ndarray) -> tuple[float, float]:
    low, high = float(phi.min()), float(phi.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _swarm(x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Shift of each dot within its row: dots of a bin are spread alternately to both sides."""
    bins = np.clip(np.digitize(x, edges), 1, BINS)
    order = np.argsort(bins, kind="stable")
    place = np.empty(len(x), dtype=int)
    starts = np.searchsorted(bins[order], np.arange(1, BINS + 1))
    place[order] = np.arange(len(x)) - starts[bins[order] - 1]
    side = np.where(place % 2, 1, -1) * ((place + 1) // 2)
    largest = max(1, np.abs(side).max())
    return ROW * side / largest


def _relative(value: np.ndarray) -> np.ndarray:
    """0 to 1 from the 5th to the 95th percentile: a single storm must not take all colours."""
    low, high = np.percentile(value, (5, 95))
    if high <= low:
        low, high = value.min(), value.max()
    return np.clip((value - low) / (high - low), 0, 1) if high > low else np.full(len(value), 0.5)
