"""Daily weather in short steps, long-wave, demand."""

import numpy as np
import pytest

from soilbook.landsurface import inputs, run
from soilbook.physics import air


@pytest.fixture
def known(make):
    forcing = make["weather"](n_days=365)
    return inputs.read(forcing, make["soils"](forcing))


@pytest.mark.parametrize("steps", [4, 8, 24])
def test_short_steps_keep_the_days(known, steps):
    days = np.arange(30, 200)
    weather = run.disaggregate(known, days, steps)
    n_sites = known.latitude.size
    for name in ("air_temperature", "shortwave", "longwave", "wind_speed"):
        values = getattr(weather, name).reshape(days.size, steps, n_sites).mean(axis=1)
        np.testing.assert_allclose(values, getattr(known, name)[days], atol=1e-9)
    rain = weather.precipitation.reshape(days.size, steps, n_sites).sum(axis=1)
    np.testing.assert_allclose(rain, known.precipitation[days])
    saturated = air.saturation_pressure(weather.air_temperature)
    assert (weather.vapour_pressure <= saturated + 1e-12).all()


def test_afternoons_are_warmest_and_clear_days_vary_most(known):
    weather = run.disaggregate(known, np.arange(365), 8)
    hours = weather.air_temperature.reshape(365, 8, -1)
    assert set(hours.argmax(axis=1).ravel()) <= {4, 5}
    clear = known.shortwave / air.sunlight(known.latitude, np.arange(1, 366), 1)[:, 0]
    rank = np.corrcoef(
        np.argsort(np.argsort(clear[:, 0])), np.argsort(np.argsort(np.ptp(hours, axis=1)[:, 0]))
    )
    assert rank[0, 1] > 0.95


def test_longwave_is_that_of_the_observed_track(known):
    humidity = 100 * known.vapour_pressure / air.saturation_pressure(known.air_temperature)
    expected = air.estimate(
        known.air_temperature,
        humidity,
        known.shortwave,
        known.latitude,
        air.day_of_year(known.time)[:, None],
    )
    np.testing.assert_allclose(known.longwave, expected, rtol=2e-3)


def test_potential_evaporation_closes_the_heat_of_a_wet_surface(known):
    weather = run.disaggregate(known, np.arange(150, 160), 8)
    drive = run.drive(weather, known.cover, known.pressure, np.ones((80, 4)))
    latent = drive.potential / air.EVAPORATED  # W m-2
    warmer = (drive.radiation - latent) / drive.exchange  # K, surface above air
    # Vapour leaves a surface saturated at that temperature as sensible heat does.
    kelvin = weather.air_temperature + 273.15
    sensible = drive.exchange - 4 * air.EMISSIVITY * air.STEFAN_BOLTZMANN * kelvin**3
    saturated = air.saturation_pressure(weather.air_temperature)
    slope = (
        air.saturation_pressure(weather.air_temperature + 1e-4)
        - air.saturation_pressure(weather.air_temperature - 1e-4)
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
    weather = run.disaggregate(known, np.arange(3), 24)
    drive = run.drive(weather, known.cover, known.pressure, np.ones((72, 1)))
    wet = np.maximum(drive.potential, 0)
    leaves = wet * drive.open / (drive.open + drive.closed)
    wet, leaves = (values.reshape(3, 24).mean(axis=1)[1] for values in (wet, leaves))
    assert 3.9 < leaves < wet < 6.5


def one_step(**changes):
    """A mild hour at one site, under full leaves."""
    drive = dict.fromkeys(run.Drive._fields, np.array([0.0])) | {
        "temperature": np.array([15.0]),
        "shade": np.array([1.0]),
        "leaves": np.array([3.0]),
        "open": np.array([2.0]),
        "closed": np.array([1.0]),
    }
    return run.Drive(**drive | {name: np.array([value]) for name, value in changes.items()})


def test_wet_leaves_do_not_transpire():
    potential, supply = np.array([0.2]), np.full((4, 1), 0.25)
    wet = run.uptake(np.array([0.5]), 0.5, 0.5, potential, supply, one_step())
    assert wet.from_leaves == pytest.approx(0.2) and wet.from_roots == 0
    dry = run.uptake(np.array([0.0]), 0.5, 0.5, potential, supply, one_step())
    assert dry.from_leaves == 0 and dry.from_roots == pytest.approx(0.2 * 2 / 3)
    np.testing.assert_allclose(dry.taken.sum(axis=0), dry.from_roots)


def test_snow_takes_its_share_before_the_ground(known):
    cover, cold = known.cover, one_step(potential=4.0, temperature=-5.0)
    deep = run.snow(np.array([200.0]), cover, cold, 0.125)
    np.testing.assert_allclose(deep.potential, 0, atol=1e-12)
    np.testing.assert_allclose(deep.sublimed, 0.5)
    bare = run.snow(np.array([0.0]), cover, cold, 0.125)
    np.testing.assert_allclose(bare.potential, 0.5)
    assert (bare.sublimed == 0).all() and (bare.melted == 0).all()
