"""Section 4.5 of Wang et al. (2024): GAN-LSTM; Table 6 and Fig 13, and the authors' program."""

from dataclasses import replace
from functools import partial

import pandas as pd
import xarray as xr

from soilbook import costs, metrics, settings
from soilbook.models import NETWORKS
from soilbook.models.networks import GANLSTM
from soilbook.plots import scores
from soilbook.store import Store
from soilbook.training import Settings, train
from soilbook.wang2024 import forecasts, runs
from soilbook.wang2024.experiment import BASELINES, Experiment, load

# As ``Page.table`` and ``Page.figure`` take them.
table_6 = partial(runs.table_of_r2, "6")
table_6b = partial(runs.table_at_lead, "6")
fig_13 = partial(runs.fig_of_rmse, "13")

LAMBDAS = (1e-5, 1e-3, 1e-1, 1.0)  # beside the paper's 1e-7


def gan(n_features: int, n_steps: int = 4, **changes: float) -> GANLSTM:
    """An untrained GAN-LSTM of the paper, with some of its ``networks.Adversarial`` changed."""
    network = GANLSTM(n_features, n_steps)
    network.adversarial = {"paper": replace(network.adversarial["paper"], **changes)}
    return network


def ablation(experiment: Experiment, store: Store | None = None) -> pd.DataFrame:
    """What each part of GAN-LSTM does: R2 (pooled) minus that of the LSTM, from one part to all.

    The parts are added in turn: the tanh of the output, half the learning rate, the discriminator
    without weight, its weight lambda, and from there other weights and three updates of the
    generator for one of the discriminator. All start alike and see the same batches. One row a
    step and lead, mean over depths: ``r2``, ``difference`` with ``low`` and ``high`` (95 %, sites
    as clusters), ``n_sites``. Raises as ``runs.run``.
    """
    experiment = experiment.resolve()
    store = store or Store()
    records = load(experiment, store)
    made = {name: forecasts.make(experiment, name, records, store) for name in BASELINES}
    truth = forecasts.observed(records)
    built = costs.every(lambda name: _trained(experiment, name, records, store), steps())
    made |= {name: one.merge(truth) for name, one in built.items()}
    profile = settings.profile(experiment.profile)
    found = runs.score(made, profile.bootstrap, experiment.seed)
    r2 = found["site_r2"].sel(reading="pooled").drop_sel(model=list(BASELINES)).mean("depth")
    gain = r2 - r2.sel(model="LSTM", drop=True)
    bounds = metrics.mean_over_sites(gain.transpose("site", ...).values)
    table = gain.mean("site").to_dataframe("difference").reset_index()
    table["low"], table["high"] = bounds.low.ravel(), bounds.high.ravel()
    table["r2"] = r2.mean("site").values.ravel()
    table["n_sites"] = r2.sizes["site"]
    table = table.rename(columns={"model": "network", "lead": "lead_d"})
    return table[["network", "lead_d", "r2", "difference", "low", "high", "n_sites"]]


def steps() -> dict[str, tuple[partial, float]]:
    """Steps of the ablation: what makes an untrained network, and the learning rate of one without
    a discriminator, by what the network has."""
    lstm, rate = NETWORKS["LSTM"], GANLSTM.adversarial["paper"].generator_rate
    made = {
        "LSTM": (partial(lstm), 0.001),
        "LSTM with tanh": (partial(lstm, bounded=True), 0.001),
        "LSTM with tanh, half the rate": (partial(lstm, bounded=True), rate),
        "GAN-LSTM, lambda 0": (partial(gan, lambda_bce=0.0), rate),
        "GAN-LSTM": (partial(gan), rate),
    }
    made |= {f"GAN-LSTM, lambda {one:g}": (partial(gan, lambda_bce=one), rate) for one in LAMBDAS}
    turns = {"generator_updates": 3, "discriminator_updates": 1}
    return made | {"GAN-LSTM, generator 3 : 1": (partial(gan, **turns), rate)}


