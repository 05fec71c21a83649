"""Forecasts of one model for all sites and depths of an experiment, kept in the store.

Baselines, machine learning, and networks: one trained for each site, depth and repetition.
"""

from functools import partial

import numpy as np
import xarray as xr

from soilbook import costs, fingerprint, models, progress, settings
from soilbook.models.classical import calendar_day, day_of_year_means
from soilbook.store import Store
from soilbook.training import Settings, Task, fast, iterate_ensemble, train, windows
from soilbook.wang2024.experiment import Experiment, Records

# A forecast this many times outside the range of training has run away (the paper's "(-)"); fed
# back further, a polynomial kernel would overflow within a week.
RUNAWAY = 100.0


def make(experiment: Experiment, model: str, records: Records, store: Store) -> xr.Dataset:
    """Forecasts of ``model`` beside what came: see ``observed``.

    Adds ``forecast`` (repetition, site, depth, step, day) in m3 m-3, and for networks
    ``epochs_to_convergence``, see ``shard.convergence_epoch``, and ``seconds_per_100_epochs``
    (repetition, site, depth), NaN for other models.
    """
    key = _key(experiment, model, records)

    def forecast() -> xr.Dataset:
        baselines = {"persistence": _persistence, "climatology": _climatology}
        function = _network if model in models.NETWORKS else baselines.get(model, _machine_learning)
        return function(experiment, model, records, store)

    return store.made(key, forecast).merge(observed(records))


def observed(records: Records) -> xr.Dataset:
    """What is to be forecast: ``observed`` (site, depth, step, day) in m3 m-3.

    ``day`` counts the days of the test part; its value is that of the last observed day, whose
    date is ``issue_time`` (site, day). Only days from which all leads can be scored hold values.
    """
    values = records.empty()
    times = np.full((len(records.sites), records.n_days), np.datetime64("NaT"), "datetime64[ns]")
    for key, one in records.series.items():
        i, k = records.place(key)
        issue = issue_days(one)
        for step in range(windows.N_LEADS):
            values[i, k, step, issue - one.test_row] = records.sm[key][issue + 1 + step]
        times[i, : len(one.time) - one.test_row] = one.time[one.test_row :]
    return xr.Dataset(
        {
            "observed": (("site", "depth", "step", "day"), values, {"units": "m3 m-3"}),
            "issue_time": (("site", "day"), times),
        },
        coords=records.axes,
    )


def dataset(
    records: Records, forecast: np.ndarray, epochs: np.ndarray | None = None, seconds=None
) -> xr.Dataset:
    """Forecasts (repetition, site, depth, step, day) and costs as ``make`` returns them."""
    dims = ("repetition", "site", "depth")
    missing = np.full(forecast.shape[:3], np.nan)
    return xr.Dataset(
        {
            "forecast": ((*dims, "step", "day"), forecast, {"units": "m3 m-3"}),
            "epochs_to_convergence": (dims, missing if epochs is None else epochs),
            "seconds_per_100_epochs": (dims, missing if seconds is None else seconds),
        },
        coords={"repetition": np.arange(len(forecast)), **records.axes},
    )


def _key(experiment: Experiment, model: str, records: Records) -> dict:
    trained = model in models.NETWORKS
    # One that a reader changed in a notebook is not taken for an earlier one of its name.
    made = {**models.NETWORKS, **models.MACHINE_LEARNING}.get(model)
    return {
        "kind": "forecasts of study 1",
        "model": model,
        "sites": records.sites,
        "depths": records.depths,
        "repetitions": experiment.repetitions,
        "seed": experiment.seed,
        "variant": experiment.variant,
        "scaling": experiment.scaling,
        "split": experiment.split,
        "window": experiment.window,
        "settings": settings.profile(experiment.profile) if trained else None,
        "epochs": experiment.epochs if trained else None,
        "target": experiment.target if trained else "value",
        "device": experiment.device if trained else "cpu",
        "data": records.fingerprint,
        "model code": fingerprint.of_code(made) if made else None,
    }


def issue_days(one: windows.Series) -> np.ndarray:
    """Rows of the last observed day of each test sample."""
    return one.starts["test"] + one.n_steps - 1


def _persistence(experiment, model, records: Records, store) -> xr.Dataset:
    """The moisture of the last observed day, for every lead."""
    values = records.empty(1)
    for key, one in records.series.items():
        issue = issue_days(one)
        i, k = records.place(key)
        values[0, i, k, :, issue - one.test_row] = records.sm[key][issue][:, None]
    return dataset(records, values)


