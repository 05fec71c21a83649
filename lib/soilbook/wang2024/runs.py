"""Study 1: every model at the chosen sites and depths, forecast, scored and kept; and its networks.

The one door for the chapters of Wang et al. (2024): ``run(Experiment(...))``. Of the two readings
of a score, ``pooled`` at lead h is the mean of the scores of the steps 1 to h, which the authors'
programs compute and the published tables print; ``at_lead`` is the score of step h alone.
"""

import platform
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from torch import nn

from soilbook import costs, fingerprint, metrics, models, settings
from soilbook.errors import DataError, ParameterError
from soilbook.explain import importance
from soilbook.plots import scores
from soilbook.store import Store
from soilbook.training import Settings, Task, load_module, windows
from soilbook.training.plain import train_alone
from soilbook.wang2024 import forecasts
from soilbook.wang2024.experiment import Experiment, load, nearest, stand_in

ALL_MODELS = (*models.MACHINE_LEARNING, *models.NETWORKS)
LEADS = (1, 3, 7)
TURNS, TIMED_EPOCHS = 5, 8  # of the clock of one network alone
READINGS = ("pooled", "at_lead")
VALUES = ("r2", "rmse", "bias", "ubrmse", "r", "kge", "anomaly_r", "skill")
RESAMPLED = ("r2", "rmse")
PAIRED = (
    "Paired differences of R2 across sites between each model and the LSTM, with intervals and "
    "Wilcoxon tests corrected by Holm over the models at each depth and lead. Where the sites are "
    "too few for any p to reach 0.05, the row states this in place of a verdict."
)


def run(experiment: Experiment, store: Store | None = None) -> xr.Dataset:
    """Forecast and score all models of an experiment; finished parts come from the store.

    Returns the scores of ``score``; ``forecast`` (model, site, depth, step, day), mean of
    repetitions, with ``observed`` (m3 m-3) and ``issue_time`` (last observed day);
    ``epochs_to_convergence``, see ``shard.convergence_epoch``, and ``seconds_per_100_epochs``
    (model, site, depth, repetition), the share of a network in a stacked training;
    ``seconds_alone`` (model, turn), see ``timed``; attrs ``left_out``: one line for each site and
    depth with too few windows. Raises ParameterError, DataError or DeviceError before any work
    starts.
    """
    experiment = experiment.resolve()
    store = store or Store()
    records = load(experiment, store)
    parts = costs.every(
        lambda name: forecasts.make(experiment, name, records, store), experiment.models
    )
    profile = settings.profile(experiment.profile)
    result = score(parts, profile.bootstrap, experiment.seed)
    first = next(iter(parts.values()))
    result = result.assign(observed=first["observed"], issue_time=first["issue_time"])
    names = xr.IndexVariable("model", list(parts))
    for name in ("forecast", "epochs_to_convergence", "seconds_per_100_epochs"):
        arrays = [part[name] for part in parts.values()]
        if name == "forecast":
            arrays = [array.mean("repetition") for array in arrays]
        result[name] = xr.concat(arrays, names, join="outer")
    alone = [timed(experiment, name, records, store) for name in parts]
    result["seconds_alone"] = xr.concat(alone, names)
    result.attrs.update(
        left_out="\n".join(records.left_out), data=experiment.data, variant=experiment.variant
    )
    return result


def timed(experiment: Experiment, model: str, records, store: Store) -> xr.DataArray:
    """Processor seconds that 100 epochs of one network take alone (turn,), as the paper's costs.
    Plain PyTorch on one core, measured in several turns of a few epochs each; NaN for what is no
    network. Kept in the store by machine."""
    if model not in models.NETWORKS:
        return xr.DataArray(np.full(TURNS, np.nan), dims="turn")
    make, one = forecasts.maker(experiment, model, records), next(iter(records.series.values()))
    few = min(TIMED_EPOCHS, experiment.epochs)
    how = Settings.of(settings.profile(experiment.profile), few, experiment.variant)

    def measure() -> xr.Dataset:
        tasks = [Task(one, model, turn, experiment.seed) for turn in range(TURNS)]
        made = [train_alone(make, task, how) for task in tasks]
        return xr.concat(made, "network")[["seconds_per_100_epochs"]]

    key = {
        "kind": "times of one network", "model": model, "features": one.n_features, "how": how,
        "days": one.n_steps,
        "rows": len(one.y), "machine": platform.node(), "networks": fingerprint.of_code(make),
    }  # fmt: skip
    return store.made(key, measure)["seconds_per_100_epochs"].rename(network="turn")


