"""III-B: scores over the sparse network, as a table, as boxes (Fig 7) and as maps (Fig 8)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.fang2019.hindcast import LABELS, LAYERS
from soilbook.plots.style import colour, draw_base, letters, style

METRICS = {"rmse": "RMSE", "bias": "bias", "ubrmse": "ubRMSE", "r": "R"}
SIGNS = {">": "above ", "<": "below ", "about": "about ", "=": ""}
# From bottom to top within a product: before and after the launch of SMAP.
PERIODS = {"PL": "prelaunch (PL)", "AL": "after launch (AL)"}
USA = (-125.5, -66, 24, 50)
MAPPED = (("SMAP", "AL"), ("LSTM", "AL"), ("LSTM", "PL"))
HEIGHT = 0.36  # of a box; products lie 1 apart


def printed() -> pd.DataFrame:
    """The medians that the paper prints: metric, layer, period, product, value, text."""
    table = published.statements()
    part = table[(table["section"] == "III-B") & table["quantity"].str.startswith("median ")]
    part = part[part["value"].notna()]
    metric, layer = ({label: name for name, label in of.items()} for of in (METRICS, LAYERS))
    made = part[["period", "product", "value"]].assign(
        metric=part["quantity"].str.removeprefix("median ").map(metric),
        layer=part["layer"].map(layer),
        text=part["relation"].map(SIGNS) + part["value"].map("{:g}".format),
    )
    return made.reset_index(drop=True)


def side_by_side(table: pd.DataFrame, reference: pd.DataFrame | None = None) -> pd.DataFrame:
    """Laid out for reading: a row a layer, period and product, medians with intervals.

    ``table`` as ``hindcast.summary`` makes it; ``reference`` the same of the observed
    reference run. Beside R and ubRMSE stand the reference's and the published medians.
    """
    keys = ["layer", "period", "product"]
    rows = table.dropna(subset="median")[keys].drop_duplicates()
    wide = rows.set_index(keys)
    for metric, label in METRICS.items():
        wide[label] = _texts(table, metric, keys)
        if metric in ("ubrmse", "r"):
            if reference is not None:
                wide[f"{label}, observed"] = _texts(reference, metric, keys)
            known = printed()
            known = known[known["metric"] == metric].set_index(keys)["text"]
            wide[f"{label}, published"] = known
    wide["places"] = table[table["metric"] == "r"].set_index(keys)["n_places"]
    return wide.fillna("").reset_index()


def _texts(table: pd.DataFrame, metric: str, keys: list[str]) -> pd.Series:
    part = table[table["metric"] == metric].set_index(keys)
    digits = {"bias": "+.3f", "r": ".3f"}.get(metric, ".4f")
    texts = [
        f"{row.median:{digits}} [{row.low:{digits}}, {row.high:{digits}}]"
        for row in part[["median", "low", "high"]].itertuples(index=False)
    ]
    return pd.Series(texts, part.index)


def boxes(scores: xr.Dataset):
    """Fig 7: box plots over places, a row a layer and a column a metric.

    ``scores`` has ``rmse``, ``bias``, ``ubrmse`` (m3 m-3) and ``r`` (product, layer, place,
    period). Boxes reach from quartile to quartile, whiskers to the 5th and 95th percentile.
    """
    layers = scores["layer"].values
    with style():
        figure, axes = plt.subplots(
            len(layers), len(LABELS), figsize=(11, 3.3 * len(layers) + 0.4), squeeze=False,
            sharey=True,
        )  # fmt: skip
        for row, layer in zip(axes, layers, strict=True):
            for axis, metric in zip(row, LABELS, strict=True):
                _boxes(axis, scores[metric].sel(layer=layer))
                axis.set_xlabel(LABELS[metric])
                axis.set_title(LAYERS[layer])
        letters(axes.flat)
        marks = [
            plt.Rectangle((0, 0), 1, 1, facecolor=face, edgecolor="black")
            for face in ("white", "#999999")
        ]
        figure.legend(marks, PERIODS.values(), loc="outside upper center", ncols=2)
    return figure


def _boxes(axis, values: xr.DataArray) -> None:
    products = values["product"].values
    for k, product in enumerate(products[::-1]):
        for offset, period in zip((-0.2, 0.2), PERIODS, strict=True):
            one = values.sel(product=product, period=period).values
            one = one[np.isfinite(one)]
            if not one.size:
                continue
            made = axis.boxplot(
                one, positions=[k + offset], orientation="horizontal", widths=HEIGHT,
                whis=(5, 95), showfliers=False, patch_artist=True, manage_ticks=False,
            )  # fmt: skip
            late = period == "AL"
            made["boxes"][0].set(
                facecolor=colour(product) if late else "white", edgecolor=colour(product)
            )
            made["medians"][0].set(color="white" if late else colour(product), linewidth=1.6)
            for part in (*made["whiskers"], *made["caps"]):
                part.set_color(colour(product))
    axis.set_yticks(range(len(products)), products[::-1])
    axis.set_ylim(-0.6, len(products) - 0.4)
    if values.name == "bias":
        axis.axvline(0, color="black", linewidth=0.8)


def maps(scores: xr.Dataset, layer: str = "surface"):
    """Fig 8: ubRMSE and R at every place, of SMAP and LSTM after and LSTM before the launch.

    ``scores`` as for ``boxes``, with ``latitude`` and ``longitude`` (place). A cross marks a place
    without a score.
    """
    with style():
        figure, axes = plt.subplots(
            len(MAPPED), 2, figsize=(10, 3.1 * len(MAPPED)), sharex=True, sharey=True
        )
        for k, (metric, colours) in enumerate((("ubrmse", "viridis_r"), ("r", "RdYlBu"))):
            column = axes[:, k]
            low, high = (0, 1) if metric == "r" else (0, 0.1)
            for axis, (product, period) in zip(column, MAPPED, strict=True):
                one = scores[metric].sel(layer=layer, product=product, period=period)
                draw_base(axis, USA, states=True)
                none = one.isnull().values
                axis.scatter(
                    one["longitude"][none], one["latitude"][none], marker="x", color="#888888",
                    s=18, linewidth=0.8, zorder=3,
                )  # fmt: skip
                dots = axis.scatter(
                    one["longitude"][~none], one["latitude"][~none], c=one[~none], cmap=colours,
                    vmin=low, vmax=high, s=30, edgecolor="black", linewidth=0.4, zorder=4,
                )  # fmt: skip
                axis.set_title(f"{product} {period}, {LAYERS[layer]}")
                axis.label_outer()
            ends = "max" if metric == "ubrmse" else "min"
            figure.colorbar(
                dots, ax=column, label=LABELS[metric], shrink=0.6, extend=ends,
                orientation="horizontal",
            )  # fmt: skip
        letters(axes.flat)
    return figure
