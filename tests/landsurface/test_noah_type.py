"""The Noah-type model: its soil, Richards' equation, infiltration, heat, and steady rain."""

from types import SimpleNamespace

import numpy as np
import pytest

from soilbook import landsurface
from soilbook.landsurface import noah_type, run
from soilbook.landsurface.noah_type import NoahSoil
from soilbook.physics.soil import (
    FUSION,
    MILLIMETRE,
    SOLID_CAPACITY,
    heat_conductivity,
    pedotransfer,
)

THICKNESS = np.array([100.0, 300.0, 600.0, 1000.0])[:, None]
SAND, CLAY = np.array([20.0, 50.0, 85.0]), np.array([50.0, 20.0, 5.0])


def random_state(seed=1):
    soil = NoahSoil.of(pedotransfer(SAND, CLAY, MILLIMETRE))
    part = np.random.default_rng(seed).random((4, 3))
    theta = soil.driest + part * (soil.porosity - soil.driest)
    return soil, theta, np.zeros_like(theta)


def test_solver_against_dense_matrices():
    rng = np.random.default_rng(0)
    lower, upper, right = rng.normal(size=(4, 7)), rng.normal(size=(4, 7)), rng.normal(size=(5, 7))
    diagonal = 5 + rng.random((5, 7))
    found = noah_type.solve(lower, diagonal, upper, right)
    for k in range(7):
        matrix = np.diag(diagonal[:, k]) + np.diag(lower[:, k], -1) + np.diag(upper[:, k], 1)
        np.testing.assert_allclose(found[:, k], np.linalg.solve(matrix, right[:, k]), rtol=1e-12)


def test_redistribution_conserves_water():
    soil, theta, ice = random_state()
    # The first site is flooded, the last one robbed of more water than it has.
    gain = np.array([[800.0, -1.0, 3.0], [900.0, -2.0, 1.0], [0.0, 0.0, -1.0], [0.0, 1.0, -900.0]])
    after, spilled, drainage = noah_type.redistribute(theta, ice, gain, soil, THICKNESS, 0.125)
    assert spilled[0] > 100 and drainage[2] < -100 and (spilled[1:] == 0).all()
    change = ((after - theta) * THICKNESS).sum(axis=0)
    np.testing.assert_allclose(change, gain.sum(axis=0) - spilled - drainage, atol=1e-9)


def test_water_moves_by_gravity_and_diffusion():
    soil, theta, ice = random_state()
    step = 1e-5
    after, _, drains = noah_type.redistribute(theta, ice, 0 * theta, soil, THICKNESS, step)
    wet = theta / soil.porosity
    gravity = soil.conductivity * wet ** (2 * soil.slope + 3)
    # Campbell: D = K dpsi/dtheta.
    diffusivity = soil.slope * soil.conductivity * soil.entry / soil.porosity
    diffusivity = diffusivity * wet ** (soil.slope + 2)
    gradient = -np.diff(theta, axis=0) / ((THICKNESS[1:] + THICKNESS[:-1]) / 2)
    down = gravity.copy()
    down[:-1] += diffusivity[:-1] * gradient
    gain = -down
    gain[1:] += down[:-1]
    np.testing.assert_allclose((after - theta) * THICKNESS / step, gain, rtol=0.02, atol=1e-3)
    np.testing.assert_allclose(drains / step, gravity[-1], rtol=0.02)


def test_shorter_steps_converge():
    soil, _, ice = random_state()
    theta = np.broadcast_to(soil.field_capacity, (4, 3)).copy()
    theta[0] = 0.9 * soil.porosity
    none = np.zeros_like(theta)

    def after(steps):
        result = theta
        for _ in range(steps):
            result, *_ = noah_type.redistribute(result, ice, none, soil, THICKNESS, 0.125 / steps)
        return result

    exact = after(400)
    error = [np.abs(after(steps) - exact).max() for steps in (1, 4, 16)]
    # A wet sand drains much of its water in three hours: the hardest case.
    assert error[0] < 0.07 and error[1] < error[0] / 2 and error[2] < error[1] / 2
    assert (exact[0] < theta[0]).all() and (exact[1] > theta[1]).all()


