"""Worked examples of FAO Irrigation and Drainage Paper 56."""

import numpy as np
import pytest

from soilbook.data import fao56


def test_extraterrestrial_radiation_of_example_8():
    # 3 September at 20 degrees south: 32.2 MJ m-2 d-1.
    watt = fao56.extraterrestrial(-20.0, 246)
    assert watt / fao56.WATT_PER_MEGAJOULE_DAY == pytest.approx(32.2, abs=0.05)


def test_polar_night_and_polar_day():
    assert fao56.extraterrestrial(80.0, 355) == pytest.approx(0, abs=1e-9)
    assert fao56.extraterrestrial(80.0, 172) > fao56.extraterrestrial(0.0, 172)


def test_globe_receives_a_quarter_of_the_solar_constant():
    latitude = np.arange(-89.5, 90)[:, None]
    mean = fao56.extraterrestrial(latitude, np.arange(1, 366)).mean(axis=1)
    weight = np.cos(np.deg2rad(latitude[:, 0]))
    constant = fao56.SOLAR_CONSTANT * 1e6 / 60
    assert np.average(mean, weights=weight) == pytest.approx(constant / 4, rel=0.002)


@pytest.mark.parametrize(("temperature", "kilopascal"), [(24.5, 3.075), (15.0, 1.705)])
def test_saturation_pressure_of_example_3(temperature, kilopascal):
    assert fao56.saturation_pressure(temperature) == pytest.approx(10 * kilopascal, abs=0.01)
