"""Moisture of Noah and VIC at in-situ places: NLDAS-2's where its files are, else our models'."""

from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import data as room
from soilbook import fingerprint, landsurface
from soilbook.data import nldas
from soilbook.data.network_table import UNKNOWN_ELEVATION
from soilbook.store import Store

STAND_IN = "Noah-type and VIC-type models of this project; they stand in for those of NLDAS"
NLDAS = "Noah and VIC of NLDAS-2"
MODELS = ("Noah", "VIC")
VARIABLES = ("sm_surface", "sm_rootzone")
WEATHER = ("precipitation", "air_temperature", "shortwave", "specific_humidity", "longwave")
# A pixel has the plants of its map; the reference stations stand on grass, whatever lies around
# them, and their greenness follows from their climate.
NATURE = {"twin": ("sand", "clay", "flag_land_cover", "ndvi"), "observed": ("sand", "clay")}


def moisture(
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
    files = _files(root) if data == "observed" else []
    if files:
        return store.made(_nldas_key(files, places), partial(_of_nldas, places, pixels, root))
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


def _files(root: Path) -> list[Path]:
    """Hourly files of both models; none if one model has none."""
    found = [sorted(root.glob(f"nldas/**/NLDAS_{name.upper()}0125_H.A*")) for name in MODELS]
    return [*found[0], *found[1]] if all(found) else []


def _inputs(nature: tuple[str, ...], places: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Weather and nature of the places as the models want them."""
    forcing = places[[name for name in WEATHER if name in places]].reset_coords(drop=True)
    if "eastward_wind" in places:
        speed = np.hypot(places["eastward_wind"], places["northward_wind"])
        forcing["wind_speed"] = speed.reset_coords(drop=True).assign_attrs(units="m s-1")
    height = places["elevation"].fillna(UNKNOWN_ELEVATION).values
    static = places[list(nature)].reset_coords(drop=True)
    static = static.assign(
        latitude=("place", places["latitude"].values), elevation=("place", height)
    )
    return forcing, static


def _of_ours(nature: tuple[str, ...], places: xr.Dataset, steps: int, store: Store) -> xr.Dataset:
    forcing, static = _inputs(nature, places)

    def make() -> xr.Dataset:
        models = (landsurface.noah, landsurface.vic)
        runs = [model(forcing, static, steps_per_day=steps) for model in models]
        return _layers(runs).assign_attrs(source=STAND_IN)

    return store.made(_our_key(forcing, static, steps), make)


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


def _our_key(forcing: xr.Dataset, static: xr.Dataset, steps: int) -> dict:
    return {
        "kind": "land-surface models of study 2",
        "forcing": fingerprint.of_dataset(forcing),
        "static": fingerprint.of_dataset(static),
        "steps": steps,
    }


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
