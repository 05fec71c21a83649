"""Rules of quality control on series with known faults."""

import numpy as np
import pytest

from soilbook import schema
from soilbook.data import quality


@pytest.mark.parametrize("name", schema.VARIABLES)
def test_range_of_every_variable(name):
    variable = schema.VARIABLES[name]
    inside = [variable.low + 1e-3, variable.high, np.nan]
    values, n = quality.within_range(np.array([variable.low - 1, variable.high + 1, *inside]), name)
    assert n == 2
    np.testing.assert_array_equal(values, [np.nan, np.nan, *inside])


def test_soil_moisture_of_zero_is_a_dead_sensor():
    values, n = quality.within_range(np.array([0.0, 0.02]), "sm")
    assert n == 1 and np.isnan(values[0])


def test_isolated_spike_goes_and_a_wetting_front_stays():
    quiet = np.full(8, 0.20)
    spike, front = quiet.copy(), quiet.copy()
    spike[3] = 0.40
    front[3:] = 0.40
    dip = quiet.copy()
    dip[5] = 0.01
    gap = spike.copy()
    gap[2] = np.nan
    values, n = quality.without_spikes(np.stack([spike, front, dip, gap]))
    assert n == 2
    assert np.argwhere(np.isnan(values)).tolist() == [[0, 3], [2, 5], [3, 2]]


def test_short_wave_is_at_most_that_at_the_top_of_the_atmosphere():
    days = np.array(["2020-06-21", "2020-12-21"], dtype="datetime64[D]")
    values, n = quality.possible_shortwave(np.array([320.0, 320.0]), 45.0, days)
    assert n == 1
    np.testing.assert_array_equal(values, [320.0, np.nan])


def test_dataset_keeps_the_schema():
    days = np.arange("2020-06-01", "2020-06-04", dtype="datetime64[D]")
    made = quality.dataset(
        {
            "precipitation": (np.array([0.0, -1.0, 3.0]), "gauge"),
            "sm": (np.array([[0.1, 0.2, 5.0]]), "probe"),
            "soil_temperature": (np.array([[10.0, 11.0, 12.0]]), "probe"),
        },
        days,
        [0.05],
        site="Here",
        latitude=40.0,
        longitude=-100.0,
        source="test",
    )
    schema.check(made, "test")
    assert made.attrs == {"track": "observed", "source": "test"}
    assert made["precipitation"].attrs["source"] == "gauge"
    assert made["precipitation"].attrs["n_outside_range"] == 1
    assert made["sm"].attrs["n_outside_range"] == 1
    assert made["site"].item() == "Here"
