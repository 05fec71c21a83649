"""The year-ahead test: what is trained on, predicted and scored, on made-up and on real pixels."""

import numpy as np
import pytest
import xarray as xr

from soilbook import schema
from soilbook.data import conus412
from soilbook.errors import DataError, DeviceError, ParameterError
from soilbook.fang2019 import runs, s2_b_model
from soilbook.fang2019.runs import METHODS, TARGET, YearAhead, read, year_ahead
from soilbook.training.sequences import MODELLED

N_PIXELS = 8
SMALL = {"networks": 2, "epochs": 2, "bootstrap": 50}


def places(seed=0):
    """Pixels whose moisture falls by a fifth a day and rises with rain; half the days observed."""
    random = np.random.default_rng(seed)
    time = np.arange("2015-04-01", "2017-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
    shape = N_PIXELS, time.size
    made = xr.Dataset(
        coords={
            "pixel": np.arange(N_PIXELS),
            "time": time,
            "row": ("pixel", np.repeat([40, 60], 4)),
            "column": ("pixel", np.tile([180, 184, 220, 240], 2)),
        }
    )
    rain = random.gamma(0.3, 8, shape) * (random.random(shape) < 0.4)
    for name in (*schema.FORCING, "wind_speed"):
        made[name] = ("pixel", "time"), random.normal(size=shape).astype(np.float32)
    made["precipitation"] = ("pixel", "time"), rain.astype(np.float32)
    for name in schema.ATTRIBUTES:
        made[name] = "pixel", random.random(N_PIXELS).astype(np.float32)
    made["flag_land_cover"] = "pixel", random.integers(1, 4, N_PIXELS).astype(np.float32)
    moisture = np.full(shape, 0.1)
    for t in range(1, time.size):
        moisture[:, t] = np.minimum(0.1 + 0.8 * (moisture[:, t - 1] - 0.1) + rain[:, t] / 200, 0.6)
    moisture[random.random(shape) < 0.5] = np.nan
    made[TARGET] = ("pixel", "time"), moisture.astype(np.float32), {"units": "m3 m-3"}
    return made.assign_attrs(source="made up", track="twin")


@pytest.fixture(scope="module")
def result():
    return year_ahead(YearAhead(**SMALL, draws=3), places=places())


def test_everything_asked_for_is_there(result):
    networks = ["network 1", "network 2", "ensemble", "mean over masks"]
    predictors = [*networks, "persistence", "climatology"]
    assert result["predictor"].values.tolist() == predictors
    assert str(result["time"].values[0])[:10] == "2016-04-01"
    assert result.sizes["time"] == 365
    assert result["dropout_moisture"].shape == (3, N_PIXELS, 365)
    np.testing.assert_allclose(
        result["moisture"].sel(predictor="mean over masks"),
        result["dropout_moisture"].mean("draw"), atol=1e-6,
    )  # fmt: skip
    assert result["training_loss"].shape == (2, 2)
    for name in ("rmse", "bias", "ubrmse", "r"):
        low, middle, high = (result[f"median_{name}{part}"] for part in ("_low", "", "_high"))
        assert ((low <= middle) & (middle <= high)).all()


def test_scores_are_those_of_the_test_year(result):
    observed = places()[TARGET].sel(time=slice("2016-04-01", None)).values
    error = result["moisture"].sel(predictor="ensemble").values - observed
    by_hand = np.sqrt(np.nanmean(error.astype(float) ** 2, axis=1))
    np.testing.assert_allclose(result["rmse"].sel(predictor="ensemble"), by_hand, rtol=1e-5)
    assert result["median_rmse"].sel(predictor="ensemble").item() == pytest.approx(
        np.median(by_hand), rel=1e-5
    )


def test_ensemble_is_the_mean_of_its_networks(result):
    moisture = result["moisture"]
    mean = (moisture.sel(predictor="network 1") + moisture.sel(predictor="network 2")) / 2
    np.testing.assert_allclose(moisture.sel(predictor="ensemble"), mean, atol=1e-6)
    assert not np.allclose(moisture[0], moisture[1])


def test_the_test_year_is_not_learned_from(result):
    other = places()
    later = other["time"] >= np.datetime64("2016-04-01")
    other[TARGET] = other[TARGET].where(~later, 0.5)
    again = year_ahead(YearAhead(**SMALL), places=other)
    for name in ("network 1", "ensemble", "climatology"):
        xr.testing.assert_equal(
            again["moisture"].sel(predictor=name), result["moisture"].sel(predictor=name)
        )


def test_the_level_that_ours_takes_off_is_that_of_the_training_years():
    one, other = places(), places()
    later = other["time"] >= np.datetime64("2016-04-01")
    other[TARGET] = other[TARGET].where(~later, 0.5)
    made = [year_ahead(YearAhead(**SMALL, method="ours"), places=each) for each in (one, other)]
    first, second = (each["moisture"].sel(predictor="ensemble") for each in made)
    xr.testing.assert_equal(first, second)


def test_weather_before_the_test_year_warms_the_memory():
    last = 365  # of training; without an observation its weather teaches nothing
    one = places()
    one[TARGET][:, last] = np.nan
    two = one.copy(deep=True)
    two["precipitation"][:, last] = one["precipitation"].values[::-1, last]  # the same mean
    first = [year_ahead(YearAhead(**SMALL), places=each)["moisture"][0] for each in (one, two)]
    apart = np.abs(first[0] - first[1]).max("pixel")
    assert apart[0] > 1e-4
    assert apart[-1] < 1e-6


def test_a_pixel_never_observed_in_training_is_predicted():
    blind = places()
    blind[TARGET][3, :366] = np.nan
    result = year_ahead(YearAhead(**SMALL), places=blind)
    moisture = result["moisture"].sel(pixel=3)
    assert np.isfinite(moisture.sel(predictor="ensemble")).all()
    assert np.isfinite(result["rmse"].sel(pixel=3, predictor="ensemble"))
    assert np.isnan(moisture.sel(predictor="climatology")).all()
    assert np.isfinite(result["median_rmse"]).all()


def test_persistence_is_the_last_observation_before_the_day():
    days = np.arange("2016-03-30", "2016-04-06", dtype="datetime64[D]").astype("datetime64[ns]")
    values = np.array([[0.1, np.nan, np.nan, 0.3, np.nan, 0.5, 0.6]])
    series = xr.DataArray(values, dims=("pixel", "time"), coords={"time": days})
    made = runs.baselines(series[:, :2], series[:, 2:])
    np.testing.assert_allclose(made["persistence"], [[0.1, 0.1, 0.3, 0.3, 0.5]])


def test_networks_have_the_level_of_each_pixel_in_training():
    learned = places()
    levels = np.linspace(0, 0.1, N_PIXELS, dtype=np.float32)[:, None]
    learned[TARGET] = learned[TARGET] + levels
    ours, paper = (
        year_ahead(YearAhead(method=method, **SMALL), places=learned)
        for method in ("ours", "paper")
    )
    apart = [abs(one["bias"].sel(predictor="ensemble")).max() for one in (ours, paper)]
    assert apart[0] < 0.02 < apart[1]


def test_neighbours_are_near_in_rows_and_in_columns():
    at = xr.Dataset(coords={"row": ("pixel", [0, 11, 12, 0]), "column": ("pixel", [0, 11, 0, 12])})
    first, same, below, beside = runs.neighbours(at)
    assert first == same and len({first, below, beside}) == 3


def test_misfit_is_the_mean_over_observed_days_and_none_where_there_is_none():
    observed = np.array([[0.1, np.nan, 0.3], [np.nan] * 3])
    predicted = np.full((2, 2, 3), 0.25)
    found = runs.misfit(observed, predicted)
    np.testing.assert_allclose(found, [[0.05, 0.0]] * 2)


def test_interval_of_a_median_covers_grouped_values():
    # Groups of ten equal pixels: ten times as many pixels say nothing more.
    random = np.random.default_rng(1)
    values, groups = np.repeat(random.normal(size=30), 10), np.repeat(np.arange(30), 10)
    grouped = runs.median_interval(values, groups)
    single = runs.median_interval(values, np.arange(300))
    assert grouped[0] == single[0] == np.median(values)
    assert grouped[2] - grouped[1] > 1.8 * (single[2] - single[1])


def test_median_leaves_out_pixels_without_a_score():
    values = np.array([1.0, np.nan, 3.0, 2.0])
    assert runs.median_interval(values, np.arange(4))[0] == 2.0


def test_the_default_is_the_papers_method():
    assert YearAhead().method == "paper"
    assert METHODS["paper"].optimiser == "adadelta" and METHODS["paper"].dropout == 0.1
    assert YearAhead(epochs=3, networks=5).members()[4].seed == 4
    at_paper = YearAhead(profile="paper")
    assert at_paper.sequence == METHODS["paper"]
    assert at_paper.but(method="ours").sequence == METHODS["ours"].but(epochs=120)


def test_the_papers_method_is_told_what_section_ii_a_names_and_ours_more():
    paper, ours, guided = (runs.METHOD_INPUTS[name] for name in ("paper", "ours", "guided"))
    assert set(paper.forcing) == {
        "precipitation", "air_temperature", "longwave", "shortwave", "specific_humidity",
        "wind_speed",
    }  # fmt: skip
    assert set(paper.attributes) == set(schema.ATTRIBUTES) - {"ndvi", "flag_albedo"}
    assert not paper.season and paper.rain == "none"
    assert {*s2_b_model.STATISTICS} < {*ours.attributes} and ours.season
    assert {*guided.forcing} - {*ours.forcing} == {*MODELLED}


def test_what_smap_said_of_a_pixel_reaches_ours_but_not_the_papers_method():
    """Between two pixels with the same weather and attributes only their own SMAP can tell."""
    alike = places()
    for name in alike:
        if name != TARGET:
            alike[name].values[1] = alike[name].values[0]
    alike[TARGET][1] += 0.1
    settings = {"networks": 1, "epochs": 5, "bootstrap": 10}
    for method, apart in (("paper", False), ("ours", True)):
        made = year_ahead(YearAhead(method=method, **settings), places=alike)["moisture"][0]
        assert (abs(made[1] - made[0]).max() > 1e-3) == apart


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"method": "adadelta"}, "unknown method 'adadelta'; allowed: paper, ours, guided"),
        ({"networks": 0}, "networks is 0; allowed: 1 or more"),
        ({"draws": -1}, "draws is -1; allowed: 0 or more"),
        ({"train_years": (2015,), "test_year": 2017}, "allowed: years that follow one another"),
        ({"train_years": ()}, "training years none and test year 2016"),
        ({"epochs": 0}, "epochs is 0; allowed: 1 or more"),
    ],
)
def test_impossible_settings(asked, line):
    with pytest.raises(ParameterError, match=line):
        YearAhead(**asked)


