"""The exponential filter against the weighted mean that it is a recursion of."""

import numpy as np
import pytest

from soilbook.errors import ParameterError
from soilbook.models.exponential_filter import exponential_filter


def weighted(surface, time):
    """Wagner et al. (1999), eq 6: weights fall by e in ``time`` days."""
    out = np.full(surface.size, np.nan)
    seen = np.flatnonzero(np.isfinite(surface))
    for day in seen:
        past = seen[seen <= day]
        weight = np.exp(-(day - past) / time)
        out[day] = (weight * surface[past]).sum() / weight.sum()
    return out


def test_it_is_the_mean_with_exponential_weights_also_across_gaps():
    random = np.random.default_rng(0)
    surface = random.uniform(0.1, 0.4, (3, 200))
    surface[1, random.random(200) < 0.6] = np.nan
    surface[2, 20:120] = np.nan
    made = exponential_filter(surface, 12.0)
    for row, series in zip(made, surface, strict=True):
        np.testing.assert_allclose(row, weighted(series, 12.0), rtol=1e-10)


def test_a_constant_stays_and_a_short_time_is_the_surface_itself():
    constant = np.full(50, 0.25)
    np.testing.assert_allclose(exponential_filter(constant), constant)
    surface = np.random.default_rng(1).uniform(0.1, 0.4, 50)
    np.testing.assert_allclose(exponential_filter(surface, 1e-3), surface)


def test_a_long_time_smooths():
    surface = np.random.default_rng(2).uniform(0.1, 0.4, (1, 400))
    assert exponential_filter(surface, 50).std() < 0.3 * surface.std()


@pytest.mark.parametrize("time", [0, -3, np.nan])
def test_a_time_that_is_not_above_zero_is_refused(time):
    with pytest.raises(ParameterError, match="above 0 days"):
        exponential_filter(np.zeros(3), time)
