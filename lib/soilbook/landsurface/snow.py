"""Snow: what falls as snow, lies, hides the ground, and melts."""

import numpy as np

MELT = 3.0  # mm per degC and day
HIDING = 2.6  # shape of the snow cover curve in Noah


def snowfall(precipitation: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Part of the precipitation that is snow at an air temperature (degC).

    All of it below -1, none above 3, half at 1 degC (Jennings et al. 2018,
    doi:10.1038/s41467-018-03629-7).
    """
    return precipitation * np.clip((3 - temperature) / 4, 0, 1)


def melt(pack: np.ndarray, temperature: np.ndarray, day_part: float) -> np.ndarray:
    """Water (mm) that melts out of a pack (mm) in a part of a day at a temperature (degC).

    Degree-days, 3 mm per degC (Hock 2003, doi:10.1016/S0022-1694(03)00257-9).
    """
    return np.minimum(pack, MELT * day_part * np.maximum(temperature, 0))


def covered(pack: np.ndarray, hiding: np.ndarray) -> np.ndarray:
    """Share of the ground under snow that holds ``pack`` mm of water; all of it from ``hiding`` on.

    Anderson's curve as in Koren et al. (1999, doi:10.1029/1999JD900232).
    """
    part = np.minimum(pack / hiding, 1)
    return 1 - (np.exp(-HIDING * part) - part * np.exp(-HIDING))