def summary(result: xr.Dataset) -> str:
    """A line on what the result rests on: sites, depths, repetitions, and what was left out."""
    repetitions = result["n_repetitions"].to_series()
    text = (
        f"{result.sizes['site']} sites ({', '.join(result['site'].values)}), "
        f"{result.sizes['depth']} depths; trainings of each model: "
        f"{', '.join(f'{model} {int(n)}' for model, n in repetitions.items())}."
    )
    if below := below_persistence(result):
        text += (
            f" At {', '.join(f'{depth:.2f} m' for depth in below)} no network reaches persistence "
            "at any lead: their order there holds for this length of training alone."
        )
    left_out = result.attrs["left_out"]
    return f"{text} Left out: {left_out.replace(chr(10), '; ')}." if left_out else text


def below_persistence(result: xr.Dataset) -> list[float]:
    """Depths (m) at which every network has a lower R2 than persistence at every lead."""
    r2 = result["r2"].sel(reading="pooled", drop=True)
    networks = r2.isel(model=np.isin(r2["model"].values, list(models.NETWORKS)))
    if "persistence" not in r2["model"] or not networks.sizes["model"]:
        return []
    below = networks < r2.sel(model="persistence", drop=True)
    return r2["depth"].values[below.all(("model", "lead")).values].tolist()


def one_site(result: xr.Dataset, site: str) -> xr.Dataset:
    """Pooled RMSE of one site under the names that the figures of scores take. Where the run does
    not hold the site, the nearest stands in; ``attrs["site"]`` says which and ``attrs["words"]`` is
    what a caption should add."""
    shown = nearest(site, result["site"].values)
    part = result.sel(site=shown, reading="pooled")
    names = ("rmse", "rmse_low", "rmse_high")
    attrs = {"site": shown, "words": stand_in(site, shown)}
    return xr.Dataset({name: part[f"site_{name}"] for name in names}, attrs=attrs)


def table_of_r2(number: str, result: xr.Dataset) -> tuple:
    """Tables 2 to 6 as ``Page.table`` takes them: number, table, caption."""
    caption = (
        "R² of forecasts 1, 3 and 7 days ahead, averaged over the sites and pooled over the days "
        "from the first to the lead, as in the authors' programs. 95 % intervals: sites as "
        "clusters, moving blocks in time. As in the paper, (-) denotes an R² below zero. "
    )
    caption += (
        "Synthetic data are not compared with the published values."
        if result.attrs.get("data") == "twin"
        else "Level: the interval within 0.05 of the published value (alike), wholly further away "
        "(above, below), or neither (cannot tell). The tables claim an order of the models, which "
        "the scorecard judges."
    )
    return number, scores.tidy(result, number), caption


def table_at_lead(number: str, result: xr.Dataset) -> tuple:
    """The other reading of the same scores, numbered with a b: number, table, caption."""
    table = scores.tidy(result, number)
    caption = (
        "R² of the forecasts of the last day alone (1, 3 or 7 days ahead), averaged over the "
        "sites. The paper does not give it."
    )
    return f"{number}b", table[table["reading"] == "at_lead"], caption


def fig_of_rmse(number: str, result: xr.Dataset) -> tuple:
    """Figs 9 to 11 and 13 as ``Page.figure`` takes them: number, figure, data, caption."""
    pooled, together = result.sel(reading="pooled"), cost(result)
    alone = result["seconds_alone"].to_dataframe().dropna().reset_index()
    alone = scores.in_order(alone, ["model"], result["model"].values)
    data = {"rmse": scores.errors(pooled), "cost": together, "alone": alone}
    caption = (
        "Mean RMSE (m3 m-3) over the sites of the networks and the baselines at five depths "
        "(a-e), epochs to convergence (g: until the validation error is within "
        f"{100 * settings.CONVERGED:g} % of its lowest) and time per 100 epochs in seconds (h). "
        "Boxes: one network trained alone on one core with plain PyTorch, as in the paper "
        f"({TURNS} repeats); diamonds: share of one network among many trained at once, as in "
        "this run."
    )
    return number, scores.rmse_panels(pooled, together, alone), data, caption


def gains(result: xr.Dataset) -> xr.Dataset:
    """R2 minus R2 of persistence, pooled: ``gain`` (model, depth, lead), mean over sites.

    ``p`` is that of Wilcoxon's signed-rank test across sites, Holm's correction over the models at
    each depth and lead; ``attrs["smallest_p"]`` is the least that it can be here.
    """
    r2 = result["site_r2"].sel(reading="pooled", drop=True)
    others = [model for model in r2["model"].values if model != "persistence"]
    reference = r2.sel(model="persistence", drop=True)
    table = metrics.compare(r2.sel(model=others), reference, family=("depth", "lead"))
    found = table.set_index(["model", "depth", "lead"])[["difference", "p_corrected"]].to_xarray()
    found = found.rename(difference="gain", p_corrected="p").sel(model=others)
    smallest = metrics.smallest_p(np.full(len(others), result.sizes["site"])).max()
    known = {name: result.attrs[name] for name in ("data",) if name in result.attrs}
    return found.assign_attrs(n_sites=result.sizes["site"], smallest_p=float(smallest), **known)


