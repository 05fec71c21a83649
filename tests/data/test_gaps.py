"""Gaps in the weather of stations: what is filled, with what, and who is left out."""

import numpy as np
import pytest
import xarray as xr

from soilbook.data import gaps
from soilbook.errors import DataError, ParameterError

N = np.nan


def test_short_gaps_are_interpolated_and_long_ones_stay():
    values = np.array([N, 1, N, 3, N, N, 9, N])
    assert gaps.fill(values, 1) == pytest.approx([N, 1, 2, 3, N, N, 9, N], nan_ok=True)
    assert gaps.fill(values, 2) == pytest.approx([N, 1, 2, 3, 5, 7, 9, N], nan_ok=True)
    assert gaps.fill(values, 2, dry=True) == pytest.approx([N, 1, 0, 3, 0, 0, 9, N], nan_ok=True)
    assert gaps.fill(values, 0) == pytest.approx(values, nan_ok=True)
    assert np.isnan(values).sum() == 5  # the series itself is left alone
    with pytest.raises(ParameterError, match="max_gap is -1"):
        gaps.fill(values, -1)


def test_longest_gap_lies_between_values():
    assert gaps.longest(np.array([N, N, N, 1, N, N, 2, N])) == 2
    assert gaps.longest(np.array([N, N])) == 0


def test_other_years_give_the_same_date():
    days = np.arange(4 * 365 + 1, dtype=float)
    values = np.cos(2 * np.pi * days / 365.25)
    lost = values.copy()
    lost[700:760] = N
    filled = gaps.from_other_years(lost)
    assert filled == pytest.approx(values, abs=0.02)
    assert filled[700:760] == pytest.approx(values[1065:1125])  # the next year comes first
    only = np.array([1.0, N, 2.0])
    assert gaps.from_other_years(only) == pytest.approx(only, nan_ok=True)


@pytest.fixture
def stations():
    """Two stations over 1,000 days: one with a gap of 2 days, one with a gap of 20 as well."""
    days = np.arange("2015-01-01", "2017-09-27", dtype="datetime64[D]").astype("datetime64[ns]")
    rain = np.ones((2, days.size), np.float32)
    heat = np.tile(np.arange(days.size, dtype=np.float32), (2, 1))
    rain[0, 10:12] = heat[1, 500:520] = heat[0, :5] = N
    return xr.Dataset(
        {
            "precipitation": (("station", "time"), rain, {"units": "mm d-1"}),
            "air_temperature": (("station", "time"), heat, {"units": "degC"}),
        },
        {"station": ["A", "B"], "time": days},
    )


NAMES = ("precipitation", "air_temperature")


def test_stations_with_longer_gaps_are_left_out_by_name(stations):
    data, left_out = gaps.complete(stations, NAMES, max_gap=5)
    assert data["station"].values.tolist() == ["A"]
    assert left_out == {"B": "air_temperature: a gap of 20 days; at most 5 are filled"}
    assert data["precipitation"].values[0, 9:13].tolist() == [1, 0, 0, 1]
    assert data["filled"].values.sum() == 2
    assert str(data["start"].values[0])[:10] == "2015-01-06"
    inside = data.isel(time=slice(5, None))
    assert all(inside[name].notnull().all() for name in NAMES)
    assert data["precipitation"].isel(time=slice(0, 5)).isnull().all()
    assert data["air_temperature"].attrs["units"] == "degC"
    with pytest.raises(DataError, match="station B: air_temperature: a gap of 20 days"):
        gaps.complete(stations, NAMES, max_gap=5, longer="error")
    with pytest.raises(ParameterError, match="unknown way with longer gaps 'zero'; allowed: leave"):
        gaps.complete(stations, NAMES, max_gap=5, longer="zero")


def test_longer_gaps_take_the_nearest_year(stations):
    data, left_out = gaps.complete(stations, NAMES, max_gap=5, longer="nearest year")
    assert not left_out
    expected = stations["air_temperature"].values[1, 865:885]
    assert data["air_temperature"].values[1, 500:520] == pytest.approx(expected)
    assert data["filled"].values[1].sum() == 20


def test_a_station_that_never_measures_is_left_out(stations):
    stations["precipitation"][1] = N
    _, left_out = gaps.complete(stations, NAMES, max_gap=5, longer="nearest year")
    assert left_out == {"B": "no day with all of precipitation, air_temperature"}
