"""The hindcast of Fang et al. (2019): SMAP carried back to 2010 and held against in-situ probes.

Networks learn SMAP from weather and attributes of the pixels, then run with the weather of the
in-situ places through the years before and after the launch of SMAP (April 2015).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import fingerprint
from soilbook.device import find as find_device
from soilbook.errors import ParameterError, unknown
from soilbook.settings import satellite
from soilbook.store import Store
from soilbook.studies.smap import hindcast_products as products
from soilbook.studies.smap import land_surface, prolongation
from soilbook.studies.smap import places as there
from soilbook.studies.smap.hindcast_scores import in_words, paired, scores, summary
from soilbook.training.sequence_settings import SequenceSettings

__all__ = [
    "LAYERS",
    "PERIODS",
    "PRODUCTS",
    "Hindcast",
    "in_words",
    "paired",
    "run",
    "scores",
    "summary",
]

PRODUCTS = ("SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "guided LSTM", "climatology")
LAYERS = ("surface", "rootzone")
ROOT_ZONES = ("auto", "network", "filter")
# First and last day of the paper's periods, section II-C: prelaunch and after launch.
PERIODS = {"PL": ("2010-01-01", "2015-03-31"), "AL": ("2015-04-01", "2017-03-31")}


@dataclass(frozen=True)
class Hindcast:
    """Settings. ``kind`` is the in-situ network, "core" or "sparse"; ``networks`` None means the
    profile's number, ``epochs`` None as many days of instances as its epochs of one year;
    ``root_zone``: "network" trains a second network on the
    root-zone product, "filter" takes the exponential filter of the surface, "auto" the network
    where the data have such a product (the twin). ParameterError says what is allowed.
    """

    data: str = "twin"
    profile: str = "quick"
    kind: str = "sparse"
    networks: int | None = None
    epochs: int | None = None
    seed: int = 0
    device: str = "auto"
    root_zone: str = "auto"

    def __post_init__(self):
        satellite(self.profile)
        for name, allowed in (
            ("data", there.TRACKS),
            ("kind", there.KINDS),
            ("root_zone", ROOT_ZONES),
        ):
            if getattr(self, name) not in allowed:
                raise unknown(name, getattr(self, name), allowed)
        for name in ("networks", "epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ParameterError(f"{name} is {value}; allowed: 1 or more")
        if self.seed < 0:
            raise ParameterError(f"seed is {self.seed}; allowed: 0 or more")
        if self.root_zone == "network" and self.data == "observed":
            raise ParameterError(
                "root_zone is 'network', but the observed track has no root-zone product of SMAP; "
                "allowed: auto, filter"
            )

    def resolve(self) -> "Hindcast":
        """The same with every choice spelt out, but for epochs, which depend on the record.

        DeviceError if the device is absent.
        """
        profile = satellite(self.profile)
        root_zone = self.root_zone
        if root_zone == "auto":
            root_zone = "network" if self.data == "twin" else "filter"
        return replace(
            self,
            networks=self.networks or profile.networks,
            device=find_device(self.device),
            root_zone=root_zone,
        )

    def members(self) -> list[SequenceSettings]:
        """Settings of every network, those of the year-ahead test; epochs and networks are set."""
        chosen = replace(prolongation.OURS, epochs=self.epochs)
        return [replace(chosen, seed=self.seed + k) for k in range(self.networks)]


def run(
    settings: Hindcast, store: Store | None = None, folder: Path | str | None = None
) -> xr.Dataset:
    """All products at all places: read, trained and run, or taken from the store.

    Returns ``sm`` (product, layer, place, time), ``insitu`` (layer, place, time) and ``spread``
    (layer, place, time; standard deviation over the networks), in m3 m-3, float32; the coordinate
    ``period`` (time) is "PL", "AL" or "". Comb is the mean of LSTM and Noah; "guided LSTM" sees the
    moisture of our models besides, see ``prolongation.METHODS``; climatology is the mean of SMAP's
    calendar day at the pixel. ``spread`` is LSTM's. Raises ParameterError, DataError and
    DeviceError before any work starts.
    """
    settings, store = settings.resolve(), store or Store()
    grid = there.grid(settings.data, settings.seed, folder, store)
    places, _ = there.insitu(
        settings.data, settings.kind, settings.seed, folder, _stations(settings), store
    )
    of_a_year = satellite(settings.profile).epochs
    settings = replace(settings, epochs=settings.epochs or products.epochs(of_a_year, grid))
    steps = products.STEPS[settings.profile]
    models = land_surface.moisture(settings.data, places, grid, steps, store, folder)
    key = {
        "kind": "hindcast",
        "networks": settings.members(),
        "of": [settings.data, settings.kind, settings.root_zone, settings.device],
        "grid": fingerprint.of_dataset(grid),
        "places": fingerprint.of_dataset(places),
        "models": fingerprint.of_dataset(models),
    }
    return store.made(key, lambda: _made(settings, grid, places, models, store))


def _stations(settings: Hindcast) -> int | None:
    return satellite(settings.profile).n_stations if settings.kind == "sparse" else None


def _made(
    settings: Hindcast, grid: xr.Dataset, places: xr.Dataset, models: xr.Dataset, store: Store
) -> xr.Dataset:
    # What the networks are shown besides: nothing, and the moisture of our models.
    shown = {"LSTM": None, "guided LSTM": products.guides(settings, grid, places, store)}

    def learnt(variable: str) -> tuple[dict, dict]:
        """Moisture by networks (network, place, time), and SMAP's own (place, time)."""
        made = {
            name: products.networks(settings, grid, places, variable, store, modelled)
            for name, modelled in shown.items()
        }
        return made, products.smap(grid, places, variable)

    surface = learnt("sm_smap")
    if settings.root_zone == "network":
        deep = learnt("sm_smap_rootzone")
    else:
        deep = tuple({name: products.filtered(one[name]) for name in one} for one in surface)
    recorded = places["recorded"].values
    layers = dict(zip(LAYERS, (surface, deep), strict=True))
    sm = [_layer(models, layer, *of_layer, recorded) for layer, of_layer in layers.items()]
    spread = [
        np.where(recorded, _spread(members["LSTM"]), np.nan) for members, _ in layers.values()
    ]
    insitu = [places[f"sm_{layer}"].values for layer in LAYERS]
    days = places["time"].values
    dims = "layer", "place", "time"
    labels = {"units": "m3 m-3", "long_name": "soil moisture"}
    wanted = ("latitude", "longitude", "elevation", "pixel", "distance_km", "inside")
    own = {name: ("place", places[name].values) for name in wanted if name in places.coords}
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
            **own,
        },
        attrs={
            "data": settings.data,
            "kind": settings.kind,
            "left_out": places.attrs["left_out"],
            "stand_in": places.attrs["stand_in"],
            "root_zone": products.ROOT_ZONES[settings.root_zone],
            "land_surface": models.attrs["source"],
            "networks": settings.networks,
            "epochs": settings.epochs,
            "no_training_data": products.without_target(grid),
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
