import numpy as np
import pytest

from soilbook import published
from soilbook.data.fao56 import extraterrestrial, saturation_pressure
from soilbook.data.sites import SITES
from soilbook.data.twin import snow, streams
from soilbook.data.twin.climate import REGIME_OF, moments
from soilbook.data.twin.demand import potential_evapotranspiration
from soilbook.data.twin.weather import generate as make
from soilbook.data.twin.weather import occurrence, wind_speed

SPIN_UP = 365
GAUGE_ERRORS = {"ShadowMtns", "GrouseCreek"}


def generate(name, seed):
    site = SITES[name]
    first, last = (np.datetime64(date, "D") for date in (site.start, site.end))
    return make(name, site.latitude, np.arange(first - SPIN_UP, last + 1), SPIN_UP, seed)


@pytest.fixture(scope="module", params=[0, 1, 2])
def weather(request):
    return {name: generate(name, request.param) for name in SITES}


@pytest.fixture(scope="module")
def printed():
    return published.weather().set_index(["site", "variable"])


def test_mean_and_deviation_are_those_of_table_d2_at_all_sites(weather, printed):
    for name, made in weather.items():
        rain, air = made.gauge[SPIN_UP:], made.air_temperature[SPIN_UP:]
        row = printed.loc[(name, "P")]
        assert rain.mean() == pytest.approx(row["mean"], rel=0.02), name
        assert rain.std() == pytest.approx(row["std"], rel=0.02), name
        row = printed.loc[(name, "TA")]
        assert air.mean() == pytest.approx(row["mean"], abs=0.05), name
        assert air.std() == pytest.approx(row["std"], rel=0.02), name


def test_extremes_are_plausible(weather, printed):
    for name, made in weather.items():
        largest = printed.loc[(name, "P"), "max"]
        assert 0.4 * largest < made.gauge.max() <= largest + 0.1, name
        row, air = printed.loc[(name, "TA")], made.air_temperature[SPIN_UP:]
        assert row["min"] - 0.1 <= air.min() < row["min"] + 9, name
        assert row["max"] - 6 < air.max() <= row["max"] + 0.1, name


def test_gauge_errors_stand_in_the_record_and_did_not_fall(weather, printed):
    for name, made in weather.items():
        wrong = np.flatnonzero(made.gauge != made.precipitation)
        if name not in GAUGE_ERRORS:
            assert wrong.size == 0, name
            continue
        largest = printed.loc[(name, "P"), "max"]
        assert made.gauge[wrong].tolist() == [largest]
        assert made.precipitation.max() < 0.2 * largest
        assert moments(name, "P", made.gauge.size - SPIN_UP).gauge_error == largest


def test_wet_days_follow_wet_days(weather):
    for name, made in weather.items():
        wet = made.precipitation[SPIN_UP:] > 0
        after_wet, after_dry = wet[1:][wet[:-1]].mean(), wet[1:][~wet[:-1]].mean()
        assert 0.1 < after_wet - after_dry < 0.65, name
        assert 0.03 < wet.mean() < 0.6, name


def test_markov_chain_has_the_share_and_persistence_asked_for():
    wet = occurrence(streams.stream(0, "chain"), np.full(200_000, 0.3))
    assert wet.mean() == pytest.approx(0.3, abs=0.005)
    after_wet, after_dry = wet[1:][wet[:-1]].mean(), wet[1:][~wet[:-1]].mean()
    assert after_wet - after_dry == pytest.approx(0.2, abs=0.01)


def test_amounts_have_a_heavier_tail_than_exponential(weather):
    heavy = [
        np.std(rain[rain > 0]) / np.mean(rain[rain > 0])
        for rain in (made.precipitation[SPIN_UP:] for made in weather.values())
    ]
    assert np.mean(heavy) > 1.2


def test_season_and_persistence_of_temperature(weather):
    for name, made in weather.items():
        air = made.air_temperature
        angle = 2 * np.pi * made.day_of_year / 365.25
        waves = np.column_stack([np.ones_like(angle), np.cos(angle), np.sin(angle)])
        rest = air - waves @ np.linalg.lstsq(waves, air, rcond=None)[0]
        assert 0.6 < np.corrcoef(rest[1:], rest[:-1])[0, 1] < 0.9, name
        july = air[(made.day_of_year > 181) & (made.day_of_year < 213)].mean()
        assert july > air.mean(), name


