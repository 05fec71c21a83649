"""t-SNE of inputs and encoded states, appendix C of Wang et al. (2024), in pictures and numbers.

Van der Maaten and Hinton (2008), J. Mach. Learn. Res. 9. The paper names neither seed nor
perplexity; distances between far parts of a picture, and hence its overall shape, depend on both.
What a picture shows is measured by order, direction, clusters and neighbours: all take ``position``
(sample, axis) in any units, and none depends on rotation or scale.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
import xarray as xr
from scipy.spatial import procrustes
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from sklearn.cluster import DBSCAN, KMeans
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from soilbook import progress
from soilbook.errors import DataError, ParameterError

PERPLEXITY = 30.0
STARTS = ("pca", "random")
NEIGHBOURS = 10
MOST_CLUSTERS = 8
# An island is a group that gaps of this many usual neighbour distances cut off, and not a few dots.
GAP, ISLAND_NEIGHBOURS, ISLAND_SHARE = 3.0, 5, 0.05


def tsne(states, perplexity: float = PERPLEXITY, seed: int = 0, start: str = "pca") -> np.ndarray:
    """t-SNE of states (sample, ...), each sample flattened: positions (sample, 2), no units.

    ``start`` "pca" begins at the first two principal components, which keeps the overall shape
    (Kobak and Linderman 2021, doi 10.1038/s41587-020-00809-z) and leaves the seed without effect;
    "random" begins at a cloud drawn with the seed. One thread, so that a seed gives one picture.
    Raises ParameterError for a perplexity outside 1 to the number of samples or an unknown start,
    DataError for a missing value.
    """
    flat = np.asarray(states, dtype=np.float64).reshape(len(states), -1)
    if not 1 <= perplexity < len(flat):
        raise ParameterError(f"perplexity {perplexity:g}; allowed: 1 to less than {len(flat)}")
    if start not in STARTS:
        raise ParameterError(f"unknown start {start!r}; allowed: {', '.join(STARTS)}")
    bad = np.flatnonzero(~np.isfinite(flat).all(1))
    if bad.size:
        raise DataError(f"states: sample {int(bad[0])} holds a missing value")
    if flat.shape[1] < 2:
        flat = np.pad(flat, ((0, 0), (0, 1)))  # one number a state: PCA needs a second column
    with threadpool_limits(1):
        return TSNE(2, perplexity=perplexity, init=start, random_state=seed).fit_transform(flat)


def pictures(
    states: Mapping[str, np.ndarray], moisture, perplexity: float = PERPLEXITY
) -> xr.Dataset:
    """Fig 15: a picture of every entry of ``states`` (name -> (sample, ...)), with its measures.

    ``moisture`` (sample) in m3 m-3. Variables: ``position`` (panel, sample, axis), ``moisture``
    (sample), and per panel ``order`` (``by_moisture``), ``direction`` (``along_direction``),
    ``silhouette``, ``islands`` and ``trustworthiness`` (1: neighbours in the picture are neighbours
    in the states; Venna and Kaski 2006, doi 10.1016/j.neunet.2006.05.014). Raises as ``tsne``,
    ParameterError for another number of samples.
    """
    found = []
    with progress.bar(len(states), "t-SNE", "picture") as bar:
        for name, array in states.items():
            if len(array) != len(moisture):
                n, given = len(array), len(moisture)
                raise ParameterError(f"{name}: {n} states and {given} values of moisture")
            found.append(_picture(array, moisture, perplexity))
            bar.update(1)
    return _with_moisture(xr.concat(found, "panel").assign_coords(panel=list(states)), moisture)


def stability(
    states, moisture, perplexities: Sequence = (5, 15, 30, 60), seeds: Sequence[int] = (0, 1, 2)
) -> xr.Dataset:
    """The same states pictured with other perplexities and seeds: what stays and what does not.

    Variables of ``pictures`` by (perplexity, seed), and for each two pictures (picture, other), in
    the order of perplexity, then seed: ``overlap``, the share of nearest neighbours in common, and
    ``disparity``, what remains of the squared distances after the best shift, rotation,
    reflection and scale (Procrustes; 0: the same picture, near 1: unlike). Raises as ``tsne``.
    """
    found = []
    with progress.bar(len(perplexities) * len(seeds), "t-SNE stability", "picture") as bar:
        for perplexity, seed in product(perplexities, seeds):
            found.append(_picture(states, moisture, perplexity, seed, "random"))
            bar.update(1)
    every = [one["position"].values for one in found]
    same, unlike = np.eye(len(every)), np.zeros((len(every), len(every)))
    for i, j in combinations(range(len(every)), 2):
        same[i, j] = same[j, i] = overlap(every[i], every[j])
        unlike[i, j] = unlike[j, i] = procrustes(every[j], every[i])[2]
    n = len(seeds)
    rows = [xr.concat(found[k : k + n], "seed") for k in range(0, len(found), n)]
    grid = xr.concat(rows, "perplexity")
    grid = grid.assign_coords(perplexity=list(perplexities), seed=list(seeds))
    grid["overlap"] = (("picture", "other"), same)
    grid["disparity"] = (("picture", "other"), unlike)
    return _with_moisture(grid, moisture)


def by_moisture(position, moisture, k: int = NEIGHBOURS) -> float:
    """Order by moisture: R2 of moisture given by the mean of the k nearest neighbours.

    1: neighbours in the picture are equally wet; 0 or less: the place tells nothing of moisture.
    Following days share inputs and moisture, and lie side by side for that alone. Raises
    ParameterError if there are fewer than k neighbours.
    """
    position, y = np.asarray(position, float), np.asarray(moisture, float)
    if len(y) <= k:
        raise ParameterError(f"{len(y)} samples for {k} neighbours; allowed: more samples")
    nearest = _nearest(position, k)
    return float(1 - ((y - y[nearest].mean(1)) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def along_direction(position, moisture) -> float:
    """Order along one direction: |Spearman| of moisture with the place along a line. The line is
    that of the linear regression of moisture on the position; 1: moisture rises steadily from one
    side of the picture to the other, 0: it does not."""
    position, y = np.asarray(position, float), np.asarray(moisture, float)
    centred = position - position.mean(0)
    slope = np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0]
    return float(abs(spearmanr(centred @ slope, y).statistic))


def silhouette(position, seed: int = 0) -> float:
    """Clusters: the mean silhouette of k-means for the best of 2 to 8 clusters. Near 1: tight
    groups far apart. An evenly filled disc has about 0.35 to 0.4, not 0. Rousseeuw (1987), doi
    10.1016/0377-0427(87)90125-7."""
    position = np.asarray(position, float)
    trials = (KMeans(n, n_init=4, random_state=seed) for n in range(2, MOST_CLUSTERS + 1))
    return float(max(silhouette_score(position, each.fit_predict(position)) for each in trials))


def islands(position) -> int:
    """Clusters: groups of at least 5 % of the samples that empty space separates. DBSCAN (Ester et
    al. 1996) with a reach of three times the median distance to the fifth neighbour; 1 is one
    connected picture."""
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
    near, same = (_nearest(np.asarray(p, float), k) for p in (position, other))
    return float(sum(np.isin(*both).sum() for both in zip(near, same, strict=True)) / near.size)


def _picture(states, moisture, perplexity: float, seed: int = 0, start: str = "pca") -> xr.Dataset:
    """One picture with its measures."""
    position = tsne(states, perplexity, seed, start)
    flat = np.asarray(states, dtype=np.float64).reshape(len(states), -1)
    return xr.Dataset(
        {
            "position": (("sample", "axis"), position),
            "order": by_moisture(position, moisture),
            "direction": along_direction(position, moisture),
            "silhouette": silhouette(position),
            "islands": islands(position),
            "trustworthiness": trustworthiness(flat, position, n_neighbors=NEIGHBOURS),
        }
    )


def _with_moisture(result: xr.Dataset, moisture) -> xr.Dataset:
    units = {"units": "m3 m-3", "long_name": "soil moisture"}
    result["moisture"] = ("sample", np.asarray(moisture, float), units)
    return result


def _nearest(position: np.ndarray, k: int) -> np.ndarray:
    """The k nearest neighbours of each sample, (sample, k), in no order."""
    distance = cdist(position, position)
    np.fill_diagonal(distance, np.inf)
    return np.argpartition(distance, k - 1, axis=1)[:, :k]
