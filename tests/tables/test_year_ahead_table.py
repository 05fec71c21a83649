"""The table of the year-ahead test and the count of parameters."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook.models.prolongation_fast import Prolongation
from soilbook.tables import year_ahead


@pytest.fixture
def result():
    """Medians of two predictors."""
    made = xr.Dataset(coords={"predictor": ["network 1", "ensemble"]})
    for metric, value in {"rmse": 0.03, "bias": 0.001, "ubrmse": 0.028, "r": 0.85}.items():
        for tail, shift in (("", 0), ("_low", -0.001), ("_high", 0.001)):
            made[f"median_{metric}{tail}"] = "predictor", np.array([1.0, 0.9]) * value + shift
    return made


def test_released_predictions_stand_below_without_an_interval(result):
    table = year_ahead.tidy(result)
    here = table[table["source"] == year_ahead.HERE]
    assert len(here) == 8 and (here["low"] < here["high"]).all()
    released = table[table["source"] == year_ahead.PRINTED].set_index(["predictor", "metric"])
    assert released.loc[("released network", "r"), "value"] == 0.841
    assert released["low"].isna().all()


def test_one_row_a_predictor_for_reading(result):
    shown = year_ahead.side_by_side(year_ahead.tidy(result), year_ahead.tidy(result))
    assert shown["predictor"].tolist() == [
        *["network 1", "ensemble"] * 2,
        "released network",
        "released multi-target network",
    ]
    assert shown["source"].tolist()[2] == "observed reference run"
    assert shown.loc[0, "rmse"] == "0.0300 [0.0290, 0.0310]"
    assert shown.loc[4, "bias"] == "+0.0085"


def test_parameters_add_up():
    table = year_ahead.parameters({"small": Prolongation(3, 4), "large": Prolongation(5, 8)})
    table = table.set_index("part")
    # 3*4+4 | 4 gates * 4*4 | the same | 4*4 | 4+1
    assert table["small"].tolist() == [16, 64, 64, 16, 5, 165]
    assert table.loc["all", "large"] == sum(p.numel() for p in Prolongation(5, 8).parameters())
    assert isinstance(table, pd.DataFrame) and table.loc["all", "equations"] == "1-8"
