"""One network for all sites against one for each, and at sites that it never saw.

Beyond Wang et al. (2024), who train a network for every site and depth. Left-out sites are a
cross-validation over places: the network of a fold learns from the sites of all other folds. It
still reads the moisture of the last days at the left-out site, as every network here does; only
its record to learn from is missing.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import models, schema, settings
from soilbook.data.distance import great_circle
from soilbook.data.sites import SITES
from soilbook.errors import DataError, ParameterError
from soilbook.store import Store
from soilbook.studies import forecasts, scoring, sources
from soilbook.studies.experiment import Experiment
from soilbook.studies.pooled_series import attributes, common_scale, in_common_scale, joined
from soilbook.studies.records import Records, load, observed
from soilbook.training import Settings, Task, iterate_ensemble, train
from soilbook.training.windows import N_STEPS, Series

NETWORK = "LSTM"
PER_SITE, ALL_SITES = f"{NETWORK} per site", f"{NETWORK} all sites"
LEFT_OUT = f"{NETWORK} left-out sites"
UNTOLD = f"{LEFT_OUT} without constants"
POOLED = (ALL_SITES, LEFT_OUT, UNTOLD)
# A pooled network takes this many times the steps of a network of one site: it has more to learn,
# and all sites together still cost less than one network each.
MORE_STEPS = 2


@dataclass(frozen=True)
class Plan:
    """One network: the series of the sites that it learns from, and of those that it forecasts."""

    model: str
    learns: tuple[Series, ...]
    forecasts: tuple[Series, ...]


def run(experiment: Experiment, folds: int = 4, store: Store | None = None) -> xr.Dataset:
    """Forecast and score the ways to train an LSTM, with persistence and climatology.

    Always of the variant paper: a scale that holds the test part, or a left-out site, would leak.
    Returns the scores of ``scoring.score``; ``fold`` (site), from 1; ``distance`` (site), km to
    the nearest site that its left-out network learned from; ``latitude`` (site); ``networks``,
    ``steps``, ``windows`` and ``parameters`` (trained), see ``design``; attrs ``left_out`` as
    ``insitu.run``. Raises as ``insitu.run``, and ParameterError for fewer than two folds or sites.
    """
    experiment = replace(
        experiment, models=(NETWORK,), variant="paper", scaling="training"
    ).resolve()
    groups = split(experiment.sites, folds, experiment.seed)
    store = store or Store()
    records = load(experiment, store)
    first = sources.load(experiment.sites[0], experiment.data, experiment.seed, store)
    plans = make_plans(records, schema.features(first), groups)
    parts = {
        model: forecasts.make(experiment, model, records, store) for model in experiment.models
    }
    parts[PER_SITE] = parts.pop(NETWORK)
    parts |= forecast(experiment, plans, records, store)
    profile = settings.profile(experiment.profile)
    result = scoring.score(parts, profile.bootstrap, experiment.seed)
    fold = [next(i for i, group in enumerate(groups, 1) if s in group) for s in records.sites]
    away = [
        _distance(site, groups[i - 1], records.sites)
        for site, i in zip(records.sites, fold, strict=True)
    ]
    result = result.assign(
        fold=("site", fold),
        distance=("site", away, {"units": "km"}),
        latitude=("site", [SITES[site].latitude for site in records.sites]),
    )
    result.attrs.update(left_out="\n".join(records.left_out), data=experiment.data)
    return result.merge(_sizes(experiment, plans, records))


def split(sites: tuple[str, ...], folds: int, seed: int = 0) -> list[tuple[str, ...]]:
    """Sites by fold, drawn by the seed, as equal in number as can be; no more folds than sites."""
    if folds < 2:
        raise ParameterError(f"folds is {folds}; allowed: 2 or more")
    if len(sites) < 2:
        raise ParameterError(f"one site ({sites[0]}) cannot be left out; allowed: 2 sites or more")
    drawn = np.random.default_rng(seed).permutation(len(sites))
    return [
        tuple(sites[i] for i in sorted(drawn[first :: min(folds, len(sites))]))
        for first in range(min(folds, len(sites)))
    ]


def make_plans(records: Records, features: tuple[str, ...], groups) -> list[Plan]:
    """For each depth one network of all sites, and two without the sites of each group.

    Of these two one is told what sites it looks at; to the other all have the same constants. Sites
    without windows at a depth are not there; a group is passed over where no other site remains.
    DataError where none is left.
    """
    plans = []
    for depth in records.depths:
        there = [records.series[s, depth] for s in records.sites if (s, depth) in records.series]
        told = {one.site: attributes(one, features) for one in there}
        untold = {site: dict.fromkeys(constants, 0.0) for site, constants in told.items()}
        plans.append(_plan(ALL_SITES, there, there, told))
        for group in groups:
            learns = [one for one in there if one.site not in group]
            left_out = [one for one in there if one.site in group]
            if learns and left_out:
                plans.append(_plan(LEFT_OUT, learns, left_out, told))
                plans.append(_plan(UNTOLD, learns, left_out, untold))
    if len({plan.model for plan in plans}) < len(POOLED):
        raise DataError("no depth has windows at two sites of different folds")
    return plans


def _plan(model: str, learns: list[Series], ahead: list[Series], constants: dict) -> Plan:
    """A plan in the common scale of the sites that its network learns from."""
    scale = common_scale(learns, constants)
    scaled = [
        tuple(in_common_scale(one, constants[one.site], scale) for one in part)
        for part in (learns, ahead)
    ]
    return Plan(model, *scaled)


def forecast(
    experiment: Experiment, plans: list[Plan], records: Records, store: Store
) -> dict[str, xr.Dataset]:
    """Train the networks of all plans; forecasts by model as ``forecasts.make`` lays them out."""
    tasks, planned = [], []
    for plan in plans:
        series = joined(plan.learns, plan.model)
        for repetition in range(experiment.repetitions):
            tasks.append(Task(series, NETWORK, repetition, experiment.seed))
            planned.append(plan)
    make = _maker(plans)
    trained = train(make, tasks, _settings(experiment), experiment.device, store)
    runs = [
        (task.repetition, plan.model, row, one)
        for task, plan, row in zip(tasks, planned, trained["parameters"].values, strict=True)
        for one in plan.forecasts
    ]
    steps = iterate_ensemble(
        make,
        np.stack([row for _, _, row, _ in runs]),
        [one for *_, one in runs],
        experiment.target,
        experiment.device,
    )
    values = {name: records.empty(experiment.repetitions) for name in POOLED}
    for (repetition, model, _, one), ahead in zip(runs, steps, strict=True):
        i, k = records.place((one.site, one.depth))
        values[model][repetition, i, k, :, forecasts.issue_days(one) - one.test_row] = ahead
    truth = observed(records)
    return {name: forecasts.dataset(records, array).merge(truth) for name, array in values.items()}


def design(result: xr.Dataset) -> pd.DataFrame:
    """One row a way to train: number of networks, updates and parameters of each, and windows that
    one learns from (mean over networks)."""
    names = ["networks", "steps", "windows", "parameters"]
    return result[names].to_dataframe().reset_index().rename(columns={"trained": "model"})


def _settings(experiment: Experiment) -> Settings:
    profile = settings.profile(experiment.profile)
    how = Settings.of(profile, experiment.epochs, experiment.variant, experiment.target)
    return replace(how, batches_per_epoch=MORE_STEPS * how.batches_per_epoch)


def _maker(plans: list[Plan]):
    n_features = plans[0].learns[0].n_features
    return partial(models.NETWORKS[NETWORK], n_features, N_STEPS)


def _distance(site: str, group: tuple[str, ...], sites: tuple[str, ...]) -> float:
    """Distance (km) from a site to the nearest one outside its group."""
    here = SITES[site]
    others = [SITES[name] for name in sites if name not in group]
    return min(
        float(great_circle(here.latitude, here.longitude, other.latitude, other.longitude))
        for other in others
    )


def _sizes(experiment: Experiment, plans: list[Plan], records: Records) -> xr.Dataset:
    """What ``design`` shows."""
    alone = [len(one.starts["training"]) for one in records.series.values()]
    rows = {
        PER_SITE: (alone, models.NETWORKS[NETWORK](next(iter(records.series.values())).n_features))
    }
    for model in POOLED:
        windows = [
            sum(len(one.starts["training"]) for one in plan.learns)
            for plan in plans
            if plan.model == model
        ]
        rows[model] = (windows, _maker(plans)())
    pooled = _settings(experiment).steps
    columns = {
        "networks": [experiment.repetitions * len(windows) for windows, _ in rows.values()],
        "steps": [pooled // MORE_STEPS] + [pooled] * len(POOLED),
        "windows": [round(float(np.mean(windows))) for windows, _ in rows.values()],
        "parameters": [
            sum(p.numel() for p in network.parameters()) for _, network in rows.values()
        ],
    }
    return xr.Dataset(
        {name: ("trained", values) for name, values in columns.items()},
        {"trained": list(rows)},
    )
