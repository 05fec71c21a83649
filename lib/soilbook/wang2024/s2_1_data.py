"""Section 2.1 of Wang et al. (2024): the sites (Table 1, Fig 1), correlations (Fig 2) and
autocorrelation (Fig 3) of their data, and what the estimated long-wave is worth."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import xarray as xr

from soilbook import claims as judge
from soilbook import data as records
from soilbook import metrics, published, schema
from soilbook.data import awdb, files, fluxnet
from soilbook.data.sites import SITES, Site
from soilbook.plots.style import draw_base, letters, style
from soilbook.wang2024 import experiment

YEARLY = "r_of_years"
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


def for_reading(table: pd.DataFrame) -> pd.DataFrame:
    """``characteristics`` in fewer columns: texture, period and position share one each. Older runs
    have only whether a site is on the observed track."""
    parts = table[["sand_percent", "silt_percent", "clay_percent"]].to_numpy()
    texture = ["/".join(f"{part:g}" for part in row) for row in parts]
    period = table["start"].str[:7] + " to " + table["end"].str[:7]
    position = [
        f"{abs(y):.2f}° {'NS'[int(y < 0)]}, {abs(x):.2f}° {'EW'[int(x < 0)]}"
        for y, x in table[["latitude", "longitude"]].to_numpy()
    ]
    source = "observations" if "observations" in table else "observed track"
    shown = {
        "site": table["site"], "sand/silt/clay (%)": texture, "land cover": table["land cover"],
        "period": period, "position": position, source: table[source],
        "note": table["note"].fillna(""),
    }  # fmt: skip
    return pd.DataFrame(shown)


def draw_sites(table: xr.Dataset):
    """Fig 1 of Wang et al. (2024): where the sites lie.

    ``table`` has the dimension ``site`` and the variables ``latitude``, ``longitude``, ``sand``
    (%) and ``network`` (where real observations of the site come from).
    """
    with style():
        figure, (world, near) = plt.subplots(2, 1, figsize=(8.2, 9.6), height_ratios=(1, 1.5))
        for axis, extent in ((world, (-180, 180, -60, 85)), (near, (-126, -63, 16, 50))):
            draw_base(axis, extent, states=axis is near)
            for network, marker in NETWORKS.items():
                part = table.isel(site=np.flatnonzero(table["network"].values == network))
                dots = axis.scatter(
                    part["longitude"], part["latitude"], c=part["sand"], marker=marker, s=44,
                    cmap="YlOrBr", vmin=15, vmax=90, edgecolor="black", linewidth=0.6, zorder=3,
                    label=network,
                )  # fmt: skip
        _number(near, table)
        world.legend(loc="lower left", frameon=True, framealpha=1)
        world.set_title("(a) all sites", loc="left")
        near.set_title("(b) contiguous United States and the Caribbean, numbered", loc="left")
        figure.colorbar(dots, ax=world, label="sand (%)", shrink=0.8)
        names = [f"{i} {name}" for i, name in enumerate(table["site"].values, 1)]
        columns = ["\n".join(names[i::4]) for i in range(4)]
        for i, text in enumerate(columns):
            near.text(0.25 * i, -0.17, text, transform=near.transAxes, fontsize=8, va="top")
    return figure


def _number(axis, table: xr.Dataset) -> None:
    """Write each site's number of Table 1 beside its dot, pushed downwards where two lie close."""
    (west, east), (south, north) = axis.get_xlim(), axis.get_ylim()
    placed: list[tuple[float, float]] = []
    for i in np.argsort(-table["latitude"].values):
        x, y = (float(table[name][i]) for name in ("longitude", "latitude"))
        if not (west < x < east and south < y < north):
            continue
        at, up = x + 0.7, y
        while any(abs(up - other) < 1.4 and abs(at - beside) < 2.4 for beside, other in placed):
            up -= 0.3
        placed.append((at, up))
        axis.annotate(
            str(i + 1), (x, y), xytext=(at, up), fontsize=8, va="center", zorder=4,
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
    """Autocorrelation of soil moisture by lag, over pairs without a gap.

    ``r`` (depth, lag) of the whole record, ``r_of_years`` (year, depth, lag) of each year.
    """
    sm = experiment.load_site(name, data, seed)["sm"].reset_coords(drop=True)

    def by_lag(part: xr.DataArray) -> list[list[float]]:
        series = [part.isel(depth=k).to_series() for k in range(part.sizes["depth"])]
        return [[one.autocorr(lag) for lag in range(lags + 1)] for one in series]

    parts = [part for _, part in sm.groupby("time.year") if part.sizes["time"] > 10 * lags]
    shape = (len(parts), sm.sizes["depth"], lags + 1)
    years = np.array([by_lag(part) for part in parts]).reshape(shape)
    return xr.Dataset(
        {"r": (("depth", "lag"), by_lag(sm)), YEARLY: (("year", "depth", "lag"), years)},
        coords={"depth": sm["depth"].values, "lag": np.arange(lags + 1)},
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
    which has a long-wave of its own, and where the FLUXNET2015 table is not at hand."""
    if data != "observed" or not (files.folder() / fluxnet.FILE).is_file():
        return None
    return fluxnet.longwave_errors()


def claims(matrices: xr.Dataset, curves: xr.Dataset, data: str = "observed") -> pd.DataFrame:
    """The claims of section 2.1, judged on Fig 2 and Fig 3 of this run, on the track ``data``.

    ``published`` is empty throughout: the paper prints no number for them.
    """
    measured = {
        "long-wave": _long_wave(matrices, data),
        "falling": _of_years(-curves[YEARLY].diff("lag"), -curves["r"].diff("lag")),
        "gap at 4 d": _of_years(*(_gap(curves[name].sel(lag=4)) for name in (YEARLY, "r"))),
    }
    own = published.claims("2.1").itertuples()
    return judge.table(judge.labelled(claim, measured[claim.measure], data) for claim in own)


def _long_wave(matrices: xr.Dataset, data: str) -> judge.Measured:
    """Mean |r| of long-wave and moisture over the depths at the first site minus the second's."""
    first, second = matrices["site"].values
    r = abs(matrices["r"].sel(variable="LR", other="SM")).mean("depth")
    value, words = float(r.sel(site=first) - r.sel(site=second)), {"first": first, "second": second}
    missing = []
    if second != "UpperBethlehem":
        missing.append(f"UpperBethlehem has no observations, {second} stands in")
    if data == "observed":
        missing.append("long-wave is estimated, not measured")
    return judge.Measured(value, words=words, missing="; ".join(missing))


def _gap(r: xr.DataArray) -> xr.DataArray:
    """How much the deeper layers exceed the first."""
    return r.isel(depth=slice(1, None)) - r.isel(depth=0)


def _of_years(yearly: xr.DataArray, whole: xr.DataArray) -> judge.Measured:
    """A case each depth and lag: the value of the whole record, its interval from single years."""
    rest = whole.dims
    parts = yearly.transpose("year", *rest).values.reshape(yearly.sizes["year"], -1)
    found = metrics.mean_over_sites(parts)
    shift = whole.values.ravel() - found.value
    cases = [
        judge.Case(*map(float, one))
        for one in zip(whole.values.ravel(), found.low + shift, found.high + shift, strict=True)
    ]
    least = min(cases, key=lambda one: one.value)
    return judge.Measured(*least[:3], cases=tuple(cases))
