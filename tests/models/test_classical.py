"""Baselines and machine learning: known answers, and what they refuse."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor

from soilbook.errors import DataError, ParameterError
from soilbook.models import MACHINE_LEARNING, climatology, day_of_year_means, persistence
from soilbook.models.classical import calendar_day, exponential_filter


def days(start, end):
    """Calendar days from start to end, both included."""
    return np.arange(np.datetime64(start), np.datetime64(end) + 1)


def test_persistence_is_the_value_of_lead_days_before():
    sm = np.array([[0.1, 0.2, np.nan, 0.4, 0.5], [1, 2, 3, 4, 5]])
    np.testing.assert_array_equal(
        persistence(sm), [[np.nan, 0.1, 0.2, np.nan, 0.4], [np.nan, 1, 2, 3, 4]]
    )
    np.testing.assert_array_equal(persistence(sm, 3)[1], [np.nan, np.nan, np.nan, 1, 2])
    assert np.isnan(persistence(sm, 9)).all()


def test_persistence_of_a_constant_is_the_constant():
    np.testing.assert_array_equal(persistence(np.full(10, 0.3), 2)[2:], 0.3)


@pytest.mark.parametrize("lead", [0, -1])
def test_persistence_cannot_look_ahead(lead):
    with pytest.raises(ParameterError, match=f"lead {lead} is not allowed; allowed: 1 or more"):
        persistence(np.zeros(5), lead)


def test_calendar_days_are_those_of_a_leap_year():
    leap = calendar_day(days("2012-01-01", "2012-12-31"))
    np.testing.assert_array_equal(leap, np.arange(366))
    common = calendar_day(days("2013-01-01", "2013-12-31"))
    np.testing.assert_array_equal(common, np.delete(np.arange(366), 59))
    before_1970 = calendar_day(np.array(["1968-02-29", "1969-12-31"], "datetime64[ns]"))
    np.testing.assert_array_equal(before_1970, [59, 365])


def test_climatology_of_a_constant_is_the_constant():
    training, test = days("2009-03-01", "2011-06-30"), days("2011-07-01", "2013-01-05")
    np.testing.assert_allclose(climatology(training, np.full(len(training), 0.25), test), 0.25)


def test_climatology_of_a_yearly_cycle_is_the_cycle():
    def cycle(time):
        return 0.3 + 0.1 * np.cos(2 * np.pi * calendar_day(time) / 366)

    training, test = days("2009-01-01", "2014-12-31"), days("2015-01-01", "2016-12-31")
    np.testing.assert_allclose(climatology(training, cycle(training), test), cycle(test))


def test_climatology_is_the_mean_over_the_years():
    training = days("2010-01-01", "2012-12-31")
    sm = training.astype("datetime64[Y]").astype(int) + 1970.0  # the year itself
    sm[training == np.datetime64("2011-07-04")] = np.nan
    test = np.array(["2020-07-04", "2020-07-05", "2020-02-29"], "datetime64[D]")
    np.testing.assert_allclose(climatology(training, sm, test), [2011, 2011, 2012])


def test_gaps_and_leap_day_are_filled_from_their_neighbours():
    training = days("2013-01-01", "2013-12-31")  # no leap year
    sm = calendar_day(training).astype(float)
    sm[10:20] = np.nan
    expected = np.arange(366.0)
    np.testing.assert_allclose(day_of_year_means(training, sm), expected)


def test_gaps_at_the_turn_of_the_year_are_filled_across_it():
    training = days("2012-01-01", "2012-12-31")
    sm = np.full(366, 5.0)
    sm[[0, 1, 364, 365]] = np.nan
    sm[2], sm[363] = 10.0, 0.0
    means = day_of_year_means(training, sm)
    np.testing.assert_allclose(means[[364, 365, 0, 1]], [2, 4, 6, 8])


def test_depths_are_treated_one_by_one_and_an_empty_one_stays_empty():
    training = days("2012-01-01", "2013-12-31")
    sm = np.stack([np.full(731, 0.2), np.full(731, np.nan), calendar_day(training) / 1e3])
    means = day_of_year_means(training, sm)
    assert means.shape == (3, 366)
    np.testing.assert_allclose(means[0], 0.2)
    assert np.isnan(means[1]).all()
    np.testing.assert_allclose(means[2], np.arange(366) / 1e3)


def test_a_window_pools_the_days_around():
    training = days("2012-01-01", "2012-12-31")
    sm = np.zeros(366)
    sm[0] = 6.0
    sm[100] = np.nan
    means = day_of_year_means(training, sm, window=3)
    np.testing.assert_allclose(means[[364, 365, 0, 1, 2]], [0, 2, 2, 2, 0])
    assert means[100] == 0


def test_bad_input_is_named():
    training = days("2012-01-01", "2012-12-31")
    with pytest.raises(ParameterError, match="window 4 is not allowed; allowed: 1, 3, 5"):
        day_of_year_means(training, np.zeros(366), window=4)
    with pytest.raises(DataError, match="climatology: 366 days but 365 values"):
        climatology(training, np.zeros(365), training)


def weighted(surface, time):
    """Wagner et al. (1999), eq 6: weights fall by e in ``time`` days."""
    out = np.full(surface.size, np.nan)
    seen = np.flatnonzero(np.isfinite(surface))
    for day in seen:
        past = seen[seen <= day]
        weight = np.exp(-(day - past) / time)
        out[day] = (weight * surface[past]).sum() / weight.sum()
    return out


def test_the_filter_is_the_mean_with_exponential_weights_also_across_gaps():
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


def test_a_long_time_of_the_filter_smooths():
    surface = np.random.default_rng(2).uniform(0.1, 0.4, (1, 400))
    assert exponential_filter(surface, 50).std() < 0.3 * surface.std()


@pytest.mark.parametrize("time", [0, -3, np.nan])
def test_a_time_that_is_not_above_zero_is_refused(time):
    with pytest.raises(ParameterError, match="above 0 days"):
        exponential_filter(np.zeros(3), time)


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


def test_elm_draws_weights_and_biases_evenly_between_minus_one_and_one():
    made = [MACHINE_LEARNING["ELM"](seed).fit(X, Y) for seed in range(40)]
    for drawn in ([one.weight for one in made], [one.bias for one in made]):
        shares, _ = np.histogram(drawn, bins=4, range=(-1, 1))
        assert shares.sum() == np.size(drawn)
        assert (np.abs(shares / np.size(drawn) - 0.25) < 0.06).all()


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
