"""Water in the soil of the Noah-type model: infiltration and Richards' equation.

Arrays (layer, site) or (site,); water and thickness in mm, rates in mm d-1, ``day_part`` in d.
"""

import numpy as np

from soilbook.landsurface import columns
from soilbook.landsurface.soil import Soil

REFERENCE_RUNOFF = 3.0  # Noah's kdt at the reference conductivity
REFERENCE_CONDUCTIVITY = 2e-6 * 1000 * 86400  # mm d-1
FROZEN_SHAPE = 3  # Noah's parameter of the patchiness of frozen ground
FROZEN_REFERENCE = 150.0  # mm of ice at which the ground of Noah's reference soil gets tight
DRAINS = 1.0  # share of the conductivity that drains freely from the lowest layer


def infiltration(
    supply: np.ndarray,
    theta: np.ndarray,
    ice: np.ndarray,
    soil: Soil,
    thickness: np.ndarray,
    day_part: float,
) -> np.ndarray:
    """Water (mm, (site,)) that enters the soil out of ``supply`` (mm) in a part of a day.

    Probability-averaged storage of Schaake et al. (1996, doi:10.1029/95JD02892), less where ice
    closes pores (Koren et al. 1999, doi:10.1029/1999JD900232), at least what the wet top conducts.
    """
    room = (thickness * (soil.porosity - theta)).sum(axis=0)
    rate = REFERENCE_RUNOFF * soil.conductivity / REFERENCE_CONDUCTIVITY
    room = np.maximum(room, 0) * (1 - np.exp(-rate * day_part))
    enters = supply * room / np.maximum(supply + room, 1e-12)
    if ice.any():
        enters = enters * open_ground((thickness * ice).sum(axis=0), soil)
    wet = np.minimum((theta[0] - ice[0]) / soil.porosity, 1)
    conducts = soil.conductivity * wet**soil.power * day_part
    return np.minimum(np.maximum(enters, conducts), supply)


def open_ground(ice: np.ndarray, soil: Soil) -> np.ndarray:
    """Share of the infiltration that frozen ground with ``ice`` (mm) lets in.

    Ice is spread by a gamma distribution of shape 3, and closes what holds more than a limit: Koren
    et al. (1999).
    """
    tight = FROZEN_REFERENCE * soil.porosity / soil.noah_reference * (0.412 / 0.468)
    part = FROZEN_SHAPE * tight / np.maximum(ice, 1e-6)
    return 1 - np.exp(-part) * (1 + part + part**2 / 2)


def redistribute(
    theta: np.ndarray,
    ice: np.ndarray,
    gain: np.ndarray,
    soil: Soil,
    thickness: np.ndarray,
    day_part: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Water content (m3 m-3) after a part of a day, spill at the top and drainage (mm, (site,)).

    ``gain`` (mm): infiltration less what evaporates and roots take. Richards' equation in water
    content, as in Chen and Dudhia (2001), with free drainage; diffusivity is that of the layer
    above an edge. The step is implicit, with conductivity linearised, and loses no water.
    """
    relative = (theta - ice) / soil.porosity
    log = np.log(relative)
    conducts = soil.conductivity * np.exp(soil.power * log)
    flux = conducts.copy()
    by_above = soil.power * conducts / (theta - ice)
    diffuses = soil.slope * soil.conductivity * soil.entry / soil.porosity
    diffuses = diffuses * np.exp((soil.slope + 2) * log[:-1])
    exchange = diffuses / ((thickness[1:] + thickness[:-1]) / 2)
    flux[:-1] += exchange * (theta - ice)[:-1] - exchange * (theta - ice)[1:]
    flux[-1] *= DRAINS
    by_above[-1] *= DRAINS
    by_above[:-1] += exchange
    diagonal = thickness / day_part + by_above
    diagonal[1:] += exchange
    right = gain / day_part - flux
    right[1:] += flux[:-1]
    change = columns.solve(-by_above[:-1], diagonal, -exchange, right)
    drainage = (flux[-1] + by_above[-1] * change[-1]) * day_part
    water, spilled, drawn = columns.keep_bounds(
        (theta + change) * thickness, soil.noah_wilting * thickness, soil.porosity * thickness
    )
    return water / thickness, spilled, drainage - drawn
