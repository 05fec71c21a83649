"""Heat and water in the twin's soil against known solutions, and what is always true of them."""

import numpy as np
import pytest

from soilbook.physics.soil import DAY, FREEZING, FUSION, enthalpy, pedotransfer
from soilbook.twin import soil
from soilbook.twin.ground import Ground, Schedule
from soilbook.twin.sites import CENTRES, THICKNESS

YEAR = 365.0


def column(surface, thickness, conducts=1.2, capacity=2.4e6, latent=0.0, start=10.0):
    shape = (1, thickness.size)
    return soil.soil_temperature(
        np.atleast_2d(surface),
        np.zeros((1, surface.size)),
        thickness,
        np.full(shape, conducts),
        np.full(shape, capacity),
        np.full(shape, latent),
        np.full(shape, start),
    )[0]


def test_damped_sinusoid_is_the_analytical_one():
    # T(z, t) = mean + A exp(-z / d) sin(w t - z / d), d = sqrt(2 k / (C w)); Carslaw and Jaeger.
    day = np.arange(6 * YEAR) + 1.0
    omega = 2 * np.pi / YEAR
    thickness = np.full(150, 0.1)
    out = column(10 + 12 * np.sin(omega * day), thickness)
    depth = np.cumsum(thickness) - 0.05
    damping = np.sqrt(2 * 1.2 / 2.4e6 / (omega / DAY))
    exact = 10 + 12 * np.exp(-depth / damping) * np.sin(omega * day[:, None] - depth / damping)
    last = slice(int(5 * YEAR), None)
    assert np.abs(out[last, :40] - exact[last, :40]).max() < 0.12


def test_the_twins_layers_are_fine_enough():
    day = np.arange(6 * YEAR) + 1.0
    omega = 2 * np.pi / YEAR
    out = column(12 * np.sin(omega * day), THICKNESS, start=0.0)[int(5 * YEAR) :]
    damping = np.sqrt(2 * 1.2 / 2.4e6 / (omega / DAY))
    amplitude = np.ptp(out, axis=0) / 2
    shallow = CENTRES < 2
    np.testing.assert_allclose(
        amplitude[shallow], 12 * np.exp(-CENTRES[shallow] / damping), rtol=0.03
    )


def test_steady_surface_is_reached_everywhere():
    out = column(np.full(3000, 4.0), THICKNESS[:12])
    np.testing.assert_allclose(out[-1], 4.0, atol=1e-5)


def test_freezing_water_holds_the_soil_near_zero():
    surface = np.full(20, -5.0)
    wet = column(surface, THICKNESS, latent=0.25 * FUSION, start=2.0)
    dry = column(surface, THICKNESS, latent=0.0, start=2.0)
    at_20_cm = int(np.argmin(np.abs(CENTRES - 0.2)))
    assert (wet[:, at_20_cm] >= dry[:, at_20_cm]).all()
    assert wet[5, at_20_cm] > -FREEZING > dry[5, at_20_cm]


def test_heat_is_conserved_through_a_frost():
    day = np.arange(400)
    surface = -10 * np.sin(2 * np.pi * day / 200)
    start, capacity, latent = 3.0, 2.4e6, 0.25 * FUSION
    thickness = THICKNESS[:14]
    out = column(surface, thickness, latent=latent, start=start)
    stored = enthalpy(out, capacity, latent) @ thickness
    # What entered, from the temperature of the first layer at the end of each step.
    entered = np.cumsum((surface - out[:, 0]) * 1.2 / (thickness[0] / 2)) * DAY
    before = enthalpy(np.array(start), capacity, latent) * thickness.sum()
    assert np.abs(stored - before - entered).max() < 1e-4 * np.ptp(stored)


def test_no_soil_is_colder_or_warmer_than_what_drives_it():
    rng = np.random.default_rng(0)
    surface = np.cumsum(rng.normal(0, 4, 3000)) * 0.2
    surface -= surface.mean()
    for latent in (0.0, 0.1, 0.4):
        out = column(surface, THICKNESS, latent=latent * FUSION, start=0.5)
        assert out.min() >= surface.min() - 1e-3 and out.max() <= max(0.5, surface.max()) + 1e-3
        steps = np.abs(np.diff(out[:, 1]))
        assert steps.max() <= np.ptp(surface)


