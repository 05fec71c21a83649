"""Soil from texture, its heat, and water kept within bounds; leaves, roots and snow."""

import numpy as np
import pytest

from soilbook.physics.soil import (
    MILLIMETRE,
    Soil,
    enthalpy,
    frozen_share,
    ground_share,
    heat_conductivity,
    keep_bounds,
    leaf_season,
    pedotransfer,
    possible_melt,
    root_share,
    snow_covered,
    snow_resistance,
    snowfall,
)


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


def test_heat_conductivity_of_soil_without_much_sand():
    # Saturated, a tenth quartz: minerals conduct 7.7^0.1 3^0.9 W m-1 K-1.
    minerals = 7.7**0.1 * 3**0.9
    found = heat_conductivity(0.4, np.array(0.4), 10.0)
    assert found == pytest.approx(minerals**0.6 * 0.57**0.4)


def test_retention_of_campbell_by_hand():
    soil = Soil(porosity=0.4, entry=0.2, slope=4.0, conductivity=0.5)
    assert soil.power == 11
    assert soil.water_content(0.2 * 2**4) == pytest.approx(0.2)
    assert soil.water_content(0.01) == 0.4  # less suction than lets air in
    assert soil.residual == soil.wilting / 2


def test_water_freezes_between_0_and_1_degree_below():
    temperature = np.array([5.0, 0.0, -0.5, -1.0, -3.0])
    np.testing.assert_allclose(frozen_share(temperature), [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(enthalpy(temperature, 2.0, 10.0), [10, 0, -6, -12, -16])


def test_leaves_follow_the_warmth_of_the_last_month():
    temperature = np.concatenate([np.full(100, 0.0), np.full(100, 20.0)])[:, None]
    out = leaf_season(temperature)[:, 0]
    assert (out[:100] == 0).all() and out[129] == 1 and (np.diff(out[100:130]) >= 0).all()
    assert out[114] == pytest.approx((10 - 5) / 13)


def test_roots_add_up_and_thin_out_with_depth():
    share = root_share(np.array([0.952, 0.98]), np.array([0.0, 10.0, 50.0, 150.0])[:, None])
    np.testing.assert_allclose(share.sum(axis=0), 1)
    assert share[0, 0] == pytest.approx(1 - 0.952**10, rel=0.01) and share[0, 0] > share[0, 1]


def test_snow_keeps_the_heat_by_its_depth():
    # 100 mm of water are 0.4 m of snow of 250 kg m-3.
    assert snow_resistance(100.0, 250.0, 0.2) == pytest.approx(0.4 / 0.2)


def test_snow():
    np.testing.assert_allclose(snowfall(10.0, np.array([-5, -1, 1, 3, 9])), [10, 10, 5, 0, 0])
    np.testing.assert_allclose(possible_melt(np.array([-3, 4, 4]), 0.5), [0, 6, 6])
    part = snow_covered(np.array([0.0, 5, 20, 40, 90]), np.full(5, 40.0))
    assert part[0] == 0 and part[3] == part[4] == 1 and (np.diff(part[:4]) > 0).all()


def test_leaves_forget_what_was_more_than_a_month_ago():
    out = leaf_season(np.concatenate([np.full(100, 20.0), np.full(60, 0.0)]))
    assert out[99] == 1 and (out[130:] == 0).all()


def test_less_ground_is_bare_under_more_leaves():
    np.testing.assert_allclose(ground_share(np.array([0.0, 2.0])), [1, np.exp(-1)])


def test_leaves_of_the_first_month_follow_the_days_there_are():
    np.testing.assert_allclose(leaf_season(np.full(60, 11.5)), 0.5)
