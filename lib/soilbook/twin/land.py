"""The land of study 2's twin: 412 pixels, their climate, soil and plants.

The pixels are every 4th row and column of the 36 km EASE-Grid over land. Fang et al. (2019),
section II-A, work on the frame of NLDAS, 25 to 53 N and 67 to 125 W, that is south Canada and north
Mexico as well. ``land.csv`` draws the land by hand with a few dozen corners, and cuts out lakes and
mountains where the mission hardly retrieves. ``climate.csv`` holds round numbers for cities: an
approximation made for the twin, not a table of normals. Soil and plants follow the climate and,
around it, random fields, so that neighbours are alike; their ranges resemble those of the paper.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.data import easegrid
from soilbook.data.easegrid import great_circle
from soilbook.physics.soil import Soil, pedotransfer, root_share
from soilbook.threads import one_thread
from soilbook.twin.ground import COVERS
from soilbook.twin.soil import TIGHTENING, Columns, columns
from soilbook.twin.streams import Space

HERE = Path(__file__).parent
ROWS = np.arange(47, 116, 4)
COLUMNS = np.arange(151, 300, 4)
REACH = 180.0  # km over which a city speaks for its surroundings
REGION, DISTRICT = 350.0, 150.0  # km
MAP_ERROR = 4.0  # % of sand or clay by which the map is off
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
# Edges of the layers (m). The third is what a probe at 5 cm measures, 3.5 to 6.5 cm (Rondinelli et
# al. 2015, doi:10.1175/JHM-D-14-0137.1); the others of PROBES have their probe inside. Water moves
# in the first WATER_LAYERS of them.
_WATER = (0, 0.015, 0.035, 0.065, 0.135, 0.265, 0.42, 0.58, 0.85, 1.15, 1.5, 2.0)
EDGES = np.array([*_WATER, 3, 4.5, 7, 11])
THICKNESS = np.diff(EDGES)
WATER_LAYERS = len(_WATER) - 1
PROBES = np.array([2, 3, 4, 6, 8])
SURFACE, ROOT_ZONE = 0.05, 1.0  # m
# Deviations of the truth from texture: those of Cosby et al. (1984, doi:10.1029/WR020i006p00682),
# Table 4, within a class, but half of them since pixels are means of many soils.
POROSITY, ENTRY, SLOPE, CONDUCTIVITY = 0.03, 0.2, 0.12, 0.25


@dataclass(frozen=True)
class Climate:
    """Normals of places, each (place,).

    elevation (m); precipitation (mm a year); january, july: mean temperature (degC); wettest: month
    of most rain (0 = January) and season: relative amplitude of its annual wave; humidity: mean
    relative humidity (%); wind: mean speed (m s-1).
    """

    elevation: np.ndarray
    precipitation: np.ndarray
    january: np.ndarray
    july: np.ndarray
    wettest: np.ndarray
    season: np.ndarray
    humidity: np.ndarray
    wind: np.ndarray

    @property
    def mean_temperature(self) -> np.ndarray:
        """Mean of the year (degC)."""
        return (self.january + self.july) / 2

    @property
    def aridity(self) -> np.ndarray:
        """Precipitation over potential evapotranspiration by temperature.

        The latter as 120 mm + 75 mm per degC of the annual mean: about that of grass at the
        latitudes of the frame.
        """
        return self.precipitation / (120 + 75 * np.maximum(self.mean_temperature + 2, 2))


@dataclass(frozen=True)
class Nature:
    """True sand and clay (%), their deviation from the map's soil, IGBP class, and the attributes
    of the maps by name, each (place,)."""

    sand: np.ndarray
    clay: np.ndarray
    cover: np.ndarray
    attributes: dict[str, np.ndarray]


def coordinates() -> dict:
    """Coordinates of a Dataset of the pixels: pixel (from 0), row, column, latitude, longitude."""
    columns, rows = (one.ravel() for one in np.meshgrid(COLUMNS, ROWS, indexing="ij"))
    latitude, longitude = easegrid.position(rows, columns)
    table = pd.read_csv(HERE / "land.csv", comment="#")
    parts = {
        part: inside(longitude, latitude, rows[["longitude", "latitude"]].to_numpy().tolist())
        for part, rows in table.groupby("part")
    }
    land = parts.pop("land") & ~np.any(list(parts.values()), axis=0)
    return easegrid.coordinates(rows[land], columns[land])


def inside(x: np.ndarray, y: np.ndarray, corners) -> np.ndarray:
    """Whether points (n,) lie in a polygon: a ray to the right crosses its sides an odd number of
    times."""
    result = np.zeros(x.shape, bool)
    for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y1 != y2:
            crosses = (y1 > y) != (y2 > y)
            result ^= crosses & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return result


@one_thread
def climate(latitude: np.ndarray, longitude: np.ndarray) -> Climate:
    """Climate of positions (degrees): Gaussian-weighted mean of the cities around them.

    Precipitation is averaged by its logarithm; wettest month and season as one wave.
    """
    table = pd.read_csv(HERE / "climate.csv")
    places = table["latitude"].to_numpy(), table["longitude"].to_numpy()
    away = great_circle(latitude[:, None], longitude[:, None], *places)
    # The nearest city counts however far it is.
    nearest = away.min(axis=1, keepdims=True)
    weight = np.exp(-(((away - nearest) / REACH) ** 2) / 2 - nearest * (away - nearest) / REACH**2)
    weight /= weight.sum(axis=1, keepdims=True)

    def mean(values):
        return weight @ np.asarray(values, float)

    angle = 2 * np.pi * (table["wettest"] + 0.5) / 12
    wave = mean(table["season"] * np.cos(angle)), mean(table["season"] * np.sin(angle))
    return Climate(
        elevation=mean(table["elevation"]),
        precipitation=np.exp(mean(np.log(table["precipitation"]))),
        january=mean(table["january"]),
        july=mean(table["july"]),
        wettest=(np.arctan2(wave[1], wave[0]) * 12 / (2 * np.pi) - 0.5) % 12,
        season=np.hypot(*wave),
        humidity=mean(table["humidity"]),
        wind=mean(table["wind"]),
    )


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


def shares(bottom: float) -> np.ndarray:
    """Share of 0..``bottom`` (m) in each water layer, (layer,)."""
    edges = np.minimum(EDGES[: WATER_LAYERS + 1], bottom)
    return np.diff(edges) / bottom


def soil_columns(space: Space, nature: Nature) -> Columns:
    """The columns (place, layer) of the true texture and what it does not tell, with their roots.

    Tighter with depth: conductivity falls exponentially (Beven 1984,
    doi:10.1080/02626668409490960).
    """
    top = pedotransfer(nature.sand[:, None], nature.clay[:, None])

    def off(name):
        return space.pattern(name, DISTRICT)[:, None]

    depth = (EDGES[1:] + EDGES[:-1])[:WATER_LAYERS] / 2
    soil = Soil(
        porosity=top.porosity + POROSITY * off("porosity"),
        entry=top.entry * 10 ** (ENTRY * off("entry")),
        slope=top.slope * np.exp(SLOPE * off("slope")),
        conductivity=top.conductivity
        * 10 ** (CONDUCTIVITY * off("conductivity"))
        * np.exp(-depth / TIGHTENING),
    )
    edges = 100 * EDGES[: WATER_LAYERS + 1]
    roots = [root_share(COVERS[KINDS[one]].roots, edges) for one in nature.cover.tolist()]
    return columns(soil, np.stack(roots), THICKNESS[:WATER_LAYERS])
