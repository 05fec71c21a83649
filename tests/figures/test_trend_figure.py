"""Fig 9 shows every place with two slopes, and the slopes of the series drawn."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import pyplot as plt

from soilbook.figures import trend_slopes


def made(percent, kinds):
    places = [f"place {k}" for k in range(len(kinds))]
    values = np.array([percent, np.array(percent) / 2])
    dims = ("series", "place")
    found = xr.Dataset(
        {
            "percent": (dims, values),
            "percent_low": (dims, values - 0.3),
            "percent_high": (dims, values + 0.3),
        },
        coords={"series": ["in situ", "LSTM"], "place": places, "kind": ("place", kinds)},
    )
    months = pd.date_range("2010-01-01", "2015-12-01", freq="MS")
    monthly = xr.DataArray(
        np.full((2, len(places), months.size), 0.2),
        coords={"series": ["in situ", "LSTM"], "place": places, "time": months},
        dims=("series", "place", "time"),
    )
    return found, monthly


def test_points_and_annotations():
    found, monthly = made([-1.5, 0.2, 2.0, np.nan], ["core", "sparse", "sparse", "sparse"])
    figure = trend_slopes.slopes(found, monthly.isel(place=[0, 2]), core="stand-in")
    scatter, *series = figure.axes
    labels = scatter.get_legend_handles_labels()[1]
    assert labels == ["CRN sites (2)", "stand-ins (1)", "1:1"]
    assert scatter.get_xlim()[1] > 2.0
    assert [axis.get_title(loc="left") for axis in series] == [
        "place 0 (stand-in)",
        "place 2 (CRN site)",
    ]
    texts = [text.get_text() for text in series[0].get_legend().get_texts()]
    assert texts == ["in situ -1.5", "LSTM -0.8"]
    plt.close(figure)


def test_no_slope_at_all_is_an_empty_picture():
    found, monthly = made([np.nan], ["sparse"])
    figure = trend_slopes.slopes(found, monthly.isel(place=[]))
    assert len(figure.axes) == 1
    plt.close(figure)
