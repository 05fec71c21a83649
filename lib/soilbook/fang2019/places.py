"""Where study 2 learns and where it is tested: the pixels of SMAP and the in-situ places.

Both tracks give Datasets of one shape, so that a study need not know which one it works on. At the
end: the moisture of Noah and VIC at these places, NLDAS-2's where its files are, else our models'.
"""

from collections.abc import Iterable
from functools import partial
from itertools import chain, product
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import data as room
from soilbook import fingerprint, landsurface, schema
from soilbook.data import conus412, files, giovanni, network, nldas, quality
from soilbook.data import fingerprint as of_data
from soilbook.data.network import UNKNOWN_ELEVATION
from soilbook.errors import DataError
from soilbook.fang2019 import stand_ins
from soilbook.store import Store

# The weather that section II-A names. A network of the hindcast sees all of it on the twin, and on
# the observed track what a station measures too.
FORCING = (
    "precipitation", "air_temperature", "longwave", "shortwave", "specific_humidity", "wind_speed",
)  # fmt: skip
INPUTS = {
    "twin": FORCING,
    "observed": ("precipitation", "air_temperature", "shortwave", "specific_humidity"),
}
# The stations inside a pixel of the example data base. No series of the core sites is public.
STAND_INS = (
    "CO_Cortez_8_SE", "KS_Oakley_19_SSW", "MI_Gaylord_9_SSW", "OH_Coshocton_8_NNE",
    "TX_Austin_33_NW",
)  # fmt: skip
STAND_IN = "five stations of the sparse network that lie inside a pixel stand in for the core sites"
# Days of missing weather that are filled from their neighbours; longer gaps take the same dates
# of the nearest year that has them.
MAX_GAP = 10
# The data base holds every 4th row and column of the 36 km grid: a station farther than that
# spacing from every pixel lies outside of it.
FARTHEST = 144.0  # km
# Section II-C: stations whose pixel lacks SMAP on more of the days are removed.
MOST_WITHOUT_SMAP = 0.75
OWN_MODELS = "Noah-type and VIC-type models of this project; they stand in for those of NLDAS"
NLDAS = "Noah and VIC of NLDAS-2"
MODELS = ("Noah", "VIC")
LAYERS = ["surface", "rootzone"]
VARIABLES = [f"sm_{layer}" for layer in LAYERS]
WEATHER = (*INPUTS["observed"], "longwave", "wind_speed")
# A pixel has the plants of its map; the reference stations stand on grass, whatever lies around
# them, and their greenness follows from their climate.
NATURE = {"twin": ("sand", "clay", "flag_land_cover", "ndvi"), "observed": ("sand", "clay")}


def grid(data: str, seed: int = 0) -> xr.Dataset:
    """Weather, attributes and SMAP of the pixels: Dataset (pixel, time).

    ``sm_smap`` and ``sm_smap_rootzone``, which the observed track has only where granules of SMAP
    L4 are there, are NaN without a retrieval; ``stand_ins`` says what replaces what.
    DataError names the file that is absent or wrong.
    """
    made = stand_ins.at_pixels(conus412.read()) if data == "observed" else twin("grid", seed)
    return _with_speed(made)


def insitu(data: str, kind: str, seed: int = 0, n: int | None = None) -> xr.Dataset:
    """In-situ places, Dataset (place, time), of the ``kind`` "core" or "sparse".

    Weather without a gap, attributes of the pixel, ``sm_surface`` and ``sm_rootzone`` (m3 m-3) by
    the rules of section II-C. Coordinates pixel, distance_km, inside and ``recorded`` (place,
    time), False where the weather was not measured. Of the sparse network ``n`` are taken, spread
    over the list (None: all). Attributes: ``left_out`` (a line for each place left out, and why)
    and ``stand_in``: on the observed track five stations stand in for the core sites, and a station
    outside the grid is left out. DataError if no place is left.
    """
    if data == "observed":
        return _observed(kind, n)
    made = _with_speed(twin("insitu", seed, kind=kind))
    if kind == "sparse":
        made = made.isel(place=_spread(made.sizes["place"], n))
    everywhere = np.ones((made.sizes["place"], made.sizes["time"]), bool)
    made = made.assign_coords(recorded=(("place", "time"), everywhere))
    return made.assign_attrs({"left_out": "", **made.attrs, "stand_in": ""})


