import numpy as np
import pytest

from soilbook.data.twin import probes, streams
from soilbook.data.twin.schedule import HEAVY, schedule

DAYS = 20_000


@pytest.fixture(scope="module")
def reading():
    moisture = np.full((5, DAYS), 0.2)
    temperature = np.full((5, DAYS), 8.0)
    temperature[0, 5000:6000] = -2.0
    return probes.read("LittleRiver", 0, moisture, temperature)


def test_errors_are_small_and_smaller_below(reading):
    spread = np.nanstd(reading[0], axis=1)
    assert 0.003 < spread[0] < 0.005
    assert spread[4] < 0.6 * spread[0]
    np.testing.assert_allclose(np.nanmean(reading[0], axis=1), 0.2, atol=5e-4)


def test_readings_are_rounded(reading):
    np.testing.assert_allclose(reading[0] * 1000, np.round(reading[0] * 1000), atol=1e-9)


def test_errors_drift(reading):
    # Drift has 4 parts in 13 of the variance and forgets over 60 days.
    now, later = reading[0][0][:-20], reading[0][0][20:]
    both = np.isfinite(now) & np.isfinite(later)
    expected = 4 / 13 * np.exp(-20 / 60)
    assert np.corrcoef(now[both], later[both])[0, 1] == pytest.approx(expected, abs=0.05)


def test_frozen_probe_is_silent_and_its_temperature_is_not(reading):
    moisture, temperature = reading
    frozen = slice(5000, 6000)
    assert np.isnan(moisture[0, frozen]).all()
    assert np.isfinite(temperature[0, frozen]).mean() > 0.9
    assert np.isfinite(moisture[1, frozen]).mean() > 0.9


def test_outages_have_the_rate_and_length_asked_for():
    out = probes.outages(streams.stream(3, "x"), 400_000, (0.5, 10.0))
    # Each outage lasts 10.5 days on the mean, being rounded up to whole days.
    assert out.mean() == pytest.approx(0.5 * 10.5 / 365.25, rel=0.1)


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
