import numpy as np
import pytest

from soilbook.data import conus412, easegrid
from soilbook.data.twin_smap import geometry


def cells(rows, columns) -> set:
    return set(zip(np.asarray(rows).tolist(), np.asarray(columns).tolist(), strict=True))


def test_there_are_412_pixels_on_every_fourth_row_and_column():
    made = geometry.coordinates()
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
    made = geometry.coordinates()
    both = cells(real["row"], real["column"]) & cells(made["row"][1], made["column"][1])
    assert len(both) >= 0.95 * real.sizes["pixel"]
    assert set(np.unique(real["row"] % 4)) == {geometry.ROWS[0] % 4}
    assert set(np.unique(real["column"] % 4)) == {geometry.COLUMNS[0] % 4}


def test_a_point_is_inside_a_polygon_or_not():
    corners = ((0, 0), (4, 0), (4, 4), (2, 1), (0, 4))
    x, y = np.array([[1, 1.0], [2, 0.5], [2, 2], [5, 1], [3.9, 3.5], [-1, 1]]).T
    inside = geometry.inside(x, y, corners)
    assert inside.tolist() == [True, True, False, False, True, False]
