"""Score tables, Tables 2-6 of Wang et al. (2024): reproduced and published R2 side by side."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published


def tidy(scores: xr.Dataset, table: str) -> pd.DataFrame:
    """One row a model, depth, lead and reading, with the published value where there is one.

    ``scores`` comes from ``studies.insitu.run``; ``table`` is the paper's table number. Columns:
    model, depth_m, lead_d, reading, r2, r2_low, r2_high, rmse, n_sites, n_repetitions,
    r2_published (of the pooled reading, which the paper's programs compute), verdict.
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
    bounds = frame[["r2_low", "r2_high", "r2_published"]].itertuples(index=False)
    frame["verdict"] = [verdict(*row) for row in bounds]
    order = {model: i for i, model in enumerate(scores["model"].values)}
    keys = ["model", "depth_m", "lead_d", "reading"]
    frame = frame.sort_values(keys, key=lambda c: c.map(order) if c.name == "model" else c)
    return frame[[*keys, *wanted, "r2_published", "verdict"]].reset_index(drop=True)


def verdict(low: float, high: float, printed: float) -> str:
    """How a value with its interval stands to the printed one; empty where none is printed.

    ``exceeded``: the interval lies above it; ``reproduced``: holds it; ``not``: lies below.
    ``not testable``: there is no interval, as with a single site.
    """
    if np.isnan(printed):
        return ""
    if np.isnan(low) or np.isnan(high):
        return "not testable"
    return "exceeded" if low > printed else "not" if high < printed else "reproduced"


def side_by_side(
    frame: pd.DataFrame, reference: pd.DataFrame | None = None, reading: str = "pooled"
) -> pd.DataFrame:
    """A tidy table laid out for reading: one row a depth, lead and model.

    Beside this run's value and interval stand the value of the ``reference`` run (a tidy table
    too) and, where the paper prints one, the published value and the verdict. The paper's "(-)"
    and an R2 below zero are written "(-)".
    """
    keys = ["depth_m", "lead_d", "model"]
    part = frame[frame["reading"] == reading]
    order = {model: i for i, model in enumerate(part["model"].unique())}
    part = part.sort_values(keys, key=lambda c: c.map(order) if c.name == "model" else c)
    part = part.set_index(keys)
    wide = pd.DataFrame({"this run": part["r2"].map(_number)}, index=part.index)
    bounds = zip(part["r2_low"], part["r2_high"], strict=True)
    wide["95 % interval"] = [f"{_number(low)} to {_number(high)}" for low, high in bounds]
    if reference is not None:
        same = reference[reference["reading"] == reading].set_index(keys)["r2"]
        wide["observed reference"] = same.reindex(part.index).map(_number)
    if reading == "pooled":
        printed = published.scores().drop_duplicates(keys).set_index(keys)["text"]
        wide["published"] = printed.reindex(part.index).fillna("")
        wide["verdict"] = part["verdict"]
    labels = [(f"{depth:.2f} m", f"{lead} d", model) for depth, lead, model in wide.index]
    return wide.set_axis(pd.MultiIndex.from_tuples(labels, names=["depth", "lead", "model"]))


def variants(runs: dict[str, pd.DataFrame | None]) -> pd.DataFrame:
    """Runs in several variants, their tidy tables by name, as one table with a column ``variant``.

    Rows are the cells for which the paper prints a value; a run that is None is left out.
    """
    parts = {name: frame[frame["r2_published"].notna()] for name, frame in runs.items()
             if frame is not None}  # fmt: skip
    if not parts:
        return pd.DataFrame(columns=["variant", "model", "depth_m", "lead_d", "r2", "r2_published"])
    return pd.concat(parts, names=["variant"]).reset_index("variant").reset_index(drop=True)


def variants_side_by_side(frame: pd.DataFrame) -> pd.DataFrame:
    """``variants`` laid out for reading: a row a depth and lead, below each model its values."""
    printed = frame.assign(variant="published", r2=frame["r2_published"])
    keys = ["depth_m", "lead_d", "model", "variant"]
    values = pd.concat([printed, frame]).drop_duplicates(keys).set_index(keys)["r2"]
    order = pd.MultiIndex.from_product([frame["model"].unique(), values.index.unique("variant")])
    wide = values.map(_number).unstack(["model", "variant"]).reindex(columns=order)
    labels = [(f"{depth:.2f} m", f"{lead} d") for depth, lead in wide.index]
    return wide.set_axis(pd.MultiIndex.from_tuples(labels, names=["depth", "lead"]))


def _number(value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:.3f}" if value >= 0 else "(-)"


def errors(scores: xr.Dataset) -> pd.DataFrame:
    """RMSE (m3 m-3) with its interval, one row a model, depth and lead: the data of Figs 8-13."""
    names = ["rmse", "rmse_low", "rmse_high"]
    frame = scores[names].reset_coords(drop=True).to_dataframe().reset_index()
    return frame.rename(columns={"depth": "depth_m", "lead": "lead_d"})


def ranking(scores: xr.Dataset) -> pd.DataFrame:
    """One row a model, best first: mean pooled R2, its loss with lead, cells above persistence."""
    r2 = scores["r2"].sel(reading="pooled", drop=True)
    above = (r2 > r2.sel(model="persistence")).sum(("depth", "lead"))
    return (
        pd.DataFrame(
            {
                "model": r2["model"].values,
                "r2": r2.mean(("depth", "lead")).values,
                "loss from 1 to 7 d": (r2.sel(lead=1) - r2.sel(lead=7)).mean("depth").values,
                "cells above persistence": above.values,
                "cells": r2.sizes["depth"] * r2.sizes["lead"],
            }
        )
        .sort_values("r2", ascending=False)
        .reset_index(drop=True)
    )


def persistence_against_print(scores: xr.Dataset) -> pd.DataFrame:
    """Persistence of this run beside what the paper prints, one row a depth and lead."""
    r2 = scores["r2"].sel(reading="pooled", model="persistence").to_series().rename("persistence")
    printed = published.scores().drop_duplicates(["model", "depth_m", "lead_d"])
    rows = []
    for (depth, lead), value in r2.items():
        same = printed[np.isclose(printed["depth_m"], depth) & (printed["lead_d"] == lead)]
        best = same.loc[same["r2"].idxmax()]
        rows.append(
            {
                "depth_m": depth,
                "lead_d": lead,
                "persistence": value,
                "best printed r2": best["r2"],
                "best printed model": best["model"],
                "printed models below persistence": int((same["r2"].fillna(-1) < value).sum()),
                "printed models": len(same),
            }
        )
    return pd.DataFrame(rows)


def best_against_persistence(gains: xr.Dataset) -> pd.DataFrame:
    """The network with the largest gain at each depth and lead; ``gains`` of ``insitu.gains``."""
    frame = gains.drop_sel(model="climatology", errors="ignore").to_dataframe().reset_index()
    best = frame.loc[frame.groupby(["depth", "lead"])["gain"].idxmax()]
    best = best.rename(columns={"depth": "depth_m", "lead": "lead_d", "p": "p_corrected"})
    return best[["depth_m", "lead_d", "model", "gain", "p_corrected"]].reset_index(drop=True)
