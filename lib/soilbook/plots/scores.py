"""Scores of study 1 as tables and figures: Tables 2 to 6 and Figs 8 to 11 and 13 of Wang et al.
(2024), and what models gain over persistence.

All take what ``wang2024.runs.run`` returns, or a part of it.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.patheffects import withStroke

from soilbook import published
from soilbook.plots.style import colour, letters, style
from soilbook.settings import CONVERGED

MARGIN = 0.05  # of R2: as far from print counts as its level
CANNOT_TELL = "cannot tell"
LARGEST = 0.1  # differences of R2 beyond this share the last colour
KEYS = ["model", "depth_m", "lead_d", "reading"]


def tidy(scores: xr.Dataset, table: str) -> pd.DataFrame:
    """One row a model, depth, lead and reading, with the published value where there is one.

    ``table`` is the paper's table number, any other word where it has none. Columns: KEYS, r2,
    r2_low, r2_high, rmse, n_sites, n_repetitions, r2_published (of the pooled reading, which the
    paper's programs compute; none on the twin, which is not compared with print), level.
    """
    wanted = ["r2", "r2_low", "r2_high", "rmse", "n_sites", "n_repetitions"]
    frame = scores[wanted].to_dataframe().reset_index()
    frame = frame.rename(columns={"depth": "depth_m", "lead": "lead_d"})
    frame["depth_m"] = frame["depth_m"].round(3)
    printed = published.scores()
    printed = printed[printed["table"].astype(str) == table]
    printed = printed.rename(columns={"r2": "r2_published"})
    printed = printed[["model", "depth_m", "lead_d", "r2_published"]].assign(reading="pooled")
    frame = frame.merge(printed, how="left", on=KEYS)
    if scores.attrs.get("data") == "twin":
        frame["r2_published"] = np.nan
    bounds = frame[["r2_low", "r2_high", "r2_published"]].itertuples(index=False)
    frame["level"] = [level(*row) for row in bounds]
    frame = in_order(frame, KEYS, scores["model"].values)
    return frame[[*KEYS, *wanted, "r2_published", "level"]].reset_index(drop=True)


def level(low: float, high: float, printed: float) -> str:
    """How a value with its interval stands to the printed one; empty where none is printed.

    ``alike``: the interval lies within MARGIN of it; ``above`` and ``below``: wholly further away;
    ``cannot tell``: neither, as with too wide an interval or none.
    """
    if np.isnan(printed):
        return ""
    if printed - MARGIN <= low and high <= printed + MARGIN:
        return "alike"
    return (
        "above" if low > printed + MARGIN else "below" if high < printed - MARGIN else CANNOT_TELL
    )


def in_order(frame: pd.DataFrame, keys: list[str], models) -> pd.DataFrame:
    """Rows sorted by ``keys``, models as they were run rather than by name."""
    order = {model: i for i, model in enumerate(models)}
    sort = {"key": lambda c: c.map(order) if c.name == "model" else c, "kind": "stable"}
    return frame.sort_values(keys, **sort)


def as_printed(value: float) -> str:
    """An R2 as the paper writes it, "(-)" below zero; a dash where there is none."""
    if np.isnan(value):
        return "–"
    return f"{value:.3f}" if value >= 0 else "(-)"


def errors(scores: xr.Dataset) -> pd.DataFrame:
    """RMSE (m3 m-3) with its interval, one row a model, depth and lead: the data of Figs 8-13."""
    names = ["rmse", "rmse_low", "rmse_high"]
    frame = scores[names].reset_coords(drop=True).to_dataframe().reset_index()
    return frame.rename(columns={"depth": "depth_m", "lead": "lead_d"})


def rmse_panels(
    scores: xr.Dataset, cost: pd.DataFrame | None = None, alone: pd.DataFrame | None = None
):
    """Panels (a-e): RMSE by lead, one panel a depth; (g): epochs to convergence; (h): time.

    ``scores`` has ``rmse``, ``rmse_low``, ``rmse_high`` (model, depth, lead) in m3 m-3; ``cost``
    one row a network with ``model``, ``epochs_to_convergence`` (see ``shard.convergence_epoch``)
    and ``seconds_per_100_epochs``, its share of a stacked training; ``alone`` one row a turn with
    ``model`` and ``seconds_alone``. The legend names ``attrs["site"]`` of scores of one site, see
    ``runs.one_site``.
    """
    with_cost = cost is not None and len(cost) > 0
    rows, height = (3, 8.2) if with_cost else (2, 5.6)
    with style():
        figure, axes = plt.subplots(rows, 3, figsize=(9.5, height), squeeze=False)
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
            _box(axes[2, 1], alone, "seconds_alone", "s per 100 epochs and network")
            share = cost.groupby("model", sort=False)["seconds_per_100_epochs"].median()
            places = np.arange(1, len(share) + 1)
            axes[2, 1].plot(places, share, "D", ms=5, mfc="white", mec="black", zorder=4)
            axes[2, 1].set_title("(h) training time", loc="left")
            axes[2, 2].set_axis_off()
    return figure


def _bars(axis, scores: xr.Dataset) -> None:
    models, leads = scores["model"].values, scores["lead"].values
    width, top = 0.82 / len(models), _top(scores)
    for i, model in enumerate(models):
        row = scores.sel(model=model)
        middle, low, high = (row[name].values for name in ("rmse", "rmse_low", "rmse_high"))
        x = np.arange(len(leads)) + (i - (len(models) - 1) / 2) * width
        spread = np.clip([middle - low, high - middle], 0, None)
        spread[:, middle > top] = np.nan  # a cut bar has its value written where its interval was
        axis.bar(
            x, middle, width, yerr=spread, color=colour(model), label=model,
            error_kw={"lw": 0.8, "ecolor": "#222222"},
        )  # fmt: skip
    axis.set_xticks(range(len(leads)), [f"{lead} d" for lead in leads])
    axis.set(xlabel="lead", ylabel="RMSE (m$^3$ m$^{-3}$)")
    if top < np.inf:
        _limit(axis, top)


def _top(scores: xr.Dataset) -> float:
    """Where the axis is cut: above the models that forecast at all, with all of their intervals.

    Climatology in deep soil and a runaway forecast (the paper's "(-)") would squeeze the rest flat.
    Infinite where there is nothing to draw.
    """
    highest = scores["rmse"].max("lead")
    if not np.isfinite(highest).any():  # no site has this depth
        return np.inf
    ends = scores["rmse_high"].fillna(scores["rmse"]).max("lead")  # a short record has no interval
    kept = highest <= 2 * highest.quantile(0.4)
    # And those that fit below it, whose intervals are then shown whole.
    kept = highest <= 1.1 * ends.where(kept).max()
    top = 1.1 * float(ends.where(kept).max())
    return top if top > 0 else np.inf


def _limit(axis, top: float) -> None:
    """Cut the axis at ``top``, and write on each bar beyond it what it reaches."""
    axis.set_ylim(0, top)
    for bar in axis.patches:
        if bar.get_height() > top:
            middle = bar.get_x() + bar.get_width() / 2
            height = bar.get_height()
            text = f"{height:.3f}" if height < 1 else f"{height:.2g}"
            axis.text(
                middle, 0.98 * top, text, rotation=90, ha="center", va="top", fontsize=8,
                path_effects=[withStroke(linewidth=2.5, foreground="white")], zorder=5,
            )  # fmt: skip


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


def heatmap(gains: xr.Dataset, level: float = 0.05):
    """Rows are models, columns depths and leads; needs ``gain`` and ``p`` (model, depth, lead).

    A dot marks a corrected p under ``level``.
    """
    cells = gains[["gain", "p"]].stack(cell=("depth", "lead")).transpose("model", "cell")
    table, p = cells["gain"], cells["p"].values
    n_models, n_cells = table.shape
    with style():
        figure, axis = plt.subplots(figsize=(8.2, 0.33 * n_models + 1.8))
        axis.grid(False)
        image = axis.imshow(table.values, cmap="RdBu", vmin=-LARGEST, vmax=LARGEST, aspect="auto")
        for row, column in np.ndindex(n_models, n_cells):
            value = table.values[row, column]
            sure = "\u2022" if p[row, column] < level else ""
            dark = "black" if abs(value) < 0.6 * LARGEST else "white"
            text = _gain(value) + sure
            axis.text(column, row, text, ha="center", va="center", fontsize=8, color=dark)
        axis.set_yticks(range(n_models), table["model"].values)
        depth_and_lead(axis, table["depth"].values, table["lead"].values)
        label = "R$^2$ minus R$^2$ of persistence"
        figure.colorbar(image, label=label, extend="both", location="bottom", shrink=0.5, aspect=40)
    return figure


def _gain(value: float) -> str:
    """Sign and two decimals, whole numbers from one on: room for 15 columns on a page."""
    if abs(value) >= 1:
        return f"{value:+.0f}" if abs(value) < 100 else "<\N{MINUS SIGN}99" if value < 0 else ">99"
    return f"{value:+.2f}".replace("0.", ".")


def depth_and_lead(axis, depths, leads) -> None:
    """Below a grid of columns the lead of each (d), and beneath it each depth (m) once."""
    axis.set_xticks(range(len(leads)), [f"{lead} d" for lead in leads])
    names = list(dict.fromkeys(depths))
    middles = [np.flatnonzero(np.asarray(depths) == depth).mean() for depth in names]
    beneath = axis.secondary_xaxis(-0.08)
    beneath.set_xticks(middles, [f"{depth:.2f} m" for depth in names])
    beneath.tick_params(length=0)
    beneath.spines["bottom"].set_visible(False)
