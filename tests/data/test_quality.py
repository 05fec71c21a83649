"""Quality control and gaps of series with known faults: what goes, and what is filled."""

import numpy as np
import pytest
import xarray as xr

from soilbook import schema
from soilbook.data import quality
from soilbook.errors import DataError, ParameterError
from soilbook.physics.air import extraterrestrial


@pytest.mark.parametrize("name", schema.VARIABLES)
def test_range_of_every_variable(name):
    variable = schema.VARIABLES[name]
    inside = [variable.low + 1e-3, variable.high, np.nan]
    values, n = quality.within_range(np.array([variable.low - 1, variable.high + 1, *inside]), name)
    assert n == 2
    np.testing.assert_array_equal(values, [np.nan, np.nan, *inside])


def test_soil_moisture_of_zero_is_a_dead_sensor():
    values, n = quality.within_range(np.array([0.0, 0.02]), "sm")
    assert n == 1 and np.isnan(values[0])


def test_isolated_spike_goes_and_a_wetting_front_stays():
    quiet = np.full(8, 0.20)
    spike, front = quiet.copy(), quiet.copy()
    spike[3] = 0.40
    front[3:] = 0.40
    dip = quiet.copy()
    dip[5] = 0.01
    gap = spike.copy()
    gap[2] = np.nan
    values, n = quality.without_spikes(np.stack([spike, front, dip, gap]))
    assert n == 2
    assert np.argwhere(np.isnan(values)).tolist() == [[0, 3], [2, 5], [3, 2]]


def test_a_front_of_two_days_is_no_spike():
    assert quality.without_spikes(np.array([0.1, 0.1, 0.3, 0.5, 0.5]))[1] == 0


def test_weather_of_which_more_than_half_is_out_of_range_is_in_other_units():
    days = np.arange("2015-01-01", "2015-01-05", dtype="datetime64[D]")
    kelvin = np.array([280.0, 281.0, 3.0, 4.0])

    def made(values):
        columns = {"air_temperature": (values, "measured")}
        return quality.dataset(columns, days, [], "here", (50.0, 10.0), "file")

    assert made(kelvin)["air_temperature"].attrs["n_outside_range"] == 2
    with pytest.raises(DataError, match=r"file: air_temperature: 3 of 4 values .* other units\?"):
        made([*kelvin[:2], 282.0, 4.0])


def test_short_wave_is_at_most_that_at_the_top_of_the_atmosphere():
    days = np.array(["2020-06-21", "2020-12-21"], dtype="datetime64[D]")
    values, n = quality.possible_shortwave(np.array([320.0, 320.0]), 45.0, days)
    assert n == 1
    np.testing.assert_array_equal(values, [320.0, np.nan])


def test_dataset_keeps_the_schema():
    days = np.arange("2020-06-01", "2020-06-04", dtype="datetime64[D]")
    made = quality.dataset(
        {
            "precipitation": (np.array([0.0, -1.0, 3.0]), "gauge"),
            "sm": (np.array([[0.1, 0.2, 5.0]]), "probe"),
            "soil_temperature": (np.array([[10.0, 11.0, 12.0]]), "probe"),
        },
        days,
        [0.05],
        "Here",
        (40.0, -100.0),
        "test",
    )
    schema.check(made, "test")
    assert made.attrs == {"track": "observed", "source": "test"}
    assert made["precipitation"].attrs["source"] == "gauge"
    assert made["precipitation"].attrs["n_outside_range"] == 1
    assert made["sm"].attrs["n_outside_range"] == 1
    assert made["site"].item() == "Here"


N = np.nan


def test_broken_sensors_in_the_soil_are_no_other_units():
    days = np.arange("2015-01-01", "2015-01-04", dtype="datetime64[D]")
    dead = np.zeros((1, 3))
    made = quality.dataset({"sm": (dead, "m")}, days, [0.05], "x", (40.0, -100.0), "source")
    assert made["sm"].isnull().all() and made["sm"].attrs["n_outside_range"] == 3


def test_short_gaps_are_interpolated_and_long_ones_stay():
    values = np.array([N, 1, N, 3, N, N, 9, N])
    assert quality.fill(values, 1) == pytest.approx([N, 1, 2, 3, N, N, 9, N], nan_ok=True)
    assert quality.fill(values, 2) == pytest.approx([N, 1, 2, 3, 5, 7, 9, N], nan_ok=True)
    assert quality.fill(values, 2, dry=True) == pytest.approx([N, 1, 0, 3, 0, 0, 9, N], nan_ok=True)
    assert quality.fill(values, 0) == pytest.approx(values, nan_ok=True)
    assert np.isnan(values).sum() == 5  # the series itself is left alone
    with pytest.raises(ParameterError, match="max_gap is -1"):
        quality.fill(values, -1)


def test_longest_gap_lies_between_values():
    assert quality.longest(np.array([N, N, N, 1, N, N, 2, N])) == 2
    assert quality.longest(np.array([N, N])) == 0


def test_other_years_give_the_same_date():
    days = np.arange(4 * 365 + 1, dtype=float)
    values = np.cos(2 * np.pi * days / 365.25)
    lost = values.copy()
    lost[700:760] = N
    filled = quality.from_other_years(lost)
    assert filled == pytest.approx(values, abs=0.02)
    assert filled[700:760] == pytest.approx(values[1065:1125])  # the next year comes first
    only = np.array([1.0, N, 2.0])
    assert quality.from_other_years(only) == pytest.approx(only, nan_ok=True)


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
    data, left_out = quality.complete(stations, NAMES, max_gap=5)
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
        quality.complete(stations, NAMES, max_gap=5, longer="error")
    with pytest.raises(ParameterError, match="unknown way with longer gaps 'zero'; allowed: leave"):
        quality.complete(stations, NAMES, max_gap=5, longer="zero")


def test_longer_gaps_take_the_nearest_year(stations):
    data, left_out = quality.complete(stations, NAMES, max_gap=5, longer="nearest year")
    assert not left_out
    expected = stations["air_temperature"].values[1, 865:885]
    assert data["air_temperature"].values[1, 500:520] == pytest.approx(expected)
    assert data["filled"].values[1].sum() == 20


def test_a_station_that_never_measures_is_left_out(stations):
    stations["precipitation"][1] = N
    _, left_out = quality.complete(stations, NAMES, max_gap=5, longer="nearest year")
    assert left_out == {"B": "no day with all of precipitation, air_temperature"}


def test_short_wave_may_exceed_the_sun_by_the_offset_of_a_thermopile():
    days = np.array(["2020-06-21", "2020-06-21"], dtype="datetime64[D]")
    top = float(extraterrestrial(45.0, 173))
    values, n = quality.possible_shortwave(np.array([top + 4, top + 6]), 45.0, days)
    assert n == 1 and np.isnan(values).tolist() == [False, True]
