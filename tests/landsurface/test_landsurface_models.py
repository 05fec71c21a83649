"""Both models keep their water and their bounds, whatever the weather, and know no other site."""

import numpy as np
import pytest
import xarray as xr

from soilbook import landsurface
from soilbook.errors import ParameterError
from soilbook.landsurface.noah_type import NoahSoil
from soilbook.physics.soil import MILLIMETRE, pedotransfer

MODELS = {"noah": landsurface.noah, "vic": landsurface.vic}


def drought(forcing):
    forcing["precipitation"][:] = 0.0
    forcing["air_temperature"] += 15
    forcing["relative_humidity"][:] = 10.0


def storm(forcing):
    forcing["precipitation"][:, 100] = 500.0
    forcing["precipitation"][:, 20:60] = 30.0


def frost(forcing):
    forcing["air_temperature"] -= 35
    forcing["air_temperature"][:, 120:] += 45


WEATHER = {"ordinary": lambda forcing: None, "drought": drought, "storm": storm, "frost": frost}


@pytest.mark.parametrize("kind", WEATHER)
@pytest.mark.parametrize("model", MODELS)
def test_water_is_conserved_and_bounded(model, kind, make):
    forcing = make["weather"](n_days=200)
    WEATHER[kind](forcing)
    static = make["soils"](forcing)
    result = MODELS[model](forcing, static, spin_up_years=0.1)
    total = max(float(forcing["precipitation"].sum("time").min()), 1.0)
    assert np.abs(make["imbalance"](forcing, result)).sum(axis=1).max() < 1e-6 * total
    soil = NoahSoil.of(pedotransfer(static["sand"], static["clay"], MILLIMETRE))
    low = soil.driest if model == "noah" else soil.residual
    theta = result["sm"].values
    assert (theta >= low[:, None, None] - 1e-12).all()
    assert (theta <= soil.porosity[:, None, None] + 1e-12).all()
    for name in ("evapotranspiration", "runoff", "snow_water"):
        assert (result[name].values >= 0).all(), name
    assert all(np.isfinite(result[name].values).all() for name in result)


def test_the_extremes_are_extreme(make):
    forcing = make["weather"](n_days=200)
    static = make["soils"](forcing)
    wet, dry, cold = (forcing.copy(deep=True) for _ in range(3))
    storm(wet), drought(dry), frost(cold)
    for model in MODELS.values():
        flood = model(wet, static, spin_up_years=0)
        assert (flood["runoff"].isel(time=100) > 30).all()
        thirst = model(dry, static, spin_up_years=0)["evapotranspiration"]
        assert (thirst[:, -30:].mean("time") < 0.3 * thirst[:, :30].mean("time")).all()
        snow = model(cold, static, spin_up_years=0)["snow_water"]
        assert (snow.max("time") > 50).all() and (snow[:, -1] == 0).all()


@pytest.mark.parametrize("model", MODELS)
def test_many_sites_at_once_are_each_alone(model, make):
    forcing = make["weather"](n_days=100)
    static = make["soils"](forcing)
    together = MODELS[model](forcing, static, spin_up_years=0.05)
    for k in range(forcing.sizes["site"]):
        alone = MODELS[model](forcing.isel(site=[k]), static.isel(site=[k]), spin_up_years=0.05)
        xr.testing.assert_allclose(alone, together.isel(site=[k]), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_ground_dries_monotonically_without_rain(model, make):
    forcing = make["weather"](n_days=160)
    for name in ("air_temperature", "shortwave", "relative_humidity"):
        forcing[name][:] = {"air_temperature": 24, "shortwave": 260, "relative_humidity": 45}[name]
    forcing["precipitation"][:, :40] = 12.0
    forcing["precipitation"][:, 40:] = 0.0
    result = MODELS[model](forcing, make["soils"](forcing), spin_up_years=0)
    dry = result.isel(time=slice(45, None))
    assert (np.diff(dry["storage"].values, axis=1) < 0).all()
    for name in ("sm_surface", "sm_rootzone"):
        assert (np.diff(dry[name].values, axis=1) <= 1e-12).all(), name
    assert (dry["sm_surface"][:, -1] < 0.7 * dry["sm_surface"][:, 0]).all()


@pytest.mark.parametrize("model", MODELS)
def test_shorter_steps_change_little(model, make):
    forcing = make["weather"](n_days=150)
    static = make["soils"](forcing)
    coarse, fine = (
        MODELS[model](forcing, static, spin_up_years=0, steps_per_day=n)["sm_surface"].values
        for n in (8, 24)
    )
    assert np.sqrt(np.mean((coarse - fine) ** 2)) < 0.015


@pytest.mark.parametrize("model", MODELS)
def test_results_are_named_and_labelled(model, make):
    forcing = make["weather"](n_sites=2, n_days=20).rename(site="pixel")
    static = make["soils"](forcing.rename(pixel="site")).rename(site="pixel")
    result = MODELS[model](forcing, static, spin_up_years=0)
    assert "of this project, not NLDAS" in result.attrs["title"]
    assert result["sm"].dims == ("pixel", "layer", "time")
    assert result["sm"].attrs["units"] == "m3 m-3" and result["runoff"].attrs["units"] == "mm d-1"
    thickness = result["layer_thickness"].values
    assert thickness[0] == pytest.approx(0.1)
    assert (result["sm_surface"] == result["sm"].isel(layer=0)).all()
    part = np.clip(1.0 - result["layer_top"].values, 0, thickness)
    expected = (result["sm"] * xr.DataArray(part, dims="layer")).sum("layer")
    np.testing.assert_allclose(result["sm_rootzone"], expected, rtol=1e-12)


def test_spin_up_makes_the_first_guess_matter_less(make):
    forcing = make["weather"](n_days=366)
    static = make["soils"](forcing)
    first = [
        landsurface.vic(forcing, static, spin_up_years=years, steps_per_day=4)["sm_rootzone"][:, 0]
        for years in (0, 1, 4)
    ]
    assert abs(first[1] - first[2]).max() < 0.3 * abs(first[0] - first[2]).max()


@pytest.mark.parametrize("model", MODELS.values())
def test_nothing_happens_without_rain_and_demand_above_the_bottom(model, make):
    forcing = make["no_demand"](rain=0.0, n_days=30)
    result = model(forcing, make["soils"](forcing), spin_up_years=0)
    assert (result["evapotranspiration"] < 1e-12).all() and (result["runoff"] == 0).all()
    assert (result["drainage"].isel(time=-1) > 0).all()


@pytest.mark.parametrize("model", MODELS.values())
def test_settings_that_are_not_allowed(model, make):
    forcing = make["weather"](n_days=5)
    static = make["soils"](forcing)
    with pytest.raises(ParameterError, match="steps_per_day is 5; allowed: 4, 6, 8, 12, 24"):
        model(forcing, static, steps_per_day=5)
    with pytest.raises(ParameterError, match="spin_up_years is -1; 0 to 100"):
        model(forcing, static, spin_up_years=-1)
