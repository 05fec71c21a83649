"""The satellite over the twin: which days it sees, how deep, with what error; and its level 4.

Orbit and swath are those of SMAP (Entekhabi et al. 2010, doi:10.1109/JPROC.2010.2043918): 117
orbits in 8 days, descending at 6 h local solar time, 1000 km wide.
"""

import numpy as np
from scipy.special import ndtr

from soilbook.data.twin_smap.fields import Space
from soilbook.data.twin_smap.nature import DISTRICT, REGION, Nature
from soilbook.data.twin_smap.physics import Truth
from soilbook.data.twin_smap.soil import EDGES, ROOT_ZONE, shares

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


def retrieve(space: Space, nature: Nature, truth: Truth, places, days: np.ndarray) -> np.ndarray:
    """Level 3 soil moisture (m3 m-3), (day, place), NaN where there is none.

    ``places``: latitude and longitude (degrees). The retrieval errs by place (offset and gain), by
    season where crops grow, and from day to day.
    """
    latitude, longitude = places
    n = days.size
    moisture = sensed(truth.morning)
    ndvi = nature.attributes["ndvi"]
    mean = moisture.mean(axis=0)
    gain = np.exp(0.15 * space.pattern("gain of the retrieval", REGION))
    gain *= 1 + 0.15 * np.isin(nature.cover, (12, 14)) - 0.35 * np.isin(nature.cover, (1, 4, 5))
    offset = 0.025 * space.pattern("offset of the retrieval", DISTRICT) + 0.06 * (ndvi - 0.25)
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
    summer = np.cos(2 * np.pi * (day_of_year - 215) / 365.25)[:, None]
    crops = np.where(nature.cover == 12, 0.025, 0.008) * space.pattern("season of crops", REGION)
    spread = NOISE + LEAF_NOISE * ndvi
    seen = mean + offset + gain * (moisture - mean) + crops * summer
    seen += spread * space.field("noise of the retrieval", 60.0, n)
    seen = np.clip(seen, 0.02, 0.65)
    lost = ndtr(space.field("lost overpasses", DISTRICT, n)) < DROPOUT
    cold = (truth.temperature[..., 0] < FROZEN) | (truth.pack > COVERED)
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
