"""The hindcast of Fang et al. (2019): SMAP carried back to 2010 and held against in-situ probes.

Networks learn SMAP from weather and attributes of the pixels, then run with the weather of the
in-situ places through the years before and after the launch of SMAP (April 2015). All products are
scored against the probes on the same days.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import costs, fingerprint, metrics
from soilbook.data.network import LAUNCH
from soilbook.device import find as find_device
from soilbook.errors import DataError, unknown
from soilbook.fang2019 import places as there
from soilbook.fang2019 import runs
from soilbook.fang2019.runs import METHOD_INPUTS, METRICS, Scaled
from soilbook.models import climatology
from soilbook.models.classical import exponential_filter
from soilbook.settings import satellite
from soilbook.store import Store
from soilbook.training import sequences as instances
from soilbook.training.sequence_trainer import SequenceSettings, predict
from soilbook.training.sequences import MODELLED, STATISTICS

# Products of networks that the paper does not have, by method.
EXTENSIONS = {"ours": "LSTM (ours)", "guided": "LSTM (guided)"}
PRODUCTS = ("SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", *EXTENSIONS.values(), "climatology")
LAYERS = {"surface": "surface", "rootzone": "root zone"}  # and what they are called on a page
NAMES = {"rmse": "RMSE", "bias": "bias", "ubrmse": "ubRMSE", "r": "R"}
LABELS = {name: f"{text} (m$^3$ m$^{{-3}}$)" for name, text in NAMES.items()} | {"r": "R"}
FILTERED = ("SMAP", "LSTM", *EXTENSIONS.values(), "climatology")
# First and last day of the paper's periods, section II-C: prelaunch and after launch.
PERIODS = {"PL": ("2010-01-01", "2015-03-31"), "AL": ("2015-04-01", "2017-03-31")}
SPIN_UP = 365  # days that the networks see before the first: those of the first year
STEPS = {"smoke": 4, "quick": 4, "standard": 8, "paper": 8}  # of the models, a day
# What makes LSTM's root zone: the observed track has a root-zone product of SMAP to learn from
# only where its granules were fetched.
ROOT_ZONES = {"twin": "second network", "observed": "exponential filter"}
YEAR = 365.25  # days
LEAST = 30  # days, fewer give no score


class Hindcast(Scaled):
    """Settings. ``kind`` is the in-situ network, "core" or "sparse"; ``method`` is that of LSTM,
    ``beside`` are those of the EXTENSIONS that are wanted beside it."""

    kind: Literal["core", "sparse"] = "sparse"
    beside: tuple[Literal["ours", "guided"], ...] = ("ours", "guided")

    def resolve(self) -> "Hindcast":
        """The same with the device found; DeviceError if it is absent."""
        return self.but(device=find_device(self.device))

    @property
    def methods(self) -> dict[str, str]:
        """Method of each product that a network makes."""
        return {"LSTM": self.method} | {
            product: name
            for name, product in EXTENSIONS.items()
            if name in self.beside and name != self.method
        }

    def members_on(self, n_days: int) -> list[SequenceSettings]:
        """Settings of every network for a record of so many days: those of the year-ahead test, in
        fewer epochs of as many days of instances; the given number of ``epochs`` stays."""
        epochs = self.epochs or max(1, round(self.sequence.epochs * YEAR / n_days))
        return [one.but(epochs=epochs) for one in self.members()]


def run(settings: Hindcast) -> xr.Dataset:
    """All products at all places: read, trained and run, or taken from the store.

    Returns ``sm`` (product, layer, place, time), ``insitu`` (layer, place, time) and ``spread``
    (layer, place, time; standard deviation over the networks of LSTM), in m3 m-3, float32; the
    coordinate ``period`` (time) is "PL", "AL" or "". Comb is the mean of LSTM and Noah; for "LSTM
    (ours)" and "LSTM (guided)" see ``runs.METHODS``; climatology is the mean of SMAP's calendar day
    at the pixel. Raises DataError and DeviceError before any work starts.
    """
    settings, scale = settings.resolve(), satellite(settings.profile)
    grid = there.grid(settings.data, settings.seed)
    places = there.insitu(settings.data, settings.kind, settings.seed, scale.n_stations)
    models = there.land_surface(settings.data, places, grid, STEPS[settings.profile])
    data = [fingerprint.of_dataset(one) for one in (grid, places, models)]
    key = {"kind": "hindcast", "settings": settings, "data": data}
    return Store().made(key, lambda: _made(settings, grid, places, models))


def _made(settings: Hindcast, grid: xr.Dataset, places: xr.Dataset, models: xr.Dataset):
    modelled = guides(settings, grid, places) if "guided" in settings.methods.values() else None
    rooted = "sm_smap_rootzone" in grid

    def learnt(variable: str) -> dict[str, np.ndarray]:
        """Moisture (network, place, time) by product; SMAP's own have a single one."""
        made = costs.every(
            lambda product: networks(
                settings.but(method=settings.methods[product]), grid, places, variable, modelled
            ),
            settings.methods,
        )
        return made | {name: one[None] for name, one in smap(grid, places, variable).items()}

    costs.foreseen(learnt, ["sm_smap", *["sm_smap_rootzone"] * rooted])
    recorded, layers = places["recorded"].values, {"surface": learnt("sm_smap")}
    if rooted:
        layers["rootzone"] = learnt("sm_smap_rootzone")
    else:
        filtered = {name: exponential_filter(one) for name, one in layers["surface"].items()}
        layers["rootzone"] = filtered
    sm = [_products(models.sel(layer=name), of, recorded) for name, of in layers.items()]
    spread = [np.where(recorded, _spread(of["LSTM"]), np.nan) for of in layers.values()]
    insitu = [places[f"sm_{layer}"].values for layer in LAYERS]
    products = [name for name in PRODUCTS if name in sm[0]]
    stacked = np.stack([[one[name] for one in sm] for name in products])
    made = {"sm": stacked, "insitu": np.stack(insitu), "spread": np.stack(spread)}
    dims, labels = ("product", "layer", "place", "time"), {"units": "m3 m-3"}
    days = places["time"].values
    wanted = ("latitude", "longitude", "elevation", "pixel", "distance_km", "inside")
    return xr.Dataset(
        {n: (dims[-one.ndim :], one.astype(np.float32), labels) for n, one in made.items()},
        coords={
            "product": products,
            "layer": list(LAYERS),
            "place": places["place"].values,
            "time": days,
            "period": ("time", period(days)),
            **{name: ("place", places[name].values) for name in wanted if name in places.coords},
        },
        attrs=settings.model_dump(include={"data", "kind", "method", "networks"})
        | {"epochs": settings.members_on(_training(grid, "sm_smap").sizes["time"])[0].epochs}
        | {name: places.attrs[name] for name in ("left_out", "stand_in")}
        | {
            "root_zone": ROOT_ZONES["twin" if rooted else "observed"],
            "land_surface": models.attrs["source"],
        },
    )