def test_enthalpy_and_temperature_are_inverse():
    temperature = np.linspace(-12, 12, 49)
    stored = enthalpy(temperature, 2.4e6, 8e7)
    back, slope = soil.temperature_of(stored, 2.4e6, 8e7)
    np.testing.assert_allclose(back, temperature, atol=1e-12)
    assert (slope > 0).all()


LAYERS = 16


@pytest.fixture
def uniform():
    """A sand, a loam and a clay with the same properties at all depths."""
    texture = np.array([[85.0, 5.0], [40.0, 20.0], [20.0, 45.0]])
    texture_soil = pedotransfer(texture[:, :1], texture[:, 1:])
    roots = np.full((3, LAYERS), 1 / LAYERS)
    return soil.columns(texture_soil, roots, THICKNESS[:LAYERS])


def drive(supply, ground=0.0, plants=0.0, passage=1.0, warmth=1.0, n=3):
    column, layers = np.ones(n), np.ones((n, LAYERS))
    return soil.Drive(
        supply * column, ground * column, plants * column, passage * layers, warmth * layers
    )


def advance(c, theta, days, per_day, forcing):
    dt = np.full(len(theta), 1 / per_day)
    total = np.zeros((4, len(theta)))
    for _ in range(int(days * per_day)):
        theta, crossed = soil.step(c, theta, dt, forcing)
        total += np.array(crossed)
    return theta, total, crossed


def test_steady_rain_drains_at_the_rate_it_falls(uniform):
    # Unit gradient: K(theta) = rain, so theta = saturation (rain / Ks)^(1 / (2 b + 3)).
    rain = 0.002
    s = uniform.soil
    expected = s.porosity * (rain / s.conductivity) ** (1 / (2 * s.slope + 3))
    theta, _, last = advance(uniform, s.field_capacity, 4000, 1, drive(rain))
    np.testing.assert_allclose(theta, expected, rtol=1e-6)
    np.testing.assert_allclose(last[3], rain, rtol=1e-6)
    assert (last[1] == 0).all()


def test_rain_beyond_the_conductivity_runs_off(uniform):
    # A saturated column passes on Ks under unit gradient; the rest cannot enter.
    ks = uniform.soil.conductivity[:, 0]
    theta, _, last = advance(uniform, uniform.soil.porosity.copy(), 20, 48, drive(2 * ks))
    np.testing.assert_allclose(last[3] * 48, ks, rtol=1e-3)
    np.testing.assert_allclose(last[1] * 48, ks, rtol=1e-3)
    np.testing.assert_allclose(theta, uniform.soil.porosity, rtol=1e-3)


def test_draining_column_follows_a_fine_solution(uniform):
    wet = 0.98 * uniform.soil.porosity
    coarse, *_ = advance(uniform, wet, 20, 3, drive(0.0))
    fine, *_ = advance(uniform, wet, 20, 300, drive(0.0))
    assert np.abs(coarse - fine).max() < 0.01


def test_water_is_conserved_whatever_happens(uniform):
    rng = np.random.default_rng(0)
    theta, thickness = uniform.soil.field_capacity.copy(), uniform.thickness
    for _ in range(3000):
        forcing = soil.Drive(
            rng.exponential(0.2, 3) * (rng.random(3) < 0.2),
            rng.random(3) * 0.005,
            rng.random(3) * 0.008,
            10 ** -(3 * rng.random((3, LAYERS)).round()),
            rng.random((3, LAYERS)),
        )
        dt = rng.choice([1 / 24, 1 / 8, 1.0], 3)
        before = theta @ thickness
        theta, crossed = soil.step(uniform, theta, dt, forcing)
        infiltration, runoff, evapotranspiration, drainage = crossed
        np.testing.assert_allclose(infiltration + runoff, forcing.supply * dt, atol=1e-13)
        change = infiltration - evapotranspiration - drainage
        np.testing.assert_allclose(theta @ thickness - before, change, atol=1e-12)
        assert (theta >= uniform.soil.residual).all() and (theta <= uniform.soil.porosity).all()


