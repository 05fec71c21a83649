"""Snow on the ground: what falls as snow, lies, melts, and keeps the soil warm."""

import numpy as np

MELT = 3.0  # mm per degC and day
DENSITY = 220.0  # kg m-3
CONDUCTIVITY = 0.25  # W m-1 K-1, settled snow
LITTER = 0.06  # m2 K W-1, resistance of litter and still air


def snowfall(precipitation: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Part of precipitation (mm) that is snow at a mean air temperature (degC).

    All of it below -1, none above 3, half at 1 degC (Jennings et al. 2018,
    doi:10.1038/s41467-018-03629-7).
    """
    return precipitation * np.clip((3 - temperature) / 4, 0, 1)


def snowpack(
    precipitation: np.ndarray, temperature: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Water in the pack at the end of each day, melt and rain (mm), each (day,).

    Melt by degree-days, 3 mm per degC (Hock 2003, doi:10.1016/S0022-1694(03)00257-9).
    """
    snow = snowfall(precipitation, temperature)
    possible = MELT * np.maximum(temperature, 0)
    pack, lying = [], 0.0
    for fallen, limit in zip(snow.tolist(), possible.tolist(), strict=True):
        lying = max(lying + fallen - limit, 0.0)
        pack.append(lying)
    pack = np.array(pack)
    melt = snow - np.diff(pack, prepend=0.0)
    return pack, melt, precipitation - snow


def insulation(pack: np.ndarray) -> np.ndarray:
    """Resistance to heat (m2 K W-1) of litter and of a pack of so much water (mm = kg m-2)."""
    return LITTER + pack / DENSITY / CONDUCTIVITY
