"""What a statement of Fang et al. (2019) speaks of: products, layers, periods and places, taken
from the scores of a hindcast, and whether it holds at each place."""

import warnings
from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilbook import metrics, published
from soilbook.claims import HOLDS

LAYERS = {"surface": ("surface",), "root zone": ("rootzone",), "": ("surface", "rootzone")}
PERIODS = {"AL": ("AL",), "PL": ("PL",), "": ("AL", "PL"), "PL - AL": ("PL",)}
SCORES = {"ubRMSE": "ubrmse", "R": "r"}
NAMES = {"LSTM+Noah": "Comb"}


@dataclass(frozen=True)
class Evidence:
    """Scores, slopes and series of a run; None is what has not been run.

    ``core`` and ``sparse``: ``hindcast.scores``; ``trends``: ``trend_slopes.slopes`` of both kinds
    together; ``one_year`` (place): R of the one-year test with SMAP at the core sites' pixels;
    ``core_result``: ``hindcast.run``, for intervals at single sites.
    """

    core: xr.Dataset | None = None
    sparse: xr.Dataset | None = None
    trends: xr.Dataset | None = None
    one_year: xr.DataArray | None = None
    core_result: xr.Dataset | None = None
    n_replicates: int = 1000
    seed: int = 0

    @property
    def draws(self) -> dict[str, int]:
        """How often places are drawn, and from which seed."""
        return {"n_replicates": self.n_replicates, "seed": self.seed}


@dataclass(frozen=True)
class Subject:
    """Products and the layers and periods at which they are looked at."""

    products: tuple[str, ...]
    layers: tuple[str, ...] = ("surface",)
    periods: tuple[str, ...] = ("AL",)


def subject(statement) -> Subject:
    """The product a statement is about."""
    products = tuple(NAMES.get(name, name) for name in statement.product.split(";"))
    return Subject(products, LAYERS[statement.layer], PERIODS[statement.period])


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
    return Subject(tuple(NAMES.get(name, name) for name in names.split(";")), layers, periods)


def network(statement) -> str:
    """ "core" or "sparse" where the statement is about a network, "" at a named site."""
    if statement.site.startswith("core"):
        return "core"
    return "sparse" if "CRN sites" in statement.site else ""


def scored(scores: xr.Dataset, quantity: str, what: Subject) -> np.ndarray:
    """The score of each place and cell (place, cell), cells being layers and periods.

    A "change of" a score is prelaunch minus after launch. Of several products the best counts.
    """
    name = SCORES[quantity.split()[-1]]
    best = np.fmax if name == "r" else np.fmin
    part = scores[name].sel(layer=list(what.layers))
    found = None
    for product in what.products:
        one = part.sel(product=product)
        if quantity.startswith("change of "):
            one = one.sel(period="PL") - one.sel(period="AL")
            values = one.transpose("place", "layer").values
        else:
            one = one.sel(period=list(what.periods)).transpose("place", "layer", "period")
            values = one.values.reshape(one.sizes["place"], -1)
        found = values if found is None else best(found, values)
    return np.asarray(found, float)


def over_cells(values: np.ndarray) -> np.ndarray:
    """Mean over the cells that a place has (place,); NaN where it has none."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.nanmean(values, axis=1)


def own(statement, scores: xr.Dataset) -> np.ndarray:
    """What a statement is about, a number for each place."""
    return over_cells(scored(scores, statement.quantity, subject(statement)))


def over_days(result: xr.Dataset, site: str, quantity: str, what: Subject, known) -> tuple:
    """95 % interval of a score at one place over blocks of days, from the series themselves."""
    name = SCORES[quantity.split()[-1]]
    change = quantity.startswith("change of ")
    one = result.sel(place=site, layer=what.layers[0])
    modelled = [p for p in result["product"].values if p != "SMAP"]
    there = one["sm"].sel(product=modelled).notnull()
    days = ((there | ~there.any("time")).all("product")).values
    pairs = one["insitu"], one["sm"].sel(product=what.products[0])
    drawn = []
    for k, period in enumerate(("PL", "AL") if change else what.periods):
        keep = days & (one["period"].values == period)
        kept = (np.where(keep, values, np.nan) for values in pairs)
        drawn.append(
            metrics.resample(*kept, name, n_replicates=known.n_replicates, seed=known.seed + k)
        )
    if change:
        # Other days, so independent draws.
        replicates = metrics.recentred(drawn[0]) - metrics.recentred(drawn[1])
        low, high = np.nanquantile(replicates, (0.025, 0.975))
    else:
        bounds = metrics.interval(drawn[0])
        low, high = bounds.low, bounds.high
    return float(low), float(high)


def among(statement, scores: xr.Dataset, known: Evidence) -> np.ndarray:
    """The places a statement is about (place,): all, a choice by name, or those at which another
    statement holds, or does not."""
    bounds = statement.among_bounds
    if not statement.among:
        return np.ones(scores.sizes["place"], bool)
    if statement.among == "north-east":
        return (scores["latitude"].values >= bounds[0]) & (scores["longitude"].values >= bounds[1])
    if statement.among == "SMAP far":
        smap = Subject(("SMAP",), LAYERS[statement.layer])
        return over_cells(scored(scores, "ubRMSE", smap)) > bounds[0]
    if statement.among == "SMAP above Noah":  # after launch, in either layer
        smap, noah = (scored(scores, "R", Subject((p,), LAYERS[""])) for p in ("SMAP", "Noah"))
        return (smap > noah).any(axis=1)
    denied, _, key = statement.among.rpartition(" ")
    (base,) = (one for one in published.statements().itertuples() if one.id == key)
    holds, valid = holding(base, scores, known)
    return valid & (holds != bool(denied))


def holding(statement, scores: xr.Dataset, known: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Whether a statement holds at each place, and whether that can be told."""
    if statement.measure == "one-year count":
        # R of the one-year test with SMAP above R of SMAP with the probes by the lower bound.
        smap = scored(scores, "R", Subject(("SMAP",)))[:, 0]
        difference = known.one_year.reindex(place=scores["place"].values).values - smap
        return difference >= statement.value, np.isfinite(difference)
    against = reference(statement)
    value = scored(scores, statement.quantity, subject(statement))
    other = 0.0 if against is None else scored(scores, statement.quantity, against)
    difference = over_cells(value - other)
    if against is None:
        holds = HOLDS[statement.relation](difference, statement.value)
    elif statement.relation == "about":
        holds = np.abs(difference) <= statement.margin
    else:
        holds = HOLDS[statement.relation](difference, 0)
    return holds, np.isfinite(difference) & among(statement, scores, known)
