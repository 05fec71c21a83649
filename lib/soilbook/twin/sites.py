"""The twin of study 1: what the virtual observatory records at thirty sites, and what is true."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilbook import schema
from soilbook.data.sites import SITES, Site, find
from soilbook.physics.soil import Soil, pedotransfer, root_share
from soilbook.twin import soil, streams
from soilbook.twin.ground import COVERS, Ground, Schedule, Weather, ground, schedule, together
from soilbook.twin.instruments import RESOLUTION, outages
from soilbook.twin.weather import SiteWeather, of_site

NAMES: list[str] = list(SITES)
SPIN_UP = 365  # days of weather before the record, for the soil to forget its start
# Edges of the layers (m). Five layers have a probe in their centre. Water moves in the first
# WATER_LAYERS of them, heat in all: the annual wave of temperature reaches deeper.
_FINE = (0, 0.025, 0.075, 0.125, 0.175, 0.225, 0.3, 0.375, 0.45, 0.55, 0.65, 0.8, 0.95, 1.05)
EDGES = np.array([*_FINE, 1.2, 1.5, 2, 3, 4.5, 7, 11])
THICKNESS = np.diff(EDGES)
CENTRES = EDGES[:-1] + THICKNESS / 2
WATER_LAYERS = 16
PROBES = np.array([int(np.argmin(np.abs(CENTRES - depth))) for depth in schema.DEPTHS])

# Probes, by depth: noise from day to day and drift over DRIFT_DAYS (m3 m-3).
NOISE = np.array([0.0030, 0.0025, 0.0020, 0.0015, 0.0010])
DRIFT = np.array([0.0020, 0.0020, 0.0015, 0.0015, 0.0010])
DRIFT_DAYS = 60.0
TEMPERATURE_NOISE = 0.1  # degC
LOGGER_OUTAGES = (0.3, 6.0)  # a year, and mean length in days, of all probes together
PROBE_OUTAGES = (0.15, 20.0)  # the same of each probe

# Variables of ``truth``: units and meaning.
TRUE = {
    "sm_true": ("m3 m-3", "volumetric soil moisture at the probes' depths, daily mean"),
    "soil_temperature_true": ("degC", "soil temperature at the probes' depths"),
    "moisture_profile": ("m3 m-3", "volumetric soil moisture of every layer, daily mean"),
    "precipitation": ("mm d-1", "precipitation that fell, free of gauge errors"),
    "snowmelt": ("mm d-1", "melt water from the snow"),
    "infiltration": ("mm d-1", "rain and melt water that entered the soil"),
    "runoff": ("mm d-1", "rain and melt water that did not"),
    "evapotranspiration": ("mm d-1", "water taken up by roots and evaporated from the soil"),
    "potential_evapotranspiration": ("mm d-1", "evapotranspiration of well-watered short grass"),
    "drainage": ("mm d-1", "water that left the column below"),
    "storage": ("mm", "water in the soil column at the end of the day"),
    "snow": ("mm", "water in the snow at the end of the day"),
}


class Drivers(NamedTuple):
    """All that acts on one site's soil, from SPIN_UP days before its record to its end."""

    site: Site
    days: np.ndarray
    weather: SiteWeather
    ground: Ground
    steps: Schedule


class Truth(NamedTuple):
    """Drivers of a site and the daily state of its soil, as in ``soil.Truth`` without the place.

    Moisture stays between ``residual`` and ``porosity``.
    """

    drivers: Drivers
    moisture: np.ndarray
    temperature: np.ndarray
    storage: np.ndarray
    fluxes: soil.Fluxes
    residual: float
    porosity: float


def load(name: str, seed: int = 0) -> xr.Dataset:
    """Daily record of a site of the virtual observatory, as ``schema.check`` wants it.

    ``name`` is a paper site or alias; the record covers its period in Table D2. The same name and
    seed give the same record wherever and with whatever else it is made. Raises ParameterError for
    an unknown site.
    """
    true = _truth(find(name).name, seed)
    site, weather = true.drivers.site, true.drivers.weather
    record = slice(SPIN_UP, None)
    moisture, temperature = read(
        site.name, seed, true.moisture[record, PROBES].T, true.temperature[record, PROBES].T
    )
    names = ("air_temperature", "longwave", "shortwave", "relative_humidity", "wind_speed")
    daily = {"precipitation": weather.gauge} | {key: getattr(weather, key) for key in names}
    dataset = xr.Dataset(
        {key: ("time", values[record].copy()) for key, values in daily.items()}
        | {"soil_temperature": (("depth", "time"), temperature)}
        | {"sm": (("depth", "time"), moisture)},
        coords=_coordinates(true),
        attrs={"track": "twin", "seed": seed},
    )
    source = _source(site.name, seed)
    return schema.check(schema.describe(dataset, source), source)


