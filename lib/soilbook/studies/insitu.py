"""Study 1: every model at the chosen sites and depths, forecast, scored and kept.

The one door for the chapters of Wang et al. (2024): ``run(Experiment(...))``.
"""

import pandas as pd
import xarray as xr

from soilbook import metrics, models, settings
from soilbook.store import Store
from soilbook.studies import forecasts, scoring, stand_in
from soilbook.studies.experiment import Experiment
from soilbook.studies.records import load

__all__ = ["ALL_MODELS", "Experiment", "cost", "gains", "one_site", "run", "summary"]

ALL_MODELS = (*models.MACHINE_LEARNING, *models.NETWORKS)


def run(experiment: Experiment, store: Store | None = None) -> xr.Dataset:
    """Forecast and score all models of an experiment; finished parts come from the store.

    Returns the scores of ``scoring.score``; ``forecast`` (model, site, depth, step, day), mean of
    repetitions, with ``observed`` (m3 m-3) and ``issue_time`` (last observed day);
    ``epochs_to_convergence``, see ``shard.convergence_epoch``, and ``seconds_per_100_epochs``
    (model, site, depth, repetition); attrs ``left_out``: one line for each site and depth with too
    few windows. Raises ParameterError, DataError or DeviceError before any work starts.
    """
    experiment = experiment.resolve()
    store = store or Store()
    records = load(experiment, store)
    parts = {
        model: forecasts.make(experiment, model, records, store) for model in experiment.models
    }
    profile = settings.profile(experiment.profile)
    result = scoring.score(parts, profile.bootstrap, experiment.seed)
    first = next(iter(parts.values()))
    result = result.assign(observed=first["observed"], issue_time=first["issue_time"])
    names = xr.IndexVariable("model", list(parts))
    for name in ("forecast", "epochs_to_convergence", "seconds_per_100_epochs"):
        arrays = [part[name] for part in parts.values()]
        if name == "forecast":
            arrays = [array.mean("repetition") for array in arrays]
        result[name] = xr.concat(arrays, names, join="outer")
    result.attrs.update(
        left_out="\n".join(records.left_out), data=experiment.data, variant=experiment.variant
    )
    return result


def summary(result: xr.Dataset) -> str:
    """A line on what the result rests on: sites, depths, repetitions, and what was left out."""
    repetitions = result["n_repetitions"].to_series()
    text = (
        f"{result.sizes['site']} sites ({', '.join(result['site'].values)}), "
        f"{result.sizes['depth']} depths; trainings of each model: "
        f"{', '.join(f'{model} {int(n)}' for model, n in repetitions.items())}."
    )
    left_out = result.attrs["left_out"]
    return f"{text} Left out: {left_out.replace(chr(10), '; ')}." if left_out else text


def one_site(result: xr.Dataset, site: str) -> xr.Dataset:
    """Pooled RMSE of one site under the names that the figures of scores take.

    Where the run does not hold the site, the nearest stands in; ``attrs["site"]`` says which and
    ``attrs["words"]`` is what a caption should add.
    """
    shown = stand_in.nearest(site, result["site"].values)
    part = result.sel(site=shown, reading="pooled")
    names = ("rmse", "rmse_low", "rmse_high")
    attrs = {"site": shown, "words": stand_in.words(site, shown)}
    return xr.Dataset({name: part[f"site_{name}"] for name in names}, attrs=attrs)


def gains(result: xr.Dataset) -> xr.Dataset:
    """R2 minus R2 of persistence, pooled: ``gain`` (model, depth, lead), mean over sites.

    ``p`` is that of Wilcoxon's signed-rank test across sites, Holm's correction over all cells.
    """
    r2 = result["site_r2"].sel(reading="pooled", drop=True)
    others = [model for model in r2["model"].values if model != "persistence"]
    table = metrics.compare(r2.sel(model=others), r2.sel(model="persistence", drop=True))
    found = table.set_index(["model", "depth", "lead"])[["difference", "p_corrected"]].to_xarray()
    found = found.rename(difference="gain", p_corrected="p").sel(model=others)
    return found.assign_attrs(n_sites=result.sizes["site"])


def cost(result: xr.Dataset) -> pd.DataFrame:
    """One row a trained network: model, site, depth, repetition, epochs to convergence (see
    ``shard.convergence_epoch``) and seconds per 100 epochs."""
    names = ["epochs_to_convergence", "seconds_per_100_epochs"]
    frame = result[names].to_dataframe().dropna().reset_index()
    order = {model: i for i, model in enumerate(result["model"].values)}
    return frame.sort_values("model", key=lambda column: column.map(order), kind="stable")
