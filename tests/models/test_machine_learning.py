"""Random forest, support vector regression and extreme learning machine."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor

from soilbook.errors import DataError
from soilbook.models import MACHINE_LEARNING

RANDOM = np.random.default_rng(11)
X = RANDOM.uniform(-1, 1, (120, 8))
Y = X[:, 7] * 0.8 + 0.2 * X[:, 0] ** 2


@pytest.mark.parametrize("name", MACHINE_LEARNING)
def test_a_seed_makes_the_same_model(name):
    first, again = (MACHINE_LEARNING[name](3).fit(X, Y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (120,)
    assert np.corrcoef(first, Y)[0, 1] > 0.9


@pytest.mark.parametrize("name", ["RF", "ELM"])
def test_another_seed_makes_another_model(name):
    first, other = (MACHINE_LEARNING[name](seed).fit(X, Y).predict(X) for seed in (3, 4))
    assert not np.array_equal(first, other)


def test_settings_of_appendix_a():
    forest = MACHINE_LEARNING["RF"](3).get_params()
    assert forest == RandomForestRegressor(random_state=3).get_params()
    support = MACHINE_LEARNING["SVR"](3)
    assert (support.kernel, support.C, support.epsilon) == ("poly", 1.0, 0.1)
    clone(support)


def test_elm_finds_the_weights_that_made_the_series():
    """y made by the hidden units themselves with known output weights."""
    machine = MACHINE_LEARNING["ELM"](5).fit(X, Y)
    assert machine.hidden(X).shape == (120, 20)
    beta = np.linspace(-2, 2, 20)
    again = MACHINE_LEARNING["ELM"](5).fit(X, machine.hidden(X) @ beta)
    np.testing.assert_allclose(again.beta, beta, atol=1e-6)


def test_elm_is_the_least_squares_solution():
    machine = MACHINE_LEARNING["ELM"](5).fit(X, Y)
    hidden = machine.hidden(X)
    expected, *_ = np.linalg.lstsq(hidden, Y, rcond=None)
    np.testing.assert_allclose(machine.predict(X), hidden @ expected, atol=1e-8)
    np.testing.assert_allclose(hidden.T @ (Y - machine.predict(X)), 0, atol=1e-8)


def test_elm_passes_through_as_many_samples_as_it_has_units():
    machine = MACHINE_LEARNING["ELM"](5).fit(X[:15], Y[:15])
    np.testing.assert_allclose(machine.predict(X[:15]), Y[:15], atol=1e-6)


@pytest.mark.parametrize("x, y", [(X[:0], Y[:0]), (np.where(X > 0.9, np.nan, X), Y)])
def test_elm_refuses_what_it_cannot_solve(x, y):
    with pytest.raises(DataError, match="ELM: x and y must be finite and hold at least one"):
        MACHINE_LEARNING["ELM"](5).fit(x, y)
