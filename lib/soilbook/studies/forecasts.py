"""Forecasts of one model for all sites and depths of an experiment, kept in the store."""

import numpy as np
import xarray as xr
from joblib import Parallel, delayed

from soilbook import fingerprint, models, progress, settings
from soilbook.models.baselines import calendar_day, day_of_year_means
from soilbook.store import Store
from soilbook.studies.experiment import Experiment
from soilbook.studies.records import Records, observed
from soilbook.training import windows

# A forecast this many times outside the range of training has run away (the paper's "(-)"); fed
# back further, a polynomial kernel would overflow within a week.
RUNAWAY = 100.0


def make(experiment: Experiment, model: str, records: Records, store: Store) -> xr.Dataset:
    """Forecasts of ``model`` beside what came: see ``records.observed``.

    Adds ``forecast`` (repetition, site, depth, step, day) in m3 m-3, and for networks
    ``epochs_to_convergence``, see ``shard.convergence_epoch``, and ``seconds_per_100_epochs``
    (repetition, site, depth), NaN for other models.
    """
    key = _key(experiment, model, records)

    def forecast() -> xr.Dataset:
        if model in models.NETWORKS:
            from soilbook.studies.networks import forecast as function
        else:
            function = {"persistence": _persistence, "climatology": _climatology}.get(
                model, _machine_learning
            )
        return function(experiment, model, records, store)

    return store.made(key, forecast).merge(observed(records))


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
        coords={
            "repetition": np.arange(len(forecast)),
            "site": list(records.sites),
            "depth": list(records.depths),
            "step": np.arange(1, windows.N_LEADS + 1),
        },
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
        "settings": settings.profile(experiment.profile) if trained else None,
        "epochs": experiment.epochs if trained else None,
        "target": experiment.target if trained else "value",
        "device": experiment.device if trained else "cpu",
        "data": records.fingerprint,
        "model code": fingerprint.of_code(made) if made else None,
    }


def issue_days(one: windows.Series) -> np.ndarray:
    """Rows of the last observed day of each test sample."""
    return one.starts["test"] + windows.N_STEPS - 1


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
        training = windows.split(len(one.time))["training"]
        means = day_of_year_means(one.time[training], records.sm[key][training], window=31)
        for step in range(windows.N_LEADS):
            days = one.time[issue + 1 + step]
            values[0, i, k, step, issue - one.test_row] = means[calendar_day(days)]
    return dataset(records, values)


def _machine_learning(experiment, model, records: Records, store) -> xr.Dataset:
    """RF, ELM or SVR on the features of the target day, iterated over the leads."""
    values = records.empty(experiment.repetitions)
    jobs = [(r, key) for r in range(experiment.repetitions) for key in records.series]
    calls = (
        delayed(_fit_and_iterate)(model, records.series[key], _seed(experiment.seed, model, key, r))
        for r, key in jobs
    )
    done = Parallel(n_jobs=-1, return_as="generator")(calls)
    with progress.bar(len(jobs), model, "model") as bar:
        for (r, key), forecast in zip(jobs, done, strict=True):
            one = records.series[key]
            i, k = records.place(key)
            values[r, i, k, :, issue_days(one) - one.test_row] = forecast
            bar.update(1)
    return dataset(records, values)


def _fit_and_iterate(model: str, one: windows.Series, seed: int) -> np.ndarray:
    """Forecasts (sample, step) in m3 m-3; the predicted moisture is the next day's last input."""
    x, y = one.windows("training")
    regressor = models.MACHINE_LEARNING[model](seed).fit(x[:, -1], y)
    issue = issue_days(one)
    moisture, steps = one.y[issue], []
    for step in range(windows.N_LEADS):
        today = one.x[issue + 1 + step].copy()
        today[:, -1] = moisture
        moisture = np.clip(regressor.predict(today), -RUNAWAY, RUNAWAY)
        steps.append(one.unscale(moisture))
    return np.stack(steps, axis=1)


def _seed(seed: int, model: str, key: tuple[str, float], repetition: int) -> int:
    """A seed that belongs to this fit alone, whatever else is run."""
    words = [seed, repetition, round(key[1] * 1000), *f"{model} {key[0]}".encode()]
    return int(np.random.SeedSequence(words).generate_state(1)[0])