def extensions(result: xr.Dataset) -> list[str]:
    """The products of ``result`` whose networks the paper does not have."""
    return [name for name in EXTENSIONS.values() if name in result["product"].values]


def label(product: str, layer: str, of: dict) -> str:
    """What ``product`` is called in the ``layer`` of a result whose attributes are ``of``: a root
    zone that an exponential filter made of the surface is said to be that."""
    filtered = layer == "rootzone" and of.get("root_zone") == ROOT_ZONES["observed"]
    return f"{product}, filtered" if filtered and product in FILTERED else product


def period(days: np.ndarray) -> np.ndarray:
    """Name of each day's period, empty outside of PERIODS."""
    bounds = (map(np.datetime64, ends) for ends in PERIODS.values())
    inside = [(days >= first) & (days < last + 1) for first, last in bounds]
    return np.select(inside, list(PERIODS), "")


def _products(models: xr.Dataset, found: dict, recorded: np.ndarray) -> dict[str, np.ndarray]:
    """All products (place, time) of a layer by name."""
    made = {name: one.mean(0) for name, one in found.items()}
    made |= {name: models[name].values for name in there.MODELS}
    made["Comb"] = (made["LSTM"] + made["Noah"]) / 2
    made["Noah+VIC"] = (made["Noah"] + made["VIC"]) / 2
    for name in made.keys() - {"SMAP", "climatology"}:
        made[name] = np.where(recorded, made[name], np.nan)
    return made


def _spread(members: np.ndarray) -> np.ndarray:
    """Standard deviation over networks (network, place, time); NaN of a single one."""
    if len(members) < 2:
        return np.full(members.shape[1:], np.nan)
    return members.std(0, ddof=1)


def guides(settings: Hindcast, grid: xr.Dataset, places: xr.Dataset) -> list[xr.Dataset]:
    """MODELLED (pixel, time) from the launch on and (place, time), m3 m-3, as our models say, also
    where NLDAS-2's are at hand: a network must meet at places what it learnt from at pixels."""
    steps = STEPS[settings.profile]
    at_pixels = there.at_pixels(grid.sel(time=slice(LAUNCH, None)), steps)
    at_places = there.at_places(settings.data, places, steps)
    return [there.as_inputs(one) for one in (at_pixels, at_places)]


def networks(
    settings: Hindcast, grid: xr.Dataset, places: xr.Dataset, name: str, modelled=None
) -> np.ndarray:
    """Moisture (network, place, time), m3 m-3, of networks that learnt the variable ``name``.

    They see the inputs of the ``settings``' method, of the weather that of INPUTS: the paper's
    attributes and weather alone; ours also what SMAP said of the pixel in training; guided ones
    ``modelled`` of ``guides`` too, as departures from its mean over the days of training. A pixel
    without any observation is kept out of the loss. DataError if none has one.
    """
    training = _training(grid, name)
    forcing = tuple(name for name in there.FORCING if name in places and name in grid)
    if settings.method == "guided":
        at_pixels, at_places = modelled
        days = training["time"]
        training = instances.with_departures(training, at_pixels, days)
        shared = at_places["time"].sel(time=slice(days[0], days[-1]))
        places = instances.with_departures(places, at_places, shared)
        forcing = (*forcing, *MODELLED)
    inputs = METHOD_INPUTS[settings.method].but(forcing=forcing)
    training = instances.with_statistics(training, training)
    members, device = settings.members_on(training.sizes["time"]), settings.device
    trained, scaling = runs.learn(training, inputs, members, device, name)
    pixels = training.sel(pixel=places["pixel"].values)
    own = {one: ("place", pixels[one].values) for one in STATISTICS}
    x = instances.features(places.assign(own), scaling)
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


