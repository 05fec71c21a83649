"""Coverage of stated uncertainty: known answers of made-up forecasts."""

import numpy as np
import pytest
import xarray as xr

from soilbook.studies.smap.prolongation_spread import BINS, LEVELS, NOISE, calibration, spreads

N_PIXELS, N_DAYS, DEVIATION, NOISE_SIZE = 12, 400, 0.02, 0.03


def result(n_networks=40, draws=40, noise=0.0, seed=0):
    """Members and truth drawn alike around the same mean, the truth with noise on top."""
    random = np.random.default_rng(seed)
    size = N_PIXELS, N_DAYS
    mean = random.uniform(0.1, 0.4, size)
    names = [f"network {k + 1}" for k in range(n_networks)]
    dims = ("pixel", "time")
    # Days differ in their doubt, so that a spread can tell them apart.
    doubt = DEVIATION * random.uniform(0.5, 2, size)
    members = mean + doubt * random.normal(size=(n_networks, *size))
    observed = mean + np.hypot(doubt, noise) * random.normal(size=size)
    observed[random.random(size) < 0.5] = np.nan
    made = xr.Dataset(
        {
            "moisture": (("predictor", *dims), members),
            "observed": (dims, observed),
            "training_rmse": ("pixel", np.full(N_PIXELS, noise)),
        },
        coords={
            "predictor": names,
            "pixel": np.arange(N_PIXELS),
            "row": ("pixel", np.arange(N_PIXELS) * 20),
            "column": ("pixel", np.zeros(N_PIXELS, int)),
        },
    )
    if draws:
        of_draws = mean + 0.1 * doubt * random.normal(size=(draws, *size))
        made["dropout_moisture"] = ("draw", *dims), of_draws
    return made


def test_an_honest_spread_covers_what_it_says_and_a_small_one_less():
    found = calibration(result(), n_replicates=50)
    assert found["level"].values.tolist() == list(LEVELS)
    honest = found["coverage"].sel(way="ensemble").values
    np.testing.assert_allclose(honest, LEVELS, atol=0.03)
    assert (found["coverage"].sel(way="dropout") < 0.3).all()
    assert found["crps"].sel(way="ensemble") < found["crps"].sel(way="dropout")
    assert (found["coverage_low"] <= found["coverage_high"]).all()


def test_wide_intervals_are_those_that_err_more():
    found = calibration(result(), n_replicates=5).sel(way="ensemble")
    assert found.sizes["bin"] == BINS
    assert (found["spread"].diff("bin") > 0).all()
    np.testing.assert_allclose(found["error"], found["spread"], rtol=0.25)


def test_misfit_of_training_mends_a_spread_that_knows_no_noise():
    found = calibration(result(noise=NOISE_SIZE), n_replicates=5)["coverage"].sel(level=0.8)
    assert found.sel(way="ensemble") < 0.7
    assert found.sel(way="ensemble" + NOISE).item() == pytest.approx(0.8, abs=0.03)


def test_misfit_is_added_in_square_and_taken_from_the_others_where_unknown():
    made = result(noise=NOISE_SIZE)
    made["training_rmse"][4] = np.nan
    deviation = spreads(made)["deviation"]
    alone, both = (deviation.sel(way=name) for name in ("ensemble", "ensemble" + NOISE))
    np.testing.assert_allclose(both, np.hypot(alone, NOISE_SIZE), rtol=1e-6)


def test_one_network_without_draws_states_no_uncertainty():
    made = result(n_networks=1, draws=0)
    assert spreads(made).sizes["way"] == 0
    assert calibration(made).sizes["way"] == 0
