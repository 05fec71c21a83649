"""Scores of forecasts whose errors are known."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from soilbook import metrics
from soilbook.wang2024 import runs as scoring

N_DAYS = 40
SITES, DEPTHS = ("A", "B", "C"), (0.05, 1.0)
DIMS = ("repetition", "site", "depth", "step", "day")
CELL = dict(site="A", depth=0.05)
OBSERVED = 0.2 + 0.1 * np.sin(np.arange(N_DAYS) / 3 + np.arange(7)[:, None])  # (step, day)


def forecast(error, n_repetitions: int = 1, wetter=0.0) -> xr.Dataset:
    """A forecast with errors that broadcast to (repetition, site, depth, step, day).

    Observation and forecast are ``wetter`` by (site, depth, step, day).
    """
    shape = (n_repetitions, 3, 2, 7, N_DAYS)
    observed = np.broadcast_to(OBSERVED + wetter, shape[1:])
    made = np.broadcast_to(observed + error, shape)
    return xr.Dataset(
        {"forecast": (DIMS, made), "observed": (DIMS[1:], observed)},
        {"repetition": np.arange(n_repetitions), "site": list(SITES), "depth": list(DEPTHS)},
    )


def noise(seed: int, shape=(1, 3, 2, 7, N_DAYS), size: float = 0.02) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(size=shape)


def scored(**forecasts: xr.Dataset) -> xr.Dataset:
    """Scores of forecasts beside baselines that err by 0.1 and by chance."""
    base = {"persistence": forecast(0.1 + 0 * noise(0)), "climatology": forecast(noise(1))}
    return scoring.score({**base, **forecasts}, n_replicates=40)


BY_STEP = np.arange(1, 8)[:, None] / 100  # an error that grows by 0.01 m3 m-3 a step


@pytest.fixture(scope="module")
def growing() -> xr.Dataset:
    return scored(mine=forecast(-BY_STEP))


def test_pooled_is_the_mean_of_the_steps_up_to_the_lead_and_at_lead_the_last_of_them(growing):
    rmse = growing["site_rmse"].sel(model="mine", **CELL)
    assert rmse["lead"].values.tolist() == [1, 3, 7]
    assert rmse.sel(reading="pooled").values == pytest.approx([0.01, 0.02, 0.04])
    assert rmse.sel(reading="at_lead").values == pytest.approx([0.01, 0.03, 0.07])


def test_a_constant_error_has_the_scores_that_follow_from_it(growing):
    cell = growing.sel(model="mine", lead=7, reading="at_lead", **CELL)
    variance = OBSERVED[6].var()
    mean, deviation = OBSERVED[6].mean(), np.sqrt(variance)
    expected = {
        "r2": 1 - 0.07**2 / variance,
        "rmse": 0.07,
        "bias": -0.07,
        "ubrmse": 0,
        "r": 1,
        "kge": 1 - abs((mean - 0.07) / mean - 1),
        "skill": 1 - (0.07 / 0.1) ** 2,  # persistence errs by 0.1
    }
    assert deviation > 0.05
    for name, value in expected.items():
        assert float(cell[f"site_{name}"]) == pytest.approx(value, abs=1e-6), name
        over_sites = growing[name].sel(model="mine", depth=0.05, lead=7, reading="at_lead")
        assert float(over_sites) == pytest.approx(value, abs=1e-6), name
    for name in ("rmse", "bias", "ubrmse"):
        assert growing[name].attrs["units"] == "m3 m-3"


def test_anomalies_are_those_from_the_climatology():
    season = np.linspace(-5, 5, N_DAYS)  # large and known to both: it alone would correlate
    zigzag = np.tile([0.01, -0.01], N_DAYS // 2)
    observed = np.broadcast_to(season + zigzag, (3, 2, 7, N_DAYS))

    def made(values):
        array = np.broadcast_to(values, (1, 3, 2, 7, N_DAYS))
        return forecast(0.0).assign(forecast=(DIMS, array), observed=(DIMS[1:], observed))

    found = scoring.score(
        {
            "persistence": made(0.5 * season),
            "climatology": made(season),
            "right": made(season + 3 * zigzag),
            "turned": made(season - zigzag),
        },
        n_replicates=10,
    )["anomaly_r"]
    np.testing.assert_allclose(found.sel(model="right"), 1, atol=1e-6)
    np.testing.assert_allclose(found.sel(model="turned"), -1, atol=1e-6)


def test_repetitions_are_scored_one_by_one_and_then_averaged():
    errors = np.array([0.05, -0.05, 0.02])[:, None, None, None, None]
    found = scored(mine=forecast(errors, 3))
    cell = found.sel(model="mine", lead=3, reading="pooled", **CELL)
    assert float(cell["site_rmse"]) == pytest.approx(0.04)  # of the mean forecast it would be 0.007
    assert float(cell["site_bias"]) == pytest.approx(0.02 / 3)
    variance = OBSERVED[:3].var(1)
    expected = [(1 - error**2 / variance).mean() for error in (0.05, -0.05, 0.02)]
    assert cell["repetition_r2"].values == pytest.approx(expected)
    assert float(cell["site_r2"]) == pytest.approx(np.mean(expected))
    assert found["n_repetitions"].to_series().to_dict() == {
        "persistence": 1,
        "climatology": 1,
        "mine": 3,
    }
    assert found["repetition_r2"].sel(model="persistence", repetition=1).isnull().all()


def test_the_mean_is_over_the_sites_that_have_a_forecast():
    by_site = np.array([0.01, 0.03, 0.08])[:, None, None, None]
    part = forecast(by_site)
    part["forecast"] = part["forecast"].where(~((part["site"] == "C") & (part["depth"] == 1.0)))
    found = scored(mine=part).sel(model="mine")
    mean = found["rmse"].sel(lead=1, reading="pooled")
    assert mean.values == pytest.approx([0.04, 0.02])
    assert found["n_sites"].values.tolist() == [3, 2]
    missing = found.sel(site="C", depth=1.0)
    for name in scoring.VALUES:
        assert missing[f"site_{name}"].isnull().all(), name
    assert missing[["site_rmse_low", "site_r2_high"]].to_array().isnull().all()
    assert found[["rmse_low", "rmse_high"]].notnull().all().to_array().all()


def test_cells_of_sites_depths_and_models_stay_apart():
    error = np.arange(1, 7).reshape(3, 2, 1, 1) / 100
    found = scored(mine=forecast(error), other=forecast(2 * error))
    rmse = found["site_rmse"].sel(lead=7, reading="pooled")
    np.testing.assert_allclose(rmse.sel(model="mine"), error[..., 0, 0])
    np.testing.assert_allclose(rmse.sel(model="other"), 2 * error[..., 0, 0])
    assert found["model"].values.tolist() == ["persistence", "climatology", "mine", "other"]


SITE_BY_SITE = np.array([0, 0.5, 1])[:, None, None, None]


def noisy_scores(seed: int = 0) -> xr.Dataset:
    """Two models with the same errors, which differ between sites as the moisture does."""
    error = noise(5, (2, 3, 2, 7, N_DAYS)) * np.array([1, 2, 3])[:, None, None, None]
    made = {
        "persistence": forecast(0.1 + 0 * noise(0), wetter=SITE_BY_SITE),
        "climatology": forecast(noise(1), wetter=SITE_BY_SITE),
        "mine": forecast(error, 2, SITE_BY_SITE),
        "same": forecast(error, 2, SITE_BY_SITE),
    }
    return scoring.score(made, n_replicates=40, seed=seed)


@pytest.fixture(scope="module")
def noisy() -> xr.Dataset:
    return noisy_scores()


def test_intervals_hold_the_score_and_only_r2_and_rmse_have_them(noisy):
    for name in ("r2", "rmse"):
        for prefix in ("", "site_"):
            low, value, high = (noisy[f"{prefix}{name}{end}"] for end in ("_low", "", "_high"))
            low, value, high = (one.sel(model="mine") for one in (low, value, high))
            assert ((low < value) & (value < high)).all(), (prefix, name)
    assert not [name for name in noisy if "bias_" in name or "skill_" in name]


def test_the_same_forecasts_have_the_same_intervals_and_another_seed_has_others(noisy):
    xr.testing.assert_equal(noisy.sel(model="mine", drop=True), noisy.sel(model="same", drop=True))
    other = noisy_scores(seed=100)
    assert not np.allclose(other["r2_low"].sel(model="mine"), noisy["r2_low"].sel(model="mine"))


def test_an_error_without_spread_has_an_interval_without_width(growing):
    part = growing.sel(model="mine")
    for name in ("rmse", "site_rmse"):
        np.testing.assert_allclose(part[f"{name}_low"], part[name], atol=1e-6)
        np.testing.assert_allclose(part[f"{name}_high"], part[name], atol=1e-6)


def test_the_mean_of_unlike_sites_is_less_certain_than_that_of_like_ones():
    like = forecast(noise(7) + 0.05)
    unlike = forecast(noise(7) + np.array([0.01, 0.05, 0.09])[:, None, None, None])
    found = scored(like=like, unlike=unlike)
    width = (found["rmse_high"] - found["rmse_low"]).sel(lead=7, reading="pooled")
    assert (width.sel(model="unlike") > 2 * width.sel(model="like")).all()
    # The interval of a single site does not know of the others.
    site = (found["site_rmse_high"] - found["site_rmse_low"]).sel(lead=7, reading="pooled")
    np.testing.assert_allclose(
        site.sel(site="B", model="unlike"), site.sel(site="B", model="like"), rtol=1e-6
    )


def test_days_of_all_models_are_drawn_in_the_blocks_that_persistence_asks_for_at_the_site():
    """Errors in long runs need long blocks; a model of independent errors gets them as well."""
    runs = 0.05 * np.repeat(np.random.default_rng(3).choice([-1, 1], (3, 2, 7, 4)), 10, axis=-1)
    at_first = np.where(SITE_BY_SITE == 0, runs, noise(2)[0])
    mine, climatology = forecast(noise(9)), forecast(noise(1))

    def width(persistence) -> xr.DataArray:
        made = {"persistence": persistence, "climatology": climatology, "mine": mine}
        found = scoring.score(made, n_replicates=40).sel(model="mine")
        return found["site_rmse_high"] - found["site_rmse_low"]

    short, long = width(forecast(noise(2))), width(forecast(at_first))
    assert not np.allclose(long.sel(site="A"), short.sel(site="A"), rtol=0.01)
    np.testing.assert_allclose(long.sel(site=["B", "C"]), short.sel(site=["B", "C"]))


def test_the_interval_of_a_site_is_that_of_its_days(noisy):
    """Up to the days drawn, which are others in each draw."""
    error = noise(6)
    found = scoring.score(
        {"persistence": forecast(error), "climatology": forecast(noise(1))}, n_replicates=600
    ).sel(model="persistence", lead=1, reading="pooled", **CELL)
    for name in ("rmse", "r2"):
        drawn = metrics.resample(
            OBSERVED[None], (OBSERVED + error[0, 0, 0])[None], name,
            metrics.choose_length(OBSERVED, OBSERVED + error[0, 0]), n_replicates=600, seed=77,
        )  # fmt: skip
        centred = metrics.recentred(drawn)
        expected = metrics.interval(replace(drawn, replicates=centred))
        for end in ("low", "high"):
            away = float(getattr(expected, end)[0, 0] - expected.value[0, 0])
            own = float(found[f"site_{name}_{end}"] - found[f"site_{name}"])
            assert own == pytest.approx(away, rel=0.1), (name, end)


def test_each_site_draws_days_of_its_own():
    found = scored(mine=forecast(np.broadcast_to(noise(8)[:, :1], (1, 3, 2, 7, N_DAYS))))
    low = found["site_rmse_low"].sel(model="mine")
    np.testing.assert_allclose(
        found["site_rmse"].sel(model="mine", site="A"),
        found["site_rmse"].sel(model="mine", site="B"),
    )
    assert not np.allclose(low.sel(site="A"), low.sel(site="B"))


def test_a_repetition_without_a_forecast_leaves_the_score_to_the_others():
    part = forecast(np.array([0.03, 0.05])[:, None, None, None, None], 2)
    gone = (part["repetition"] == 1) & (part["site"] == "B")
    part["forecast"] = part["forecast"].where(~gone)
    rmse = scored(mine=part)["site_rmse"].sel(model="mine", depth=1.0, lead=3, reading="pooled")
    assert rmse.values == pytest.approx([0.04, 0.03, 0.04])


def test_the_mean_of_many_sites_lies_within_its_interval_however_few_days_there_are():
    """R2 of drawn days of one slow wave is lower than that of all days; sites share that."""
    n_sites, n_days = 40, 60
    random = np.random.default_rng(4)
    days = np.linspace(0, 2 * np.pi, n_days) + random.uniform(0, 6, (n_sites, 1, 1, 1))
    observed = np.broadcast_to(np.sin(days), (n_sites, 1, 7, n_days))
    error = 0.3 * random.normal(size=(1, n_sites, 1, 7, n_days))
    coords = {"repetition": [0], "site": np.arange(n_sites), "depth": [0.05]}
    made = xr.Dataset(
        {"forecast": (DIMS, observed + error), "observed": (DIMS[1:], observed)}, coords
    )
    found = scoring.score({"persistence": made, "climatology": made}, n_replicates=40)
    low, r2, high = (found[f"r2{end}"].sel(model="persistence") for end in ("_low", "", "_high"))
    assert ((low < r2) & (r2 < high)).all()
