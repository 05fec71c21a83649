"""III-A: the core sites: scores as a table and as bars (Figs 3 and 4), series (Figs 5 and 6)."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.data.network import LAUNCH
from soilbook.errors import ParameterError
from soilbook.fang2019 import hindcast, runs
from soilbook.fang2019.hindcast import LABELS, LAYERS, NAMES, Hindcast
from soilbook.plots.style import colour, date_axis, letters, style

# Sites of Figs 5 and 6.
SITES = {
    "surface": (
        "Carman", "Walnut Gulch", "Little Washita", "Fort Cobb", "Little River", "St. Josephs",
    ),
    "rootzone": ("Little Washita", "Fort Cobb", "Little River", "South Fork", "TxSON"),
}  # fmt: skip
IN_SITU = "in situ"
MODELLED = ("SMAP", "LSTM", "Noah")  # beside in situ in Figs 5 and 6
LONG = 60  # days, shorter gaps need no explanation
DRIED = (*MODELLED, "VIC")
DRYING = 3  # days, the usual time between two overpasses
RAINLESS = 0.5  # mm in a day, less counts as no rain
LEAST = 20  # dry spells, fewer give no number
KEYS = ["site", "layer", "period", "product"]
SCORES = ("bias", "ubrmse", "r")
# Product and period of each bar. SMAP has no prelaunch days.
FIG_3 = (("SMAP", "AL"), *product(("LSTM", "Noah", "Comb"), ("AL", "PL")))
FIG_4 = (*product(("Comb", "Noah+VIC"), ("AL", "PL")),)
ONE_YEAR = "LSTM against SMAP, AL 1 Yr Test"
GROUP = 0.84  # share of the space between two sites that bars take
PALE = "#A0A0A0"  # of in situ, broad below the products
AXES = {"surface": "anomaly (m$^3$ m$^{-3}$)", "rootzone": "m$^3$ m$^{-3}$"}
# Days of continuous series and single retrievals.
LOOKS = {
    "SMAP": {"marker": "o", "ms": 1.8, "ls": "none", "zorder": 4},
    "LSTM": {"lw": 1.0, "zorder": 3},
    "Noah": {"lw": 0.8, "zorder": 2},
    "in situ": {"lw": 2.4, "zorder": 1},
}


def one_year(result: xr.Dataset, settings: Hindcast) -> xr.Dataset:
    """The "AL 1 Yr Test": LSTM trained on one year of SMAP and scored against SMAP in the next.

    ``rmse``, ``bias``, ``ubrmse`` (m3 m-3), ``r`` (place) at the pixels of ``result``'s places.
    Method, networks and epochs are those of the hindcast's ``settings``.
    """
    shared = {"data", "profile", "method", "networks", "epochs", "seed", "device"}
    test = runs.YearAhead(**settings.model_dump(include=shared))
    made = runs.year_ahead(test).sel(predictor="ensemble")
    pixel = xr.DataArray(result["pixel"].values, dims="place")
    at = made[list(runs.METRICS)].sel(pixel=pixel).reset_coords(drop=True)
    return at.assign_coords(place=result["place"].values)


def series(result: xr.Dataset, layer: str, first: str, last: str) -> xr.Dataset:
    """``sm`` (series, place, time) of the sites of Fig. 5 or 6, in situ last, from first to last.

    At the surface each series loses its own mean, as in Fig. 5, over the days on which all of them
    have a value: a winter that only a model has would else displace its summers. Where none of the
    paper's sites is among the places, all that have the layer are taken, six at most.
    ParameterError for days that are none or not in the record.
    """
    days = result["time"].values
    start, end = pd.to_datetime([first, last], format="ISO8601", errors="coerce")
    if not days[0] <= start < end <= days[-1]:
        record = " to ".join(np.datetime_as_string(days[[0, -1]], "D"))
        allowed = f"days from {record}, the first before the last, are allowed"
        raise ParameterError(f"series from {first} to {last}: {allowed}")
    part = result.sel(layer=layer, drop=True)
    there = part["place"].values[part["insitu"].notnull().any("time").values].tolist()
    names = [name for name in SITES[layer] if name in there] or there[:6]
    part = part.sel(place=names)
    modelled = part["sm"].sel(product=list(MODELLED)).rename(product="series")
    both = xr.concat([modelled, part["insitu"].expand_dims(series=[IN_SITU])], "series")
    if layer == "surface":
        # A series without any value at a place takes no part.
        shared = (both.notnull() | ~both.notnull().any("time")).all("series")
        both = both - both.where(shared).mean("time")
    names = [hindcast.label(name, layer, result.attrs) for name in MODELLED]
    both = both.assign_coords(series=[*names, IN_SITU])
    found = both.to_dataset(name="sm").sel(time=slice(first, last))
    return found.assign_attrs(layer=layer)


def gaps(found: xr.Dataset) -> str:
    """In words, where the models of ``series`` have no value for more than two months: there the
    weather of the place was not measured. In situ has gaps for reasons of its own."""
    days, why = found["time"].values, {}
    models = [one for one in found["series"].values if not one.startswith(("SMAP", IN_SITU))]
    for place, model in product(found["place"].values, models):
        missing = found["sm"].sel(place=place, series=model).isnull().values
        edges = np.flatnonzero(np.diff(np.concatenate([[0], missing, [0]])))
        for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
            if last - first >= LONG:
                ends = " to ".join(np.datetime_as_string(days[[first, last]], "D"))
                why.setdefault(f"{place} from {ends}", []).append(model)
    return "; ".join(f"{' and '.join(names)} at {where}" for where, names in why.items())


def drying(result: xr.Dataset, rainfall: xr.DataArray) -> pd.DataFrame:
    """How fast the surface dries without rain, by site: change over three days without rain.

    Mean change in standard deviations of the series, on spells that in situ and all of DRIED see at
    both ends, after launch; ``rainfall`` (place, time) in mm. Columns site, n_spells, in situ and
    the products. Fewer than 20 spells give NaN.
    """
    part = result.sel(layer="surface").isel(time=result["period"].values == "AL")
    fallen = rainfall.sel(time=part["time"]).transpose("place", "time").values
    days = fallen.shape[1] - DRYING
    dry = np.all([fallen[:, k : k + days] < RAINLESS for k in range(1, DRYING + 1)], axis=0)
    parts = {"in situ": part["insitu"]} | {name: part["sm"].sel(product=name) for name in DRIED}
    moisture = {name: one.transpose("place", "time").values for name, one in parts.items()}
    ends = {name: values[:, DRYING:] - values[:, :-DRYING] for name, values in moisture.items()}
    used = dry & np.all([np.isfinite(change) for change in ends.values()], axis=0)
    rows = []
    for k, place in enumerate(part["place"].values):
        row = {"site": place, "n_spells": used[k].sum()}
        for name, change in ends.items():
            spread = np.nanstd(moisture[name][k]) if row["n_spells"] >= LEAST else 0
            row[name] = change[k, used[k]].mean() / spread if spread > 0 else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def tidy(scores: xr.Dataset) -> pd.DataFrame:
    """A row for each site, layer, period and product that has scores: KEYS, SCORES, n_days and
    ubrmse_published (NaN where the paper prints none)."""
    wanted = [*SCORES, "n_days"]
    frame = scores[wanted].to_dataframe(["place", "product", "layer", "period"]).reset_index()
    frame = frame.rename(columns={"place": "site"})[[*KEYS, *wanted]]
    return frame.dropna(subset=["ubrmse"]).merge(printed(), how="left", on=KEYS)


def printed() -> pd.DataFrame:
    """The ubRMSE that section III-A states: columns of KEYS and ubrmse_published."""
    rows = published.statements()
    stated = (rows["quantity"] == "ubRMSE") & (rows["relation"] == "=") & (rows["site"] != "")
    rows = rows[stated & (rows["section"] == "III-A.1")]
    layer = rows["layer"].replace("root zone", "rootzone")
    return rows[KEYS].assign(layer=layer, ubrmse_published=rows["value"])


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """``tidy`` with a row for each layer, score in a period, and site, a column for each product
    and columns of published values."""
    cells = table.melt(KEYS, [*SCORES, "ubrmse_published"], "score").dropna(subset="value")
    of_paper = cells["score"].str.endswith("published").map({True: ", published", False: ""})
    cells["column"] = cells["product"] + of_paper
    scores = cells["score"].str.removesuffix("_published").map(NAMES)
    cells["score"] = scores + ", " + cells["period"]
    cells = cells.sort_values("layer", ascending=False, kind="stable")
    keys = ["layer", "score", "site"]
    wide = cells.pivot(index=keys, columns="column", values="value")
    wide = wide.loc[pd.MultiIndex.from_frame(cells[keys].drop_duplicates())]
    return wide[cells["column"].unique()].rename_axis(columns=None).reset_index()


def bars(scores: xr.Dataset, shown=FIG_3, one_year: xr.Dataset | None = None):
    """Figs 3 and 4: a row a metric, a column a layer, a group of bars a site.

    ``scores`` has SCORES (product, layer, place, period); ``shown`` names product and period of
    the bars; ``one_year`` has SCORES (place) of the one-year test against SMAP, drawn at the
    surface. AL bars are full, PL bars hatched.
    """
    there = scores["ubrmse"].notnull().any(("product", "period"))
    found = {name: scores["place"].values[there.sel(layer=name)] for name in LAYERS}
    sites = {name: names for name, names in found.items() if names.size}
    with style():
        figure, axes = plt.subplots(
            len(SCORES), len(sites), figsize=(11.5, 7.2), squeeze=False, sharey="row",
            sharex="col", width_ratios=[2 + names.size for names in sites.values()],
        )  # fmt: skip
        for column, (layer, names) in zip(axes.T, sites.items(), strict=True):
            last = one_year if layer == "surface" else None
            for axis, metric in zip(column, SCORES, strict=True):
                values = scores[metric].sel(layer=layer, place=names)
                _bars(axis, values, shown, last, scores.attrs)
            column[0].set_title(LAYERS[layer])
            column[-1].tick_params(axis="x", rotation=35)
            plt.setp(column[-1].get_xticklabels(), ha="right", rotation_mode="anchor")
        for axis, metric in zip(axes[:, 0], SCORES, strict=True):
            axis.set_ylabel(LABELS[metric])
        letters(axes[0])
        # Columns share their bars, but a filtered root zone has a name of its own.
        handles = {}
        for axis in axes[0]:
            handles |= dict(zip(*axis.get_legend_handles_labels()[::-1], strict=True))
        figure.legend(handles.values(), handles, loc="outside upper center", ncols=7)
    return figure


def _bars(axis, values: xr.DataArray, shown, one_year: xr.Dataset | None, of: dict) -> None:
    drawn, layer = [], str(values["layer"].values)
    for name, period in shown:
        late = period == "AL"
        label = "LSTM+Noah" if (name, shown) == ("Comb", FIG_4) else hindcast.label(name, layer, of)
        look = {"color": colour(name) if late else "white", "edgecolor": colour(name)}
        look |= {"hatch": None if late else "/////", "label": f"{label} {period}"}
        drawn.append((values.sel(product=name, period=period), look))
    if one_year is not None:
        look = {"color": "#999999", "edgecolor": "black", "label": ONE_YEAR}
        drawn.append((one_year[values.name].sel(place=values["place"]), look))
    width, middle = GROUP / len(drawn), np.arange(values.sizes["place"])
    for k, (heights, look) in enumerate(drawn):
        at = middle + (k - (len(drawn) - 1) / 2) * width
        axis.bar(at, heights, width, linewidth=0.7, **look)
    axis.axhline(0, color="black", linewidth=0.7)
    axis.set_xticks(middle, values["place"].values)
    axis.grid(axis="x", visible=False)


def panels(found: xr.Dataset):
    """Figs 5 and 6: a panel a site, of ``series``. A dashed line marks the first day of SMAP."""
    names, days = found["place"].values, found["time"].values
    with style():
        size = 11, 1.55 * len(names) + 0.7
        figure, axes = plt.subplots(len(names), 1, figsize=size, sharex=True, squeeze=False)
        for axis, name in zip(axes[:, 0], names, strict=True):
            for series in found["series"].values:
                values = found["sm"].sel(series=series, place=name)
                own = series.partition(",")[0]
                shade = PALE if own == IN_SITU else colour(own)
                axis.plot(days, values, label=series, color=shade, **LOOKS[own])
            if days[0] < LAUNCH < days[-1]:
                axis.axvline(LAUNCH, color="black", lw=0.8, ls="--")
            axis.set(title=name, ylabel=AXES[found.attrs["layer"]])
            axis.margins(x=0.01)
        letters(axes[:, 0])
        date_axis(axes[-1, 0])
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure
