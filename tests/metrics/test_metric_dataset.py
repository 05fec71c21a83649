"""The xarray side of the scores."""

import numpy as np
import pytest
import xarray as xr

from soilbook import metrics
from soilbook.errors import DataError, ParameterError

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def observed():
    values = np.random.default_rng(0).uniform(0.1, 0.4, (2, 3, 50))
    values[1, 2] = 0.2
    values[0, 0, :5] = np.nan
    coords = {"site": ["A", "B"], "depth": [0.05, 0.1, 0.2], "time": np.arange(50)}
    return xr.DataArray(values, coords, ("site", "depth", "time"), attrs={"units": "m3 m-3"})


@pytest.fixture
def predicted(observed):
    return xr.concat([observed + 0.01, observed * 0.9 + 0.02], "model").assign_coords(
        model=["x", "y"]
    )


def test_labels_units_and_values_are_kept(observed, predicted):
    found = metrics.score(observed, predicted.transpose("time", ...), metrics=["rmse", "r2"])
    assert set(found["rmse"].dims) == {"site", "depth", "model"}
    assert found["rmse"].attrs["units"] == "m3 m-3"
    assert found["r2"].attrs["units"] == "1"
    one = found.sel(site="B", depth=0.1, model="y")
    expected = metrics.rmse(
        observed.sel(site="B", depth=0.1), predicted.sel(site="B", depth=0.1, model="y")
    )
    assert float(one["rmse"]) == pytest.approx(expected)
    assert int(found["n_pairs"].sel(site="A", depth=0.05, model="x")) == 45


def test_every_metric_runs_with_its_argument(observed, predicted):
    found = metrics.score(
        observed,
        predicted,
        metrics=metrics.METRICS,
        reference=observed.shift(time=1),
        climatology=observed.mean("time").expand_dims(time=observed["time"]),
    )
    assert set(metrics.METRICS) < set(found)
    np.testing.assert_allclose(found["anomaly_r"], found["r"])


def test_why_a_score_is_nan_is_told(observed, predicted):
    found = metrics.score(observed, predicted)
    flat = found.sel(site="B", depth=0.2, model="x")
    assert np.isnan(flat["r2"]) and np.isnan(flat["r"]) and float(flat["rmse"]) > 0
    names = found["undefined"].attrs["flag_meanings"].split()
    assert names[int(flat["undefined"])] == "observed_is_constant"
    assert names[int(found["undefined"].sel(site="A", depth=0.05, model="x"))] == "defined"


def test_bad_input_is_one_line(observed, predicted):
    with pytest.raises(ParameterError, match="unknown metric 'nse'; allowed: r2"):
        metrics.score(observed, predicted, metrics=["nse"])
    with pytest.raises(ParameterError, match="needs the argument 'reference'"):
        metrics.score(observed, predicted, metrics=["skill"])
    with pytest.raises(ParameterError, match="unknown dimension of observed 'day'"):
        metrics.score(observed, predicted, dim="day")
    with pytest.raises(DataError, match="do not fit") as caught:
        metrics.score(observed, predicted.isel(site=[1, 0]))
    assert "\n" not in str(caught.value)
