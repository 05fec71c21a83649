"""Fusion, winter gaps and triple collocation on places whose truth and errors are known."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import metrics
from soilbook.errors import ParameterError
from soilbook.fang2019 import hindcast as hindcast_of_study
from soilbook.fang2019 import retrievals
from soilbook.fang2019 import s3_d_discussion as section

DAYS = np.arange("2013-04-01", "2017-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
N_PLACES = 12
ERROR = {"SMAP": 0.03, "LSTM": 0.02, "Noah": 0.05, "VIC": 0.05}
STATION = 0.01


def hindcast(error=ERROR, n_places=N_PLACES, seed=0):
    """A result of the hindcast's shape: one truth, errors from day to day, each with a bias; SMAP
    every third day and never in winter at the first half of the places."""
    random = np.random.default_rng(seed)
    shape = 2, n_places, DAYS.size
    season = np.cos(2 * np.pi * np.arange(DAYS.size) / 365.25)
    noise = random.standard_normal(shape).cumsum(-1)
    noise -= noise.mean(-1, keepdims=True)
    truth = 0.25 + 0.05 * season + 0.03 * noise / noise.std(-1, keepdims=True)
    names = ["SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "climatology"]
    sm = {
        name: truth + 0.1 * random.random((2, n_places, 1)) + size * random.standard_normal(shape)
        for name, size in error.items()
    }
    sm["Comb"] = (sm["LSTM"] + sm["Noah"]) / 2
    sm["Noah+VIC"] = (sm["Noah"] + sm["VIC"]) / 2
    sm["climatology"] = np.broadcast_to(0.25 + 0.05 * season, shape)
    winter = np.isin(DAYS.astype("datetime64[M]").astype(int) % 12, (11, 0, 1))
    unseen = (np.arange(DAYS.size) % 3 != 0) | (DAYS < np.datetime64("2015-04-01"))
    sm["SMAP"] = np.where(unseen, np.nan, sm["SMAP"])
    sm["SMAP"][:, : n_places // 2, winter] = np.nan
    made = xr.Dataset(
        {
            "sm": (("product", "layer", "place", "time"), np.stack([sm[n] for n in names])),
            "insitu": (
                ("layer", "place", "time"),
                truth + STATION * random.standard_normal(shape),
            ),
        },
        coords={
            "product": names,
            "layer": ["surface", "rootzone"],
            "place": [f"place {k}" for k in range(n_places)],
            "time": DAYS,
            "period": ("time", np.where(DAYS < np.datetime64("2015-04-01"), "PL", "AL")),
            "latitude": ("place", np.linspace(30, 48, n_places)),
            "longitude": ("place", np.linspace(-120, -80, n_places)),
            "distance_km": ("place", np.linspace(5, 60, n_places)),
        },
        attrs={"data": "twin", "kind": "sparse"},
    )
    return made, made["insitu"].copy(data=truth)


@pytest.fixture(scope="module")
def result():
    return hindcast()[0]


@pytest.fixture(scope="module")
def fused(result):
    return section.fuse(result)


def test_weights_follow_the_errors_and_beat_the_plain_mean(fused):
    inverse = np.array([1 / (ERROR[name] ** 2 + STATION**2) for name in section.MEMBERS])
    found = fused["weight"].sel(scheme="inverse error variance")
    np.testing.assert_allclose(
        found, np.broadcast_to(inverse / inverse.sum(), found.shape), atol=0.05
    )
    np.testing.assert_allclose(fused["weight"].sum("member"), 1)
    # Without in situ the station's own error is not charged to the members.
    alone = fused["weight"].sel(scheme="triple collocation").mean(("layer", "place"))
    exact = np.array([1 / ERROR[name] ** 2 for name in section.MEMBERS])
    np.testing.assert_allclose(alone, exact / exact.sum(), atol=0.05)
    table = section.paired(fused)
    assert len(table) == 3 * 2
    smallest = table.groupby("layer")[["p", "p_corrected"]].min()  # Holm over three schemes
    assert np.allclose(smallest["p_corrected"], 3 * smallest["p"])
    for scheme in ("inverse error variance", "triple collocation"):
        rows = table[table["scheme"] == scheme]
        assert (rows["verdict"] == "better").all() and (rows["high"] < 0).all()


def test_merged_error_is_what_the_weights_promise(fused):
    inverse = np.array([1 / (ERROR[name] ** 2 + STATION**2) for name in section.MEMBERS])
    w = inverse / inverse.sum()
    members = sum((w[k] * ERROR[name]) ** 2 for k, name in enumerate(section.MEMBERS))
    found = fused["ubrmse"].sel(product="inverse error variance").median()
    assert float(found) == pytest.approx(np.sqrt(members + STATION**2), rel=0.05)


def test_bias_of_the_first_period_is_taken_from_the_second(fused):
    bias = np.sqrt(fused["rmse"] ** 2 - fused["ubrmse"] ** 2).sel(product=list(ERROR)[1:])
    assert float(bias.max()) < 0.01


def test_equal_members_leave_nothing_to_gain():
    same = dict.fromkeys(ERROR, 0.03)
    table = section.paired(section.fuse(hindcast(same)[0]))
    assert (abs(table["difference"]) < 0.001).all()


def test_hindsight_is_no_worse_for_the_scheme_that_minimises_the_error(fused):
    inverse = {"product": "inverse error variance"}
    found, known = (fused[name].sel(inverse) for name in ("rmse", "hindsight_rmse"))
    assert float(known.mean()) <= float(found.mean())


def test_averaged_intervals_hold_as_many_days_as_they_say(fused):
    np.testing.assert_allclose(fused["coverage"].mean(), section.COVERAGE, atol=0.06)


def test_places_without_days_are_left_out_and_failed_schemes_are_named(result):
    thin = result.copy(deep=True)
    thin["insitu"][0, 0, : DAYS.size // 2] = np.nan
    thin["sm"].loc[{"product": "VIC", "place": "place 1", "layer": "surface"}] = 0.2
    fused = section.fuse(thin)
    assert fused["r"].sel(layer="surface", place="place 0").isnull().all()
    at = fused.sel(layer="surface", place="place 1")
    assert at["reason"].sel(scheme="triple collocation") == "constant product"
    np.testing.assert_allclose(at["weight"].sel(scheme="triple collocation"), 1 / 3)
    shown = section.fused_table(fused).set_index(["layer", "product"])
    assert shown.loc[("surface", "triple collocation"), "n_equal_instead"] == 1
    assert shown.loc[("surface", "LSTM"), "n_places"] == N_PLACES - 1


def test_periods_are_checked(result):
    for periods in (("2015", "PL"), ("AL", "AL")):
        with pytest.raises(ParameterError, match="allowed: AL and PL, or PL and AL"):
            section.fuse(result, *periods)


def test_months_with_few_retrievals_are_found_and_scored(result):
    shares = retrievals.share_of_retrievals(result)
    np.testing.assert_allclose(shares.sel(month=[1, 12]).isel(place=slice(0, 6)), 0)
    np.testing.assert_allclose(shares.sel(month=7), 1 / 3, atol=0.05)
    noisy = result.copy(deep=True)
    winter = noisy["time.month"].isin([12, 1, 2])
    random = np.random.default_rng(1)
    more = 0.06 * random.standard_normal(noisy["sm"].sel(product="LSTM").shape)
    noisy["sm"].loc[{"product": "LSTM"}] += np.where(winter, more, 0)
    scores = retrievals.by_retrievals(noisy)
    assert scores["part"].values.tolist() == list(retrievals.FEW)
    # Every place has months of its own in a part, or none.
    assert scores["ubrmse"].sel(part="under 10 %").isel(place=slice(6, None)).isnull().all()
    lost, kept = (retrievals.apart(scores, "ubrmse", name) for name in ("LSTM", "Noah"))
    assert (lost.dropna("place") > 0.03).all() and lost.notnull().sum() == 6
    assert (abs(kept.dropna("place")) < 0.01).all()
    calm = scores["oscillation"].sel(product="LSTM", part="30 % and more").mean()
    assert scores["oscillation"].sel(product="LSTM", part="under 10 %").mean() > 2 * calm


def test_seasons_hold_all_days_and_the_truth_may_be_the_reference(result):
    scores = retrievals.by_season(result)
    assert int(scores["n_days"].isel(product=0, place=0).sum()) == DAYS.size
    truth = hindcast()[1].sel(layer="surface")
    against = retrievals.by_season(result, reference=truth)["ubrmse"].sel(product="LSTM")
    np.testing.assert_allclose(against.mean(), ERROR["LSTM"], rtol=0.05)
    table = hindcast_of_study.paired(scores, "ubrmse", "LSTM", "Noah")
    assert (table["verdict"] == "better").all() and (table["n_places"] == N_PLACES).all()
    means = retrievals.means(scores, "ubrmse", 200)
    assert ((means["low"] <= means["value"]) & (means["value"] <= means["high"])).all()


def test_collocation_finds_the_errors_and_holds_the_truth(result):
    truth = hindcast()[1]
    found = section.collocate(result, truth=truth, n_replicates=200)
    errors = np.array([ERROR["SMAP"], ERROR["Noah"], STATION])
    np.testing.assert_allclose(found["error"].median("place")[:2], errors[:2], rtol=0.1)
    np.testing.assert_allclose(found["error_known"].median("place"), errors, rtol=0.1)
    np.testing.assert_allclose(
        found["r_truth"].median("place"), found["r_known"].median("place"), atol=0.05
    )
    assert (found["n_days"] <= 244).all()
    shown = section.collocated_table(found).set_index("product")
    assert shown.loc["SMAP", "share_r_held"] > 0.7
    assert int(section.reasons_table(found)["n_places"].sum()) == N_PLACES


def test_observed_places_far_from_the_pixel_take_no_part(result):
    observed = result.assign_attrs(data="observed")
    found = section.collocate(observed, n_replicates=50)
    near = result["place"].values[result["distance_km"].values <= section.NEAREST]
    assert found["place"].values.tolist() == near.tolist() and 0 < near.size < N_PLACES
    assert "r_known" not in found and "station's own weather" in found.attrs["assumed"]


def test_anomalies_leave_the_season_out(result):
    found = section.collocate(result, anomalies=True, n_replicates=50)
    raw = section.collocate(result, n_replicates=50)
    assert float(found["r_truth"].sel(product="SMAP").median()) < float(
        raw["r_truth"].sel(product="SMAP").median()
    )
    assert metrics.METRICS["r"].units == raw["r_truth"].attrs["units"]


def test_tables_of_the_page_hold_all_parts_and_the_truth_where_known(result):
    scores = retrievals.by_retrievals(result)
    table = retrievals.season_table(scores, 50)
    assert table["part"].unique().tolist() == list(retrievals.FEW)
    assert ((table["ubrmse_low"] <= table["ubrmse"]) | table["ubrmse"].isna()).all()
    shares = table.groupby("part")["share_seen"].first()
    assert shares["under 10 %"] < 0.1 and shares["30 % and more"] > 0.3
    truth = hindcast()[1]
    assert len(retrievals.winter_panels(scores, result, None, 50)) == 2
    panels = retrievals.winter_panels(scores, result, truth, 50)
    against_truth = panels["ubRMSE against the truth, all days"].set_index(["part", "product"])
    found = against_truth.loc[("30 % and more", "Noah"), "value"]
    assert found == pytest.approx(ERROR["Noah"], rel=0.05)


PREDICTORS = list(section.LOOKS)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def forecast() -> xr.Dataset:
    """Five predictors, three leads, four pixels; the forecast is 0.01 better than the hindcast."""
    level = np.array([0.02, 0.025, 0.03, 0.035, 0.05])[:, None] + 0.001 * np.arange(3)
    made = xr.Dataset(coords={"predictor": PREDICTORS, "lead": [1, 3, 7]})
    for name in ("median_rmse", "median_r", "difference_rmse"):
        for part, shift in (("", 0), ("_low", -0.002), ("_high", 0.002)):
            made[name + part] = ("predictor", "lead"), level + shift
    made["rmse"] = ("predictor", "lead", "pixel"), level[..., None] * np.ones(4)
    return made.assign_coords(
        longitude=("pixel", [-120.0, -110, -100, -90]), latitude=("pixel", [30.0, 35, 40, 45])
    )


def test_every_predictor_has_a_line_and_the_forecast_none_against_itself(forecast):
    figure = section.by_lead(forecast)
    scores, _, differences = figure.axes
    assert [line.get_label() for line in scores.lines] == PREDICTORS
    np.testing.assert_allclose(scores.lines[2].get_ydata(), forecast["median_rmse"][2])
    assert "forecast" not in [line.get_label() for line in differences.lines]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == PREDICTORS


def test_map_is_blue_where_the_forecast_is_better(forecast):
    figure = section.gain_map(forecast, 3)
    dots = figure.axes[0].collections[-1]
    np.testing.assert_allclose(dots.get_array(), 0.01)
    red, _, blue, _ = dots.cmap(dots.norm(0.01))
    assert blue > red


def test_winter_panels_keep_the_order_of_the_parts():
    frame = pd.DataFrame(
        {
            "part": ["under 10 %"] * 2 + ["30 % and more"] * 2,
            "product": ["LSTM", "Noah"] * 2,
            "value": [0.06, 0.05, 0.04, np.nan],
            "low": [0.05, 0.04, 0.03, np.nan],
            "high": [0.07, 0.06, 0.05, np.nan],
        }
    )
    figure = section.winter_figure({"ubRMSE": frame, "oscillation": frame})
    assert len(figure.axes) == 2
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_xticklabels()] == ["under 10 %", "30 % and more"]
    np.testing.assert_allclose(
        np.asarray(axis.containers[0].lines[0].get_ydata(), float), [0.06, 0.04]
    )
    assert axis.get_title(loc="left") == "(a) ubRMSE"


def test_fusion_shows_the_mean_gain_with_its_interval():
    schemes, members = ["plain mean", "inverse error variance", "BMA"], ["LSTM", "Noah", "VIC"]
    coords = {
        "scheme": schemes, "member": members, "product": members + schemes,
        "layer": ["surface"], "place": ["a", "b", "c"],
    }  # fmt: skip
    fused = xr.Dataset(coords=coords)
    fused["weight"] = ("scheme", "layer", "place", "member"), np.full((3, 1, 3, 3), 1 / 3)
    fused["ubrmse"] = ("product", "layer", "place"), np.full((6, 1, 3), 0.04)
    paired = pd.DataFrame(
        {"layer": "surface", "scheme": schemes[1:], "difference": [-0.002, 0.001],
         "low": [-0.003, 0.0], "high": [-0.001, 0.002]}
    )  # fmt: skip
    left, right = section.fusion_figure(fused, paired).axes
    names = [text.get_text() for text in right.get_xticklabels()]
    assert names == ["inverse\nerror variance", "BMA"]
    means = [bar.lines[0].get_ydata()[0] for bar in right.containers]
    np.testing.assert_allclose(means, [-0.002, 0.001])
    assert [text.get_text() for text in left.get_legend().get_texts()] == members


@pytest.mark.parametrize("known", [True, False])
def test_collocation_shows_answers_alone_and_the_truth_where_known(known):
    found = xr.Dataset(coords={"product": ["SMAP", "Noah", "in situ"], "place": list("abc")})
    values = np.array([[0.05, 0.02, 0.03], [0.02, 0.04, 0.03], [np.nan] * 3])
    for name in ("error", "r_truth"):
        for part, shift in (("", 0), ("_low", -0.01), ("_high", 0.01)):
            found[name + part] = ("place", "product"), values + shift
    if known:
        found["error_known"] = found["r_known"] = ("place", "product"), values
    found["reason"] = "place", ["", "", "constant product"]
    axes = section.collocation_figure(found).axes
    assert len(axes) == 6
    assert len(axes[0].lines) == 1 + known
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), [0.02, 0.05])
