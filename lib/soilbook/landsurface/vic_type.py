"""A land-surface model of this project after VIC: three layers under a variable infiltration curve.

Liang, Lettenmaier, Wood and Burges (1994, doi:10.1029/94JD00483) with the thin top layer of Liang,
Wood and Lettenmaier (1996, doi:10.1016/0921-8181(95)00046-1). Simpler than VIC: one kind of cover
and bare soil at each site, water flows between layers by gravity alone, the soil does not freeze.

The curve: infiltration capacity i over a part A of the ground, i = most (1 - (1 - A)^(1 / shape)),
Zhao et al. (1980) and Liang et al. (1994). ``fullness`` is the mean storage over the largest, 0..1.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field

from soilbook.landsurface import inputs, run
from soilbook.landsurface.inputs import Cover
from soilbook.landsurface.run import Drive
from soilbook.physics.soil import Soil, keep_bounds, root_share
from soilbook.settings import Checked

TITLE = "VIC-type model of this project, not NLDAS VIC"
PER_LEAF = 0.2  # mm that a unit of leaf area holds
WET_LEAVES = 2 / 3  # power of the wet part of the leaves
CRITICAL = 0.7  # of the water between wilting and field capacity: below it plants feel drought
POINTS = 2001  # of the table of ``evaporation_share``
NODES = 40  # of the quadrature

Thickness = Annotated[float, Field(gt=0)]


class Parameters(Checked):
    """What is calibrated in VIC: shape of the infiltration curve, and base flow.

    Base flow grows linearly up to ``slow`` of ``most_baseflow`` (mm d-1) where the lowest layer is
    ``bend`` full, and then to ``most_baseflow`` with the power ``power``; layers in mm.
    The shape was chosen out of 0.05, 0.1, 0.2 and 0.4 for the reference stations' moisture in
    2015-04 to 2017-03; nothing else was fitted.
    """

    shape: Annotated[float, Field(gt=0)] = 0.1
    slow: Annotated[float, Field(ge=0, le=1)] = 0.02
    bend: Annotated[float, Field(gt=0, lt=1)] = 0.8
    most_baseflow: Annotated[float, Field(ge=0)] = 10.0
    power: Annotated[float, Field(ge=1)] = 2.0
    layers: tuple[Thickness, Thickness, Thickness] = (100.0, 400.0, 1000.0)


class State(NamedTuple):
    """theta (m3 m-3), (layer, site); canopy and pack (mm), (site,)."""

    theta: np.ndarray
    canopy: np.ndarray
    pack: np.ndarray


@dataclass(frozen=True)
class Vic:
    """The model at its sites: roots (layer, site), step (d)."""

    soil: Soil
    cover: Cover
    roots: np.ndarray
    thickness: np.ndarray
    day_part: float
    parameters: Parameters

    def start(self) -> State:
        """Soil at field capacity; no snow, dry leaves."""
        none = np.zeros(self.roots.shape[1])
        theta = np.broadcast_to(self.soil.field_capacity, self.roots.shape).copy()
        return State(theta, none, none)

    def step(self, state: State, d: Drive) -> tuple[State, run.Fluxes]:
        """State after a step, and the water that left (mm)."""
        soil = self.soil
        snow = run.snow(state.pack, self.cover, d, self.day_part)

        # What the air takes up from leaves, roots and bare soil (mm in this step).
        stress = (state.theta - soil.wilting) / (CRITICAL * (soil.field_capacity - soil.wilting))
        supply = self.roots * np.clip(stress, 0, 1)
        most = d.shade * (PER_LEAF * d.leaves)
        up = run.uptake(state.canopy, most, WET_LEAVES, snow.potential, supply, d)
        share = evaporation_share(state.theta[0] / soil.porosity, self.parameters.shape)
        from_soil = snow.potential * (1 - d.shade) * share
        above_dry = self.thickness[0] * (state.theta[0] - soil.residual)
        from_soil = np.minimum(from_soil, np.maximum(above_dry - up.taken[0], 0))
        up.taken[0] += from_soil

        arrives = d.rain * (1 - d.shade) + up.drip + snow.melted
        water, ran, drainage = self._soil_water(state.theta * self.thickness, arrives, up.taken)
        vapour = snow.sublimed + up.from_leaves + up.from_roots + from_soil
        after = State(water / self.thickness, up.held, snow.pack)
        return after, run.Fluxes(vapour, ran, drainage)

    def _soil_water(self, water, arrives, taken):
        """Water (mm) in the layers after a step, runoff and base flow (mm).

        The upper two layers share one infiltration curve (Liang et al. 1996).
        """
        soil, p = self.soil, self.parameters
        high, low = soil.porosity * self.thickness, soil.residual * self.thickness
        largest = high[:2].sum(axis=0)
        fullness = np.minimum(water[:2].sum(axis=0) / largest, 1)
        ran = runoff(arrives, fullness, largest, p.shape)
        water = water - taken
        enters = arrives - ran
        for k in range(2):
            water[k] += enters
            # What does not fit goes on down.
            over = np.maximum(water[k] - high[k], 0)
            water[k] -= over
            enters = over + self._gravity(water[k], low[k], high[k])
            water[k] -= enters - over
        base = np.minimum(
            self.baseflow(water[2], low[2], high[2]), np.maximum(water[2] - low[2], 0)
        )
        water[2] += enters - base
        water, spilled, drawn = keep_bounds(water, low, high, np.ones(len(water)))
        return water, ran + spilled, base - drawn

    def _gravity(self, water, low, high):
        """Drainage (mm) of a layer by its Brooks-Corey conductivity, integrated over the step.

        d(water)/dt = -K fullness^n with n = 3 + 2 slope has a closed solution: no step is too long.
        """
        room, n = high - low, self.soil.power
        fullness = np.maximum((water - low) / room, 1e-6)
        passed = (n - 1) * self.soil.conductivity * self.day_part / room
        left = (fullness ** (1 - n) + passed) ** (1 / (1 - n))
        return np.maximum(fullness - left, 0) * room

    def baseflow(self, water, low, high):
        """Base flow (mm in a step), linear and then a power: the ARNO curve."""
        p = self.parameters
        fullness = np.clip((water - low) / (high - low), 0, 1)
        steep = np.maximum((fullness - p.bend) / (1 - p.bend), 0) ** p.power
        rate = p.slow / p.bend * fullness + (1 - p.slow / p.bend) * steep
        return p.most_baseflow * rate * self.day_part


def vic(
    forcing: xr.Dataset,
    static: xr.Dataset,
    spin_up_years: float = 2,
    steps_per_day: int = 8,
    parameters: Parameters | None = None,
) -> xr.Dataset:
    """Soil moisture and water fluxes of the VIC-type model, every day, at every site.

    ``forcing`` and ``static``: see ``inputs``. Returns what ``noah`` returns, with three layers;
    ``drainage`` is the base flow. Raises DataError for weather with gaps, ParameterError for
    parameters, steps or years not allowed.
    """
    run.check(spin_up_years, steps_per_day)
    known = inputs.read(forcing, static)
    parameters = parameters or Parameters()
    thickness = np.array(parameters.layers)[:, None]
    centimetres = np.concatenate([[0.0], np.cumsum(parameters.layers)])[:, None] / 10
    model = Vic(
        soil=known.soil,
        cover=known.cover,
        roots=root_share(known.cover.root_base, centimetres),
        thickness=thickness,
        day_part=1 / steps_per_day,
        parameters=parameters,
    )
    return run.simulate(model, known, spin_up_years, steps_per_day, TITLE)


def full_ground(fullness, shape: float) -> np.ndarray:
    """Part of the ground whose storage is full."""
    return 1 - (1 - np.asarray(fullness)) ** (shape / (1 + shape))


def runoff(water, fullness, largest, shape: float) -> np.ndarray:
    """Runoff (mm) out of ``water`` (mm) onto ground that can hold ``largest`` mm in the mean.

    The capacity curve integrated over the ground, Liang et al. (1994).
    """
    most = (1 + shape) * largest
    start = most * (1 - (1 - fullness) ** (1 / (1 + shape)))
    left = np.maximum(1 - (start + water) / most, 0) ** (1 + shape)
    return np.clip(water - largest * (1 - fullness) + largest * left, 0, water)


def evaporation_share(fullness, shape: float) -> np.ndarray:
    """Evaporation from bare soil over the potential one.

    Full ground evaporates at the potential rate, the rest at the ratio of the wet front's storage
    to its own capacity (Liang et al. 1994). Looked up in a table of that integral.
    """
    return np.interp(fullness, *_evaporation_table(shape))


@lru_cache(maxsize=16)
def _evaporation_table(shape: float) -> tuple[np.ndarray, np.ndarray]:
    # Dense at both ends, where the share bends most.
    fullness = (1 - np.cos(np.linspace(0, np.pi, POINTS))) / 2
    full = full_ground(fullness, shape)
    front = 1 - (1 - fullness) ** (1 / (1 + shape))
    # Over v = 1 - A, from 0 to the part that is not full, by Gauss-Legendre quadrature.
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    v = (1 - full)[:, None] * (nodes + 1) / 2
    inner = front[:, None] / np.maximum(1 - v ** (1 / shape), 1e-300)
    share = full + (1 - full) * (np.minimum(inner, 1) * weights / 2).sum(axis=1)
    share[0], share[-1] = 0.0, 1.0
    return fullness, share
