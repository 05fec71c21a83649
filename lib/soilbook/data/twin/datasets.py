"""The twin's two faces: what the observatory records, and what is true."""

from functools import lru_cache

import numpy as np
import xarray as xr

from soilbook import schema
from soilbook.data.sites import SITES, find
from soilbook.data.twin import probes
from soilbook.data.twin.drivers import SPIN_UP
from soilbook.data.twin.observatory import Truth, simulate
from soilbook.data.twin.soil import CENTRES, PROBES, THICKNESS, WATER_LAYERS

NAMES: list[str] = list(SITES)

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


def load(name: str, seed: int = 0) -> xr.Dataset:
    """Daily record of a site of the virtual observatory, as ``schema.check`` wants it.

    ``name`` is a paper site or alias; the record covers its period in Table D2. The same name and
    seed give the same record wherever and with whatever else it is made. Raises ParameterError for
    an unknown site.
    """
    true = _truth(find(name).name, seed)
    site, weather = true.drivers.site, true.drivers.weather
    record = slice(SPIN_UP, None)
    moisture, temperature = probes.read(
        site.name, seed, true.moisture[record, PROBES].T, true.temperature[record, PROBES].T
    )
    daily = {
        "precipitation": weather.gauge,
        "air_temperature": weather.air_temperature,
        "longwave": weather.longwave,
        "shortwave": weather.shortwave,
        "relative_humidity": weather.relative_humidity,
        "wind_speed": weather.wind_speed,
    }
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
    cause, fluxes, record = true.drivers, true.fluxes._asdict(), slice(SPIN_UP, None)
    fluxes |= {"precipitation": cause.weather.precipitation, "snowmelt": cause.melt}
    fluxes |= {"storage": true.storage, "snow": cause.pack}
    fluxes |= {"potential_evapotranspiration": cause.potential}
    variables = {key: ("time", values[record].copy()) for key, values in fluxes.items()}
    state = {
        "sm_true": (("depth", "time"), true.moisture[record, PROBES].T.copy()),
        "soil_temperature_true": (("depth", "time"), true.temperature[record, PROBES].T.copy()),
        "moisture_profile": (("layer", "time"), true.moisture[record].T.copy()),
    }
    dataset = xr.Dataset(state | variables, attrs={"track": "twin", "seed": seed})
    column = {
        "layer": ("layer", CENTRES[:WATER_LAYERS], {"units": "m"}),
        "thickness": ("layer", THICKNESS[:WATER_LAYERS], {"units": "m"}),
        "porosity": ((), true.porosity, {"units": "m3 m-3"}),
        "residual": ((), true.residual, {"units": "m3 m-3"}),
    }
    dataset = dataset.assign_coords(_coordinates(true) | column)
    for key, (units, meaning) in TRUE.items():
        dataset[key].attrs.update(units=units, long_name=meaning)
    dataset.attrs["source"] = _source(cause.site.name, seed)
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
