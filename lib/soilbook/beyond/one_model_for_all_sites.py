"""One network for all sites against one for each, and at sites that it never saw.

Beyond Wang et al. (2024), who train a network for every site and depth. Left-out sites are a
cross-validation over places: the network of a fold learns from the sites of all other folds. It
still reads the moisture of the last days at the left-out site, as every network here does; only
its record to learn from is missing. Every row gets constant inputs beside the weather: texture and
latitude of the site, and the climate of its training part. What a network is given at a site that
it never saw is scaled by the sites that it did see.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import costs, models, settings
from soilbook.data.easegrid import great_circle
from soilbook.errors import DataError, ParameterError
from soilbook.plots.style import COLOURS, letters, style
from soilbook.store import Store
from soilbook.training import Settings, Task, iterate_ensemble, train
from soilbook.training.windows import PARTS, Series
from soilbook.wang2024 import forecasts, runs
from soilbook.wang2024.experiment import Experiment, Records, load

NETWORK = "LSTM"
PER_SITE, ALL_SITES = f"{NETWORK} per site", f"{NETWORK} all sites"
LEFT_OUT = f"{NETWORK} left-out sites"
UNTOLD = f"{LEFT_OUT} without constants"
POOLED = (ALL_SITES, LEFT_OUT, UNTOLD)
# A pooled network takes this many times the steps of a network of one site: it has more to learn,
# and all sites together still cost less than one network each.
MORE_STEPS = 2
PLACE = ("sand", "silt", "clay", "latitude")
CLIMATE = ("precipitation", "air_temperature")
# Windows of the validation part that judge a network every epoch: neighbouring days say much the
# same, and judging by all days of thirty sites would take longer than training does.
MOST_JUDGED = 2000
# Marker and colour of each way to train, and of the baselines.
LOOKS = {
    "persistence": ("|", COLOURS["persistence"]),
    "climatology": ("x", COLOURS["climatology"]),
    "per site": ("o", "#0072B2"),
    "all sites": ("s", "#E69F00"),
    "left-out sites": ("D", "#CC79A7"),
    "without constants": ("^", "#009E73"),
}


@dataclass(frozen=True)
class Plan:
    """One network: the series of the sites that it learns from, and of those that it forecasts."""

    model: str
    learns: tuple[Series, ...]
    forecasts: tuple[Series, ...]


def run(experiment: Experiment, folds: int = 4, store: Store | None = None) -> xr.Dataset:
    """Forecast and score the ways to train an LSTM, with persistence and climatology.

    Always of the variant paper: a scale that holds the test part, or a left-out site, would leak.
    Returns the scores of ``runs.score``; ``fold`` (site), from 1; ``distance`` (site), km to
    the nearest site that its left-out network learned from; ``latitude`` (site); ``networks``,
    ``steps``, ``windows`` and ``parameters`` (trained), see ``design``; attrs ``left_out`` as
    ``runs.run``. Raises as ``runs.run``, and ParameterError for fewer than two folds or sites.
    """
    experiment = experiment.but(models=(NETWORK,), variant="paper", scaling="training").resolve()
    store = store or Store()
    records = load(experiment, store)
    groups = split(records.sites, folds, experiment.seed)
    plans = make_plans(records, groups)
    ways = {
        name: partial(forecasts.make, experiment, name, records, store)
        for name in experiment.models
    }
    ways |= {POOLED: partial(forecast, experiment, plans, records, store)}
    parts = costs.every(lambda way: ways[way](), ways)
    parts[PER_SITE] = parts.pop(NETWORK)
    parts |= parts.pop(POOLED)
    profile = settings.profile(experiment.profile)
    result = runs.score(parts, profile.bootstrap, experiment.seed)
    fold = [next(i for i, group in enumerate(groups, 1) if s in group) for s in records.sites]
    away = [
        _distance(site, groups[i - 1], records) for site, i in zip(records.sites, fold, strict=True)
    ]
    result = result.assign(
        fold=("site", fold),
        distance=("site", away, {"units": "km"}),
        latitude=("site", [records.places[site]["latitude"] for site in records.sites]),
    )
    result.attrs.update(left_out="\n".join(records.left_out), data=experiment.data)
    return result.merge(_sizes(experiment, plans, records))


def split(sites: tuple[str, ...], folds: int, seed: int = 0) -> list[tuple[str, ...]]:
    """Sites by fold, drawn by the seed, as equal in number as can be; no more folds than sites."""
    if folds < 2:
        raise ParameterError(f"folds is {folds}; allowed: 2 or more")
    if len(sites) < 2:
        raise ParameterError(f"one site ({sites[0]}) cannot be left out; allowed: 2 sites or more")
    drawn, n = np.random.default_rng(seed).permutation(len(sites)), min(folds, len(sites))
    return [tuple(sites[i] for i in sorted(drawn[first::n])) for first in range(n)]


def make_plans(records: Records, groups) -> list[Plan]:
    """For each depth one network of all sites, and two without the sites of each group.

    Of these two one is told what sites it looks at; to the other all have the same constants. Sites
    without windows at a depth are not there; a group is passed over where no other site remains.
    DataError where none is left.
    """
    plans = []
    # A site of one's own may not say what its soil is; then no network is told.
    places = pd.DataFrame(records.places.values())[list(PLACE)]
    constants = list(places.columns[places.notna().all()])
    for depth in records.depths:
        there = [records.series[s, depth] for s in records.sites if (s, depth) in records.series]
        told = {
            one.site: attributes(one, records.features, records.places[one.site], constants)
            for one in there
        }
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
    tasks = [
        (plan, Task(series, NETWORK, repetition, experiment.seed))
        for plan, series in [(plan, joined(plan.learns, plan.model)) for plan in plans]
        for repetition in range(experiment.repetitions)
    ]
    n_features = plans[0].learns[0].n_features
    make = partial(models.NETWORKS[NETWORK], n_features, experiment.window)
    learnt = [task for _, task in tasks]
    trained = train(make, learnt, _settings(experiment), experiment.device, store)
    ahead = [
        (plan.model, task.repetition, row, one)
        for (plan, task), row in zip(tasks, trained["parameters"].values, strict=True)
        for one in plan.forecasts
    ]
    parameters, series = np.stack([row for *_, row, _ in ahead]), [one for *_, one in ahead]
    steps = iterate_ensemble(make, parameters, series, experiment.target, experiment.device)
    values = {name: records.empty(experiment.repetitions) for name in POOLED}
    for (model, repetition, _, one), found in zip(ahead, steps, strict=True):
        i, k = records.place((one.site, one.depth))
        values[model][repetition, i, k, :, forecasts.issue_days(one) - one.test_row] = found
    truth = forecasts.observed(records)
    return {name: forecasts.dataset(records, array).merge(truth) for name, array in values.items()}


def design(result: xr.Dataset) -> pd.DataFrame:
    """One row a way to train: number of networks, updates and parameters of each, and windows that
    one learns from (mean over networks)."""
    names = ["networks", "steps", "windows", "parameters"]
    return result[names].to_dataframe().reset_index().rename(columns={"trained": "model"})


def _settings(experiment: Experiment) -> Settings:
    """How the pooled networks are trained."""
    profile = settings.profile(experiment.profile)
    more = profile.but(batches_per_epoch=MORE_STEPS * profile.batches_per_epoch)
    return Settings.of(more, experiment.epochs, experiment.variant, experiment.target)


def _distance(site: str, group: tuple[str, ...], records: Records) -> float:
    """Distance (km) from a site to the nearest one outside its group; NaN where one is unknown."""
    at = {name: (one["latitude"], one["longitude"]) for name, one in records.places.items()}
    others = [at[name] for name in records.sites if name not in group]
    return float(np.min([great_circle(*at[site], *other) for other in others]))


def _sizes(experiment: Experiment, plans: list[Plan], records: Records) -> xr.Dataset:
    """What ``design`` shows."""
    learnt = {PER_SITE: [[one] for one in records.series.values()]}
    learnt |= {model: [plan.learns for plan in plans if plan.model == model] for model in POOLED}
    steps, rows = _settings(experiment).steps, []
    for model, networks in learnt.items():
        n_windows = [sum(len(one.starts["training"]) for one in series) for series in networks]
        network = models.NETWORKS[NETWORK](networks[0][0].n_features)
        row = {
            "trained": model,
            "networks": experiment.repetitions * len(networks),
            "steps": steps // MORE_STEPS if model == PER_SITE else steps,
            "windows": round(float(np.mean(n_windows))),
            "parameters": sum(p.numel() for p in network.parameters()),
        }
        rows.append(row)
    return pd.DataFrame(rows).set_index("trained").to_xarray()


def attributes(
    one: Series, features: Sequence[str], place: dict[str, float], names: Sequence[str] = PLACE
) -> dict[str, float]:
    """Sand, silt, clay (%), latitude (degrees), as far as ``names`` has them, and the means of
    precipitation (mm d-1) and air temperature (degC) over the training part.

    ``features`` names the columns of the series; ``place`` is an entry of ``Records.places``.
    """
    training = _physical(one)[: one.validation_row]
    means = {
        f"mean_{name}": float(np.nanmean(training[:, features.index(name)]))
        for name in CLIMATE
        if name in features
    }
    return {name: place[name] for name in names} | means


def common_scale(
    parts: Sequence[Series], constants: dict[str, dict[str, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Minimum and maximum of each input over the training parts of these sites, moisture last.

    ``parts`` are of the variant paper, which scales each by its own training part; ``constants``
    has ``attributes`` by site.
    """
    rows = np.array([list(constants[one.site].values()) for one in parts])
    low = np.min([one.minimum for one in parts], axis=0)
    high = np.max([one.maximum for one in parts], axis=0)
    return tuple(
        np.concatenate((weather[:-1], constant, weather[-1:]))
        for weather, constant in ((low, rows.min(0)), (high, rows.max(0)))
    )


