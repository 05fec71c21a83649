"""What satellite and probes make of the continent: gaps, errors, agreement with each other."""

import numpy as np
import pytest

from soilbook import metrics, schema
from soilbook.data import easegrid, network
from soilbook.twin import continent, instruments, land, streams

SMAP_YEARS = slice("2015-04-01", "2017-03-31")


def test_revisit_is_two_to_three_days_and_shorter_in_the_north():
    days = np.arange("2016-01-01", "2016-03-01", dtype="datetime64[D]")
    longitude = np.linspace(-120, -70, 60)
    share = [instruments.passes(longitude, np.full(60, y), days).mean() for y in (26.0, 38.0, 49.0)]
    assert 1 / 3 < share[0] < share[1] < share[2] < 0.65
    seen = instruments.passes(longitude, np.full(60, 38.0), days)
    longest = max(np.diff(np.flatnonzero(one)).max() for one in seen.T)
    assert longest <= 4
    np.testing.assert_array_equal(seen[:8], seen[8:16])


def test_the_signal_comes_from_the_top_and_from_deeper_in_dry_soil():
    dry_top = np.array([[[0.05, 0.05, 0.2, 0.2, 0.2]], [[0.35, 0.35, 0.5, 0.5, 0.5]]])
    found = instruments.sensed(dry_top)[:, 0]
    above = found - dry_top[:, 0, 0]
    assert (above > 0).all() and (found < dry_top[:, 0, 2]).all()
    assert above[0] > 3 * above[1]
    even = np.full((1, 1, 5), 0.27)
    assert instruments.sensed(even)[0, 0] == pytest.approx(0.27)


def test_level_and_spread_and_gaps_are_those_of_smap(made):
    smap = made.grid["sm_smap"].sel(time=SMAP_YEARS)
    assert float(smap.mean()) == pytest.approx(0.2, abs=0.03)
    assert float(smap.std("time").median()) == pytest.approx(0.055, abs=0.01)
    assert float(smap.isnull().mean()) == pytest.approx(0.584, abs=0.03)
    month = smap["time"].dt.month
    winter = float(smap.isel(time=month.isin((12, 1, 2)).values).isnull().mean())
    summer = float(smap.isel(time=month.isin((6, 7, 8)).values).isnull().mean())
    assert winter > summer + 0.1
    assert int(smap.notnull().sum("time").min()) > 100


def test_nothing_is_seen_in_frozen_soil_or_under_snow(made, world):
    seen = made.grid["sm_smap"].notnull().values.T
    record = slice(365, None)
    assert not (seen & (world.truth.temperature[record, :, 0] < 0)).any()
    assert not (seen & (world.ground.pack[record] > instruments.COVERED)).any()


def test_smap_follows_the_truth_and_dries_faster(made):
    smap = made.grid["sm_smap"].values
    true = made.truth["sm_surface"].values
    assert np.median(metrics.r(true, smap)) == pytest.approx(0.88, abs=0.05)
    assert np.median(metrics.ubrmse(true, smap)) < 0.04
    rain = made.truth["precipitation"].values
    dry = (rain[:, 1:-2] < 0.2) & (rain[:, 2:-1] < 0.2) & (rain[:, 3:] < 0.2)
    both = [v[:, 3:] - v[:, :-3] for v in (smap, true)]
    used = dry & np.isfinite(both[0]) & (true[:, :-3] > np.quantile(true, 0.7, axis=1)[:, None])
    falls = [change[used].mean() for change in both]
    assert falls[0] < 1.15 * falls[1] < 0


def test_level_4_is_near_the_truth_and_not_the_truth(made):
    level4 = made.grid["sm_smap_rootzone"].values
    true = made.truth["sm_rootzone"].values
    assert 0.8 < np.median(metrics.r(true, level4)) < 0.95
    assert np.median(metrics.ubrmse(true, level4)) < 0.03


def against_smap(made, places, layer="sm_surface", product="sm_smap"):
    """ubRMSE and R of SMAP with the probes of each place."""
    smap = made.grid[product].values[places["pixel"].values]
    probes = places[layer].values
    return metrics.ubrmse(probes, smap), metrics.r(probes, smap)


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
    more = continent.insitu("sparse", threshold=network.COLD_FOR_TRENDS)
    assert int(more["sm_rootzone"].count()) > 1.05 * int(made.sparse["sm_rootzone"].count())


def test_nine_core_sites_of_which_five_are_deep(made):
    assert made.core["place"].values.tolist() == list(instruments.CORE)
    deep = made.core["sm_rootzone"].notnull().any("time").values
    wanted = [name for name, one in instruments.CORE.items() if one.deep]
    assert made.core["place"].values[deep].tolist() == wanted
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
    spots, corners = instruments.core_points("Reynolds Creek", row, column, seed=0)
    latitude, longitude = easegrid.unproject(*spots.T)
    at = easegrid.row_column(latitude, longitude)
    assert len(spots) == instruments.CORE["Reynolds Creek"].probes
    assert (at[0] == row).all() and (at[1] == column).all()
    assert corners.shape == (4, 2)


def test_outages_have_the_rate_and_length_asked_for():
    out = instruments.outages(streams.stream(3, "x"), 400_000, (0.5, 10.0))
    # Each outage lasts 10.5 days on the mean, being rounded up to whole days.
    assert out.mean() == pytest.approx(0.5 * 10.5 / 365.25, rel=0.1)


def test_stations_of_the_us_network_lie_in_the_usa():
    pixels = land.coordinates()
    home = instruments._in_the_usa(pixels)
    latitude, longitude = pixels["latitude"][1], pixels["longitude"][1]
    abroad = (
        (latitude > 49.3) | ((latitude < 31) & (longitude < -105.5))  # Canada, Chihuahua
        | ((latitude < 27) & (longitude < -100))  # Coahuila
        | ((latitude > 43) & (abs(longitude + 81) < 1))  # Ontario
    )  # fmt: skip
    assert abroad.any() and not home[abroad].any() and home.sum() > 300
    for seed in range(3):
        north, east, pixel = instruments.stations(pixels, seed)
        assert len(set(pixel.tolist())) == instruments.STATIONS and home[pixel].all()
        assert north.max() < 49 and (north.min() < 30) and east.max() > -72 and east.min() < -118


def test_a_bucket_spills_what_it_cannot_hold_and_leaks_when_it_is_full():
    rain, demand = np.array([[0.0], [300.0], [0.0], [0.0]]), np.array([[0.0], [0.0], [0.0], [10.0]])
    water = instruments.bucket(rain, demand, np.array([100.0]))[:, 0]
    left = 96 - 10 * 0.96 - 4 * 0.96**4
    np.testing.assert_allclose(water, [49.75, 100, 96, left])
