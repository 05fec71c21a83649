"""The faces of study 2's twin: what satellite and weather analysis know, what probes, what is."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilbook import schema
from soilbook.data import network
from soilbook.data.easegrid import great_circle
from soilbook.errors import unknown
from soilbook.threads import one_thread
from soilbook.twin import instruments, land, soil
from soilbook.twin.ground import COVERS, Ground, ground, schedule
from soilbook.twin.streams import Space, stream
from soilbook.twin.weather import ContinentWeather, analysed, of_continent

FIRST, LAST = np.datetime64("2010-01-01"), np.datetime64("2018-03-31")
SPIN_UP = 365  # days of weather before the record, for the soil to forget its start
CORE_START = np.datetime64("2012-01-01")  # section II-C: core sites from 2012 on
KINDS = ("core", "sparse")
FLUXES = {
    "precipitation": "precipitation that fell",
    "infiltration": "rain and melt water that entered the soil",
    "runoff": "rain and melt water that did not",
    "evapotranspiration": "water taken up by roots and evaporated from the soil",
    "drainage": "water that left the column below",
}
STORES = {"storage": "water in the soil column", "snow": "water in the snow"}


class World(NamedTuple):
    """Everything about the twin of a seed; days include the spin-up."""

    pixels: dict
    days: np.ndarray
    climate: land.Climate
    nature: land.Nature
    weather: ContinentWeather
    analysis: ContinentWeather
    ground: Ground
    truth: soil.Truth
    space: Space


@lru_cache(maxsize=1)
def world(seed: int) -> World:
    """Make the twin; the last one made is kept."""
    pixels = land.coordinates()
    latitude, longitude = pixels["latitude"][1], pixels["longitude"][1]
    days = np.arange(FIRST - SPIN_UP, LAST + 1)
    space = Space(latitude, longitude, seed)
    here = land.climate(latitude, longitude)
    nature = land.nature(space, here)
    weather = of_continent(space, here, latitude, days)
    top = _ground(weather, nature)
    steps = [
        schedule(stream(seed, "study 2", "storms", str(k)), top.supply[:, k])
        for k in range(space.size)
    ]
    columns = land.soil_columns(space, nature)
    # Dry climates start with dry soil, or it would dry for years.
    demand = (top.bare / 1000 + top.plants / 1000).mean(axis=0)
    wet = np.minimum(1.0, top.supply.mean(axis=0) / demand / 1000)[:, None]
    start = columns.soil.wilting + wet * (columns.soil.field_capacity - columns.soil.wilting)
    warmth = weather.air_temperature.mean(axis=0)
    true = soil.simulate(
        top, steps, columns, land.THICKNESS, nature.sand, warmth, start, np.float32
    )
    seen = analysed(space, here, weather)
    return World(pixels, days, here, nature, weather, seen, top, true, space)


@one_thread
def grid(seed: int = 0) -> xr.Dataset:
    """What the network sees and learns from: Dataset (pixel 412, time), 2010-01-01 to 2018-03-31.

    FORCING as a weather analysis has it, ATTRIBUTES, ``sm_smap`` (level 3, morning overpass) and
    ``sm_smap_rootzone`` (level 4), both NaN before 2015-04-01; coordinates as of ``conus412``.
    """
    w = world(seed)
    position = w.pixels["latitude"][1], w.pixels["longitude"][1]
    level3 = instruments.retrieve(w.space, w.nature, w.truth, w.ground.pack, position, w.days)
    top = _ground(w.analysis, w.nature)
    level4 = instruments.level4(
        w.space, w.nature, w.truth, w.analysis.precipitation, top.bare + top.plants
    )
    level4[w.days < instruments.LAUNCH] = np.nan
    result = _frame(w, w.pixels)
    for name in schema.FORCING:
        result[name] = ("pixel", "time"), _record(getattr(w.analysis, name))
    for name in schema.ATTRIBUTES:
        result[name] = "pixel", w.nature.attributes[name].astype(np.float32)
    result["sm_smap"] = ("pixel", "time"), _record(level3)
    result["sm_smap_rootzone"] = ("pixel", "time"), _record(level4)
    return _finish(result, seed, "pixel")


def insitu(kind: str, seed: int = 0, threshold: float = network.COLD) -> xr.Dataset:
    """What probes record: Dataset (place, time), the days of ``grid``.

    ``kind``: "core" (9 sites) or "sparse" (104 stations). ``sm_surface``, ``sm_rootzone`` (NaN
    where a place has no deep probes) and ``soil_temperature``, by the rules of section II-C: layers
    from probes, Thiessen weights with half of the pixel covered, soil of ``threshold`` (degC) at
    least. FORCING and ATTRIBUTES are the pixel's. Coordinates latitude, longitude, elevation,
    pixel, distance_km (to its centre) and inside. ParameterError for an unknown kind.
    """
    if kind not in KINDS:
        raise unknown("kind of places", kind, KINDS)
    w, record = world(seed), slice(SPIN_UP, None)
    latitude, longitude = w.pixels["latitude"][1], w.pixels["longitude"][1]
    if kind == "core":
        names = list(instruments.CORE)
        pixel = np.array(list(instruments.core_pixels(w.pixels).values()))
        at = latitude[pixel], longitude[pixel]
        series = []
        for name, one in zip(names, pixel.tolist(), strict=True):
            row, column = (int(w.pixels[c][1][one]) for c in ("row", "column"))
            where = instruments.core_points(name, row, column, seed)
            series.append(instruments.core(w.truth, name, one, record, where, threshold, seed))
        surface, rootzone, felt = (np.stack(part) for part in zip(*series, strict=True))
        late = w.days[record] < CORE_START
        surface[:, late], rootzone[:, late] = np.nan, np.nan
    else:
        *at, pixel = instruments.stations(w.pixels, seed)
        names = [f"Station {k + 1:03d}" for k in range(instruments.STATIONS)]
        # Stations of every kind of climate have shallow probes only.
        order = np.arange(instruments.STATIONS) * instruments.SHALLOW % instruments.STATIONS
        deep = order >= instruments.SHALLOW
        surface, rootzone, felt = instruments.sparse(w.truth, pixel, record, deep, threshold, seed)
    places = {
        "place": names,
        "latitude": ("place", at[0]),
        "longitude": ("place", at[1]),
        "elevation": ("place", w.climate.elevation[pixel], {"units": "m"}),
        "pixel": ("place", pixel),
        "distance_km": ("place", great_circle(*at, latitude[pixel], longitude[pixel])),
        "inside": ("place", np.ones(len(names), bool)),
    }
    result = _frame(w, places)
    for name in schema.FORCING:
        result[name] = ("place", "time"), _record(getattr(w.analysis, name)[:, pixel])
    for name in schema.ATTRIBUTES:
        result[name] = "place", w.nature.attributes[name][pixel].astype(np.float32)
    for name, values in (("sm_surface", surface), ("sm_rootzone", rootzone)):
        result[name] = ("place", "time"), values.astype(np.float32)
    result["soil_temperature"] = ("place", "time"), felt.astype(np.float32)
    result.attrs["soil_temperature_threshold"] = threshold
    return _finish(result, seed, "place")


@one_thread
def truth(seed: int = 0) -> xr.Dataset:
    """What is true in every pixel: Dataset (pixel, time).

    ``sm_surface`` (0-5 cm) and ``sm_rootzone`` (0-100 cm), and the water: precipitation =
    evapotranspiration + runoff + drainage + growth of storage and snow, day by day (mm).
    """
    w = world(seed)
    result = _frame(w, w.pixels)
    for name, bottom in (("sm_surface", land.SURFACE), ("sm_rootzone", land.ROOT_ZONE)):
        mean = w.truth.moisture @ land.shares(bottom).astype(np.float32)
        result[name] = ("pixel", "time"), _record(mean)
    result = schema.check_grid(_describe(result, seed), _source(seed))
    fluxes = w.truth.fluxes._asdict() | {"precipitation": w.weather.precipitation}
    stores = {"storage": w.truth.storage, "snow": w.ground.pack}
    for values, names, units in ((fluxes, FLUXES, "mm d-1"), (stores, STORES, "mm")):
        for name, meaning in names.items():
            labels = {"units": units, "long_name": meaning}
            result[name] = ("pixel", "time"), values[name][SPIN_UP:].T.copy(), labels
    return result


def _ground(weather: ContinentWeather, nature: land.Nature) -> Ground:
    return ground(weather, [COVERS[land.KINDS[one]] for one in nature.cover.tolist()])


def _frame(w: World, coordinates: dict) -> xr.Dataset:
    days = w.days[SPIN_UP:].astype("datetime64[ns]")
    return xr.Dataset(coords=coordinates | {"time": days})


def _record(values: np.ndarray) -> np.ndarray:
    """(day, place) with the spin-up to (place, day) without, 32-bit."""
    return values[SPIN_UP:].T.astype(np.float32)


def _describe(result: xr.Dataset, seed: int) -> xr.Dataset:
    result.attrs |= {"track": "twin", "seed": seed}
    return schema.describe_grid(result, _source(seed))


def _finish(result: xr.Dataset, seed: int, place: str) -> xr.Dataset:
    return schema.check_grid(_describe(result, seed), _source(seed), place)


def _source(seed: int) -> str:
    return f"synthetic: twin of study 2, seed {seed}"
