"""What trained networks do with their inputs: attention, Shapley values, t-SNE (4.4 and 4.6).

The networks are those that the experiment's forecasts use; trained ones come from the store.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from torch import nn

from soilbook import models as library
from soilbook import schema, settings
from soilbook.errors import DataError, ParameterError
from soilbook.explain import attention, embedding, encoded, predictor, shapley
from soilbook.explain import shapley as importance
from soilbook.store import Store
from soilbook.studies import networks, records, sources, stand_in
from soilbook.studies.experiment import Experiment
from soilbook.training import load_module, windows

# Random orders, each walked forwards and backwards, against every background row: see
# ``shapley.inputs``.
N_PAIRS = 2


@dataclass(frozen=True)
class Trained:
    """All repetitions of one network at one site and depth, with the series it saw."""

    modules: list[nn.Module]
    series: windows.Series
    features: tuple[str, ...]

    @property
    def scale(self) -> shapley.Scale:
        """From the network's output to m3 m-3."""
        offset = float(self.series.unscale(0.0))
        return shapley.Scale(float(self.series.unscale(1.0)) - offset, offset)


class Laboratory:
    """The trained networks of an experiment, read once."""

    def __init__(self, experiment: Experiment, store: Store | None = None):
        """Raises as ``insitu.run``; every model must be a network."""
        self.experiment = experiment.resolve()
        self.profile = settings.profile(self.experiment.profile)
        self.store = store or Store()
        self.records = records.load(self.experiment, self.store)
        first = sources.load(
            self.experiment.sites[0], self.experiment.data, self.experiment.seed, self.store
        )
        self.features = schema.features(first)

    def site(self, name: str, depth: float | None = None) -> str:
        """The site, or the nearest one of this run that has windows (at that depth)."""
        there = [
            site
            for site in self.records.sites
            if any(key[0] == site and depth in (None, key[1]) for key in self.records.series)
        ]
        if not there:
            raise DataError(f"no site of this run has windows at {depth:g} m")
        return stand_in.nearest(name, there)

    def trained(self, model: str, site: str, depth: float) -> Trained:
        """The repetitions of a network at a site and depth."""
        tasks, result = networks.trained(self.experiment, model, self.records, self.store)
        make = networks.maker(self.experiment, model, self.records)
        rows = [
            row
            for task, row in zip(tasks, result["parameters"].values, strict=True)
            if (task.series.site, task.series.depth) == (site, depth)
        ]
        modules = [load_module(make, row) for row in rows]
        return Trained(modules, self.records.series[site, depth], self.features)


def attention_weights(lab: Laboratory, site: str, feature="FA-LSTM", time="TA-LSTM") -> xr.Dataset:
    """Fig 12: mean weights of features and days over the test samples, by depth and repetition.

    ``feature_weight`` (depth, repetition, step, feature) of one network and ``time_weight``
    (depth, repetition, step) of the other.
    """
    parts = []
    for depth in lab.records.depths:
        if (site, depth) not in lab.records.series:
            continue
        found = [
            attention.weights(one.modules, one.series.windows("test")[0], lab.features)[[name]]
            for one, name in (
                (lab.trained(feature, site, depth), "feature_weight"),
                (lab.trained(time, site, depth), "time_weight"),
            )
        ]
        parts.append(xr.merge(found).expand_dims(depth=[depth]))
    return xr.concat(parts, "depth")


def attention_and_shapley(lab: Laboratory, site: str, model: str = "FA-LSTM") -> xr.Dataset:
    """Mean |Shapley value| of the features by depth and repetition, to hold the weights against."""
    parts = []
    for depth in (d for d in lab.records.depths if (site, d) in lab.records.series):
        one = lab.trained(model, site, depth)
        x = chosen(one.series.windows("test")[0], lab.profile.explained, lab.experiment.seed)
        background = one.series.windows("training")[0]
        values = [
            importance.mean_absolute(
                shapley.grouped(predictor(module), x, background, lab.features, scale=one.scale)
            )
            for module in one.modules
        ]
        joined = xr.concat(values, "repetition").expand_dims(depth=[depth])
        parts.append(joined.to_dataset(name="importance"))
    return xr.concat(parts, "depth")


def explained(lab: Laboratory, n_samples: int | None) -> int:
    """Samples to explain, the profile's number for None; a spread needs two of them."""
    if n_samples is None:
        return lab.profile.explained
    if n_samples < 2:
        raise ParameterError(f"samples is {n_samples}; allowed: 2 or more")
    return n_samples


def attribution(
    lab: Laboratory, site: str, depth: float, n_samples: int | None = None, n_background: int = 50
) -> tuple[xr.Dataset, pd.DataFrame]:
    """Fig 14: Shapley values of all inputs of every network, and how far they can be trusted.

    Returns the values of ``shapley.inputs`` by ``model``, and one row a network with what
    ``importance.agreement`` says of them against exact values grouped by feature. The mean of a
    network's repetitions is explained. Raises ParameterError for too few samples or background
    rows.
    """
    wanted = explained(lab, n_samples)
    values, checks = [], []
    for model in lab.experiment.models:
        if model not in library.NETWORKS:
            continue
        one = lab.trained(model, site, depth)
        x = chosen(one.series.windows("test")[0], wanted, lab.experiment.seed)
        background = one.series.windows("training")[0]
        common = {"n_background": n_background, "scale": one.scale, "seed": lab.experiment.seed}
        predict = predictor(one.modules)
        single = shapley.inputs(predict, x, background, lab.features, n_pairs=N_PAIRS, **common)
        exact = shapley.grouped(predict, x, background, lab.features, **common)
        values.append(single.expand_dims(model=[model]))
        checks.append({"model": model} | importance.agreement(single, exact))
    return xr.concat(values, "model"), pd.DataFrame(checks)


def pictures(lab: Laboratory, site: str, depth: float) -> xr.Dataset:
    """Fig 15: t-SNE of the inputs and of the state that each network encodes, test part."""
    x, moisture, states = _states(lab, site, depth)
    return embedding.pictures({"inputs": x.reshape(len(x), -1), **states}, moisture)


def stability(lab: Laboratory, site: str, depth: float, model: str = "LSTM") -> xr.Dataset:
    """The encoded states of one network pictured with other seeds and perplexities."""
    _, moisture, states = _states(lab, site, depth, [model])
    perplexities = [p for p in (5, 15, 30, 60) if 3 * p < len(moisture)]
    return embedding.stability(states[model], moisture, perplexities=perplexities)


def _states(lab: Laboratory, site: str, depth: float, models=None):
    one = lab.records.series[site, depth]
    x, y = one.windows("test")
    kept = _rows(len(x), lab.profile.pictured, lab.experiment.seed)
    x, moisture = x[kept], one.unscale(y[kept])
    names = models or [model for model in lab.experiment.models if model in library.NETWORKS]
    states = {model: encoded(lab.trained(model, site, depth).modules[0], x) for model in names}
    return x, moisture, states


def chosen(x: np.ndarray, n: int, seed: int) -> np.ndarray:
    """``n`` samples in order of time, without replacement; all where there are not so many."""
    return x[_rows(len(x), n, seed)]


def _rows(n: int, wanted: int, seed: int) -> np.ndarray:
    """Rows in order of time, without replacement; all where there are not so many."""
    return np.sort(np.random.default_rng(seed).choice(n, min(n, wanted), replace=False))
