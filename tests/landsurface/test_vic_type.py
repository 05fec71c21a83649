"""The VIC-type model: the infiltration curve against its integrals, base flow, parameters."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import quad

from soilbook import landsurface
from soilbook.errors import ParameterError
from soilbook.landsurface import run, vic_type
from soilbook.physics.soil import MILLIMETRE, pedotransfer

CASES = [(fullness, shape) for fullness in (0.05, 0.4, 0.9) for shape in (0.05, 0.2, 1.0)]


def capacity(part, shape, largest):
    return (1 + shape) * largest * (1 - (1 - part) ** (1 / shape))


@pytest.mark.parametrize("fullness, shape", CASES)
def test_full_ground_holds_the_storage(fullness, shape):
    full = vic_type.full_ground(fullness, shape)
    depth = capacity(full, shape, 100.0)
    held = quad(lambda a: min(capacity(a, shape, 100.0), depth), 0, 1, points=[full])[0]
    assert held == pytest.approx(100 * fullness, rel=1e-6)


@pytest.mark.parametrize("fullness, shape", CASES)
@pytest.mark.parametrize("water", [0.5, 20.0, 400.0])
def test_runoff_is_what_finds_no_room(fullness, shape, water):
    largest = 150.0
    depth = capacity(vic_type.full_ground(fullness, shape), shape, largest)

    def room(part):
        return min(water, max(capacity(part, shape, largest) - depth, 0))

    full = vic_type.full_ground(fullness, shape)
    last = 1 - max(1 - (depth + water) / ((1 + shape) * largest), 0) ** shape
    infiltrates = quad(room, 0, 1, points=[full, last], limit=200)[0]
    assert vic_type.runoff(water, fullness, largest, shape) == pytest.approx(
        water - infiltrates, abs=1e-5 * water
    )


def test_runoff_by_hand():
    # Shape 1: capacity 2 W A. Half of W full: W = W (1 - (1 - i0/2W)^2), i0 = 2W (1 - sqrt(1/2)).
    largest, water = 100.0, 10.0
    start = 200 * (1 - np.sqrt(0.5))
    expected = water - 50 + 100 * (1 - (start + water) / 200) ** 2
    assert vic_type.runoff(water, 0.5, largest, 1.0) == pytest.approx(expected, rel=1e-12)
    assert vic_type.runoff(water, 1.0, largest, 1.0) == water
    assert vic_type.runoff(500.0, 0.5, largest, 0.3) == pytest.approx(450.0)


@pytest.mark.parametrize("fullness, shape", CASES)
def test_evaporation_share_is_the_integral(fullness, shape):
    full = vic_type.full_ground(fullness, shape)
    depth = capacity(full, shape, 1.0)
    wet = quad(lambda a: depth / capacity(a, shape, 1.0), full, 1, limit=200)[0]
    assert vic_type.evaporation_share(fullness, shape) == pytest.approx(full + wet, abs=2e-4)


def test_evaporation_share_rises_from_none_to_all():
    share = vic_type.evaporation_share(np.linspace(0, 1, 500), 0.2)
    assert share[0] == 0 and share[-1] == 1 and (np.diff(share) > 0).all()


def test_vic_base_flow_is_what_infiltrates(make):
    forcing = make["no_demand"](rain=2.0)
    static = make["soils"](forcing)
    chosen = landsurface.Parameters(most_baseflow=20.0)
    result = landsurface.vic(forcing, static, spin_up_years=12, steps_per_day=4, parameters=chosen)
    last = result.isel(time=-1)
    np.testing.assert_allclose(last["drainage"] + last["runoff"], 2.0, rtol=1e-5)
    soil = pedotransfer(static["sand"], static["clay"], MILLIMETRE)
    residual = soil.wilting / 2
    fullness = (last["sm"][:, 2].values - residual) / (soil.porosity - residual)
    steep = np.maximum((fullness - chosen.bend) / (1 - chosen.bend), 0) ** chosen.power
    linear = chosen.slow / chosen.bend
    curve = chosen.most_baseflow * (linear * fullness + (1 - linear) * steep)
    np.testing.assert_allclose(last["drainage"], curve, rtol=1e-4)


def test_vic_without_base_flow_fills_up_and_overflows(make):
    forcing = make["no_demand"](rain=20.0, n_days=100)
    static = make["soils"](forcing)
    closed = landsurface.Parameters(most_baseflow=0.0)
    result = landsurface.vic(forcing, static, spin_up_years=0, steps_per_day=4, parameters=closed)
    np.testing.assert_allclose(make["imbalance"](forcing, result), 0, atol=1e-9)
    last = result.isel(time=-1)
    np.testing.assert_allclose(last["runoff"], 20.0)
    porosity = pedotransfer(static["sand"], static["clay"], MILLIMETRE).porosity
    np.testing.assert_allclose(last["sm"], np.broadcast_to(porosity[:, None], (4, 3)))


@pytest.mark.parametrize(
    "name, value",
    [("shape", 0.0), ("slow", 1.5), ("bend", 1.0), ("most_baseflow", -1), ("layers", (100.0, 5.0))],
)
def test_vic_parameters_that_are_not_allowed(name, value):
    with pytest.raises(ParameterError, match=name):
        landsurface.Parameters(**{name: value})


def test_plants_feel_drought_below_seven_tenths_of_the_available_water():
    soil, one = pedotransfer(np.array([40.0]), np.array([20.0]), MILLIMETRE), np.ones(1)
    thickness = np.array([100.0, 400.0, 1000.0])[:, None]
    plants = SimpleNamespace(hiding_snow=40 * one, snow_albedo=0.7 * one, albedo=0.2 * one)
    roots = np.full((3, 1), 1 / 3)
    model = vic_type.Vic(soil, plants, roots, thickness, 0.125, landsurface.Parameters())
    drive = dict.fromkeys(run.Drive._fields, one) | {"rain": 0 * one, "snowfall": 0 * one}
    taken = []
    for part in (1.0, 0.75, 0.35):
        theta = soil.wilting + part * (soil.field_capacity - soil.wilting)
        state = vic_type.State(np.broadcast_to(theta, (3, 1)), 0 * one, 0 * one)
        taken.append(float(model.step(state, run.Drive(**drive))[1].evapotranspiration[0]))
    assert taken[0] == pytest.approx(taken[1]) and taken[2] < 0.9 * taken[1]


def test_gravity_drains_as_much_in_one_step_as_in_many():
    soil = pedotransfer(np.array([40.0]), np.array([20.0]), MILLIMETRE)
    low, high = 100 * soil.residual, 100 * soil.porosity

    def drained(steps, length):
        water = low + 0.8 * (high - low)
        model = vic_type.Vic(soil, None, None, None, length, landsurface.Parameters())
        for _ in range(steps):
            water = water - model._gravity(water, low, high)
        return low + 0.8 * (high - low) - water

    np.testing.assert_allclose(drained(1, 1.0), drained(64, 1 / 64))
    np.testing.assert_allclose(drained(1, 1e-6), 1e-6 * soil.conductivity * 0.8**soil.power, 1e-3)
