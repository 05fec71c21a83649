"""Vegetation: what each class of land cover means, and its leaves through the year.

``cover.csv`` is by class number of the International Geosphere-Biosphere Programme. Resistances,
light and dryness parameters, leaf area, albedo, roughness and snow are those of Noah's vegetation
table for these classes (Chen and Dudhia 2001, Table 1, and its later MODIS form), the mid-point
where it gives a range; root profiles are Jackson et al. (1996, doi:10.1007/BF00333714).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.errors import DataError

DEFAULT_CLASS = 10  # grassland, which reference stations stand on
# NDVI of bare ground and of a closed canopy, Gutman and Ignatov (1998,
# doi:10.1080/014311698215333).
BARE_NDVI, CLOSED_NDVI = 0.04, 0.52
LEAFLESS, LEAFED = 5.0, 18.0  # degC, mean of the last month
MONTH = 30  # days
TABLE = Path(__file__).with_name("cover.csv")


@dataclass(frozen=True)
class Cover:
    """Vegetation of every site, each (site,).

    shade: green fraction of the ground in summer; noah_layers: soil layers with roots;
    root_base: base of the root profile 1 - base^(depth in cm); least_resistance (s m-1),
    light (W m-2) and dryness (kg kg-1): Jarvis parameters; hiding_snow: water in the snow that
    hides the ground (mm); snow_albedo, albedo; leaves_winter, leaves_summer: leaf area index;
    roughness (m).
    """

    shade: np.ndarray
    noah_layers: np.ndarray
    root_base: np.ndarray
    least_resistance: np.ndarray
    light: np.ndarray
    dryness: np.ndarray
    hiding_snow: np.ndarray
    snow_albedo: np.ndarray
    leaves_winter: np.ndarray
    leaves_summer: np.ndarray
    albedo: np.ndarray
    roughness: np.ndarray


def classes() -> pd.DataFrame:
    """The table of classes, indexed by IGBP number."""
    return pd.read_csv(TABLE, index_col="class")


def cover(numbers: np.ndarray, labels, green: np.ndarray) -> Cover:
    """Cover of sites with IGBP class ``numbers``, shaded in summer by ``green`` (0..1) at most.

    Raises DataError naming the first site whose class has no plants and no soil (water, ice).
    """
    table = classes()
    known = np.isin(numbers, table.index)
    if not known.all():
        first = int(np.flatnonzero(~known)[0])
        raise DataError(
            f"static: variable 'flag_land_cover', {labels[first]}: class {numbers[first]:g}; "
            f"allowed: {', '.join(map(str, table.index))}"
        )
    rows = table.loc[numbers].drop(columns="name")
    columns = {name: rows[name].to_numpy(float) for name in rows}
    columns["shade"] = np.minimum(columns["shade"], green)
    return Cover(**columns)


def green_of_ndvi(ndvi: np.ndarray) -> np.ndarray:
    """Green fraction of the ground from NDVI, linear between bare and closed."""
    return np.clip((ndvi - BARE_NDVI) / (CLOSED_NDVI - BARE_NDVI), 0, 1)


def season(air_temperature: np.ndarray) -> np.ndarray:
    """How far leaves are out (0..1), (day, site), after the mean air temperature of the last month.

    A linear ramp from 5 to 18 degC in the manner of the growing-season index of Jolly, Nemani and
    Running (2005, doi:10.1111/j.1365-2486.2005.00930.x). The first month looks at what there is.
    """
    total = np.cumsum(air_temperature, axis=0)
    count = np.minimum(np.arange(len(total)) + 1, MONTH)[:, None]
    total[MONTH:] = total[MONTH:] - total[:-MONTH]
    return np.clip((total / count - LEAFLESS) / (LEAFED - LEAFLESS), 0, 1)


def noah_roots(cover: Cover, thickness: np.ndarray) -> np.ndarray:
    """Share of the roots in each layer, (layer, site): even over the rooted layers, as in Noah."""
    rooted = np.arange(thickness.size)[:, None] < cover.noah_layers
    share = thickness[:, None] * rooted
    return share / share.sum(axis=0)


def root_profile(cover: Cover, edges: np.ndarray) -> np.ndarray:
    """Share of the roots in each layer between ``edges`` (mm), (layer, site); adds up to 1."""
    share = np.diff(1 - cover.root_base ** (edges[:, None] / 10), axis=0)
    return share / share.sum(axis=0)
