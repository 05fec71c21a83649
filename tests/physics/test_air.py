"""Sunlight, vapour, long-wave and demand: worked examples, known answers, bounds."""

import numpy as np
import pytest

from soilbook.errors import ParameterError
from soilbook.physics import air


def test_extraterrestrial_radiation_of_example_8():
    # 3 September at 20 degrees south: 32.2 MJ m-2 d-1.
    watt = air.extraterrestrial(-20.0, 246)
    assert watt / air.WATT_PER_MEGAJOULE_DAY == pytest.approx(32.2, abs=0.05)


def test_polar_night_and_polar_day():
    assert air.extraterrestrial(80.0, 355) == pytest.approx(0, abs=1e-9)
    assert air.extraterrestrial(80.0, 172) > air.extraterrestrial(0.0, 172)


def test_globe_receives_a_quarter_of_the_solar_constant():
    latitude = np.arange(-89.5, 90)[:, None]
    mean = air.extraterrestrial(latitude, np.arange(1, 366)).mean(axis=1)
    weight = np.cos(np.deg2rad(latitude[:, 0]))
    constant = air.DAILY_SOLAR_CONSTANT * 1e6 / 60
    assert np.average(mean, weights=weight) == pytest.approx(constant / 4, rel=0.002)


@pytest.mark.parametrize(("temperature", "kilopascal"), [(24.5, 3.075), (15.0, 1.705)])
def test_saturation_pressure_of_example_3(temperature, kilopascal):
    assert air.saturation_pressure(temperature) == pytest.approx(10 * kilopascal, abs=0.01)


@pytest.mark.parametrize("steps", [1, 4, 8])
def test_sunlight_has_the_daily_mean_of_fao56(steps):
    latitude = np.array([-88.0, -20.0, 0.0, 35.0, 60.0, 80.0])
    days = np.arange(1, 366, 13)
    found = air.sunlight(latitude, days, steps)
    expected = np.array([air.extraterrestrial(latitude, day) for day in days])
    np.testing.assert_allclose(found.mean(axis=1), expected, rtol=2e-3, atol=0.3)
    assert (found >= 0).all()


def test_sunlight_at_noon_and_midnight():
    found = air.sunlight(np.array([0.0]), np.array([80]), 24)[0, :, 0]
    assert found[11] == pytest.approx(found[12]) and found[11] == found.max()
    assert found[12] == pytest.approx(1367 * np.sin(np.pi / 12) / (np.pi / 12), rel=0.02)
    assert (found[:6] < 1).all()


def test_clear_sky_emissivities_by_hand():
    # 10 hPa at 288.15 K: w = 46.5 x 10 / 288.15 = 1.6137 cm.
    kelvin, pressure = np.array(288.15), np.array(10.0)
    assert air.prata(kelvin, pressure) == pytest.approx(0.7762, abs=1e-4)
    assert air.brutsaert(kelvin, pressure) == pytest.approx(0.7672, abs=1e-4)


def test_overcast_sky_is_black_and_clear_sky_is_not():
    black = air.STEFAN_BOLTZMANN * 283.15**4
    assert air.estimate(10.0, 60.0, 0.0, 40.0, 100) == pytest.approx(black)
    clear = air.estimate(10.0, 60.0, 0.75 * air.extraterrestrial(40.0, 100), 40.0, 100)
    assert 0.6 * black < clear < 0.9 * black


def test_more_sun_means_less_and_more_vapour_means_more():
    by_sun = air.estimate(10.0, 60.0, np.array([50.0, 100.0, 200.0]), 40.0, 100)
    by_humidity = air.estimate(10.0, np.array([20.0, 50.0, 90.0]), 200.0, 40.0, 100)
    assert (np.diff(by_sun) < 0).all() and (np.diff(by_humidity) > 0).all()


def test_missing_input_and_polar_night_are_missing():
    full = np.array([10.0, 60.0, 100.0])
    for k in range(3):
        gap = full.copy()
        gap[k] = np.nan
        for cloud in air.CLOUD:
            assert np.isnan(air.estimate(*gap, 40.0, 100, cloud=cloud))
    assert np.isnan(air.estimate(-20.0, 60.0, 0.0, 75.0, 355))


def test_unknown_formula_lists_those_there_are():
    with pytest.raises(ParameterError, match="prata1996, brutsaert1975"):
        air.estimate(10.0, 60.0, 100.0, 40.0, 100, clear_sky="prata")
    with pytest.raises(ParameterError, match="crawford1999, unsworth1975, none"):
        air.estimate(10.0, 60.0, 100.0, 40.0, 100, cloud="all")


def test_reference_evapotranspiration_of_a_textbook_day():
    # FAO-56 example 18 (Uccle, 6 July): 3.88 mm d-1 from a mean temperature of 16.9 degC, a vapour
    # deficit of 0.588 kPa, wind of 2.078 m s-1 and net radiation of 13.28 MJ m-2 d-1.
    warm, wind, shortwave = 16.9, 2.078, 255.4
    humidity = 100 * (1 - 0.588 / (air.saturation_pressure(warm) / 10))
    emitted = 5.670374419e-8 * (warm + 273.15) ** 4
    net = 13.28e6 / 86400
    longwave = (net - 0.77 * shortwave) / 0.98 + emitted
    et = air.potential_evapotranspiration(
        *map(np.array, (warm, humidity, wind, shortwave, longwave))
    )
    assert et == pytest.approx(3.88, abs=0.02)


def test_clearness_in_the_polar_night_is_what_one_says():
    found = air.clearness(np.array([0.0, 150.0, 900.0]), np.array([4.0, 400.0, 400.0]), 0.4)
    np.testing.assert_allclose(found, [0.4, 0.5, 1.0])


def test_pressure_and_humidity_by_hand():
    # FAO-56 example 2: 81.8 kPa at 1800 m; 10 hPa of vapour there are 7.63 g kg-1.
    assert air.standard_pressure(1800.0) == pytest.approx(81.8e3, rel=1e-3)
    relative = 100 * 10 / air.saturation_pressure(20.0)
    water = air.specific_humidity(20.0, relative, 1800.0)
    assert water == pytest.approx(0.622 * 1000 / (81_756 - 0.378 * 1000), rel=1e-4)
    assert air.vapour_pressure(water, air.standard_pressure(1800.0)) == pytest.approx(1000.0)


def test_days_of_the_year():
    days = np.array(["2015-01-01", "2015-12-31", "2016-12-31"], "datetime64[ns]")
    assert air.day_of_year(days).tolist() == [1, 365, 366]
