"""One network for all sites: its scale, its windows, and what a left-out site may not tell."""

import hashlib

import numpy as np
import pytest
import xarray as xr
from samples import record

from soilbook import schema
from soilbook.beyond import one_model_for_all_sites as pooled
from soilbook.data.easegrid import great_circle
from soilbook.data.sites import SITES
from soilbook.errors import DataError, ParameterError
from soilbook.store import Store
from soilbook.training.windows import series
from soilbook.wang2024 import experiment as asked
from soilbook.wang2024.experiment import Experiment, Records

NAMES = ("Kingston-1-W", "Monahans-6-ENE", "Riley-10-WSW", "Falkenberg")
LENGTHS = (420, 400, 380, 440)


def made_site(name: str, n_days: int, seed: int) -> xr.Dataset:
    """A site of one depth with its own climate and its own level of moisture, and a gap."""
    random = np.random.default_rng(seed)
    rain = random.gamma(0.3, 8 + 2 * seed, n_days)
    sm = np.full(n_days, 0.1 + 0.05 * seed)
    for t in range(1, n_days):
        sm[t] = 0.03 * (1 + seed) + 0.9 * (sm[t - 1] - 0.03 * (1 + seed)) + 0.002 * min(rain[t], 20)
    sm[100 + seed] = np.nan
    weather = rain, random.normal(5 * seed, 8, n_days), random.normal(10, 5, (1, n_days))
    return record(*weather, sm[None], (0.05,), name)


@pytest.fixture(scope="module")
def made() -> dict[str, xr.Dataset]:
    """Four sites."""
    together = zip(NAMES, LENGTHS, strict=True)
    return {name: made_site(name, n, i) for i, (name, n) in enumerate(together)}


@pytest.fixture(scope="module")
def features(made) -> tuple[str, ...]:
    """Their inputs."""
    return schema.features(made[NAMES[0]])


def cut(sites: dict[str, xr.Dataset]) -> Records:
    """Records as ``experiment.load`` gives them."""
    found = Records(tuple(sites), (0.05,), features=schema.features(sites[NAMES[0]]))
    for name, site in sites.items():
        found.series[name, 0.05] = series(site, 0.05)
        found.sm[name, 0.05] = site["sm"].values[0].astype(float)
        found.places[name] = {
            one: getattr(SITES[name], one) for one in (*pooled.PLACE, "longitude")
        }
    found.fingerprint = hashlib.sha256(
        b"".join(sm.tobytes() for sm in found.sm.values())
    ).hexdigest()
    return found


def plans_of(sites, groups=((NAMES[0], NAMES[2]), (NAMES[1], NAMES[3]))):
    """Plans by model and first site that is forecast."""
    plans = pooled.make_plans(cut(sites), groups)
    return {(plan.model, plan.forecasts[0].site): plan for plan in plans}


def position(name: str) -> tuple[float, float]:
    return SITES[name].latitude, SITES[name].longitude


@pytest.fixture
def use(monkeypatch):
    """Let experiments read made sites."""

    def function(sites):
        monkeypatch.setattr(pooled, "load", lambda experiment, store: cut(sites))
        return Experiment(profile="smoke", epochs=2, sites=NAMES, depths=(0.05,))

    return function


@pytest.mark.parametrize("folds", [2, 3, 4, 9])
def test_every_site_is_left_out_once(folds):
    groups = pooled.split(NAMES, folds, seed=3)
    assert sorted(sum(groups, ())) == sorted(NAMES)
    sizes = [len(group) for group in groups]
    assert len(groups) == min(folds, len(NAMES)) and max(sizes) - min(sizes) <= 1
    assert groups == pooled.split(NAMES, folds, seed=3)


def test_folds_are_drawn_by_the_seed():
    assert len({tuple(pooled.split(NAMES, 2, seed)) for seed in range(8)}) > 1


@pytest.mark.parametrize(
    ("sites", "folds", "words"),
    [(NAMES, 1, "folds is 1; allowed: 2 or more"), (NAMES[:1], 4, "one site (Kingston-1-W)")],
)
def test_nothing_to_leave_out_is_told_in_one_line(sites, folds, words):
    with pytest.raises(ParameterError) as caught:
        pooled.run(Experiment(profile="smoke", sites=sites), folds)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_sites_that_never_share_a_depth_are_told(made):
    alone = cut({NAMES[0]: made[NAMES[0]]})
    with pytest.raises(DataError, match="no depth has windows at two sites"):
        pooled.make_plans(alone, [(NAMES[0],), (NAMES[1],)])


def test_constants_are_texture_latitude_and_the_climate_of_the_training_part(made, features):
    name, site = NAMES[1], made[NAMES[1]]
    found = pooled.attributes(series(site, 0.05), features, vars(SITES[name]))
    assert (found["sand"], found["clay"]) == (SITES[name].sand, SITES[name].clay)
    assert found["latitude"] == SITES[name].latitude
    n = int(0.6 * site.sizes["time"])
    for variable in ("precipitation", "air_temperature"):
        expected = float(site[variable][:n].mean())
        assert found[f"mean_{variable}"] == pytest.approx(expected, rel=1e-4)


