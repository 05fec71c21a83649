"""The truth at the in-situ places: known on the twin, nowhere else."""

import xarray as xr

from soilbook.store import Store
from soilbook.studies.smap import places

LAYERS = {"surface": "sm_surface", "rootzone": "sm_rootzone"}


def at_places(result: xr.Dataset, seed: int = 0, store: Store | None = None) -> xr.DataArray | None:
    """True moisture of each place's pixel (layer, place, time), m3 m-3, on the days of ``result``,
    a result of ``studies.smap.hindcast.run``; None on the observed track, where nobody knows it."""
    if result.attrs["data"] != "twin":
        return None
    made = places.twin("truth", seed, store, names=LAYERS.values())
    layers = [made[name].rename("truth") for name in LAYERS.values()]
    pixels = xr.concat(layers, xr.DataArray(list(LAYERS), dims="layer", name="layer"))
    there = pixels.sel(pixel=result["pixel"], time=result["time"])
    return there.reset_coords(drop=True).transpose("layer", "place", "time")
