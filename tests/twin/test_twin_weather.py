"""Weather of the sites against Table D2, and of the continent against its climate."""

from types import SimpleNamespace

import numpy as np
import pytest

from soilbook import published
from soilbook.data.sites import SITES
from soilbook.physics.air import day_of_year, extraterrestrial
from soilbook.twin import streams
from soilbook.twin.weather import (
    ContinentWeather,
    analysed,
    moments,
    occurrence,
    of_site,
    regimes,
    trend,
    wind_speed,
)

SPIN_UP = 365
GAUGE_ERRORS = {"ShadowMtns", "GrouseCreek"}


def days_of(name):
    first, last = (np.datetime64(date, "D") for date in (SITES[name].start, SITES[name].end))
    return np.arange(first - SPIN_UP, last + 1)


def generate(name, seed):
    return of_site(name, SITES[name].latitude, days_of(name), SPIN_UP, seed)


@pytest.fixture(scope="module", params=[0, 1])
def weather(request):
    return {name: generate(name, request.param) for name in SITES}


@pytest.fixture(scope="module")
def printed():
    return published.weather().set_index(["site", "variable"])


def test_mean_and_deviation_are_those_of_table_d2_at_all_sites(weather, printed):
    for name, made in weather.items():
        rain, air = made.gauge[SPIN_UP:], made.air_temperature[SPIN_UP:]
        row = printed.loc[(name, "P")]
        assert rain.mean() == pytest.approx(row["mean"], rel=0.02), name
        assert rain.std() == pytest.approx(row["std"], rel=0.02), name
        row = printed.loc[(name, "TA")]
        assert air.mean() == pytest.approx(row["mean"], abs=0.05), name
        assert air.std() == pytest.approx(row["std"], rel=0.02), name


def test_extremes_are_plausible(weather, printed):
    for name, made in weather.items():
        largest = printed.loc[(name, "P"), "max"]
        assert 0.4 * largest < made.gauge.max() <= largest + 0.1, name
        row, air = printed.loc[(name, "TA")], made.air_temperature[SPIN_UP:]
        assert row["min"] - 0.1 <= air.min() < row["min"] + 9, name
        assert row["max"] - 6 < air.max() <= row["max"] + 0.1, name


def test_gauge_errors_stand_in_the_record_and_did_not_fall(weather, printed):
    for name, made in weather.items():
        wrong = np.flatnonzero(made.gauge != made.precipitation)
        if name not in GAUGE_ERRORS:
            assert wrong.size == 0, name
            continue
        largest = printed.loc[(name, "P"), "max"]
        assert made.gauge[wrong].tolist() == [largest]
        assert made.precipitation.max() < 0.2 * largest
        assert moments(name, "P", made.gauge.size - SPIN_UP).gauge_error == largest


def test_wet_days_follow_wet_days(weather):
    for name, made in weather.items():
        wet = made.precipitation[SPIN_UP:] > 0
        after_wet, after_dry = wet[1:][wet[:-1]].mean(), wet[1:][~wet[:-1]].mean()
        assert 0.1 < after_wet - after_dry < 0.65, name
        assert 0.03 < wet.mean() < 0.6, name


def test_markov_chain_has_the_share_and_persistence_asked_for():
    wet = occurrence(streams.stream(0, "chain"), np.full(200_000, 0.3))
    assert wet.mean() == pytest.approx(0.3, abs=0.005)
    after_wet, after_dry = wet[1:][wet[:-1]].mean(), wet[1:][~wet[:-1]].mean()
    assert after_wet - after_dry == pytest.approx(0.2, abs=0.01)


def test_amounts_have_a_heavier_tail_than_exponential(weather):
    heavy = [
        np.std(rain[rain > 0]) / np.mean(rain[rain > 0])
        for rain in (made.precipitation[SPIN_UP:] for made in weather.values())
    ]
    assert np.mean(heavy) > 1.2


def test_season_and_persistence_of_temperature(weather):
    for name, made in weather.items():
        air, date = made.air_temperature, day_of_year(days_of(name))
        angle = 2 * np.pi * date / 365.25
        waves = np.column_stack([np.ones_like(angle), np.cos(angle), np.sin(angle)])
        rest = air - waves @ np.linalg.lstsq(waves, air, rcond=None)[0]
        assert 0.6 < np.corrcoef(rest[1:], rest[:-1])[0, 1] < 0.9, name
        july = air[(date > 181) & (date < 213)].mean()
        assert july > air.mean(), name