def test_scaled_back_the_inputs_are_those_of_the_sites(made, features):
    plan = plans_of(made)[pooled.ALL_SITES, NAMES[0]]
    for one in plan.learns:
        site = made[one.site]
        width = np.where(one.maximum > one.minimum, one.maximum - one.minimum, 1)
        table = (one.x.astype(float) + 1) / 2 * width + one.minimum
        np.testing.assert_allclose(table[:, 0], site["precipitation"], atol=1e-4)
        np.testing.assert_allclose(table[1:, -1], site["sm"][0, :-1], atol=1e-6)
        np.testing.assert_allclose(one.unscale(one.y), site["sm"][0], atol=1e-6)
        assert np.ptp(one.x[:, len(features) - 1 : -1], axis=0).max() == 0
        x, y = one.windows("training")
        assert np.abs(x).max() <= 1 + 1e-6 and np.abs(y).max() <= 1 + 1e-6


def test_windows_of_all_sites_are_the_windows_of_each(made):
    plan = plans_of(made)[pooled.ALL_SITES, NAMES[0]]
    together = pooled.joined(plan.learns, plan.model)
    for part in ("training", "validation", "test"):
        x, y = together.windows(part)
        each = [one.windows(part) for one in plan.learns]
        np.testing.assert_array_equal(x, np.concatenate([pair[0] for pair in each]))
        np.testing.assert_array_equal(y, np.concatenate([pair[1] for pair in each]))
        assert np.isfinite(x).all()


def test_what_judges_a_network_is_thinned_evenly(made, monkeypatch):
    plan = plans_of(made)[pooled.ALL_SITES, NAMES[0]]
    whole = pooled.joined(plan.learns, plan.model)
    monkeypatch.setattr(pooled, "MOST_JUDGED", 60)
    few = pooled.joined(plan.learns, plan.model)
    assert 30 < len(few.starts["validation"]) <= 60
    assert set(few.starts["validation"]) <= set(whole.starts["validation"])
    lengths = np.cumsum([len(one.y) for one in plan.learns])
    assert set(np.searchsorted(lengths, few.starts["validation"], "right")) == {0, 1, 2, 3}
    np.testing.assert_array_equal(few.starts["training"], whole.starts["training"])


def test_the_scale_knows_neither_a_left_out_site_nor_any_test_part(made):
    left_out = NAMES[0]
    changed = {name: site.copy(deep=True) for name, site in made.items()}
    changed[left_out]["sm"][:] = changed[left_out]["sm"] + 0.4
    changed[left_out]["precipitation"][:] = changed[left_out]["precipitation"] * 7
    other = changed[NAMES[1]]
    other["precipitation"][int(0.8 * other.sizes["time"]) :] = 900
    for model in (pooled.LEFT_OUT, pooled.UNTOLD):
        before, after = (plans_of(sites)[model, left_out] for sites in (made, changed))
        np.testing.assert_array_equal(before.learns[0].minimum, after.learns[0].minimum)
        np.testing.assert_array_equal(before.learns[0].maximum, after.learns[0].maximum)
        assert {one.site for one in after.learns} == {NAMES[1], NAMES[3]}


def test_constants_of_a_new_site_stay_in_the_range_seen(made, features):
    """One site of few clay to learn from: the constants say nothing and must not explode."""
    groups = ((NAMES[0],), NAMES[1:])
    only_one = plans_of(made, groups)[pooled.LEFT_OUT, NAMES[1]]
    for one in only_one.forecasts:
        np.testing.assert_allclose(one.x[:, len(features) - 1 : -1], -1)
    several = plans_of(made)[pooled.LEFT_OUT, NAMES[0]]
    for one in several.forecasts:
        assert np.abs(one.x[:, len(features) - 1 : -1]).max() <= 1


def test_without_constants_the_sites_look_alike(made, features):
    plans = plans_of(made)
    told, untold = (plans[model, NAMES[0]] for model in (pooled.LEFT_OUT, pooled.UNTOLD))
    constants = slice(len(features) - 1, -1)
    assert np.ptp([one.x[5, constants] for one in untold.learns], axis=0).max() == 0
    assert np.ptp([one.x[5, constants] for one in told.learns], axis=0).min() > 0
    np.testing.assert_array_equal(untold.learns[0].y, told.learns[0].y)