def test_infiltration_follows_schaake():
    soil, theta, ice = random_state()
    theta[0] = soil.driest  # conducts nothing, so that only the room counts
    room = (THICKNESS * (soil.porosity - theta)).sum(axis=0)
    # Noah's default: kdt is 3 at a conductivity of 2e-6 m s-1.
    kdt = 3.0 * soil.conductivity / (2e-6 * 86400 * 1000)
    room = room * (1 - np.exp(-kdt * 0.125))
    found = noah_type.infiltration(np.full(3, 40.0), theta, ice, soil, THICKNESS, 0.125)
    np.testing.assert_allclose(found, 40 * room / (40 + room), rtol=1e-9)


def test_infiltration_never_exceeds_the_supply_and_is_all_of_a_drizzle():
    soil, theta, ice = random_state()
    for supply in (0.0, 1e-6, 1.0, 500.0):
        found = noah_type.infiltration(np.full(3, supply), theta, ice, soil, THICKNESS, 0.125)
        assert (found >= 0).all() and (found <= supply).all()
    drizzle = noah_type.infiltration(np.full(3, 1e-3), theta, ice, soil, THICKNESS, 0.125)
    np.testing.assert_allclose(drizzle, 1e-3, rtol=1e-3)


def test_frozen_ground_lets_less_in():
    soil, *_ = random_state()
    share = np.array([noah_type.open_ground(np.full(3, ice), soil) for ice in (0, 100, 400, 2000)])
    np.testing.assert_allclose(share[0], 1)
    assert (np.diff(share, axis=0) < 0).all() and (share[-1] < 0.15).all()


LOAM = np.array([50.0])
SOIL = NoahSoil.of(pedotransfer(LOAM, np.array([20.0]), MILLIMETRE))
FINE = np.full((60, 1), 100.0)
DEEP = np.array([10.0])


def advance(temperature, theta, outside, steps, thickness=FINE, entry=1e4):
    conducts = heat_conductivity(SOIL.porosity, theta, LOAM)
    heat_in = 0.0
    for k in range(steps):
        skin = np.array([outside(k)]), np.array([entry])
        temperature, flow = noah_type.conduct(
            temperature, theta, skin, DEEP, conducts, SOIL, thickness, 0.125
        )
        heat_in = heat_in + flow * 86400 * 0.125
    return temperature, heat_in


def test_yearly_wave_is_damped_as_in_theory():
    theta = np.full((60, 1), 0.25)
    temperature = np.full((60, 1), 10.0)
    capacity = SOLID_CAPACITY * (1 - SOIL.porosity) + noah_type.WATER_CAPACITY * 0.25
    diffusivity = heat_conductivity(SOIL.porosity, theta, LOAM)[0, 0] / capacity[0]
    depth = np.sqrt(2 * diffusivity / (2 * np.pi / (365 * 86400)))
    swing = []
    for k in range(2 * 365):
        first = 8 * k
        temperature, _ = advance(
            temperature, theta, lambda j, f=first: 10 + 8 * np.sin(2 * np.pi * (f + j) / 2920), 8
        )
        if k >= 365:
            swing.append(temperature[:, 0].copy())
    amplitude = np.ptp(swing, axis=0) / 2
    middle = 0.05 + 0.1 * np.arange(20)
    np.testing.assert_allclose(amplitude[:20], 8 * np.exp(-middle / depth), rtol=0.06)


def test_freezing_gives_off_its_heat():
    theta = np.full((4, 1), 0.3)
    thickness = np.array([100.0, 300.0, 600.0, 1000.0])[:, None]
    start = np.full((4, 1), 2.0)
    deep_flow = heat_conductivity(SOIL.porosity, theta, LOAM)[-1, 0] / 6.5 * 11 * 86400 * 30
    after, heat_in = advance(start, theta, lambda k: -8.0, 240, thickness, entry=3.0)
    capacity = SOLID_CAPACITY * (1 - SOIL.porosity) + noah_type.WATER_CAPACITY * 0.3
    frozen = noah_type.ice(theta, after, SOIL) - noah_type.ice(theta, start, SOIL)
    change = (thickness / 1000 * (capacity * (after - start) - FUSION * frozen)).sum()
    assert noah_type.ice(theta, after, SOIL)[0, 0] > 0.1 and frozen[-1, 0] == 0
    # What flows in from below is between nothing and that of soil at -1 degC all the time.
    assert 0 < change - heat_in[0] < deep_flow


def test_ice_leaves_the_wilting_point_liquid():
    theta = np.array([[0.3], [0.3], [0.3]])
    ice = noah_type.ice(theta, np.array([[1.0], [-0.5], [-20.0]]), SOIL)[:, 0]
    room = 0.3 - SOIL.driest[0]
    np.testing.assert_allclose(ice, [0, room / 2, room])


