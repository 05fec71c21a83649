"""What observes the continent: probes in core sites and a sparse network, and the satellite.

A core site has many probes in one pixel. Orbit and swath of the satellite are those of SMAP
(Entekhabi et al. 2010, doi:10.1109/JPROC.2010.2043918): 117 orbits in 8 days, descending at 6 h
local solar time, 1000 km wide.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import ndtr

from soilbook.data import easegrid, network
from soilbook.data.easegrid import great_circle, nearest
from soilbook.physics.air import day_of_year
from soilbook.twin import streams
from soilbook.twin.land import DISTRICT, EDGES, PROBES, REGION, ROOT_ZONE, Nature, shares
from soilbook.twin.soil import Truth
from soilbook.twin.streams import Space

RESOLUTION = 0.001  # m3 m-3, of a probe
STATIONS = 104
SHALLOW = 22  # of them have the two upper probes only: section II-C
DEPTHS = (0.05, 0.10, 0.20, 0.50, 1.0)  # m
# Borders of the USA with its neighbours, corners (degrees) from west to east; lakes and rivers
# between them are cut short. The reference network ends there, the pixels do not.
SOUTH = {
    -117.1: 32.5, -114.7: 32.6, -111.1: 31.3, -108.2: 31.4, -106.5: 31.8, -104.9: 30.6,
    -103.2: 29.0, -102.4: 29.8, -101.4: 29.8, -99.5: 27.5, -99.1: 26.4, -97.1: 25.9,
}  # fmt: skip
NORTH = {
    -95.2: 49.0, -94.6: 48.7, -89.6: 48.0, -88.4: 48.3, -84.5: 46.5, -82.5: 45.3, -82.4: 41.7,
    -79.1: 42.7, -79.0: 43.3, -76.4: 44.1, -74.7: 45.0, -71.5: 45.0, -70.3: 45.9, -69.2: 47.4,
    -68.2: 47.3, -67.8: 47.0, -67.0: 44.8,
}  # fmt: skip
# A point's moisture is offset + mean + gain (pixel - mean) + local noise of a memory (days) that
# grows with depth; deviations of offset (m3 m-3) and of the logarithm of the gain, and noise as a
# share of the pixel's deviation in time. Famiglietti et al. (2008, doi:10.1029/2006WR005804) find
# deviations of 0.03 to 0.07 m3 m-3 within such areas.
OFFSET, GAIN = 0.045, 0.35
LOCAL = np.array([0.5, 0.5, 0.6, 0.8, 0.9])
MEMORY = np.array([8.0, 12.0, 20.0, 40.0, 60.0])
ALIKE = 0.7  # correlation between depths of a point
READING = 0.004  # m3 m-3, noise of a probe
WARMTH = 0.8  # degC, deviation between points
OUTAGES = (0.5, 15.0)  # a year, and mean length in days
CORE_OUTAGES = (1.0, 30.0)

LAUNCH = np.datetime64("2015-04-01")
ORBITS, REPEAT = 117, 8  # orbits in days
OVERPASS = 6.0  # h, local solar time
SWATH = 1000.0  # km
DEGREE = 111.32  # km at the equator
SLANT = 0.95  # cosine of the track's angle with the meridian
# Depth from which the signal comes: deep in dry soil, shallow in wet; Escorihuela et al. (2010,
# doi:10.1016/j.rse.2010.06.004) find 2 cm for L band, less than a probe's.
DRY_DEPTH, WET_DEPTH, DRYNESS = 0.045, 0.008, 0.12  # m, m, m3 m-3
NOISE, LEAF_NOISE = 0.012, 0.03  # m3 m-3, and more of it per unit of NDVI
FROZEN, COVERED = 1.0, 3.0  # degC in the morning; mm of water in the snow
DROPOUT = 0.01  # share of overpasses lost to interference and quality flags
# Level 4: a bucket model corrected by what the satellite saw.
MODEL_SHARE, MODEL_NOISE, MODEL_DAYS = 0.5, 0.35, 25.0


@dataclass(frozen=True)
class Core:
    """A core site: position (degrees), number of probe sites and whether they have all depths.

    Positions and numbers after Colliander et al. (2017, doi:10.1016/j.rse.2017.01.021), rounded.
    """

    latitude: float
    longitude: float
    probes: int
    deep: bool = False


# The eight that the paper names; the ninth of its figures is taken to be Reynolds Creek.
CORE = {
    "Reynolds Creek": Core(43.2, -116.75, 20),
    "Carman": Core(49.6, -98.0, 20),
    "Walnut Gulch": Core(31.7, -110.0, 29),
    "Little Washita": Core(34.9, -98.0, 20, deep=True),
    "Fort Cobb": Core(35.4, -98.6, 15, deep=True),
    "Little River": Core(31.5, -83.55, 28, deep=True),
    "St. Josephs": Core(41.45, -85.0, 15),
    "South Fork": Core(42.4, -93.4, 20, deep=True),
    "TxSON": Core(30.3, -98.8, 40, deep=True),
}


def core_pixels(pixels: dict) -> dict[str, int]:
    """Pixel of every core site: the nearest of the 412 that is still free.

    On the twin the site lies in that pixel, since only these have weather.
    """
    latitude, longitude = pixels["latitude"][1], pixels["longitude"][1]
    taken: dict[str, int] = {}
    for name, site in CORE.items():
        away = great_circle(site.latitude, site.longitude, latitude, longitude)
        away[list(taken.values())] = np.inf
        taken[name] = int(away.argmin())
    return taken


def core_points(name: str, row: int, column: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Plane coordinates (m) of a site's probes (probe, 2) and of its pixel's corners (4, 2)."""
    corners = easegrid.corners(row, column)
    spots = streams.uniform(streams.stream(seed, "study 2", name, "spots"), 2 * CORE[name].probes)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return low + spots.reshape(-1, 2) * (high - low), corners