def _climatology(experiment, model, records: Records, store) -> xr.Dataset:
    """The day-of-year mean of the training part, over a window of 31 days."""
    values = records.empty(1)
    for key, one in records.series.items():
        issue = issue_days(one)
        i, k = records.place(key)
        training = slice(one.validation_row)
        means = day_of_year_means(one.time[training], records.sm[key][training], window=31)
        for step in range(windows.N_LEADS):
            days = one.time[issue + 1 + step]
            values[0, i, k, step, issue - one.test_row] = means[calendar_day(days)]
    return dataset(records, values)


def _machine_learning(experiment, model, records: Records, store) -> xr.Dataset:
    """RF, ELM or SVR on the features of the target day, iterated over the leads."""
    values = records.empty(experiment.repetitions)
    fits = [(r, key) for r in range(experiment.repetitions) for key in records.series]
    jobs = {
        i: {
            "model": model,
            "one": records.series[key],
            "seed": _seed(experiment.seed, model, key, r),
        }
        for i, (r, key) in enumerate(fits)
    }
    workers = fast.at_hand()
    work = costs.Work(model, len(jobs), len(jobs), len(jobs), workers=workers)
    watched = progress.bar(len(jobs), model, "model")
    with costs.training(work, _key(experiment, model, records), store) as timed, watched as bar:
        done = fast.side_by_side(_fit_and_iterate, jobs, workers, timed(bar.update))
        for number, forecast in done:
            r, key = fits[number]
            i, k = records.place(key)
            one = records.series[key]
            values[r, i, k, :, issue_days(one) - one.test_row] = forecast
    return dataset(records, values)


def _fit_and_iterate(model: str, one: windows.Series, seed: int, tell) -> np.ndarray:
    """Forecasts (sample, step) in m3 m-3; the predicted moisture is the next day's last input.

    ``tell`` hears when the fit is done.
    """
    x, y = one.windows("training")
    regressor = models.MACHINE_LEARNING[model](seed).fit(x[:, -1], y)
    issue = issue_days(one)
    moisture, steps = one.y[issue], []
    for step in range(windows.N_LEADS):
        today = one.x[issue + 1 + step].copy()
        today[:, -1] = moisture
        moisture = np.clip(regressor.predict(today), -RUNAWAY, RUNAWAY)
        steps.append(one.unscale(moisture))
    tell(1)
    return np.stack(steps, axis=1)


def _seed(seed: int, model: str, key: tuple[str, float], repetition: int) -> int:
    """A seed that belongs to this fit alone, whatever else is run."""
    words = [seed, repetition, round(key[1] * 1000), *f"{model} {key[0]}".encode()]
    return int(np.random.SeedSequence(words).generate_state(1)[0])


def trained(
    experiment: Experiment, model: str, records: Records, store: Store
) -> tuple[list[Task], xr.Dataset]:
    """The tasks of an experiment for one network, and what ``training.train`` returns for them."""
    profile, tasks = settings.profile(experiment.profile), tasks_of(experiment, model, records)
    how = Settings.of(profile, experiment.epochs, experiment.variant, experiment.target)
    result = train(maker(experiment, model, records), tasks, how, experiment.device, store)
    return tasks, result


def tasks_of(experiment: Experiment, model: str, records: Records) -> list[Task]:
    """One network for each repetition, site and depth; start and batches go by the name."""
    return [
        Task(one, model, repetition, experiment.seed)
        for repetition in range(experiment.repetitions)
        for one in records.series.values()
    ]


def maker(experiment: Experiment, model: str, records: Records):
    """A function without arguments that makes the untrained network."""
    n_features = next(iter(records.series.values())).n_features
    return partial(models.NETWORKS[model], n_features, experiment.window, experiment.variant)


def _network(experiment, model, records: Records, store) -> xr.Dataset:
    """Forecasts of a network trained for each site, depth and repetition, and what they cost."""
    tasks, result = trained(experiment, model, records, store)
    return iterated(experiment, maker(experiment, model, records), records, tasks, result)


def iterated(experiment: Experiment, make, records: Records, tasks, result) -> xr.Dataset:
    """Forecasts of the networks of ``make`` that ``training.train`` returned for ``tasks``, as
    ``make`` of this module returns them."""
    steps = iterate_ensemble(
        make,
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
        days = issue_days(task.series) - task.series.test_row
        values[task.repetition, i, k, :, days] = one
        epochs[task.repetition, i, k] = result["convergence_epoch"].values[j]
        seconds[task.repetition, i, k] = result["seconds_per_100_epochs"].values[j]
    return dataset(records, values, epochs, seconds)