def test_snow_and_shade_slow_the_heat():
    theta = np.full((4, 1), 0.25)
    conducts = heat_conductivity(SOIL.porosity, theta, LOAM)
    bare, shaded, snowy = (
        noah_type.top_conductance(conducts, FINE[:4], np.array([shade]), np.array([pack]))[0]
        for shade, pack in ((0, 0), (0.8, 0), (0, 100))
    )
    assert bare == pytest.approx(conducts[0, 0] / 0.05)
    assert shaded == pytest.approx(bare * np.exp(-1.6))
    # 100 mm of water are 0.4 m of snow of a quarter of its density.
    assert 1 / snowy - 1 / bare == pytest.approx(0.4 / noah_type.SNOW_CONDUCTIVITY)


def test_water_contents_are_in_order_for_every_texture():
    sand, clay = (
        grid.ravel() for grid in np.meshgrid(np.arange(0, 101, 5.0), np.arange(0, 101, 5))
    )
    there = sand + clay <= 100
    soil = NoahSoil.of(pedotransfer(sand[there], clay[there], MILLIMETRE))
    order = [0 * soil.porosity, soil.driest, soil.wilting, soil.field_capacity, soil.porosity]
    assert (np.diff(order, axis=0) > 0).all()
    assert ((soil.reference > soil.driest) & (soil.reference < soil.porosity)).all()


def test_reference_drains_half_a_millimetre_a_day_before_the_last_third():
    soil = NoahSoil.of(pedotransfer(np.array([40.0]), np.array([20.0]), MILLIMETRE))
    drained = (3 * soil.reference - soil.porosity) / 2
    rate = soil.conductivity * (drained / soil.porosity) ** (2 * soil.slope + 3)
    np.testing.assert_allclose(rate, 0.5)


def test_noah_drains_what_infiltrates_at_the_moisture_that_conducts_it(make):
    forcing = make["no_demand"](rain=5.0, n_days=100)
    static = make["soils"](forcing)
    last = landsurface.noah(forcing, static, spin_up_years=3, steps_per_day=4).isel(time=-1)
    np.testing.assert_allclose(last["evapotranspiration"], 0, atol=1e-10)
    infiltration = 5.0 - last["runoff"].values
    np.testing.assert_allclose(last["drainage"], infiltration, rtol=1e-6)
    soil = pedotransfer(static["sand"], static["clay"], MILLIMETRE)
    share = (infiltration / soil.conductivity) ** (1 / (2 * soil.slope + 3))
    expected = np.broadcast_to((soil.porosity * share)[:, None], last["sm"].shape)
    np.testing.assert_allclose(last["sm"], expected, rtol=1e-5)


def one_step(ground, pack=0.0, **changes):
    """State after a step of a loam at field capacity (``ground`` degC), what left it, its Drive."""
    one = np.ones(1)
    plants = SimpleNamespace(hiding_snow=40 * one, snow_albedo=0.7 * one, albedo=0.2 * one)
    roots = np.full((4, 1), 0.25)
    model = noah_type.Noah(SOIL, plants, roots, LOAM, DEEP, THICKNESS, 0.125)
    drive = dict.fromkeys(run.Drive._fields, 1.0) | {"rain": 0.0, "snowfall": 0.0} | changes
    drive = run.Drive(**{name: value * one for name, value in drive.items()})
    theta = np.broadcast_to(SOIL.field_capacity, (4, 1))
    state = noah_type.State(theta, np.full((4, 1), ground), 0 * one, pack * one, 0 * one)
    return *model.step(state, drive), drive


def test_plants_drink_no_ice():
    assert one_step(5.0)[1].evapotranspiration[0] > 0.01
    assert one_step(-5.0)[1].evapotranspiration[0] == pytest.approx(0, abs=1e-12)


def test_evaporation_cools_the_skin_and_melting_snow_keeps_it_at_zero(monkeypatch):
    skins, conduct = [], noah_type.conduct
    monkeypatch.setattr(noah_type, "conduct", lambda *a: skins.append(a[2][0]) or conduct(*a))
    _, left, drive = one_step(5.0, temperature=12.0, radiation=100.0, potential=6.0, exchange=20.0)
    latent = left.evapotranspiration / 0.125 * 2.45e6 / 86400  # W m-2
    assert latent > 50
    np.testing.assert_allclose(skins[0], drive.temperature + (100 - latent) / 20)
    one_step(5.0, pack=200.0, temperature=12.0, radiation=100.0)
    assert skins[1] == 0