def stations(pixels: dict, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude, longitude (degrees) and pixel of the sparse network's stations, each (station,).

    Spread evenly as the reference network is: each next one in the pixel of the USA farthest from
    those taken; at a random place of its pixel. The pixel is the one whose centre is nearest.
    """
    latitude, longitude = pixels["latitude"][1], pixels["longitude"][1]
    bits = streams.stream(seed, "study 2", "stations")
    spots = streams.uniform(bits, 1 + 2 * STATIONS)
    home = np.flatnonzero(_in_the_usa(pixels))
    chosen = [int(home[int(spots[0] * home.size)])]
    away = np.full(latitude.size, -np.inf)
    away[home] = np.inf
    while len(chosen) < STATIONS:
        last = chosen[-1]
        away = np.minimum(away, great_circle(latitude[last], longitude[last], latitude, longitude))
        chosen.append(int(away.argmax()))
    chosen = np.sort(chosen)
    rows, columns = pixels["row"][1][chosen], pixels["column"][1][chosen]
    inner = spots[1:].reshape(2, -1) - 0.5
    at = easegrid.position(rows + 0.98 * inner[0], columns + 0.98 * inner[1])
    index, _ = nearest(*at, latitude, longitude)
    return *at, index


def _in_the_usa(pixels: dict) -> np.ndarray:
    """Whether a pixel lies between the borders of the USA with all its corners (pixel,)."""
    inside = np.ones(len(pixels["row"][1]), bool)
    for down, right in product((-0.5, 0.5), repeat=2):
        at = easegrid.position(pixels["row"][1] + down, pixels["column"][1] + right)
        south, north = (
            np.interp(at[1], list(line), list(line.values())) for line in (SOUTH, NORTH)
        )
        inside &= (at[0] > south) & (at[0] < north)
    return inside


def outages(bits: np.random.PCG64, days: int, rate: tuple[float, float]) -> np.ndarray:
    """Days of outage (day,), which begin at a rate (a year) and last a mean number of days."""
    per_year, length = rate
    begins = streams.uniform(bits, days) < per_year / 365.25
    lasts = np.ceil(-length * np.log(streams.uniform(bits, days))).astype(int)
    out = np.zeros(days, bool)
    for day in np.flatnonzero(begins):
        out[day : day + lasts[day]] = True
    return out


def points(bits: np.random.PCG64, truth: Truth, pixels: np.ndarray, days: slice):
    """Moisture (m3 m-3) and temperature (degC) of points, each (point, depth, day).

    ``pixels`` (point,) names the pixel of each; nothing is missing yet.
    """
    index = np.ix_(np.arange(len(truth.storage))[days], pixels, PROBES)
    moisture = truth.moisture[index].transpose(1, 2, 0).astype(float)
    warmth = truth.temperature[index].transpose(1, 2, 0)
    n, n_depths = moisture.shape[:2]
    mean = moisture.mean(axis=2, keepdims=True)
    spread = moisture.std(axis=2, keepdims=True)
    gain = np.exp(GAIN * _alike(bits, n, n_depths)[..., None] - GAIN**2 / 2)
    offset = OFFSET * _alike(bits, n, n_depths)[..., None]
    lag = np.exp(-1 / MEMORY)
    noise = streams.normal(bits, *moisture.shape)
    for k in range(n_depths):
        noise[:, k] = streams.remembered(noise[:, k], lag[k])
    here = mean + offset + gain * (moisture - mean) + LOCAL[:, None] * spread * noise
    warmer = WARMTH * streams.normal(bits, n)[:, None, None]
    # A soil is never drier than air-dry, nor wetter than its pores.
    return np.clip(here, 0.02, 0.55), warmth + warmer


def sparse(truth: Truth, pixels: np.ndarray, days: slice, deep, threshold: float, seed: int):
    """Surface and root-zone moisture and soil temperature of stations, each (station, day).

    ``deep`` (station,): has all depths. Readings in soil colder than ``threshold`` are NaN.
    """
    bits = streams.stream(seed, "study 2", "sparse")
    moisture, warmth = points(bits, truth, pixels, days)
    # The mean of three probes.
    moisture += READING / np.sqrt(3) * streams.normal(bits, *moisture.shape)
    n_days = moisture.shape[2]
    surface, rootzone = (np.full((len(pixels), n_days), np.nan) for _ in range(2))
    felt = warmth[:, 0].copy()
    for k in range(len(pixels)):
        out = outages(bits, n_days, OUTAGES)
        start = int(streams.uniform(bits, 1)[0] * 2 * 365) if k % 3 == 0 else 0
        out[:start] = True
        water = np.where(out, np.nan, np.round(moisture[k] / RESOLUTION) * RESOLUTION)
        water = network.warm(np.maximum(water, 0), warmth[k], threshold)
        surface[k] = water[0]
        if deep[k]:
            rootzone[k] = network.rootzone(water, DEPTHS, np.ones(len(DEPTHS)))
        felt[k, out] = np.nan
    return surface, rootzone, felt


def core(truth: Truth, name: str, pixel: int, days: slice, where, threshold: float, seed: int):
    """Surface and root-zone moisture and soil temperature of a core site, each (day,).

    ``where``: plane coordinates of the probes and corners of the pixel. Days on which probes that
    work stand for less than half of the pixel, or the soil is colder than ``threshold``, are NaN.
    """
    spots, corners = where
    weights = easegrid.thiessen(spots, corners)
    bits = streams.stream(seed, "study 2", name, "probes")
    moisture, warmth = points(bits, truth, np.full(len(spots), pixel), days)
    moisture += READING * streams.normal(bits, *moisture.shape)
    moisture = np.maximum(np.round(moisture / RESOLUTION) * RESOLUTION, 0)
    for k in range(len(spots)):
        out = outages(bits, moisture.shape[2], CORE_OUTAGES)
        # Cold stops many probes: section II-C.
        out |= warmth[k, 0] < -2
        moisture[k, :, out] = np.nan
        warmth[k, :, out] = np.nan
    felt = [easegrid.average(warmth[:, d], weights) for d in range(len(DEPTHS))]
    water = np.array(
        [
            network.warm(easegrid.average(moisture[:, d], weights), felt[d], threshold)
            for d in range(len(DEPTHS))
        ]
    )
    none = np.full(water.shape[1], np.nan)
    return water[0], network.rootzone(water, DEPTHS) if CORE[name].deep else none, felt[0]


def _alike(bits: np.random.PCG64, n: int, n_depths: int) -> np.ndarray:
    """Standard normal numbers (point, depth) that are alike at one point."""
    common = streams.normal(bits, n)[:, None]
    own = streams.normal(bits, n, n_depths)
    return np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * own


def passes(longitude: np.ndarray, latitude: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Whether a place (degrees) lies in a descending swath on each of the ``days``: (day, place).

    Descending passes meet all longitudes at one local time, so a pass is its longitude and the
    local day is the orbit's time moved by the longitude.
    """
    period = 24.0 * REPEAT / ORBITS  # h
    since = (days - LAUNCH).astype(int)
    orbit = np.arange(ORBITS)
    universal = orbit * period
    crosses = (15 * (OVERPASS - universal)) % 360
    half = SWATH / 2 / DEGREE / np.cos(np.deg2rad(latitude)) / SLANT
    apart = np.abs((crosses[:, None] - longitude + 180) % 360 - 180)
    # Local date at 6 h of the orbit's crossing, of a place around 100 W.
    date = np.floor((universal + ((crosses + 180) % 360 - 180) / 15) / 24).astype(int) % REPEAT
    seen = np.zeros((REPEAT, longitude.size), bool)
    for one, covered in zip(date, apart <= half, strict=True):
        seen[one] |= covered
    return seen[since % REPEAT]


def sensed(morning: np.ndarray) -> np.ndarray:
    """Moisture (day, place) as the signal weighs the layers (day, place, layer): exponentially
    with depth, the scale of which shrinks with the moisture of the top."""
    wet = morning[..., 0] * 0.5 + morning[..., 1] * 0.5
    depth = WET_DEPTH + (DRY_DEPTH - WET_DEPTH) * np.exp(-wet / DRYNESS)
    below = np.exp(-EDGES[1:6] / depth[..., None])
    above = np.exp(-EDGES[:5] / depth[..., None])
    weight = above - below
    return (weight * morning[..., :5]).sum(axis=-1) / weight.sum(axis=-1)


def retrieve(
    space: Space, nature: Nature, truth: Truth, pack, places, days: np.ndarray
) -> np.ndarray:
    """Level 3 soil moisture (m3 m-3), (day, place), NaN where there is none.

    pack: water in the snow (mm); places: latitude and longitude (degrees). The retrieval errs
    by place (offset and gain), by season where crops grow, and from day to day.
    """
    latitude, longitude = places
    n = days.size
    moisture = sensed(truth.morning)
    ndvi = nature.attributes["ndvi"]
    mean = moisture.mean(axis=0)
    gain = np.exp(0.15 * space.pattern("gain of the retrieval", REGION))
    gain *= 1 + 0.15 * np.isin(nature.cover, (12, 14)) - 0.35 * np.isin(nature.cover, (1, 4, 5))
    offset = 0.025 * space.pattern("offset of the retrieval", DISTRICT) + 0.06 * (ndvi - 0.25)
    summer = np.cos(2 * np.pi * (day_of_year(days) - 1 - 215) / 365.25)[:, None]
    crops = np.where(nature.cover == 12, 0.025, 0.008) * space.pattern("season of crops", REGION)
    spread = NOISE + LEAF_NOISE * ndvi
    seen = mean + offset + gain * (moisture - mean) + crops * summer
    seen += spread * space.field("noise of the retrieval", 60.0, n)
    seen = np.clip(seen, 0.02, 0.65)
    lost = ndtr(space.field("lost overpasses", DISTRICT, n)) < DROPOUT
    cold = (truth.temperature[..., 0] < FROZEN) | (pack > COVERED)
    there = passes(longitude, latitude, days) & ~lost & ~cold & (days >= LAUNCH)[:, None]
    return np.where(there, seen, np.nan)


def level4(
    space: Space, nature: Nature, truth: Truth, rain: np.ndarray, demand: np.ndarray
) -> np.ndarray:
    """Level 4 root-zone moisture (m3 m-3), (day, place): truth blended with a model's error.

    The model is a bucket of the water that 0-100 cm hold, fed by the analysed ``rain`` (mm) and
    emptied by the ``demand`` (mm); its anomalies are brought to the truth's spread.
    """
    true = truth.moisture @ shares(ROOT_ZONE).astype(np.float32)
    mean, spread = true.mean(axis=0), true.std(axis=0)
    model = bucket(rain, demand, 1000 * 0.5 * (true.max(axis=0) - true.min(axis=0)) + 60)
    model = (model - model.mean(axis=0)) / np.maximum(model.std(axis=0), 1e-6)
    noise = space.field("noise of level 4", DISTRICT, len(true), np.exp(-1 / MODEL_DAYS))
    anomaly = (1 - MODEL_SHARE) * (true - mean) / np.maximum(spread, 1e-6)
    anomaly = anomaly + MODEL_SHARE * model + MODEL_NOISE * noise
    offset = 0.03 * space.pattern("offset of level 4", REGION)
    gain = np.exp(0.2 * space.pattern("gain of level 4", REGION))
    return np.clip(mean + offset + gain * spread * anomaly, 0.02, 0.6)


def bucket(rain: np.ndarray, demand: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Water (mm) in a bucket (day, place) that spills above ``capacity`` (mm) and leaks."""
    water = 0.5 * capacity
    out = np.empty_like(rain)
    for day in range(len(rain)):
        fullness = water / capacity
        water = water + rain[day] - demand[day] * fullness - 4.0 * fullness**4
        water = np.clip(water, 0, capacity)
        out[day] = water
    return out
