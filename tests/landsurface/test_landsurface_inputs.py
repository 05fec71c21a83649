"""Forcing and static attributes that are not as they should be: one line that says what."""

import numpy as np
import pytest

from soilbook import landsurface
from soilbook.errors import DataError
from soilbook.landsurface import inputs
from soilbook.landsurface.noah_type import noah_roots
from soilbook.physics import air


@pytest.fixture
def given(make):
    forcing = make["weather"](n_days=40)
    return forcing, make["soils"](forcing)


@pytest.mark.parametrize("model", [landsurface.noah, landsurface.vic])
def test_a_gap_is_named_by_site_variable_and_first_day(model, given):
    forcing, static = given
    forcing["shortwave"][2, 11:20] = np.nan
    forcing["shortwave"][3, 15] = np.nan
    message = "variable 'shortwave', site site-2, 2015-01-12: missing; no gap is allowed"
    with pytest.raises(DataError, match=message):
        model(forcing, static)


@pytest.mark.parametrize("name", ["precipitation", "air_temperature", "shortwave"])
def test_a_missing_variable_is_named(name, given):
    forcing, static = given
    with pytest.raises(DataError, match=f"forcing: no variable '{name}'; needed: precipitation"):
        landsurface.noah(forcing.drop_vars(name), static)


def test_humidity_in_either_form(given):
    forcing, static = given
    with pytest.raises(DataError, match="relative_humidity or specific_humidity is needed"):
        inputs.read(forcing.drop_vars("relative_humidity"), static)
    known = inputs.read(forcing, static)
    vapour = known.vapour_pressure
    specific = 0.622 * vapour / (known.pressure - 0.378 * vapour)
    other = forcing.drop_vars("relative_humidity")
    other["specific_humidity"] = ("site", "time"), specific.T
    np.testing.assert_allclose(inputs.read(other, static).vapour_pressure, vapour)


def test_a_value_out_of_range_and_other_units(given):
    forcing, static = given
    kelvin = forcing.copy(deep=True)
    kelvin["air_temperature"] += 273.15
    with pytest.raises(
        DataError, match=r"air_temperature', site site-0, 2015-01-01: value 2.* degC"
    ):
        inputs.read(kelvin, static)
    forcing["precipitation"].attrs["units"] = "kg m-2 s-1"
    with pytest.raises(DataError, match="has units 'kg m-2 s-1', needs 'mm d-1'"):
        inputs.read(forcing, static)


def test_days_out_of_order_or_missing(given):
    forcing, static = given
    with pytest.raises(DataError, match="row 5: 2015-01-07 after 2015-01-05; every day once"):
        inputs.read(forcing.drop_isel(time=5), static)


def test_dimensions(given):
    forcing, static = given
    with pytest.raises(DataError, match=r"'precipitation' has dimensions \('time', 'site'\)"):
        inputs.read(forcing.transpose(), static)
    with pytest.raises(DataError, match=r"has dimensions \('time',\)"):
        inputs.read(forcing.isel(site=0), static)
    mixed = forcing.assign(shortwave=forcing["shortwave"].T)
    with pytest.raises(DataError, match=r"'shortwave' has dimensions \('time', 'site'\)"):
        inputs.read(mixed, static)


def test_static_attributes(given):
    forcing, static = given
    with pytest.raises(DataError, match="static: no variable 'clay'; needed: sand, clay, latitude"):
        inputs.read(forcing, static.drop_vars("clay"))
    with pytest.raises(DataError, match="static: no site site-3; the forcing has it"):
        inputs.read(forcing, static.isel(site=slice(3)))
    with pytest.raises(DataError, match="static: 3 of dimension 'site'; the forcing has 4"):
        inputs.read(forcing, static.isel(site=slice(3)).drop_vars("site"))
    with pytest.raises(DataError, match="variable 'sand', site site-1: missing"):
        inputs.read(forcing, static.assign(sand=("site", [10.0, np.nan, 10.0, 10.0])))


def test_static_attributes_are_matched_by_name(given):
    forcing, static = given
    known = inputs.read(forcing, static)
    other = inputs.read(forcing, static.isel(site=[2, 0, 3, 1]))
    np.testing.assert_array_equal(known.soil.porosity, other.soil.porosity)
    moved = forcing.assign_coords(latitude=("site", static["latitude"].values))
    np.testing.assert_array_equal(
        inputs.read(moved, static.drop_vars("latitude")).latitude, known.latitude
    )


def test_what_is_not_given_has_a_default(given):
    forcing, static = given
    known = inputs.read(forcing, static)
    # FAO-56 eq 47 makes 2 m s-1 at a height of 2 m of it.
    np.testing.assert_allclose(known.wind_speed * 4.87 / np.log(67.8 * 10 - 5.42), 2, rtol=1e-3)
    assert (known.cover.least_resistance == 40).all()  # grassland
    assert (known.pressure == 1013).all() and (known.longwave > 100).all()
    dry = forcing.assign(precipitation=0.001 * forcing["precipitation"])
    thin = inputs.read(dry, static).cover.shade
    assert (thin < known.cover.shade).all()
    # Oudin et al. (2005): what could evaporate is sunlight / latent heat (T + 5) / 100.
    warmth = np.maximum(forcing["air_temperature"].values.T + 5, 0) / 100
    top = air.sunlight(known.latitude, air.day_of_year(known.time), 1)[:, 0]
    demand = (top * 86400 / 2.45e6 * warmth).mean(axis=0)
    np.testing.assert_allclose(thin, dry["precipitation"].mean("time") / demand)
    green = inputs.read(forcing, static.assign(green_fraction=("site", [0.1, 0.2, 0.3, 0.4])))
    np.testing.assert_allclose(green.cover.shade, [0.1, 0.2, 0.3, 0.4])


def test_roots_add_up_and_stay_in_their_layers():
    table = inputs.cover_classes()
    plants = inputs.cover(table.index.to_numpy(), table["name"].to_numpy(), np.ones(len(table)))
    noah = noah_roots(plants, np.array([100.0, 300.0, 600.0, 1000.0]))
    np.testing.assert_allclose(noah.sum(axis=0), 1)
    assert (noah[3][plants.noah_layers == 3] == 0).all()
    grass = list(table.index).index(10)
    np.testing.assert_allclose(noah[:, grass], [0.1, 0.3, 0.6, 0])


def test_green_cover_is_at_most_that_of_the_class():
    plants = inputs.cover(np.array([10, 10, 16]), np.array("abc"), np.array([0.3, 1.0, 1.0]))
    np.testing.assert_allclose(plants.shade, [0.3, 0.8, 0.01])
    np.testing.assert_allclose(inputs.green_of_ndvi(np.array([0.0, 0.28, 0.7])), [0, 0.5, 1])


def test_water_is_no_land():
    with pytest.raises(DataError, match="flag_land_cover', lake: class 17; allowed: 1, 2"):
        inputs.cover(np.array([10, 17]), np.array(["meadow", "lake"]), np.ones(2))
