"""The hindcast of Fang et al. (2019): SMAP carried back to 2010 and held against in-situ probes.

Networks learn SMAP from weather and attributes of the pixels, then run with the weather of the
in-situ places through the years before and after the launch of SMAP (April 2015). All products are
scored against the probes on the same days.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import model_validator

from soilbook import fingerprint, metrics
from soilbook.data.network import LAUNCH
from soilbook.device import find as find_device
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.fang2019 import places as there
from soilbook.fang2019 import runs
from soilbook.fang2019.runs import METRICS, Positive, Scaled, Track, varied
from soilbook.models import climatology
from soilbook.models.baselines import CHARACTERISTIC_TIME, exponential_filter
from soilbook.settings import satellite
from soilbook.store import Store
from soilbook.training.sequence_trainer import SequenceSettings, predict
from soilbook.training.sequences import (
    MODELLED,
    STATISTICS,
    Inputs,
    features,
    with_departures,
    with_statistics,
)

PRODUCTS = ("SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "guided LSTM", "climatology")
LAYERS = {"surface": "surface", "rootzone": "root zone"}  # and what they are called on a page
LABELS = {
    "rmse": "RMSE (m$^3$ m$^{-3}$)",
    "bias": "bias (m$^3$ m$^{-3}$)",
    "ubrmse": "ubRMSE (m$^3$ m$^{-3}$)",
    "r": "R",
}
# First and last day of the paper's periods, section II-C: prelaunch and after launch.
PERIODS = {"PL": ("2010-01-01", "2015-03-31"), "AL": ("2015-04-01", "2017-03-31")}
SPIN_UP = 365  # days that the networks see before the first: those of the first year
STEPS = {"smoke": 4, "quick": 4, "standard": 8, "paper": 8}  # of the models, a day
ROOT_ZONES = {"network": "second network", "filter": "exponential filter"}
YEAR = 365.25  # days
# SMAP is scored on the days it has; all other products share theirs.
OWN_DAYS = ("SMAP",)
LEAST = 30  # days, fewer give no score


class Hindcast(Scaled):
    """Settings. ``kind`` is the in-situ network, "core" or "sparse"; ``epochs`` None means as many
    days of instances as the profile's epochs of one year; ``root_zone``: "network" trains a second
    network on the root-zone product, "filter" takes the exponential filter of the surface, "auto"
    the network where the data have such a product (the twin).
    """

    of_profile: ClassVar = ("networks",)

    data: Track = "twin"
    kind: Literal["core", "sparse"] = "sparse"
    epochs: Positive | None = None
    root_zone: Literal["auto", "network", "filter"] = "auto"

    @model_validator(mode="after")
    def _root_zone_is_there(self):
        if self.root_zone == "network" and self.data == "observed":
            raise ParameterError(
                "root_zone is 'network', but the observed track has no root-zone product of SMAP; "
                "allowed: auto, filter"
            )
        return self

    def resolve(self) -> "Hindcast":
        """The same with every choice spelt out, but for epochs, which depend on the record.

        DeviceError if the device is absent.
        """
        root_zone = self.root_zone
        if root_zone == "auto":
            root_zone = "network" if self.data == "twin" else "filter"
        return self.but(device=find_device(self.device), root_zone=root_zone)

    def members(self) -> list[SequenceSettings]:
        """Settings of every network, those of the year-ahead test; epochs must be set."""
        chosen = varied(runs.OURS, epochs=self.epochs)
        return [varied(chosen, seed=self.seed + k) for k in range(self.networks)]


def run(
    settings: Hindcast, store: Store | None = None, folder: Path | str | None = None
) -> xr.Dataset:
    """All products at all places: read, trained and run, or taken from the store.

    Returns ``sm`` (product, layer, place, time), ``insitu`` (layer, place, time) and ``spread``
    (layer, place, time; standard deviation over the networks of LSTM), in m3 m-3, float32; the
    coordinate ``period`` (time) is "PL", "AL" or "". Comb is the mean of LSTM and Noah; "guided
    LSTM" sees the moisture of our models besides, see ``runs.METHODS``; climatology is the mean of
    SMAP's calendar day at the pixel. Raises DataError and DeviceError before any work starts.
    """
    settings, store = settings.resolve(), store or Store()
    scale, steps = satellite(settings.profile), STEPS[settings.profile]
    grid = there.grid(settings.data, settings.seed, folder, store)
    n = scale.n_stations if settings.kind == "sparse" else None
    places, _ = there.insitu(settings.data, settings.kind, settings.seed, folder, n, store)
    settings = settings.but(epochs=settings.epochs or epochs(scale.epochs, grid))
    models = there.land_surface(settings.data, places, grid, steps, store, folder)
    key = {
        "kind": "hindcast",
        "networks": settings.members(),
        "of": [settings.data, settings.kind, settings.root_zone, settings.device],
        "grid": fingerprint.of_dataset(grid),
        "places": fingerprint.of_dataset(places),
        "models": fingerprint.of_dataset(models),
    }
    return store.made(key, lambda: _made(settings, grid, places, models, store))


def _made(
    settings: Hindcast, grid: xr.Dataset, places: xr.Dataset, models: xr.Dataset, store: Store
) -> xr.Dataset:
    # What the networks are shown besides: nothing, and the moisture of our models.
    shown = {"LSTM": None, "guided LSTM": guides(settings, grid, places, store)}

    def learnt(variable: str) -> tuple[dict, dict]:
        """Moisture by networks (network, place, time), and SMAP's own (place, time)."""
        made = {
            name: networks(settings, grid, places, variable, store, modelled)
            for name, modelled in shown.items()
        }
        return made, smap(grid, places, variable)

    surface = learnt("sm_smap")
    if settings.root_zone == "network":
        deep = learnt("sm_smap_rootzone")
    else:
        deep = tuple({name: filtered(values) for name, values in one.items()} for one in surface)
    recorded = places["recorded"].values
    layers = dict(zip(LAYERS, (surface, deep), strict=True))
    sm = [_layer(models, layer, *of_layer, recorded) for layer, of_layer in layers.items()]
    spread = [np.where(recorded, _spread(made["LSTM"]), np.nan) for made, _ in layers.values()]
    insitu = [places[f"sm_{layer}"].values for layer in LAYERS]
    days, dims = places["time"].values, ("layer", "place", "time")
    labels = {"units": "m3 m-3", "long_name": "soil moisture"}
    wanted = ("latitude", "longitude", "elevation", "pixel", "distance_km", "inside")
    return xr.Dataset(
        {
            "sm": (("product", *dims), np.stack(sm, 1).astype(np.float32), labels),
            "insitu": (dims, np.stack(insitu).astype(np.float32), labels),
            "spread": (dims, np.stack(spread).astype(np.float32), labels),
        },
        coords={
            "product": list(PRODUCTS),
            "layer": list(LAYERS),
            "place": places["place"].values,
            "time": days,
            "period": ("time", period(days)),
            **{name: ("place", places[name].values) for name in wanted if name in places.coords},
        },
        attrs={
            "data": settings.data,
            "kind": settings.kind,
            "left_out": places.attrs["left_out"],
            "stand_in": places.attrs["stand_in"],
            "root_zone": ROOT_ZONES[settings.root_zone],
            "land_surface": models.attrs["source"],
            "networks": settings.networks,
            "epochs": settings.epochs,
            "source": "; ".join(dict.fromkeys(str(one.attrs["source"]) for one in (grid, places))),
        },
    )