def _with_speed(made: xr.Dataset) -> xr.Dataset:
    """``made`` with the speed of its wind, which is given by its components."""
    if "eastward_wind" not in made:
        return made
    speed = np.hypot(made["eastward_wind"], made["northward_wind"])
    return made.assign(wind_speed=speed.assign_attrs(units="m s-1"))


def _spread(n_all: int, n: int | None) -> list[int]:
    """Positions of ``n`` out of ``n_all``, evenly spread."""
    if n is None or n >= n_all:
        return list(range(n_all))
    return [int((k + 0.5) * n_all / n) for k in range(n)]


def twin(what: str, seed: int = 0, names: Iterable[str] = (), **arguments) -> xr.Dataset:
    """``grid``, ``insitu`` or ``truth`` of ``twin.continent``, kept in the store as making it takes
    time. ``names`` are the variables that are kept (none: all)."""
    names = list(names)
    kind, data = f"twin of study 2: {what}", of_data("twin", (), seed=seed)
    key = {"kind": kind, "arguments": arguments, "variables": names, "data": data}

    def make() -> xr.Dataset:
        # Making the twin loads much that a reader of stations does not need.
        from soilbook.twin import continent

        made = getattr(continent, what)(seed=seed, **arguments)
        return made[names] if names else made

    return Store().made(key, make)


def truth(result: xr.Dataset, seed: int = 0) -> xr.DataArray | None:
    """True moisture of each place's pixel (layer, place, time), m3 m-3, on the days of ``result``,
    a result of ``hindcast.run``; None on the observed track, where nobody knows it."""
    if result.attrs["data"] != "twin":
        return None
    made = twin("truth", seed, VARIABLES)
    there = made.sel(pixel=result["pixel"], time=result["time"]).reset_coords(drop=True)
    both = there.to_array("layer", name="truth").assign_coords(layer=LAYERS)
    return both.transpose("layer", "place", "time")


def digest(paths: Iterable[Path]) -> str:
    """Digest of files below the data folder."""
    return files.digest((path.resolve() for path in paths), files.product(None, "").resolve())


def _observed(kind: str, n: int | None) -> xr.Dataset:
    there = network.stations()
    names = there.index[there["conus"]].tolist()
    spread = [names[k] for k in _spread(len(names), n)]
    names = [name for name in STAND_INS if name in names] if kind == "core" else spread
    read = [*network.files_of(None, names), *conus412.files_of()]
    # NLDAS-2 at all stations, so that the few that stand in for core sites see the same weather.
    conus = there[there["conus"]]
    forced = stand_ins.weather_files(conus)
    read += forced
    at = conus if forced else None
    granules = stand_ins.granules("smap_l3")
    key = {"kind": "in-situ places of study 2", "stations": names, "data": digest(read)}
    if granules:
        key["granules"] = stand_ins.states(granules.values())
    made = Store().made(key, lambda: _stations(names, at))
    return made.assign_attrs(stand_in=STAND_IN if kind == "core" else "")


