"""Section 4.1 of Wang et al. (2024): machine learning against the LSTM; Table 2 and Fig 8."""

from functools import partial

import xarray as xr

from soilbook.plots import scores
from soilbook.wang2024 import runs

# As ``Page.table`` and ``Page.figure`` take them.
table_2 = partial(runs.table_of_r2, "2")
table_2b = partial(runs.table_at_lead, "2")


def fig_8(result: xr.Dataset) -> tuple:
    """Fig 8: RMSE by depth at one site, as the paper's caption says."""
    shown = runs.one_site(result, "Cape-Charles-5-ENE")
    caption = (
        f"RMSE of RF, ELM, SVR, LSTM and the baselines at {shown.attrs['site']}"
        f"{shown.attrs['words']} at five depths (a-e); lines: 95 % intervals. A bar cut at the "
        "top bears its value."
    )
    return "8", scores.rmse_panels(shown), scores.errors(shown), caption


def fig_8b(result: xr.Dataset) -> tuple:
    """Fig 8b: the same as a mean of all sites, as the paper's text says."""
    shown = result.sel(reading="pooled")
    caption = (
        "The same as a mean of all sites. The paper's text speaks of 30 sites where its caption "
        "names one: this book shows both."
    )
    return "8b", scores.rmse_panels(shown), scores.errors(shown), caption