def _trained(experiment: Experiment, name: str, records, store: Store) -> xr.Dataset:
    kind, rate = steps()[name]
    # Under one name, so that all steps start from the same weights and see the same batches.
    tasks = forecasts.tasks_of(experiment, "LSTM", records)
    make = partial(kind, tasks[0].series.n_features, experiment.window)
    how = Settings.of(settings.profile(experiment.profile), experiment.epochs, "paper")
    result = train(make, tasks, how.but(rate=rate), experiment.device, store, kind=name)
    return forecasts.iterated(experiment, make, records, tasks, result)


def table_6e(table: pd.DataFrame | None) -> tuple:
    """Table 6e: the ablation, as ``ablation`` or the observed reference run gives it."""
    if table is None:
        table = pd.DataFrame(columns=["network", "lead_d", "difference", "low", "high"])
    order = list(dict.fromkeys(table["network"]))
    cells = table.assign(
        text=[
            f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]" for row in table.itertuples()
        ]
    )
    shown = cells.pivot(index="network", columns="lead_d", values="text").reindex(order)
    shown = shown.rename(columns=lambda lead: f"{lead} d").rename_axis(columns=None)
    caption = (
        "From LSTM to GAN-LSTM component by component: R2 (pooled, mean of the depths) minus that "
        "of the LSTM, with 95 % intervals over the sites. lambda: weight of the adversarial term "
        "of eq 18; 1e-7 in the paper."
    )
    return "6e", table, caption, shown


def fig_13w(result: xr.Dataset) -> tuple:
    """Fig 13w: RMSE at Weslaco, of which the paper's text speaks."""
    shown = runs.one_site(result, "Weslaco")
    caption = (
        "RMSE (m3 m-3) of LSTM, GAN-LSTM and the baselines at "
        f"{shown.attrs['site']}{shown.attrs['words']} at five depths, with 95 % intervals."
    )
    return "13w", scores.rmse_panels(shown), scores.errors(shown), caption


def table_6d(paper: pd.DataFrame | None, released: pd.DataFrame | None) -> tuple:
    """Table 6d: Table 6 of the reference runs of both variants side by side."""
    table = variants({"paper": paper, "released": released})
    caption = (
        "R2 (pooled) as published and in the observed reference runs, with the method as "
        "described in the text (paper) and as in the authors' program (released)."
    )
    return "6d", table, caption, variants_side_by_side(table)


def variants(runs: dict[str, pd.DataFrame | None]) -> pd.DataFrame:
    """Runs in several variants, their tidy tables by name, as one table with a column ``variant``.
    Rows are the cells for which the paper prints a value; a run that is None is left out."""
    there = {name: frame for name, frame in runs.items() if frame is not None}
    parts = {name: frame[frame["r2_published"].notna()] for name, frame in there.items()}
    if not parts:
        return pd.DataFrame(columns=["variant", "model", "depth_m", "lead_d", "r2", "r2_published"])
    return pd.concat(parts, names=["variant"]).reset_index("variant").reset_index(drop=True)


def variants_side_by_side(frame: pd.DataFrame) -> pd.DataFrame:
    """``variants`` laid out for reading: a row a depth and lead, below each model its values."""
    printed = frame.assign(variant="published", r2=frame["r2_published"])
    keys = ["depth_m", "lead_d", "model", "variant"]
    values = pd.concat([printed, frame]).drop_duplicates(keys).set_index(keys)["r2"]
    order = pd.MultiIndex.from_product([frame["model"].unique(), values.index.unique("variant")])
    wide = values.map(scores.as_printed).unstack(["model", "variant"]).reindex(columns=order)
    labels = [(f"{depth:.2f} m", f"{lead} d") for depth, lead in wide.index]
    return wide.set_axis(pd.MultiIndex.from_tuples(labels, names=["depth", "lead"]))