def dots(gains: xr.Dataset, level: float = 0.05) -> str:
    """For the caption of a picture of ``gains``: what a dot says, or that none can appear."""
    smallest, n = gains.attrs["smallest_p"], gains.attrs["n_sites"]
    if smallest >= level:
        return (
            f"No cell has a dot: with {n} sites and {gains.sizes['model']} models the smallest "
            f"possible p is {smallest:.2g}."
        )
    return (
        "Dot: difference beyond chance across sites (Wilcoxon, Holm's correction over the models "
        "at each depth and lead)."
    )


def cost(result: xr.Dataset) -> pd.DataFrame:
    """One row a trained network: model, site, depth, repetition, epochs to convergence (see
    ``shard.convergence_epoch``) and seconds per 100 epochs."""
    names = ["epochs_to_convergence", "seconds_per_100_epochs"]
    frame = result[names].to_dataframe().dropna().reset_index()
    return scores.in_order(frame, ["model"], result["model"].values)


def score(made: dict[str, xr.Dataset], n_replicates: int, seed: int = 0) -> xr.Dataset:
    """Scores of each model; ``made`` maps its name to what ``forecasts.make`` returns.

    Returns, for the metrics of VALUES, the mean over sites ``<metric>`` (model, depth, lead,
    reading), for r2 and rmse with ``_low`` and ``_high`` (95 %, sites as clusters, blocks of days
    within each); ``site_<metric>`` (model, site, depth, lead, reading), with intervals over days
    for r2 and rmse; ``repetition_r2`` (model, repetition, site, depth, lead, reading);
    ``n_sites`` (model, depth) and ``n_repetitions`` (model). Soil moisture in m3 m-3.
    """
    persistence = made["persistence"].isel(repetition=0)["forecast"].values
    climatology = made["climatology"].isel(repetition=0)["forecast"].values
    # One block length (d) for each site, chosen by persistence, for all models.
    pairs = zip(made["persistence"]["observed"].values, persistence, strict=True)
    lengths = [metrics.choose_length(*pair) for pair in pairs]
    parts = [
        _score_model(part, persistence, climatology, lengths, n_replicates, seed)
        for part in made.values()
    ]
    found = xr.concat(parts, xr.IndexVariable("model", list(made)), join="outer")
    for name in ("rmse", "bias", "ubrmse"):
        found[name].attrs["units"] = "m3 m-3"
    return found


def _score_model(part, persistence, climatology, lengths, n_replicates, seed) -> xr.Dataset:
    """All scores of one model; arrays are (repetition, site, depth, step, day)."""
    observed, predicted = part["observed"].values, part["forecast"].values
    steps = {
        name: metrics.METRICS[name].function(observed, predicted)
        for name in VALUES
        if metrics.METRICS[name].needs is None
    }
    steps["anomaly_r"] = metrics.anomaly_r(observed, predicted, climatology)
    steps["skill"] = metrics.skill(observed, predicted, persistence)
    # (repetition, site, depth, lead, reading)
    values = {name: _by_lead(array, axis=3) for name, array in steps.items()}
    out = {"repetition_r2": (("repetition", "site", "depth", "lead", "reading"), values["r2"])}
    at_site, over_sites = ("site", "depth", "lead", "reading"), ("depth", "lead", "reading")
    for name in VALUES:
        site_values = _mean(values[name], 0)
        out[f"site_{name}"] = (at_site, site_values)
        replicates = None
        if name in RESAMPLED:
            replicates, low, high = _replicates(
                observed, predicted, name, lengths, n_replicates, seed
            )
            out |= {f"site_{name}_low": (at_site, low), f"site_{name}_high": (at_site, high)}
        mean = metrics.mean_over_sites(site_values, replicates, n_replicates=n_replicates)
        out[name] = (over_sites, mean.value)
        if name in RESAMPLED:
            out |= {f"{name}_low": (over_sites, mean.low), f"{name}_high": (over_sites, mean.high)}
    n_sites = np.isfinite(_mean(values["r2"], 0)[:, :, 0, 0]).sum(0)
    out["n_sites"] = (("depth",), n_sites)
    out["n_repetitions"] = ((), part.sizes["repetition"])
    coords = {name: part[name].values for name in ("repetition", "site", "depth")}
    return xr.Dataset(out, coords | {"lead": list(LEADS), "reading": list(READINGS)})


