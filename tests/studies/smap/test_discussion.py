"""Fusion, winter gaps and triple collocation on places whose truth and errors are known."""

import numpy as np
import pytest
import xarray as xr

from soilbook import metrics
from soilbook.data import twin_smap
from soilbook.errors import DataError, ParameterError
from soilbook.store import Store
from soilbook.studies.smap import collocations, fusion, place_truth, seasons

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
    return fusion.fuse(result)


def test_weights_follow_the_errors_and_beat_the_plain_mean(fused):
    inverse = np.array([1 / (ERROR[name] ** 2 + STATION**2) for name in fusion.MEMBERS])
    found = fused["weight"].sel(scheme="inverse error variance")
    np.testing.assert_allclose(
        found, np.broadcast_to(inverse / inverse.sum(), found.shape), atol=0.05
    )
    np.testing.assert_allclose(fused["weight"].sum("member"), 1)
    # Without in situ the station's own error is not charged to the members.
    alone = fused["weight"].sel(scheme="triple collocation").mean(("layer", "place"))
    exact = np.array([1 / ERROR[name] ** 2 for name in fusion.MEMBERS])
    np.testing.assert_allclose(alone, exact / exact.sum(), atol=0.05)
    table = fusion.paired(fused)
    assert len(table) == 3 * 2
    for scheme in ("inverse error variance", "triple collocation"):
        rows = table[table["scheme"] == scheme]
        assert (rows["verdict"] == "better").all() and (rows["high"] < 0).all()


def test_merged_error_is_what_the_weights_promise(fused):
    inverse = np.array([1 / (ERROR[name] ** 2 + STATION**2) for name in fusion.MEMBERS])
    w = inverse / inverse.sum()
    members = sum((w[k] * ERROR[name]) ** 2 for k, name in enumerate(fusion.MEMBERS))
    found = fused["ubrmse"].sel(product="inverse error variance").median()
    assert float(found) == pytest.approx(np.sqrt(members + STATION**2), rel=0.05)
    assert (fused["n_days"] == 730).all()


def test_bias_of_the_first_period_is_taken_from_the_second(fused):
    bias = np.sqrt(fused["rmse"] ** 2 - fused["ubrmse"] ** 2).sel(product=list(ERROR)[1:])
    assert float(bias.max()) < 0.01


def test_equal_members_leave_nothing_to_gain():
    same = dict.fromkeys(ERROR, 0.03)
    table = fusion.paired(fusion.fuse(hindcast(same)[0]))
    assert (abs(table["difference"]) < 0.001).all()


def test_hindsight_is_no_worse_for_the_scheme_that_minimises_the_error(fused):
    inverse = {"product": "inverse error variance"}
    found, known = (fused[name].sel(inverse) for name in ("rmse", "hindsight_rmse"))
    assert float(known.mean()) <= float(found.mean())


def test_averaged_intervals_hold_as_many_days_as_they_say(fused):
    np.testing.assert_allclose(fused["coverage"].mean(), fusion.COVERAGE, atol=0.06)


