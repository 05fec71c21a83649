"""Against persistence: where it beats the published networks, and what networks gain over it."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import claims as judge
from soilbook import models, published
from soilbook.claims import Case, Claim, Measured
from soilbook.plots import scores
from soilbook.wang2024 import runs


def persistence_against_print(result: xr.Dataset) -> pd.DataFrame:
    """Persistence of this run beside what the paper prints, one row a depth and lead. Without a
    depth of the paper there is nothing printed, and no column for it."""
    r2 = result["r2"].sel(reading="pooled", model="persistence").to_series().rename("persistence")
    printed = published.scores().drop_duplicates(["model", "depth_m", "lead_d"])
    rows = []
    for (depth, lead), value in r2.items():
        same = printed[np.isclose(printed["depth_m"], depth) & (printed["lead_d"] == lead)]
        row = {"depth_m": depth, "lead_d": lead, "persistence": value}
        if len(same):
            best = same.loc[same["r2"].idxmax()]
            row |= {
                "best printed r2": best["r2"],
                "best printed model": best["model"],
                "printed models below persistence": int((same["r2"].fillna(-1) < value).sum()),
                "printed models": len(same),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def best_against_persistence(gains: xr.Dataset) -> pd.DataFrame:
    """The network with the largest gain at each depth and lead; ``gains`` of ``runs.gains``."""
    frame = gains.drop_sel(model="climatology", errors="ignore").to_dataframe().reset_index()
    best = frame.loc[frame.groupby(["depth", "lead"])["gain"].idxmax()]
    best = best.rename(columns={"depth": "depth_m", "lead": "lead_d", "p": "p_corrected"})
    return best[["depth_m", "lead_d", "model", "gain", "p_corrected"]].reset_index(drop=True)


def words_on_print(data: str) -> str:
    """What Table P1 may be taken for, by track."""
    if data == "twin":
        return "The sites and days of this run are synthetic and do not test the published values."
    return "Sites and days differ from the paper's, so this is an indication, not a test."


def fig_of_gains(name: str, result: xr.Dataset) -> tuple:
    """Gains over persistence of networks that predict the ``name``, the value or the change."""
    gains = runs.gains(result)
    caption = (
        f"R2 minus R2 of persistence by depth and lead for networks that predict the {name}; mean "
        f"of sites, pooled reading. {runs.dots(gains)}"
    )
    return f"P_{name}", scores.heatmap(gains), gains, caption


def against_persistence(value: xr.Dataset, change: xr.Dataset) -> pd.DataFrame:
    """Two statements of this book, from ``runs.gains`` of both formulations. The best network lies
    above persistence at every depth and lead, and beyond chance in most."""
    most = Claim("persistence", "direction", margin=13 / 15)
    rows = []
    for name, gains in (("value", value), ("change", change)):
        networks = gains.sel(model=[m for m in gains["model"].values if m in models.NETWORKS])
        smallest = gains.attrs.get("smallest_p", 0.0)
        best = networks["gain"].max("model").values.ravel()
        sure = ((networks["gain"] > 0) & (networks["p"] < 0.05)).any("model").values.ravel()
        measured = Measured(
            int((best > 0).sum()),
            cases=tuple(Case(*both[:1], sure=both[1]) for both in zip(best, sure, strict=True)),
            why=f"{{right}} of {{n}} depths and leads with a network above persistence, {{sure}} "
            f"beyond chance after correction, {gains.attrs['n_sites']} sites; "
            "a statement of this book, not of the paper",
            unclear=f"n too small: smallest possible p {smallest:.2g}" if smallest >= 0.05 else "",
        )
        label = f"networks that predict the {name} beat persistence everywhere"
        rows.append(judge.row(most, label, measured, gains.attrs.get("data", "observed")))
    return judge.table(rows)