def _stations(names: list[str], forced: pd.DataFrame | None = None) -> xr.Dataset:
    """Stations with complete weather at their pixels; their own, or that of NLDAS-2 where
    ``forced`` says at which positions it was fetched."""
    weather = list(INPUTS["observed"] if forced is None else FORCING)
    read = network.read(None, names)
    if forced is not None:
        read = read.assign(stand_ins.weather(forced.loc[names], read["time"], FORCING))
    filled = [[quality.fill(row, MAX_GAP) for row in read[name].values] for name in weather]
    recorded = np.isfinite(filled).all(axis=0)
    read = read.assign_coords(recorded=(("station", "time"), recorded))
    read, left_out = quality.complete(read, weather, MAX_GAP, "nearest year")
    pixels = stand_ins.at_pixels(conus412.read(None, (*schema.ATTRIBUTES, "sm_smap")))
    # A pixel without soil data would leave the land-surface models without a soil.
    with_soil = pixels.isel(pixel=pixels["sand"].notnull().values)
    at, outside = network.match(read, with_soil, FARTHEST)
    at, unseen = _seen(at, pixels["sm_smap"])
    read = read.sel(station=at.index.values)
    for name in weather:
        # Before and after the record the networks run on weather of other years, and the models
        # spin up with it; no day there counts.
        rows = [quality.from_other_years(row, outer=True) for row in read[name].values]
        read[name] = ("station", "time"), np.reshape(rows, read[name].shape), read[name].attrs
    short = read["precipitation"].isnull().any("time").values
    too_short = "a record too short to fill a year of weather"
    left_out |= outside | unseen | dict.fromkeys(read["station"].values[short].tolist(), too_short)
    if short.all():
        reason = next(iter(left_out.items()), ("no station", "none asked for"))
        raise DataError(f"no station left of {len(names)}; {reason[0]}: {reason[1]}")
    nature = pixels[[*schema.ATTRIBUTES]].sel(
        pixel=xr.DataArray(at["pixel"].values, dims="station")
    )
    read = read.drop_vars(["relative_humidity", "start", "end", "filled"])
    read = read.assign(nature.reset_coords(drop=True).data_vars).assign_coords(
        pixel=("station", at["pixel"].to_numpy()),
        distance_km=("station", at["distance"].to_numpy(), {"units": "km"}),
        inside=("station", at["inside"].to_numpy()),
    )
    read = read.isel(station=~short).rename(station="place")
    if forced is not None:
        read.attrs["replaced"] = f"{stand_ins.NLDAS} in place of their own weather"
    read.attrs["left_out"] = "\n".join(f"{name}: {why}" for name, why in left_out.items())
    return schema.check_grid(read, "in-situ places", place="place")


def _seen(at: pd.DataFrame, smap: xr.DataArray) -> tuple[pd.DataFrame, dict[str, str]]:
    """The matches whose pixel has SMAP often enough, and why others are left out, by station."""
    days = np.flatnonzero(smap.notnull().any("pixel"))
    record = smap.isel(time=slice(days[0], days[-1] + 1)).sel(pixel=at["pixel"].values)
    missing = pd.Series(record.isnull().mean("time").values, at.index)
    missing = missing[missing > MOST_WITHOUT_SMAP]
    allowed = f"at most {MOST_WITHOUT_SMAP:.0%} allowed"
    why = "its pixel has no SMAP on {:.0%} of the days; " + allowed
    return at.drop(index=missing.index), missing.map(why.format).to_dict()


def land_surface(data: str, places: xr.Dataset, pixels: xr.Dataset, steps: int) -> xr.Dataset:
    """``Noah`` and ``VIC`` (layer, place, time), m3 m-3, kept in the store; attribute ``source``.

    Ours run on the weather of the places with ``steps`` a day, their soil follows from texture. On
    the observed track NLDAS-2 comes first: series at all places, else granules of both models;
    ``pixels`` says which cell a place's pixel is.
    """
    root, points = room.folder(), _points_of_nldas(data, places)
    if points:
        at, days = stand_ins.positions(places, places["place"].values), places["time"].values
        key = {"kind": "NLDAS-2 at points", "files": stand_ins.states(points)}
        key |= {"days": days[[0, -1]].astype(str), "places": list(at)}
        return Store().made(key, partial(_of_points, at, days, root))
    paths = _granules_of_nldas(data)
    if not paths:
        return at_places(data, places, steps)
    key = {
        "kind": "models of NLDAS-2 of study 2",
        # An hour is a file, 100,000 of them: to read them all for a fingerprint would take as
        # long as to read them. Names, sizes and dates have to do.
        "files": stand_ins.states(chain(*paths)),
        "pixels": places["pixel"].values,
        "places": places["place"].values,
        "days": places["time"].values[[0, -1]].astype(str),
    }
    return Store().made(key, lambda: _of_nldas(places, pixels, root))


def source_of_models(data: str, places: xr.Dataset) -> str:
    """Whose Noah and VIC ``land_surface`` gives."""
    there = _points_of_nldas(data, places) or _granules_of_nldas(data)
    return NLDAS if there else OWN_MODELS


