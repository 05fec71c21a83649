"""What takes the place of study 2's stand-ins on the observed track, where its files are there.

SPL3SMP takes the place of the retrievals in the authors' example data base, SPL4SMGP that of an
exponential filter, and the forcing of NLDAS-2 at the stations that of their own weather. Noah and
VIC of NLDAS-2 are those of ``places.land_surface``.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.data import files, giovanni, smap
from soilbook.store import Store

# A year of days with a retrieval: a network that learnt from fewer knows no seasons.
LEAST_DAYS = 365
NESTED = 4  # rows and columns of the 9 km grid in a pixel of 36 km
L3, L4 = "sm_smap", "sm_smap_rootzone"
NLDAS = "NLDAS-2 at the stations"
# Granules: variable, product, what they stand in for, and what else the page calls them.
WORDS = {
    "smap_l3": (L3, "SPL3SMP", "the retrievals of the authors' example data base"),
    "smap_l4": (L4, "SPL4SMGP, mean of the 9 km cells of a pixel", "the exponential filter"),
}


def at_pixels(pixels: xr.Dataset) -> xr.Dataset:
    """``pixels`` (pixel, time) with ``sm_smap`` of SPL3SMP and ``sm_smap_rootzone`` of SPL4SMGP.

    A product without granules, or with fewer than LEAST_DAYS days of retrievals in the days of
    ``pixels``, changes nothing. The attribute ``replaced`` has a line for each product that there
    is. Raises DataError as the readers do.
    """
    made, lines = pixels, []
    for folder, read in (("smap_l3", _l3), ("smap_l4", _l4)):
        name, product, instead = WORDS[folder]
        if name == L3 and L3 not in pixels:
            continue
        found = granules(folder)
        if not found:
            continue
        whole = _kept(folder, found, pixels, read)
        values = whole[name].reindex(time=pixels["time"]).transpose("pixel", "time")
        days = int(values.notnull().any("pixel").sum())
        if days < LEAST_DAYS:
            lines.append(f"{product}: {days} days with a value are too few ({LEAST_DAYS} needed)")
            continue
        made = made.assign({name: (values.dims, values.values, values.attrs)})
        lines.append(f"{product} ({days} days) in place of {instead}")
    return made.assign_attrs(replaced="\n".join(lines)) if lines else made


def granules(folder: str) -> dict[str, Path]:
    """Granules of ``smap_l3`` or ``smap_l4`` by time stamp; none where the folder is not there."""
    return smap.granules(None, folder) if (files.folder() / folder).is_dir() else {}


def _kept(
    folder: str, found: dict[str, Path], pixels: xr.Dataset, read: Callable[..., xr.Dataset]
) -> xr.Dataset:
    """What ``read`` makes of granules, from the store: thousands of them take an hour."""
    key = {
        "kind": f"granules of {folder} at pixels",
        "files": states(found.values()),
        "rows": pixels["row"].values,
        "columns": pixels["column"].values,
        "least": LEAST_DAYS,
    }
    return Store().made(key, partial(read, pixels))


def states(paths) -> list[list]:
    """Names, sizes and dates of large files, which stand for their content."""
    root = files.folder()
    found = [(path.relative_to(root).as_posix(), path.stat()) for path in paths]
    return [[name, state.st_size, state.st_mtime_ns] for name, state in found]


def _l3(pixels: xr.Dataset) -> xr.Dataset:
    made = smap.read_l3(None, pixels["row"].values, pixels["column"].values)
    return made.assign_coords(pixel=pixels["pixel"].values)


def _l4(pixels: xr.Dataset) -> xr.Dataset:
    """Mean of the 9 km cells that lie in each pixel, those without a value left out."""
    inner = np.arange(NESTED)
    row, column = np.broadcast_arrays(
        NESTED * pixels["row"].values[:, None, None] + inner[:, None],
        NESTED * pixels["column"].values[:, None, None] + inner,
    )
    fine = smap.read_l4(None, row.ravel(), column.ravel())[L4]
    owner = np.repeat(np.arange(pixels.sizes["pixel"]), NESTED**2)
    mean = fine.assign_coords(owner=("pixel", owner)).groupby("owner").mean("pixel")
    mean = mean.rename(owner="pixel").assign_coords(pixel=pixels["pixel"].values)
    return mean.transpose("pixel", "time").assign_attrs(fine.attrs).to_dataset(name=L4)


def weather_files(stations: pd.DataFrame) -> list[Path]:
    """The forcing of NLDAS-2 at stations, a table by name with latitude and longitude; none unless
    the files of all are there."""
    if not (files.folder() / giovanni.FOLDER).is_dir():
        return []
    return giovanni.files_of(None, ["forcing"], positions(stations, stations.index))


def weather(stations: pd.DataFrame, time: xr.DataArray, names: tuple[str, ...]) -> xr.Dataset:
    """The variables ``names`` of that forcing, (station, time), on the days of ``time``; NaN where
    a day has not all of its hours."""
    made = giovanni.read(None, "forcing", positions(stations, stations.index))[list(names)]
    made = made.reindex(time=time).transpose("station", "time").astype(np.float32)
    return made.drop_vars(["latitude", "longitude"])


def positions(places: pd.DataFrame | xr.Dataset, names) -> dict[str, tuple[float, float]]:
    """Latitude and longitude (degrees) of places by their names."""
    at = zip(*(places[axis].values.tolist() for axis in ("latitude", "longitude")), strict=True)
    return dict(zip(map(str, names), at, strict=True))


def told(grid: xr.Dataset, insitu: dict[str, xr.Dataset], models: str) -> pd.DataFrame:
    """What each part of the observed track rests on: part, source, and whether it stands in.

    ``grid`` and ``insitu`` are those of ``places``; ``models`` says whose Noah and VIC these are.
    """
    said = "\n".join([grid.attrs.get("replaced", ""), *(p.attrs.get("replaced", "") for p in
                     insitu.values())])  # fmt: skip
    rows = [
        ("surface moisture to learn", _line(said, WORDS["smap_l3"][1]) or "example data base"),
        ("root zone to learn", _line(said, "SPL4SMGP") or "exponential filter of the surface"),
        ("weather of the stations", _line(said, NLDAS) or "the stations' own instruments"),
        ("Noah and VIC", models),
        ("core sites", next(filter(None, (p.attrs["stand_in"] for p in insitu.values())), "")),
    ]
    return pd.DataFrame(rows, columns=["part", "source"])


def drawn(told: pd.DataFrame) -> dict[str, str]:
    """Lines of the boxes of Fig 1 that the files change, as ``s2_a_data.drawing`` takes them;
    ``told`` is that table."""
    source = told.set_index("part")["source"]
    lines = {
        "surface moisture to learn": {"SMAP L3": "SPL3SMP, morning,|412 pixels"},
        "root zone to learn": {"SMAP L4": "SPL4SMGP, mean|of a pixel", "filter": ""},
        "weather of the stations": {"forcing": "NLDAS-2, at pixels|and stations"},
    }
    changed = {}
    for part, boxes in lines.items():
        changed |= boxes if " in place of " in source[part] else {}
    if source["Noah and VIC"].endswith("of NLDAS-2"):
        changed |= {name: f"{name} of|NLDAS-2" for name in ("Noah", "VIC")}
    return changed


def _line(said: str, beginning: str) -> str:
    return next((line for line in said.split("\n") if line.startswith(beginning)), "")