def _replicates(observed, predicted, metric, lengths, n_replicates, seed):
    """Replicates (replicate, site, depth, lead, reading), mean of repetitions, and site bounds. All
    models of a site share its block length and seed: their replicates are paired."""
    n_sites, n_depths = observed.shape[:2]
    shape = (n_sites, n_depths, len(LEADS), len(READINGS))
    replicates = np.full((n_replicates, *shape), np.nan)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    for j in range(n_sites):
        drawn = metrics.resample(
            observed[j], predicted[:, j], metric, lengths[j], n_replicates, seed + j
        )
        centred = _mean(_by_lead(metrics.recentred(drawn), axis=3), 1)
        value = _mean(_by_lead(drawn.value, axis=2), 0)
        replicates[:, j] = centred
        pooled = metrics.Resampled(value, centred, drawn.length, drawn.n_days, drawn.stable)
        bounds = metrics.interval(pooled)
        low[j], high[j] = bounds.low, bounds.high
    return replicates, low, high


def _by_lead(steps: np.ndarray, axis: int) -> np.ndarray:
    """Scores of single steps along ``axis`` to two last axes, lead and reading."""
    steps = np.moveaxis(steps, axis, -1)
    pooled = [steps[..., :lead].mean(-1) for lead in LEADS]
    at_lead = [steps[..., lead - 1] for lead in LEADS]
    return np.stack([np.stack(pooled, -1), np.stack(at_lead, -1)], -1)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean over an axis, NaN left out, NaN without a warning where nothing is left."""
    return metrics.mean_where(values, np.isfinite(values), axis)


@dataclass(frozen=True)
class Trained:
    """All repetitions of one network at one site and depth, with the series it saw."""

    modules: list[nn.Module]
    series: windows.Series

    @property
    def scale(self) -> importance.Scale:
        """From the network's output to m3 m-3."""
        offset = float(self.series.unscale(0.0))
        return importance.Scale(float(self.series.unscale(1.0)) - offset, offset)


class Laboratory:
    """The trained networks of an experiment, read once."""

    def __init__(self, experiment: Experiment, store: Store | None = None):
        """Raises as ``run``; every model must be a network."""
        self.experiment = experiment.resolve()
        self.profile = settings.profile(self.experiment.profile)
        self.store = store or Store()
        self.records = load(self.experiment, self.store)
        self.features = self.records.features
        costs.foreseen(self._all, [name for name in experiment.models if name in models.NETWORKS])

    def _all(self, model: str) -> tuple:
        """Tasks and trainings of a network at all sites and depths."""
        return forecasts.trained(self.experiment, model, self.records, self.store)

    def depths(self, site: str) -> list[float]:
        """Depths (m) of this run at which the site has windows."""
        return [depth for depth in self.records.depths if (site, depth) in self.records.series]

    def depth(self, wanted: float) -> float:
        """The depth (m) nearest to the wanted one at which a site of this run has windows."""
        return min({depth for _, depth in self.records.series}, key=lambda d: abs(d - wanted))

    def site(self, name: str, depth: float | None = None) -> str:
        """The site, or the nearest one of this run that has windows (at that depth)."""
        at = {site: self.depths(site) for site in self.records.sites}
        there = [site for site in at if (at[site] if depth is None else depth in at[site])]
        if not there:
            raise DataError(f"no site of this run has windows at {depth:g} m")
        return nearest(name, there)

    def trained(self, model: str, site: str, depth: float) -> Trained:
        """The repetitions of a network at a site and depth."""
        tasks, result = self._all(model)
        make = forecasts.maker(self.experiment, model, self.records)
        modules = [
            load_module(make, row)
            for task, row in zip(tasks, result["parameters"].values, strict=True)
            if (task.series.site, task.series.depth) == (site, depth)
        ]
        return Trained(modules, self.records.series[site, depth])


def explained(lab: Laboratory, n_samples: int | None) -> int:
    """Samples to explain, the profile's number for None; a spread needs two of them."""
    if n_samples is None:
        return lab.profile.explained
    if n_samples < 2:
        raise ParameterError(f"samples is {n_samples}; allowed: 2 or more")
    return n_samples


def chosen(x: np.ndarray, n: int, seed: int) -> np.ndarray:
    """``n`` samples in order of time, without replacement; all where there are not so many."""
    return x[chosen_rows(len(x), n, seed)]


def chosen_rows(n: int, wanted: int, seed: int) -> np.ndarray:
    """Rows of ``chosen`` samples out of ``n``."""
    return np.sort(np.random.default_rng(seed).choice(n, min(n, wanted), replace=False))
