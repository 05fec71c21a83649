"""What a run of study 1 is asked to compute, and the records of its sites cut into windows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field, ValidationInfo, field_validator

from soilbook import data as source
from soilbook import models as library
from soilbook import schema, settings
from soilbook.data import observed, own
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

    data: a track of ``soilbook.data``; sites: names that its ``find`` knows; depths (m): the
    paper's, and on the observed track those of the probes; models: the baselines are always among
    them, first; profile: a name of ``settings.PROFILES``;
    repetitions and epochs: None means the profile's number; split: share of the days that trains,
    half of the others validate; window: days of input; device: see ``soilbook.device.find``;
    variant: ``paper`` or ``released`` (study 1's two sources); target: ``value`` (the paper) or
    ``change`` (networks predict the change since the last observed day); scaling: by the range of
    the ``training`` part or of the ``whole`` record, None as the variant does.
    """

    models: tuple[str, ...] = ("LSTM",)
    data: Literal[source.TRACKS] = "twin"
    profile: str = "quick"
    sites: tuple[str, ...] = ()
    depths: tuple[float, ...] = ()
    repetitions: Count | None = None
    epochs: Count | None = None
    split: Annotated[float, settings.SHARES] = settings.TRAINING_SHARE
    window: Annotated[int, settings.WINDOWS] = settings.N_STEPS
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
    def _known_sites(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        track = info.data.get("data", "twin")
        return tuple(dict.fromkeys(source.find(name, track) for name in names))

    @field_validator("depths")
    @classmethod
    def _known_depths(cls, depths: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        for depth in depths:
            probed = info.data.get("data") == "observed" and 0 < depth <= own.DEEPEST
            if depth not in schema.DEPTHS and not probed:
                raise unknown("depth (m)", depth, schema.DEPTHS)
        return tuple(sorted(set(depths)))

    def resolve(self) -> "Experiment":
        """The same experiment with every choice spelt out; DeviceError for a GPU not there."""
        profile = settings.profile(self.profile)
        sites = self.sites or _choice(source.available(self.data), profile.n_sites)
        if not sites:
            raise DataError(f"{source.folder()}: no site of the paper; see: soilbook data get")
        return self.but(
            sites=sites,
            depths=self.depths or _depths(sites, self.data),
            repetitions=self.repetitions or profile.repetitions,
            epochs=self.epochs or profile.epochs,
            device=find_device(self.device),
            scaling=self.scaling or SCALING[self.variant],
        )

    def shown_first(self) -> Iterator[tuple[str, pd.DataFrame, str]]:
        """What a page shows before any training, as ``Page.table`` takes it: where real records
        come from and how much of them there is."""
        if self.data != "twin":
            yield "data", *coverage(self.resolve())


def coverage(experiment: Experiment) -> tuple[pd.DataFrame, str]:
    """Days of each site and depth of a resolved experiment on a track of real records, and a
    caption that says which source gave which variable."""
    frames, told = [], {}
    for name in experiment.sites:
        record = load_site(name, experiment.data, experiment.seed)
        frame = observed.coverage(record)
        frames.append(frame[frame["depth_m"].isin(experiment.depths)])
        told.setdefault(observed.sources(record), []).append(own.label(name))
    given = " ".join(f"{', '.join(names)}: {text}." for text, names in told.items())
    caption = (
        "Number of days of each record, of days with soil moisture, and of days without any "
        f"missing input. Sources of the variables: {given}"
    )
    return pd.concat(frames, ignore_index=True), caption


def _depths(sites: tuple[str, ...], data: str) -> tuple[float, ...]:
    """The paper's depths where a site is the paper's, and those at which others' probes report."""
    others = [name for name in sites if name not in site_table.SITES]
    found = set(schema.DEPTHS if len(others) < len(sites) else ())
    for name in others:
        sm = load_site(name, data)["sm"]
        found |= set(sm["depth"].values[np.isfinite(sm.values).any(axis=1)].tolist())
    if not found:
        raise DataError(f"{', '.join(sites)}: no soil moisture at any depth")
    return tuple(sorted(found))


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
    """The record of a site as ``soilbook.data.load`` gives it, and raising as that does. The twin's
    are kept in the store, as making them takes time."""
    make = partial(source.load, name, data, seed=seed)
    if data != "twin":
        return make()
    code = source.fingerprint("twin", (), seed=seed)
    key = {"kind": "twin of study 1", "site": name, "seed": seed, "data": code}
    return (store or Store()).made(key, make)


@dataclass
class Records:
    """Series by (site, depth), the axes of the result, and one line for each one left out.

    ``features`` names the columns of the series: the inputs that all sites have; ``sm`` holds their
    moisture in m3 m-3, ``places`` what is known of each site: latitude and longitude (degrees),
    sand, silt and clay (%), NaN where not known.
    """

    sites: tuple[str, ...]
    depths: tuple[float, ...]
    series: dict[tuple[str, float], windows.Series] = field(default_factory=dict)
    sm: dict[tuple[str, float], np.ndarray] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    features: tuple[str, ...] = ()
    places: dict[str, dict[str, float]] = field(default_factory=dict)
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
    """Read the sites of a resolved experiment and cut them into windows. A site and depth with too
    few windows is left out and named, and so is an input that not all sites have. Raises DataError
    if none is left."""
    read = [load_site(name, experiment.data, experiment.seed, store) for name in experiment.sites]
    sites = dict(zip(map(own.label, experiment.sites), read, strict=True))
    if len(sites) < len(read):
        raise DataError(f"two sites have one name: {', '.join(experiment.sites)}")
    records = Records(tuple(sites), experiment.depths)
    held = {name: schema.features(site) for name, site in sites.items()}
    records.features = tuple(
        name for name in schema.FEATURES if all(name in there for there in held.values())
    )
    for name in schema.FEATURES:
        lacking = [site for site, there in held.items() if name not in there]
        if 0 < len(lacking) < len(sites):
            records.left_out.append(f"{name} at all sites: {', '.join(lacking)} without it")
    for name, site in sites.items():
        records.places[name] = _place(name, site)
        common = site.drop_vars(set(site.data_vars) - set(records.features))
        for depth in experiment.depths:
            try:
                one = windows.series(
                    common,
                    depth,
                    experiment.scaling,
                    training=experiment.split,
                    n_steps=experiment.window,
                )
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


def _place(name: str, site: xr.Dataset) -> dict[str, float]:
    """What is known of a site: of the paper's from its tables, of others from their files."""
    known = vars(site_table.SITES[name]) if name in site_table.SITES else site.attrs
    place = {one: float(known.get(one, np.nan)) for one in ("sand", "silt", "clay")}
    axes = {one: float(site[one]) for one in ("latitude", "longitude") if one in site.coords}
    return place | {one: float(known.get(one, axes.get(one, np.nan))) for one in own.ABOUT[:2]}


def nearest(site: str, there) -> str:
    """The site itself if it is ``there``, else the nearest of those by great circle. Sites that are
    not the paper's stand in only where no other is there."""
    names = [str(name) for name in there]
    if site in names:
        return site
    names = [name for name in names if name in site_table.SITES] or names[:1]
    if names[0] not in site_table.SITES:
        return names[0]
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
    kind = "the nearest site" if shown in site_table.SITES else "the first of its sites"
    return f" (stands in for {site}, which this run does not have: {kind})"
