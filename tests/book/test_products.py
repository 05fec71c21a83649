"""What the data folder is said to hold."""

import pytest

from soilbook.book import products
from soilbook.errors import SoilbookError


@pytest.mark.observed
def test_the_satellite_pixels_are_checked_as_well(tmp_path, observed_folder):
    (tmp_path / "smap_conus412").symlink_to(observed_folder / "smap_conus412")
    found = dict(products.check_stations(tmp_path))
    assert found == {"smap": "412 pixels, 2015-04-01 to 2018-03-31; values without SMAP: 72%"}


@pytest.mark.observed
def test_a_damaged_table_of_pixels_is_named(tmp_path, observed_folder):
    source = observed_folder / "smap_conus412/CONUSv4f1"
    folder = tmp_path / "smap_conus412/CONUSv4f1"
    folder.mkdir(parents=True)
    for entry in source.iterdir():
        (folder / entry.name).symlink_to(entry)
    (folder / "crd.csv").unlink()
    (folder / "crd.csv").write_text("40,-100\n")
    error = dict(products.check_stations(tmp_path))["smap"]
    assert isinstance(error, SoilbookError)
    assert "crd.csv, row 1" in str(error)


def test_the_models_of_nldas_are_found_wherever_they_lie(tmp_path):
    assert "nldas" not in {one.name for one in products.present(tmp_path)}
    deep = tmp_path / "nldas/noah/2016"
    deep.mkdir(parents=True)
    (deep / "NLDAS_NOAH0125_H.A20160101.0000.020.nc").touch()
    assert [one.name for one in products.present(tmp_path)] == ["nldas"]
