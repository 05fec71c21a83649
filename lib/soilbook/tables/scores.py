"""Score tables, Tables 2-6 of Wang et al. (2024): reproduced and published R2 side by side."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published


def tidy(scores: xr.Dataset, table: str) -> pd.DataFrame:
    """One row a model, depth, lead and reading, with the published value where there is one.

    ``scores`` comes from ``studies.insitu.run``; ``table`` is the paper's table number. Columns:
    model, depth_m, lead_d, reading, r2, r2_low, r2_high, rmse, n_sites, n_repetitions,
    r2_published (of the pooled reading, which the paper's programs compute).
    """
    wanted = ["r2", "r2_low", "r2_high", "rmse", "n_sites", "n_repetitions"]
    frame = scores[wanted].to_dataframe().reset_index()
    frame = frame.rename(columns={"depth": "depth_m", "lead": "lead_d"})
    frame["depth_m"] = frame["depth_m"].round(3)
    printed = published.scores()
    printed = printed[printed["table"].astype(str) == table]
    printed = printed.rename(columns={"r2": "r2_published"})
    printed = printed[["model", "depth_m", "lead_d", "r2_published"]].assign(reading="pooled")
    frame = frame.merge(printed, how="left", on=["model", "depth_m", "lead_d", "reading"])
    order = {model: i for i, model in enumerate(scores["model"].values)}
    keys = ["model", "depth_m", "lead_d", "reading"]
    frame = frame.sort_values(keys, key=lambda c: c.map(order) if c.name == "model" else c)
    return frame[[*keys, *wanted, "r2_published"]].reset_index(drop=True)


def side_by_side(
    frame: pd.DataFrame, reference: pd.DataFrame | None = None, reading: str = "pooled"
) -> pd.DataFrame:
    """A tidy table laid out for reading: rows are depths and leads, columns models.

    A cell holds this run's value with its interval; beside it the value of the ``reference`` run
    (a tidy table too) and, where the paper prints one, the published value. The paper's "(-)" and
    an R2 below zero are written "(-)".
    """
    part = frame[frame["reading"] == reading].set_index(["depth_m", "lead_d"])
    columns = {}
    for model, rows in part.groupby("model", sort=False):
        columns[model, "this run"] = rows.apply(_with_interval, axis=1)
        if reference is not None:
            same = reference[(reference["model"] == model) & (reference["reading"] == reading)]
            known = same.set_index(["depth_m", "lead_d"])["r2"].reindex(rows.index)
            columns[model, "observed reference"] = known.map(_number)
        printed = published.scores().drop_duplicates(["model", "depth_m", "lead_d"])
        printed = printed[printed["model"] == model].set_index(["depth_m", "lead_d"])["text"]
        if reading == "pooled" and len(printed):
            columns[model, "published"] = printed.reindex(rows.index).fillna("")
    wide = pd.DataFrame(columns)
    labels = [(f"{depth:.2f} m", f"{lead} d") for depth, lead in wide.index]
    return wide.set_axis(pd.MultiIndex.from_tuples(labels, names=["depth", "lead"]))


def _with_interval(row: pd.Series) -> str:
    return f"{_number(row['r2'])} [{_number(row['r2_low'])}, {_number(row['r2_high'])}]"


def _number(value: float) -> str:
    if np.isnan(value):
        return "no value"
    return f"{value:.3f}" if value >= 0 else "(-)"


def errors(scores: xr.Dataset) -> pd.DataFrame:
    """RMSE (m3 m-3) with its interval, one row a model, depth and lead: the data of Figs 8-13."""
    names = ["rmse", "rmse_low", "rmse_high"]
    frame = scores[names].reset_coords(drop=True).to_dataframe().reset_index()
    return frame.rename(columns={"depth": "depth_m", "lead": "lead_d"})