def test_device_that_is_absent(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DeviceError, match="device 'cuda' is not there"):
        year_ahead(YearAhead(device="cuda"), places=places())


def test_a_day_without_weather():
    broken = places()
    broken["longwave"][2, 40] = np.nan
    with pytest.raises(DataError, match="'longwave' is missing at pixel 2 on 2015-05-11"):
        year_ahead(YearAhead(**SMALL), places=broken)


def test_a_record_that_ends_too_early():
    with pytest.raises(DataError, match="275 days from 2016-04-01 to 2017-03-31"):
        year_ahead(YearAhead(**SMALL), places=places().sel(time=slice(None, "2016-12-31")))


def test_nothing_observed_in_training():
    blind = places()
    blind[TARGET][:, :366] = np.nan
    with pytest.raises(DataError, match="'sm_smap' has no observation to learn from"):
        year_ahead(YearAhead(**SMALL), places=blind)


def test_a_guided_network_sees_what_models_make_of_the_weather(monkeypatch):
    def at_pixels(pixels, steps):
        """Moisture that the models made: the pixels' own, known on all days."""
        filled = pixels[TARGET].interpolate_na("time", fill_value="extrapolate")
        layers = xr.concat(
            [filled, filled], xr.DataArray(["surface", "rootzone"], dims="layer", name="layer")
        )
        return xr.Dataset({"Noah": layers, "VIC": layers})

    monkeypatch.setattr(runs.rooms, "at_pixels", at_pixels)
    settings = {"networks": 1, "epochs": 40, "bootstrap": 50}
    guided, plain = (
        year_ahead(YearAhead(method=method, **settings), places=places())
        for method in ("guided", "ours")
    )
    # The models tell all that there is to know.
    apart = s2_b_model.differences(
        guided.sel(predictor="network 1"), plain.sel(predictor="network 1"), n_replicates=50
    ).set_index("metric")
    assert apart.loc["r", "difference"] > 0.01 and apart.loc["r", "n_better"] > N_PIXELS / 2
    assert apart.loc["ubrmse", "difference"] < 0 and apart.loc["ubrmse", "n"] == N_PIXELS


