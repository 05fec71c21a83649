"""Networks of study 1: train one for each site, depth and repetition, and forecast with it."""

from functools import partial

import numpy as np
import xarray as xr

from soilbook import models, settings
from soilbook.store import Store
from soilbook.studies import forecasts
from soilbook.studies.experiment import Experiment
from soilbook.studies.records import Records
from soilbook.training import Settings, Task, iterate_ensemble, train, windows


def trained(
    experiment: Experiment, model: str, records: Records, store: Store
) -> tuple[list[Task], xr.Dataset]:
    """The tasks of an experiment for one network, and what ``training.train`` returns for them."""
    tasks = [
        Task(one, model, repetition, experiment.seed)
        for repetition in range(experiment.repetitions)
        for one in records.series.values()
    ]
    profile = settings.profile(experiment.profile)
    how = Settings.of(profile, experiment.epochs, experiment.variant, experiment.target)
    result = train(maker(experiment, model, records), tasks, how, experiment.device, store)
    return tasks, result


def maker(experiment: Experiment, model: str, records: Records):
    """A function without arguments that makes the untrained network."""
    n_features = next(iter(records.series.values())).n_features
    return partial(models.NETWORKS[model], n_features, windows.N_STEPS, experiment.variant)


def forecast(experiment: Experiment, model: str, records: Records, store: Store) -> xr.Dataset:
    """Forecasts and costs of a network as ``forecasts.dataset`` lays them out."""
    tasks, result = trained(experiment, model, records, store)
    steps = iterate_ensemble(
        maker(experiment, model, records),
        result["parameters"].values,
        [task.series for task in tasks],
        experiment.target,
        experiment.device,
    )
    values = records.empty(experiment.repetitions)
    epochs = np.full(values.shape[:3], np.nan)
    seconds = np.full(values.shape[:3], np.nan)
    for j, (task, one) in enumerate(zip(tasks, steps, strict=True)):
        i, k = records.place((task.series.site, task.series.depth))
        days = forecasts.issue_days(task.series) - task.series.test_row
        values[task.repetition, i, k, :, days] = one
        epochs[task.repetition, i, k] = result["convergence_epoch"].values[j]
        seconds[task.repetition, i, k] = result["seconds_per_100_epochs"].values[j]
    return forecasts.dataset(records, values, epochs, seconds)
