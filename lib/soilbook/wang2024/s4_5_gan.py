"""Section 4.5 of Wang et al. (2024): GAN-LSTM; Table 6 and Fig 13, and the authors' program."""

from functools import partial

import pandas as pd
import xarray as xr

from soilbook.plots import scores
from soilbook.wang2024 import runs

# As ``Page.table`` and ``Page.figure`` take them.
table_6 = partial(runs.table_of_r2, "6")
table_6b = partial(runs.table_at_lead, "6")
fig_13 = partial(runs.fig_of_rmse, "13")


def fig_13w(result: xr.Dataset) -> tuple:
    """Fig 13w: RMSE at Weslaco, of which the paper's text speaks."""
    shown = runs.one_site(result, "Weslaco")
    caption = (
        f"RMSE of LSTM, GAN-LSTM and the baselines at {shown.attrs['site']}{shown.attrs['words']} "
        "at five depths; lines: 95 % intervals."
    )
    return "13w", scores.rmse_panels(shown), scores.errors(shown), caption


def table_6d(paper: pd.DataFrame | None, released: pd.DataFrame | None) -> tuple:
    """Table 6d: Table 6 of the reference runs of both variants side by side."""
    table = variants({"paper": paper, "released": released})
    caption = (
        "R2 (pooled) as published and of the observed reference runs: as the text says (paper) and "
        "as the program does (released)."
    )
    return "6d", table, caption, variants_side_by_side(table)


def variants(runs: dict[str, pd.DataFrame | None]) -> pd.DataFrame:
    """Runs in several variants, their tidy tables by name, as one table with a column ``variant``.

    Rows are the cells for which the paper prints a value; a run that is None is left out.
    """
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
