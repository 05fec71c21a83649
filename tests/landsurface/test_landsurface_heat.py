"""Soil temperature of the Noah-type model: waves, freezing, snow."""

import numpy as np
import pytest

from soilbook.landsurface import heat
from soilbook.landsurface.soil import pedotransfer

SOIL = pedotransfer(np.array([50.0]), np.array([20.0]))
THICKNESS = np.full((60, 1), 100.0)
DEEP = np.array([10.0])


def advance(temperature, theta, outside, steps, thickness=THICKNESS, entry=1e4):
    conducts = heat.conductivity(theta, SOIL)
    heat_in = 0.0
    for k in range(steps):
        skin = np.array([outside(k)]), np.array([entry])
        temperature, flow = heat.step(
            temperature, theta, skin, DEEP, conducts, SOIL, thickness, 0.125
        )
        heat_in = heat_in + flow * 86400 * 0.125
    return temperature, heat_in


def test_yearly_wave_is_damped_as_in_theory():
    theta = np.full((60, 1), 0.25)
    temperature = np.full((60, 1), 10.0)
    capacity = heat.SOLID_CAPACITY * (1 - SOIL.porosity) + heat.WATER_CAPACITY * 0.25
    diffusivity = heat.conductivity(theta, SOIL)[0, 0] / capacity[0]
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
    deep_flow = heat.conductivity(theta, SOIL)[-1, 0] / 6.5 * 11 * 86400 * 30
    after, heat_in = advance(start, theta, lambda k: -8.0, 240, thickness, entry=3.0)
    capacity = heat.SOLID_CAPACITY * (1 - SOIL.porosity) + heat.WATER_CAPACITY * 0.3
    frozen = heat.ice(theta, after, SOIL) - heat.ice(theta, start, SOIL)
    change = (thickness / 1000 * (capacity * (after - start) - heat.FUSION * frozen)).sum()
    assert heat.ice(theta, after, SOIL)[0, 0] > 0.1 and frozen[-1, 0] == 0
    # What flows in from below is between nothing and that of soil at -1 degC all the time.
    assert 0 < change - heat_in[0] < deep_flow


def test_ice_leaves_the_wilting_point_liquid():
    theta = np.array([[0.3], [0.3], [0.3]])
    ice = heat.ice(theta, np.array([[1.0], [-0.5], [-20.0]]), SOIL)[:, 0]
    room = 0.3 - SOIL.noah_wilting[0]
    np.testing.assert_allclose(ice, [0, room / 2, room])


def test_snow_and_shade_slow_the_heat():
    theta = np.full((4, 1), 0.25)
    conducts = heat.conductivity(theta, SOIL)
    bare, shaded, snowy = (
        heat.top_conductance(conducts, THICKNESS[:4], np.array([shade]), np.array([pack]))[0]
        for shade, pack in ((0, 0), (0.8, 0), (0, 100))
    )
    assert bare == pytest.approx(conducts[0, 0] / 0.05)
    assert shaded == pytest.approx(bare * np.exp(-1.6))
    # 100 mm of water are 0.4 m of snow of a quarter of its density.
    assert 1 / snowy - 1 / bare == pytest.approx(0.4 / heat.SNOW_CONDUCTIVITY)
