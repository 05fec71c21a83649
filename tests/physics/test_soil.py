"""Soil from texture, its heat, and water kept within bounds."""

import numpy as np
import pytest

from soilbook.physics.soil import MILLIMETRE, heat_conductivity, keep_bounds, pedotransfer


def test_texture_gives_the_class_means_of_the_same_paper():
    # Cosby et al. (1984), Table 3: sandy loam (58 % sand, 10 % clay) and silty clay (6, 47).
    soil = pedotransfer(np.array([58.0, 6.0]), np.array([10.0, 47.0]), MILLIMETRE)
    np.testing.assert_allclose(soil.porosity, [0.434, 0.468], atol=0.03)
    np.testing.assert_allclose(soil.slope, [4.74, 10.39], rtol=0.1)
    per_second = soil.conductivity / 86400 / 1000
    np.testing.assert_allclose(np.log10(per_second), np.log10([5.23e-6, 1.34e-6]), atol=0.15)
    np.testing.assert_allclose(np.log10(soil.entry / 1000), np.log10([0.141, 0.324]), atol=0.35)


def test_pedotransfer_ranks_textures():
    soils = pedotransfer(np.array([90.0, 40.0, 20.0]), np.array([4.0, 20.0, 55.0]))
    assert (np.diff(soils.conductivity) < 0).all()
    assert (np.diff(soils.wilting) > 0).all()
    assert (soils.residual < soils.wilting).all()
    assert (soils.wilting < soils.field_capacity).all()
    assert (soils.field_capacity < soils.porosity).all()
    # Loam of 43 % sand and 18 % clay: Table 3 of Cosby et al. has b 5.25, porosity 0.439.
    loam = pedotransfer(43.0, 18.0)
    assert loam.slope == pytest.approx(5.25, rel=0.15)
    assert loam.porosity == pytest.approx(0.439, rel=0.02)


def test_a_soil_is_the_same_in_metres_and_millimetres():
    sand, clay = np.array([20.0, 45.0, 85.0]), np.array([50.0, 25.0, 4.0])
    metres, millimetres = pedotransfer(sand, clay), pedotransfer(sand, clay, MILLIMETRE)
    np.testing.assert_allclose(millimetres.entry, 1000 * metres.entry)
    np.testing.assert_allclose(millimetres.conductivity, 1000 * metres.conductivity)
    np.testing.assert_allclose(millimetres.field_capacity, metres.field_capacity)


def test_conductivity_of_johansen_lies_between_air_and_quartz():
    water = np.linspace(0.02, 0.4, 20)
    loam = heat_conductivity(np.array(0.4), water, np.array(40.0))
    sand = heat_conductivity(np.array(0.4), water, np.array(85.0))
    assert (np.diff(loam) >= 0).all() and (sand >= loam).all()
    assert 0.1 < loam[0] < 0.5 and 1.2 < loam[-1] < 2.2


def test_bounds_move_water_without_losing_it():
    thickness = np.array([0.1, 0.2, 0.3])
    theta = np.array([[0.60, 0.50, 0.10], [0.01, 0.02, 0.30], [0.20, 0.20, 0.01]])
    low, high = np.full((3, 3), 0.05), np.full((3, 3), 0.45)
    kept, spilled, drawn = keep_bounds(theta.T, low, high, thickness)
    assert (kept >= low).all() and (kept <= high).all()
    kept = kept.T
    np.testing.assert_allclose(kept @ thickness, theta @ thickness - spilled + drawn, atol=1e-15)
    np.testing.assert_allclose(spilled, [0.025, 0, 0], atol=1e-15)
    np.testing.assert_allclose(drawn, [0, 0, 0.012], atol=1e-15)


def test_bounds_move_water_and_lose_none():
    rng = np.random.default_rng(0)
    water = rng.uniform(-20, 120, (4, 500))
    low, high = np.full((4, 500), 10.0), np.full((4, 500), 90.0)
    kept, spilled, drawn = keep_bounds(water, low, high, np.ones(4))
    assert (kept >= low - 1e-12).all() and (kept <= high + 1e-12).all()
    np.testing.assert_allclose(kept.sum(0) + spilled - drawn, water.sum(0), atol=1e-10)
    assert spilled.max() > 0 and drawn.max() > 0


def test_dry_soil_conducts_by_its_density():
    # Johansen: (0.135 d + 64.7) / (2700 - 0.947 d) with d = 2700 (1 - 0.4) kg m-3.
    assert heat_conductivity(0.4, np.array(0.02), 40.0) == pytest.approx(0.2431, abs=1e-4)