def test_differences_are_paired_by_pixel():
    random = np.random.default_rng(0)
    rows = {"row": ("pixel", np.arange(40) * 12), "column": ("pixel", np.full(40, 100))}
    hard = random.random(40)  # pixels differ far more than the two predictors
    one, other = (
        xr.Dataset({name: ("pixel", hard + add) for name in ("rmse", "ubrmse", "r")}, rows)
        for add in (0.01, 0.0)
    )
    made = s2_b_model.differences(one, other, n_replicates=50).set_index("metric")
    np.testing.assert_allclose(made[["difference", "low", "high"]], 0.01)
    assert made["n_better"].to_dict() == {"rmse": 0, "ubrmse": 0, "r": 40}


@pytest.mark.observed
def test_three_years_say_what_they_lack(observed_folder):
    settings = YearAhead(data="observed", train_years=(2015, 2016), test_year=2017)
    with pytest.raises(DataError, match=r"2017/SMAP_AM\.csv: no such file; sm_smap ends on 31 Mar"):
        read(settings)


@pytest.mark.observed
def test_the_real_pixels_are_read_for_all_methods(observed_folder):
    for method in METHODS:
        data = read(YearAhead(data="observed", method=method))
        assert data.sizes == {"pixel": 412, "time": 731}
    training, test = data[TARGET][:, :366], data[TARGET][:, 366:]
    made = runs.baselines(training, test)
    scores = runs.score(test, made, n_replicates=20)
    # Yesterday's moisture, known to no prolongation, against the season alone.
    median = scores["median_r"]
    assert median.sel(predictor="climatology") < median.sel(predictor="persistence") < 0.9
    assert conus412.PRODUCT in str(conus412.files_of(observed_folder)[0])


def test_numbers_left_open_are_those_of_the_profile():
    smoke = YearAhead(profile="smoke", networks=None)
    assert (smoke.networks, smoke.sequence.epochs, smoke.bootstrap) == (1, 2, 100)
    assert smoke.but(method="ours", epochs=7).sequence.epochs == 7
    with pytest.raises(ParameterError, match="unknown profile 'huge'"):
        YearAhead(profile="huge")
