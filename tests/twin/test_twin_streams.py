"""Random numbers that are the same everywhere, and fields of them."""

import numpy as np
import pytest

from soilbook.twin import streams
from soilbook.twin.streams import Space


def test_streams_are_the_documented_numbers():
    # PCG64 and SeedSequence are stable by NumPy's policy; these numbers must not change.
    first = streams.uniform(streams.stream(0, "Kingston-1-W", "rain"), 3)
    np.testing.assert_allclose(first, [0.21169433, 0.05507651, 0.13725233], atol=1e-8)


def test_autoregressive_series_has_unit_variance_and_its_memory():
    series = streams.autoregressive(streams.stream(1, "a"), 200_000, 0.8)
    assert series.std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(0.8, abs=0.01)


@pytest.fixture
def line():
    """Thirty places 100 km apart along a parallel."""
    return Space(np.full(30, 40.0), -100 + np.arange(30) * 100 / 85.2, seed=3)


def test_fields_have_the_asked_for_variance_reach_and_memory(line):
    field = line.field("any", 300.0, 6000, 0.6)
    correlation = np.corrcoef(field.T)
    assert field.var() == pytest.approx(1, abs=0.05)
    for apart in (1, 3, 6):
        found = np.diagonal(correlation, apart).mean()
        assert found == pytest.approx(np.exp(-apart * 100 / 300), abs=0.04)
    assert np.mean(field[1:] * field[:-1]) == pytest.approx(0.6, abs=0.04)


def test_a_field_depends_on_its_name_and_seed_alone(line):
    first = line.field("one", 300.0, 50)
    line.field("other", 100.0, 50)
    again = Space(np.full(30, 40.0), -100 + np.arange(30) * 100 / 85.2, seed=3)
    np.testing.assert_array_equal(first, again.field("one", 300.0, 50))
    assert np.abs(first - line.field("two", 300.0, 50)).max() > 0.1


def test_a_series_varies_as_much_on_its_first_day():
    series = streams.remembered(streams.normal(streams.stream(2, "a"), 20_000, 3), 0.8)
    np.testing.assert_allclose(series.std(axis=0), 1, atol=0.02)
