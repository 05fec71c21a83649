"""What scaling by the range of the whole record, test part included, adds to the scores.

The authors' released programs scale so; the paper's text does not say. Everything else of the two
trainings is the same: starts, batches, epochs, the choice of the network kept.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import costs, metrics
from soilbook.store import Store
from soilbook.training.windows import SCALINGS
from soilbook.wang2024 import runs
from soilbook.wang2024.experiment import BASELINES, Experiment, load


def scores(experiment: Experiment, store: Store | None = None) -> xr.Dataset:
    """``site_r2`` (scaling, model, site, depth, lead), pooled, of the experiment's networks."""
    parts = []
    results = costs.every(lambda name: runs.run(experiment.but(scaling=name), store), SCALINGS)
    for result in results.values():
        r2 = result["site_r2"].sel(reading="pooled", drop=True)
        parts.append(r2.sel(model=[m for m in r2["model"].values if m not in BASELINES]))
    joined = xr.concat(parts, pd.Index(SCALINGS, name="scaling"), join="outer")
    return joined.to_dataset(name="site_r2").assign_attrs(result.attrs)


def gain(result: xr.Dataset) -> pd.DataFrame:
    """One row a model, depth and lead: R2 of both scalings, their mean difference over sites.

    ``difference`` is whole minus training, with its 95 % interval (sites as clusters), Wilcoxon's
    signed-rank p, Holm's correction over all rows, and a ``verdict`` of the leak.
    """
    r2 = result["site_r2"]
    whole, training = (r2.sel(scaling=name, drop=True) for name in ("whole", "training"))
    table = metrics.compare(whole, training)
    for name, values in (("r2_training", training), ("r2_whole", whole)):
        means = values.mean("site").rename(name).to_series()
        cells = pd.MultiIndex.from_frame(table[list(means.index.names)])
        table[name] = means.reindex(cells).to_numpy()
    first = ["model", "depth", "lead", "r2_training", "r2_whole", "difference", "low", "high"]
    table = table[[*first, "p", "p_corrected", "n_sites", "n_better", "verdict"]]
    return table.rename(columns={"depth": "depth_m", "lead": "lead_d"})


def outside(experiment: Experiment, store: Store | None = None) -> pd.DataFrame:
    """How far test moisture leaves the range of the training part: what the leak can tell. One row
    a depth (m): sites, share of test days outside that range (mean and largest over sites), and the
    largest excess as a share of the range."""
    records = load(experiment.but(scaling="training").resolve(), store)
    rows = []
    for (site, depth), one in records.series.items():
        y = one.y[one.test_row :]
        y = y[np.isfinite(y)]
        excess = np.maximum(np.abs(y) - 1, 0)
        row = {"site": site, "depth_m": depth, "share": (excess > 0).mean()}
        rows.append(row | {"excess": excess.max() / 2})
    return (
        pd.DataFrame(rows)
        .groupby("depth_m", as_index=False)
        .agg(
            n_sites=("site", "count"),
            share_outside_mean=("share", "mean"),
            share_outside_largest=("share", "max"),
            largest_excess_of_the_range=("excess", "max"),
        )
    )
