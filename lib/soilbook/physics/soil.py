"""Soil: water retention and conductivity from texture, heat and ice, water kept within bounds."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

FIELD_SUCTION = 3.36  # m of water, 33 kPa
WILTING_SUCTION = 153.0  # m of water, 1500 kPa
METRE, MILLIMETRE = 1, 1000  # units of length of a Soil, in a metre
FUSION = 3.34e8  # J per m3 of water
SOLID_CAPACITY = 2.0e6  # J m-3 K-1
FREEZING = 1.0  # degC below zero over which soil water turns to ice
DAY = 86400.0  # s


@dataclass(frozen=True)
class Soil:
    """Parameters of the Campbell functions of a soil, arrays that broadcast.

    Suction psi = entry (theta / porosity)^-slope and conductivity K = conductivity
    (theta / porosity)^(2 slope + 3), Campbell (1974, doi:10.1097/00010694-197406000-00001). Water
    contents in m3 m-3; entry in lengths of which a metre has ``metre``, conductivity in such
    lengths a day.
    """

    porosity: np.ndarray
    entry: np.ndarray
    slope: np.ndarray
    conductivity: np.ndarray
    metre: int = METRE

    def water_content(self, suction: float) -> np.ndarray:
        """Water content (m3 m-3) at a suction (m of water)."""
        relative = (suction * self.metre / self.entry) ** (-1 / self.slope)
        return self.porosity * np.minimum(relative, 1)

    @cached_property
    def power(self) -> np.ndarray:
        """Exponent of the conductivity function."""
        return 2 * self.slope + 3

    @cached_property
    def field_capacity(self) -> np.ndarray:
        """Water content at 33 kPa."""
        return self.water_content(FIELD_SUCTION)

    @cached_property
    def wilting(self) -> np.ndarray:
        """Water content at 1500 kPa."""
        return self.water_content(WILTING_SUCTION)

    @cached_property
    def residual(self) -> np.ndarray:
        """Air-dry soil, half the wilting point: as deep as evaporation dries it (FAO-56, eq 73)."""
        return self.wilting / 2


def pedotransfer(sand, clay, metre: int = METRE) -> Soil:
    """Soil of sand and clay in percent of mass, lengths in m (METRE) or mm (MILLIMETRE).

    Cosby, Hornberger, Clapp and Ginn (1984, doi:10.1029/WR020i006p00682), Table 5, which has the
    entry suction in cm and the conductivity in inches an hour.
    """
    sand, clay = np.asarray(sand, float), np.asarray(clay, float)
    centimetres = 10 ** (1.88 - 0.0131 * sand)
    inches_an_hour = 10 ** (-0.884 + 0.0153 * sand)
    return Soil(
        porosity=(48.9 - 0.126 * sand) / 100,
        entry=centimetres * 10 if metre == MILLIMETRE else centimetres / 100,
        slope=2.91 + 0.159 * clay,
        conductivity=inches_an_hour * ((25.4 if metre == MILLIMETRE else 0.0254) * 24),
        metre=metre,
    )


def heat_conductivity(porosity: np.ndarray, water: np.ndarray, sand: np.ndarray) -> np.ndarray:
    """Thermal conductivity (W m-1 K-1) of unfrozen soil of water content ``water`` (m3 m-3).

    Johansen's interpolation between dry and saturated soil as in Peters-Lidard et al. (1998,
    doi:10.1175/1520-0469(1998)055<1209:TEOSTC>2.0.CO;2), the sand (%) being taken for quartz.
    """
    quartz = sand / 100
    other = np.where(quartz > 0.2, 2.0, 3.0)
    solid = 7.7**quartz * other ** (1 - quartz)
    wet = solid ** (1 - porosity) * 0.57**porosity
    density = 2700 * (1 - porosity)
    dry = (0.135 * density + 64.7) / (2700 - 0.947 * density)
    kersten = np.clip(1 + np.log10(np.maximum(water / porosity, 0.1)), 0, 1)
    return dry + kersten * (wet - dry)


def frozen_share(temperature: np.ndarray) -> np.ndarray:
    """Share of the water that can freeze which is ice: all at -1 degC, none at 0."""
    return np.clip(-temperature / FREEZING, 0, 1)


def enthalpy(temperature: np.ndarray, capacity: np.ndarray, latent: np.ndarray) -> np.ndarray:
    """Heat content (J m-3, zero for thawed soil at 0 degC) at a temperature (degC).

    ``capacity`` in J m-3 K-1; ``latent`` (J m-3) is set free linearly over FREEZING below zero.
    """
    return capacity * temperature + latent * np.clip(temperature / FREEZING, -1, 0)


def keep_bounds(
    water: np.ndarray, low: np.ndarray, high: np.ndarray, thickness
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Water content (layer, column) kept between ``low`` and ``high``, none being lost.

    A layer too dry draws from the one below, a layer too wet fills the one above. Returns the
    content, what spills at the top and what is drawn in at the bottom, (column,), both as content
    times ``thickness`` (layer,).
    """
    spilled = drawn = np.zeros(water.shape[1])
    if (water >= low).all() and (water <= high).all():
        return water, spilled, drawn
    water = water.copy(order="K")
    for layer, deep in enumerate(thickness):
        water[layer] -= drawn / deep
        drawn = np.maximum(low[layer] - water[layer], 0) * deep
        water[layer] = np.maximum(water[layer], low[layer])
    for layer in reversed(range(len(water))):
        water[layer] += spilled / thickness[layer]
        spilled = np.maximum(water[layer] - high[layer], 0) * thickness[layer]
        water[layer] = np.minimum(water[layer], high[layer])
    return water, spilled, drawn
