"""A land-surface model of this project after Noah: four layers, Richards' equation, Jarvis canopy.

Chen and Dudhia (2001, doi:10.1175/1520-0493(2001)129<0569:CAALSH>2.0.CO;2) and Ek et al. (2003,
doi:10.1029/2002JD003296). Simpler than Noah: exchange with the air is neutral, snow melts by
degree-days, no dew falls, soil properties follow from texture by regression and not by class.
Arrays (layer, site) or (site,); water and thickness in mm, rates in mm d-1, ``day_part`` in d.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple

import numpy as np
import xarray as xr

from soilbook.landsurface import inputs, run
from soilbook.landsurface.inputs import Cover
from soilbook.landsurface.run import Drive
from soilbook.physics.air import EVAPORATED
from soilbook.physics.soil import (
    DAY,
    FREEZING,
    FUSION,
    SOLID_CAPACITY,
    Soil,
    enthalpy,
    frozen_share,
    heat_conductivity,
    keep_bounds,
    snow_resistance,
)

TITLE = "Noah-type model of this project, not NLDAS Noah"
THICKNESS = (100.0, 300.0, 600.0, 1000.0)  # mm
CANOPY = 0.5  # mm that leaves hold
WET_LEAVES = 0.5  # power of the wet part of the leaves
BARE = 2.0  # power of the wetness in evaporation from bare soil
DRIEST_SUCTION = 200.0  # m of water
REFERENCE_DRAINAGE = 0.5  # mm d-1
REFERENCE_RUNOFF = 3.0  # Noah's kdt at the reference conductivity
REFERENCE_CONDUCTIVITY = 2e-6 * 1000 * 86400  # mm d-1
FROZEN_SHAPE = 3  # Noah's parameter of the patchiness of frozen ground
FROZEN_REFERENCE = 150.0  # mm of ice at which the ground of Noah's reference soil gets tight
DRAINS = 1.0  # share of the conductivity that drains freely from the lowest layer
WATER_CAPACITY = 4.2e6  # J m-3 K-1
DEEP = 8_000.0  # mm, where the temperature stays at the yearly mean, as in Noah
SNOW_DENSITY = 0.25  # of water
SNOW_CONDUCTIVITY = 0.14  # W m-1 K-1, Noah's 0.038 10^(2.25 density)
MULCH = 2.0  # Noah: shade lowers the heat flow into the ground by exp(-2 shade)


@dataclass(frozen=True)
class NoahSoil(Soil):
    """A soil with the two water contents (m3 m-3) between which Noah's plants feel drought."""

    @classmethod
    def of(cls, soil: Soil) -> "NoahSoil":
        """The same soil as Noah sees it."""
        return cls(*(getattr(soil, field.name) for field in fields(Soil)))

    @cached_property
    def driest(self) -> np.ndarray:
        """Noah's wilting point and driest soil: half of the water content at 200 m suction."""
        return 0.5 * self.water_content(DRIEST_SUCTION)

    @cached_property
    def reference(self) -> np.ndarray:
        """Noah's reference water content, below which plants feel drought.

        A third of the way from the content that drains 0.5 mm d-1 to saturation; Chen and Dudhia
        (2001), Table 2.
        """
        share = (REFERENCE_DRAINAGE / self.conductivity) ** (1 / self.power)
        drained = self.porosity * np.minimum(share, 1)
        return drained + (self.porosity - drained) / 3


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
    """The model at its sites: roots (layer, site), sand (%) and deep temperature (degC), (site,),
    step (d)."""

    soil: NoahSoil
    cover: Cover
    roots: np.ndarray
    sand: np.ndarray
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
        snow = run.snow(state.pack, self.cover, d, dt, state.ground_heat)
        frozen = ice(state.theta, state.temperature, soil)
        liquid = state.theta - frozen

        # What the air takes up from leaves, roots and bare soil (mm in this step).
        stress = (liquid - soil.driest) / (soil.reference - soil.driest)
        supply = self.roots * np.clip(stress, 0, 1)
        up = run.uptake(state.canopy, CANOPY, WET_LEAVES, snow.potential, supply, d)
        dry = (liquid[0] - soil.driest) / (soil.porosity - soil.driest)
        from_soil = snow.potential * (1 - d.shade) * np.maximum(dry, 0) ** BARE
        up.taken[0] += from_soil

        arrives = d.rain * (1 - d.shade) + up.drip + snow.melted
        enters = infiltration(arrives, state.theta, frozen, soil, self.thickness, dt)
        gain = -up.taken
        gain[0] += enters
        theta, spilled, drainage = redistribute(state.theta, frozen, gain, soil, self.thickness, dt)
        vapour = snow.sublimed + up.from_leaves + up.from_roots + from_soil
        energy = d.radiation - snow.dark - vapour / dt / EVAPORATED
        temperature, ground_heat = self._warm(state, theta, snow.pack, energy, d)
        after = State(theta, temperature, up.held, snow.pack, ground_heat)
        return after, run.Fluxes(vapour, arrives - enters + spilled, drainage)

    def _warm(self, state: State, theta, pack, energy, d: Drive):
        """Soil temperature and ground heat; the skin balances radiation, evaporation and air."""
        conducts = heat_conductivity(self.soil.porosity, theta, self.sand)
        entry = top_conductance(conducts, self.thickness, d.shade, pack)
        outside = d.temperature + energy / d.exchange
        outside = np.where(pack > 0, np.minimum(outside, 0), outside)
        skin = outside, entry * d.exchange / (entry + d.exchange)
        return conduct(
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
        soil=NoahSoil.of(known.soil),
        cover=known.cover,
        roots=noah_roots(known.cover, thickness[:, 0]),
        sand=known.sand,
        deep=known.air_temperature.mean(axis=0),
        thickness=thickness,
        day_part=1 / steps_per_day,
    )
    return run.simulate(model, known, spin_up_years, steps_per_day, TITLE)


