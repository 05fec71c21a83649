"""Measures of pictures, on pictures whose answer is plain to see."""

import numpy as np
import pytest

from soilbook.errors import ParameterError
from soilbook.explain import order

GENERATOR = np.random.default_rng(0)
DISC = GENERATOR.normal(size=(1200, 2))
DISC = DISC[(DISC**2).sum(1) < 1.5][:400]


def test_order_by_moisture_is_high_where_neighbours_are_alike_and_not_for_shuffled_values():
    radius = (DISC**2).sum(1)
    assert order.by_moisture(DISC, radius) > 0.9
    assert order.by_moisture(DISC, GENERATOR.permutation(radius)) < 0.05
    assert order.along_direction(DISC, radius) < 0.2


def test_order_along_a_direction_needs_no_straight_scale_but_a_direction():
    turned = DISC @ np.array([[0.6, -0.8], [0.8, 0.6]])
    wet = np.exp(2 * turned[:, 0])
    assert order.along_direction(DISC, wet) > 0.95
    assert order.along_direction(100 * DISC + 7, wet) == pytest.approx(
        order.along_direction(DISC, wet)
    )
    assert order.along_direction(DISC, np.abs(DISC[:, 0])) < 0.2


def test_days_that_follow_each_other_do_not_make_order():
    """Clumps of five following days, laid out at random: order only by neighbours in time."""
    days = np.arange(400)
    place = GENERATOR.normal(size=(20, 2))[days // 20] * 10 + GENERATOR.normal(size=(400, 2)) * 0.1
    moisture = GENERATOR.normal(size=20)[days // 20] + GENERATOR.normal(size=400) * 0.1
    assert order.by_moisture(place, moisture) > 0.9
    assert order.by_moisture(place, moisture, days, apart=20) < 0.2
    with pytest.raises(ParameterError, match="a sample has 0 neighbours, 10 needed"):
        order.by_moisture(place, moisture, days, apart=500)


def test_clusters_are_counted_and_an_even_disc_has_none():
    groups = np.concatenate([DISC + shift for shift in ([0, 0], [9, 0], [0, 9])])
    assert order.islands(groups) == 3 and order.islands(DISC) == 1
    assert order.silhouette(groups) > 0.75 > 0.5 > order.silhouette(DISC)
    dots = np.concatenate([DISC, DISC[:10] * 0.1 + 30])
    assert order.islands(dots) == 1


def test_overlap_knows_a_turned_picture_and_chance():
    turned = 3 * DISC @ np.array([[0, 1], [-1, 0]]) + 5
    assert order.overlap(DISC, turned) == 1
    shuffled = DISC[GENERATOR.permutation(len(DISC))]
    assert order.overlap(DISC, shuffled) == pytest.approx(10 / (len(DISC) - 1), abs=0.02)