def test_wet_days_are_dark_and_humid(weather):
    for name, made in weather.items():
        wet = made.precipitation > 0
        top = extraterrestrial(SITES[name].latitude, day_of_year(days_of(name)))
        clearness = made.shortwave / top
        assert clearness[wet].mean() < 0.8 * clearness[~wet].mean(), name
        assert (clearness > 0.2).all() and (clearness < 0.8).all(), name
        humidity = made.relative_humidity
        assert humidity[wet].mean() > humidity[~wet].mean() + 5, name
        assert humidity.min() >= 8 and humidity.max() <= 100, name


def test_longwave_is_that_of_an_emissivity_below_one(weather):
    for name, made in weather.items():
        emissivity = made.longwave / (5.67e-8 * (made.air_temperature + 273.15) ** 4)
        assert 0.45 < emissivity.min() and emissivity.max() < 1.09, name
        wet = made.precipitation > 0
        assert emissivity[wet].mean() > emissivity[~wet].mean(), name


def test_wind_has_weibull_margins_and_memory():
    wind = wind_speed(streams.stream(0, "wind"), np.full(100_000, 4.0))
    assert wind.mean() == pytest.approx(4.0, rel=0.01)
    # Weibull of shape 2.4: coefficient of variation 0.444.
    assert wind.std() / wind.mean() == pytest.approx(0.444, abs=0.01)
    assert np.corrcoef(wind[1:], wind[:-1])[0, 1] == pytest.approx(0.45, abs=0.03)


def test_a_seed_and_a_site_have_weather_of_their_own():
    one = generate("UpperBethlehem", 0)
    again = generate("UpperBethlehem", 0)
    other = generate("UpperBethlehem", 1)
    assert (one.air_temperature == again.air_temperature).all()
    assert abs(np.corrcoef(one.wind_speed, other.wind_speed)[0, 1]) < 0.2


def test_every_site_has_a_regime():
    assert sorted(regimes()) == sorted(SITES)


def test_weather_keeps_its_climate(world):
    rain = world.weather.precipitation.mean(axis=0) * 365.25
    ratio = rain / world.climate.precipitation
    assert np.median(ratio) == pytest.approx(1, abs=0.12)
    air = world.weather.air_temperature.mean(axis=0)
    assert np.abs(air - world.climate.mean_temperature).mean() < 0.8
    summer = world.days.astype("datetime64[M]").astype(int) % 12 == 6
    july = world.weather.air_temperature[summer].mean(axis=0)
    assert np.abs(july - world.climate.july).mean() < 1.0


def test_rain_comes_over_neighbours_together_and_clouds_with_it(world):
    rain = np.sqrt(world.weather.precipitation)
    latitude, longitude = (world.pixels[c][1] for c in ("latitude", "longitude"))
    here = int(np.argmin(np.abs(latitude - 39) + np.abs(longitude + 95)))
    correlation = np.array([np.corrcoef(rain[:, here], one)[0, 1] for one in rain.T])
    away = np.hypot(latitude - latitude[here], (longitude - longitude[here]) * 0.77) * 111
    near = correlation[(away > 0) & (away < 200)].mean()
    assert near > 0.4
    assert abs(correlation[away > 1800].mean()) < 0.1
    sun = world.weather.shortwave
    wet = world.weather.precipitation > 1
    assert sun[wet].mean() < 0.9 * sun[~wet].mean()


def test_the_analysis_errs_most_in_the_mountains_of_the_west(world):
    true, seen = world.weather.precipitation, world.analysis.precipitation
    wet = true > 2
    error = np.where(wet, np.log(np.maximum(seen, 0.01) / np.maximum(true, 0.01)), np.nan)
    high = world.climate.elevation > 1400
    assert np.nanstd(error[:, high]) > 1.3 * np.nanstd(error[:, ~high])
    assert seen.sum() == pytest.approx(true.sum(), rel=0.06)


def test_some_places_have_a_trend_and_most_have_none(world):
    slopes = trend(world.space)
    assert 0.4 < (slopes == 0).mean() < 0.9
    assert np.abs(slopes).max() > 0.02


def test_the_analysis_misses_a_fiftieth_of_the_rain_and_more_in_the_mountains():
    latitude = np.linspace(30.0, 48.0, 10)
    space = streams.Space(latitude, np.full(10, -100.0), seed=0)
    climate = SimpleNamespace(elevation=np.repeat([0.0, 2000.0], 5))
    seen = analysed(space, climate, ContinentWeather(*[np.ones((4000, 10))] * 9))
    missed = (seen.precipitation == 0).mean(axis=0).reshape(2, 5).mean(axis=1)
    np.testing.assert_allclose(missed, [0.02, 0.06], rtol=0.15)
    assert (seen.longwave == 1).all() and seen.shortwave.std() == pytest.approx(0.06, rel=0.05)