def test_result_scores_every_way_at_every_site(made, use, tmp_path):
    result = pooled.run(use(made), 2, Store(tmp_path))
    assert list(result["model"].values) == [
        "persistence",
        "climatology",
        pooled.PER_SITE,
        *pooled.POOLED,
    ]
    assert np.isfinite(result["site_r2"].values).all()
    here, groups = NAMES[0], pooled.split(NAMES, 2)
    (others,) = (group for group in groups if here not in group)
    away = [great_circle(*position(here), *position(one)) for one in others]
    assert float(result["distance"].sel(site=here)) == pytest.approx(min(away))
    assert max(away) > 1.1 * min(away) > 100
    table = pooled.design(result).set_index("model")
    assert table["networks"].tolist() == [4, 1, 2, 2]
    assert table["steps"].tolist() == [40, 80, 80, 80]
    n = sum(len(one.starts["training"]) for one in cut(made).series.values())
    assert table.loc[pooled.ALL_SITES, "windows"] == n
    assert table.loc[pooled.PER_SITE, "windows"] == round(n / 4)
    assert table.loc[pooled.ALL_SITES, "parameters"] > table.loc[pooled.PER_SITE, "parameters"]


def test_a_left_out_forecast_does_not_know_the_past_of_its_site(made, use, tmp_path):
    """Another past of one site changes the forecasts at sites that learn from it, and no others."""
    groups = pooled.split(NAMES, 2)
    changed = {name: site.copy(deep=True) for name, site in made.items()}
    target = groups[0][0]
    n = int(0.6 * changed[target].sizes["time"])
    moisture = changed[target]["sm"].values
    moisture[0, 200:n] = moisture[0, 200:n][::-1]
    found = []
    for sites in (made, changed):
        plans = pooled.make_plans(cut(sites), groups)
        made_of = pooled.forecast(use(sites).resolve(), plans, cut(sites), Store(tmp_path))
        found.append(made_of[pooled.LEFT_OUT]["forecast"])
    moved = abs(found[1] - found[0]).max(("repetition", "depth", "step", "day"))
    assert moved.sel(site=list(groups[0])).max() < 1e-6
    assert moved.sel(site=list(groups[1])).min() > 1e-5


def test_networks_come_from_the_store_the_second_time(made, use, tmp_path, monkeypatch):
    experiment, store = use(made), Store(tmp_path)
    first = pooled.run(experiment, 2, store)
    monkeypatch.setattr("soilbook.training.ensemble.train_shard", None)
    assert pooled.run(experiment, 2, store).identical(first)


def test_all_that_is_kept_is_kept_in_the_store_given(monkeypatch, tmp_path):
    """The twin's records too: nothing goes to the default store."""
    monkeypatch.setenv("SOILBOOK_CACHE", str(tmp_path / "default"))
    monkeypatch.setattr(asked.source, "load", lambda name, *a, **k: made_site(name, 420, 1))
    experiment = Experiment(profile="smoke", epochs=1, sites=NAMES[:2], depths=(0.05,))
    pooled.run(experiment, 2, Store(tmp_path / "given"))
    assert any((tmp_path / "given").iterdir())
    assert not (tmp_path / "default").exists()


MODELS = [
    "persistence",
    "climatology",
    "LSTM per site",
    "LSTM all sites",
    "LSTM left-out sites",
    "LSTM left-out sites without constants",
]


@pytest.fixture
def drawn() -> xr.Dataset:
    """Six models at three sites, two depths, three leads; one far below zero."""
    r2 = np.linspace(0.9, 0.5, 6)[:, None, None] - np.array([0, 0.05, 0.1]) * np.ones((1, 2, 1))
    r2[4] = -3
    rmse = np.arange(6)[:, None, None] * 0.01 + np.array([0.01, 0.03, 0.02])[None, :, None]
    dims = ("model", "depth", "lead")
    return xr.Dataset(
        {
            "r2": (dims, r2),
            "r2_low": (dims, r2 - 0.05),
            "r2_high": (dims, r2 + 0.05),
            "site_rmse": (("model", "site", "depth"), rmse * np.ones((1, 1, 2))),
            "latitude": ("site", [30.0, 50.0, 40.0]),
        },
        {"model": MODELS, "depth": [0.05, 1.0], "lead": [1, 3, 7], "site": ["A", "B", "C"]},
    )


def test_every_model_has_its_own_look_and_failures_do_not_squeeze_the_rest(drawn):
    figure = pooled.draw_by_lead(drawn)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == MODELS
    assert len({pooled._look(model) for model in MODELS}) == len(MODELS)
    assert len(figure.axes) == 2
    for axis in figure.axes:
        assert -0.1 < axis.get_ylim()[0] <= 0
        below = [line for line in axis.lines if line.get_marker() == "v"]
        assert len(below) == len(axis.texts) == 3, "the model that fails, at each lead"
        assert all(text.get_text().startswith("-3") for text in axis.texts)


def test_sites_stand_from_south_to_north_upwards_without_climatology(drawn):
    figure = pooled.draw_by_site(drawn)
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["A", "C", "B"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        model for model in MODELS if model != "climatology"
    ]
    persistence = axis.collections[0].get_offsets()
    np.testing.assert_allclose(persistence[:, 0], [0.01, 0.02, 0.03])
