"""t-SNE, and what its pictures are measured by."""

import numpy as np
import pytest
from scipy.spatial import procrustes

from soilbook.errors import DataError, ParameterError
from soilbook.explain import embedding

GENERATOR = np.random.default_rng(0)
MOISTURE = np.linspace(0.1, 0.4, 90)
CURVE = np.column_stack([MOISTURE * 10, np.sin(9 * MOISTURE), GENERATOR.normal(size=90) * 0.05])
DISC = GENERATOR.normal(size=(1200, 2))
DISC = DISC[(DISC**2).sum(1) < 1.5][:400]


def test_a_seed_gives_one_picture():
    first = embedding.tsne(CURVE, perplexity=10, seed=1, start="random")
    assert first.shape == (90, 2)
    np.testing.assert_array_equal(first, embedding.tsne(CURVE, 10, seed=1, start="random"))
    assert not np.allclose(first, embedding.tsne(CURVE, 10, seed=2, start="random"))
    np.testing.assert_array_equal(
        embedding.tsne(CURVE, 10, seed=1), embedding.tsne(CURVE, 10, seed=2)
    )


def test_pictures_of_ordered_states_show_more_order_than_noise():
    states = {
        "inputs": GENERATOR.normal(size=(90, 4, 3)),
        "LSTM": CURVE,
        "scalar": MOISTURE[:, None],
    }
    found = embedding.pictures(states, MOISTURE, perplexity=10)
    assert found["position"].dims == ("panel", "sample", "axis")
    assert found["panel"].values.tolist() == list(states)
    assert found["order"].sel(panel="LSTM") > 0.9 > 0.3 > found["order"].sel(panel="inputs")
    assert found["trustworthiness"].sel(panel="LSTM") > 0.9
    assert found["moisture"].attrs["units"] == "m3 m-3"


def test_stability_compares_every_two_pictures():
    groups = np.repeat(np.eye(3) * 20, 30, axis=0) + GENERATOR.normal(size=(90, 3))
    found = embedding.stability(groups, MOISTURE, perplexities=(5, 20), seeds=(0, 1))
    assert found["order"].dims == ("perplexity", "seed")
    assert found["position"].dims == ("perplexity", "seed", "sample", "axis")
    overlap, disparity = found["overlap"].values, found["disparity"].values
    np.testing.assert_array_equal(np.diag(overlap), 1)
    np.testing.assert_array_equal(overlap, overlap.T)
    assert (disparity >= 0).all() and (disparity <= 1).all() and disparity[0, 1] > 1e-6
    first = found["position"].sel(perplexity=5, seed=0)
    np.testing.assert_array_equal(first, embedding.tsne(groups, 5, seed=0, start="random"))
    last = found.isel(perplexity=1)["position"].values
    assert overlap[2, 3] == embedding.overlap(last[0], last[1])
    assert disparity[2, 3] == disparity[3, 2] == procrustes(last[1], last[0])[2]
    assert (found["islands"].sel(perplexity=20) == 3).all()


def test_bad_input_is_one_clear_line():
    with pytest.raises(ParameterError, match="perplexity 90; allowed: 1 to less than 90"):
        embedding.tsne(CURVE, perplexity=90)
    with pytest.raises(ParameterError, match="unknown start 'spectral'; allowed: pca, random"):
        embedding.tsne(CURVE, start="spectral")
    with pytest.raises(ParameterError, match="LSTM: 90 states and 80 values of moisture"):
        embedding.pictures({"LSTM": CURVE}, MOISTURE[:80])
    with pytest.raises(ParameterError, match="10 samples for 10 neighbours"):
        embedding.by_moisture(CURVE[:10], MOISTURE[:10])
    broken = CURVE.copy()
    broken[4, 1] = np.nan
    with pytest.raises(DataError, match="sample 4 holds a missing value"):
        embedding.tsne(broken)


def test_order_by_moisture_is_high_where_neighbours_are_alike_and_not_for_shuffled_values():
    radius = (DISC**2).sum(1)
    assert embedding.by_moisture(DISC, radius) > 0.9
    assert embedding.by_moisture(DISC, GENERATOR.permutation(radius)) < 0.05
    assert embedding.along_direction(DISC, radius) < 0.2


def test_order_along_a_direction_needs_no_straight_scale_but_a_direction():
    turned = DISC @ np.array([[0.6, -0.8], [0.8, 0.6]])
    wet = np.exp(2 * turned[:, 0])
    assert embedding.along_direction(DISC, wet) > 0.95
    assert embedding.along_direction(100 * DISC + 7, wet) == pytest.approx(
        embedding.along_direction(DISC, wet)
    )
    assert embedding.along_direction(DISC, np.abs(DISC[:, 0])) < 0.2


def test_clusters_are_counted_and_an_even_disc_has_none():
    groups = np.concatenate([DISC + shift for shift in ([0, 0], [9, 0], [0, 9])])
    assert embedding.islands(groups) == 3 and embedding.islands(DISC) == 1
    assert embedding.silhouette(groups) > 0.75 > 0.5 > embedding.silhouette(DISC)
    dots = np.concatenate([DISC, DISC[:10] * 0.1 + 30])
    assert embedding.islands(dots) == 1


def test_overlap_knows_a_turned_picture_and_chance():
    turned = 3 * DISC @ np.array([[0, 1], [-1, 0]]) + 5
    assert embedding.overlap(DISC, turned) == 1
    shuffled = DISC[GENERATOR.permutation(len(DISC))]
    assert embedding.overlap(DISC, shuffled) == pytest.approx(10 / (len(DISC) - 1), abs=0.02)


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
