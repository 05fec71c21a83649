"""Table 1 of Wang et al. (2024): the sites, corrected where the paper has slips."""

import pandas as pd
import xarray as xr

from soilbook import published


def characteristics(sites: xr.Dataset) -> pd.DataFrame:
    """One row a site: texture (%), land cover, period, position, and what was corrected."""
    frame = sites.to_dataframe()
    printed = published.sites().set_index("site")
    return pd.DataFrame(
        {
            "site": frame.index,
            "sand_percent": frame["sand"].to_numpy(),
            "silt_percent": frame["silt"].to_numpy(),
            "clay_percent": frame["clay"].to_numpy(),
            "land cover": frame["land_cover"].to_numpy(),
            "start": frame["start"].dt.strftime("%Y-%m-%d").to_numpy(),
            "end": frame["end"].dt.strftime("%Y-%m-%d").to_numpy(),
            "latitude": frame["latitude"].to_numpy(),
            "longitude": frame["longitude"].to_numpy(),
            "latitude as printed": printed.loc[frame.index, "latitude"].to_numpy(),
            "longitude as printed": printed.loc[frame.index, "longitude"].to_numpy(),
            "observed track": ["yes" if there else "no" for there in frame["observed"]],
            "note": frame["note"].to_numpy(),
        }
    )
