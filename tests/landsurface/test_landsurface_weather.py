"""Daily weather in short steps, sunlight, long-wave, demand, snow."""

import numpy as np
import pytest

from soilbook.data import longwave as estimated
from soilbook.data.fao56 import extraterrestrial
from soilbook.landsurface import demand, diurnal, inputs, radiation, snow
from soilbook.landsurface.cover import season


@pytest.fixture
def known(make):
    forcing = make["weather"](n_days=365)
    return inputs.read(forcing, make["soils"](forcing))


@pytest.mark.parametrize("steps", [1, 4, 8])
def test_sunlight_has_the_daily_mean_of_fao56(steps):
    latitude = np.array([-88.0, -20.0, 0.0, 35.0, 60.0, 80.0])
    days = np.arange(1, 366, 13)
    found = radiation.sunlight(latitude, days, steps)
    expected = np.array([extraterrestrial(latitude, day) for day in days])
    np.testing.assert_allclose(found.mean(axis=1), expected, rtol=2e-3, atol=0.3)
    assert (found >= 0).all()


def test_sunlight_at_noon_and_midnight():
    found = radiation.sunlight(np.array([0.0]), np.array([80]), 24)[0, :, 0]
    assert found[11] == pytest.approx(found[12]) and found[11] == found.max()
    assert found[12] == pytest.approx(1367 * np.sin(np.pi / 12) / (np.pi / 12), rel=0.02)
    assert (found[:6] < 1).all()


@pytest.mark.parametrize("steps", [4, 8, 24])
def test_short_steps_keep_the_days(known, steps):
    days = np.arange(30, 200)
    weather = diurnal.disaggregate(known, days, steps)
    n_sites = known.latitude.size
    for name in ("air_temperature", "shortwave", "longwave", "wind_speed"):
        values = getattr(weather, name).reshape(days.size, steps, n_sites).mean(axis=1)
        np.testing.assert_allclose(values, getattr(known, name)[days], atol=1e-9)
    rain = weather.precipitation.reshape(days.size, steps, n_sites).sum(axis=1)
    np.testing.assert_allclose(rain, known.precipitation[days])
    saturated = radiation.saturation_pressure(weather.air_temperature)
    assert (weather.vapour_pressure <= saturated + 1e-12).all()


def test_afternoons_are_warmest_and_clear_days_vary_most(known):
    weather = diurnal.disaggregate(known, np.arange(365), 8)
    hours = weather.air_temperature.reshape(365, 8, -1)
    assert set(hours.argmax(axis=1).ravel()) <= {4, 5}
    clear = known.shortwave / radiation.sunlight(known.latitude, np.arange(1, 366), 1)[:, 0]
    rank = np.corrcoef(
        np.argsort(np.argsort(clear[:, 0])), np.argsort(np.argsort(np.ptp(hours, axis=1)[:, 0]))
    )
    assert rank[0, 1] > 0.95


def test_longwave_is_that_of_the_observed_track(known):
    humidity = 100 * known.vapour_pressure / radiation.saturation_pressure(known.air_temperature)
    expected = estimated.estimate(
        known.air_temperature,
        humidity,
        known.shortwave,
        known.latitude,
        inputs.day_of_year(known.time)[:, None],
    )
    np.testing.assert_allclose(known.longwave, expected, rtol=2e-3)


def test_potential_evaporation_closes_the_heat_of_a_wet_surface(known):
    weather = diurnal.disaggregate(known, np.arange(150, 160), 8)
    drive = demand.drive(weather, known.cover, known.pressure, np.ones((80, 4)))
    latent = drive.potential / demand.MILLIMETRES  # W m-2
    warmer = (drive.radiation - latent) / drive.exchange  # K, surface above air
    # Vapour leaves a surface saturated at that temperature as sensible heat does.
    kelvin = weather.air_temperature + 273.15
    sensible = drive.exchange - 4 * demand.EMISSIVITY * radiation.STEFAN_BOLTZMANN * kelvin**3
    saturated = radiation.saturation_pressure(weather.air_temperature)
    slope = (
        radiation.saturation_pressure(weather.air_temperature + 1e-4)
        - radiation.saturation_pressure(weather.air_temperature - 1e-4)
    ) / 2e-4
    excess = saturated + slope * warmer - weather.vapour_pressure
    psychrometric = 1005 * known.pressure / (0.622 * 2.45e6)
    np.testing.assert_allclose(latent, sensible * excess / psychrometric, rtol=1e-3, atol=0.05)


def test_a_summer_day_in_brussels(make):
    # FAO-56, example 18: 3.9 mm d-1 from short grass, whose leaves hold back more than these.
    shape = 1, 3
    forcing = make["dataset"](
        {
            "precipitation": np.zeros(shape),
            "air_temperature": np.full(shape, 16.9),
            "shortwave": np.full(shape, 22.07 * 1e6 / 86400),
            "relative_humidity": np.full(shape, 73.0),
            "wind_speed": np.full(shape, 2.78),
        }
    )
    time = np.datetime64("2015-07-05", "ns") + np.arange(3).astype("timedelta64[D]")
    forcing = forcing.assign_coords(time=time)
    static = make["soils"](forcing).assign(latitude=("site", [50.8]), elevation=("site", [100.0]))
    known = inputs.read(forcing, static)
    weather = diurnal.disaggregate(known, np.arange(3), 24)
    drive = demand.drive(weather, known.cover, known.pressure, np.ones((72, 1)))
    wet = np.maximum(drive.potential, 0)
    leaves = wet * drive.open / (drive.open + drive.closed)
    wet, leaves = (values.reshape(3, 24).mean(axis=1)[1] for values in (wet, leaves))
    assert 3.9 < leaves < wet < 6.5


def test_leaves_follow_the_warmth_of_the_last_month():
    temperature = np.concatenate([np.full(100, 0.0), np.full(100, 20.0)])[:, None]
    out = season(temperature)[:, 0]
    assert (out[:100] == 0).all() and out[129] == 1 and (np.diff(out[100:130]) >= 0).all()
    assert out[114] == pytest.approx((10 - 5) / 13)


def test_snow():
    np.testing.assert_allclose(snow.snowfall(10.0, np.array([-5, -1, 1, 3, 9])), [10, 10, 5, 0, 0])
    np.testing.assert_allclose(
        snow.melt(np.array([50.0, 50, 1]), np.array([-3, 4, 4]), 0.5), [0, 6, 1]
    )
    part = snow.covered(np.array([0.0, 5, 20, 40, 90]), np.full(5, 40.0))
    assert part[0] == 0 and part[3] == part[4] == 1 and (np.diff(part[:4]) > 0).all()
