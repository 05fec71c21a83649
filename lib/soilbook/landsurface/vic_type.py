"""A land-surface model of this project after VIC: three layers under a variable infiltration curve.

Liang, Lettenmaier, Wood and Burges (1994, doi:10.1029/94JD00483) with the thin top layer of Liang,
Wood and Lettenmaier (1996, doi:10.1016/0921-8181(95)00046-1). Simpler than VIC: one kind of cover
and bare soil at each site, water flows between layers by gravity alone, the soil does not freeze.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilbook.errors import ParameterError
from soilbook.landsurface import columns, curve, inputs, run
from soilbook.landsurface.cover import Cover, root_profile
from soilbook.landsurface.demand import Drive
from soilbook.landsurface.snow import covered, melt
from soilbook.landsurface.soil import Soil

TITLE = "VIC-type model of this project, not NLDAS VIC"
PER_LEAF = 0.2  # mm that a unit of leaf area holds
WET_LEAVES = 2 / 3  # power of the wet part of the leaves
CRITICAL = 0.7  # of the water between wilting and field capacity: below it plants feel drought


ALLOWED = {
    "shape": "more than 0 is allowed",
    "slow": "0 to 1 is allowed",
    "bend": "between 0 and 1 is allowed",
    "most_baseflow": "0 or more is allowed",
    "power": "1 or more is allowed",
    "layers": "three thicknesses above 0 mm are allowed",
}


@dataclass(frozen=True)
class Parameters:
    """What is calibrated in VIC: shape of the infiltration curve, and base flow.

    Base flow grows linearly up to ``slow`` of ``most_baseflow`` (mm d-1) where the lowest layer is
    ``bend`` full, and then to ``most_baseflow`` with the power ``power``; layers in mm.
    The shape was chosen out of 0.05, 0.1, 0.2 and 0.4 for the reference stations' moisture in
    2015-04 to 2017-03; nothing else was fitted.
    """

    shape: float = 0.1
    slow: float = 0.02
    bend: float = 0.8
    most_baseflow: float = 10.0
    power: float = 2.0
    layers: tuple[float, float, float] = (100.0, 400.0, 1000.0)

    def __post_init__(self):
        allowed = {
            "shape": self.shape > 0,
            "slow": 0 <= self.slow <= 1,
            "bend": 0 < self.bend < 1,
            "most_baseflow": self.most_baseflow >= 0,
            "power": self.power >= 1,
            "layers": len(self.layers) == 3 and min(self.layers) > 0,
        }
        for name, good in allowed.items():
            if not good:
                raise ParameterError(f"VIC-type {name} is {getattr(self, name)!r}; {ALLOWED[name]}")


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

    @property
    def residual(self) -> np.ndarray:
        """Air-dry soil (m3 m-3), half the wilting point."""
        return self.soil.wilting / 2

    def start(self) -> State:
        """Soil at field capacity; no snow, dry leaves."""
        none = np.zeros(self.roots.shape[1])
        theta = np.broadcast_to(self.soil.field_capacity, self.roots.shape).copy()
        return State(theta, none, none)

    def step(self, state: State, d: Drive) -> tuple[State, run.Fluxes]:
        """State after a step, and the water that left (mm)."""
        soil, dt, shape = self.soil, self.day_part, self.parameters.shape
        pack = state.pack + d.snowfall
        melted = melt(pack, d.temperature, dt)
        pack = pack - melted
        hidden = covered(pack, self.cover.hiding_snow)
        dark = hidden * (self.cover.snow_albedo - self.cover.albedo) * d.shortwave
        potential = np.maximum(d.potential - d.by_heat * dark, 0) * dt
        from_snow = np.minimum(potential * hidden, pack)
        potential = potential * (1 - hidden)

        # What the air takes up from leaves, roots and bare soil (mm in this step).
        most = PER_LEAF * d.leaves
        held = state.canopy + d.shade * d.rain
        drip = np.maximum(held - d.shade * most, 0)
        held = held - drip
        wet = np.minimum(held / np.maximum(d.shade * most, 1e-9), 1) ** WET_LEAVES
        from_leaves = np.minimum(potential * d.shade * wet, held)
        enough = CRITICAL * (soil.field_capacity - soil.wilting)
        stress = (state.theta - soil.wilting) / enough
        supply = self.roots * np.clip(stress, 0, 1)
        wetness = supply.sum(axis=0)
        opening = d.open * wetness / (d.open * wetness + d.closed)
        from_roots = potential * d.shade * (1 - wet) * opening
        taken = supply * (from_roots / np.maximum(wetness, 1e-12))
        share = curve.evaporation_share(state.theta[0] / soil.porosity, shape)
        from_soil = potential * (1 - d.shade) * share
        above_dry = self.thickness[0] * (state.theta[0] - self.residual)
        from_soil = np.minimum(from_soil, np.maximum(above_dry - taken[0], 0))
        taken[0] += from_soil

        arrives = d.rain * (1 - d.shade) + drip + melted
        water, ran, drainage = self._soil_water(state.theta * self.thickness, arrives, taken)
        vapour = from_snow + from_leaves + from_roots + from_soil
        after = State(water / self.thickness, held - from_leaves, pack - from_snow)
        return after, run.Fluxes(vapour, ran, drainage)

    def _soil_water(self, water, arrives, taken):
        """Water (mm) in the layers after a step, runoff and base flow (mm).

        The upper two layers share one infiltration curve (Liang et al. 1996).
        """
        soil, p = self.soil, self.parameters
        high, low = soil.porosity * self.thickness, self.residual * self.thickness
        largest = high[:2].sum(axis=0)
        fullness = np.minimum(water[:2].sum(axis=0) / largest, 1)
        ran = curve.runoff(arrives, fullness, largest, p.shape)
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
        water, spilled, drawn = columns.keep_bounds(water, low, high)
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
    edges = np.concatenate([[0.0], np.cumsum(parameters.layers)])
    model = Vic(
        soil=known.soil,
        cover=known.cover,
        roots=root_profile(known.cover, edges),
        thickness=thickness,
        day_part=1 / steps_per_day,
        parameters=parameters,
    )
    return run.simulate(model, known, spin_up_years, steps_per_day, TITLE)