def noah_roots(cover: Cover, thickness: np.ndarray) -> np.ndarray:
    """Share of the roots in each layer, (layer, site): even over the rooted layers, as in Noah."""
    rooted = np.arange(thickness.size)[:, None] < cover.noah_layers
    share = thickness[:, None] * rooted
    return share / share.sum(axis=0)


def infiltration(supply, theta, ice, soil: NoahSoil, thickness, day_part: float) -> np.ndarray:
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


def open_ground(ice: np.ndarray, soil: NoahSoil) -> np.ndarray:
    """Share of the infiltration that frozen ground with ``ice`` (mm) lets in.

    Ice is spread by a gamma distribution of shape 3, and closes what holds more than a limit: Koren
    et al. (1999).
    """
    tight = FROZEN_REFERENCE * soil.porosity / soil.reference * (0.412 / 0.468)
    part = FROZEN_SHAPE * tight / np.maximum(ice, 1e-6)
    return 1 - np.exp(-part) * (1 + part + part**2 / 2)


def redistribute(
    theta, ice, gain, soil: NoahSoil, thickness, day_part: float
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
    change = solve(-by_above[:-1], diagonal, -exchange, right)
    drainage = (flux[-1] + by_above[-1] * change[-1]) * day_part
    water, spilled, drawn = keep_bounds(
        (theta + change) * thickness,
        soil.driest * thickness,
        soil.porosity * thickness,
        np.ones(len(theta)),
    )
    return water / thickness, spilled, drainage - drawn


def solve(lower: np.ndarray, diagonal: np.ndarray, upper: np.ndarray, right: np.ndarray):
    """Solution (layer, site) of tridiagonal systems, one per site (Thomas algorithm).

    Row k: lower[k-1] x[k-1] + diagonal[k] x[k] + upper[k] x[k+1] = right[k]; lower and upper have
    a layer less. For systems with a dominant diagonal.
    """
    layers = len(diagonal)
    pivot, value = [diagonal[0]], [right[0]]
    for k in range(1, layers):
        factor = lower[k - 1] / pivot[-1]
        pivot.append(diagonal[k] - factor * upper[k - 1])
        value.append(right[k] - factor * value[-1])
    out = np.empty_like(diagonal)
    out[-1] = value[-1] / pivot[-1]
    for k in range(layers - 2, -1, -1):
        out[k] = (value[k] - upper[k] * out[k + 1]) / pivot[k]
    return out


def ice(theta: np.ndarray, temperature: np.ndarray, soil: NoahSoil) -> np.ndarray:
    """Frozen water (m3 m-3): all but the wilting point at -1 degC, none at 0, linear between."""
    return (theta - soil.driest) * frozen_share(temperature)


def top_conductance(conducts: np.ndarray, thickness, shade, pack) -> np.ndarray:
    """Heat flow (W m-2) into the first layer per degree between its middle and the skin."""
    ground = thickness[0] / 2000 / (conducts[0] * np.exp(-MULCH * shade))
    return 1 / (ground + snow_resistance(pack / 1000, SNOW_DENSITY, SNOW_CONDUCTIVITY))


def conduct(
    temperature,
    theta,
    skin: tuple[np.ndarray, np.ndarray],
    deep,
    conducts,
    soil: NoahSoil,
    thickness,
    day_part: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature (degC) after a part of a day, and the heat that flowed into the soil (W m-2).

    ``skin``: temperature outside (degC) and conductance (W m-2 K-1) between there and the middle of
    the first layer; ``deep``: temperature 8 m down. Implicit in heat content, which is linearised
    once, so that no heat is lost.
    """
    outside, entry = skin
    metres = thickness / 1000
    half = metres / 2 / conducts
    inner = 1 / (half[:-1] + half[1:])
    below = conducts[-1] / ((DEEP - thickness.sum() + thickness[-1] / 2) / 1000)[0]
    capacity = SOLID_CAPACITY * (1 - soil.porosity) + WATER_CAPACITY * theta
    latent = FUSION * (theta - soil.driest)
    mixed = capacity + latent / FREEZING
    slope = 1 / np.where((temperature < 0) & (temperature > -FREEZING), mixed, capacity)

    down = inner * (temperature[:-1] - temperature[1:])
    into, out = entry * (outside - temperature[0]), below * (temperature[-1] - deep)
    right = np.empty_like(temperature)
    right[0] = into
    right[1:] = down
    right[:-1] -= down
    right[-1] -= out
    loss = np.empty_like(temperature)
    loss[0] = entry
    loss[1:] = inner
    loss[:-1] += inner
    loss[-1] += below
    diagonal = metres / (DAY * day_part) + loss * slope
    change = solve(-inner * slope[:-1], diagonal, -inner * slope[1:], right)
    heat = enthalpy(temperature, capacity, latent) + change
    frozen = heat < -mixed * FREEZING
    thawing = np.where(heat >= 0, heat / capacity, heat / mixed)
    new = np.where(frozen, (heat + latent) / capacity, thawing)
    return new, into - entry * slope[0] * change[0]