def period(days: np.ndarray) -> np.ndarray:
    """Name of each day's period, empty outside of PERIODS."""
    out = np.full(days.size, "", dtype="<U2")
    for name, (first, last) in PERIODS.items():
        inside = (days >= np.datetime64(first)) & (days < np.datetime64(last) + 1)
        out[inside] = name
    return out


def _layer(models, layer: str, members: dict, smap: dict, recorded) -> np.ndarray:
    """All products (product, place, time) of a layer, in the order of PRODUCTS."""
    modelled = {name: one.mean(0) for name, one in members.items()}
    modelled |= {name: models[name].sel(layer=layer).values for name in ("Noah", "VIC")}
    modelled["Comb"] = (modelled["LSTM"] + modelled["Noah"]) / 2
    modelled["Noah+VIC"] = (modelled["Noah"] + modelled["VIC"]) / 2
    found = {name: np.where(recorded, values, np.nan) for name, values in modelled.items()} | smap
    return np.stack([found[name] for name in PRODUCTS])


def _spread(members: np.ndarray) -> np.ndarray:
    """Standard deviation over networks (network, place, time); NaN of a single one."""
    if len(members) < 2:
        return np.full(members.shape[1:], np.nan)
    return members.std(0, ddof=1)


def epochs(of_a_year: int, grid: xr.Dataset) -> int:
    """Epochs in which a longer record gives as many days of instances as ``of_a_year`` epochs of
    one year do; at least 1."""
    years = _training(grid, "sm_smap").sizes["time"] / YEAR
    return max(1, round(of_a_year / years))


