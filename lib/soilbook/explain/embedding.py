"""t-SNE of inputs and encoded states, appendix C of Wang et al. (2024), and its stability.

Van der Maaten and Hinton (2008), J. Mach. Learn. Res. 9. The paper names neither seed nor
perplexity; distances between far parts of a picture, and hence its overall shape, depend on both.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from scipy.spatial import procrustes
from sklearn.manifold import TSNE, trustworthiness
from threadpoolctl import threadpool_limits

from soilbook import progress
from soilbook.errors import DataError, ParameterError
from soilbook.explain import order

PERPLEXITY = 30.0
STARTS = ("pca", "random")


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
    states: Mapping[str, np.ndarray], moisture, days=None, apart: int = 0,
    perplexity: float = PERPLEXITY, seed: int = 0, start: str = "pca",
) -> xr.Dataset:  # fmt: skip
    """Fig 15: a picture of every entry of ``states`` (name -> (sample, ...)), with its measures.

    ``moisture`` (sample) in m3 m-3; ``days`` (sample) and ``apart`` as in ``order.by_moisture``.
    Variables: ``position`` (panel, sample, axis), ``moisture`` (sample), and per panel ``order``,
    ``direction``, ``silhouette``, ``islands`` (see ``explain.order``) and ``trustworthiness`` (1:
    neighbours in the picture are neighbours in the states; Venna and Kaski 2006, doi
    10.1016/j.neunet.2006.05.014). Raises as ``tsne``, ParameterError for another number of samples.
    """
    found = []
    with progress.bar(len(states), "t-SNE", "picture") as bar:
        for name, array in states.items():
            if len(array) != len(moisture):
                raise ParameterError(
                    f"{name}: {len(array)} states and {len(moisture)} values of moisture"
                )
            position = tsne(array, perplexity, seed, start)
            found.append(_measured(array, position, moisture, days, apart))
            bar.update(1)
    return _with_moisture(xr.concat(found, "panel").assign_coords(panel=list(states)), moisture)


def stability(
    states, moisture, days=None, apart: int = 0, perplexities: Sequence[float] = (5, 15, 30, 60),
    seeds: Sequence[int] = (0, 1, 2), start: str = "random",
) -> xr.Dataset:  # fmt: skip
    """The same states pictured with other perplexities and seeds: what stays and what does not.

    Variables of ``pictures`` by (perplexity, seed), and for each two pictures (picture, other), in
    the order of perplexity, then seed: ``overlap``, the share of nearest neighbours in common, and
    ``disparity``, what remains of the squared distances after the best shift, rotation,
    reflection and scale (Procrustes; 0: the same picture, near 1: unlike). Raises as ``tsne``.
    """
    rows = []
    with progress.bar(len(perplexities) * len(seeds), "t-SNE stability", "picture") as bar:
        for perplexity in perplexities:
            row = []
            for seed in seeds:
                position = tsne(states, perplexity, seed, start)
                row.append(_measured(states, position, moisture, days, apart))
                bar.update(1)
            rows.append(xr.concat(row, "seed"))
    grid = xr.concat(rows, "perplexity")
    grid = grid.assign_coords(perplexity=list(perplexities), seed=list(seeds))
    every = grid["position"].values.reshape(-1, *grid["position"].shape[2:])
    same, unlike = np.eye(len(every)), np.zeros((len(every), len(every)))
    for i in range(len(every)):
        for j in range(i):
            same[i, j] = same[j, i] = order.overlap(every[i], every[j])
            unlike[i, j] = unlike[j, i] = procrustes(every[i], every[j])[2]
    grid["overlap"] = (("picture", "other"), same)
    grid["disparity"] = (("picture", "other"), unlike)
    return _with_moisture(grid, moisture)


def between(stable: xr.Dataset, name: str = "overlap") -> dict[str, float]:
    """Mean of a pairwise measure over pairs that differ ``by_seed`` or ``by_perplexity`` alone."""
    labels = [(p, s) for p in stable["perplexity"].values for s in stable["seed"].values]
    table = stable[name].values
    groups = {"by_seed": [], "by_perplexity": []}
    for i, (perplexity, seed) in enumerate(labels):
        for j, (other_perplexity, other_seed) in enumerate(labels[:i]):
            if perplexity == other_perplexity:
                groups["by_seed"].append(table[i, j])
            elif seed == other_seed:
                groups["by_perplexity"].append(table[i, j])
    return {kind: float(np.mean(some)) if some else np.nan for kind, some in groups.items()}


def _measured(states, position: np.ndarray, moisture, days, apart: int) -> xr.Dataset:
    flat = np.asarray(states, dtype=np.float64).reshape(len(states), -1)
    return xr.Dataset(
        {
            "position": (("sample", "axis"), position),
            "order": order.by_moisture(position, moisture, days, apart),
            "direction": order.along_direction(position, moisture),
            "silhouette": order.silhouette(position),
            "islands": order.islands(position),
            "trustworthiness": trustworthiness(flat, position, n_neighbors=order.NEIGHBOURS),
        }
    )


def _with_moisture(result: xr.Dataset, moisture) -> xr.Dataset:
    units = {"units": "m3 m-3", "long_name": "soil moisture"}
    result["moisture"] = ("sample", np.asarray(moisture, float), units)
    return result
