"""What a statement of Fang et al. (2019) speaks of, taken from the scores of a hindcast."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilbook import metrics

LAYERS = {"surface": ("surface",), "root zone": ("rootzone",), "": ("surface", "rootzone")}
PERIODS = {"AL": ("AL",), "PL": ("PL",), "": ("AL", "PL"), "PL - AL": ("PL",)}
SCORES = {"ubRMSE": "ubrmse", "R": "r"}
NAMES = {"LSTM+Noah": "Comb"}


@dataclass(frozen=True)
class Subject:
    """Products and the layers and periods at which they are looked at."""

    products: tuple[str, ...]
    layers: tuple[str, ...]
    periods: tuple[str, ...]


def subject(statement) -> Subject:
    """The product a statement is about."""
    return Subject(
        tuple(NAMES.get(name, name) for name in statement.product.split(";")),
        LAYERS[statement.layer],
        PERIODS[statement.period],
    )


def reference(statement) -> Subject | None:
    """What it is compared with; "LSTM, AL" and "LSTM, surface" name a period or a layer.

    SMAP has no prelaunch days: a hindcast is held against SMAP after launch.
    """
    if not statement.compared_with:
        return None
    names, _, where = statement.compared_with.partition(", ")
    own = subject(statement)
    layers, periods = own.layers, own.periods
    if where and where in LAYERS:
        layers = LAYERS[where]
    elif where:
        periods = PERIODS[where]
    elif names == "SMAP" and periods == ("PL",):
        periods = ("AL",)
    products = tuple(NAMES.get(name, name) for name in names.split(";"))
    return Subject(products, layers, periods)


def score_of(quantity: str) -> str:
    """The score in a quantity: "R" of "median R", "75th percentile of R" or "change of R"."""
    return quantity.split()[-1]


def of(scores: xr.Dataset, quantity: str, what: Subject) -> np.ndarray:
    """The score of each place and cell (place, cell), cells being layers and periods.

    A "change of" a score is prelaunch minus after launch. Of several products the best counts.
    """
    change = quantity.startswith("change of ")
    name = SCORES[score_of(quantity)]
    best = np.fmax if name == "r" else np.fmin
    part = scores[name].sel(layer=list(what.layers))
    found = None
    for product in what.products:
        one = part.sel(product=product)
        if change:
            one = one.sel(period="PL") - one.sel(period="AL")
            values = one.transpose("place", "layer").values
        else:
            one = one.sel(period=list(what.periods)).transpose("place", "layer", "period")
            values = one.values.reshape(one.sizes["place"], -1)
        found = values if found is None else best(found, values)
    return np.asarray(found, float)


def over_cells(values: np.ndarray) -> np.ndarray:
    """Mean over the cells that a place has (place,); NaN where it has none."""
    there = np.isfinite(values)
    n = there.sum(axis=1)
    total = np.where(there, values, 0).sum(axis=1)
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)


def at_site(
    result: xr.Dataset, site: str, quantity: str, what: Subject, n_replicates: int, seed: int
) -> tuple[float, float]:
    """95 % interval of a score at one place over blocks of days, from the series themselves."""
    name = SCORES[score_of(quantity)]
    change = quantity.startswith("change of ")
    one = result.sel(place=site, layer=what.layers[0])
    modelled = [p for p in result["product"].values if p != "SMAP"]
    there = one["sm"].sel(product=modelled).notnull()
    days = ((there | ~there.any("time")).all("product")).values
    drawn = {}
    for k, period in enumerate(("PL", "AL") if change else what.periods):
        keep = days & (one["period"].values == period)
        pairs = (one["insitu"], one["sm"].sel(product=what.products[0]))
        observed, predicted = (np.where(keep, values, np.nan) for values in pairs)
        drawn[period] = metrics.resample(
            observed, predicted, name, n_replicates=n_replicates, seed=seed + k
        )
    if change:
        # Other days, so independent draws.
        replicates = metrics.recentred(drawn["PL"]) - metrics.recentred(drawn["AL"])
        low, high = np.nanquantile(replicates, (0.025, 0.975))
    else:
        bounds = metrics.interval(drawn[what.periods[0]])
        low, high = bounds.low, bounds.high
    return float(low), float(high)
