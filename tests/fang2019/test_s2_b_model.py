"""The chapter on the network: tables, pixels left out, stated doubt, and figures."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm

from soilbook import schema
from soilbook.fang2019 import runs, s2_b_model
from soilbook.fang2019.runs import TARGET, YearAhead
from soilbook.fang2019.s2_b_model import BINS, LEVELS, NOISE, calibration, spreads
from soilbook.models.prolongation import Prolongation

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
    # From bound to bound: of a normal deviation, 1.25 times DEVIATION on average.
    width = 2 * norm.ppf((1 + np.array(LEVELS)) / 2) * 1.25 * DEVIATION
    np.testing.assert_allclose(found["width"].sel(way="ensemble"), width, rtol=0.03)


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


def test_every_pixel_is_scored_and_none_by_what_was_learnt_of_it():
    made = s2_b_model.left_out_scores(YearAhead(**SMALL), places=places())
    assert made["fold"].values.tolist() == [0, 0, 1, 1, 2, 2]
    assert all(np.isfinite(made[name]).all() for name in ("rmse", "bias", "ubrmse", "r"))
    # What SMAP said of the first two pixels in the training year must not matter to their scores,
    # but for the others, which learnt from it.
    changed = places()
    changed[TARGET][:2, :366] += 0.2
    again = s2_b_model.left_out_scores(YearAhead(**SMALL), places=changed)
    out = made["fold"].values == 0
    np.testing.assert_array_equal(made["rmse"][out], again["rmse"][out])
    assert (made["rmse"][~out] != again["rmse"][~out]).all()


def test_the_mean_of_the_networks_counts():
    one, two = (
        s2_b_model.left_out_scores(YearAhead(**SMALL | {"networks": n}), places=places())
        for n in (1, 2)
    )
    assert (one["rmse"] != two["rmse"]).any()


def test_the_nearest_pixel_is_found_on_the_grid():
    known = places().isel(pixel=[0, 2, 5])
    near = s2_b_model._nearest(places().isel(pixel=[1, 3, 4]), known)
    assert near.tolist() == [0, 1, 2]
    assert runs.METHOD_INPUTS["guided"].attributes[-2:] == s2_b_model.STATISTICS


@pytest.fixture
def medians():
    """Medians of two predictors."""
    made = xr.Dataset(coords={"predictor": ["network 1", "ensemble"]})
    for metric, value in {"rmse": 0.03, "bias": 0.001, "ubrmse": 0.028, "r": 0.85}.items():
        for tail, shift in (("", 0), ("_low", -0.001), ("_high", 0.001)):
            made[f"median_{metric}{tail}"] = "predictor", np.array([1.0, 0.9]) * value + shift
    return made


def test_released_predictions_stand_below_without_an_interval(medians):
    table = s2_b_model.tidy({"paper": medians})
    here = table[table["source"] == s2_b_model.HERE]
    assert len(here) == 8 and (here["low"] < here["high"]).all()
    released = table[table["source"] == s2_b_model.PRINTED].set_index(["predictor", "metric"])
    assert released.loc[("released network", "r"), "value"] == 0.841
    assert released["low"].isna().all()


def test_one_row_a_predictor_for_reading(medians):
    table = s2_b_model.tidy({"paper": medians})
    shown = s2_b_model.side_by_side(table)
    assert shown["predictor"].tolist() == [
        "network 1",
        "ensemble",
        "released network",
        "released multi-target network",
    ]
    assert shown.loc[0, "rmse"] == "0.0300 [0.0290, 0.0310]"
    assert shown.loc[2, "bias"] == "+0.0085"


def test_each_method_is_named_and_what_is_no_network_stands_once(medians):
    other = medians.assign_coords(predictor=["ensemble", "persistence"])
    table = s2_b_model.tidy({"paper": other, "ours": other + 0.001})
    here = table[(table["source"] == s2_b_model.HERE) & (table["metric"] == "r")]
    assert here[["method", "predictor"]].to_numpy().tolist() == [
        ["paper", "ensemble"], ["", "persistence"], ["ours", "ensemble"]
    ]  # fmt: skip
    assert len(s2_b_model.side_by_side(table)) == 5


def test_methods_beside_that_of_the_settings_are_our_extensions(monkeypatch):
    monkeypatch.setattr(runs, "year_ahead", lambda one: one)
    made = s2_b_model.with_extensions(YearAhead(draws=3))
    assert list(made) == ["paper", "ours", "guided"]
    assert [one.draws for one in made.values()] == [3, 0, 0]
    assert list(s2_b_model.with_extensions(YearAhead(method="guided"))) == ["guided", "ours"]


def test_gains_are_those_over_the_method_before():
    rows = {"row": ("pixel", np.arange(5) * 12), "column": ("pixel", np.full(5, 100))}
    levels = {"paper": 0.04, "ours": 0.03, "guided": 0.035}
    results = {
        name: xr.Dataset(
            {
                one: (("predictor", "pixel"), np.full((1, 5), level))
                for one in ("rmse", "ubrmse", "r")
            },
            {"predictor": ["ensemble"], **rows},
        )
        for name, level in levels.items()
    }
    table = s2_b_model.gains(results, n_replicates=20).set_index(["methods", "metric"])
    np.testing.assert_allclose(table.loc[("ours minus paper", "rmse"), "difference"], -0.01)
    np.testing.assert_allclose(table.loc[("guided minus ours", "rmse"), "difference"], 0.005)
    assert table.loc[("ours minus paper", "ubrmse"), "n_better"] == 5 and len(table) == 6


def test_a_learning_curve_falls_and_sees_neither_test_year_nor_days_held_out():
    settings = YearAhead(method="ours", networks=1, epochs=12)
    curve = s2_b_model.learning_curve(settings, places())
    assert curve["part"].values.tolist() == ["training", "held out"]
    assert curve["epoch"].values[[0, -1]].tolist() == [1, 12]
    rmse = curve["rmse"]
    assert (rmse.isel(epoch=-1) < rmse.isel(epoch=0)).all()
    later = places()
    later[TARGET][:, 366:] = 0.4
    assert s2_b_model.learning_curve(settings, later).identical(curve)
    # What is held out is judged by and not learnt from: other values there leave the other part.
    first_half = np.arange(731) // 15 % 4 == 0
    block = runs.neighbours(places())
    hidden = places()
    hidden[TARGET] = hidden[TARGET].where(~(first_half & (block == 0)[:, None]), 0.5)
    other = s2_b_model.learning_curve(settings, hidden)["rmse"]
    np.testing.assert_array_equal(other.sel(part="training"), rmse.sel(part="training"))
    assert (other.sel(part="held out") != rmse.sel(part="held out")).all()


def test_parameters_add_up():
    table = s2_b_model.parameters({"small": Prolongation(3, 4), "large": Prolongation(5, 8)})
    table = table.set_index("part")
    # 3*4+4 | 4 gates * 4*4 | the same | 4*4 | 4+1
    assert table["small"].tolist() == [16, 64, 64, 16, 5, 165]
    assert table.loc["all", "large"] == sum(p.numel() for p in Prolongation(5, 8).parameters())
    assert isinstance(table, pd.DataFrame) and table.loc["all", "equations"] == "1-8"


@pytest.fixture
def pixels():
    """Scores of five pixels."""
    random = np.random.default_rng(0)
    coords = {"latitude": ("pixel", np.linspace(30, 45, 5))}
    coords["longitude"] = "pixel", np.linspace(-120, -80, 5)
    scores = {name: ("pixel", random.random(5)) for name in ("ubrmse", "r", "share")}
    return xr.Dataset(scores, coords)


def test_maps_show_every_pixel(pixels):
    figure = s2_b_model.maps(pixels)
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in panels] == ["(a) ubRMSE", "(b) R"]
    for axis, name in zip(panels, ("ubrmse", "r"), strict=True):
        drawn = axis.collections[-1].get_array()
        np.testing.assert_allclose(drawn, pixels[name])


def test_two_lines_for_each_method():
    labels = {"part": ["training", "held out"], "epoch": [1, 2]}
    curve = xr.Dataset({"rmse": (("part", "epoch"), [[0.1, 0.05], [0.11, 0.06]])}, labels)
    axis = s2_b_model.learning_curves({"paper": curve, "ours": curve}).axes[0]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == [
        "paper, training", "paper, held out", "ours, training", "ours, held out"
    ]  # fmt: skip
    assert axis.lines[1].get_ydata().tolist() == [0.11, 0.06]


def test_calibration_has_both_panels_for_every_way():
    ways = ["dropout", "dropout and misfit"]
    found = xr.Dataset(
        {
            "inside": (("way", "nominal"), [[0.1, 0.2], [0.5, 0.9]]),
            "spread": (("way", "bin"), [[0.01, 0.02], [0.03, 0.04]]),
            "error": (("way", "bin"), [[0.03, 0.04], [0.03, 0.04]]),
        },
        coords={"way": ways, "nominal": [0.5, 0.9]},
    )
    figure = s2_b_model.calibration_curves(found)
    held, skill = figure.axes
    assert len(held.lines) == len(skill.lines) == 3  # with the diagonal
    assert held.lines[2].get_ydata().tolist() == [0.5, 0.9]


def test_unit_shows_every_equation():
    figure = s2_b_model.lstm_unit()
    text = " ".join(text.get_text() for axis in figure.axes for text in axis.texts)
    assert all(f"eq {number}" in text for number in range(1, 9))


def test_one_lstm_by_hand_is_shown_with_its_record_its_losses_and_a_season():
    asked = YearAhead(**SMALL)
    ready = runs.prepare(asked, places())
    table = s2_b_model.instance(ready, 5)
    assert len(table) == 5 and table["sm_smap"].notna().any()
    assert {"precipitation", "air_temperature"} <= set(table)
    result = runs.year_ahead(asked, places=places())
    season = s2_b_model.season(result, 30)
    pixel = abs(
        result["r"].sel(predictor="ensemble") - result["r"].sel(predictor="ensemble").median()
    )
    one = result.isel(pixel=int(pixel.values.argmin()), time=slice(30))
    np.testing.assert_allclose(season["SMAP"], one["observed"])
    np.testing.assert_allclose(season["ensemble"], one["moisture"].sel(predictor="ensemble"))
    assert len(s2_b_model.draw_season(season).axes[0].lines) == 4
    lines = s2_b_model.losses({"by hand": [3.0, 2.0], "library": [3.0, 2.5]}).axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == [[3.0, 2.0], [3.0, 2.5]]
