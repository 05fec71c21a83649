import numpy as np
import pytest

from soilbook import metrics, schema
from soilbook.data.twin_smap import satellite

SMAP_YEARS = slice("2015-04-01", "2017-03-31")


def test_the_whole_twin_is_made_in_time(made):
    assert made.seconds < 90


def test_grid_keeps_the_contract(made):
    grid = made.grid
    assert grid.attrs["track"] == "twin" and "synthetic" in grid.attrs["source"]
    assert set(grid.data_vars) == {
        *schema.FORCING, *schema.ATTRIBUTES, "sm_smap", "sm_smap_rootzone",
    }  # fmt: skip
    assert set(grid.coords) == {"pixel", "time", "latitude", "longitude", "row", "column"}
    assert grid["time"].values[[0, -1]].astype("datetime64[D]").astype(str).tolist() == [
        "2010-01-01",
        "2018-03-31",
    ]
    schema.check_grid(grid, "twin")
    for name in (*schema.FORCING, *schema.ATTRIBUTES):
        assert bool(grid[name].notnull().all()), name
    before = grid.sel(time=slice(None, "2015-03-31"))
    assert bool(before["sm_smap"].isnull().all())
    assert bool(before["sm_smap_rootzone"].isnull().all())
    after = grid["sm_smap_rootzone"].sel(time=slice("2015-04-01", None))
    assert bool(after.notnull().all())


def test_revisit_is_two_to_three_days_and_shorter_in_the_north():
    days = np.arange("2016-01-01", "2016-03-01", dtype="datetime64[D]")
    longitude = np.linspace(-120, -70, 60)
    share = [satellite.passes(longitude, np.full(60, y), days).mean() for y in (26.0, 38.0, 49.0)]
    assert 1 / 3 < share[0] < share[1] < share[2] < 0.65
    seen = satellite.passes(longitude, np.full(60, 38.0), days)
    longest = max(np.diff(np.flatnonzero(one)).max() for one in seen.T)
    assert longest <= 4
    np.testing.assert_array_equal(seen[:8], seen[8:16])


def test_the_signal_comes_from_the_top_and_from_deeper_in_dry_soil():
    dry_top = np.array([[[0.05, 0.05, 0.2, 0.2, 0.2]], [[0.35, 0.35, 0.5, 0.5, 0.5]]])
    found = satellite.sensed(dry_top)[:, 0]
    above = found - dry_top[:, 0, 0]
    assert (above > 0).all() and (found < dry_top[:, 0, 2]).all()
    assert above[0] > 3 * above[1]
    even = np.full((1, 1, 5), 0.27)
    assert satellite.sensed(even)[0, 0] == pytest.approx(0.27)


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
    assert not (seen & (world.truth.pack[record] > satellite.COVERED)).any()


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
