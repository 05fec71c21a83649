"""Section 2.1 of Wang et al. (2024): the sites (Table 1, Fig 1), correlations (Fig 2) and
autocorrelation (Fig 3) of their data, and what the estimated long-wave is worth."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import xarray as xr

from soilbook import data as records
from soilbook import published, schema
from soilbook.data import awdb, files, fluxnet
from soilbook.data.sites import SITES, Site
from soilbook.plots.style import draw_base, letters, style
from soilbook.wang2024 import experiment
from soilbook.wang2024.claims import COLUMNS

NETWORKS = {"USCRN": "o", "SCAN": "s", "ISMN": "^"}  # markers of Fig 1
FIELDS = ("latitude", "longitude", "sand", "silt", "clay", "land_cover", "start", "end")


def sites() -> xr.Dataset:
    """The 30 sites, positions corrected; ``network`` says where observations of each come from."""
    rows = [
        {name: getattr(site, name) for name in FIELDS}
        | {"network": _network(site), "note": site.note}
        for site in SITES.values()
    ]
    frame = pd.DataFrame(rows, index=pd.Index(SITES, name="site"))
    return frame.astype({"start": "datetime64[ns]", "end": "datetime64[ns]"}).to_xarray()


def _network(site: Site) -> str:
    return "USCRN" if site.uscrn else "SCAN" if site.name in awdb.TRIPLETS else "ISMN"


def shown(data: str) -> list[str]:
    """The two sites of Fig 2; Kingston-1-W stands in for UpperBethlehem where a track lacks it."""
    second = "UpperBethlehem" in records.available(data)
    return ["Cape-Charles-5-ENE", "UpperBethlehem" if second else "Kingston-1-W"]


def characteristics(sites: xr.Dataset) -> pd.DataFrame:
    """One row a site: texture (%), land cover, period, position, and what was corrected."""
    frame = sites.to_dataframe()
    printed = published.sites().set_index("site")
    columns = {
        "sand_percent": frame["sand"],
        "silt_percent": frame["silt"],
        "clay_percent": frame["clay"],
        "land cover": frame["land_cover"],
        "start": frame["start"].dt.strftime("%Y-%m-%d"),
        "end": frame["end"].dt.strftime("%Y-%m-%d"),
        "latitude": frame["latitude"],
        "longitude": frame["longitude"],
        "latitude as printed": printed["latitude"],
        "longitude as printed": printed["longitude"],
        "observations": frame["network"],
        "note": frame["note"],
    }
    return pd.DataFrame(columns, index=frame.index).reset_index()


def draw_sites(table: xr.Dataset):
    """Fig 1 of Wang et al. (2024): where the sites lie.

    ``table`` has the dimension ``site`` and the variables ``latitude``, ``longitude``, ``sand``
    (%) and ``network`` (where real observations of the site come from).
    """
    with style():
        figure, (world, near) = plt.subplots(2, 1, figsize=(8, 8.6), height_ratios=(1, 1.6))
        for axis, extent in ((world, (-180, 180, -60, 85)), (near, (-157, -52, 15, 63))):
            draw_base(axis, extent, states=axis is near)
            for network, marker in NETWORKS.items():
                part = table.isel(site=np.flatnonzero(table["network"].values == network))
                dots = axis.scatter(
                    part["longitude"], part["latitude"], c=part["sand"], marker=marker, s=34,
                    cmap="YlOrBr", vmin=15, vmax=90, edgecolor="black", linewidth=0.6, zorder=3,
                    label=network,
                )  # fmt: skip
        _label(near, table)
        world.legend(loc="lower left")
        world.set_title("(a) all sites", loc="left")
        near.set_title("(b) North America and the Caribbean", loc="left")
        figure.colorbar(dots, ax=world, label="sand (%)", shrink=0.8)
    return figure


def _label(axis, table: xr.Dataset) -> None:
    """Write names beside the dots, pushed apart downwards where two lie close."""
    west, east = axis.get_xlim()
    inside = table.isel(site=np.flatnonzero(table["longitude"].values.__lt__(east)))
    inside = inside.isel(site=np.argsort(-inside["latitude"].values))
    placed: list[tuple[float, float]] = []
    for name in inside["site"].values:
        row = inside.sel(site=name)
        x, y = float(row["longitude"]), float(row["latitude"])
        if x < west:
            continue
        text_y = y
        while any(abs(text_y - other) < 0.95 and abs(x - at) < 14 for at, other in placed):
            text_y -= 0.3
        placed.append((x, text_y))
        axis.annotate(
            str(name), (x, y), xytext=(x + 0.8, text_y), fontsize=6, va="center", zorder=4,
            arrowprops={"arrowstyle": "-", "lw": 0.3, "color": "#555555"},
        )  # fmt: skip


def correlations(names, depths, data: str, seed: int = 0) -> xr.Dataset:
    """Pearson correlation of all pairs of variables, ``r`` (site, depth, variable, other)."""
    blocks = []
    for name in names:
        record = experiment.load_site(name, data, seed)
        symbols = schema.symbols(schema.features(record))
        for depth in depths:
            frame = record.sel(depth=depth).reset_coords(drop=True).to_dataframe()
            matrix = frame[list(schema.features(record))].corr().to_numpy()
            cell = {"site": [name], "depth": [depth], "variable": symbols, "other": symbols}
            blocks.append(xr.DataArray(matrix[None, None], cell, list(cell), name="r"))
    return xr.combine_by_coords(blocks)[["r"]].sel(site=list(names))


def draw_correlations(matrices: xr.Dataset):
    """Fig 2: Pearson matrices. ``matrices["r"]`` has (site, depth, variable, other)."""
    r = matrices["r"]
    panels = [(site, depth) for site in r["site"].values for depth in r["depth"].values]
    with style():
        rows, size = r.sizes["site"], (9, 4.1 * r.sizes["site"])
        figure, axes = plt.subplots(rows, r.sizes["depth"], figsize=size, squeeze=False)
        for axis, (site, depth) in zip(axes.flat, panels, strict=True):
            part = r.sel(site=site, depth=depth)
            sns.heatmap(
                part.to_pandas(), ax=axis, vmin=-1, vmax=1, cmap="RdBu_r", annot=True, fmt=".2f",
                square=True, cbar=False, annot_kws={"size": 7}, linewidths=0.4,
            )  # fmt: skip
            axis.set(title=f"{site}, {depth:.2f} m", xlabel="", ylabel="")
        letters(axes.flat)
        scale = plt.cm.ScalarMappable(plt.Normalize(-1, 1), "RdBu_r")
        figure.colorbar(scale, ax=axes, label="Pearson R", shrink=0.6)
    return figure


def autocorrelation(name: str, data: str, lags: int = 20, seed: int = 0) -> xr.Dataset:
    """Autocorrelation of soil moisture by lag, ``r`` (depth, lag), over pairs without a gap."""
    record = experiment.load_site(name, data, seed)
    r = [
        [record["sm"].isel(depth=k).to_series().autocorr(lag) for lag in range(lags + 1)]
        for k in range(record.sizes["depth"])
    ]
    return xr.Dataset(
        {"r": (("depth", "lag"), r)},
        coords={"depth": record["depth"].values, "lag": np.arange(lags + 1)},
    )


def draw_autocorrelation(curves: xr.Dataset):
    """Fig 3: autocorrelation of soil moisture; ``curves["r"]`` has (depth, lag), lag in days."""
    r = curves["r"]
    with style():
        figure, axis = plt.subplots(figsize=(6, 3.6))
        palette = sns.color_palette("viridis_r", r.sizes["depth"])
        for colour, depth in zip(palette, r["depth"].values, strict=True):
            axis.plot(r["lag"], r.sel(depth=depth), "o-", color=colour, label=f"{depth:.2f} m")
        axis.set(xlabel="lag (d)", ylabel="autocorrelation of soil moisture")
        axis.set_ylim(top=1.01)
        axis.legend(title="depth")
    return figure


def longwave_error(data: str) -> pd.DataFrame | None:
    """Error of the observed track's estimated long-wave, and of the formulas not chosen, against
    that measured at FLUXNET2015 sites: see ``data.fluxnet.longwave_errors``. None on the twin,
    which has a long-wave of its own, and where the FLUXNET2015 table is not at hand.
    """
    if data != "observed" or not (files.folder() / fluxnet.FILE).is_file():
        return None
    return fluxnet.longwave_errors()


def claims(matrices: xr.Dataset, curves: xr.Dataset) -> pd.DataFrame:
    """The claims of section 2.1, judged on Fig 2 and Fig 3 of this run.

    ``published`` is empty throughout: the paper prints no number for them.
    """
    first, second = matrices["site"].values
    r = abs(matrices["r"].sel(variable="LR", other="SM").mean("depth"))
    difference = float(r.sel(site=first) - r.sel(site=second))
    steps = curves["r"].diff("lag")
    falling = float((steps < 0).mean())
    lag = curves["r"].sel(lag=4)
    gap = float((lag.isel(depth=slice(1, None)) - lag.isel(depth=0)).min())
    same = second == "UpperBethlehem"
    rows = [
        (
            "2.1-1",
            difference,
            "reproduced" if difference > 0.2 and same else "partly" if difference > 0 else "not",
            f"difference of |r| between {first} and {second}, mean of depths"
            + ("" if same else "; UpperBethlehem has no observations, another site stands in"),
        ),
        (
            "2.1-2",
            falling,
            "reproduced" if falling == 1 else "partly" if falling > 0.9 else "not",
            "share of steps in lag at which the autocorrelation falls, all depths",
        ),
        (
            "2.1-3",
            gap,
            "reproduced" if gap > 0 else "not",
            "least difference at a lag of 4 d between a deeper layer and 0.05 m",
        ),
    ]
    table = pd.DataFrame(rows, columns=["id", "reproduced", "verdict", "why"])
    texts = published.claims().set_index("id")["claim"]
    table["claim"] = table["id"] + ": " + table["id"].map(texts)
    return table.assign(published=np.nan, low=np.nan, high=np.nan)[COLUMNS]
