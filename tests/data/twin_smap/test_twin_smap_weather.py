import numpy as np
import pytest

from soilbook.data.twin_smap.climate import climate
from soilbook.data.twin_smap.fields import Space
from soilbook.data.twin_smap.weather import trend


@pytest.fixture
def line():
    """Thirty places 100 km apart along a parallel."""
    return Space(np.full(30, 40.0), -100 + np.arange(30) * 100 / 85.2, seed=3)


def test_fields_have_the_asked_for_variance_reach_and_memory(line):
    field = line.field("any", 300.0, 6000, 0.6)
    correlation = np.corrcoef(field.T)
    assert field.var() == pytest.approx(1, abs=0.05)
    for apart in (1, 3, 6):
        found = np.diagonal(correlation, apart).mean()
        assert found == pytest.approx(np.exp(-apart * 100 / 300), abs=0.04)
    assert np.mean(field[1:] * field[:-1]) == pytest.approx(0.6, abs=0.04)


def test_a_field_depends_on_its_name_and_seed_alone(line):
    first = line.field("one", 300.0, 50)
    line.field("other", 100.0, 50)
    again = Space(np.full(30, 40.0), -100 + np.arange(30) * 100 / 85.2, seed=3)
    np.testing.assert_array_equal(first, again.field("one", 300.0, 50))
    assert np.abs(first - line.field("two", 300.0, 50)).max() > 0.1


def test_climate_at_a_city_is_that_of_the_city_and_changes_smoothly():
    here = climate(np.array([33.4, 45.5]), np.array([-112.0, -122.6]))
    np.testing.assert_allclose(here.precipitation, [204, 915], rtol=0.15)
    np.testing.assert_allclose(here.july, [35, 20], atol=2)
    longitude = np.linspace(-122, -75, 400)
    along = climate(np.full(400, 39.0), longitude)
    assert np.abs(np.diff(np.log(along.precipitation))).max() < 0.1
    assert np.abs(np.diff(along.january)).max() < 0.5


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
