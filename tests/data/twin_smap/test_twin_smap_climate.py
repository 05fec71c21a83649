"""The twin's climate against what the stations of the real network measured."""

import numpy as np
import pytest

from soilbook.data import network
from soilbook.data.twin_smap.climate import climate


def test_the_west_coast_has_wet_winters_and_the_plains_wet_summers():
    found = climate(np.array([45.5, 41.0]), np.array([-122.6, -98.0]))
    winter = np.minimum(found.wettest, 12 - found.wettest)
    assert winter[0] < 2 < winter[1]
    assert found.precipitation[0] > found.precipitation[1]


@pytest.mark.observed
def test_normals_are_near_those_of_real_stations(observed_folder):
    real = network.read(observed_folder, start="2010-01-01", end="2019-12-31")
    found = climate(real["latitude"].values, real["longitude"].values)
    months = real["air_temperature"].groupby("time.month").mean()
    rain = real["precipitation"].mean("time").values * 365.25
    measured = {
        "precipitation": (np.log(found.precipitation), np.log(rain), 0.75, 0.15),
        "january": (found.january, months.sel(month=1).values, 0.9, 1.5),
        "july": (found.july, months.sel(month=7).values, 0.7, 2.0),
        "humidity": (found.humidity, real["relative_humidity"].mean("time").values, 0.85, 4.0),
    }
    for name, (own, theirs, least, bias) in measured.items():
        there = np.isfinite(theirs)
        assert np.corrcoef(own[there], theirs[there])[0, 1] > least, name
        assert abs(np.median((own - theirs)[there])) < bias, name
