"""Forecasts from recent retrievals, and months with few: what is known, and that it is used."""

import numpy as np
import pytest
import torch
import xarray as xr

from soilbook import schema
from soilbook.errors import ParameterError
from soilbook.fang2019 import retrievals, runs
from soilbook.fang2019.retrievals import SEES, SatelliteForecast
from soilbook.models.prolongation import Prolongation, follow

N_PIXELS = 16
DAYS = np.arange("2015-04-01", "2017-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
SMALL = SatelliteForecast(profile="smoke", method="ours", leads=(1, 4), networks=1, epochs=20)


def pixels(seed=0):
    """Pixels whose moisture is a slow walk that no weather tells of; two days of five observed."""
    random = np.random.default_rng(seed)
    shape = N_PIXELS, DAYS.size
    made = xr.Dataset(
        coords={
            "pixel": np.arange(N_PIXELS),
            "time": DAYS,
            "row": ("pixel", np.repeat([40, 60], N_PIXELS // 2)),
            "column": ("pixel", np.tile(np.arange(180, 180 + 20 * N_PIXELS // 2, 20), 2)),
        }
    )
    for name in (*schema.FORCING, "wind_speed"):
        made[name] = ("pixel", "time"), random.random(shape).astype(np.float32)
    for name in schema.ATTRIBUTES:
        made[name] = "pixel", random.random(N_PIXELS).astype(np.float32)
    made["flag_land_cover"] = "pixel", random.integers(1, 4, N_PIXELS).astype(np.float32)
    moisture = np.full(shape, 0.25)
    for t in range(1, DAYS.size):
        kick = 0.015 * random.standard_normal(N_PIXELS)
        moisture[:, t] = 0.25 + 0.97 * (moisture[:, t - 1] - 0.25) + kick
    moisture[random.random(shape) > 0.4] = np.nan
    made["sm_smap"] = ("pixel", "time"), moisture.astype(np.float32), {"units": "m3 m-3"}
    return made.assign_attrs(source="made up", track="twin")


@pytest.fixture(scope="module")
def result():
    return retrievals.run(SMALL, pixels())


def test_last_retrieval_is_old_enough_and_the_newest_of_those():
    series = np.array([[np.nan, 0.1, np.nan, 0.2, np.nan, np.nan, 0.3]])
    value, age = retrievals.latest(series, 1)
    np.testing.assert_array_equal(value, [[np.nan, np.nan, 0.1, 0.1, 0.2, 0.2, 0.2]])
    np.testing.assert_array_equal(age, [[np.nan, np.nan, 1, 2, 1, 2, 3]])
    value, age = retrievals.latest(series, 3)
    np.testing.assert_array_equal(value, [[np.nan] * 4 + [0.1, 0.1, 0.2]])
    np.testing.assert_array_equal(age, [[np.nan] * 4 + [3, 4, 3]])


def test_inputs_are_finite_and_keep_the_order_of_ages():
    scaling = xr.Dataset({"target_mean": 0.2, "target_deviation": 0.1})
    series = np.full((2, 100), np.nan)
    series[0, 0] = 0.3
    made = retrievals.inputs(series, 1, scaling)
    assert np.isfinite(made).all() and made.dtype == np.float32
    np.testing.assert_allclose(made[0, 1:, 0], 1, rtol=1e-6)
    assert (made[1, :, 0] == 0).all() and (made[1, :, 1] == 1).all()
    assert made[0, 1, 1] == 0 and (np.diff(made[0, 1:61, 1]) > 0).all()
    assert (made[0, 61:, 1] == 1).all()


def test_usual_weather_is_the_training_parts_mean_of_the_season():
    day = np.arange(DAYS.size)
    season = np.cos(2 * np.pi * day / 365.25)
    x = np.stack([season, np.full(day.size, 3.0)], -1)[None].astype(np.float32)
    x[:, 366:, 0] += 5
    usual = retrievals.usual_weather(x, DAYS, slice(0, 366))
    np.testing.assert_allclose(usual[0, 366:, 0], season[366:], atol=0.05)
    np.testing.assert_allclose(usual[..., 1], 3)


def test_every_predictor_is_there_and_intervals_hold_the_medians(result):
    assert result["predictor"].values.tolist() == list(SEES)
    assert result["lead"].values.tolist() == [1, 4]
    assert result["moisture"].shape == (5, 2, N_PIXELS, 365)
    for name in ("median_rmse", "median_r", "difference_rmse"):
        low, middle, high = (result[f"{name}{part}"] for part in ("_low", "", "_high"))
        assert ((low <= middle) & (middle <= high)).all()
    assert (result["difference_rmse"].sel(predictor="forecast") == 0).all()
    assert (result["n_pairs"].std("predictor") == 0).all()
    # Retrievals come every 2.5 days: one is 1 day old, or 2.5 with the waiting.
    assert 1 <= result["age"].sel(lead=1) <= 3 and 4 <= result["age"].sel(lead=4) <= 6


def test_where_only_retrievals_tell_the_forecast_beats_hindcast_and_climatology(result):
    for name in ("hindcast", "climatology"):
        difference = result["difference_rmse_high"].sel(predictor=name)
        assert (difference < 0).all()
    forecast = result["median_rmse"].sel(predictor="forecast")
    assert forecast.sel(lead=1) < forecast.sel(lead=4)
    assert result["median_rmse"].sel(predictor="persistence", lead=1) < 0.04


def test_a_forecast_knows_no_retrieval_after_its_issue(result):
    """Retrievals of the last days change no forecast that was issued before them."""
    later = pixels()
    cut = DAYS.size - 5
    later["sm_smap"][:, cut:] = xr.where(later["sm_smap"][:, cut:].notnull(), 0.6, np.nan)
    changed = retrievals.run(SMALL, later)["moisture"]
    for lead in SMALL.leads:
        before, after = (
            moisture.sel(predictor=["forecast", "persistence"], lead=lead).values[
                ..., -5 + lead - 1
            ]
            for moisture in (result["moisture"], changed)
        )
        np.testing.assert_array_equal(before, after)
    differ = abs(result["moisture"] - changed).sel(predictor="forecast", lead=1).values[..., -1]
    assert (differ > 0).any()
    same = ("hindcast", "climatology")
    xr.testing.assert_equal(
        changed.sel(predictor=list(same)), result["moisture"].sel(predictor=list(same))
    )


def test_usual_weather_replaces_the_days_after_the_issue_alone(result):
    """Other weather on the last day changes no forecast without weather, but that with it."""
    other = pixels()
    other["air_temperature"][:, -1] = 30.0
    changed = retrievals.run(SMALL, other)["moisture"].isel(time=-1)
    before, there = result["moisture"].isel(time=-1), result["observed"].isel(time=-1).notnull()
    kept, moved = ((changed - before).sel(predictor=n)[:, there.values] for n in list(SEES)[1::-1])
    assert there.any() and (kept == 0).all() and (moved != 0).all()


def test_a_finished_study_is_kept(result, monkeypatch):
    monkeypatch.setattr(runs, "year_ahead", None)
    xr.testing.assert_identical(retrievals.run(SMALL, pixels()), result)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"data": "moon"}, "allowed: twin, observed"),
        ({"leads": (0,)}, "leads is 0; allowed: 1 or more"),
        ({"test_year": 2018}, "the test year last"),
        ({"profile": "fast"}, "allowed: smoke"),
        ({"networks": 0}, "allowed: 1 or more"),
    ],
)
def test_bad_settings_are_one_line(wrong, words):
    with pytest.raises(ParameterError, match=words):
        SatelliteForecast(**wrong)


def test_table_has_a_row_for_each_lead_and_predictor(result):
    table = retrievals.frame(result)
    assert len(table) == 2 * len(SEES)
    row = table[(table["lead_d"] == 4) & (table["predictor"] == "hindcast")].iloc[0]
    at = result.sel(lead=4, predictor="hindcast")
    assert row["difference_rmse"] == at["difference_rmse"] and row["age_d"] == at["age"]


def test_branched_off_at_the_issue_with_the_same_weather_it_is_the_same_forecast():
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    made = Prolongation(5, 6, 0.0).eval()
    x = random.standard_normal((4, 30, 3)).astype(np.float32)
    leads = (1, 3)
    by_lead = [random.random((4, 30, 2)).astype(np.float32) for _ in leads]
    y = random.standard_normal((4, 18)).astype(np.float32)
    there = random.random((4, 12)) < 0.5
    both = retrievals.with_and_without(made, x, x, by_lead, leads, y, there)
    for k in range(2):
        np.testing.assert_allclose(both[1][k][there], both[0][k][there], atol=1e-6)
        assert np.isnan(both[1][k][~there]).all()
    # Levelled: no mean error is left in training, so a shift of y shifts the forecast.
    shifted = retrievals.with_and_without(made, x, x, by_lead, leads, y + 1, there)
    as_it_is = retrievals.with_and_without(made, x, x, by_lead, leads, y * np.nan, there)
    assert not np.allclose(as_it_is, both, equal_nan=True)
    known, _ = follow(made, torch.from_numpy(np.concatenate([x, by_lead[0]], -1)))
    np.testing.assert_allclose(as_it_is[0, 0], known.detach()[:, -there.shape[1] :], atol=1e-6)
    np.testing.assert_allclose(shifted[0], both[0] + 1, atol=1e-5)
