"""From the weather to the soil: snow, and the time steps of its water."""

import numpy as np
import pytest

from soilbook.twin import streams
from soilbook.twin.ground import HEAVY, schedule, snowpack


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