def guides(settings, grid: xr.Dataset, places: xr.Dataset, store: Store) -> list[xr.Dataset]:
    """MODELLED (pixel, time) from the launch on and (place, time), m3 m-3, as our models say.

    Ours at the places too where NLDAS-2's are at hand: a network must meet there what it learnt
    from at the pixels.
    """
    steps = STEPS[settings.profile]
    at_pixels = there.at_pixels(grid.sel(time=slice(LAUNCH, None)), steps, store)
    at_places = there.at_places(settings.data, places, steps, store)
    return [there.as_inputs(one) for one in (at_pixels, at_places)]


def networks(
    settings,
    grid: xr.Dataset,
    places: xr.Dataset,
    name: str,
    store: Store,
    modelled: list[xr.Dataset] | None = None,
) -> np.ndarray:
    """Moisture (network, place, time), m3 m-3, of networks that learnt the variable ``name``.

    They see the weather of INPUTS, the attributes, what SMAP said of the pixel in training, and
    ``modelled`` of ``guides`` if given, as departures from its mean over the days of training. A
    pixel without any observation is kept out of the loss. DataError if none has one.
    """
    training = _training(grid, name)
    forcing = there.INPUTS[settings.data]
    if modelled:
        at_pixels, at_places = modelled
        days = training["time"]
        training = with_departures(training, at_pixels, days)
        shared = at_places["time"].sel(time=slice(days[0], days[-1]))
        places = with_departures(places, at_places, shared)
        forcing = (*forcing, *MODELLED)
    inputs = Inputs(forcing=forcing, attributes=runs.OUR_INPUTS.attributes, season=True)
    training = with_statistics(training, training)
    members, device = settings.members(), settings.device
    trained, scaling = runs.learn(training, inputs, members, store, device, name)
    pixels = training.sel(pixel=places["pixel"].values)
    own = {one: ("place", pixels[one].values) for one in STATISTICS}
    x = features(places.assign(own), scaling)
    x = np.concatenate([x[:, :SPIN_UP], x], axis=1)
    made = predict(trained, members[0], scaling, x, device)
    return made[:, :, -places.sizes["time"] :]


def smap(grid: xr.Dataset, places: xr.Dataset, name: str) -> dict[str, np.ndarray]:
    """``SMAP`` at the pixel of each place (place, time), NaN without a retrieval, and the mean of
    its calendar day as ``climatology``, m3 m-3."""
    observed = _training(grid, name)[name].sel(pixel=places["pixel"].values)
    days = places["time"].values
    at = observed.reindex(time=days).values
    means = climatology(observed["time"].values, observed.values, days, runs.WINDOW)
    return {"SMAP": at, "climatology": means}


def filtered(surface: np.ndarray) -> np.ndarray:
    """Root-zone moisture (..., time) that the exponential filter makes of the surface's."""
    return exponential_filter(surface, CHARACTERISTIC_TIME)


def _training(grid: xr.Dataset, name: str) -> xr.Dataset:
    """The days from launch to the last retrieval."""
    source = grid.attrs.get("source", "grid")
    if name not in grid:
        raise DataError(f"{source}: no variable {name!r} to learn from")
    days = grid["time"].values
    seen = grid[name].notnull().any("pixel").values & (days >= LAUNCH)
    if not seen.any():
        raise DataError(f"{source}: variable {name!r} has no observation to learn from")
    return grid.sel(time=slice(LAUNCH, days[seen][-1]))


def scores(result: xr.Dataset) -> xr.Dataset:
    """``rmse``, ``bias``, ``ubrmse`` (m3 m-3) and ``r`` (product, layer, place, period).

    Days with in situ and every modelled product count, for SMAP those that it has among them;
    ``n_days`` says how many; fewer than 30 give NaN. A product without any value at a place takes
    no part there.
    """
    periods = [name for name in dict.fromkeys(result["period"].values.tolist()) if name]
    made = [_period(result.isel(time=result["period"].values == name)) for name in periods]
    out = xr.concat(made, xr.DataArray(periods, dims="period", name="period"))
    out = out.transpose("product", "layer", "place", "period")
    keep = [name for name in result.coords if result[name].dims == ("place",)]
    return out.assign_coords({name: result[name] for name in keep}).assign_attrs(result.attrs)


