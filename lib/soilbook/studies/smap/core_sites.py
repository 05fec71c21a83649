"""Section III-A of Fang et al. (2019): what is shown of the core sites beside their scores."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.errors import ParameterError, unknown
from soilbook.settings import satellite
from soilbook.store import Store
from soilbook.studies.smap import places, prolongation, prolongation_scores
from soilbook.studies.smap.hindcast import LAYERS, Hindcast

# Sites of Figs 5 and 6.
SITES = {
    "surface": (
        "Carman", "Walnut Gulch", "Little Washita", "Fort Cobb", "Little River", "St. Josephs",
    ),
    "rootzone": ("Little Washita", "Fort Cobb", "Little River", "South Fork", "TxSON"),
}  # fmt: skip
DRYING = 3  # days, the usual time between two overpasses
RAINLESS = 0.5  # mm in a day, less counts as no rain
LEAST = 20  # dry spells, fewer give no number


def summary(result: xr.Dataset) -> str:
    """What a result rests on, and what stands in for what: a line for the page."""
    deep = int(result["insitu"].sel(layer="rootzone").notnull().any("time").sum())
    sentences = [
        f"{result.sizes['place']} core sites, {deep} of them with a root zone",
        f"networks in the ensemble: {result.attrs['networks']}, epochs: {result.attrs['epochs']}",
        f"Root zone: {result.attrs['root_zone']}",
        f"Noah and VIC: {result.attrs['land_surface']}",
        result.attrs["stand_in"],
    ]
    left_out = places.lines(result.attrs["left_out"])
    if left_out:
        sentences.append(f"left out: {', '.join(left_out)}")
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in sentences if text)


def one_year(
    result: xr.Dataset, settings: Hindcast, folder=None, store: Store | None = None
) -> xr.Dataset:
    """The "AL 1 Yr Test": LSTM trained on one year of SMAP and scored against SMAP in the next.

    ``rmse``, ``bias``, ``ubrmse`` (m3 m-3), ``r`` (place) at the pixels of ``result``'s places, and
    medians over all pixels as attributes ``median_rmse`` and so on. Networks and epochs are those
    of the hindcast's ``settings``.
    """
    profile = satellite(settings.profile)
    test = prolongation.YearAhead(
        data=settings.data,
        networks=settings.networks or profile.networks,
        epochs=settings.epochs or profile.epochs,
        seed=settings.seed,
        device=settings.device,
        bootstrap=profile.bootstrap,
    )
    made = prolongation.year_ahead(test, folder, store=store).sel(predictor="ensemble")
    names = list(prolongation_scores.METRICS)
    at = made[names].sel(pixel=xr.DataArray(result["pixel"].values, dims="place"))
    at = at.reset_coords(drop=True).assign_coords(place=result["place"].values)
    medians = {f"median_{name}": float(made[f"median_{name}"]) for name in names}
    return at.drop_attrs(deep=False).assign_attrs(medians, n_pixels=made.sizes["pixel"])


def series(
    result: xr.Dataset, layer: str, first: str, last: str, products=("SMAP", "LSTM", "Noah")
) -> xr.Dataset:
    """``sm`` (series, place, time) of the sites of Fig. 5 or 6, in situ last, from first to last.

    At the surface each series loses its own mean over its whole record, as in Fig. 5. Where
    none of the paper's sites is among the places, all that have the layer are taken, six at most.
    ParameterError for an unknown layer, or days that are none or not in the record.
    """
    if layer not in LAYERS:
        raise unknown("layer", layer, LAYERS)
    _check_days(result["time"].values, first, last)
    part = result.sel(layer=layer)
    there = part["insitu"].notnull().any("time")
    names = [n for n in SITES[layer] if n in part["place"].values and bool(there.sel(place=n))]
    names = names or part["place"].values[there.values][:6].tolist()
    part = part.sel(place=names)
    modelled = part["sm"].sel(product=list(products)).rename(product="series")
    observed = part["insitu"].expand_dims(series=["in situ"])
    both = xr.concat([modelled, observed], "series").drop_vars("layer", errors="ignore")
    if layer == "surface":
        both = both - both.mean("time")
    both.attrs = {"units": "m3 m-3", "long_name": "soil moisture"}
    return both.to_dataset(name="sm").sel(time=slice(first, last)).assign_attrs(layer=layer)


def rain(settings: Hindcast, folder=None, store: Store | None = None) -> xr.DataArray:
    """Precipitation (place, time; mm) that drove the models at the places."""
    there, _ = places.insitu(settings.data, settings.kind, settings.seed, folder, store=store)
    return there["precipitation"]


def drying(
    result: xr.Dataset, rainfall: xr.DataArray, products=("SMAP", "LSTM", "Noah", "VIC")
) -> pd.DataFrame:
    """How fast the surface dries without rain, by site: change over three days without rain.

    Mean change in standard deviations of the series, on spells that in situ and all ``products``
    see at both ends, after launch; ``rainfall`` (place, time) in mm. Columns site, n_spells, in
    situ and the products. Fewer than 20 spells give NaN.
    """
    part = result.sel(layer="surface").isel(time=result["period"].values == "AL")
    fallen = rainfall.sel(time=part["time"]).transpose("place", "time").values
    days = fallen.shape[1] - DRYING
    dry = np.all([fallen[:, k : k + days] < RAINLESS for k in range(1, DRYING + 1)], axis=0)
    all_series = {"in situ": part["insitu"].transpose("place", "time").values}
    for name in products:
        all_series[name] = part["sm"].sel(product=name).transpose("place", "time").values
    ends = {name: values[:, DRYING:] - values[:, :-DRYING] for name, values in all_series.items()}
    used = dry & np.all([np.isfinite(change) for change in ends.values()], axis=0)
    rows = []
    for k, place in enumerate(part["place"].values):
        row = {"site": place, "n_spells": int(used[k].sum())}
        for name, change in ends.items():
            spread = np.nanstd(all_series[name][k]) if used[k].any() else np.nan
            enough = used[k].sum() >= LEAST and spread > 0
            row[name] = change[k, used[k]].mean() / spread if enough else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _check_days(days: np.ndarray, first: str, last: str) -> None:
    record = np.datetime_as_string(days[[0, -1]], "D")
    allowed = f"days from {record[0]} to {record[1]}, the first before the last, are allowed"
    try:
        inside = days[0] <= np.datetime64(first) < np.datetime64(last) <= days[-1]
    except ValueError:
        inside = False
    if not inside:
        raise ParameterError(f"series from {first} to {last}: {allowed}")