def _training(grid: xr.Dataset, name: str) -> xr.Dataset:
    """The days from launch to the last retrieval."""
    since = grid.sel(time=slice(LAUNCH, None))
    seen = np.flatnonzero(since[name].notnull().any("pixel"))
    if not seen.size:
        source = grid.attrs.get("source", "grid")
        raise DataError(f"{source}: variable {name!r} has no observation to learn from")
    return since.isel(time=slice(seen[-1] + 1))


def scores(result: xr.Dataset) -> xr.Dataset:
    """METRICS and ``n_days`` (product, layer, place, period): days of ``shared_days`` with in situ
    count, for SMAP those that it has among them; fewer than 30 give NaN."""
    periods = [name for name in PERIODS if name in result["period"].values]
    made = [_period(result.isel(time=result["period"].values == name)) for name in periods]
    out = xr.concat(made, xr.Variable("period", periods))
    out = out.transpose("product", "layer", "place", "period")
    keep = [name for name in result.coords if result[name].dims == ("place",)]
    return out.assign_coords({name: result[name] for name in keep}).assign_attrs(result.attrs)


def _period(result: xr.Dataset) -> xr.Dataset:
    observed = result["insitu"].where(shared_days(result))
    made = metrics.score(observed, result["sm"], metrics=METRICS)
    made = made.rename(n_pairs="n_days").drop_vars(["period", "undefined"], errors="ignore")
    enough = made["n_days"] >= LEAST
    return made.assign({name: made[name].where(enough) for name in METRICS})


def shared_days(result: xr.Dataset) -> xr.DataArray:
    """Days (..., time) on which every product but SMAP is there; one without any value at a place
    takes no part there."""
    known = result["sm"].drop_sel(product="SMAP", errors="ignore").notnull()
    return (known | ~known.any("time")).all("product")


@runs.nan_of_nothing()
def summary(scored: xr.Dataset, **draws) -> pd.DataFrame:
    """Medians over places with intervals: one row for each metric, layer, period and product.
    Columns metric, layer, period, product, median, low, high, quartile_1, quartile_3, n_places."""
    cell = ["metric", "layer", "period", "product"]
    values = scored[list(METRICS)].to_array("metric").transpose(*cell, "place")
    numbers = (
        *runs.median_interval(values.values, runs.neighbours(scored), **draws),
        *values.quantile((0.25, 0.75), "place").values,
        values.notnull().sum("place"),
    )
    columns = ("median", "low", "high", "quartile_1", "quartile_3", "n_places")
    table = {name: (cell, np.asarray(one)) for name, one in zip(columns, numbers, strict=True)}
    labels = {name: values[name].values for name in cell}
    return xr.Dataset(table, labels).to_dataframe(cell).reset_index()


def paired(
    scored: xr.Dataset, metric: str, a: str | Sequence[str], b: str, **draws
) -> pd.DataFrame:
    """Paired differences across places, product(s) ``a`` minus product ``b``, by all the rest.
    Columns of ``metrics.compare``, which takes the ``draws``, with ``n_places``; ``against`` is
    ``b``. ParameterError for an unknown metric or product."""
    names = [a] if isinstance(a, str) else list(a)
    products = scored["product"].values
    asked = [("metric", metric, METRICS), *(("product", name, products) for name in (*names, b))]
    for what, name, allowed in asked:
        if name not in allowed:
            raise unknown(what, name, allowed)
    values = scored[metric].reset_coords(drop=True).rename(place="site")
    one, other = values.sel(product=names), values.sel(product=b, drop=True)
    table = metrics.compare(one, other, metric, **draws)
    table.insert(1, "against", b)
    return table.rename(columns={"n_sites": "n_places"})


def in_words(result: xr.Dataset) -> str:
    """A line on what a hindcast rests on: places, networks, stand-ins, and who was left out."""
    of = result.attrs
    deep = int(result["insitu"].sel(layer="rootzone").notnull().any("time").sum())
    counts = {"place": result.sizes["place"], "network": of["networks"], "epoch": of["epochs"]}
    places, networks, epochs = (f"{n} {one}{'' if n == 1 else 's'}" for one, n in counts.items())
    parts = [f"{places}, {deep} with a root zone"]
    parts += [f"LSTM: {networks} of {epochs} by method={of['method']}"]
    parts += [f"root zone of LSTM: {of['root_zone']}", of["land_surface"], of["stand_in"]]
    left_out = of["left_out"].replace("\n", "; ")
    return "; ".join(filter(None, parts)) + (f". Left out: {left_out}." if left_out else ".")
