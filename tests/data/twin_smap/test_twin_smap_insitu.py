import numpy as np
import pytest

from soilbook import metrics, schema
from soilbook.data import easegrid, network, twin_smap
from soilbook.data.twin_smap import networks
from soilbook.errors import ParameterError


def against_smap(made, places, layer="sm_surface", product="sm_smap"):
    """ubRMSE and R of SMAP with the probes of each place."""
    smap = made.grid[product].values[places["pixel"].values]
    probes = places[layer].values
    return metrics.ubrmse(probes, smap), metrics.r(probes, smap)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ParameterError, match="core, sparse"):
        twin_smap.insitu("dense")


@pytest.mark.parametrize("kind", ["core", "sparse"])
def test_places_keep_the_contract(made, kind):
    places = getattr(made, kind)
    schema.check_grid(places, kind, place="place")
    wanted = {"latitude", "longitude", "elevation", "pixel", "distance_km", "inside"}
    assert wanted <= set(places.coords)
    pixel = places["pixel"].values
    for name in (*schema.FORCING, *schema.ATTRIBUTES):
        np.testing.assert_array_equal(places[name].values, made.grid[name].values[pixel])
    row, column = easegrid.row_column(places["latitude"].values, places["longitude"].values)
    np.testing.assert_array_equal(row, made.grid["row"].values[pixel])
    np.testing.assert_array_equal(column, made.grid["column"].values[pixel])
    assert float(places["distance_km"].max()) < 27


@pytest.mark.parametrize("kind", ["core", "sparse"])
def test_no_reading_in_soil_below_four_degrees(made, kind):
    places = getattr(made, kind)
    cold = places["soil_temperature"].values < network.COLD
    assert cold.any()
    assert np.isnan(places["sm_surface"].values[cold]).all()


def test_another_threshold_keeps_more_days(made):
    more = twin_smap.insitu("sparse", threshold=network.COLD_FOR_TRENDS)
    assert int(more["sm_rootzone"].count()) > 1.05 * int(made.sparse["sm_rootzone"].count())


def test_nine_core_sites_of_which_five_are_deep(made):
    assert made.core["place"].values.tolist() == list(networks.CORE)
    deep = made.core["sm_rootzone"].notnull().any("time").values
    assert [name for name, one in networks.CORE.items() if one.deep] == made.core["place"].values[
        deep
    ].tolist()
    assert deep.sum() == 5
    assert np.unique(made.core["pixel"]).size == 9
    assert bool(made.core["sm_surface"].sel(time=slice(None, "2011")).isnull().all())


def test_core_sites_agree_with_smap_as_the_paper_says(made):
    error, r = against_smap(made, made.core)
    assert np.median(error) == pytest.approx(0.035, abs=0.01)
    assert 0.70 < np.median(r) < 0.90
    deep = made.core.isel(place=made.core["sm_rootzone"].notnull().any("time").values)
    error, _ = against_smap(made, deep, "sm_rootzone", "sm_smap_rootzone")
    assert np.median(error) < 0.04


def test_sparse_network_agrees_less(made):
    assert made.sparse.sizes["place"] == 104
    shallow = made.sparse["sm_rootzone"].isnull().all("time")
    assert int(shallow.sum()) == 22
    error, r = against_smap(made, made.sparse)
    assert np.nanmedian(error) == pytest.approx(0.048, abs=0.008)
    assert np.nanmedian(r) == pytest.approx(0.72, abs=0.04)
    assert np.isfinite(r).mean() > 0.95


def test_probes_of_a_core_site_lie_in_its_pixel(made):
    row, column = (int(made.grid[c][made.core["pixel"].values[0]]) for c in ("row", "column"))
    spots, corners = networks.core_points("Reynolds Creek", row, column, seed=0)
    latitude, longitude = easegrid.unproject(*spots.T)
    at = easegrid.row_column(latitude, longitude)
    assert len(spots) == networks.CORE["Reynolds Creek"].probes
    assert (at[0] == row).all() and (at[1] == column).all()
    assert corners.shape == (4, 2)
