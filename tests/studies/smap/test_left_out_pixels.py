"""The year-ahead test at pixels that no network has seen."""

import numpy as np
import pytest
import xarray as xr

from soilbook import schema
from soilbook.errors import DataError
from soilbook.studies.smap import left_out_pixels, prolongation
from soilbook.studies.smap.prolongation import TARGET, YearAhead

SMALL = {"networks": 2, "epochs": 2, "bootstrap": 50}


def places(rows=(40, 60, 80)):
    """Pixels in as many blocks as rows, two each; the moisture follows rain."""
    random = np.random.default_rng(0)
    time = np.arange("2015-04-01", "2017-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
    shape = 2 * len(rows), time.size
    made = xr.Dataset(
        coords={
            "pixel": 10 + np.arange(shape[0]), "time": time, "row": ("pixel", np.repeat(rows, 2)),
            "column": ("pixel", np.tile([180, 184], len(rows))),
        }
    )  # fmt: skip
    for name in (*schema.FORCING, "wind_speed"):
        made[name] = ("pixel", "time"), random.normal(size=shape).astype(np.float32)
    rain = random.gamma(0.3, 8, shape).astype(np.float32)
    made["precipitation"] = ("pixel", "time"), rain
    for name in schema.ATTRIBUTES:
        made[name] = "pixel", random.random(shape[0]).astype(np.float32)
    made[TARGET] = ("pixel", "time"), (0.1 + rain / 100).astype(np.float32), {"units": "m3 m-3"}
    return made.assign_attrs(source="made up", track="twin")


def test_every_pixel_is_scored_and_none_by_what_was_learnt_of_it(store):
    made = left_out_pixels.scores(YearAhead(**SMALL), places=places(), store=store)
    assert made["fold"].values.tolist() == [0, 0, 1, 1, 2, 2]
    assert all(np.isfinite(made[name]).all() for name in ("rmse", "bias", "ubrmse", "r"))
    # What SMAP said of the first two pixels in the training year must not matter to their scores,
    # but for the others, which learnt from it.
    changed = places()
    changed[TARGET][:2, :366] += 0.2
    again = left_out_pixels.scores(YearAhead(**SMALL), places=changed, store=store)
    out = made["fold"].values == 0
    np.testing.assert_array_equal(made["rmse"][out], again["rmse"][out])
    assert (made["rmse"][~out] != again["rmse"][~out]).all()


def test_the_mean_of_the_networks_counts(store):
    one, two = (
        left_out_pixels.scores(YearAhead(**SMALL | {"networks": n}), places=places(), store=store)
        for n in (1, 2)
    )
    assert (one["rmse"] != two["rmse"]).any()


def test_too_few_blocks(store):
    with pytest.raises(DataError, match="made up: 2 blocks of pixels; at least 3 are needed"):
        left_out_pixels.scores(YearAhead(**SMALL), places=places((40, 60)), store=store)


def test_the_nearest_pixel_is_found_on_the_grid():
    known = places().isel(pixel=[0, 2, 5])
    near = left_out_pixels._nearest(places().isel(pixel=[1, 3, 4]), known)
    assert near.tolist() == [0, 1, 2]
    assert prolongation.METHOD_INPUTS["guided"].attributes[-2:] == left_out_pixels.STATISTICS
