"""Steady rain without evaporation: known answers of both models."""

import numpy as np
import pytest

from soilbook import landsurface
from soilbook.errors import ParameterError
from soilbook.landsurface.soil import pedotransfer


def test_noah_drains_what_infiltrates_at_the_moisture_that_conducts_it(make):
    forcing = make["no_demand"](rain=5.0, n_days=100)
    static = make["soils"](forcing)
    last = landsurface.noah(forcing, static, spin_up_years=3, steps_per_day=4).isel(time=-1)
    np.testing.assert_allclose(last["evapotranspiration"], 0, atol=1e-10)
    infiltration = 5.0 - last["runoff"].values
    np.testing.assert_allclose(last["drainage"], infiltration, rtol=1e-6)
    soil = pedotransfer(static["sand"], static["clay"])
    share = (infiltration / soil.conductivity) ** (1 / (2 * soil.slope + 3))
    expected = np.broadcast_to((soil.porosity * share)[:, None], last["sm"].shape)
    np.testing.assert_allclose(last["sm"], expected, rtol=1e-5)


def test_vic_base_flow_is_what_infiltrates(make):
    forcing = make["no_demand"](rain=2.0)
    static = make["soils"](forcing)
    chosen = landsurface.Parameters(most_baseflow=20.0)
    result = landsurface.vic(forcing, static, spin_up_years=12, steps_per_day=4, parameters=chosen)
    last = result.isel(time=-1)
    np.testing.assert_allclose(last["drainage"] + last["runoff"], 2.0, rtol=1e-5)
    soil = pedotransfer(static["sand"], static["clay"])
    residual = soil.wilting / 2
    fullness = (last["sm"][:, 2].values - residual) / (soil.porosity - residual)
    steep = np.maximum((fullness - chosen.bend) / (1 - chosen.bend), 0) ** chosen.power
    linear = chosen.slow / chosen.bend
    curve = chosen.most_baseflow * (linear * fullness + (1 - linear) * steep)
    np.testing.assert_allclose(last["drainage"], curve, rtol=1e-4)


def test_vic_without_base_flow_fills_up_and_overflows(make):
    forcing = make["no_demand"](rain=20.0, n_days=100)
    static = make["soils"](forcing)
    closed = landsurface.Parameters(most_baseflow=0.0)
    result = landsurface.vic(forcing, static, spin_up_years=0, steps_per_day=4, parameters=closed)
    np.testing.assert_allclose(make["imbalance"](forcing, result), 0, atol=1e-9)
    last = result.isel(time=-1)
    np.testing.assert_allclose(last["runoff"], 20.0)
    porosity = pedotransfer(static["sand"], static["clay"]).porosity
    np.testing.assert_allclose(last["sm"], np.broadcast_to(porosity[:, None], (4, 3)))


@pytest.mark.parametrize("model", [landsurface.noah, landsurface.vic])
def test_nothing_happens_without_rain_and_demand_above_the_bottom(model, make):
    forcing = make["no_demand"](rain=0.0, n_days=30)
    result = model(forcing, make["soils"](forcing), spin_up_years=0)
    assert (result["evapotranspiration"] < 1e-12).all() and (result["runoff"] == 0).all()
    assert (result["drainage"].isel(time=-1) > 0).all()


@pytest.mark.parametrize("model", [landsurface.noah, landsurface.vic])
def test_settings_that_are_not_allowed(model, make):
    forcing = make["weather"](n_days=5)
    static = make["soils"](forcing)
    with pytest.raises(ParameterError, match="steps_per_day is 5; allowed: 4, 6, 8, 12, 24"):
        model(forcing, static, steps_per_day=5)
    with pytest.raises(ParameterError, match="spin_up_years is -1; 0 to 100"):
        model(forcing, static, spin_up_years=-1)


@pytest.mark.parametrize(
    "name, value",
    [("shape", 0.0), ("slow", 1.5), ("bend", 1.0), ("most_baseflow", -1), ("layers", (100.0, 5.0))],
)
def test_vic_parameters_that_are_not_allowed(name, value):
    with pytest.raises(ParameterError, match=f"VIC-type {name} is .* allowed"):
        landsurface.Parameters(**{name: value})
