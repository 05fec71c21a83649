"""Soil, plants and flags of the pixels: what is true, and what the maps say.

Each follows the climate and, around it, a random field, so that neighbours are alike. Ranges
resemble those of the attributes of Fang et al. (2019).
"""

from dataclasses import dataclass

import numpy as np

from soilbook.data.twin_smap.climate import Climate
from soilbook.data.twin_smap.fields import Space

REGION, DISTRICT = 350.0, 150.0  # km
MAP_ERROR = 4.0  # % of sand or clay by which the map is off
NAMES = (
    "sand",
    "silt",
    "clay",
    "bulk_density",
    "water_capacity",
    "ndvi",
    "flag_albedo",
    "flag_terrain",
    "flag_land_cover",
    "flag_roughness",
    "flag_vegetation",
    "flag_water",
)
# IGBP classes, and the kind of cover by which the twin's plants behave.
KINDS = {
    1: "Tree cover",
    4: "Tree cover",
    5: "Tree cover",
    7: "Shrub cover",
    8: "Mosaic Cropland",
    10: "Grassland",
    12: "Cropland",
    14: "Mosaic Cropland",
    16: "Shrub cover",
}


@dataclass(frozen=True)
class Nature:
    """True sand and clay (%), their deviation from the map's soil, IGBP class, and the attributes
    of the maps by name, each (place,)."""

    sand: np.ndarray
    clay: np.ndarray
    cover: np.ndarray
    attributes: dict[str, np.ndarray]


def nature(space: Space, climate: Climate) -> Nature:
    """Soil and plants of places with a climate."""
    warm, moist = climate.mean_temperature, np.clip(climate.aridity, 0, 1.3)
    clay = 17 + 5 * moist + 0.15 * warm + 6.5 * space.pattern("clay", REGION)
    clay = np.clip(clay, 5, 52)
    sand = 52 - 7 * moist - 0.45 * (clay - 21) + 9.5 * space.pattern("sand", REGION)
    sand = np.clip(sand, 8, 92 - clay)
    mapped = {
        name: np.clip(true + MAP_ERROR * space.pattern(f"map of {name}", DISTRICT), 4, 90)
        for name, true in (("sand", sand), ("clay", clay))
    }
    over = np.maximum(mapped["sand"] + mapped["clay"] - 96, 0)
    mapped["sand"] = mapped["sand"] - over
    green = np.clip(moist - 0.12, 0, 0.75) * np.clip((warm + 8) / 14, 0.4, 1)
    ndvi = np.clip(0.06 + 0.52 * green + 0.04 * space.pattern("plants", DISTRICT), 0.03, 0.72)
    cover = land_cover(climate, ndvi, space.pattern("fields", DISTRICT))
    forest = np.isin(cover, (1, 4, 5))
    steep = (climate.elevation > 1200) & (space.pattern("relief", DISTRICT) > 0.3)
    wet = space.pattern("lakes", DISTRICT) + moist - 2.2
    return Nature(
        sand=sand,
        clay=clay,
        cover=cover,
        attributes={
            "sand": mapped["sand"],
            "silt": 100 - mapped["sand"] - mapped["clay"],
            "clay": mapped["clay"],
            "bulk_density": 1.22 + 0.0035 * mapped["sand"] - 0.10 * (moist > 0.9),
            "water_capacity": np.clip(20 - 0.14 * mapped["sand"] + 3 * moist, 6, 33),
            "ndvi": ndvi,
            "flag_albedo": np.where(cover == 16, 0.0, 0.04 + 0.02 * forest + 0.01 * (cover == 12)),
            "flag_terrain": np.where(steep, 5.0, 0.0),
            "flag_land_cover": cover.astype(float),
            "flag_roughness": np.where(forest, 0.16, np.where(cover == 12, 0.11, 0.14)),
            "flag_vegetation": (ndvi > 0.36).astype(float),
            "flag_water": np.clip(0.04 * wet, 0, 0.3),
        },
    )


def land_cover(climate: Climate, ndvi: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """IGBP class (place,) by climate; ``fields`` says where the plough was."""
    warm, moist, high = climate.mean_temperature, climate.aridity, climate.elevation > 900
    flat = climate.elevation < 700
    rules = (
        ((ndvi < 0.08) & (fields < -1.0), 16),
        (moist < 0.28, 7),
        ((moist < 0.75) & flat & (fields > 0.2), 12),
        (moist < 0.75, 10),
        (high | ((warm < 5) & (fields < 0.3)), 1),
        (flat & (fields > 0.35), 12),
        (warm > 15, np.where(fields > -0.4, 8, 14)),
        (fields > -0.5, 14),
        (warm > 9, 4),
    )
    return np.select([np.broadcast_to(r, warm.shape) for r, _ in rules],
                     [np.broadcast_to(c, warm.shape) for _, c in rules], 5)  # fmt: skip
