"""From the weather to the soil: snow, and the time steps of its water."""

import numpy as np
import pytest

from soilbook.physics.air import extraterrestrial
from soilbook.twin import streams
from soilbook.twin.ground import (
    COVERS,
    HEAVY,
    Weather,
    ground,
    leaf_area,
    schedule,
    sky,
    snowpack,
)


def test_snow_keeps_its_water():
    rain = np.array([0, 10, 20, 0, 0, 5, 0, 0.0])
    air = np.array([-5, -5, 1, 0, 2, 4, 6, 8.0])
    pack, melt, liquid = snowpack(rain, air)
    np.testing.assert_allclose(np.cumsum(rain), np.cumsum(melt + liquid) + pack)
    assert pack[1] == 10 and melt[2] == pytest.approx(3) and pack[-1] == 0
    assert (pack >= 0).all() and (melt >= -1e-12).all()


def test_steps_bring_all_water_of_each_day():
    supply = np.random.default_rng(0).exponential(8, 400) * (np.arange(400) % 3 == 0)
    plan = schedule(streams.stream(0, "s"), supply)
    water = np.bincount(plan.day, plan.supply * plan.dt) * 1000
    np.testing.assert_allclose(water, supply, atol=1e-12)
    np.testing.assert_allclose(np.bincount(plan.day, plan.dt), 1)
    fine = schedule(streams.stream(0, "s"), supply, refine=3)
    assert fine.day.size == 3 * plan.day.size
    counts = np.bincount(plan.day)
    assert counts[supply > HEAVY].min() > counts[supply < HEAVY].max()


def test_steps_are_short_on_wet_days_and_after_a_soaking():
    plan = schedule(streams.stream(0, "s"), np.array([0.5, 2, 0.5, 6, 0.5, 0.5, 25, 0]))
    assert np.bincount(plan.day).tolist() == [3, 8, 3, 8, 8, 3, 24, 8]


def test_half_of_the_sunlight_is_lost_to_clouds():
    cloud = np.array([0.0, 0.5, 1.0])
    sun, longwave = sky(np.full(3, 15.0), np.full(3, 60.0), cloud, 40.0, np.full(3, 180))
    np.testing.assert_allclose(sun, np.array([0.75, 0.5, 0.25]) * extraterrestrial(40.0, 180))
    assert (np.diff(longwave) > 0).all()


def weather(temperature, rain, n=60):
    """Sixty days of the same weather at one place, but for the temperature."""
    air = np.broadcast_to(np.asarray(temperature, float), n)[:, None]
    even = np.ones((n, 1))
    return Weather(rain * even, air, 330 * even, 250 * even, 50 * even, 2 * even)


def test_leaves_come_with_the_last_month():
    grass = COVERS["Grassland"]
    found = leaf_area(grass, np.repeat([0.0, 20.0], 30))
    assert found[29] == 0.5 and found[59] == 2.5 and (np.diff(found) >= 0).all()
    assert (leaf_area(grass, np.full(40, 20.0)) == 2.5).all()


def test_plants_stand_thin_where_the_demand_exceeds_the_rain():
    wet, dry = (ground(weather(20.0, rain), [COVERS["Grassland"]]) for rain in (30.0, 1.5))
    np.testing.assert_allclose(wet.bare / wet.potential, np.exp(-0.5 * 2.5))
    thin = 1.5 / dry.potential.mean()
    np.testing.assert_allclose(dry.bare / dry.potential, np.exp(-0.5 * 2.5 * thin))
    np.testing.assert_allclose(dry.plants + dry.bare, dry.potential)


def test_snow_hides_the_ground_from_sun_and_drought():
    top = ground(weather(np.repeat([-3.0, 12.0], 30), 2.0), [COVERS["Cropland"]])
    assert (top.surface[3:30] == -3).all() and (top.bare[1:30] == 0).all()
    assert top.surface[-1] == 12 + 2.5 and top.bare[-1] > 0
    np.testing.assert_allclose(top.supply.sum() + top.pack[-1], 120.0)
    assert (np.diff(top.resistance[:30, 0]) > 0).all()
