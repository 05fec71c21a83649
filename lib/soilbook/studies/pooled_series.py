"""Windows of many sites for one network: a common scale, and what tells the sites apart.

Every row gets constant inputs beside the weather: texture and latitude of the site, and the climate
of its training part. What a network is given at a site that it never saw is scaled by the sites
that it did see.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from soilbook.data.sites import SITES
from soilbook.training import windows
from soilbook.training.windows import PARTS, Series

PLACE = ("sand", "silt", "clay", "latitude")
CLIMATE = ("precipitation", "air_temperature")
# Windows of the validation part that judge a network every epoch: neighbouring days say much the
# same, and judging by all days of thirty sites would take longer than training does.
MOST_JUDGED = 2000


def attributes(one: Series, features: Sequence[str]) -> dict[str, float]:
    """Sand, silt, clay (%), latitude (degrees), and the means of precipitation (mm d-1) and air
    temperature (degC) over the training part; ``features`` names the columns of the series."""
    site = SITES[one.site]
    training = _physical(one)[windows.split(len(one.time))["training"]]
    means = {
        f"mean_{name}": float(np.nanmean(training[:, features.index(name)]))
        for name in CLIMATE
        if name in features
    }
    return {name: float(getattr(site, name)) for name in PLACE} | means


def common_scale(
    parts: Sequence[Series], constants: dict[str, dict[str, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Minimum and maximum of each input over the training parts of these sites, moisture last.

    ``parts`` are of the variant paper, which scales each by its own training part; ``constants``
    has ``attributes`` by site.
    """
    rows = np.array([list(constants[one.site].values()) for one in parts])
    low = np.min([one.minimum for one in parts], axis=0)
    high = np.max([one.maximum for one in parts], axis=0)
    return tuple(
        np.concatenate((weather[:-1], constant, weather[-1:]))
        for weather, constant in ((low, rows.min(0)), (high, rows.max(0)))
    )


def in_common_scale(
    one: Series, constants: dict[str, float], scale: tuple[np.ndarray, np.ndarray]
) -> Series:
    """The series with its constants as inputs before the last, scaled to [-1, 1] by ``scale``.

    A constant outside the range of the scale takes its nearest end: what a network does beyond the
    few sites that it saw would be arbitrary.
    """
    low, high = scale
    width = np.where(high > low, high - low, 1.0)
    weather = _physical(one)
    fixed = np.clip(
        list(constants.values()), low[-1 - len(constants) : -1], high[-1 - len(constants) : -1]
    )
    fixed = np.broadcast_to(fixed, (len(weather), len(constants)))
    table = np.column_stack((weather[:, :-1], fixed, weather[:, -1]))
    x = (2 * (table - low) / width - 1).astype(np.float32)
    y = (2 * (one.unscale(one.y) - low[-1]) / width[-1] - 1).astype(np.float32)
    return replace(one, x=x, y=y, minimum=low, maximum=high)


def joined(parts: Sequence[Series], name: str) -> Series:
    """Series of one scale as one, site after site; no window crosses from one into the next.

    For training alone. Its site is ``name`` and all sites: a network's identity says what it learns
    from. At most MOST_JUDGED windows of the validation part stay, evenly spread.
    """
    offsets = np.cumsum([0, *(len(one.y) for one in parts[:-1])])
    starts = {
        part: np.concatenate([one.starts[part] + n for one, n in zip(parts, offsets, strict=True)])
        for part in PARTS
    }
    every = -(-len(starts["validation"]) // MOST_JUDGED)
    starts["validation"] = starts["validation"][::every]
    return replace(
        parts[0],
        site=f"{name}: {', '.join(one.site for one in parts)}",
        x=np.concatenate([one.x for one in parts]),
        y=np.concatenate([one.y for one in parts]),
        starts=starts,
        time=np.concatenate([one.time for one in parts]),
    )


def _physical(one: Series) -> np.ndarray:
    """The inputs in their own units, (row, feature)."""
    width = np.where(one.maximum > one.minimum, one.maximum - one.minimum, 1.0)
    return (one.x.astype(float) + 1) / 2 * width + one.minimum
