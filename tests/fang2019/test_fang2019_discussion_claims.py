"""Verdicts of section III-D follow their rules; intervals over places."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook.claims import COLUMNS
from soilbook.fang2019 import claims
from soilbook.fang2019 import runs as place_draws


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
    """Differences at nine places, whose mean has an interval of about ``half`` on either side."""
    return xr.DataArray(value + half * np.linspace(-2, 2, 9), dims="place")


def judged(**changes):
    given = {
        "forecast": forecast(),
        "fused": fused("better", "worse"),
        "winter": winter(0.01),
    }
    return claims.of_discussion(**(given | changes))


def test_all_expectations_have_a_row_with_the_columns_of_claims():
    frame = judged()
    assert list(frame.columns) == COLUMNS
    assert frame["claim"].str[:7].tolist() == [f"III-D {k}" for k in "abcdef"]
    assert frame["published"].isna().all()
    expected = ["reproduced", "partly", "reproduced", "reproduced", "not testable", "not testable"]
    assert frame["verdict"].tolist() == expected
    frame = frame.iloc[:4]
    assert ((frame["low"] <= frame["reproduced"]) & (frame["reproduced"] <= frame["high"])).all()


@pytest.mark.parametrize(
    ("changes", "row", "verdict"),
    [
        ({"forecast": forecast(gain=-0.003)}, 0, "partly"),
        ({"forecast": forecast(gain=0.003)}, 0, "not"),
        ({"forecast": forecast(loss=-0.02)}, 1, "reproduced"),
        ({"forecast": forecast(loss=-0.001)}, 1, "not"),
        ({"fused": fused("no difference shown", "worse")}, 2, "cannot tell"),
        ({"fused": fused("no difference shown", difference=0.0001)}, 2, "not"),
        ({"fused": fused("not testable", difference=np.nan)}, 2, "not testable"),
        ({"winter": winter(0.001)}, 3, "cannot tell"),
        ({"winter": winter(-0.003)}, 3, "not"),
        ({"winter": winter(np.nan)}, 3, "not testable"),
    ],
)
def test_each_verdict_has_its_case(changes, row, verdict):
    assert judged(**changes)["verdict"][row] == verdict


@pytest.mark.parametrize(("growth", "verdict"), [(0.0, "reproduced"), (0.004, "not")])
def test_what_was_learned_should_not_decay_with_the_years_before_launch(growth, verdict):
    days = pd.date_range("2010-01-01", "2015-03-31")
    random = np.random.default_rng(0)
    before = (days[-1] - days).days.to_numpy() / 365
    error = (0.03 + growth * before) * random.normal(size=(8, days.size))
    result = xr.Dataset(
        {
            "sm": (("product", "layer", "place", "time"), 0.2 + error[None, None]),
            "insitu": (("layer", "place", "time"), np.full((1, *error.shape), 0.2)),
        },
        {
            "product": ["LSTM"], "layer": ["surface"], "place": np.arange(8), "time": days,
            "period": ("time", ["PL"] * days.size),
        },
    )  # fmt: skip
    row = claims.of_discussion(forecast(), fused("better"), winter(0.01), result).iloc[4]
    assert row["verdict"] == verdict and row["reproduced"] == pytest.approx(growth, abs=0.0007)
    short = result.sel(time=slice("2013-06-01", None))
    row = claims.of_discussion(forecast(), fused("better"), winter(0.01), short).iloc[4]
    assert row["verdict"] == "not testable" and row["why"].startswith("0 places with three years")
    few = result.isel(place=slice(3))
    row = claims.of_discussion(forecast(), fused("better"), winter(0.01), few).iloc[4]
    assert row["verdict"] == "not testable"


def test_the_weakest_lead_is_shown_for_the_worth_of_observations():
    row = judged().iloc[0]
    assert row["reproduced"] == pytest.approx(-0.005) and "lead 7 d" in row["why"]


def test_a_weather_forecast_of_heavy_weight_counts_only_where_the_loss_is_sure():
    row = judged(forecast=forecast(loss=-0.02)).iloc[1]
    assert row["reproduced"] == pytest.approx(0.02) and row["low"] == pytest.approx(0.018)
    assert (
        "above zero beyond the interval at 2 of 2 leads, more than 10% of the RMSE at 2"
        in (row["why"])
    )
    assert row["why"].endswith("shown: lead 7 d, 67%")
    open_at_first = forecast(loss=-0.02)
    open_at_first["difference_rmse_high"][1, 0] = 0.001
    assert judged(forecast=open_at_first)["verdict"][1] == "partly"


def test_an_interval_over_places_covers_the_median_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for k in range(120):
        low, high = place_draws.interval(
            np.median, random.normal(size=41), np.arange(41), n_replicates=120, seed=k
        )
        covered += low <= 0 <= high
    assert 0.88 <= covered / 120 <= 0.99


def test_neighbours_drawn_together_widen_the_interval():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 5)
    values = random.normal(size=20)[groups]
    alone = place_draws.interval(np.mean, values, np.arange(100), n_replicates=500)
    together = place_draws.interval(np.mean, values, groups, n_replicates=500)
    assert together[1] - together[0] > 1.7 * (alone[1] - alone[0])


def test_two_groups_have_no_interval_and_undefined_draws_do_not_count():
    assert np.isnan(place_draws.interval(np.mean, np.ones(6), np.array([0, 0, 0, 1, 1, 1]))).all()
    values = np.array([1.0, 1.0, np.nan, 1.0])
    found = place_draws.interval(np.nanmean, values, np.arange(4), n_replicates=50)
    assert found == (1.0, 1.0)


def test_stations_far_apart_are_no_neighbours():
    latitude = np.array([40.0, 40.01, 40.0, 30.0])
    longitude = np.array([-100.0, -100.01, -80.0, -100.0])
    coords = {"latitude": ("place", latitude), "longitude": ("place", longitude)}
    groups = place_draws.neighbours(xr.Dataset(coords=coords))
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 3
    core = xr.Dataset(coords=coords, attrs={"kind": "core"})
    assert len(set(place_draws.neighbours(core).tolist())) == 4
