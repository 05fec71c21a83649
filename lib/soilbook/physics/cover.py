"""What covers the soil: plants and their leaves, roots, and snow."""

import numpy as np

MONTH = 30  # days
LEAFLESS, LEAFED = 5.0, 18.0  # degC, mean of the last month
MELT = 3.0  # mm per degC and day
HIDING = 2.6  # shape of the snow cover curve in Noah


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