def test_wet_days_are_dark_and_humid(weather):
    for name, made in weather.items():
        wet = made.precipitation > 0
        top = extraterrestrial(SITES[name].latitude, made.day_of_year)
        clearness = made.shortwave / top
        assert clearness[wet].mean() < 0.8 * clearness[~wet].mean(), name
        assert (clearness > 0.2).all() and (clearness < 0.8).all(), name
        humidity = made.relative_humidity
        assert humidity[wet].mean() > humidity[~wet].mean() + 5, name
        assert humidity.min() >= 8 and humidity.max() <= 100, name


def test_longwave_is_that_of_an_emissivity_below_one(weather):
    for name, made in weather.items():
        emissivity = made.longwave / (5.67e-8 * (made.air_temperature + 273.15) ** 4)
        assert 0.45 < emissivity.min() and emissivity.max() < 1.09, name
        wet = made.precipitation > 0
        assert emissivity[wet].mean() > emissivity[~wet].mean(), name


def test_wind_has_weibull_margins_and_memory():
    wind = wind_speed(streams.stream(0, "wind"), np.full(100_000, 4.0))
    assert wind.mean() == pytest.approx(4.0, rel=0.01)
    # Weibull of shape 2.4: coefficient of variation 0.444.
    assert wind.std() / wind.mean() == pytest.approx(0.444, abs=0.01)
    assert np.corrcoef(wind[1:], wind[:-1])[0, 1] == pytest.approx(0.45, abs=0.03)


def test_a_seed_and_a_site_have_weather_of_their_own():
    one = generate("UpperBethlehem", 0)
    again = generate("UpperBethlehem", 0)
    other = generate("UpperBethlehem", 1)
    assert (one.air_temperature == again.air_temperature).all()
    assert abs(np.corrcoef(one.wind_speed, other.wind_speed)[0, 1]) < 0.2


def test_streams_are_the_documented_numbers():
    # PCG64 and SeedSequence are stable by NumPy's policy; these numbers must not change.
    first = streams.uniform(streams.stream(0, "Kingston-1-W", "rain"), 3)
    np.testing.assert_allclose(first, [0.21169433, 0.05507651, 0.13725233], atol=1e-8)


def test_autoregressive_series_has_unit_variance_and_its_memory():
    series = streams.autoregressive(streams.stream(1, "a"), 200_000, 0.8)
    assert series.std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(0.8, abs=0.01)


def test_every_site_has_a_regime():
    assert list(REGIME_OF) == list(SITES)


def test_reference_evapotranspiration_of_a_textbook_day():
    # FAO-56 example 18 (Uccle, 6 July): 3.88 mm d-1 from a mean temperature of 16.9 degC, a vapour
    # deficit of 0.588 kPa, wind of 2.078 m s-1 and net radiation of 13.28 MJ m-2 d-1.
    air, wind, shortwave = 16.9, 2.078, 255.4
    humidity = 100 * (1 - 0.588 / (saturation_pressure(air) / 10))
    emitted = 5.670374419e-8 * (air + 273.15) ** 4
    net = 13.28e6 / 86400
    longwave = (net - 0.77 * shortwave) / 0.98 + emitted
    et = potential_evapotranspiration(*map(np.array, (air, humidity, wind, shortwave, longwave)))
    assert et == pytest.approx(3.88, abs=0.02)


def test_snow_keeps_its_water():
    rain = np.array([0, 10, 20, 0, 0, 5, 0, 0.0])
    air = np.array([-5, -5, 1, 0, 2, 4, 6, 8.0])
    pack, melt, liquid = snow.snowpack(rain, air)
    np.testing.assert_allclose(np.cumsum(rain), np.cumsum(melt + liquid) + pack)
    assert pack[1] == 10 and melt[2] == pytest.approx(3) and pack[-1] == 0
    assert (pack >= 0).all() and (melt >= -1e-12).all()
