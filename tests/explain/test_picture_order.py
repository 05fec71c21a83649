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


def test_the_nearest_day_that_counts_is_exactly_so_many_days_away():
    """Days on a line; moisture repeats itself every five days and never in between."""
    days = np.arange(60)
    place, moisture = days[:, None] * 1.0, np.array([1, -5, 3, 11, -10])[days % 5]
    assert order.by_moisture(place, moisture, days, apart=5, k=1) == 1
    for apart in (4, 6):
        assert order.by_moisture(place, moisture, days, apart=apart, k=1) < 0
    later = days[::-1] + 1000
    assert order.by_moisture(place, moisture, later, apart=5, k=1) == 1


def test_the_sample_with_fewest_neighbours_left_decides_whether_there_are_enough():
    days = np.arange(9)
    place = days[:, None] * 1.0
    # In the middle, two days to either side and the day itself are too near: four are left.
    assert np.isfinite(order.by_moisture(place, days, days, apart=3, k=4))
    with pytest.raises(ParameterError, match="a sample has 4 neighbours, 5 needed"):
        order.by_moisture(place, days, days, apart=3, k=5)
    with pytest.raises(ParameterError, match="a sample has 8 neighbours, 10 needed"):
        order.by_moisture(place, days)


def test_order_by_moisture_is_the_share_of_variance_that_the_mean_of_neighbours_explains():
    place = np.array([[0.0], [1.0], [10.0], [12.0], [25.0], [28.0]])
    moisture = np.array([0.0, 2.0, 10.0, 12.0, 20.0, 22.0])
    # Each misses its neighbour by 2; the squares around the mean of 11 add up to 406.
    assert order.by_moisture(place, moisture, k=1) == pytest.approx(1 - 6 * 4 / 406)
    nearest = [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [5, 3, 2], [4, 3, 2]]
    missed = [value - moisture[some].mean() for value, some in zip(moisture, nearest, strict=True)]
    expected = 1 - np.square(missed).sum() / 406
    assert order.by_moisture(place, moisture, k=3) == pytest.approx(expected)


def test_a_direction_may_point_either_way():
    place = np.column_stack([np.arange(20.0), np.zeros(20)])
    assert order.along_direction(place, np.arange(20.0)) == pytest.approx(1)
    assert order.along_direction(place, -np.arange(20.0)) == pytest.approx(1)


def test_order_along_a_direction_has_no_sign_even_where_one_sample_turns_the_line():
    """Nine fall and the tenth lies far above: squared rank differences add up to 240."""
    place = np.arange(10.0)[:, None]
    moisture = np.array([*range(9, 0, -1), 1000.0])
    expected = abs(1 - 6 * 240 / (10 * 99))
    assert order.along_direction(place, moisture) == pytest.approx(expected)


def ring(n: int, far: float = 100.0, each: int = 20) -> np.ndarray:
    """Tight groups on a ring."""
    angle = 2 * np.pi * np.arange(n) / n
    middle = far * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.concatenate([m + np.random.default_rng(1).normal(size=(each, 2)) for m in middle])


@pytest.mark.parametrize("n", [2, 3, 8])
def test_up_to_eight_groups_are_seen_and_counted(n):
    assert order.silhouette(ring(n)) > 0.9
    assert order.islands(ring(n)) == n


def test_an_island_holds_a_twentieth_of_the_samples():
    whole = np.random.default_rng(2).uniform(size=(190, 2))
    for extra, expected in ((10, 2), (9, 1)):
        apart = np.random.default_rng(3).uniform(size=(extra, 2)) * 0.1 + 50
        assert order.islands(np.concatenate([whole, apart])) == expected


def test_an_island_begins_beyond_three_usual_distances_to_the_fifth_neighbour():
    """Steps of one on a line: the fifth neighbour is three steps away, reach is nine."""
    line = np.arange(40.0)
    for gap, expected in ((8.9, 1), (9.1, 2)):
        both = np.concatenate([line, line[-1] + gap + line])
        assert order.islands(np.column_stack([both, 0 * both])) == expected
    # With every place taken twice the fifth neighbour is one step away, the sixth two.
    for gap, expected in ((2.9, 1), (3.1, 2)):
        both = np.repeat(np.concatenate([line, line[-1] + gap + line]), 2)
        assert order.islands(np.column_stack([both, 0 * both])) == expected


def test_scattered_dots_are_no_island():
    scattered = 100 * np.column_stack([np.arange(1.0, 41), np.arange(1.0, 41) ** 2])
    assert order.islands(np.concatenate([DISC, scattered])) == 1


def test_overlap_is_the_share_of_neighbours_in_common():
    line = np.arange(6.0)[:, None] ** 2  # the nearest neighbour is the one before, of 0 the next
    swapped = line[[0, 1, 2, 3, 5, 4]]
    # Nearest of each: 1 0 1 2 3 4 and, swapped, 1 0 1 2 5 3.
    assert order.overlap(line, swapped, k=1) == pytest.approx(4 / 6)
    assert order.overlap(line, line, k=3) == 1