def test_places_without_days_are_left_out_and_failed_schemes_are_named(result):
    thin = result.copy(deep=True)
    thin["insitu"][0, 0, : DAYS.size // 2] = np.nan
    thin["sm"].loc[{"product": "VIC", "place": "place 1", "layer": "surface"}] = 0.2
    fused = fusion.fuse(thin)
    assert fused["r"].sel(layer="surface", place="place 0").isnull().all()
    at = fused.sel(layer="surface", place="place 1")
    assert at["reason"].sel(scheme="triple collocation") == "constant product"
    np.testing.assert_allclose(at["weight"].sel(scheme="triple collocation"), 1 / 3)
    shown = fusion.summary(fused).set_index(["layer", "product"])
    assert shown.loc[("surface", "triple collocation"), "n_equal_instead"] == 1
    assert shown.loc[("surface", "LSTM"), "n_places"] == N_PLACES - 1


def test_periods_and_members_are_checked(result):
    with pytest.raises(ParameterError, match="allowed: AL, PL"):
        fusion.fuse(result, "2015")
    with pytest.raises(ParameterError, match="two periods"):
        fusion.fuse(result, "AL", "AL")
    with pytest.raises(DataError, match="no product 'VIC'"):
        fusion.fuse(result.drop_sel(product="VIC"))


def test_months_with_few_retrievals_are_found_and_scored(result):
    shares = seasons.share_of_retrievals(result)
    np.testing.assert_allclose(shares.sel(month=[1, 12]).isel(place=slice(0, 6)), 0)
    np.testing.assert_allclose(shares.sel(month=7), 1 / 3, atol=0.05)
    noisy = result.copy(deep=True)
    winter = noisy["time.month"].isin([12, 1, 2])
    random = np.random.default_rng(1)
    more = 0.06 * random.standard_normal(noisy["sm"].sel(product="LSTM").shape)
    noisy["sm"].loc[{"product": "LSTM"}] += np.where(winter, more, 0)
    scores = seasons.by_retrievals(noisy)
    assert scores["part"].values.tolist() == list(seasons.FEW)
    # Every place has months of its own in a part, or none.
    assert scores["ubrmse"].sel(part="under 10 %").isel(place=slice(6, None)).isnull().all()
    lost = seasons.apart(scores, "ubrmse", "LSTM", "under 10 %", "30 % and more")
    assert lost.low > 0.03
    assert abs(seasons.apart(scores, "ubrmse", "Noah", "under 10 %", "30 % and more").value) < 0.01
    calm = scores["oscillation"].sel(product="LSTM", part="30 % and more").mean()
    assert scores["oscillation"].sel(product="LSTM", part="under 10 %").mean() > 2 * calm


def test_seasons_hold_all_days_and_the_truth_may_be_the_reference(result):
    scores = seasons.by_season(result)
    assert int(scores["n_days"].isel(product=0, place=0).sum()) == DAYS.size
    truth = hindcast()[1].sel(layer="surface")
    against = seasons.by_season(result, reference=truth)["ubrmse"].sel(product="LSTM")
    np.testing.assert_allclose(against.mean(), ERROR["LSTM"], rtol=0.05)
    table = seasons.paired(scores, "ubrmse")
    assert (table["verdict"] == "better").all() and (table["n_places"] == N_PLACES).all()
    means = seasons.means(scores, "ubrmse", 200)
    assert ((means["low"] <= means["value"]) & (means["value"] <= means["high"])).all()


def test_collocation_finds_the_errors_and_holds_the_truth(result):
    truth = hindcast()[1]
    found = collocations.collocate(result, truth=truth, n_replicates=200)
    errors = np.array([ERROR["SMAP"], ERROR["Noah"], STATION])
    np.testing.assert_allclose(found["error"].median("place")[:2], errors[:2], rtol=0.1)
    np.testing.assert_allclose(found["error_known"].median("place"), errors, rtol=0.1)
    np.testing.assert_allclose(
        found["r_truth"].median("place"), found["r_known"].median("place"), atol=0.05
    )
    assert (found["n_days"] <= 244).all()
    shown = collocations.summary(found).set_index("product")
    assert shown.loc["SMAP", "share_r_held"] > 0.7
    assert int(collocations.reasons(found)["n_places"].sum()) == N_PLACES


def test_observed_places_far_from_the_pixel_take_no_part(result):
    observed = result.assign_attrs(data="observed")
    found = collocations.collocate(observed, n_replicates=50)
    near = result["place"].values[result["distance_km"].values <= collocations.NEAREST]
    assert found["place"].values.tolist() == near.tolist() and 0 < near.size < N_PLACES
    assert "r_known" not in found and "station's own weather" in found.attrs["assumed"]


def test_anomalies_leave_the_season_out(result):
    found = collocations.collocate(result, anomalies=True, n_replicates=50)
    raw = collocations.collocate(result, n_replicates=50)
    assert float(found["r_truth"].sel(product="SMAP").median()) < float(
        raw["r_truth"].sel(product="SMAP").median()
    )
    assert metrics.METRICS["r"].units == raw["r_truth"].attrs["units"]


def test_tables_of_the_page_hold_all_parts_and_the_truth_where_known(result):
    scores = seasons.by_retrievals(result)
    table = seasons.table(scores, 50)
    assert table["part"].unique().tolist() == list(seasons.FEW)
    assert ((table["ubrmse_low"] <= table["ubrmse"]) | table["ubrmse"].isna()).all()
    shares = table.groupby("part")["share_seen"].first()
    assert shares["under 10 %"] < 0.1 and shares["30 % and more"] > 0.3
    truth = hindcast()[1]
    assert len(seasons.panels(scores, result, None, 50)) == 2
    panels = seasons.panels(scores, result, truth, 50)
    against_truth = panels["ubRMSE against the truth, all days"].set_index(["part", "product"])
    found = against_truth.loc[("30 % and more", "Noah"), "value"]
    assert found == pytest.approx(ERROR["Noah"], rel=0.05)


def test_coverage_of_a_layer_is_its_mean_over_places(fused):
    assert fusion.covered(fused) == pytest.approx(float(fused["coverage"][0].mean()))


def test_truth_at_the_places_is_that_of_their_pixels_and_unknown_elsewhere(result, monkeypatch):
    pixels = xr.Dataset(
        {
            name: (("pixel", "time"), np.arange(40)[:, None] + np.full(DAYS.size, shift))
            for name, shift in (("sm_surface", 0.0), ("sm_rootzone", 0.5))
        },
        coords={"pixel": np.arange(40), "time": DAYS},
    )
    monkeypatch.setattr(twin_smap, "truth", lambda seed: pixels)
    at = np.arange(N_PLACES) * 3
    placed = result.assign_coords(pixel=("place", at))
    truth = place_truth.at_places(placed, store=Forgetful())
    assert truth.dims == ("layer", "place", "time")
    np.testing.assert_array_equal(truth.sel(layer="rootzone").isel(time=7), at + 0.5)
    assert place_truth.at_places(placed.assign_attrs(data="observed")) is None


class Forgetful(Store):
    """A store that keeps nothing."""

    def made(self, key, make):
        return make()
