"""NLDAS-2 at points: days of hours in our units."""

import numpy as np
import pytest
from owners import giovanni as answer

from soilbook.data import giovanni

PLACE = (41.48, -71.54)


@pytest.fixture
def noah(tmp_path):
    """The files of Noah's two layers at one place, two days long."""
    paths = []
    for name in giovanni.SERIES["NLDAS_NOAH0125_H"]:
        path = tmp_path / giovanni.path_of("NLDAS_NOAH0125_H", name, *PLACE)
        path.parent.mkdir(parents=True)
        asked = {"data": [f"NLDAS_NOAH0125_H_2_0_{name}"], "location": ["[41.48,-71.54]"]}
        path.write_bytes(answer(asked | {"time": ["2015-04-01T00:00:00/2015-04-02T23:59:59"]}))
        paths.append(path)
    return paths


def moisture(folder):
    return giovanni.read(folder, "noah", {"here": PLACE})["sm_surface"].values.ravel()


def test_a_day_needs_all_of_its_hours(tmp_path, noah):
    np.testing.assert_allclose(moisture(tmp_path), [0.2, 0.2])
    text = noah[0].read_text()
    noah[0].write_text(text.replace("2015-04-01T07:00:00,20.0", "2015-04-01T07:00:00,-9999"))
    np.testing.assert_allclose(moisture(tmp_path), [np.nan, 0.2])
    noah[0].write_text(text.replace("2015-04-02T23:00:00,20.0\n", ""))
    np.testing.assert_allclose(moisture(tmp_path), [0.2, np.nan])
