"""What a statement of Fang et al. (2019) speaks of: products, layers, periods and places, taken
from the scores of a hindcast, and whether it holds at each place."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics, published
from soilbook.claims import HOLDS
from soilbook.fang2019 import hindcast, runs

LAYERS = {"surface": ("surface",), "root zone": ("rootzone",), "": ("surface", "rootzone")}
PERIODS = {"AL": ("AL",), "PL": ("PL",), "": ("AL", "PL"), "PL - AL": ("PL",)}
SCORES = {"ubRMSE": "ubrmse", "R": "r", "bias": "bias"}
NEAR = 40.0  # km from the centre of its pixel within which a station is held against SMAP


@dataclass(frozen=True)
class Evidence:
    """Scores, slopes and series of a run; None is what has not been run.

    ``draws``: ``n_replicates`` and ``seed`` of intervals. ``core`` and ``sparse``:
    ``hindcast.scores``; ``trends``: ``s3_c_trends.slopes`` of both kinds together; ``one_year``
    (place): R of the one-year test with SMAP at the core sites' pixels; ``core_result``:
    ``hindcast.run``, for intervals at single sites; ``drying``: ``s3_a_core_sites.drying``.
    """

    draws: dict[str, int]
    core: xr.Dataset | None = None
    sparse: xr.Dataset | None = None
    trends: xr.Dataset | None = None
    one_year: xr.DataArray | None = None
    core_result: xr.Dataset | None = None
    drying: pd.DataFrame | None = None

    @property
    def _all(self) -> list[xr.Dataset]:
        return [one for one in (self.core, self.sparse, self.trends) if one is not None]

    @property
    def track(self) -> str:
        """The track of what was run."""
        return next((a.attrs["data"] for a in self._all if "data" in a.attrs), "observed")

    @property
    def stand_in(self) -> bool:
        """Whether stations of the sparse network stand in for the core sites."""
        return any(one.attrs.get("stand_in") for one in self._all)


class Subject(NamedTuple):
    """Products and the layers and periods at which they are looked at."""

    products: tuple[str, ...]
    layers: tuple[str, ...] = ("surface",)
    periods: tuple[str, ...] = ("AL",)


def subject(statement) -> Subject:
    """The product a statement is about."""
    return Subject(_named(statement.product), LAYERS[statement.layer], PERIODS[statement.period])


def reference(statement) -> Subject | None:
    """What it is compared with; "LSTM, AL" and "LSTM, surface" name a period or a layer. SMAP has
    no prelaunch days: a hindcast is held against SMAP after launch."""
    if not statement.compared_with:
        return None
    names, _, where = statement.compared_with.partition(", ")
    _, layers, periods = subject(statement)
    if where in LAYERS and where:
        layers = LAYERS[where]
    elif where:
        periods = PERIODS[where]
    elif names == "SMAP" and periods == ("PL",):
        periods = ("AL",)
    return Subject(_named(names), layers, periods)


def _named(names: str) -> tuple[str, ...]:
    return tuple(names.replace("LSTM+Noah", "Comb").split(";"))


def network(statement) -> str:
    """ "core" or "sparse" where the statement is about a network, "" at a named site."""
    if statement.site.startswith("core"):
        return "core"
    return "sparse" if "CRN sites" in statement.site else ""


def scored(scores: xr.Dataset, quantity: str, what: Subject) -> np.ndarray:
    """The score of each place and cell (place, cell), cells being layers and periods. A "change of"
    a score is prelaunch minus after launch. Of several products the best counts."""
    name = SCORES[quantity.split()[-1]]
    part = scores[name].sel(layer=list(what.layers), product=list(what.products))
    if name == "bias":
        part = abs(part)
    if "distance_km" in scores.coords:
        part = part.where((part["product"] != "SMAP") | (scores["distance_km"] <= NEAR))
    if quantity.startswith("change of "):
        part = (part.sel(period="PL") - part.sel(period="AL")).expand_dims("period")
    else:
        part = part.sel(period=list(what.periods))
    best = part.max("product") if name == "r" else part.min("product")
    best = best.transpose("place", "layer", "period")
    return best.values.reshape(best.sizes["place"], -1)


@runs.nan_of_nothing()
def over_cells(values: np.ndarray) -> np.ndarray:
    """Mean over the cells that a place has (place,); NaN where it has none."""
    return np.nanmean(values, axis=1)


def own(statement, scores: xr.Dataset) -> np.ndarray:
    """What a statement is about, a number for each place."""
    return over_cells(scored(scores, statement.quantity, subject(statement)))


def over_days(result: xr.Dataset, site: str, quantity: str, what: Subject, draws: dict) -> tuple:
    """95 % interval of a score at one place over blocks of days, from the series themselves."""
    name = SCORES[quantity.split()[-1]]
    change = quantity.startswith("change of ")
    one = result.sel(place=site, layer=what.layers[0])
    drawn = []
    for k, period in enumerate(("PL", "AL") if change else what.periods):
        part = one.isel(time=one["period"].values == period)
        days = hindcast.shared_days(part)
        pair = part["insitu"].where(days), part["sm"].sel(product=what.products[0]).where(days)
        # Other days, so independent draws.
        seed = draws | {"seed": draws["seed"] + k}
        drawn.append(metrics.resample(*(series.values for series in pair), name, **seed))
    if change:
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
    if statement.among == "west":
        south, north, west, east = bounds
        latitude, longitude = scores["latitude"].values, scores["longitude"].values
        inside = (latitude >= south) & (latitude <= north)
        return inside & (longitude >= west) & (longitude <= east)
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
    against, value = reference(statement), scored(scores, statement.quantity, subject(statement))
    bound = statement.value
    if against is not None:
        value, bound = value - scored(scores, statement.quantity, against), 0
    value = over_cells(value)
    if statement.relation == "about":
        holds = np.abs(value) <= statement.margin
    else:
        holds = HOLDS[statement.relation](value, bound)
    return holds, np.isfinite(value) & among(statement, scores, known)