def _period(result: xr.Dataset) -> xr.Dataset:
    modelled = [name for name in result["product"].values if name not in OWN_DAYS]
    known = result["sm"].sel(product=modelled).notnull()
    days = (known | ~known.any("time")).all("product") & result["insitu"].notnull()
    made = metrics.score(result["insitu"].where(days), result["sm"], metrics=METRICS)
    made = made.rename(n_pairs="n_days").drop_vars(["period", "undefined"], errors="ignore")
    enough = made["n_days"] >= LEAST
    return made.assign({name: made[name].where(enough) for name in METRICS})


def summary(
    scored: xr.Dataset, n_replicates: int = 1000, seed: int = 0, level: float = 0.95
) -> pd.DataFrame:
    """Medians over places with intervals: one row for each metric, layer, period and product.

    Columns metric, layer, period, product, median, low, high, quartile_1, quartile_3, n_places.
    Neighbouring stations are drawn together, core sites singly.
    """
    groups = np.arange(scored.sizes["place"])
    if scored.attrs.get("kind") == "sparse":
        groups = runs.neighbours(scored["latitude"].values, scored["longitude"].values)
    cell = ["layer", "period", "product"]
    labels = pd.MultiIndex.from_product([scored[name].values for name in cell], names=cell)
    columns = ("median", "low", "high", "quartile_1", "quartile_3", "n_places")
    tables = []
    for metric in METRICS:
        values = scored[metric].transpose(*cell, "place")
        bounds = runs.median_interval(values.values, groups, n_replicates, level, seed)
        with warnings.catch_warnings():
            # A product that is nowhere, as SMAP before its launch, gives NaN, as it should.
            warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
            quartiles = values.quantile((0.25, 0.75), "place").values
        numbers = (*bounds, *quartiles, np.isfinite(values.values).sum(-1))
        table = {name: one.ravel() for name, one in zip(columns, numbers, strict=True)}
        tables.append(pd.DataFrame(table, labels).reset_index().assign(metric=metric))
    return pd.concat(tables, ignore_index=True)[["metric", *cell, *columns]]


def paired(
    scored: xr.Dataset,
    metric: str,
    a: str | Sequence[str],
    b: str,
    n_replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired differences across places, product(s) ``a`` minus product ``b``, by all the rest.

    Columns of ``metrics.compare``, with ``n_places``: mean difference and its bootstrap interval
    over places, Wilcoxon's signed-rank test, Holm's correction over all rows; ``against`` is ``b``.
    ParameterError for an unknown metric or product.
    """
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    names = [a] if isinstance(a, str) else list(a)
    for name in (*names, b):
        if name not in scored["product"].values:
            raise unknown("product", name, scored["product"].values)
    values = scored[metric].reset_coords(drop=True).rename(place="site")
    one, other = values.sel(product=names), values.sel(product=b, drop=True)
    table = metrics.compare(one, other, metric, n_replicates=n_replicates, seed=seed)
    table.insert(1, "against", b)
    return table.rename(columns={"n_sites": "n_places"})


def in_words(result: xr.Dataset) -> str:
    """A line on what a hindcast rests on: places, networks, stand-ins, and who was left out."""
    of = result.attrs
    deep = int(result["insitu"].sel(layer="rootzone").notnull().any("time").sum())
    # Attributes that come from a file are numpy's, which repeat no text.
    counts = {"place": result.sizes["place"]}
    counts |= {one: int(of[f"{one}s"]) for one in ("network", "epoch")}
    places, networks, epochs = (f"{n} {one}{'s' * (n != 1)}" for one, n in counts.items())
    parts = [f"{places}, {deep} with a root zone; {networks} of {epochs}"]
    parts += [f"root zone of LSTM: {of['root_zone']}", of["land_surface"], of["stand_in"]]
    left_out = of["left_out"].replace("\n", "; ")
    text = "; ".join(part for part in parts if part)
    return text + (f". Left out: {left_out}." if left_out else ".")