def test_evapotranspiration_is_the_demand_in_wet_soil_and_little_in_dry(uniform):
    dt = np.full(3, 0.1)
    forcing = drive(0.0, ground=0.001, plants=0.004)
    _, wet = soil.step(uniform, 0.99 * uniform.soil.porosity, dt, forcing)
    np.testing.assert_allclose(wet.evapotranspiration, 0.005 * dt, rtol=1e-9)
    _, wilting = soil.step(uniform, uniform.soil.wilting, dt, drive(0.0, plants=0.004))
    assert (wilting.evapotranspiration == 0).all()
    _, dry = soil.step(uniform, uniform.soil.residual, dt, forcing)
    assert (dry.evapotranspiration == 0).all()


def test_ice_stops_the_flow(uniform):
    wet = 0.95 * uniform.soil.porosity
    _, open_soil, _ = advance(uniform, wet, 2, 24, drive(0.01))
    _, frozen, _ = advance(uniform, wet, 2, 24, drive(0.01, passage=1e-3))
    assert (frozen[0] < 0.5 * open_soil[0]).all()
    assert (frozen[3] < 0.02 * open_soil[3]).all()


def test_ice_at_the_surface_lets_no_rain_in(uniform):
    _, water, _ = advance(uniform, uniform.soil.field_capacity, 1, 24, drive(0.05, passage=1e-9))
    assert (water[0] < 1e-4 * 0.05).all()
    np.testing.assert_allclose(water[1], 0.05, rtol=1e-3)


def test_columns_do_not_feel_each_other(uniform):
    theta, forcing = uniform.soil.field_capacity, drive(0.03, plants=0.004)
    together, _, _ = advance(uniform, theta, 5, 8, forcing)
    texture_soil = pedotransfer(np.array([[40.0]]), np.array([[20.0]]))
    alone = soil.columns(texture_soil, np.full((1, LAYERS), 1 / LAYERS), THICKNESS[:LAYERS])
    single, _, _ = advance(alone, theta[1:2], 5, 8, drive(0.03, plants=0.004, n=1))
    assert (single[0] == together[1]).all()


def test_a_day_and_its_morning_are_means_of_their_steps(uniform):
    none, rain = np.zeros((1, 3)), np.repeat([0.0, 0.04], 12)
    steps = [Schedule(np.zeros(24, int), np.full(24, 1 / 24), rain)] * 3
    top = Ground(none, none, none, none, none, none, none + 15, none + 0.06)
    start, warmth = uniform.soil.field_capacity, np.full(3, 15.0)
    made = soil.simulate(top, steps, uniform, THICKNESS, np.array([85.0, 40, 20]), warmth, start)
    theta, states = start, []
    for now in rain:
        theta, _ = soil.step(uniform, theta, np.full(3, 1 / 24), drive(now))
        states.append(theta)
    np.testing.assert_allclose(made.moisture[0], np.mean(states, axis=0))
    np.testing.assert_allclose(made.morning[0], np.mean(states[:8], axis=0))
    np.testing.assert_allclose(made.storage[0], 1000 * (theta * uniform.thickness).sum(axis=1))


def test_large_pores_end_where_their_depth_says(uniform):
    bottom = np.cumsum(uniform.thickness)
    expected = (1 - np.exp(-bottom / 0.6)) / (1 - np.exp(-bottom[-1] / 0.6))
    np.testing.assert_allclose(np.cumsum(uniform.paths), expected)


def test_roots_that_make_up_for_half_feel_drought_below_two_fifths_of_the_water(uniform):
    s, demand, dt = uniform.soil, drive(0.0, plants=0.004), np.full(3, 0.1)
    taken = [
        soil.step(uniform, s.wilting + part * (s.field_capacity - s.wilting), dt, demand)[1]
        for part in (1.0, 0.41, 0.35)
    ]
    np.testing.assert_allclose(taken[0].evapotranspiration, 0.004 * dt)
    np.testing.assert_allclose(taken[1].evapotranspiration, 0.004 * dt)
    assert (taken[2].evapotranspiration < 0.95 * 0.004 * dt).all()
