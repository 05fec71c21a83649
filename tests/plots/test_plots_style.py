"""Colours of models, and coastlines without a network."""

import matplotlib.pyplot as plt
import numpy as np

from soilbook.plots.style import coastlines, colour, draw_base


def test_a_model_of_ones_own_gets_black():
    assert colour("my network") == "#000000"
    assert colour("LSTM") != "#000000"


def test_coastlines_come_from_the_package_and_stay_on_the_globe():
    lines = coastlines("gshhs", "c", 2000.0)
    points = np.concatenate(lines)
    assert len(lines) > 100
    assert (np.abs(points[:, 0]) <= 180).all() and (np.abs(points[:, 1]) <= 90).all()
    assert max(np.abs(np.diff(line[:, 0])).max() for line in lines) <= 180
    # Ireland is an island that the crude set holds.
    near = (np.abs(points[:, 0] + 8) < 3) & (np.abs(points[:, 1] - 53) < 3)
    assert near.sum() > 10


def test_a_degree_of_latitude_is_drawn_longer_than_one_of_longitude():
    _, axis = plt.subplots()
    draw_base(axis, (-100, -80, 55, 65))
    assert abs(axis.get_aspect() - 2) < 1e-9  # 1 / cos 60 degrees
    plt.close("all")


def test_small_islands_are_left_out():
    assert 0 < len(coastlines(smallest=1e5)) < len(coastlines())
