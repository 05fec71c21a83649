"""The variable infiltration curve against its integrals."""

import numpy as np
import pytest
from scipy.integrate import quad

from soilbook.landsurface import curve

CASES = [(fullness, shape) for fullness in (0.05, 0.4, 0.9) for shape in (0.05, 0.2, 1.0)]


def capacity(part, shape, largest):
    return (1 + shape) * largest * (1 - (1 - part) ** (1 / shape))


@pytest.mark.parametrize("fullness, shape", CASES)
def test_full_ground_holds_the_storage(fullness, shape):
    full = curve.full_ground(fullness, shape)
    depth = capacity(full, shape, 100.0)
    held = quad(lambda a: min(capacity(a, shape, 100.0), depth), 0, 1, points=[full])[0]
    assert held == pytest.approx(100 * fullness, rel=1e-6)


@pytest.mark.parametrize("fullness, shape", CASES)
@pytest.mark.parametrize("water", [0.5, 20.0, 400.0])
def test_runoff_is_what_finds_no_room(fullness, shape, water):
    largest = 150.0
    depth = capacity(curve.full_ground(fullness, shape), shape, largest)

    def room(part):
        return min(water, max(capacity(part, shape, largest) - depth, 0))

    full = curve.full_ground(fullness, shape)
    last = 1 - max(1 - (depth + water) / ((1 + shape) * largest), 0) ** shape
    infiltrates = quad(room, 0, 1, points=[full, last], limit=200)[0]
    assert curve.runoff(water, fullness, largest, shape) == pytest.approx(
        water - infiltrates, abs=1e-5 * water
    )


def test_runoff_by_hand():
    # Shape 1: capacity 2 W A. Half of W full: W = W (1 - (1 - i0/2W)^2), i0 = 2W (1 - sqrt(1/2)).
    largest, water = 100.0, 10.0
    start = 200 * (1 - np.sqrt(0.5))
    expected = water - 50 + 100 * (1 - (start + water) / 200) ** 2
    assert curve.runoff(water, 0.5, largest, 1.0) == pytest.approx(expected, rel=1e-12)
    assert curve.runoff(water, 1.0, largest, 1.0) == water
    assert curve.runoff(500.0, 0.5, largest, 0.3) == pytest.approx(450.0)


@pytest.mark.parametrize("fullness, shape", CASES)
def test_evaporation_share_is_the_integral(fullness, shape):
    full = curve.full_ground(fullness, shape)
    depth = capacity(full, shape, 1.0)
    wet = quad(lambda a: depth / capacity(a, shape, 1.0), full, 1, limit=200)[0]
    assert curve.evaporation_share(fullness, shape) == pytest.approx(full + wet, abs=2e-4)


def test_evaporation_share_rises_from_none_to_all():
    share = curve.evaporation_share(np.linspace(0, 1, 500), 0.2)
    assert share[0] == 0 and share[-1] == 1 and (np.diff(share) > 0).all()
