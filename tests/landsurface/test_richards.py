"""Layers of water: solver, bounds, infiltration and Richards' equation of the Noah-type model."""

import numpy as np

from soilbook.landsurface import columns, richards
from soilbook.landsurface.soil import pedotransfer

THICKNESS = np.array([100.0, 300.0, 600.0, 1000.0])[:, None]
SAND, CLAY = np.array([20.0, 50.0, 85.0]), np.array([50.0, 20.0, 5.0])


def random_state(seed=1):
    soil = pedotransfer(SAND, CLAY)
    part = np.random.default_rng(seed).random((4, 3))
    theta = soil.noah_wilting + part * (soil.porosity - soil.noah_wilting)
    return soil, theta, np.zeros_like(theta)


def test_solver_against_dense_matrices():
    rng = np.random.default_rng(0)
    lower, upper, right = rng.normal(size=(4, 7)), rng.normal(size=(4, 7)), rng.normal(size=(5, 7))
    diagonal = 5 + rng.random((5, 7))
    found = columns.solve(lower, diagonal, upper, right)
    for k in range(7):
        matrix = np.diag(diagonal[:, k]) + np.diag(lower[:, k], -1) + np.diag(upper[:, k], 1)
        np.testing.assert_allclose(found[:, k], np.linalg.solve(matrix, right[:, k]), rtol=1e-12)


def test_bounds_move_water_and_lose_none():
    rng = np.random.default_rng(0)
    water = rng.uniform(-20, 120, (4, 500))
    low, high = np.full((4, 500), 10.0), np.full((4, 500), 90.0)
    kept, spilled, drawn = columns.keep_bounds(water, low, high)
    assert (kept >= low - 1e-12).all() and (kept <= high + 1e-12).all()
    np.testing.assert_allclose(kept.sum(0) + spilled - drawn, water.sum(0), atol=1e-10)
    assert spilled.max() > 0 and drawn.max() > 0


def test_redistribution_conserves_water():
    soil, theta, ice = random_state()
    # The first site is flooded, the last one robbed of more water than it has.
    gain = np.array([[800.0, -1.0, 3.0], [900.0, -2.0, 1.0], [0.0, 0.0, -1.0], [0.0, 1.0, -900.0]])
    after, spilled, drainage = richards.redistribute(theta, ice, gain, soil, THICKNESS, 0.125)
    assert spilled[0] > 100 and drainage[2] < -100 and (spilled[1:] == 0).all()
    change = ((after - theta) * THICKNESS).sum(axis=0)
    np.testing.assert_allclose(change, gain.sum(axis=0) - spilled - drainage, atol=1e-9)


def test_shorter_steps_converge():
    soil, _, ice = random_state()
    theta = np.broadcast_to(soil.field_capacity, (4, 3)).copy()
    theta[0] = 0.9 * soil.porosity
    none = np.zeros_like(theta)

    def after(steps):
        result = theta
        for _ in range(steps):
            result, *_ = richards.redistribute(result, ice, none, soil, THICKNESS, 0.125 / steps)
        return result

    exact = after(400)
    error = [np.abs(after(steps) - exact).max() for steps in (1, 4, 16)]
    # A wet sand drains much of its water in three hours: the hardest case.
    assert error[0] < 0.07 and error[1] < error[0] / 2 and error[2] < error[1] / 2
    assert (exact[0] < theta[0]).all() and (exact[1] > theta[1]).all()


def test_infiltration_follows_schaake():
    soil, theta, ice = random_state()
    theta[0] = soil.noah_wilting  # conducts nothing, so that only the room counts
    room = (THICKNESS * (soil.porosity - theta)).sum(axis=0)
    # Noah's default: kdt is 3 at a conductivity of 2e-6 m s-1.
    kdt = 3.0 * soil.conductivity / (2e-6 * 86400 * 1000)
    room = room * (1 - np.exp(-kdt * 0.125))
    found = richards.infiltration(np.full(3, 40.0), theta, ice, soil, THICKNESS, 0.125)
    np.testing.assert_allclose(found, 40 * room / (40 + room), rtol=1e-9)


def test_infiltration_never_exceeds_the_supply_and_is_all_of_a_drizzle():
    soil, theta, ice = random_state()
    for supply in (0.0, 1e-6, 1.0, 500.0):
        found = richards.infiltration(np.full(3, supply), theta, ice, soil, THICKNESS, 0.125)
        assert (found >= 0).all() and (found <= supply).all()
    drizzle = richards.infiltration(np.full(3, 1e-3), theta, ice, soil, THICKNESS, 0.125)
    np.testing.assert_allclose(drizzle, 1e-3, rtol=1e-3)


def test_frozen_ground_lets_less_in():
    soil, *_ = random_state()
    share = np.array([richards.open_ground(np.full(3, ice), soil) for ice in (0, 100, 400, 2000)])
    np.testing.assert_allclose(share[0], 1)
    assert (np.diff(share, axis=0) < 0).all() and (share[-1] < 0.15).all()
