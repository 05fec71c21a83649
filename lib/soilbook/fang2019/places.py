"""Where study 2 learns and where it is tested: the pixels of SMAP and the in-situ places.

Both tracks give Datasets of one shape, so that a study need not know which one it works on. At the
end: the moisture of Noah and VIC at these places, NLDAS-2's where its files are, else our models'.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import data as room
from soilbook import fingerprint, landsurface, schema
from soilbook.data import TRACKS, conus412, files, network, nldas, quality
from soilbook.data import fingerprint as of_data
from soilbook.data.network import UNKNOWN_ELEVATION
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.store import Store

KINDS = ("core", "sparse")
# What the network sees of the weather: on the observed track what a station measures too.
INPUTS = {
    "twin": schema.FORCING,
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
VARIABLES = ("sm_surface", "sm_rootzone")
WEATHER = ("precipitation", "air_temperature", "shortwave", "specific_humidity", "longwave")
# A pixel has the plants of its map; the reference stations stand on grass, whatever lies around
# them, and their greenness follows from their climate.
NATURE = {"twin": ("sand", "clay", "flag_land_cover", "ndvi"), "observed": ("sand", "clay")}


def grid(
    data: str, seed: int = 0, folder: Path | str | None = None, store: Store | None = None
) -> xr.Dataset:
    """Weather, attributes and SMAP of the pixels: Dataset (pixel, time).

    ``sm_smap`` and, on the twin, ``sm_smap_rootzone`` are NaN where there is no retrieval.
    ParameterError for an unknown track, DataError naming the file that is absent or wrong.
    """
    _check(data, "sparse")
    if data == "observed":
        return conus412.read(folder)
    return twin("grid", seed, store)


def insitu(
    data: str,
    kind: str,
    seed: int = 0,
    folder: Path | str | None = None,
    n: int | None = None,
    store: Store | None = None,
) -> tuple[xr.Dataset, dict[str, str]]:
    """In-situ places, Dataset (place, time), and why others are left out, by name.

    Weather without a gap, attributes of the pixel, ``sm_surface`` and ``sm_rootzone`` (m3 m-3) by
    the rules of section II-C. Coordinates pixel, distance_km, inside and ``recorded`` (place,
    time), False where the weather was not measured. ``kind`` is "core" or "sparse"; of the latter
    ``n`` are taken, spread over the list (None: all). On the observed track five stations stand in
    for the core sites (attribute ``stand_in``), and a station outside the grid is left out.
    ParameterError for an unknown track, kind or number; DataError if no place is left.
    """
    _check(data, kind, n)
    if data == "observed":
        made = _observed(kind, folder, n, store or Store())
    else:
        made = twin("insitu", seed, store, kind=kind)
        made = made.isel(place=_spread(made.sizes["place"], n if kind == "sparse" else None))
        everywhere = np.ones((made.sizes["place"], made.sizes["time"]), bool)
        made = made.assign_coords(recorded=(("place", "time"), everywhere))
        made.attrs |= {"stand_in": "", "left_out": made.attrs.get("left_out", "")}
    return made, lines(made.attrs["left_out"])


def lines(text: str) -> dict[str, str]:
    """Reasons by name, from the lines of an attribute ``left_out``."""
    return dict(line.split(": ", 1) for line in text.split("\n") if line)


def _check(data: str, kind: str, n: int | None = None) -> None:
    if data not in TRACKS:
        raise unknown("data", data, TRACKS)
    if kind not in KINDS:
        raise unknown("kind of in-situ network", kind, KINDS)
    if n is not None and n < 1:
        raise ParameterError(f"{n} stations; allowed: 1 or more")


def _spread(n_all: int, n: int | None) -> list[int]:
    """Positions of ``n`` out of ``n_all``, evenly spread."""
    if n is None or n >= n_all:
        return list(range(n_all))
    return [int((k + 0.5) * n_all / n) for k in range(n)]


def twin(
    what: str, seed: int = 0, store: Store | None = None, names: Iterable[str] = (), **arguments
) -> xr.Dataset:
    """``twin_smap.grid``, ``insitu`` or ``truth``, kept in the store as making it takes time.

    ``names`` are the variables that are kept (none: all).
    """
    names = list(names)
    key = {
        "kind": f"twin of study 2: {what}",
        "arguments": arguments,
        "variables": names,
        "data": of_data("twin", (), seed=seed),
    }

    def make() -> xr.Dataset:
        # Making the twin loads much that a reader of stations does not need.
        from soilbook.twin import continent as twin_smap

        made = getattr(twin_smap, what)(seed=seed, **arguments)
        return made[names] if names else made

    return (store or Store()).made(key, make)


def truth(result: xr.Dataset, seed: int = 0, store: Store | None = None) -> xr.DataArray | None:
    """True moisture of each place's pixel (layer, place, time), m3 m-3, on the days of ``result``,
    a result of ``hindcast.run``; None on the observed track, where nobody knows it."""
    if result.attrs["data"] != "twin":
        return None
    layers = ["surface", "rootzone"]
    made = twin("truth", seed, store, names=[f"sm_{layer}" for layer in layers])
    there = made.sel(pixel=result["pixel"], time=result["time"]).reset_coords(drop=True)
    both = there.to_array("layer", name="truth").assign_coords(layer=layers)
    return both.transpose("layer", "place", "time")


def _observed(kind: str, folder, n: int | None, store: Store) -> xr.Dataset:
    there = network.stations(folder)
    names = there.index[there["conus"]].tolist()
    if kind == "core":
        names = [name for name in STAND_INS if name in names]
    else:
        names = [names[k] for k in _spread(len(names), n)]
    root = files.product(folder, "").resolve()
    read = [*network.files_of(folder, names), *conus412.files_of(folder)]
    key = {
        "kind": "in-situ places of study 2",
        "stations": names,
        "data": files.digest((path.resolve() for path in read), root),
    }
    made = store.made(key, lambda: _stations(names, folder))
    return made.assign_attrs(stand_in=STAND_IN if kind == "core" else "")


def _stations(names: list[str], folder) -> xr.Dataset:
    """Stations with complete weather at their pixels."""
    weather = list(INPUTS["observed"])
    read = network.read(folder, names)
    filled = [[quality.fill(row, MAX_GAP) for row in read[name].values] for name in weather]
    recorded = np.isfinite(filled).all(axis=0)
    read = read.assign_coords(recorded=(("station", "time"), recorded))
    read, left_out = quality.complete(read, weather, MAX_GAP, "nearest year")
    pixel_record = conus412.read(folder, (*schema.ATTRIBUTES, "sm_smap"))
    pixels = pixel_record[list(schema.ATTRIBUTES)]
    # A pixel without soil data would leave the land-surface models without a soil.
    with_soil = pixels.isel(pixel=np.flatnonzero(pixels["sand"].notnull()))
    at, outside = network.match(read, with_soil, FARTHEST)
    left_out |= outside
    at, unseen = _seen(at, pixel_record["sm_smap"])
    left_out |= unseen
    read = read.sel(station=at.index.values)
    for name in weather:
        # Before and after the record the networks run on weather of other years, and the models
        # spin up with it; no day there counts.
        rows = [quality.from_other_years(row, outer=True) for row in read[name].values]
        read[name] = ("station", "time"), np.reshape(rows, read[name].shape), read[name].attrs
    short = np.isnan(read["precipitation"].values).any(axis=1)
    left_out |= {
        name: "a record too short to fill a year of weather"
        for name in read["station"].values[short].tolist()
    }
    if short.all():
        reason = next(iter(left_out.items()), ("no station", "none asked for"))
        raise DataError(f"no station left of {len(names)}; {reason[0]}: {reason[1]}")
    nature = pixels.sel(pixel=at["pixel"].values)
    own = {name: ("station", nature[name].values, nature[name].attrs) for name in nature.data_vars}
    read = read.drop_vars(["relative_humidity", "start", "end", "filled"]).assign(own)
    read = read.assign_coords(
        pixel=("station", at["pixel"].to_numpy()),
        distance_km=("station", at["distance"].to_numpy(), {"units": "km"}),
        inside=("station", at["inside"].to_numpy()),
    ).isel(station=~short)
    read.attrs["left_out"] = "\n".join(f"{name}: {why}" for name, why in left_out.items())
    return schema.check_grid(read.rename(station="place"), "in-situ places", place="place")


def _seen(at: pd.DataFrame, smap: xr.DataArray) -> tuple[pd.DataFrame, dict[str, str]]:
    """The matches whose pixel has SMAP often enough, and why others are left out, by station."""
    days = np.flatnonzero(smap.notnull().any("pixel"))
    record = smap.isel(time=slice(days[0], days[-1] + 1)).sel(pixel=at["pixel"].values)
    missing = record.isnull().mean("time").values
    reasons = {
        name: f"its pixel has no SMAP on {share:.0%} of the days; "
        f"at most {MOST_WITHOUT_SMAP:.0%} allowed"
        for name, share in zip(at.index, missing, strict=True)
        if share > MOST_WITHOUT_SMAP
    }
    return at.drop(index=list(reasons)), reasons


def land_surface(
    data: str,
    places: xr.Dataset,
    pixels: xr.Dataset,
    steps: int,
    store: Store,
    folder: Path | str | None = None,
) -> xr.Dataset:
    """``Noah`` and ``VIC`` (layer, place, time), m3 m-3, kept in the store; attribute ``source``.

    Ours run on the weather of the places with ``steps`` a day, their soil follows from texture. On
    the observed track files of NLDAS-2 in the data folder, if both models have some, come first;
    ``pixels`` says which cell a place's pixel is.
    """
    root = Path(folder) if folder else room.folder()
    if data == "observed":
        files = [sorted(root.glob(f"nldas/**/NLDAS_{name.upper()}0125_H.A*")) for name in MODELS]
        if all(files):
            key = _nldas_key([*files[0], *files[1]], places)
            return store.made(key, partial(_of_nldas, places, pixels, root))
    return at_places(data, places, steps, store)


def at_places(data: str, places: xr.Dataset, steps: int, store: Store) -> xr.Dataset:
    """``Noah`` and ``VIC`` (layer, place, time), m3 m-3, of our models, also where files are."""
    return _of_ours(NATURE[data], places, steps, store)


def at_pixels(pixels: xr.Dataset, steps: int, store: Store) -> xr.Dataset:
    """``Noah`` and ``VIC`` (layer, pixel, time), m3 m-3, of our models on the weather of pixels.

    A pixel without soil data has the soil of the median pixel.
    """
    places = pixels.rename(pixel="place")
    for name in ("sand", "clay"):
        places[name] = places[name].fillna(places[name].median())
    if "elevation" not in places:
        places["elevation"] = "place", np.full(places.sizes["place"], np.nan)
    return _of_ours(NATURE["twin"], places, steps, store).rename(place="pixel")


def as_inputs(made: xr.Dataset) -> xr.Dataset:
    """Moisture of both models as variables of their own, those of ``sequence_inputs.MODELLED``."""
    return xr.Dataset(
        {
            f"{model.lower()}_{layer}": made[model].sel(layer=layer, drop=True)
            for model in MODELS
            for layer in made["layer"].values
        }
    )


def _of_ours(nature: tuple[str, ...], places: xr.Dataset, steps: int, store: Store) -> xr.Dataset:
    forcing = places[[name for name in WEATHER if name in places]].reset_coords(drop=True)
    if "eastward_wind" in places:
        speed = np.hypot(places["eastward_wind"], places["northward_wind"])
        forcing["wind_speed"] = speed.reset_coords(drop=True).assign_attrs(units="m s-1")
    height = places["elevation"].fillna(UNKNOWN_ELEVATION).values
    static = places[list(nature)].reset_coords(drop=True)
    static = static.assign(
        latitude=("place", places["latitude"].values), elevation=("place", height)
    )
    key = {
        "kind": "land-surface models of study 2",
        "forcing": fingerprint.of_dataset(forcing),
        "static": fingerprint.of_dataset(static),
        "steps": steps,
    }

    def make() -> xr.Dataset:
        models = (landsurface.noah, landsurface.vic)
        runs = [model(forcing, static, steps_per_day=steps) for model in models]
        return _layers(runs).assign_attrs(source=OWN_MODELS)

    return store.made(key, make)


def _of_nldas(places: xr.Dataset, pixels: xr.Dataset, root: Path) -> xr.Dataset:
    own = pixels.sel(pixel=np.unique(places["pixel"].values))
    days = places["time"].values
    runs = []
    for name in MODELS:
        cells = own["row"].values, own["column"].values
        read = nldas.read_model(root, name.lower(), *cells, start=days[0], end=days[-1])
        read = read.assign_coords(pixel=own["pixel"].values).reindex(time=days)
        read = read.sel(pixel=places["pixel"].values).rename(pixel="place")
        runs.append(read.assign_coords(place=places["place"].values))
    return _layers(runs).assign_attrs(source=NLDAS)


def _nldas_key(files: list[Path], places: xr.Dataset) -> dict:
    states = [path.stat() for path in files]
    return {
        "kind": "models of NLDAS-2 of study 2",
        # An hour is a file, 100,000 of them: to read them all for a fingerprint would take as
        # long as to read them. Names, sizes and dates have to do.
        "names": [path.name for path in files],
        "sizes": [state.st_size for state in states],
        "dates": [int(state.st_mtime) for state in states],
        "pixels": places["pixel"].values,
        "places": places["place"].values,
        "days": places["time"].values[[0, -1]].astype(str),
    }


def _layers(runs: list[xr.Dataset]) -> xr.Dataset:
    made = xr.Dataset(
        {
            name: one[list(VARIABLES)].reset_coords(drop=True).to_array("layer")
            for name, one in zip(MODELS, runs, strict=True)
        }
    )
    made = made.assign_coords(layer=["surface", "rootzone"])
    return made.transpose("layer", "place", "time").astype(np.float32)