def truth(name: str, seed: int = 0) -> xr.Dataset:
    """True state and all water fluxes behind ``load(name, seed)``; variables as in ``TRUE``.

    Day by day, precipitation = evapotranspiration + runoff + drainage + growth of storage and snow;
    rain and melt = infiltration + runoff. ``porosity`` and ``residual`` (m3 m-3) bound the
    moisture; ``thickness`` (m) belongs to ``layer``, the depth of a layer's centre (m).
    """
    true = _truth(find(name).name, seed)
    cause, record = true.drivers, slice(SPIN_UP, None)
    daily = true.fluxes._asdict() | {
        "precipitation": cause.weather.precipitation,
        "snowmelt": cause.ground.melt[:, 0],
        "storage": true.storage,
        "snow": cause.ground.pack[:, 0],
        "potential_evapotranspiration": cause.ground.potential[:, 0],
    }
    state = {
        "sm_true": (("depth", "time"), true.moisture[record, PROBES].T.copy()),
        "soil_temperature_true": (("depth", "time"), true.temperature[record, PROBES].T.copy()),
        "moisture_profile": (("layer", "time"), true.moisture[record].T.copy()),
    }
    column = {
        "layer": ("layer", CENTRES[:WATER_LAYERS], {"units": "m"}),
        "thickness": ("layer", THICKNESS[:WATER_LAYERS], {"units": "m"}),
        "porosity": ((), true.porosity, {"units": "m3 m-3"}),
        "residual": ((), true.residual, {"units": "m3 m-3"}),
    }
    dataset = xr.Dataset(
        state | {key: ("time", values[record].copy()) for key, values in daily.items()},
        coords=_coordinates(true) | column,
        attrs={"track": "twin", "seed": seed, "source": _source(cause.site.name, seed)},
    )
    for key, (units, meaning) in TRUE.items():
        dataset[key].attrs.update(units=units, long_name=meaning)
    return dataset


def _coordinates(true: Truth) -> dict:
    site = true.drivers.site
    return {
        "depth": np.array(schema.DEPTHS),
        "time": true.drivers.days[SPIN_UP:].astype("datetime64[ns]"),
        "site": site.name,
        "latitude": site.latitude,
        "longitude": site.longitude,
    }


def _source(name: str, seed: int) -> str:
    return f"synthetic: twin of {name}, seed {seed}"


@lru_cache(maxsize=2)
def _known(seed: int) -> dict[str, Truth]:
    """The sites of a seed that have been made."""
    return {}


def _truth(name: str, seed: int) -> Truth:
    known = _known(seed)
    if name not in known:
        # Sites are made much faster together, and who asks for a second one may want them all.
        names = [other for other in NAMES if other not in known] if known else [name]
        known.update(zip(names, simulate(names, seed), strict=True))
    return known[name]


def simulate(names, seed: int = 0, refine: int = 1) -> list[Truth]:
    """Truth at sites in the order of ``names``; all advance together, no site feels another."""
    sites = [drivers(SITES[name], seed, refine) for name in names]
    sand, clay = (np.array([getattr(s.site, k) for s in sites], float) for k in ("sand", "clay"))
    columns = site_columns(sand, clay, [one.site.land_cover for one in sites])
    true = soil.simulate(
        together([one.ground for one in sites]),
        [one.steps for one in sites],
        columns,
        THICKNESS,
        sand,
        np.array([one.weather.air_temperature.mean() for one in sites]),
        columns.soil.field_capacity,
    )
    return [
        Truth(
            site,
            true.moisture[: site.days.size, i],
            true.temperature[: site.days.size, i],
            true.storage[: site.days.size, i],
            soil.Fluxes(*(flux[: site.days.size, i] for flux in true.fluxes)),
            float(columns.soil.residual[i, 0]),
            float(columns.soil.porosity[i, 0]),
        )
        for i, site in enumerate(sites)
    ]


def drivers(site: Site, seed: int, refine: int = 1) -> Drivers:
    """Drivers of a site; ``refine`` multiplies the number of steps of the soil water."""
    first, last = (np.datetime64(date, "D") for date in (site.start, site.end))
    days = np.arange(first - SPIN_UP, last + 1)
    weather = of_site(site.name, site.latitude, days, SPIN_UP, seed)
    daily = (getattr(weather, name)[:, None] for name in Weather.__dataclass_fields__)
    top = ground(Weather(*daily), [COVERS[site.land_cover]])
    storms = streams.stream(seed, site.name, "storms")
    return Drivers(site, days, weather, top, schedule(storms, top.supply[:, 0], refine))


def site_columns(sand: np.ndarray, clay: np.ndarray, covers: list[str]) -> soil.Columns:
    """Water layers of sand and clay (%), (site,), under land covers; tighter with depth.

    Conductivity falls exponentially (Beven 1984, doi:10.1080/02626668409490960).
    """
    top = pedotransfer(sand[:, None], clay[:, None])
    tight = top.conductivity * np.exp(-CENTRES[:WATER_LAYERS] / soil.TIGHTENING)
    edges = 100 * EDGES[: WATER_LAYERS + 1]
    roots = np.stack([root_share(COVERS[one].roots, edges) for one in covers])
    profile = Soil(top.porosity, top.entry, top.slope, tight)
    return soil.columns(profile, roots, THICKNESS[:WATER_LAYERS])


def read(
    name: str, seed: int, moisture: np.ndarray, temperature: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the probes of a site record of the true soil: moisture and temperature (depth, day).

    NaN while the logger or the probe is out, and for moisture while the soil is below freezing,
    when a dielectric probe no longer sees the water; rounded to the resolution.
    """
    days = moisture.shape[1]
    logger = outages(streams.stream(seed, name, "logger"), days, LOGGER_OUTAGES)
    water, heat = np.empty_like(moisture), np.empty_like(temperature)
    for i, depth in enumerate(schema.DEPTHS):
        bits = streams.stream(seed, name, f"probe {depth:.2f}")
        drift = streams.autoregressive(bits, days, np.exp(-1 / DRIFT_DAYS))
        error = NOISE[i] * streams.normal(bits, days) + DRIFT[i] * drift
        reading = np.round((moisture[i] + error) / RESOLUTION) * RESOLUTION
        felt = np.round(temperature[i] + TEMPERATURE_NOISE * streams.normal(bits, days), 1)
        out = logger | outages(bits, days, PROBE_OUTAGES)
        water[i] = np.where(out | (felt < 0), np.nan, np.maximum(reading, 0))
        heat[i] = np.where(out, np.nan, felt)
    return water, heat
