"""Section 5 of Wang et al. (2024): all models at once, for its conclusions."""

import pandas as pd
import xarray as xr

from soilbook import claims as judge
from soilbook import published
from soilbook.claims import COLUMNS
from soilbook.wang2024.claims import ELSEWHERE


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


def of_section_46(claims_46: pd.DataFrame | None) -> pd.DataFrame:
    """Claims 5-14 and 5-15, that networks use and encode data unlike, as section 4.6 judged them.

    ``claims_46`` are the rows that chapter 4.6 left, None if it has not been run. Rows are indexed
    by their id.
    """
    known = (
        pd.DataFrame(columns=COLUMNS) if claims_46 is None else claims_46.reindex(columns=COLUMNS)
    )
    known = known.set_index(known["claim"].astype(str).str.split(":").str[0])
    rows = {}
    for claim in published.claims("5").itertuples():
        if claim.measure in ELSEWHERE:
            own = known.loc[claim.id].to_dict() if claim.id in known.index else None
            rows[claim.id] = own or judge.labelled(claim, ELSEWHERE[claim.measure])
    return pd.DataFrame.from_dict(rows, orient="index")
