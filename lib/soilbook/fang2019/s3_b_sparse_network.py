"""III-B: scores over the sparse network, as a table, as boxes (Fig 7) and as maps (Fig 8)."""

import matplotlib.pyplot as plt
import pandas as pd
import xarray as xr
from matplotlib.patches import Ellipse

from soilbook import published
from soilbook.fang2019 import hindcast, runs
from soilbook.fang2019.hindcast import LABELS, LAYERS, NAMES
from soilbook.plots.style import colour, letters, map_dots, style

SIGNS = {">": "above ", "<": "below ", "about": "about ", "=": ""}
# From bottom to top within a product: before and after the launch of SMAP.
PERIODS = {"PL": "prelaunch (PL)", "AL": "after launch (AL)"}
USA = (-127, -65.5, 23.5, 51)
# Centre and size (degrees) of the ellipses of Fig 8, placed by what section III-B says of them:
# cold and densely grown places in the north-east; where Utah, Colorado and Wyoming meet.
DECLINES = (((-71.5, 43.8), 9.5, 7.0), ((-107.5, 40.8), 9.0, 4.0))
MAPPED = (("SMAP", "AL"), ("LSTM", "AL"), ("LSTM", "PL"))
SHADES = (
    ("ubrmse", {"cmap": "viridis_r", "vmin": 0, "vmax": 0.1}, "max"),
    ("r", {"cmap": "RdYlBu", "vmin": 0, "vmax": 1}, "min"),
)
HEIGHT = 0.36  # of a box; products lie 1 apart


def printed() -> pd.DataFrame:
    """The medians that the paper prints: period, product, metric, layer, text."""
    metric = {f"median {label}": name for name, label in NAMES.items()}
    table = published.statements().dropna(subset="value")
    part = table[(table["section"] == "III-B") & table["quantity"].isin(metric)]
    return part[["period", "product"]].assign(
        metric=part["quantity"].map(metric),
        layer=part["layer"].replace("root zone", "rootzone"),
        text=part["relation"].map(SIGNS) + part["value"].map("{:g}".format),
    )


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """``hindcast.summary`` laid out for reading: a row a layer, period and product; beside R and
    ubRMSE stand the published medians."""
    keys = ["layer", "period", "product"]
    table = table.dropna(subset="median")
    wide = runs.in_words(table.rename(columns={"median": "value"}), keys).rename(columns=NAMES)
    known = printed().pivot(index=keys, columns="metric", values="text")
    for metric, texts in known.items():
        at = wide.columns.get_loc(NAMES[metric]) + 1
        wide.insert(at, f"{NAMES[metric]}, published", texts)
    wide["places"] = table[table["metric"] == "r"].set_index(keys)["n_places"]
    return wide.fillna("").reset_index()


def boxes(scores: xr.Dataset):
    """Fig 7: box plots over places of ``hindcast.scores``, a row a layer and a column a metric.
    Boxes reach from quartile to quartile, whiskers to the 5th and 95th percentile."""
    layers = scores["layer"].values
    with style():
        figure, axes = plt.subplots(
            len(layers), len(LABELS), figsize=(11, 3.3 * len(layers) + 0.4), squeeze=False,
            sharey="row",
        )  # fmt: skip
        for row, layer in zip(axes, layers, strict=True):
            for axis, metric in zip(row, LABELS, strict=True):
                _boxes(axis, scores[metric].sel(layer=layer), scores.attrs)
                axis.set_xlabel(LABELS[metric])
                axis.set_title(LAYERS[layer])
        letters(axes.flat)
        colours = {"white": PERIODS["PL"], "#999999": PERIODS["AL"]}
        marks = [plt.Rectangle((0, 0), 1, 1, facecolor=c, edgecolor="black") for c in colours]
        figure.legend(marks, colours.values(), loc="outside upper center", ncols=2)
    return figure


def _boxes(axis, values: xr.DataArray, of: dict) -> None:
    products, layer = values["product"].values[::-1], str(values["layer"].values)
    for k, product in enumerate(products):
        for offset, period in zip((-0.2, 0.2), PERIODS, strict=True):
            one = values.sel(product=product, period=period).dropna("place").values
            if not one.size:
                continue
            own = {"color": colour(product)}
            face, line = (own["color"], "white") if period == "AL" else ("white", own["color"])
            axis.boxplot(
                one, positions=[k + offset], orientation="horizontal", widths=HEIGHT,
                whis=(5, 95), showfliers=False, patch_artist=True, manage_ticks=False,
                whiskerprops=own, capprops=own, medianprops={"color": line, "linewidth": 1.6},
                boxprops={"facecolor": face, "edgecolor": own["color"]},
            )  # fmt: skip
    names = [hindcast.label(product, layer, of) for product in products]
    axis.set_yticks(range(len(products)), names)
    axis.set_ylim(-0.6, len(products) - 0.4)
    if values.name == "bias":
        axis.axvline(0, color="black", linewidth=0.8)


def maps(scores: xr.Dataset, layer: str = "surface"):
    """Fig 8: ubRMSE and R at every place, of SMAP and LSTM after and LSTM before the launch. A
    cross marks a place without a score, ellipses in the maps of R the declines that the paper
    annotates."""
    with style():
        size = 10, 3.1 * len(MAPPED)
        figure, axes = plt.subplots(len(MAPPED), 2, figsize=size, sharex=True, sharey=True)
        for column, (metric, look, extend) in zip(axes.T, SHADES, strict=True):
            for axis, (product, period) in zip(column, MAPPED, strict=True):
                one = scores[metric].sel(layer=layer, product=product, period=period)
                none = one.isnull().values
                dots = map_dots(
                    axis, one[~none], USA, marker="o", s=30, edgecolor="black", linewidth=0.4,
                    zorder=4, **look,
                )  # fmt: skip
                axis.scatter(
                    one["longitude"][none], one["latitude"][none], marker="x", color="#888888",
                    s=18, linewidth=0.8, zorder=3,
                )  # fmt: skip
                for at, wide, high in DECLINES if metric == "r" else ():
                    axis.add_patch(Ellipse(at, wide, high, fill=False, ls="--", lw=1.2, zorder=5))
                name = hindcast.label(product, layer, scores.attrs)
                axis.set_title(f"{name} {period}, {LAYERS[layer]}")
                axis.label_outer()
            figure.colorbar(
                dots, ax=column, label=LABELS[metric], shrink=0.6, extend=extend,
                orientation="horizontal",
            )  # fmt: skip
        letters(axes.flat)
    return figure
