"""Section 5 of Wang et al. (2024): all models at once, for its conclusions."""

import pandas as pd
import xarray as xr


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
