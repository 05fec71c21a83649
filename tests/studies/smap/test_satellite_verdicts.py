"""The rules of the verdicts, case by case, and intervals over places."""

import numpy as np
import pytest

from soilbook.fang2019 import runs as place_draws
from soilbook.studies.smap import satellite_verdicts


@pytest.mark.parametrize(
    ("count", "low", "high", "printed", "wish", "verdict"),
    [
        (9, 8, 9, 6, "more", "exceeded"),
        (6, 3, 9, 6, "more", "reproduced"),
        (5, 2, 8, 6, "more", "partly"),
        (2, 0, 4, 6, "more", "not"),
        (0, 0, 0, 4, "fewer", "exceeded"),
        (0, 0, 0, 0, "fewer", "reproduced"),
        (1, 0, 3, 0, "fewer", "partly"),
        (5, 3, 7, 0, "fewer", "not"),
        (5, 3, 7, 4, "same", "reproduced"),
        (6, 3, 9, 4, "same", "partly"),
        (9, 9, 9, 4, "same", "not"),
    ],
)
def test_counts(count, low, high, printed, wish, verdict):
    assert satellite_verdicts.of_count(count, low, high, printed, wish) == verdict


@pytest.mark.parametrize(
    ("value", "low", "high", "relation", "better", "verdict"),
    [
        (0.75, 0.73, 0.77, ">", "higher", "exceeded"),
        (0.75, 0.73, 0.77, ">", None, "reproduced"),
        (0.73, 0.70, 0.76, ">", "higher", "reproduced"),
        (0.71, 0.68, 0.74, ">", "higher", "partly"),
        (0.60, 0.55, 0.65, ">", "higher", "not"),
        (0.60, 0.55, 0.65, "<", "lower", "exceeded"),
        (0.75, np.nan, np.nan, ">", "higher", "reproduced"),
    ],
)
def test_bounds(value, low, high, relation, better, verdict):
    assert satellite_verdicts.of_bound(value, low, high, relation, 0.72, better) == verdict


def test_directions_and_likeness():
    assert satellite_verdicts.of_direction(0.02, 0.01, 0.03, ">") == "reproduced"
    assert satellite_verdicts.of_direction(0.02, -0.01, 0.03, ">") == "partly"
    assert satellite_verdicts.of_direction(0.02, 0.01, 0.03, "<") == "not"
    assert satellite_verdicts.of_likeness(0.01, -0.02, 0.03, 0.05) == "reproduced"
    assert satellite_verdicts.of_likeness(0.01, -0.06, 0.03, 0.05) == "partly"
    assert satellite_verdicts.of_likeness(0.10, 0.06, 0.14, 0.05) == "not"
    assert satellite_verdicts.of_likeness(0.10, 0.06, 0.14, 0.05, "higher") == "exceeded"
    assert satellite_verdicts.of_likeness(0.10, 0.06, 0.14, 0.05, "lower") == "not"
    assert satellite_verdicts.of_likeness(-0.06, -0.07, -0.05, 0.05) == "not"


def test_numbers_and_correlations():
    number = satellite_verdicts.of_number
    assert number(0.040, 0.038, 0.042, 0.05, 0.005, "lower") == "exceeded"
    assert number(0.047, 0.045, 0.049, 0.05, 0.005, "lower") == "reproduced"
    assert number(0.058, 0.056, 0.060, 0.05, 0.005, "lower") == "partly"
    assert number(0.070, 0.060, 0.080, 0.05, 0.005, "lower") == "not"
    correlation = satellite_verdicts.of_correlation
    assert correlation(0.95, 0.9, 0.98, 0.82) == "exceeded"
    assert correlation(0.80, 0.6, 0.9, 0.82) == "reproduced"
    assert correlation(0.60, 0.2, 0.9, 0.82) == "partly"
    assert correlation(0.20, -0.1, 0.5, 0.82) == "not"


def test_an_interval_over_places_covers_the_median_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for k in range(120):
        low, high = place_draws.interval(
            np.median, random.normal(size=41), n_replicates=120, seed=k
        )
        covered += low <= 0 <= high
    assert 0.88 <= covered / 120 <= 0.99


def test_neighbours_drawn_together_widen_the_interval():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 5)
    values = random.normal(size=20)[groups]
    alone = place_draws.interval(np.mean, values, n_replicates=500)
    together = place_draws.interval(np.mean, values, groups, n_replicates=500)
    assert together[1] - together[0] > 1.7 * (alone[1] - alone[0])


def test_two_groups_have_no_interval_and_undefined_draws_do_not_count():
    assert np.isnan(place_draws.interval(np.mean, np.ones(6), np.array([0, 0, 0, 1, 1, 1]))).all()
    values = np.array([1.0, 1.0, np.nan, 1.0])
    assert place_draws.interval(np.nanmean, values, n_replicates=50) == (1.0, 1.0)


def test_stations_far_apart_are_no_neighbours():
    latitude = np.array([40.0, 40.01, 40.0, 30.0])
    longitude = np.array([-100.0, -100.01, -80.0, -100.0])
    groups = place_draws.neighbours(latitude, longitude)
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 3
