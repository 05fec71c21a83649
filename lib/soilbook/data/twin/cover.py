"""What Table 1's land cover means for roots, leaves and the heating of the ground."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cover:
    """roots: base of the root profile 1 - roots^(depth in cm), Jackson et al. (1996,
    doi:10.1007/BF00333714); leaves: leaf area index in winter and summer; warming: degC by which
    each 100 W m-2 of short-wave warms the ground above the air.
    """

    roots: float
    leaves: tuple[float, float]
    warming: float


COVERS = {
    "Grassland": Cover(0.966, (0.5, 2.5), 0.9),
    "Herbaceous cover": Cover(0.966, (0.6, 2.5), 0.9),
    "Tree cover": Cover(0.970, (1.0, 4.0), 0.4),
    "Shrub cover": Cover(0.975, (0.4, 1.0), 1.5),
    "Cropland": Cover(0.961, (0.2, 3.0), 1.0),
    "Mosaic Cropland": Cover(0.961, (0.3, 2.8), 1.0),
    "Cropland, rainfed": Cover(0.961, (0.2, 3.0), 1.0),
}


def root_share(roots: float, edges: np.ndarray) -> np.ndarray:
    """Share of the roots in each layer between ``edges`` (m), (layer,); adds up to 1."""
    share = np.diff(1 - roots ** (100 * edges))
    return share / share.sum()


def ground_share(leaf_area: np.ndarray) -> np.ndarray:
    """Share of the demand that falls on bare soil, exp(-0.5 LAI).

    Ritchie (1972, doi:10.1029/WR008i005p01204).
    """
    return np.exp(-0.5 * leaf_area)


def leaf_area(cover: Cover, temperature: np.ndarray) -> np.ndarray:
    """Leaf area index (day,) that follows the mean air temperature (degC) of the last 30 days.

    A linear ramp from 5 to 18 degC, in the manner of the growing-season index of Jolly, Nemani
    and Running (2005, doi:10.1111/j.1365-2486.2005.00930.x).
    """
    total = np.cumsum(np.concatenate([np.full(30, temperature[0]), temperature]))
    month = (total[30:] - total[:-30]) / 30
    low, high = cover.leaves
    return low + (high - low) * np.clip((month - 5) / 13, 0, 1)
