"""Thiessen weights: known answers, a fine grid, and the rule of coverage."""

import numpy as np
import pytest

from soilbook.data import easegrid
from soilbook.data.thiessen import average, thiessen
from soilbook.errors import ParameterError

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("points", "shares"),
    [
        ([[0.3, 0.9]], [1]),
        ([[0.25, 0.5], [0.75, 0.5]], [0.5, 0.5]),
        ([[0.1, 0.5], [0.5, 0.5]], [0.3, 0.7]),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], [0.25] * 4),
        ([[0.5, 0.5], [0.5, 0.5 + 2**-0.5]], [1 - (0.5 - 2**-1.5), 0.5 - 2**-1.5]),
        # The second one's cell lies outside of the square.
        ([[0.5, 0.5], [3, 0.5]], [1, 0]),
        # A point outside may still be the nearest one to a part.
        ([[0.5, 0.5], [1.25, 0.5]], [0.875, 0.125]),
    ],
)
def test_known_shares(points, shares):
    assert thiessen(points, SQUARE) == pytest.approx(shares)
    assert thiessen(points, SQUARE[::-1]) == pytest.approx(shares)


def test_shares_agree_with_the_nearest_point_of_a_fine_grid():
    random = np.random.default_rng(0)
    triangle = np.array([[0, 0], [4, 1], [1, 3]])
    points = random.uniform(0, 3, (9, 2))
    # Equal areas of the triangle by the parallelogram's diagonal.
    u, v = np.meshgrid(*[(np.arange(900) + 0.5) / 900] * 2)
    inside = u + v < 1
    at = triangle[0] + u[inside][:, None] * triangle[1] + v[inside][:, None] * triangle[2]
    nearest = ((at[:, None] - points) ** 2).sum(axis=2).argmin(axis=1)
    counted = np.bincount(nearest, minlength=9) / len(at)
    shares = thiessen(points, triangle)
    assert shares == pytest.approx(counted, abs=2e-3)
    assert shares.sum() == pytest.approx(1)


def test_a_pixel_of_the_grid_in_metres():
    latitude, longitude = easegrid.position([60, 60], [199.75, 200.25])
    points = np.column_stack(easegrid.project(latitude, longitude))
    assert thiessen(points, easegrid.corners(60, 200)) == pytest.approx([0.5, 0.5])


def test_days_with_less_than_half_the_pixel_are_missing():
    values = np.array([[0.1, np.nan, 0.1, np.nan], [0.3, 0.3, np.nan, np.nan]])
    mean = average(values, [0.3, 0.7])
    assert mean == pytest.approx([0.24, 0.3, np.nan, np.nan], nan_ok=True)
    # Exactly half is enough; three sixths do not add up to exactly half in binary.
    sixths = np.full((6, 1), 0.2)
    sixths[3:] = np.nan
    assert average(sixths, np.full(6, 1 / 6)) == pytest.approx([0.2])
    assert np.isnan(average(values, [0.3, 0.7], coverage=0)[3])


@pytest.mark.parametrize(
    ("points", "polygon", "says"),
    [
        ([[0.1, 0.2], [0.5, 0.5], [0.1, 0.2]], SQUARE, "points 0 and 2 are at one place"),
        ([], SQUARE, r"points have shape \(0,\); \(n, 2\) with n > 0"),
        ([[1, 1]], SQUARE[:2], r"polygon has shape \(2, 2\); 3 corners"),
        ([[1, 1]], [[0, 0], [1, 1], [2, 2]], "no area or is not convex"),
        ([[1, 1]], [[0, 0], [2, 0], [0.2, 0.2], [0, 2]], "no area or is not convex"),
    ],
)
def test_bad_shapes_are_errors(points, polygon, says):
    with pytest.raises(ParameterError, match=says):
        thiessen(points, polygon)


def test_one_weight_a_sensor():
    with pytest.raises(ParameterError, match="3 weights for 2 sensors"):
        average(np.zeros((2, 4)), [0.2, 0.3, 0.5])
