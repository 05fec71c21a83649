"""Section 4.1 of Wang et al. (2024): machine learning against the LSTM; Table 2 and Fig 8."""

import platform
import time
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.models import MACHINE_LEARNING
from soilbook.plots import scores
from soilbook.store import Store
from soilbook.wang2024 import runs
from soilbook.wang2024.experiment import Experiment, load

# As ``Page.table`` and ``Page.figure`` take them.
table_2 = partial(runs.table_of_r2, "2")
table_2b = partial(runs.table_at_lead, "2")


def fig_8(result: xr.Dataset) -> tuple:
    """Fig 8: RMSE by depth at one site, as the paper's caption says."""
    shown = runs.one_site(result, "Cape-Charles-5-ENE")
    caption = (
        "RMSE (m3 m-3) of RF, ELM, SVR, LSTM and the baselines at "
        f"{shown.attrs['site']}{shown.attrs['words']} at five depths (a-e), with 95 % intervals. "
        "Truncated bars are labelled with their value."
    )
    return "8", scores.rmse_panels(shown), scores.errors(shown), caption


def fig_8b(result: xr.Dataset) -> tuple:
    """Fig 8b: the same as a mean of all sites, as the paper's text says."""
    shown = result.sel(reading="pooled")
    caption = (
        "As Fig 8, mean of all sites. The paper's text refers to 30 sites, its caption to one; "
        "both are shown."
    )
    return "8b", scores.rmse_panels(shown), scores.errors(shown), caption


def clock(
    experiment: Experiment, result: xr.Dataset, store: Store | None = None, repeats: int = 3
) -> pd.DataFrame | None:
    """Seconds of single trainings, a row each: model, seconds, site, machine (how it was taken).

    RF, ELM and SVR are fitted ``repeats`` times to the training part of one site and depth; one
    LSTM alone, see ``runs.timed``, trains for the paper's number of epochs. None without an LSTM.
    """
    if "LSTM" not in result["model"]:
        return None
    at = {"sites": tuple(result["site"].values[:1]), "depths": tuple(result["depth"].values[:1])}
    records = load(experiment.but(**at).resolve(), store)
    x, y = next(iter(records.series.values())).windows("training")

    def measure() -> xr.Dataset:
        took = np.empty((len(MACHINE_LEARNING), repeats))
        for place, make in zip(took, MACHINE_LEARNING.values(), strict=True):
            for seed in range(repeats):
                start = time.perf_counter()
                make(seed).fit(x[:, -1], y)
                place[seed] = time.perf_counter() - start
        return xr.Dataset({"seconds": (("model", "fit"), took)})

    # Kept by machine, so that a second run leaves the same files.
    key = {"kind": "times of fits", "shape": x.shape, "machine": platform.node(), "fits": repeats}
    found = (store or Store()).made(key, measure)["seconds"].values
    rows = [(m, one) for m, fits in zip(MACHINE_LEARNING, found, strict=True) for one in fits]
    settings = published.hyperparameters().set_index(["model", "name"])["value"].sort_index()
    epochs = float(settings["deep", "epochs"])
    turns = result["seconds_alone"].sel(model="LSTM").values
    rows += [("LSTM", seconds * epochs / 100) for seconds in turns]
    table = pd.DataFrame(rows, columns=["model", "seconds"])
    words = f"{repeats} fits each, LSTM alone on one core for {epochs:.0f} epochs"
    return table.assign(site=at["sites"][0], machine=words)
