"""The EASE-Grid 2.0 against published constants and lists of pixels; Thiessen weights."""

import numpy as np
import pytest

from soilbook.data import easegrid, hdf5
from soilbook.data.easegrid import average, thiessen
from soilbook.errors import ParameterError


def test_cells_have_the_published_size():
    # Brodzik et al. (2014), doi 10.3390/ijgi3031154, Table 1.
    assert easegrid.GRIDS["36km"].cell == pytest.approx(36032.220840584, abs=1e-8)
    assert easegrid.GRIDS["9km"].cell == pytest.approx(9008.055210146, abs=1e-8)


def test_upper_left_corner_is_the_published_one():
    x, y = easegrid.project(*easegrid.position(-0.5, -0.5))
    assert (x, y) == pytest.approx((-17367530.4451615, 7314540.8306386), abs=1e-3)
    latitude, longitude = easegrid.position(-0.5, -0.5)
    assert latitude == pytest.approx(85.0445664, abs=1e-6)
    assert longitude == pytest.approx(-180, abs=1e-9)


@pytest.mark.parametrize("grid", easegrid.GRIDS)
def test_every_row_and_column_comes_back(grid):
    shape = easegrid.GRIDS[grid]
    rows, columns = np.arange(shape.rows), np.arange(shape.columns)
    latitude, _ = easegrid.position(rows, 0, grid)
    _, longitude = easegrid.position(0, columns, grid)
    assert np.all(np.diff(latitude) < 0) and np.all(np.diff(longitude) > 0)
    assert np.array_equal(easegrid.row_column(latitude, 0 * latitude, grid)[0], rows)
    assert np.array_equal(easegrid.row_column(0 * longitude, longitude, grid)[1], columns)


def test_latitudes_come_back_to_the_poles():
    latitude = np.linspace(-90, 90, 721)
    back, _ = easegrid.unproject(*easegrid.project(latitude, 0 * latitude))
    assert np.abs(back - latitude).max() < 1e-9


def test_areas_are_true():
    # One cell against the surface of the ellipsoid between its parallels, by quadrature.
    row, column = 80, 300
    north, _ = easegrid.position(row - 0.5, column)
    south, _ = easegrid.position(row + 0.5, column)
    phi = np.deg2rad(np.linspace(south, north, 20001))
    e, a = easegrid.ECCENTRICITY, easegrid.EQUATORIAL_RADIUS
    strip = a**2 * (1 - e**2) * np.cos(phi) / (1 - (e * np.sin(phi)) ** 2) ** 2
    area = np.trapezoid(strip, phi) * 2 * np.pi / easegrid.GRIDS["36km"].columns
    assert area == pytest.approx(easegrid.GRIDS["36km"].cell ** 2, rel=1e-9)


def test_nine_kilometre_cells_nest_in_a_pixel():
    rows, columns = np.meshgrid(4 * 50 + np.arange(4), 4 * 200 + np.arange(4))
    row, column = easegrid.row_column(*easegrid.position(rows, columns, "9km"))
    assert np.all(row == 50) and np.all(column == 200)


def test_corners_enclose_the_centre_and_the_area_of_a_cell():
    corners = easegrid.corners(60, 200)
    centre = easegrid.project(*easegrid.position(60, 200))
    assert corners.mean(axis=0) == pytest.approx(centre)
    assert np.ptp(corners, axis=0) == pytest.approx([easegrid.GRIDS["36km"].cell] * 2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: easegrid.row_column(86.0, 10.0), r"86, 10 is off the 36km grid.*85\.04"),
        (lambda: easegrid.row_column([40.0, 40.0], [10.0, 190.0]), "40, 190 is off"),
        (lambda: easegrid.row_column(np.nan, 0.0), "nan, 0 is off"),
        (lambda: easegrid.row_column(100.0, 0.0), "100, 0 is off"),
        (lambda: easegrid.row_column(-9999.0, 0.0), "-9999, 0 is off"),
        (lambda: easegrid.position(406, 0), "row 406 is off the 36km grid; 0 to 405"),
        (lambda: easegrid.position(0, -1, "9km"), "column -1 is off the 9km grid"),
        (lambda: easegrid.position(0, 0, "3km"), "unknown grid '3km'; allowed: 36km, 9km"),
    ],
)
def test_what_is_off_the_grid_is_an_error(call, says):
    with pytest.raises(ParameterError, match=says):
        call()


