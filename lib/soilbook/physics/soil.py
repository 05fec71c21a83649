"""Soil and what covers it: water, heat and ice in the ground; roots and leaves; snow.

Water retention and conductivity follow from texture.
"""

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
MONTH = 30  # days
LEAFLESS, LEAFED = 5.0, 18.0  # degC, mean of the last month
MELT = 3.0  # mm per degC and day
HIDING = 2.6  # shape of the snow cover curve in Noah


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
    spilled, drawn = np.zeros((2, water.shape[1]))
    outside = np.flatnonzero(((water < low) | (water > high)).any(axis=0))
    if not outside.size:
        return water, spilled, drawn
    few, low, high = (one[:, outside] for one in np.broadcast_arrays(water, low, high))
    lack = excess = np.zeros(outside.size)
    for layer, deep in enumerate(thickness):
        few[layer] -= lack / deep
        lack = np.maximum(low[layer] - few[layer], 0) * deep
        few[layer] = np.maximum(few[layer], low[layer])
    for layer in reversed(range(len(few))):
        few[layer] += excess / thickness[layer]
        excess = np.maximum(few[layer] - high[layer], 0) * thickness[layer]
        few[layer] = np.minimum(few[layer], high[layer])
    water = water.copy(order="K")
    water[:, outside], spilled[outside], drawn[outside] = few, excess, lack
    return water, spilled, drawn


def root_share(base: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Share of the roots in each layer, its edges being ``depth`` (cm); adds up to 1.

    Root profile 1 - base^depth of Jackson et al. (1996, doi:10.1007/BF00333714). Layers are the
    first axis.
    """
    share = np.diff(1 - base**depth, axis=0)
    return share / share.sum(axis=0)


def leaf_season(air_temperature: np.ndarray) -> np.ndarray:
    """How far leaves are out (0..1), (day, ...), after the mean air temperature of the last month.

    A linear ramp from 5 to 18 degC in the manner of the growing-season index of Jolly, Nemani and
    Running (2005, doi:10.1111/j.1365-2486.2005.00930.x). The first month looks at what there is.
    """
    total = np.cumsum(air_temperature, axis=0)
    count = np.minimum(np.arange(len(total)) + 1, MONTH)
    total[MONTH:] = total[MONTH:] - total[:-MONTH]
    mean = total / count.reshape(-1, *[1] * (total.ndim - 1))
    return np.clip((mean - LEAFLESS) / (LEAFED - LEAFLESS), 0, 1)


def ground_share(leaf_area: np.ndarray) -> np.ndarray:
    """Share of the demand that falls on bare soil, exp(-0.5 LAI).

    Ritchie (1972, doi:10.1029/WR008i005p01204).
    """
    return np.exp(-0.5 * leaf_area)


def snowfall(precipitation: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Part of the precipitation that is snow at an air temperature (degC).

    All of it below -1, none above 3, half at 1 degC (Jennings et al. 2018,
    doi:10.1038/s41467-018-03629-7).
    """
    return precipitation * np.clip((3 - temperature) / 4, 0, 1)


def possible_melt(temperature: np.ndarray, day_part: float = 1) -> np.ndarray:
    """Snow water (mm) that can melt in a part of a day at a temperature (degC).

    Degree-days, 3 mm per degC (Hock 2003, doi:10.1016/S0022-1694(03)00257-9).
    """
    return MELT * day_part * np.maximum(temperature, 0)


def snow_covered(pack: np.ndarray, hiding: np.ndarray) -> np.ndarray:
    """Share of the ground under snow that holds ``pack`` mm of water; all of it from ``hiding`` on.

    Anderson's curve as in Koren et al. (1999, doi:10.1029/1999JD900232).
    """
    part = np.minimum(pack / hiding, 1)
    return 1 - (np.exp(-HIDING * part) - part * np.exp(-HIDING))


def snow_resistance(pack: np.ndarray, density: float, conductivity: float) -> np.ndarray:
    """Resistance to heat (m2 K W-1) of snow that holds ``pack`` mm of water.

    density: in the unit of ``pack`` per metre of snow (kg m-3); conductivity: W m-1 K-1.
    """
    return pack / density / conductivity
