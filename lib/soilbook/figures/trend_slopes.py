"""Fig 9 of Fang et al. (2019): slopes of root-zone moisture, and series of some places."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.gridspec import GridSpec

from soilbook.figures.style import colour, style

# Colour and marker of the kinds of places; the few core sites are drawn last.
KINDS = {"sparse": ("#0072B2", "o"), "core": ("#D55E00", "s")}
IN_SITU = "in situ"
LARGE = 0.5  # % per year; smaller trends are shaded


def slopes(
    found: xr.Dataset, monthly: xr.DataArray, product: str = "LSTM", core: str = "core site"
):
    """Scatter of slopes (left), and series of selected places with their slopes (right).

    ``found`` has ``percent`` with ``percent_low`` and ``percent_high`` (series, place; % per year)
    and the coordinate ``kind``; ``monthly`` (series, place, time) is root-zone moisture, m3 m-3, of
    places among these. NaN slopes are left out. ``core`` is what a place of kind core is
    called.
    """
    places = monthly["place"].values
    names = {"core": core, "sparse": "CRN site"}
    rows = max(len(places), 1)
    with style():
        figure = plt.figure(figsize=(10.5, max(4.4, 1.35 * rows + 0.6)))
        grid = GridSpec(rows, 2, figure=figure, width_ratios=(1, 1.25))
        _scatter(figure.add_subplot(grid[:, 0]), found, product, names)
        first = None
        for k, place in enumerate(places):
            first = axis = figure.add_subplot(grid[k, 1], sharex=first)
            _series(axis, found, monthly.sel(place=place), product, names)
            axis.tick_params(labelbottom=k == rows - 1)
    return figure


def _scatter(axis, found: xr.Dataset, product: str, names: dict) -> None:
    axis.axvspan(-LARGE, LARGE, color="#EEEEEE", zorder=0)
    ends = []
    for kind, (face, marker) in KINDS.items():
        part = found.isel(place=np.flatnonzero(found["kind"].values == kind))
        x, y = (part["percent"].sel(series=one).values for one in (IN_SITU, product))
        there = np.isfinite(x) & np.isfinite(y)
        if not there.any():
            continue
        for values, one, way in ((x, IN_SITU, "xerr"), (y, product, "yerr")):
            bounds = [part[f"percent_{end}"].sel(series=one).values for end in ("low", "high")]
            reach = np.abs(np.stack(bounds) - values)[:, there]
            axis.errorbar(
                x[there], y[there], **{way: np.nan_to_num(reach)}, fmt="none", ecolor=face,
                elinewidth=0.5, alpha=0.35,
            )  # fmt: skip
        axis.scatter(
            x[there], y[there], c=face, marker=marker, s=30, edgecolor="white", linewidth=0.5,
            zorder=3, label=f"{names[kind]}s ({there.sum()})",
        )  # fmt: skip
        ends += [*x[there], *y[there]]
    reach = 1.15 * max(np.abs(ends).max(initial=0), 2 * LARGE) if ends else 2 * LARGE
    axis.plot([-reach, reach], [-reach, reach], color="black", linewidth=0.8, label="1:1")
    axis.axhline(0, color="#888888", linewidth=0.6)
    axis.axvline(0, color="#888888", linewidth=0.6)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axis.set_xlabel("Sen's slope in situ (% per year)")
    axis.set_ylabel(f"Sen's slope of {product} (% per year)")
    axis.set_title("root zone; shaded: small trends in situ", loc="left")
    axis.legend(loc="upper left")


def _series(axis, found: xr.Dataset, monthly: xr.DataArray, product: str, names: dict) -> None:
    place = str(monthly["place"].values)
    row = int(np.flatnonzero(found["place"].values == place)[0])
    for one, line in ((IN_SITU, "black"), (product, colour(product))):
        values = monthly.sel(series=one)
        percent = float(found["percent"].isel(place=row).sel(series=one))
        axis.plot(values["time"], values, color=line, linewidth=0.9, label=f"{one} {percent:+.1f}")
    name = names[str(found["kind"].values[row])]
    axis.set_title(f"{place} ({name})", loc="left")
    axis.set_ylabel("m$^3$ m$^{-3}$")
    axis.legend(loc="upper right", ncols=2, title="% per year", title_fontsize=7, fontsize=7)
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.45 * (high - low))
