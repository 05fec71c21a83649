"""Measures of pictures, on a few samples whose answer follows by hand."""

import numpy as np
import pytest

from soilbook.explain import embedding


def test_order_by_moisture_is_the_share_of_variance_that_the_mean_of_neighbours_explains():
    place = np.array([[0.0], [1.0], [10.0], [12.0], [25.0], [28.0]])
    moisture = np.array([0.0, 2.0, 10.0, 12.0, 20.0, 22.0])
    # Each misses its neighbour by 2; the squares around the mean of 11 add up to 406.
    assert embedding.by_moisture(place, moisture, k=1) == pytest.approx(1 - 6 * 4 / 406)
    nearest = [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [5, 3, 2], [4, 3, 2]]
    missed = [value - moisture[some].mean() for value, some in zip(moisture, nearest, strict=True)]
    expected = 1 - np.square(missed).sum() / 406
    assert embedding.by_moisture(place, moisture, k=3) == pytest.approx(expected)


def test_a_direction_may_point_either_way():
    place = np.column_stack([np.arange(20.0), np.zeros(20)])
    assert embedding.along_direction(place, np.arange(20.0)) == pytest.approx(1)
    assert embedding.along_direction(place, -np.arange(20.0)) == pytest.approx(1)


def test_order_along_a_direction_has_no_sign_even_where_one_sample_turns_the_line():
    """Nine fall and the tenth lies far above: squared rank differences add up to 240."""
    place = np.arange(10.0)[:, None]
    moisture = np.array([*range(9, 0, -1), 1000.0])
    expected = abs(1 - 6 * 240 / (10 * 99))
    assert embedding.along_direction(place, moisture) == pytest.approx(expected)


def ring(n: int, far: float = 100.0, each: int = 20) -> np.ndarray:
    """Tight groups on a ring."""
    angle = 2 * np.pi * np.arange(n) / n
    middle = far * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.concatenate([m + np.random.default_rng(1).normal(size=(each, 2)) for m in middle])


@pytest.mark.parametrize("n", [2, 3, 8])
def test_up_to_eight_groups_are_seen_and_counted(n):
    assert embedding.silhouette(ring(n)) > 0.9
    assert embedding.islands(ring(n)) == n


def test_an_island_holds_a_twentieth_of_the_samples():
    whole = np.random.default_rng(2).uniform(size=(190, 2))
    for extra, expected in ((10, 2), (9, 1)):
        apart = np.random.default_rng(3).uniform(size=(extra, 2)) * 0.1 + 50
        assert embedding.islands(np.concatenate([whole, apart])) == expected


def test_an_island_begins_beyond_three_usual_distances_to_the_fifth_neighbour():
    """Steps of one on a line: the fifth neighbour is three steps away, reach is nine."""
    line = np.arange(40.0)
    for gap, expected in ((8.9, 1), (9.1, 2)):
        both = np.concatenate([line, line[-1] + gap + line])
        assert embedding.islands(np.column_stack([both, 0 * both])) == expected
    # With every place taken twice the fifth neighbour is one step away, the sixth two.
    for gap, expected in ((2.9, 1), (3.1, 2)):
        both = np.repeat(np.concatenate([line, line[-1] + gap + line]), 2)
        assert embedding.islands(np.column_stack([both, 0 * both])) == expected


def test_scattered_dots_are_no_island():
    scattered = 100 * np.column_stack([np.arange(1.0, 41), np.arange(1.0, 41) ** 2])
    disc = np.random.default_rng(0).normal(size=(400, 2))
    disc = disc[(disc**2).sum(1) < 1.5]
    assert embedding.islands(np.concatenate([disc, scattered])) == 1


def test_overlap_is_the_share_of_neighbours_in_common():
    line = np.arange(6.0)[:, None] ** 2  # the nearest neighbour is the one before, of 0 the next
    swapped = line[[0, 1, 2, 3, 5, 4]]
    # Nearest of each: 1 0 1 2 3 4 and, swapped, 1 0 1 2 5 3.
    assert embedding.overlap(line, swapped, k=1) == pytest.approx(4 / 6)
    assert embedding.overlap(line, line, k=3) == 1
