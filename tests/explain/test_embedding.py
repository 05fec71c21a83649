"""t-SNE: fixed by its seed, faithful to groups, and honest about what the seed decides."""

import numpy as np
import pytest

from soilbook.errors import DataError, ParameterError
from soilbook.explain import embedding, order

GENERATOR = np.random.default_rng(0)
MOISTURE = np.linspace(0.1, 0.4, 90)
CURVE = np.column_stack([MOISTURE * 10, np.sin(9 * MOISTURE), GENERATOR.normal(size=90) * 0.05])


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
    assert (disparity >= 0).all() and (disparity <= 1).all() and disparity[0, 1] > 0
    last = found.isel(perplexity=1)["position"].values
    assert overlap[2, 3] == order.overlap(last[0], last[1])
    between = embedding.between(found)
    assert between["by_seed"] == pytest.approx((overlap[0, 1] + overlap[2, 3]) / 2)
    assert between["by_perplexity"] == pytest.approx((overlap[0, 2] + overlap[1, 3]) / 2)
    assert (found["islands"].sel(perplexity=20) == 3).all()


def test_one_seed_and_one_perplexity_leave_nothing_to_compare():
    found = embedding.stability(CURVE, MOISTURE, perplexities=(10,), seeds=(0,))
    assert np.isnan(list(embedding.between(found).values())).all()


def test_bad_input_is_one_clear_line():
    with pytest.raises(ParameterError, match="perplexity 90; allowed: 1 to less than 90"):
        embedding.tsne(CURVE, perplexity=90)
    with pytest.raises(ParameterError, match="unknown start 'spectral'; allowed: pca, random"):
        embedding.tsne(CURVE, start="spectral")
    with pytest.raises(ParameterError, match="LSTM: 90 states and 80 values of moisture"):
        embedding.pictures({"LSTM": CURVE}, MOISTURE[:80])
    broken = CURVE.copy()
    broken[4, 1] = np.nan
    with pytest.raises(DataError, match="sample 4 holds a missing value"):
        embedding.tsne(broken)