def _points_of_nldas(data: str, places: xr.Dataset) -> list[Path]:
    """Series of both models at all places; none unless all are there."""
    root = room.folder()
    if data != "observed" or not (root / giovanni.FOLDER).is_dir():
        return []
    return giovanni.files_of(
        root, [name.lower() for name in MODELS], stand_ins.positions(places, places["place"].values)
    )


def _granules_of_nldas(data: str) -> list[list[Path]]:
    """Granules of each model; none unless both have some."""
    wanted = [f"nldas/**/NLDAS_{name.upper()}0125_H.A*" for name in MODELS]
    paths = [sorted(room.folder().glob(pattern)) for pattern in wanted if data == "observed"]
    return paths if all(paths) else []


def at_places(data: str, places: xr.Dataset, steps: int) -> xr.Dataset:
    """``Noah`` and ``VIC`` (layer, place, time), m3 m-3, of our models, also where files are."""
    return _of_ours(NATURE[data], places, steps)


def at_pixels(pixels: xr.Dataset, steps: int) -> xr.Dataset:
    """``Noah`` and ``VIC`` (layer, pixel, time), m3 m-3, of our models on the weather of pixels. A
    pixel without soil data has the soil of the median pixel."""
    places = pixels.rename(pixel="place")
    for name in ("sand", "clay"):
        places[name] = places[name].fillna(places[name].median())
    if "elevation" not in places:
        places["elevation"] = "place", np.full(places.sizes["place"], np.nan)
    return _of_ours(NATURE["twin"], places, steps).rename(place="pixel")


def as_inputs(made: xr.Dataset) -> xr.Dataset:
    """Moisture of both models as variables of their own, those of ``sequences.MODELLED``."""
    cells = product(MODELS, made["layer"].values)
    parts = {f"{name.lower()}_{at}": made[name].sel(layer=at, drop=True) for name, at in cells}
    return xr.Dataset(parts)


def _of_ours(nature: tuple[str, ...], places: xr.Dataset, steps: int) -> xr.Dataset:
    forcing = places[[name for name in WEATHER if name in places]].reset_coords(drop=True)
    height = places["elevation"].fillna(UNKNOWN_ELEVATION).values
    static = places[list(nature)].reset_coords(drop=True)
    static["latitude"] = "place", places["latitude"].values
    static["elevation"] = "place", height
    of = {"forcing": fingerprint.of_dataset(forcing), "static": fingerprint.of_dataset(static)}
    key = {"kind": "land-surface models of study 2", **of, "steps": steps}

    def make() -> xr.Dataset:
        models = (landsurface.noah, landsurface.vic)
        runs = [model(forcing, static, steps_per_day=steps) for model in models]
        return _layers(runs).assign_attrs(source=OWN_MODELS)

    return Store().made(key, make)


def _of_points(at: dict[str, tuple[float, float]], days: np.ndarray, root: Path) -> xr.Dataset:
    read = (giovanni.read(root, name.lower(), at).reindex(time=days) for name in MODELS)
    return _layers([one.rename(station="place") for one in read]).assign_attrs(source=NLDAS)


def _of_nldas(places: xr.Dataset, pixels: xr.Dataset, root: Path) -> xr.Dataset:
    own = pixels.sel(pixel=np.unique(places["pixel"].values))
    days = places["time"].values
    runs = []
    for name in MODELS:
        cells = own["row"].values, own["column"].values
        read = nldas.read(root, name.lower(), *cells, start=days[0], end=days[-1])
        read = read.assign_coords(pixel=own["pixel"].values).reindex(time=days)
        read = read.sel(pixel=places["pixel"].values).rename(pixel="place")
        runs.append(read.assign_coords(place=places["place"].values))
    return _layers(runs).assign_attrs(source=NLDAS)


def _layers(runs: list[xr.Dataset]) -> xr.Dataset:
    kept = (run[VARIABLES].reset_coords(drop=True).to_array("layer") for run in runs)
    made = xr.Dataset(dict(zip(MODELS, kept, strict=True))).assign_coords(layer=LAYERS)
    return made.transpose("layer", "place", "time").astype(np.float32)
