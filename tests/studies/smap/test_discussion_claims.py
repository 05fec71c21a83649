"""Verdicts of section III-D follow their rules."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook.fang2019.retrievals import Apart
from soilbook.studies import claims
from soilbook.studies.smap import discussion_claims


def forecast(gain=-0.01, loss=-0.006):
    """Differences of RMSE at two leads, with intervals of 0.002 on either side."""
    made = xr.Dataset(
        coords={"predictor": ["forecast", "forecast, usual weather", "hindcast"], "lead": [1, 7]}
    )
    values = np.array([[0, 0], [loss / 4, loss], [gain, gain / 2]])
    for part, shift in (("", 0), ("_low", -0.002), ("_high", 0.002)):
        made[f"difference_rmse{part}"] = ("predictor", "lead"), values + shift
    made["median_rmse"] = ("predictor", "lead"), np.full((3, 2), 0.03)
    return made


def fused(*verdicts, difference=-0.001):
    n = len(verdicts)
    return pd.DataFrame(
        {
            "scheme": [f"scheme {k}" for k in range(n)],
            "layer": "surface",
            "difference": np.linspace(difference, difference + 0.002, n),
            "low": -0.002,
            "high": 0.003,
            "n_places": 20,
            "verdict": verdicts,
        }
    )


def winter(value, half=0.002):
    return Apart(value, value - half, value + half, 0 if np.isnan(value) else 9)


def judged(**changes):
    given = {
        "forecast": forecast(),
        "fused": fused("better", "worse"),
        "winter": winter(0.01),
    }
    return discussion_claims.verdicts(**(given | changes))


def test_all_four_expectations_have_a_row_with_the_columns_of_claims():
    frame = judged()
    assert list(frame.columns) == claims.COLUMNS
    assert frame["claim"].str[:7].tolist() == ["III-D a", "III-D b", "III-D c", "III-D d"]
    assert frame["published"].isna().all()
    assert frame["verdict"].tolist() == ["reproduced", "partly", "reproduced", "reproduced"]
    assert ((frame["low"] <= frame["reproduced"]) & (frame["reproduced"] <= frame["high"])).all()


@pytest.mark.parametrize(
    ("changes", "row", "verdict"),
    [
        ({"forecast": forecast(gain=-0.003)}, 0, "partly"),
        ({"forecast": forecast(gain=0.003)}, 0, "not"),
        ({"forecast": forecast(loss=-0.02)}, 1, "reproduced"),
        ({"forecast": forecast(loss=-0.001)}, 1, "not"),
        ({"fused": fused("no difference shown", "worse")}, 2, "partly"),
        ({"fused": fused("no difference shown", difference=0.0001)}, 2, "not"),
        ({"fused": fused("not testable", difference=np.nan)}, 2, "not testable"),
        ({"winter": winter(0.001)}, 3, "partly"),
        ({"winter": winter(-0.001)}, 3, "not"),
        ({"winter": winter(np.nan)}, 3, "not testable"),
    ],
)
def test_each_verdict_has_its_case(changes, row, verdict):
    assert judged(**changes)["verdict"][row] == verdict


def test_the_weakest_lead_is_shown_for_the_worth_of_observations():
    row = judged().iloc[0]
    assert row["reproduced"] == pytest.approx(-0.005) and "lead 7 d" in row["why"]
