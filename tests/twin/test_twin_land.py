"""The continent's pixels, climate and layers, against the data base and the real network."""

import numpy as np
import pytest

from soilbook.data import conus412, easegrid, network
from soilbook.twin import land, sites, streams


def cells(rows, columns) -> set:
    return set(zip(np.asarray(rows).tolist(), np.asarray(columns).tolist(), strict=True))


def test_there_are_412_pixels_on_every_fourth_row_and_column():
    made = land.coordinates()
    rows, columns = made["row"][1], made["column"][1]
    assert len(cells(rows, columns)) == 412
    assert (np.diff(np.unique(rows)) == 4).all() and (np.diff(np.unique(columns)) == 4).all()
    exact = easegrid.position(rows, columns)
    np.testing.assert_allclose(made["latitude"][1], exact[0])
    np.testing.assert_allclose(made["longitude"][1], exact[1])
    # As in the data base: column by column from the west, each from the north.
    assert (np.lexsort((rows, columns)) == np.arange(412)).all()


@pytest.mark.observed
def test_pixels_are_those_of_the_data_base_but_for_a_few(observed_folder):
    real = conus412.read(observed_folder, ["sand"])
    made = land.coordinates()
    both = cells(real["row"], real["column"]) & cells(made["row"][1], made["column"][1])
    assert len(both) >= 0.95 * real.sizes["pixel"]
    assert set(np.unique(real["row"] % 4)) == {land.ROWS[0] % 4}
    assert set(np.unique(real["column"] % 4)) == {land.COLUMNS[0] % 4}


def test_a_point_is_inside_a_polygon_or_not():
    corners = ((0, 0), (4, 0), (4, 4), (2, 1), (0, 4))
    x, y = np.array([[1, 1.0], [2, 0.5], [2, 2], [5, 1], [3.9, 3.5], [-1, 1]]).T
    inside = land.inside(x, y, corners)
    assert inside.tolist() == [True, True, False, False, True, False]


def test_the_west_coast_has_wet_winters_and_the_plains_wet_summers():
    found = land.climate(np.array([45.5, 41.0]), np.array([-122.6, -98.0]))
    winter = np.minimum(found.wettest, 12 - found.wettest)
    assert winter[0] < 2 < winter[1]
    assert found.precipitation[0] > found.precipitation[1]


@pytest.mark.observed
def test_normals_are_near_those_of_real_stations(observed_folder):
    real = network.read(observed_folder).sel(time=slice("2010-01-01", "2019-12-31"))
    found = land.climate(real["latitude"].values, real["longitude"].values)
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


def test_climate_at_a_city_is_that_of_the_city_and_changes_smoothly():
    here = land.climate(np.array([33.4, 45.5]), np.array([-112.0, -122.6]))
    np.testing.assert_allclose(here.precipitation, [204, 915], rtol=0.15)
    np.testing.assert_allclose(here.july, [35, 20], atol=2)
    longitude = np.linspace(-122, -75, 400)
    along = land.climate(np.full(400, 39.0), longitude)
    assert np.abs(np.diff(np.log(along.precipitation))).max() < 0.1
    assert np.abs(np.diff(along.january)).max() < 0.5


def test_layers_make_up_the_depth_asked_for():
    assert land.shares(0.05).sum() == pytest.approx(1)
    thickness = np.diff(land.EDGES[: land.WATER_LAYERS + 1])
    np.testing.assert_allclose(land.shares(1.0)[:8], thickness[:8])
    assert land.shares(1.0)[8] == pytest.approx(1 - land.EDGES[8])
    assert (land.shares(1.0)[9:] == 0).all()


def test_conductivity_falls_by_e_over_half_a_metre():
    latitude, longitude = np.array([35.0, 45.0]), np.array([-95.0, -110.0])
    space = streams.Space(latitude, longitude, seed=0)
    pixels = land.soil_columns(space, land.nature(space, land.climate(latitude, longitude)))
    middle = (land.EDGES[1:] + land.EDGES[:-1])[: land.WATER_LAYERS] / 2
    stations = sites.site_columns(np.array([40.0]), np.array([20.0]), ["Cropland"])
    for made, depth in ((pixels, middle), (stations, sites.CENTRES[: sites.WATER_LAYERS])):
        falls = np.log(made.soil.conductivity / made.soil.conductivity[:, :1])
        np.testing.assert_allclose(falls, np.broadcast_to((depth[0] - depth) / 0.5, falls.shape))