@pytest.mark.observed
def test_the_412_pixels_are_centres_of_every_fourth_row_and_column(observed_folder):
    path = observed_folder / "smap_conus412/CONUSv4f1/crd.csv"
    latitude, longitude = np.loadtxt(path, delimiter=",").T
    row, column = easegrid.row_column(latitude, longitude)
    assert set(np.diff(np.unique(row))) == set(np.diff(np.unique(column))) == {4}
    exact = easegrid.position(row, column)
    assert np.abs(exact[0] - latitude).max() < 1e-4
    assert np.abs(exact[1] - longitude).max() < 1e-4


@pytest.mark.observed
def test_the_land_points_of_another_project_agree(observed_folder):
    path = observed_folder / "smap_conus412/ease36land.nc"
    points = hdf5.read(path, ("lat", "lon", "gpi"))
    latitude, longitude, number = (points[name].values for name in ("lat", "lon", "gpi"))
    row, column = easegrid.row_column(latitude, longitude)
    exact = easegrid.position(row, column)
    assert np.abs(exact[0] - latitude).max() < 1e-6
    assert np.abs(exact[1] - longitude).max() < 1e-6
    # Their numbers count rows from the south.
    shape = easegrid.GRIDS["36km"]
    assert np.array_equal(number, (shape.rows - 1 - row) * shape.columns + column)


SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("points", "shares"),
    [
        ([[0.3, 0.9]], [1]),
        ([[0.25, 0.5], [0.75, 0.5]], [0.5, 0.5]),
        ([[0.1, 0.5], [0.5, 0.5]], [0.3, 0.7]),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], [0.25] * 4),
        ([[0.5, 0.5], [0.5, 0.5 + 2**-0.5]], [1 - (0.5 - 2**-1.5), 0.5 - 2**-1.5]),
        # The second one's cell lies outside of the square.
        ([[0.5, 0.5], [3, 0.5]], [1, 0]),
        # A point outside may still be the nearest one to a part.
        ([[0.5, 0.5], [1.25, 0.5]], [0.875, 0.125]),
    ],
)
def test_known_shares(points, shares):
    assert thiessen(points, SQUARE) == pytest.approx(shares)
    assert thiessen(points, SQUARE[::-1]) == pytest.approx(shares)


def test_shares_agree_with_the_nearest_point_of_a_fine_grid():
    random = np.random.default_rng(0)
    triangle = np.array([[0, 0], [4, 1], [1, 3]])
    points = random.uniform(0, 3, (9, 2))
    # Equal areas of the triangle by the parallelogram's diagonal.
    u, v = np.meshgrid(*[(np.arange(900) + 0.5) / 900] * 2)
    inside = u + v < 1
    at = triangle[0] + u[inside][:, None] * triangle[1] + v[inside][:, None] * triangle[2]
    nearest = ((at[:, None] - points) ** 2).sum(axis=2).argmin(axis=1)
    counted = np.bincount(nearest, minlength=9) / len(at)
    shares = thiessen(points, triangle)
    assert shares == pytest.approx(counted, abs=2e-3)
    assert shares.sum() == pytest.approx(1)


def test_a_pixel_of_the_grid_in_metres():
    latitude, longitude = easegrid.position([60, 60], [199.75, 200.25])
    points = np.column_stack(easegrid.project(latitude, longitude))
    assert thiessen(points, easegrid.corners(60, 200)) == pytest.approx([0.5, 0.5])


def test_days_with_less_than_half_the_pixel_are_missing():
    values = np.array([[0.1, np.nan, 0.1, np.nan], [0.3, 0.3, np.nan, np.nan]])
    mean = average(values, [0.3, 0.7])
    assert mean == pytest.approx([0.24, 0.3, np.nan, np.nan], nan_ok=True)
    # Exactly half is enough, up to the last digits of the shares.
    assert average([[0.2], [np.nan]], [0.5 - 1e-12, 0.5 + 1e-12]) == pytest.approx([0.2])
    sixths = np.full((6, 1), 0.2)
    sixths[3:] = np.nan
    assert average(sixths, np.full(6, 1 / 6)) == pytest.approx([0.2])


def test_two_points_at_one_place_are_an_error():
    with pytest.raises(ParameterError, match="points 0 and 2 are at one place"):
        thiessen([[0.1, 0.2], [0.5, 0.5], [0.1, 0.2]], SQUARE)
