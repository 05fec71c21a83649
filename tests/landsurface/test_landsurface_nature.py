"""Soils and vegetation: published values, and shares that add up."""

import numpy as np
import pytest

from soilbook.errors import DataError
from soilbook.landsurface import cover
from soilbook.landsurface.soil import pedotransfer


def test_texture_gives_the_class_means_of_the_same_paper():
    # Cosby et al. (1984), Table 3: sandy loam (58 % sand, 10 % clay) and silty clay (6, 47).
    soil = pedotransfer(np.array([58.0, 6.0]), np.array([10.0, 47.0]))
    np.testing.assert_allclose(soil.porosity, [0.434, 0.468], atol=0.03)
    np.testing.assert_allclose(soil.slope, [4.74, 10.39], rtol=0.1)
    per_second = soil.conductivity / 86400 / 1000
    np.testing.assert_allclose(np.log10(per_second), np.log10([5.23e-6, 1.34e-6]), atol=0.15)
    np.testing.assert_allclose(np.log10(soil.entry / 1000), np.log10([0.141, 0.324]), atol=0.35)


def test_water_contents_are_in_order_for_every_texture():
    sand, clay = (
        grid.ravel() for grid in np.meshgrid(np.arange(0, 101, 5.0), np.arange(0, 101, 5))
    )
    there = sand + clay <= 100
    soil = pedotransfer(sand[there], clay[there])
    order = [0 * soil.porosity, soil.noah_wilting, soil.wilting, soil.field_capacity, soil.porosity]
    assert (np.diff(order, axis=0) > 0).all()
    assert ((soil.noah_reference > soil.noah_wilting) & (soil.noah_reference < soil.porosity)).all()


def test_reference_drains_half_a_millimetre_a_day_before_the_last_third():
    soil = pedotransfer(np.array([40.0]), np.array([20.0]))
    drained = (3 * soil.noah_reference - soil.porosity) / 2
    rate = soil.conductivity * (drained / soil.porosity) ** (2 * soil.slope + 3)
    np.testing.assert_allclose(rate, 0.5)


def test_roots_add_up_and_stay_in_their_layers():
    table = cover.classes()
    plants = cover.cover(table.index.to_numpy(), table["name"].to_numpy(), np.ones(len(table)))
    noah = cover.noah_roots(plants, np.array([100.0, 300.0, 600.0, 1000.0]))
    np.testing.assert_allclose(noah.sum(axis=0), 1)
    assert (noah[3][plants.noah_layers == 3] == 0).all()
    grass = list(table.index).index(10)
    np.testing.assert_allclose(noah[:, grass], [0.1, 0.3, 0.6, 0])
    profile = cover.root_profile(plants, np.array([0.0, 100.0, 500.0, 1500.0]))
    np.testing.assert_allclose(profile.sum(axis=0), 1)
    assert profile[0, grass] == pytest.approx(1 - 0.952**10, rel=0.01)


def test_green_cover_is_at_most_that_of_the_class():
    plants = cover.cover(np.array([10, 10, 16]), np.array("abc"), np.array([0.3, 1.0, 1.0]))
    np.testing.assert_allclose(plants.shade, [0.3, 0.8, 0.01])
    np.testing.assert_allclose(cover.green_of_ndvi(np.array([0.0, 0.28, 0.7])), [0, 0.5, 1])


def test_water_is_no_land():
    with pytest.raises(DataError, match="flag_land_cover', lake: class 17; allowed: 1, 2"):
        cover.cover(np.array([10, 17]), np.array(["meadow", "lake"]), np.ones(2))
