import numpy as np

from soilbook.data.twin import heat
from soilbook.data.twin.soil import CENTRES, THICKNESS

YEAR = 365.0


def column(surface, thickness, conducts=1.2, capacity=2.4e6, latent=0.0, start=10.0):
    shape = (1, thickness.size)
    return heat.soil_temperature(
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
    damping = np.sqrt(2 * 1.2 / 2.4e6 / (omega / heat.DAY))
    exact = 10 + 12 * np.exp(-depth / damping) * np.sin(omega * day[:, None] - depth / damping)
    last = slice(int(5 * YEAR), None)
    assert np.abs(out[last, :40] - exact[last, :40]).max() < 0.12


def test_the_twins_layers_are_fine_enough():
    day = np.arange(6 * YEAR) + 1.0
    omega = 2 * np.pi / YEAR
    out = column(12 * np.sin(omega * day), THICKNESS, start=0.0)[int(5 * YEAR) :]
    damping = np.sqrt(2 * 1.2 / 2.4e6 / (omega / heat.DAY))
    amplitude = np.ptp(out, axis=0) / 2
    shallow = CENTRES < 2
    np.testing.assert_allclose(
        amplitude[shallow], 12 * np.exp(-CENTRES[shallow] / damping), rtol=0.03
    )


def test_steady_surface_is_reached_everywhere():
    out = column(np.full(3000, 4.0), THICKNESS[:12])
    np.testing.assert_allclose(out[-1], 4.0, atol=1e-5)


def test_enthalpy_and_temperature_are_inverse():
    temperature = np.linspace(-12, 12, 49)
    stored = heat.enthalpy(temperature, 2.4e6, 8e7)
    back, slope = heat.temperature_of(stored, 2.4e6, 8e7)
    np.testing.assert_allclose(back, temperature, atol=1e-12)
    assert (slope > 0).all()


def test_freezing_water_holds_the_soil_near_zero():
    surface = np.full(20, -5.0)
    wet = column(surface, THICKNESS, latent=0.25 * heat.FUSION, start=2.0)
    dry = column(surface, THICKNESS, latent=0.0, start=2.0)
    at_20_cm = int(np.argmin(np.abs(CENTRES - 0.2)))
    assert (wet[:, at_20_cm] >= dry[:, at_20_cm]).all()
    assert wet[5, at_20_cm] > -heat.FREEZING > dry[5, at_20_cm]


def test_heat_is_conserved_through_a_frost():
    day = np.arange(400)
    surface = -10 * np.sin(2 * np.pi * day / 200)
    start, capacity, latent = 3.0, 2.4e6, 0.25 * heat.FUSION
    thickness = THICKNESS[:14]
    out = column(surface, thickness, latent=latent, start=start)
    stored = heat.enthalpy(out, capacity, latent) @ thickness
    # What entered, from the temperature of the first layer at the end of each step.
    entered = np.cumsum((surface - out[:, 0]) * 1.2 / (thickness[0] / 2)) * heat.DAY
    before = heat.enthalpy(np.array(start), capacity, latent) * thickness.sum()
    assert np.abs(stored - before - entered).max() < 1e-4 * np.ptp(stored)


def test_no_soil_is_colder_or_warmer_than_what_drives_it():
    rng = np.random.default_rng(0)
    surface = np.cumsum(rng.normal(0, 4, 3000)) * 0.2
    surface -= surface.mean()
    for latent in (0.0, 0.1, 0.4):
        out = column(surface, THICKNESS, latent=latent * heat.FUSION, start=0.5)
        assert out.min() >= surface.min() - 1e-3 and out.max() <= max(0.5, surface.max()) + 1e-3
        steps = np.abs(np.diff(out[:, 1]))
        assert steps.max() <= np.ptp(surface)


def test_conductivity_of_johansen_lies_between_air_and_quartz():
    water = np.linspace(0.02, 0.4, 20)
    loam = heat.conductivity(np.array(0.4), water, np.array(40.0))
    sand = heat.conductivity(np.array(0.4), water, np.array(85.0))
    assert (np.diff(loam) >= 0).all() and (sand >= loam).all()
    assert 0.1 < loam[0] < 0.5 and 1.2 < loam[-1] < 2.2
