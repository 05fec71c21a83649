import numpy as np
import pytest

from soilbook.data.twin import soil, water
from soilbook.data.twin.columns import columns

LAYERS = 16


@pytest.fixture
def uniform():
    """A sand, a loam and a clay with the same properties at all depths."""
    texture = np.array([[85.0, 5.0], [40.0, 20.0], [20.0, 45.0]])
    hydraulics = soil.pedotransfer(texture[:, :1], texture[:, 1:])
    roots = np.full((3, LAYERS), 1 / LAYERS)
    return columns(hydraulics, roots, soil.THICKNESS[:LAYERS])


def drive(supply, ground=0.0, plants=0.0, passage=1.0, warmth=1.0, n=3):
    column, layers = np.ones(n), np.ones((n, LAYERS))
    return water.Drive(
        supply * column, ground * column, plants * column, passage * layers, warmth * layers
    )


def run(c, theta, days, per_day, forcing):
    dt = np.full(len(theta), 1 / per_day)
    total = np.zeros((4, len(theta)))
    for _ in range(int(days * per_day)):
        theta, crossed = water.step(c, theta, dt, forcing)
        total += np.array(crossed)
    return theta, total, crossed


def test_steady_rain_drains_at_the_rate_it_falls(uniform):
    # Unit gradient: K(theta) = rain, so theta = saturation (rain / Ks)^(1 / (2 b + 3)).
    rain = 0.002
    s = uniform.soil
    expected = s.saturation * (rain / s.saturated_conductivity) ** (1 / (2 * s.slope + 3))
    theta, _, last = run(uniform, s.field_capacity, 4000, 1, drive(rain))
    np.testing.assert_allclose(theta, expected, rtol=1e-6)
    np.testing.assert_allclose(last[3], rain, rtol=1e-6)
    assert (last[1] == 0).all()


def test_rain_beyond_the_conductivity_runs_off(uniform):
    # A saturated column passes on Ks under unit gradient; the rest cannot enter.
    ks = uniform.soil.saturated_conductivity[:, 0]
    theta, _, last = run(uniform, uniform.soil.saturation.copy(), 20, 48, drive(2 * ks))
    np.testing.assert_allclose(last[3] * 48, ks, rtol=1e-3)
    np.testing.assert_allclose(last[1] * 48, ks, rtol=1e-3)
    np.testing.assert_allclose(theta, uniform.soil.saturation, rtol=1e-3)


def test_draining_column_follows_a_fine_solution(uniform):
    wet = 0.98 * uniform.soil.saturation
    coarse, *_ = run(uniform, wet, 20, 3, drive(0.0))
    fine, *_ = run(uniform, wet, 20, 300, drive(0.0))
    assert np.abs(coarse - fine).max() < 0.01


def test_water_is_conserved_whatever_happens(uniform):
    rng = np.random.default_rng(0)
    theta, thickness = uniform.soil.field_capacity.copy(), uniform.thickness
    for _ in range(3000):
        forcing = water.Drive(
            rng.exponential(0.2, 3) * (rng.random(3) < 0.2),
            rng.random(3) * 0.005,
            rng.random(3) * 0.008,
            10 ** -(3 * rng.random((3, LAYERS)).round()),
            rng.random((3, LAYERS)),
        )
        dt = rng.choice([1 / 24, 1 / 8, 1.0], 3)
        before = theta @ thickness
        theta, crossed = water.step(uniform, theta, dt, forcing)
        infiltration, runoff, evapotranspiration, drainage = crossed
        np.testing.assert_allclose(infiltration + runoff, forcing.supply * dt, atol=1e-13)
        change = infiltration - evapotranspiration - drainage
        np.testing.assert_allclose(theta @ thickness - before, change, atol=1e-12)
        assert (theta >= uniform.residual).all() and (theta <= uniform.soil.saturation).all()


def test_evapotranspiration_is_the_demand_in_wet_soil_and_little_in_dry(uniform):
    dt = np.full(3, 0.1)
    forcing = drive(0.0, ground=0.001, plants=0.004)
    _, wet = water.step(uniform, 0.99 * uniform.soil.saturation, dt, forcing)
    np.testing.assert_allclose(wet.evapotranspiration, 0.005 * dt, rtol=1e-9)
    _, wilting = water.step(uniform, uniform.wilting, dt, drive(0.0, plants=0.004))
    assert (wilting.evapotranspiration == 0).all()
    _, dry = water.step(uniform, uniform.residual, dt, forcing)
    assert (dry.evapotranspiration == 0).all()


def test_ice_stops_the_flow(uniform):
    wet = 0.95 * uniform.soil.saturation
    _, open_soil, _ = run(uniform, wet, 2, 24, drive(0.01))
    _, frozen, _ = run(uniform, wet, 2, 24, drive(0.01, passage=1e-3))
    assert (frozen[0] < 0.5 * open_soil[0]).all()
    assert (frozen[3] < 0.02 * open_soil[3]).all()


def test_columns_do_not_feel_each_other(uniform):
    theta, forcing = uniform.soil.field_capacity, drive(0.03, plants=0.004)
    together, _, _ = run(uniform, theta, 5, 8, forcing)
    hydraulics = soil.pedotransfer(np.array([[40.0]]), np.array([[20.0]]))
    alone = columns(hydraulics, np.full((1, LAYERS), 1 / LAYERS), soil.THICKNESS[:LAYERS])
    single, _, _ = run(alone, theta[1:2], 5, 8, drive(0.03, plants=0.004, n=1))
    assert (single[0] == together[1]).all()


def test_bounds_move_water_without_losing_it():
    thickness = np.array([0.1, 0.2, 0.3])
    theta = np.array([[0.60, 0.50, 0.10], [0.01, 0.02, 0.30], [0.20, 0.20, 0.01]])
    low, high = np.full((3, 3), 0.05), np.full((3, 3), 0.45)
    kept, spilled, drawn = water.keep_bounds(theta, low, high, thickness)
    assert (kept >= low).all() and (kept <= high).all()
    np.testing.assert_allclose(kept @ thickness, theta @ thickness - spilled + drawn, atol=1e-15)
    np.testing.assert_allclose(spilled, [0.025, 0, 0], atol=1e-15)
    np.testing.assert_allclose(drawn, [0, 0, 0.012], atol=1e-15)


def test_pedotransfer_ranks_textures():
    hydraulics = soil.pedotransfer(np.array([90.0, 40.0, 20.0]), np.array([4.0, 20.0, 55.0]))
    assert (np.diff(hydraulics.saturated_conductivity) < 0).all()
    assert (np.diff(hydraulics.wilting) > 0).all()
    assert (hydraulics.residual < hydraulics.wilting).all()
    assert (hydraulics.wilting < hydraulics.field_capacity).all()
    assert (hydraulics.field_capacity < hydraulics.saturation).all()
    # Loam of 43 % sand and 18 % clay: Table 3 of Cosby et al. has b 5.25, porosity 0.439.
    loam = soil.pedotransfer(43.0, 18.0)
    assert loam.slope == pytest.approx(5.25, rel=0.15)
    assert loam.saturation == pytest.approx(0.439, rel=0.02)


def test_each_probe_sits_in_the_centre_of_a_layer():
    np.testing.assert_allclose(soil.CENTRES[soil.PROBES], soil.DEPTHS)
    assert soil.PROBES.max() < soil.WATER_LAYERS
