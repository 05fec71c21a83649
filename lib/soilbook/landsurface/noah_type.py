"""A land-surface model of this project after Noah: four layers, Richards' equation, Jarvis canopy.

Chen and Dudhia (2001, doi:10.1175/1520-0493(2001)129<0569:CAALSH>2.0.CO;2) and Ek et al. (2003,
doi:10.1029/2002JD003296). Simpler than Noah: exchange with the air is neutral, snow melts by
degree-days, no dew falls, soil properties follow from texture by regression and not by class.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilbook.landsurface import heat, inputs, richards, run
from soilbook.landsurface.cover import Cover, noah_roots
from soilbook.landsurface.demand import MILLIMETRES, Drive
from soilbook.landsurface.snow import covered, melt
from soilbook.landsurface.soil import Soil

TITLE = "Noah-type model of this project, not NLDAS Noah"
THICKNESS = (100.0, 300.0, 600.0, 1000.0)  # mm
CANOPY = 0.5  # mm that leaves hold
WET_LEAVES = 0.5  # power of the wet part of the leaves
BARE = 2.0  # power of the wetness in evaporation from bare soil


class State(NamedTuple):
    """theta (m3 m-3) and temperature (degC), (layer, site); canopy, pack (mm) and heat into the
    ground (W m-2), (site,).
    """

    theta: np.ndarray
    temperature: np.ndarray
    canopy: np.ndarray
    pack: np.ndarray
    ground_heat: np.ndarray


@dataclass(frozen=True)
class Noah:
    """The model at its sites: roots (layer, site), deep temperature (degC, (site,)), step (d)."""

    soil: Soil
    cover: Cover
    roots: np.ndarray
    deep: np.ndarray
    thickness: np.ndarray
    day_part: float

    def start(self) -> State:
        """Soil at field capacity and at its deep temperature; no snow, dry leaves."""
        shape = self.roots.shape
        none = np.zeros(shape[1])
        theta = np.broadcast_to(self.soil.field_capacity, shape).copy()
        return State(theta, np.broadcast_to(self.deep, shape).copy(), none, none, none)

    def step(self, state: State, d: Drive) -> tuple[State, run.Fluxes]:
        """State after a step, and the water that left (mm)."""
        soil, dt = self.soil, self.day_part
        pack = state.pack + d.snowfall
        melted = melt(pack, d.temperature, dt)
        pack = pack - melted
        hidden = covered(pack, self.cover.hiding_snow)
        frozen = heat.ice(state.theta, state.temperature, soil)
        liquid = state.theta - frozen

        # What the air takes up from snow, leaves, bare soil and roots (mm in this step).
        dark = hidden * (self.cover.snow_albedo - self.cover.albedo) * d.shortwave
        potential = d.potential - d.by_heat * (dark + state.ground_heat)
        potential = np.maximum(potential, 0) * dt
        from_snow = np.minimum(potential * hidden, pack)
        potential = potential * (1 - hidden)
        held = state.canopy + d.shade * d.rain
        drip = np.maximum(held - CANOPY, 0)
        held = held - drip
        wet = (held / CANOPY) ** WET_LEAVES
        from_leaves = np.minimum(potential * d.shade * wet, held)
        stress = (liquid - soil.noah_wilting) / (soil.noah_reference - soil.noah_wilting)
        supply = self.roots * np.clip(stress, 0, 1)
        wetness = supply.sum(axis=0)
        opening = d.open * wetness / (d.open * wetness + d.closed)
        from_roots = potential * d.shade * (1 - wet) * opening
        taken = supply * (from_roots / np.maximum(wetness, 1e-12))
        dry = (liquid[0] - soil.noah_wilting) / (soil.porosity - soil.noah_wilting)
        from_soil = potential * (1 - d.shade) * np.maximum(dry, 0) ** BARE
        taken[0] += from_soil

        arrives = d.rain * (1 - d.shade) + drip + melted
        enters = richards.infiltration(arrives, state.theta, frozen, soil, self.thickness, dt)
        gain = -taken
        gain[0] += enters
        theta, spilled, drainage = richards.redistribute(
            state.theta, frozen, gain, soil, self.thickness, dt
        )
        vapour = from_snow + from_leaves + from_roots + from_soil
        energy = d.radiation - dark - vapour / dt / MILLIMETRES
        temperature, ground_heat = self._warm(state, theta, pack - from_snow, energy, d)
        after = State(theta, temperature, held - from_leaves, pack - from_snow, ground_heat)
        return after, run.Fluxes(vapour, arrives - enters + spilled, drainage)

    def _warm(self, state: State, theta, pack, energy, d: Drive):
        """Soil temperature and ground heat; the skin balances radiation, evaporation and air."""
        conducts = heat.conductivity(theta, self.soil)
        entry = heat.top_conductance(conducts, self.thickness, d.shade, pack)
        outside = d.temperature + energy / d.exchange
        outside = np.where(pack > 0, np.minimum(outside, 0), outside)
        skin = outside, entry * d.exchange / (entry + d.exchange)
        return heat.step(
            state.temperature,
            theta,
            skin,
            self.deep,
            conducts,
            self.soil,
            self.thickness,
            self.day_part,
        )


def noah(
    forcing: xr.Dataset, static: xr.Dataset, spin_up_years: float = 2, steps_per_day: int = 8
) -> xr.Dataset:
    """Soil moisture and water fluxes of the Noah-type model, every day, at every site.

    ``forcing`` and ``static``: see ``inputs``. Returns ``sm`` (site, layer, time), ``sm_surface``
    (0-10 cm) and ``sm_rootzone`` (0-100 cm) in m3 m-3, fluxes in mm d-1 and stores in mm.
    Precipitation is evapotranspiration, runoff, drainage and the change of ``storage``. Moisture
    counts ice as water: frozen ground near the surface fills with melt water.
    ``soil_temperature`` in degC. DataError for weather with gaps, ParameterError for settings.
    """
    run.check(spin_up_years, steps_per_day)
    known = inputs.read(forcing, static)
    thickness = np.array(THICKNESS)[:, None]
    model = Noah(
        soil=known.soil,
        cover=known.cover,
        roots=noah_roots(known.cover, thickness[:, 0]),
        deep=known.air_temperature.mean(axis=0),
        thickness=thickness,
        day_part=1 / steps_per_day,
    )
    return run.simulate(model, known, spin_up_years, steps_per_day, TITLE)
