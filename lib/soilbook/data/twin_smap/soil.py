"""The soil columns of the pixels: thin layers on top, hydraulics that the maps do not know."""

import numpy as np

from soilbook.data.twin.columns import Columns, columns
from soilbook.data.twin.cover import COVERS, root_share
from soilbook.data.twin.soil import TIGHTENING, Hydraulics, pedotransfer
from soilbook.data.twin_smap.fields import Space
from soilbook.data.twin_smap.nature import DISTRICT, KINDS, Nature

# Edges of the layers (m). The third is what a probe at 5 cm measures, 3.5 to 6.5 cm (Rondinelli et
# al. 2015, doi:10.1175/JHM-D-14-0137.1); the others of PROBES have their probe inside. Water moves
# in the first WATER_LAYERS of them.
_WATER = (0, 0.015, 0.035, 0.065, 0.135, 0.265, 0.42, 0.58, 0.85, 1.15, 1.5, 2.0)
EDGES = np.array([*_WATER, 3, 4.5, 7, 11])
THICKNESS = np.diff(EDGES)
WATER_LAYERS = len(_WATER) - 1
PROBES = np.array([2, 3, 4, 6, 8])
SURFACE, ROOT_ZONE = 0.05, 1.0  # m
# Deviations of the truth from texture: those of Cosby et al. (1984, doi:10.1029/WR020i006p00682),
# Table 4, within a class, but half of them since pixels are means of many soils.
POROSITY, ENTRY, SLOPE, CONDUCTIVITY = 0.03, 0.2, 0.12, 0.25


def shares(bottom: float) -> np.ndarray:
    """Share of 0..``bottom`` (m) in each water layer, (layer,)."""
    edges = np.minimum(EDGES[: WATER_LAYERS + 1], bottom)
    return np.diff(edges) / bottom


def soil(space: Space, nature: Nature) -> Hydraulics:
    """Hydraulics (place, layer) of the true texture and what it does not tell."""
    top = pedotransfer(nature.sand[:, None], nature.clay[:, None])

    def off(name):
        return space.pattern(name, DISTRICT)[:, None]

    depth = (EDGES[1:] + EDGES[:-1])[:WATER_LAYERS] / 2
    return Hydraulics(
        saturation=top.saturation + POROSITY * off("porosity"),
        entry=top.entry * 10 ** (ENTRY * off("entry")),
        slope=top.slope * np.exp(SLOPE * off("slope")),
        saturated_conductivity=top.saturated_conductivity
        * 10 ** (CONDUCTIVITY * off("conductivity"))
        * np.exp(-depth / TIGHTENING),
    )


def soil_columns(hydraulics: Hydraulics, nature: Nature) -> Columns:
    """The columns with their roots, for ``twin.water.step``."""
    edges = EDGES[: WATER_LAYERS + 1]
    roots = [root_share(COVERS[KINDS[one]].roots, edges) for one in nature.cover.tolist()]
    return columns(hydraulics, np.stack(roots), THICKNESS[:WATER_LAYERS])
