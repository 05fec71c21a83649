"""Leaves, roots and snow."""

import numpy as np
import pytest

from soilbook.physics.cover import (
    ground_share,
    leaf_season,
    possible_melt,
    root_share,
    snow_covered,
    snow_resistance,
    snowfall,
)


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