def in_common_scale(
    one: Series, constants: dict[str, float], scale: tuple[np.ndarray, np.ndarray]
) -> Series:
    """The series with its constants as inputs before the last, scaled to [-1, 1] by ``scale``. A
    constant outside the range of the scale takes its nearest end: what a network does beyond the
    few sites that it saw would be arbitrary."""
    low, high = scale
    width = np.where(high > low, high - low, 1.0)
    weather = _physical(one)
    place = slice(-1 - len(constants), -1)
    fixed = np.clip(list(constants.values()), low[place], high[place])
    fixed = np.broadcast_to(fixed, (len(weather), len(constants)))
    table = np.column_stack((weather[:, :-1], fixed, weather[:, -1]))
    x = (2 * (table - low) / width - 1).astype(np.float32)
    y = (2 * (one.unscale(one.y) - low[-1]) / width[-1] - 1).astype(np.float32)
    return replace(one, x=x, y=y, minimum=low, maximum=high)


def joined(parts: Sequence[Series], name: str) -> Series:
    """Series of one scale as one, site after site; no window crosses from one into the next. For
    training alone. Its site is ``name`` and all sites: a network's identity says what it learns
    from. At most MOST_JUDGED windows of the validation part stay, evenly spread."""
    offsets = np.cumsum([0, *(len(one.y) for one in parts[:-1])])
    starts = {
        part: np.concatenate([one.starts[part] + n for one, n in zip(parts, offsets, strict=True)])
        for part in PARTS
    }
    every = -(-len(starts["validation"]) // MOST_JUDGED)
    starts["validation"] = starts["validation"][::every]
    return replace(
        parts[0],
        site=f"{name}: {', '.join(one.site for one in parts)}",
        x=np.concatenate([one.x for one in parts]),
        y=np.concatenate([one.y for one in parts]),
        starts=starts,
        time=np.concatenate([one.time for one in parts]),
    )


def _physical(one: Series) -> np.ndarray:
    """The inputs in their own units, (row, feature)."""
    width = np.where(one.maximum > one.minimum, one.maximum - one.minimum, 1.0)
    return (one.x.astype(float) + 1) / 2 * width + one.minimum


def draw_by_lead(scores: xr.Dataset):
    """Mean R2 with its interval by lead, one panel a depth; the axis ends at zero.

    ``scores`` has ``r2``, ``r2_low``, ``r2_high`` (model, depth, lead).
    """
    depths = scores["depth"].values
    columns = min(3, len(depths))
    rows = -(-len(depths) // columns)
    size = (3.1 * columns, 2.6 * rows + 0.5)
    with style():
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
        for axis, depth in zip(axes.flat, depths, strict=False):
            _points(axis, scores.sel(depth=depth))
            axis.set_title(f"{depth:.2f} m")
        for axis in axes.flat[len(depths) :]:
            axis.set_axis_off()
        letters(axes.flat[: len(depths)])
        _legend(figure)
    return figure


def draw_by_site(scores: xr.Dataset):
    """RMSE at every site, one row a site from north to south, for the first and the last depth.

    ``scores`` has ``site_rmse`` (model, site, depth) in m3 m-3 and ``latitude`` (site).
    """
    depths = list(dict.fromkeys(scores["depth"].values[[0, -1]]))
    ordered = scores.sortby("latitude")
    place = np.arange(ordered.sizes["site"])
    with style():
        size = (4.6 * len(depths), 0.24 * len(place) + 1.5)
        figure, axes = plt.subplots(1, len(depths), figsize=size, squeeze=False, sharey=True)
        for axis, depth in zip(axes.flat, depths, strict=True):
            for model in _without_climatology(scores):
                marker, colour = _look(model)
                rmse = ordered["site_rmse"].sel(model=model, depth=depth).values
                look = {"marker": marker, "color": colour, "label": model, "zorder": 3}
                tick = {"s": 90, "linewidths": 2} if marker == "|" else {"s": 26}
                axis.scatter(rmse, place, **look, **tick)
            axis.set_title(f"{depth:.2f} m")
            axis.set_xlabel("RMSE (m$^3$ m$^{-3}$)")
            axis.set_xlim(left=0)
        axes[0, 0].set_yticks(place, ordered["site"].values)
        letters(axes.flat)
        _legend(figure)
    return figure


def _legend(figure) -> None:
    entries = figure.axes[0].get_legend_handles_labels()
    figure.legend(*entries, loc="outside upper center", ncols=3)


def _without_climatology(scores: xr.Dataset) -> list[str]:
    """Climatology, several times as wrong, would squeeze the others together."""
    return [str(model) for model in scores["model"].values if model != "climatology"]


def _points(axis, scores: xr.Dataset) -> None:
    models, leads = scores["model"].values, scores["lead"].values
    place = np.arange(len(leads))
    for i, model in enumerate(models):
        row = scores.sel(model=model)
        middle, low, high = (row[name].values for name in ("r2", "r2_low", "r2_high"))
        (marker, colour), x = _look(model), place + 0.13 * (i - (len(models) - 1) / 2)
        spread = np.clip([middle - low, high - middle], 0, None)
        axis.errorbar(x, middle, spread, fmt="none", ecolor=colour, lw=1)
        look = {"marker": marker, "color": colour, "label": model, "zorder": 3}
        axis.scatter(x, middle, s=60 if marker == "|" else 24, **look)
    axis.set_xticks(place, [f"{lead} d" for lead in leads])
    axis.set(xlabel="lead", ylabel="R$^2$")
    usual = scores["r2_low"].sel(model=_without_climatology(scores)).fillna(scores["r2"])
    lowest = max(float(usual.min()) - 0.03, -0.05)
    axis.set_ylim(lowest, 1.01)
    for i, model in enumerate(models):  # what lies below stands at the edge, with its value
        row, colour = scores["r2"].sel(model=model).values, _look(model)[1]
        for at in np.flatnonzero(row < lowest):
            x = place[at] + 0.13 * (i - (len(models) - 1) / 2)
            axis.plot(x, lowest, marker="v", color=colour, clip_on=False, zorder=4)
            axis.text(
                x, lowest + 0.04, f"{row[at]:.1f}", rotation=90, ha="center", va="bottom",
                color=colour, fontsize=8,
            )  # fmt: skip


def _look(model: str) -> tuple[str, str]:
    """Marker and colour by the end of the model's name."""
    return next(look for end, look in LOOKS.items() if model.endswith(end))
