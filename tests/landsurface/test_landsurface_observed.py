"""Both models under the weather of real stations, against their probes."""

import numpy as np
import pytest
import xarray as xr

from soilbook import landsurface, metrics
from soilbook.data import uscrn

# Climates from humid to arid; textures of the 36 km soil map, rounded.
STATIONS = {
    "OK_Stillwater_5_WNW": (45, 25),
    "AZ_Tucson_11_W": (65, 15),
    "AL_Gadsden_19_N": (40, 25),
    "KS_Oakley_19_SSW": (25, 25),
    "OR_Riley_10_WSW": (45, 20),
    "TX_Austin_33_NW": (35, 35),
    "NC_Durham_11_W": (50, 25),
    "SD_Aberdeen_35_WNW": (35, 25),
}
WEATHER = ("precipitation", "air_temperature", "shortwave", "relative_humidity")


@pytest.fixture(scope="module")
def stations(observed_folder):
    sets = [uscrn.read(observed_folder, name, "2014-04-01", "2016-03-31") for name in STATIONS]
    site = xr.DataArray(list(STATIONS), dims="site", name="site")
    both = xr.concat(
        [one[[*WEATHER, "sm", "soil_temperature"]].drop_vars("site") for one in sets], dim=site
    )
    both["precipitation"] = both["precipitation"].fillna(0)
    for name in WEATHER[1:]:
        both[name] = both[name].interpolate_na("time", fill_value="extrapolate", method="nearest")
    sand, clay = np.array(list(STATIONS.values()), float).T
    latitude = both["latitude"].values
    columns = {"sand": sand, "clay": clay, "latitude": latitude}
    return both, xr.Dataset({k: ("site", v) for k, v in columns.items()}, {"site": site})


@pytest.fixture(scope="module")
def results(stations):
    weather, static = stations
    return {
        model.__name__: model(weather[list(WEATHER)], static, spin_up_years=1)
        for model in (landsurface.noah, landsurface.vic)
    }


@pytest.mark.observed
@pytest.mark.parametrize("model, least", [("noah", 0.75), ("vic", 0.65)])
def test_surface_moisture_follows_the_probes(model, least, stations, results):
    weather, _ = stations
    result = results[model].sel(time=slice("2015-04-01", None))
    probes = weather.sel(depth=0.05, time=result["time"])
    observed = probes["sm"].where(probes["soil_temperature"] >= 4)
    r = metrics.r(observed.values, result["sm_surface"].values)
    assert np.median(r) > least and r.min() > 0.4


@pytest.mark.observed
def test_soil_temperature_follows_the_probes(stations, results):
    weather, _ = stations
    error = results["noah"]["soil_temperature"][:, 0] - weather["soil_temperature"].sel(depth=0.05)
    assert float(np.sqrt((error**2).mean("time")).median()) < 3
