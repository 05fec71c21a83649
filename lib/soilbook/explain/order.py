"""What a picture of states shows, in numbers: order by moisture, direction, clusters.

All take ``position`` (sample, axis) in any units; none depends on rotation or scale.
"""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import silhouette_score

from soilbook.errors import ParameterError

NEIGHBOURS = 10
MOST_CLUSTERS = 8
# An island is a group that gaps of this many usual neighbour distances cut off, and not a few dots.
GAP, ISLAND_NEIGHBOURS, ISLAND_SHARE = 3.0, 5, 0.05


def by_moisture(position, moisture, days=None, apart: int = 0, k: int = NEIGHBOURS) -> float:
    """Order by moisture: R2 of moisture given by the mean of the k nearest neighbours.

    1: neighbours in the picture are equally wet; 0 or less: the place tells nothing of moisture.
    With ``days`` (sample, whole days), neighbours less than ``apart`` days away do not count:
    following days share inputs and moisture, and lie side by side for that alone. Raises
    ParameterError if a sample has fewer than k neighbours left.
    """
    position, y = np.asarray(position, float), np.asarray(moisture, float)
    distance = cdist(position, position)
    np.fill_diagonal(distance, np.inf)
    if days is not None:
        days = np.asarray(days)
        distance[np.abs(days[:, None] - days) < apart] = np.inf
    left = int(np.isfinite(distance).sum(1).min())
    if left < k:
        raise ParameterError(f"a sample has {left} neighbours, {k} needed; allowed: more samples")
    nearest = np.argpartition(distance, k - 1, axis=1)[:, :k]
    return float(1 - ((y - y[nearest].mean(1)) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def along_direction(position, moisture) -> float:
    """Order along one direction: |Spearman| of moisture with the place along a line.

    The line is that of the linear regression of moisture on the position; 1: moisture rises
    steadily from one side of the picture to the other, 0: it does not.
    """
    position, y = np.asarray(position, float), np.asarray(moisture, float)
    centred = position - position.mean(0)
    slope = np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0]
    return float(abs(spearmanr(centred @ slope, y).statistic))


def silhouette(position, seed: int = 0) -> float:
    """Clusters: the mean silhouette of k-means for the best of 2 to 8 clusters.

    Near 1: tight groups far apart. An evenly filled disc has about 0.35 to 0.4, not 0. Rousseeuw
    (1987), doi 10.1016/0377-0427(87)90125-7.
    """
    position = np.asarray(position, float)
    scores = []
    for n in range(2, MOST_CLUSTERS + 1):
        labels = KMeans(n, n_init=4, random_state=seed).fit_predict(position)
        scores.append(silhouette_score(position, labels))
    return float(max(scores))


def islands(position) -> int:
    """Clusters: groups of at least 5 % of the samples that empty space separates.

    DBSCAN (Ester et al. 1996) with a reach of three times the median distance to the fifth
    neighbour; 1 is one connected picture.
    """
    position = np.asarray(position, float)
    fifth = np.partition(cdist(position, position), ISLAND_NEIGHBOURS, axis=1)[:, ISLAND_NEIGHBOURS]
    reach = GAP * float(np.median(fifth))
    labels = DBSCAN(eps=reach, min_samples=ISLAND_NEIGHBOURS).fit_predict(position)
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    return int((sizes >= ISLAND_SHARE * len(position)).sum())


def overlap(position, other, k: int = NEIGHBOURS) -> float:
    """Share of the k nearest neighbours that two pictures of the same samples have in common.

    1: the same neighbours everywhere; k / (samples - 1) is what chance gives.
    """
    sets = [_neighbour_table(np.asarray(p, float), k) for p in (position, other)]
    return float((sets[0] & sets[1]).sum() / sets[0].sum())


def _neighbour_table(position: np.ndarray, k: int) -> np.ndarray:
    distance = cdist(position, position)
    np.fill_diagonal(distance, np.inf)
    table = np.zeros(distance.shape, dtype=bool)
    np.put_along_axis(table, np.argpartition(distance, k - 1, axis=1)[:, :k], True, axis=1)
    return table
