"""What a run of study 1 is asked to compute, and the records of its sites cut into windows."""

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import Field, field_validator

from soilbook import data as source
from soilbook import models as library
from soilbook import schema, settings
from soilbook.data import sites as site_table
from soilbook.data.easegrid import great_circle
from soilbook.device import find as find_device
from soilbook.errors import DataError, unknown
from soilbook.settings import Checked
from soilbook.store import Store
from soilbook.training import windows

BASELINES = ("persistence", "climatology")
SCALING = {"paper": "training", "released": "whole"}  # of a variant
# Sites that single figures of the paper show; a reduced choice of sites keeps them.
FIGURE_SITES = ("Cape-Charles-5-ENE", "Monahans-6-ENE", "AAMU-jtg", "LittleRiver", "Weslaco")
Count = Annotated[int, Field(ge=1)]


class Experiment(Checked):
    """Settings of study 1. Empty ``sites`` or ``depths`` mean the profile's choice and all depths.

    models: the baselines are always among them, first; profile: a name of ``settings.PROFILES``;
    repetitions and epochs: None means the profile's number; device: see ``soilbook.device.find``;
    variant: ``paper`` or ``released`` (study 1's two sources); target: ``value`` (the paper) or
    ``change`` (networks predict the change since the last observed day); scaling: by the range of
    the ``training`` part or of the ``whole`` record, None as the variant does.
    """

    models: tuple[str, ...] = ("LSTM",)
    data: Literal["twin", "observed"] = "twin"
    profile: str = "quick"
    sites: tuple[str, ...] = ()
    depths: tuple[float, ...] = ()
    repetitions: Count | None = None
    epochs: Count | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    device: str = "auto"
    variant: Literal["paper", "released"] = "paper"
    target: Literal["value", "change"] = "value"
    scaling: Literal["training", "whole"] | None = None

    @field_validator("models")
    @classmethod
    def _known_models(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        allowed = (*BASELINES, *library.MACHINE_LEARNING, *library.NETWORKS)
        for name in names:
            if name not in allowed:
                raise unknown("model", name, allowed)
        return tuple(dict.fromkeys((*BASELINES, *names)))

    @field_validator("profile")
    @classmethod
    def _known_profile(cls, name: str) -> str:
        return settings.profile(name).name

    @field_validator("sites")
    @classmethod
    def _known_sites(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(site_table.find(name).name for name in names))

    @field_validator("depths")
    @classmethod
    def _known_depths(cls, depths: tuple[float, ...]) -> tuple[float, ...]:
        for depth in depths:
            if depth not in schema.DEPTHS:
                raise unknown("depth (m)", depth, schema.DEPTHS)
        return tuple(sorted(set(depths)))

    def resolve(self) -> "Experiment":
        """The same experiment with every choice spelt out; DeviceError for a GPU not there."""
        profile = settings.profile(self.profile)
        return self.but(
            sites=self.sites or _choice(source.available(self.data), profile.n_sites),
            depths=self.depths or schema.DEPTHS,
            repetitions=self.repetitions or profile.repetitions,
            epochs=self.epochs or profile.epochs,
            device=find_device(self.device),
            scaling=self.scaling or SCALING[self.variant],
        )


def _choice(there: list[str], n: int | None) -> tuple[str, ...]:
    """``n`` sites, those that figures show first, the others spread evenly over the list."""
    if n is None or n >= len(there):
        return tuple(there)
    first = [name for name in FIGURE_SITES if name in there][:n]
    rest = [name for name in there if name not in first]
    n_rest = n - len(first)
    chosen = {*first, *(rest[int((i + 0.5) * len(rest) / n_rest)] for i in range(n_rest))}
    return tuple(name for name in there if name in chosen)


def load_site(name: str, data: str, seed: int = 0, store: Store | None = None) -> xr.Dataset:
    """The record of a site as ``soilbook.data.load`` gives it, and raising as that does.

    The twin's are kept in the store, as making them takes time.
    """
    make = partial(source.load, name, data, seed=seed)
    if data != "twin":
        return make()
    code = source.fingerprint("twin", (), seed=seed)
    key = {"kind": "twin of study 1", "site": name, "seed": seed, "data": code}
    return (store or Store()).made(key, make)


@dataclass
class Records:
    """Series by (site, depth), the axes of the result, and one line for each one left out.

    ``features`` names the columns of the series, ``sm`` holds their moisture in m3 m-3.
    """

    sites: tuple[str, ...]
    depths: tuple[float, ...]
    series: dict[tuple[str, float], windows.Series] = field(default_factory=dict)
    sm: dict[tuple[str, float], np.ndarray] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    features: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def n_days(self) -> int:
        """Days of the longest test part."""
        return max(len(one.time) - one.test_row for one in self.series.values())

    @property
    def axes(self) -> dict[str, object]:
        """Coordinates of the result: site, depth (m), step (d)."""
        steps = np.arange(1, windows.N_LEADS + 1)
        return {"site": list(self.sites), "depth": list(self.depths), "step": steps}

    def empty(self, *lead_dims: int) -> np.ndarray:
        """NaN (..., site, depth, step, day), float32."""
        shape = (len(self.sites), len(self.depths), windows.N_LEADS, self.n_days)
        return np.full((*lead_dims, *shape), np.nan, dtype=np.float32)

    def place(self, key: tuple[str, float]) -> tuple[int, int]:
        """Position of a (site, depth) on the axes of the result."""
        return self.sites.index(key[0]), self.depths.index(key[1])


def load(experiment: Experiment, store: Store | None = None) -> Records:
    """Read the sites of a resolved experiment and cut them into windows.

    A site and depth with too few windows is left out and named. Raises DataError if none is left.
    """
    records = Records(experiment.sites, experiment.depths)
    for name in experiment.sites:
        site = load_site(name, experiment.data, experiment.seed, store)
        records.features = records.features or schema.features(site)
        for depth in experiment.depths:
            try:
                one = windows.series(site, depth, experiment.scaling)
            except DataError as error:
                records.left_out.append(str(error))
                continue
            records.series[name, depth] = one
            records.sm[name, depth] = site["sm"].sel(depth=depth).values.astype(float)
    if not records.series:
        raise DataError(f"nothing left to forecast: {'; '.join(records.left_out)}")
    names, seed = experiment.sites, experiment.seed
    records.fingerprint = source.fingerprint(experiment.data, names, seed=seed)
    return records


def nearest(site: str, there) -> str:
    """The site itself if it is ``there``, else the nearest of those by great circle."""
    names = [str(name) for name in there]
    if site in names:
        return site
    wanted, others = site_table.SITES[site], [site_table.SITES[name] for name in names]
    away = [
        great_circle(wanted.latitude, wanted.longitude, one.latitude, one.longitude)
        for one in others
    ]
    return names[int(np.argmin(away))]


def stand_in(site: str, shown: str) -> str:
    """For a caption: empty if the site itself is shown, else what stands in for it."""
    if site == shown:
        return ""
    return f" (stands in for {site}, which this run does not have: the nearest site)"
